#!/usr/bin/env python3
"""docker/multi-bot/multi-bot.sh, with a docker that only writes down what it was asked to do. The report is in TAP.

usage: test_multi_bot.py PGUSHER FOLDER
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

PLUGIN = """#!/bin/sh
[ "$1 $2" = "compose version" ] && exit 0
echo "docker $*" >>"$CALLS"
"""
NO_PLUGIN = """#!/bin/sh
exit 1
"""
OLD_PROGRAM = """#!/bin/sh
echo "docker-compose $*" >>"$CALLS"
"""


class Place:
    """A copy of the example and a PATH of its own."""

    def __init__(self, pgusher, example, programs):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pgusher-"))
        self.example = self.folder / "bots"
        shutil.copytree(example, self.example)
        self.bin = self.folder / "bin"
        self.bin.mkdir()
        if pgusher:
            (self.bin / "pgusher").symlink_to(pgusher)
        for name, text in programs.items():
            (self.bin / name).write_text(text)
            (self.bin / name).chmod(0o755)
        self.calls = self.folder / "calls"

    def run(self, *arguments, stdout=subprocess.PIPE, **variables):
        self.calls.write_text("")
        environment = {"PATH": f"{self.bin}:/usr/bin:/bin", "CALLS": str(self.calls), "HOME": str(self.folder)}
        environment.update(variables)
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
            if name in os.environ:
                environment[name] = os.environ[name]
        script = self.example / "multi-bot.sh"
        done = subprocess.run(
            [script, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env=environment,
            cwd="/",
        )
        return done.returncode, done.stderr, self.calls.read_text().splitlines()

    def remove(self):
        shutil.rmtree(self.folder)


def check(condition, text):
    if not condition:
        raise AssertionError(text)


def start_writes_the_file_and_starts_all_bots(pgusher, example):
    place = Place(pgusher, example, {"docker": PLUGIN})
    code, errors, calls = place.run("start", "all")
    check(code == 0, errors)
    check(calls == ["docker compose --file compose.yml up --detach"], calls)
    made = (place.example / "compose.yml").read_text()
    check("  alice-bot:\n" in made and "  bob-bot:\n" in made, made)
    check("replace-me" not in made, made)
    place.remove()


def one_bot_is_named_by_its_file(pgusher, example):
    place = Place(pgusher, example, {"docker": PLUGIN})
    place.run("start", "alice")
    for command, call in {
        "start": "up --detach bob-bot",
        "stop": "stop bob-bot",
        "status": "ps --all bob-bot",
        "logs": "logs --tail=100 bob-bot",
    }.items():
        code, errors, calls = place.run(command, "bob")
        check(code == 0, errors)
        check(calls == [f"docker compose --file compose.yml {call}"], calls)
    place.remove()


def all_is_the_server_too(pgusher, example):
    place = Place(pgusher, example, {"docker": PLUGIN})
    place.run("start", "all")
    for command, call in {"stop": "stop", "status": "ps --all", "logs": "logs --tail=100"}.items():
        _, _, calls = place.run(command, "all")
        check(calls == [f"docker compose --file compose.yml {call}"], calls)
    place.remove()


def logs_are_followed_on_a_terminal(pgusher, example):
    place = Place(pgusher, example, {"docker": PLUGIN})
    place.run("start", "all")
    leader, terminal = os.openpty()
    _, _, calls = place.run("logs", "alice", stdout=terminal)
    check(calls == ["docker compose --file compose.yml logs --tail=100 --follow alice-bot"], calls)
    os.close(leader)
    os.close(terminal)
    place.remove()


def the_old_program_will_do(pgusher, example):
    place = Place(pgusher, example, {"docker": NO_PLUGIN, "docker-compose": OLD_PROGRAM})
    code, errors, calls = place.run("start", "all")
    check(code == 0, errors)
    check(calls == ["docker-compose --file compose.yml up --detach"], calls)
    place.remove()


def without_pgusher_the_file_stays_as_it_is(_, example):
    place = Place(None, example, {"docker": PLUGIN})
    code, errors, calls = place.run("start", "all", PGUSHER="no-such-pgusher")
    check(code == 2 and "no-such-pgusher is needed" in errors and not calls, errors)
    (place.example / "compose.yml").write_text("services: {}\n")
    code, errors, calls = place.run("start", "all", PGUSHER="no-such-pgusher")
    check(code == 0 and "compose.yml stays as it is" in errors and len(calls) == 1, errors)
    check((place.example / "compose.yml").read_text() == "services: {}\n", "it was written")
    place.remove()


def what_is_wrong_is_said(pgusher, example):
    place = Place(pgusher, example, {"docker": PLUGIN})
    for arguments, text in (
        ((), "usage: multi-bot.sh"),
        (("start",), "usage: multi-bot.sh"),
        (("start", "nobody"), "there is no bot nobody"),
        (("start", "example"), "there is no bot example"),
        (("start", ""), "there is no bot"),
        (("start", "../x"), "there is no bot ../x"),
        (("status", "all"), "compose.yml is not there yet"),
        (("restart", "all"), "usage: multi-bot.sh"),
    ):
        code, errors, calls = place.run(*arguments)
        check(code == 2 and text in errors and not calls, f"{arguments}: {code} {errors} {calls}")
    place.run("start", "all")
    (place.example / ".env.bad name").write_text("")
    code, errors, calls = place.run("start", "all")
    check(code == 2 and "names no bot" in errors and not calls, errors)
    place.remove()


def main():
    pgusher, example = map(os.path.abspath, sys.argv[1:])
    tests = [
        start_writes_the_file_and_starts_all_bots,
        one_bot_is_named_by_its_file,
        all_is_the_server_too,
        logs_are_followed_on_a_terminal,
        the_old_program_will_do,
        without_pgusher_the_file_stays_as_it_is,
        what_is_wrong_is_said,
    ]
    print(f"1..{len(tests)}")
    for number, test in enumerate(tests, start=1):
        try:
            test(pgusher, example)
            print(f"ok {number} - {test.__name__}")
        except AssertionError as failure:
            print(f"not ok {number} - {test.__name__}")
            print("\n".join(f"# {line}" for line in str(failure).splitlines()))


main()

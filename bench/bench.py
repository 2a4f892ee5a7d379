#!/usr/bin/env python3
"""Measures pgusher beside what people would use instead, on this machine, and writes it down: see docs/performance.md, whose
tables come from here. ./dev bench brings what it needs and calls it."""

import argparse
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

import cases
import cases_apart
import cases_start
import folders
import page
import planned
import provenance
import results
import rounds
import servers
import show
import tools

HERE = pathlib.Path(__file__).resolve().parent
CASES = {
    "nothing": cases.case_nothing,
    "fresh": cases.case_fresh,
    "far": cases_apart.case_far,
    "waiting": cases_start.case_waiting,
    "stack": cases_start.case_stack,
    "cost": cases_apart.case_cost,
}
ROUNDS = 20
QUICK_ROUNDS = 1


class Bench:
    """What the cases are given: the tools, the sets of files, servers, and how many rounds to make."""

    def __init__(self, arguments):
        self.paths = arguments
        self.quick = arguments.quick
        self.rounds = arguments.rounds
        self.usual_files = 10 if self.quick else 100
        self.stopwatch = arguments.build / "bench" / "bench_stopwatch"
        self.tools = tools.Tools(arguments)
        self.provenance = {"commit": provenance.commit(), "machine": provenance.machine(),
                           "versions": {**provenance.libraries(arguments.build.with_name(arguments.build.name + "-libpq")),
                                        **self.tools.versions()}}
        self.show = show.Show(0)
        self.work = None
        self.things = {}
        self.sets = {}

    def folders(self, name, migrations):
        return self.sets.setdefault(name, folders.Folders(self.work / "folders" / name.replace(" ", "-"), migrations))

    def small(self, count):
        return self.sets.get(f"small-{count}") or self.folders(f"small-{count}", folders.small(count))

    def kept(self, name, make):
        """A thing that the groups of a case share, made when one of them first asks for it."""
        if name not in self.things:
            self.things[name] = make()
        return self.things[name]

    def cluster(self, name, **settings):
        """One that runs until the case is over."""
        return self.kept(name, lambda: servers.Cluster(self.work / "clusters" / name, **settings))

    def end_case(self):
        for thing in self.things.values():
            if isinstance(thing, servers.Cluster):
                thing.remove()
        self.things = {}

    def output(self, arguments, variables, folder=None, stderr=False):
        """What a program prints that is not timed."""
        done = subprocess.run([str(argument) for argument in arguments], env=variables, cwd=folder, check=False, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL if stderr else subprocess.PIPE,
                              stderr=subprocess.PIPE)
        if done.returncode != 0:
            raise rounds.Failed(rounds.last_words(done.stderr) or f"{arguments[0]} ended with {done.returncode}")
        return done.stderr if stderr else done.stdout

    @staticmethod
    def now_us():
        return time.time_ns() // 1000


def run_case(case, groups, order, bench, out):
    try:
        for group in groups:
            bench.show.begin(group.name, group.seconds(bench.rounds))
            run = results.run_of(bench, os.getloadavg()[0])
            try:
                results.record(out, case, order, group.run(), run)
            except rounds.Failed as failure:
                bench.show.note(f"{group.name} could not be measured: {failure}")
    finally:
        bench.end_case()


def run_all(chosen, orders, bench, out):
    bench.show = show.Show(sum(group.seconds(bench.rounds) for groups in chosen.values() for group in groups))
    for name, reason in bench.tools.missing.items():
        bench.show.note(f"missing: {name}: {reason}")
    with tempfile.TemporaryDirectory(prefix="pgusher-bench.") as work:
        os.chmod(work, 0o755)  # the server runs as another user
        bench.work = pathlib.Path(work)
        for case, groups in chosen.items():
            run_case(case, groups, orders[case], bench, out)
    bench.show.end()


def parse_arguments():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__, allow_abbrev=False)
    parser.add_argument("--quick", action="store_true", help="one round of small cases, in a minute or two")
    which = parser.add_mutually_exclusive_group()
    for choice, what in (("aims", "only the groups that an aim is read off"), ("rest", "only the others")):
        which.add_argument(f"--{choice}", dest="which", action="store_const", const=choice, default="all", help=what)
    parser.add_argument("--case", action="append", choices=CASES, help="only this one (again for more)")
    parser.add_argument("--group", action="append", metavar="TEXT", help="only groups whose name holds this (again for more)")
    parser.add_argument("--rounds", type=int, help=f"of each group, after one that warms up; {ROUNDS}")
    parser.add_argument("--list", action="store_true", help="run nothing: what would be run, and for how many minutes")
    parser.add_argument("--draw", action="store_true", help="run nothing: only the page, from the results")
    parser.add_argument("--build", type=pathlib.Path, default=HERE.parent / "build", help=argparse.SUPPRESS)
    parser.add_argument("--static", type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument("--npm", type=pathlib.Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    arguments.case = arguments.case or list(CASES)
    arguments.quick = arguments.quick and not arguments.draw
    arguments.rounds = arguments.rounds or (QUICK_ROUNDS if arguments.quick else ROUNDS)
    arguments.build = arguments.build.resolve()
    arguments.npm = arguments.npm or arguments.build / "bench" / "npm"
    return arguments


def places(arguments):
    """The folder of the results and the page. What has fewer rounds than it should stays out of the repository."""
    if not arguments.quick and arguments.rounds >= ROUNDS or arguments.draw:
        return HERE / "results", HERE.parent / "docs" / "performance.md"
    out = arguments.build / "bench" / ("quick" if arguments.quick else "trial")
    return out, out / "performance.md"


def main():
    arguments = parse_arguments()
    out, document = places(arguments)
    out.mkdir(parents=True, exist_ok=True)
    bench = Bench(arguments)
    groups = {case: list(CASES[case](bench)) for case in CASES}
    orders = {case: [group.name for group in all_of_it] for case, all_of_it in groups.items()}
    if not arguments.draw:
        chosen = {case: planned.choose(groups[case], arguments.which, arguments.group) for case in arguments.case}
        if arguments.list:
            print("\n".join(planned.listing(chosen, bench.rounds)))
            return
        run_all(chosen, orders, bench, out)
    if document.parent == out:
        shutil.copy(HERE.parent / "docs" / "performance.md", document)
    page.write(document, out, orders)
    print(f"results in {out}, tables in {document}")


if __name__ == "__main__":
    main()

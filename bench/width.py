#!/usr/bin/env python3
"""How many targets one wait can watch, and what that costs: beside xargs -P 64 pg_isready.

usage: width.py --build DIR [--rounds N] [--peer-rounds N] [--most N] [--only scripted|bad|real] [--draw]

Scripted servers (bench/width_server.c: thousands of addresses in one process) and real ones: three clusters with thirty-four databases
each, which targets beyond a hundred name again. All ways take their turn in each round, so that what else the machine does falls on all
of them alike; with --peer-rounds xargs takes no more turns than that among a thousand targets and more, where it needs a minute for
each. Medians of the rounds are shown. A way that ends otherwise than it should is out: a quick failure is no time.

What was measured is kept in bench/results/width.json, and the table of docs/readiness.md is drawn from it; fewer than twenty rounds,
or fewer targets than two thousand, go to the build folder.
"""

import argparse
import concurrent.futures
import itertools
import pathlib
import random
import resource
import subprocess
import sys
import tempfile

import page_readiness
import provenance
import results
import rounds
from servers import Cluster, environment, free_port

ROUNDS = 20
WIDTHS = [1, 10, 100, 1000, 2000]
LOGIN_WIDTHS = [100, 1000]
CLUSTERS, DATABASES = 3, 34
QUICK, SILENT, SLOW = 1, 2, 3  # the second byte of an address decides what it does
TIMEOUT_S = 3
NOT_IN_TIME = 3  # the exit code
MANY = 1000


def address(network, index):
    return f"127.{network}.{index // 250}.{index % 250 + 1}"


def write_lists(folder, name, places):
    """The same targets for both: conninfo lines, and words for xargs. Places are host, port, database."""
    conninfo = folder / f"{name}.targets"
    words = folder / f"{name}.words"
    conninfo.write_text("".join(f"host={host} port={port} dbname={database}\n" for host, port, database in places))
    words.write_text("".join(f"-h {host} -p {port} -d {database}\n" for host, port, database in places))
    return conninfo, words


def ways(program, until, more=()):
    wait = [str(program), "wait", "--targets", "-", "--until", until, "--log-level", "error", *more]
    return {"pgusher": (wait, 0), "xargs": (["xargs", "-P", "64", "-L", "1", "pg_isready", "-q"], 1)}


class Width:
    """What the cases are given."""

    def __init__(self, options, folder, port):
        self.program = options.build / "pgusher"
        self.stopwatch = options.build / "bench" / "bench_stopwatch"
        self.rounds = options.rounds
        self.peer_rounds = options.rounds if options.peer_rounds is None else options.peer_rounds
        self.most = options.most
        self.folder = folder
        self.port = port  # of the scripted servers

    def widths(self, widths=WIDTHS):
        return [width for width in widths if width <= self.most]

    def turns(self, way, targets):
        return self.peer_rounds if way == "xargs" and targets >= MANY else self.rounds

    def once(self, command, lists, variables, expected):
        arguments, which = command
        with open(lists[which], "rb") as source:
            return rounds.run(self.stopwatch, (arguments, variables, None), expected, source)


def take_turns(bench, name, chosen, targets, once):
    """Gives way -> its row: samples, or how it failed."""
    rows = {way: {"samples": []} for way in chosen}
    for turn in range(bench.rounds):
        print(f"{name}: round {turn + 1} of {bench.rounds}", end="\r", file=sys.stderr, flush=True)
        for way in random.sample(list(chosen), len(chosen)):
            if "failed" in rows[way] or turn >= bench.turns(way, targets):
                continue
            try:
                rows[way]["samples"].append({"round": turn, **once(chosen[way])})
            except rounds.Failed as failure:
                rows[way] = {"samples": [], "failed": str(failure)}
    return rows


def measure(bench, name, places, variables, until="accepting", more=(), only=None, expected=0):
    lists = write_lists(bench.folder, name.replace(" ", "-"), places)
    chosen = {way: row for way, row in ways(bench.program, until, more).items() if only in (None, way)}
    rows = take_turns(bench, name, chosen, len(places), lambda command: bench.once(command, lists, variables, expected))
    for way, row in rows.items():
        print(f"{name:28} {way:8} {page_readiness.width_words(row)}", flush=True)
    return {"case": name, "targets": len(places), "until": until, "ways": rows}


def fake_cases(bench):
    for width in bench.widths():
        places = [(address(QUICK, index), bench.port, "d") for index in range(width)]
        yield measure(bench, f"{width:,} scripted", places, environment(bench.port))


def bad_cases(bench):
    """Some of the servers are slow, or accept and say nothing."""
    variables, only = environment(bench.port), "pgusher"
    for what, network, more, expected in (("answer after 1 s", SLOW, (), 0),
                                          (f"are silent, --timeout {TIMEOUT_S}s", SILENT, ("--timeout", f"{TIMEOUT_S}s"), NOT_IN_TIME)):
        places = [(address(network if index % 10 == 0 else QUICK, index), bench.port, "d") for index in range(bench.most)]
        yield measure(bench, f"{bench.most:,} scripted, a tenth {what}", places, variables, more=more, only=only, expected=expected)


def make_databases(cluster, count):
    cluster.psql("".join(f"CREATE DATABASE width{index};\n" for index in range(count)))


def real_cases(bench):
    clusters = [Cluster(bench.folder / f"cluster{index}") for index in range(CLUSTERS)]
    try:
        with concurrent.futures.ThreadPoolExecutor() as pool:
            list(pool.map(lambda cluster: make_databases(cluster, DATABASES), clusters))
        everything = itertools.cycle([("127.0.0.1", cluster.port, f"width{index}") for index in range(DATABASES) for cluster in clusters])
        places = list(itertools.islice(everything, bench.most))
        for width in bench.widths():
            yield measure(bench, f"{width:,} real", places[:width], environment(clusters[0].port))
        for width in bench.widths(LOGIN_WIDTHS):
            for manner, role in (("trust", "trusted"), ("SCRAM", "postgres")):
                yield measure(bench, f"{width:,} real, --until login, {manner}", places[:width], environment(clusters[0].port, role),
                              until="login", only="pgusher")
    finally:
        for cluster in clusters:
            cluster.stop()


def scripted(options, bench):
    server = subprocess.Popen([str(options.build / "bench" / "bench_width_server"), str(bench.port)],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    server.stdout.readline()
    try:
        if options.only != "bad":
            yield from fake_cases(bench)
        if options.only != "scripted":
            yield from bad_cases(bench)
    finally:
        server.stdin.close()
        server.wait()


def measure_all(options, folder, out):
    """Gives whether all ended as they should. Each part is kept as soon as it is complete."""
    bench = Width(options, folder, free_port())
    is_good = True
    parts = (("scripted", ("scripted", "bad"), lambda: scripted(options, bench)), ("real", ("real",), lambda: real_cases(bench)))
    for part, words, cases in parts:
        if options.only is None or options.only in words:
            run = provenance.run_of(options.rounds)
            rows = list(cases())
            results.record_part(out, "width", part, {"run": run, "rows": rows})
            is_good = is_good and not any("failed" in way for row in rows for way in row["ways"].values())
    return is_good


def parse_arguments():
    parser = argparse.ArgumentParser(prog="./dev bench-width", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True, type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--peer-rounds", type=int, help="of xargs among a thousand targets and more")
    parser.add_argument("--most", type=int, default=WIDTHS[-1], help="targets")
    parser.add_argument("--only", choices=["scripted", "bad", "real"])
    parser.add_argument("--draw", action="store_true", help="run nothing: only the table, from the results")
    options = parser.parse_args()
    options.build = options.build.resolve()
    return options


def main():
    options = parse_arguments()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    is_half = options.only in ("scripted", "bad")
    is_trial = not options.draw and (options.rounds < ROUNDS or options.most < WIDTHS[-1] or is_half)
    out = page_readiness.place(options.build, is_trial)
    is_good = True
    if not options.draw:
        with tempfile.TemporaryDirectory(prefix="pgusher-width-") as name:
            folder = pathlib.Path(name)
            folder.chmod(0o755)
            is_good = measure_all(options, folder, out)
    page_readiness.write(out, is_trial)
    sys.exit(0 if is_good else "width: not every way ended as it should")


if __name__ == "__main__":
    main()

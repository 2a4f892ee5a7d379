#!/usr/bin/env python3
"""How many targets one wait can watch, and what that costs: beside xargs -P 64 pg_isready.

usage: width.py --build DIR [--rounds N] [--peer-rounds N] [--most N] [--only scripted|bad|real] [--json FILE]

Scripted servers (bench/width_server.c: thousands of addresses in one process) and real ones (three clusters with thirty databases each).
All ways take their turn in each round, so that what else the machine does falls on all of them alike; with --peer-rounds xargs takes
no more turns than that among a thousand targets and more, where it needs a minute for each. Medians of the rounds.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time

from servers import Cluster, environment, free_port

WIDTHS = [1, 10, 100, 1000, 2000]
REAL_WIDTHS = [1, 10, 90]
CLUSTERS = 3
QUICK, SILENT, SLOW = 1, 2, 3  # the second byte of an address decides what it does
SLOW_S = 1.0
TIMEOUT_S = 3
MANY = 1000


class Sample:
    """One run: wall time, CPU of the whole process tree, the largest resident set in it, and how it ended."""

    def __init__(self, command, stdin, variables):
        with open(stdin, "rb") as source:
            began = time.monotonic()
            process = subprocess.Popen(command, stdin=source, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                       env=variables)
            _, status, usage = os.wait4(process.pid, 0)
        self.wall_s = time.monotonic() - began
        self.cpu_s = usage.ru_utime + usage.ru_stime
        self.memory_mb = usage.ru_maxrss / 1024
        self.exit_code = os.waitstatus_to_exitcode(status)
        process.returncode = self.exit_code


def tabulate(samples):
    return {"wall_s": statistics.median(sample.wall_s for sample in samples),
            "wall_s_most": max(sample.wall_s for sample in samples),
            "cpu_s": statistics.median(sample.cpu_s for sample in samples),
            "memory_mb": max(sample.memory_mb for sample in samples),
            "exit_codes": sorted({sample.exit_code for sample in samples}), "runs": len(samples)}


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


def measure(name, places, folder, program, turns, variables, until="accepting", more=(), only=None):
    rounds, peer_rounds = turns
    lists = write_lists(folder, name.replace(" ", "-"), places)
    chosen = {way: row for way, row in ways(program, until, more).items() if only in (None, way)}
    samples = {way: [] for way in chosen}
    for turn in range(rounds):
        print(f"{name}: round {turn + 1} of {rounds}", end="\r", file=sys.stderr, flush=True)
        for way in random.sample(list(chosen), len(chosen)):
            if way == "xargs" and len(places) >= MANY and turn >= peer_rounds:
                continue
            command, which = chosen[way]
            samples[way].append(Sample(command, lists[which], variables))
    for way, taken in samples.items():
        row = tabulate(taken)
        print(f"{name:28} {way:8} {len(places):5} targets  {row['wall_s']:7.3f} s (most {row['wall_s_most']:.3f})  "
              f"{row['cpu_s']:7.3f} s CPU  {row['memory_mb']:6.1f} MB  exit {row['exit_codes']}  {row['runs']} runs", flush=True)
        yield {"case": name, "way": way, "targets": len(places), "until": until, **row}


def fake_cases(folder, program, turns, most, port):
    variables = environment(port)
    for width in [width for width in WIDTHS if width <= most]:
        places = [(address(QUICK, index), port, "d") for index in range(width)]
        yield from measure(f"scripted {width}", places, folder, program, turns, variables)


def bad_cases(folder, program, turns, most, port):
    """Some of the servers are slow, or accept and say nothing."""
    variables = environment(port)
    places = [(address(SLOW if index % 10 == 0 else QUICK, index), port, "d") for index in range(most)]
    yield from measure("a tenth answer after 1 s", places, folder, program, turns, variables, only="pgusher")
    places = [(address(SILENT if index % 10 == 0 else QUICK, index), port, "d") for index in range(most)]
    yield from measure("a tenth are silent", places, folder, program, turns, variables,
                       more=("--timeout", f"{TIMEOUT_S}s"), only="pgusher")


def make_databases(cluster, count):
    cluster.psql("".join(f"CREATE DATABASE width{index};\n" for index in range(count)))


def real_cases(folder, program, turns, most):
    clusters = [Cluster(folder / f"cluster{index}") for index in range(CLUSTERS)]
    try:
        each = min(most, REAL_WIDTHS[-1]) // CLUSTERS
        with concurrent.futures.ThreadPoolExecutor() as pool:
            list(pool.map(lambda cluster: make_databases(cluster, each), clusters))
        everything = [("127.0.0.1", cluster.port, f"width{index}") for index in range(each) for cluster in clusters]
        for width in [width for width in REAL_WIDTHS if width <= len(everything)]:
            yield from measure(f"real {width}, accepting", everything[:width], folder, program, turns,
                               environment(clusters[0].port))
        yield from measure(f"real {len(everything)}, login", everything, folder, program, turns,
                           environment(clusters[0].port), until="login", only="pgusher")
        yield from measure(f"real {len(everything)}, SCRAM", everything, folder, program, turns,
                           environment(clusters[0].port, "postgres"), until="login", only="pgusher")
    finally:
        for cluster in clusters:
            cluster.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True, type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--peer-rounds", type=int)
    parser.add_argument("--most", type=int, default=WIDTHS[-1])
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--only", choices=["scripted", "bad", "real"])
    options = parser.parse_args()
    program = options.build.resolve() / "pgusher"
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    turns = options.rounds, options.rounds if options.peer_rounds is None else options.peer_rounds
    port = free_port()
    rows = []
    with tempfile.TemporaryDirectory(prefix="pgusher-width-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        if options.only != "real":
            server = subprocess.Popen([str(options.build.resolve() / "bench/bench_width_server"), str(port)],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            server.stdout.readline()
            if options.only != "bad":
                rows += fake_cases(folder, program, turns, options.most, port)
            if options.only != "scripted":
                rows += bad_cases(folder, program, turns, options.most, port)
            server.stdin.close()
            server.wait()
        if options.only in (None, "real"):
            rows += real_cases(folder, program, turns, options.most)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()

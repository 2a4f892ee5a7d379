#!/usr/bin/env python3
"""Measures pgusher beside what people would use instead, on this machine, and writes it down: see docs/performance.md, whose
tables come from here. ./dev bench brings what it needs and calls it."""

import argparse
import datetime
import json
import os
import pathlib
import platform
import shutil
import subprocess
import tempfile
import time

import aims
import cases
import cases_apart
import folders
import page
import plots
import rounds
import servers
import show
import tools

HERE = pathlib.Path(__file__).resolve().parent
CASES = {
    "nothing": cases.case_nothing,
    "fresh": cases.case_fresh,
    "far": cases_apart.case_far,
    "waiting": cases.case_waiting,
    "stack": cases.case_stack,
    "cost": cases_apart.case_cost,
}
COMPARED_TIMES = 4  # as long as for the other programs
GROUPS = {"nothing": 16, "fresh": 10, "far": 7, "waiting": 3, "stack": 3, "cost": 5}
QUICK_GROUPS = {"nothing": 5, "fresh": 4, "far": 2, "waiting": 1, "stack": 2, "cost": 2}


class Bench:
    """What the cases are given: the tools, the sets of files, servers, and how long to be at it."""

    def __init__(self, arguments, work):
        self.paths = arguments
        self.quick = arguments.quick
        self.rounds = arguments.rounds
        self.budget_s = arguments.budget
        self.work = work
        self.usual_files = 20 if self.quick else 100
        self.stopwatch = arguments.build / "bench" / "bench_stopwatch"
        self.tools = tools.Tools(arguments)
        groups = QUICK_GROUPS if self.quick else GROUPS
        self.show = show.Show(sum(groups[name] for name in arguments.case))
        self.clusters = []
        self.sets = {}

    def folders(self, name, migrations):
        return self.sets.setdefault(name, folders.Folders(self.work / "folders" / name, migrations))

    def small(self, count):
        return self.sets.get(f"small-{count}") or self.folders(f"small-{count}", folders.small(count))

    def cluster(self, name, **settings):
        """A new one, which runs until the case is over."""
        cluster = servers.Cluster(self.work / "clusters" / name, **settings)
        cluster.prepared = {}
        self.clusters.append(cluster)
        return cluster

    def remove_clusters(self):
        while self.clusters:
            self.clusters.pop().remove()

    def output(self, arguments, variables, folder=None, stderr=False):
        """What a program prints that is not timed."""
        done = subprocess.run([str(argument) for argument in arguments], env=variables, cwd=folder, check=True, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL if stderr else subprocess.PIPE,
                              stderr=subprocess.PIPE)
        return done.stderr if stderr else done.stdout

    def budget_of(self, name):
        return self.budget_s * (COMPARED_TIMES if aims.is_compared(name) else 1)

    @staticmethod
    def now_us():
        return time.time_ns() // 1000


def processor():
    lines = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def describe_machine():
    memory_kb = next(line.split()[1] for line in open("/proc/meminfo", encoding="utf-8") if line.startswith("MemTotal"))
    system = next(line.split("=", 1)[1].strip().strip('"') for line in open("/etc/os-release", encoding="utf-8")
                  if line.startswith("PRETTY_NAME="))
    postgres = subprocess.run([servers.programs() / "postgres", "--version"], capture_output=True, text=True, check=True)
    return {"processor": processor(), "cores": os.cpu_count(), "memory_gb": round(int(memory_kb) / 1e6, 1),
            "system": system, "kernel": platform.release(), "postgresql": postgres.stdout.split()[-1] if not
            "Debian" in postgres.stdout else postgres.stdout.split()[2]}


def run_case(name, bench, out):
    began = datetime.datetime.now(datetime.timezone.utc)
    load = os.getloadavg()[0]
    results = []
    try:
        for group in CASES[name](bench):
            results.append(group.result())
    finally:
        bench.remove_clusters()
    document = {
        "case": name, "began": began.isoformat(timespec="seconds"), "rounds": bench.rounds, "budget_s": bench.budget_s,
        "quick": bench.quick, "load_at_begin": round(load, 2), "machine": describe_machine(), "missing": bench.tools.missing,
        "reference": bench.tools.reference, "groups": results,
    }
    (out / f"{name}.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    plots.draw(document, out)


def parse_arguments():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__, allow_abbrev=False)
    parser.add_argument("--quick", action="store_true", help="few rounds and small cases, in about a minute; results go to the build folder")
    parser.add_argument("--case", action="append", choices=CASES, help="only this one (again for more); the others' results stay")
    parser.add_argument("--rounds", type=int, help="of each group; 20")
    parser.add_argument("--budget", type=float, metavar="SECONDS", help="a program that needs longer for its rounds of one group has "
                        "fewer, at least 3; 10, and four times that for those that an aim speaks of")
    parser.add_argument("--draw", action="store_true", help="run nothing: only the plots and the page, from the results")
    parser.add_argument("--build", type=pathlib.Path, default=HERE.parent / "build", help=argparse.SUPPRESS)
    parser.add_argument("--static", type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument("--npm", type=pathlib.Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    arguments.case = arguments.case or list(CASES)
    arguments.rounds = arguments.rounds or (2 if arguments.quick else 20)
    arguments.budget = arguments.budget or (0.2 if arguments.quick else 10)
    arguments.build = arguments.build.resolve()
    arguments.npm = arguments.npm or arguments.build / "bench" / "npm"
    return arguments


def main():
    arguments = parse_arguments()
    out = arguments.build / "bench" / "quick" if arguments.quick else HERE / "results"
    out.mkdir(parents=True, exist_ok=True)
    document = out / "performance.md" if arguments.quick else HERE.parent / "docs" / "performance.md"
    if arguments.quick and not arguments.draw:
        shutil.copy(HERE.parent / "docs" / "performance.md", document)
    if not arguments.draw:
        with tempfile.TemporaryDirectory(prefix="pgusher-bench.") as work:
            os.chmod(work, 0o755)  # the server runs as another user
            bench = Bench(arguments, pathlib.Path(work))
            for name, reason in bench.tools.missing.items():
                bench.show.note(f"missing: {name}: {reason}")
            for name in arguments.case:
                run_case(name, bench, out)
            bench.show.end()
    page.write(document, out)
    print(f"results in {out}, tables in {document}")


if __name__ == "__main__":
    main()

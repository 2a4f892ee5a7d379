"""What is counted rather than timed: round trips on a long wire, and what a run with nothing pending costs."""

import json
import re
import subprocess

import cases
import rounds
import tools
from planned import Planned

DELAYS_MS = (1, 5, 20)
GROWTH = (1, 10, 100, 1000, 10_000, 100_000)
QUICK_GROWTH = (10, 100)
FAR_FILES = 20
QUICK_FAR_FILES = 4
SERVER_RUNS = 40


class Wire:
    """The delay proxy before a cluster."""

    def __init__(self, bench, cluster, delay_ms):
        program = bench.paths.build / "bench" / "bench_delay_proxy"
        self.process = subprocess.Popen([program, str(cluster.port), str(int(delay_ms * 1000))], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def counts(self):
        """Since the last time that it was asked."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def counted(self, once):
        """What once() gives, and what was counted meanwhile."""
        self.counts()
        sample = once()
        sample.update(self.counts())
        return sample

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def through_wire(bench, delay_ms, play):
    """play(cluster, wire) with the proxy before the cluster. The preparing of databases goes by the short way."""
    cluster = bench.cluster("far", fsync="off")
    wire = Wire(bench, cluster, delay_ms)
    try:
        play(cluster, wire)
    finally:
        wire.close()


def nothing_far(bench, members, delay_ms, **more):
    members = cases.with_files(members, bench.usual_files)

    def play(group):
        through_wire(bench, delay_ms, lambda cluster, wire: cases.play_nothing(bench, cluster, group, members, wire=wire))

    return Planned(f"nothing pending, {cases.files(bench.usual_files)}, {delay_ms} ms",
                   cases.nothing_runs(members, 2 * delay_ms / 1000), play, reference=bench.tools.reference, **more)


def fresh_far(bench, members, count, delay_ms, kind="", **more):
    members = [tool for tool in members if not isinstance(tool, tools.Select)]

    def play(group):
        through_wire(bench, delay_ms, lambda cluster, wire:
                     cases.play_fresh(bench, cluster, group, members, bench.small(count), wire))

    return Planned(f"fresh, {cases.files(count)}, {delay_ms} ms{kind}", cases.fresh_runs(members, count, 2 * delay_ms / 1000), play,
                   reference=bench.tools.reference, **more)


def case_far(bench):
    """Far away. Who waits for each answer needs minutes for what a pipeline does in two seconds: twenty files show it as well, and a
    thousand are run only by those of which an aim speaks, dbmate, which takes a minute for each run, in a group of its own."""
    quickest = bench.tools.ours + bench.tools.pipelines
    dbmate = cases.kinds(bench.tools.peers, tools.Dbmate)
    some = quickest + bench.tools.selects[:1] + dbmate + cases.kinds(bench.tools.peers, tools.Asyncpg)
    everybody = quickest + bench.tools.selects[:1] + bench.tools.peers
    for delay_ms in (5,) if bench.quick else DELAYS_MS:
        members = everybody if delay_ms == 5 and not bench.quick else some
        yield nothing_far(bench, members, delay_ms, aim=delay_ms == 5, plot=delay_ms == 5)
        yield fresh_far(bench, members, QUICK_FAR_FILES if bench.quick else FAR_FILES, delay_ms, plot=delay_ms == 5)
    if not bench.quick:
        yield fresh_far(bench, quickest, 1000, 5, aim=True, plot=True)
        yield fresh_far(bench, bench.tools.ours[:1] + dbmate, 1000, 5, kind=", dbmate", aim=True)


# --- cost ------------------------------------------------------------------------------------------------------------------


def count_system_calls(bench, command):
    arguments, variables, folder = command
    report = bench.output(["strace", "-f", "-qq", "-c", *arguments], variables, folder, stderr=True)
    total = re.search(r"^100\.00\s+\S+\s+\S*\s+(\d+)\s+(?:\d+\s+)?total$", report, re.MULTILINE)
    return int(total.group(1)) if total else None


def count_instructions(bench, command):
    arguments, variables, folder = command
    callgrind = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    report = bench.output([*callgrind, *arguments], variables, folder, stderr=True)
    collected = re.search(r"Collected : (\d+)", report)
    return int(collected.group(1)) if collected else None


def server_runs(bench):
    return 2 if bench.quick else SERVER_RUNS


def server_processor_us(bench, cluster, command):
    """What the server's backends use for one run, its login included: the kernel counts it in hundredths of a second, so over many."""
    runs = server_runs(bench)
    before = cluster.children_us()
    for _ in range(runs):
        rounds.run(bench.stopwatch, command)
    return (cluster.children_us() - before) / runs


def count(bench, cluster, entry, command, with_instructions):
    entry["system_calls"] = count_system_calls(bench, command)
    entry["server_us"] = server_processor_us(bench, cluster, command)
    if with_instructions:
        entry["instructions"] = count_instructions(bench, command)


def play_cost(bench, group, members):
    cluster = bench.cluster("cost", fsync="off")
    cases.play_nothing(bench, cluster, group, members, user="trusted")
    for name, tool, files in members:
        if not group.entry(name)["samples"]:
            continue
        database = cases.prepared(bench, cluster, group, tool, files)
        command = tool.command(tools.Place(cluster.port, database), bench.small(files))
        bench.show.step(group.name, f"{name} (counting)")
        # valgrind slows Go's runtime down to where it does other things
        with_instructions = not isinstance(tool, tools.Dbmate)
        try:
            count(bench, cluster, group.entry(name), command, with_instructions)
        except rounds.Failed as failure:
            group.entry(name)["not_counted"] = str(failure)
            bench.show.note(f"{group.name}: {name} could not be counted: {failure}")


def case_cost(bench):
    """What a run with nothing pending costs."""
    for files in QUICK_GROWTH if bench.quick else GROWTH:
        members = list(bench.tools.ours)
        if files <= 1000:
            members += bench.tools.selects + cases.kinds(bench.tools.peers, tools.Dbmate)
        members = cases.with_files(members, files)
        runs = cases.nothing_runs(members)
        server_s = server_runs(bench) * sum(seconds for _, seconds in runs)
        yield Planned(f"{cases.files(files)}, trust", runs, lambda group, members=members: play_cost(bench, group, members),
                      setup_s=server_s + 2 * len(members) + cases.making_s(bench, members))

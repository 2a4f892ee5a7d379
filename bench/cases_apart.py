"""What is counted rather than timed: round trips on a long wire, and what a run with nothing pending costs."""

import json
import re
import subprocess

import cases
import rounds
import tools

DELAYS_MS = (1, 5, 20)
GROWTH = (10, 100, 1000, 10_000, 100_000)
QUICK_GROWTH = (10, 1000)
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

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def counted(wire, once):
    wire.counts()
    sample = once()
    sample.update(wire.counts())
    return sample


def far(bench, cluster, delay_ms):
    """The groups behind one delay. The preparing of databases goes by the short way."""
    wire = Wire(bench, cluster, delay_ms)
    members = bench.tools.ours + bench.tools.selects[:1] + bench.tools.pipelines + bench.tools.peers
    try:
        group = rounds.Group(f"nothing pending, {bench.usual_files} files, {delay_ms} ms")
        yield nothing_far(bench, cluster, wire, group, members)
        counts = (bench.usual_files,) if delay_ms != 5 or bench.quick else (bench.usual_files, 1000)
        for count in counts:
            group = rounds.Group(f"fresh, {count} files, {delay_ms} ms")
            yield fresh_far(bench, cluster, wire, group, members, bench.small(count))
    finally:
        wire.close()


def nothing_far(bench, cluster, wire, group, members):
    jobs = []
    for tool in members:
        if tool.checks_nothing:
            continue
        database = cases.prepared(bench, cluster, group, tool, bench.usual_files)
        if database is None:
            continue
        command = tool.command(tools.Place(wire.port, database, "postgres"), bench.small(bench.usual_files))
        jobs.append((tool.name, lambda command=command: counted(wire, lambda: rounds.run(bench.stopwatch, command))))
    return rounds.play(group, jobs, bench)


def fresh_far(bench, cluster, wire, group, members, set_of_files):
    jobs = []
    for tool in members:
        if isinstance(tool, tools.Select) or cases.spare(group, tool, set_of_files.count(), bench):
            continue
        command = tool.command(tools.Place(wire.port, "fresh"), set_of_files)

        def once(command=command):
            cluster.new_database("fresh")
            return counted(wire, lambda: rounds.run(bench.stopwatch, command))

        jobs.append((tool.name, once))
    return rounds.play(group, jobs, bench)


def case_far(bench):
    """Far away."""
    cluster = bench.cluster("far", fsync="off")
    for delay_ms in (5,) if bench.quick else DELAYS_MS:
        yield from far(bench, cluster, delay_ms)


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


def server_processor_us(bench, cluster, command):
    """What the server's backends use for one run, its login included: the kernel counts it in hundredths of a second, so over many."""
    runs = 5 if bench.quick else SERVER_RUNS
    before = cluster.children_us()
    for _ in range(runs):
        rounds.run(bench.stopwatch, command)
    return (cluster.children_us() - before) / runs


def count(bench, cluster, entry, command, with_instructions):
    entry["system_calls"] = count_system_calls(bench, command)
    entry["server_us"] = server_processor_us(bench, cluster, command)
    if with_instructions:
        entry["instructions"] = count_instructions(bench, command)


def case_cost(bench):
    """What a run with nothing pending costs."""
    cluster = bench.cluster("cost", fsync="off")
    floors = bench.tools.selects
    dbmate = bench.tools.peer(tools.Dbmate)
    for files in QUICK_GROWTH if bench.quick else GROWTH:
        group = rounds.Group(f"{files} files, trust", plot=False)
        members = bench.tools.ours + (floors + dbmate if files <= 1000 else [])
        cases.nothing_pending(bench, cluster, group, members, files, "trusted")
        for tool in members:
            database = cases.prepared(bench, cluster, group, tool, files)
            if database is None:
                continue
            command = tool.command(tools.Place(cluster.port, database), bench.small(files))
            bench.show.step(group.name, f"{tool.name} (counting)")
            # valgrind slows Go's runtime down to where it does other things
            count(bench, cluster, group.entry(tool.name), command, with_instructions=tool not in dbmate)
        yield group

"""What is measured of starts: a server that is not ready yet, and a stack of applications that want the same schema. Each case is a
function that is given the bench and tells its groups."""

import contextlib
import shutil

import cases
import rounds
import tools
from planned import Planned

BALLAST_ROWS = 800_000
AROUND_S = 1.2  # the files brought back, and the pause after which a tool looks again
APPLICATIONS = 4

# --- waiting ---------------------------------------------------------------------------------------------------------------


class Crashes:
    """Stopped clusters that need a given time to recover: row locks in random order, all of which are in the log after the last
    checkpoint, are redone by a server with few buffers."""

    def __init__(self, bench, members):
        self.bench = bench
        self.cluster = bench.cluster("waiting", fsync="off", full_page_writes="off", shared_buffers="1MB", synchronous_commit="off")
        self.count = bench.usual_files
        self.rows_a_second = None
        self._prepare(members, rounds.Group("making the servers"))

    def _prepare(self, members, group):
        for tool in members:
            with contextlib.suppress(rounds.Failed):  # told by each group that asks for it again
                cases.prepared(self.bench, self.cluster, group, tool, self.count)
        rows = BALLAST_ROWS // 20 if self.bench.quick else BALLAST_ROWS
        self.cluster.psql(f"CREATE TABLE ballast AS SELECT i AS id, repeat('x', 30) AS pad FROM generate_series(1, {rows}) AS i;\n"
                          "VACUUM FREEZE ANALYZE;\nCHECKPOINT;")
        self.cluster.stop()
        self.cluster.save(self.cluster.folder / "clean")
        self._calibrate(rows)

    def _crash_after(self, rows, snapshot):
        self.cluster.restore(self.cluster.folder / "clean")
        self.cluster.start()
        self.cluster.psql("CHECKPOINT")
        while rows > 0:
            locked = self.cluster.psql("SELECT count(*) FROM (SELECT id FROM ballast ORDER BY random() "
                                       f"LIMIT {rows} FOR UPDATE) AS locked")
            rows -= int(locked)
        self.cluster.stop("immediate")
        self.cluster.save(snapshot)

    def recovery_us(self, snapshot):
        self.cluster.restore(snapshot)
        begun_us = self.bench.now_us()
        self.cluster.start()
        took_us = self.cluster.ready_us() - begun_us
        self.cluster.stop("immediate")
        return took_us

    def _calibrate(self, rows):
        snapshot = self.cluster.folder / "calibration"
        nothing_us = self.recovery_us(self.cluster.folder / "clean")
        self._crash_after(rows, snapshot)
        took_us = self.recovery_us(snapshot) - nothing_us
        self.rows_a_second = rows * 1e6 / max(took_us, 1)
        self.nothing_s = nothing_us / 1e6
        shutil.rmtree(snapshot)

    def make(self, seconds):
        snapshot = self.cluster.folder / "crashed"
        self._crash_after(int(self.rows_a_second * max(seconds - self.nothing_s, 0.05)), snapshot)
        return snapshot


def after_ready(bench, crashes, snapshot, command):
    """One run: server and tool start together; counted is from the server's word that it is ready to the tool's end."""
    cluster = crashes.cluster
    cluster.restore(snapshot)
    begun_us = bench.now_us()
    cluster.begin_start()
    try:
        sample = rounds.run(bench.stopwatch, command)
        ready_us = cluster.ready_us()
        sample["server_us"] = ready_us - begun_us
        sample["wall_us"] = sample["ended_us"] - ready_us
        return sample
    finally:
        cluster.stop("immediate")


def play_waiting(bench, group, runs, patient, seconds):
    crashes = bench.kept("crashes", lambda: Crashes(bench, patient))
    snapshot = crashes.make(seconds)
    jobs = []
    for name, tool, user in runs:
        try:
            database = cases.prepared(bench, crashes.cluster, group, tool, crashes.count)
        except rounds.Failed as failure:
            rounds.rule_out(group, name, failure, bench)
            continue
        command = tool.command(tools.Place(crashes.cluster.port, database, user), bench.small(crashes.count))
        jobs.append((name, lambda command=command: after_ready(bench, crashes, snapshot, command)))
    rounds.play(group, jobs, bench)
    shutil.rmtree(snapshot)


def waiting(bench, name, runs, patient, seconds, **more):
    """runs: (name, tool, user)."""
    times = [(run_name, AROUND_S + seconds) for run_name, _, _ in runs]
    return Planned(name, times, lambda group: play_waiting(bench, group, runs, patient, seconds), plot=True,
                   setup_s=3 * seconds, **more)


def case_waiting(bench):
    """Waiting for a server that recovers from a crash. The dynamic program is there once: it begins some milliseconds later, which
    is long over when the server is ready. The others look in pauses of their own, which two lengths of the wait show well enough."""
    patient = bench.tools.ours + [tool for tool in bench.tools.peers if tool.waits and not bench.quick]
    both = [(f"{tool.name}, {manner}", tool, user) for tool in bench.tools.ours for user, manner in
            (("trusted", "trust"), ("postgres", "SCRAM"))]
    strangers = [(tool.name, tool, "postgres") for tool in patient if tool not in bench.tools.ours]
    for seconds in (0.5,) if bench.quick else (0.5, 3, 8):
        runs = both if seconds < 1 and not bench.quick else both[:2]
        name = f"a server that needs {seconds} s"
        yield waiting(bench, name, runs, patient, seconds, aim=True)
        if seconds < 8 and not bench.quick:
            yield waiting(bench, f"{name}, others", both[1:2] + strangers, patient, seconds)


# --- stack -----------------------------------------------------------------------------------------------------------------


def case_stack(bench):
    """Several applications on one database. How many files are pending is the migrating tool's affair, so one number is enough."""
    strangers = cases.kinds(bench.tools.peers, tools.Asyncpg) + cases.kinds(bench.tools.peers, tools.Dbmate)
    if not cases.kinds(strangers, tools.Asyncpg):
        bench.show.note("stack: the applications need Debian's python3-asyncpg")
        return
    members = [tools.Stack(tool, "once", APPLICATIONS) for tool in bench.tools.ours + strangers]
    members += [tools.Stack(tool, "each", APPLICATIONS) for tool in bench.tools.ours[:1] + strangers]
    count = bench.usual_files
    applied = cases.with_files(members, count)
    runs = cases.nothing_runs(applied)
    pending = cases.fresh_runs(members, count)

    def cluster():
        return bench.cluster("stack", fsync="off")

    more = {"plot": True, "reference": members[0].name}
    if not bench.quick:
        yield Planned(f"{APPLICATIONS} applications, {count} files pending", pending,
                      lambda group: cases.play_fresh(bench, cluster(), group, members, bench.small(count)), **more)
    yield Planned(f"{APPLICATIONS} applications, nothing pending", runs,
                  lambda group: cases.play_nothing(bench, cluster(), group, applied), setup_s=cases.making_s(bench, applied), **more)

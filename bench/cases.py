"""What is measured on one machine without a wire: nothing pending, fresh, waiting, stacks. Each case is a function that is given the
bench and gives groups; the other ones are in cases_apart.py."""

import hashlib
import shutil

import aims
import folders
import rounds
import servers
import tools

FILES = (1, 100, 1000, 10000)
QUICK_FILES = (1, 20)
WAITS_S = (0.5, 3, 8)
APPLICATIONS = 4
INSERTS_BYTES = 100_000_000
QUICK_INSERTS_BYTES = 2_000_000
DUMP_ROWS = 200_000
QUICK_DUMP_ROWS = 5_000


def spare(group, tool, count, bench):
    """Whether a tool is left out of a set this large; that it is is written down."""
    if tool.most_files is None or count <= tool.most_files:
        return False
    group.entry(tool.name)["spared"] = f"not run with more than {tool.most_files} files: {tool.spared_because}"
    bench.show.note(f"{group.name}: {tool.name} is {group.entry(tool.name)['spared']}")
    return True


# --- nothing pending -------------------------------------------------------------------------------------------------------


def names_of(tool, count):
    return f"nothing_{count}_" + "".join(letter if letter.isalnum() else "_" for letter in tool.name.lower())


def fill_ledger(cluster, database, migrations):
    """As if pgusher had applied them: the tables are its own, the rows are written at once."""
    rows = []
    for name, text in migrations:
        checksum = hashlib.sha256(text.encode()).hexdigest()
        rows.append(f"{name}.sql\t{checksum}")
    cluster.psql("CREATE TEMP TABLE applied (name text, checksum text);\nCOPY applied FROM stdin;\n" + "\n".join(rows) + "\n\\.\n"
                 "INSERT INTO schema_migrations (migration_name) SELECT name FROM applied ON CONFLICT DO NOTHING;\n"
                 "INSERT INTO schema_migrations_log (migration_name, event, checksum, duration_us, runner)\n"
                 "SELECT name, 'applied', checksum, 1000, 'bench' FROM applied\n"
                 "WHERE name NOT IN (SELECT migration_name FROM schema_migrations_log);\n"
                 "VACUUM ANALYZE schema_migrations, schema_migrations_log;", database)


def prepare_ledger(bench, cluster, database, count):
    """pgusher's own first migration makes the ledger and the log; the rest are only written down."""
    first = bench.small(1)
    cluster.new_database(database)
    rounds.run(bench.stopwatch, bench.tools.ours[0].command(tools.Place(cluster.port, database), first))
    fill_ledger(cluster, database, bench.small(count).migrations)


def prepared(bench, cluster, group, tool, count):
    """A database in which this tool has nothing to do, made when it is first asked for; None when the tool cannot do that."""
    shares_ledger = isinstance(tool, (tools.Pgusher, tools.Select, tools.PsqlLoop, tools.Asyncpg))
    database = f"nothing_{count}" if shares_ledger else names_of(tool, count)
    if database in cluster.prepared:
        return database if cluster.prepared[database] is None else None
    cluster.prepared[database] = None
    bench.show.step(group.name, f"{tool.name} (making its database)")
    try:
        if shares_ledger:
            prepare_ledger(bench, cluster, database, count)
        else:
            cluster.new_database(database)
            rounds.run(bench.stopwatch, tool.command(tools.Place(cluster.port, database), bench.small(count)))
    except rounds.Failed as failure:
        cluster.prepared[database] = str(failure)
        group.entry(tool.name)["failed"] = str(failure)
        bench.show.note(f"{group.name}: {tool.name} cannot do this: {failure}")
        return None
    return database


def nothing_pending(bench, cluster, group, members, count, user="postgres", tls=False):
    """One group: members in turn on databases in which all count files are applied."""
    jobs = []
    for tool in members:
        if tool.checks_nothing or spare(group, tool, count, bench):
            continue
        database = prepared(bench, cluster, group, tool, count)
        if database is None:
            continue
        place = tools.Place(cluster.port, database, user, tls)
        command = tool.command(place, bench.small(count))
        jobs.append((tool.name, lambda command=command: rounds.run(bench.stopwatch, command)))
    return rounds.play(group, jobs, bench)


def case_nothing(bench):
    """Nothing pending."""
    cluster = bench.cluster("nothing", tls=True, fsync="off")
    everybody = bench.tools.ours + bench.tools.selects + bench.tools.peers
    few = bench.tools.ours + bench.tools.selects
    counts = QUICK_FILES if bench.quick else FILES
    for count in counts:
        yield nothing_pending(bench, cluster, rounds.Group(f"{count} files, SCRAM"), everybody, count)
    for user, tls, name in (("trusted", False, "trust"), ("postgres", True, "SCRAM, TLS"), ("trusted", True, "trust, TLS")):
        for count in (bench.usual_files,) if bench.quick else FILES:
            members = everybody if count == 100 and not bench.quick else few
            yield nothing_pending(bench, cluster, rounds.Group(f"{count} files, {name}", plot=count == bench.usual_files), members, count, user, tls)


# --- fresh -----------------------------------------------------------------------------------------------------------------


def fresh(bench, cluster, group, members, set_of_files, port=None):
    """One group: each run has a new, empty database."""
    jobs = []
    for tool in members:
        if spare(group, tool, set_of_files.count(), bench):
            continue
        command = tool.command(tools.Place(port or cluster.port, "fresh"), set_of_files)

        def once(command=command):
            cluster.new_database("fresh")
            return rounds.run(bench.stopwatch, command)

        jobs.append((tool.name, once))
    return rounds.play(group, jobs, bench)


def dump(bench, cluster):
    """What pg_dump writes of two tables with data."""
    rows = QUICK_DUMP_ROWS if bench.quick else DUMP_ROWS
    cluster.new_database("dumped")
    cluster.psql(f"""
        CREATE TABLE words (id integer PRIMARY KEY, word text NOT NULL, made_at timestamptz NOT NULL DEFAULT now());
        CREATE INDEX ON words (word);
        CREATE TABLE uses (id bigint PRIMARY KEY, word_id integer REFERENCES words, note text);
        INSERT INTO words (id, word) SELECT i, md5(i::text) FROM generate_series(1, {rows}) AS i;
        INSERT INTO uses SELECT i, i, repeat(md5(i::text), 3) FROM generate_series(1, {rows}) AS i;""", "dumped")
    place = tools.Place(cluster.port, "dumped")
    text = bench.output([servers.programs() / "pg_dump", "--no-owner"], place.environment)
    return [("000001_dump", text)]


def case_fresh(bench):
    """Fresh databases."""
    migrations = {f"{count} files": bench.small(count) for count in (QUICK_FILES if bench.quick else (1, 100, 1000))}
    members = bench.tools.ours + bench.tools.pipelines + bench.tools.peers
    few = [tool for tool in members if aims.is_compared(tool.name) or isinstance(tool, tools.PsqlOnce)]
    large = None
    for fsync, members in (("off", members),) if bench.quick else (("off", members), ("on", few)):
        one_file = [tool for tool in members if not isinstance(tool, tools.Pipeline)]
        cluster = bench.cluster(f"fresh-{fsync}", fsync=fsync)
        large = large or {
            "one file of INSERTs": bench.folders("inserts", folders.inserts(QUICK_INSERTS_BYTES if bench.quick else INSERTS_BYTES)),
            "one dump with COPY": bench.folders("dump", dump(bench, cluster)),
        }
        for name, each in migrations.items():
            yield fresh(bench, cluster, rounds.Group(f"{name}, fsync {fsync}"), members, each)
        for name, each in large.items():
            yield fresh(bench, cluster, rounds.Group(f"{name}, fsync {fsync}"), one_file, each)


# --- waiting ---------------------------------------------------------------------------------------------------------------

BALLAST_ROWS = 800_000


class Crashes:
    """Stopped clusters that need a given time to recover: row locks in random order, all of which are in the log after the last
    checkpoint, are redone by a server with few buffers."""

    def __init__(self, bench, cluster, count):
        self.bench = bench
        self.cluster = cluster
        self.count = count
        self.databases = {}
        self.snapshots = {}
        self.rows_a_second = None

    def prepare(self, members, group):
        for tool in members:
            self.databases[tool.name] = prepared(self.bench, self.cluster, group, tool, self.count)
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
        sample["occupied_us"] = bench.now_us() - begun_us
        sample["server_us"] = ready_us - begun_us
        sample["wall_us"] = sample["ended_us"] - ready_us
        return sample
    finally:
        cluster.stop("immediate")


def waiters(bench, patient, seconds):
    """Ours in both manners of login, and only the first of them where a round takes long."""
    ours = bench.tools.ours if seconds < 1 else bench.tools.ours[:1]
    for tool in ours:
        yield tool, "trusted", ", trust"
        yield tool, "postgres", ", SCRAM"
    for tool in patient:
        if tool not in bench.tools.ours:
            yield tool, "postgres", ""


def case_waiting(bench):
    """Waiting for a server that recovers from a crash."""
    cluster = bench.cluster("waiting", fsync="off", full_page_writes="off", shared_buffers="1MB", synchronous_commit="off")
    crashes = Crashes(bench, cluster, bench.usual_files)
    patient = bench.tools.ours + [tool for tool in bench.tools.peers if tool.waits]
    crashes.prepare(patient, rounds.Group("making the servers"))
    for seconds in (0.5,) if bench.quick else WAITS_S:
        snapshot = crashes.make(seconds)
        group = rounds.Group(f"a server that needs {seconds} s")
        jobs = []
        for tool, user, suffix in waiters(bench, patient, seconds):
            database = crashes.databases[tool.name]
            if database is None:
                continue
            command = tool.command(tools.Place(cluster.port, database, user), bench.small(crashes.count))
            jobs.append((tool.name + suffix, lambda command=command: after_ready(bench, crashes, snapshot, command)))
        yield rounds.play(group, jobs, bench)
        shutil.rmtree(snapshot)


# --- stack -----------------------------------------------------------------------------------------------------------------


def case_stack(bench):
    """Several applications on one database."""
    cluster = bench.cluster("stack", fsync="off")
    peers = bench.tools.peer(tools.Asyncpg) + bench.tools.peer(tools.Dbmate)
    if not bench.tools.peer(tools.Asyncpg):
        bench.show.note("stack: the applications need Debian's python3-asyncpg")
        return
    members = [tools.Stack(tool, "once", APPLICATIONS) for tool in bench.tools.ours + peers]
    members += [tools.Stack(tool, "each", APPLICATIONS) for tool in peers]
    for count in QUICK_FILES[1:] if bench.quick else (100, 1000):
        yield fresh(bench, cluster, rounds.Group(f"{APPLICATIONS} applications, {count} files pending"), members, bench.small(count))
    jobs_group = rounds.Group(f"{APPLICATIONS} applications, nothing pending")
    jobs = []
    for member in members:
        database = prepared(bench, cluster, jobs_group, member.tool, bench.usual_files)
        if database is not None:
            command = member.command(tools.Place(cluster.port, database, "postgres"), bench.small(bench.usual_files))
            jobs.append((member.name, lambda command=command: rounds.run(bench.stopwatch, command)))
    yield rounds.play(jobs_group, jobs, bench)

"""What is measured on one machine without a wire, with a server that is there: nothing pending, and fresh databases. Each case is a
function that is given the bench and tells its groups; the other ones are in cases_start.py and cases_apart.py."""

import hashlib

import folders
import rounds
import servers
import tools
from planned import Planned

QUICK_FILES = (1, 10)
MANY_FILES = 10_000
MOST_APPLIED = 10_000  # more are only written in: it would take minutes and as many gigabytes
INSERTS_BYTES = 100_000_000
QUICK_INSERTS_BYTES = 2_000_000
DUMP_ROWS = 200_000
QUICK_DUMP_ROWS = 5_000
NEW_DATABASE_S = 0.2


def files(count):
    return "1 file" if count == 1 else f"{count} files"


def kinds(members, *wanted):
    return [tool for tool in members if isinstance(tool, wanted)]


def others(members, *unwanted):
    return [tool for tool in members if not isinstance(tool, unwanted)]


def spare(group, name, tool, count, bench, pending=False):
    """Whether a tool is left out of a set this large; that it is is written down."""
    if not tool.is_spared(count, pending):
        return False
    what = "pending files" if pending else "files"
    group.entry(name)["spared"] = f"not run with more than {tool.most(pending)} {what}: {tool.spared_because}"
    bench.show.note(f"{group.name}: {name} is {group.entry(name)['spared']}")
    return True


def one_run(bench, command, wire=None):
    """What a job does once; the wire, where there is one, counts what was said meanwhile."""
    def once():
        return rounds.run(bench.stopwatch, command)

    return once if wire is None else lambda: wire.counted(once)


# --- nothing pending -------------------------------------------------------------------------------------------------------


def name_of_database(tool, count):
    return f"nothing_{count}_" + "".join(letter if letter.isalnum() else "_" for letter in tool.name.lower())


def maker(bench, tool):
    """Who applies what a tool will find applied: itself, but for the floors, which look at nothing, for our two programs, which share
    a database, and for the loop that starts a psql a file: one psql leaves the same behind, and sooner."""
    if isinstance(tool, tools.Stack):
        return maker(bench, tool.tool)
    if isinstance(tool, (tools.Pgusher, tools.Select, tools.Files)):
        return bench.tools.ours[0]
    return tools.PsqlOnce(tool.paths) if isinstance(tool, tools.PsqlLoop) else tool


def write_in(bench, cluster, database, count):
    """As if pgusher had applied them: the tables are its own, made by a first migration, and the rows are written at once."""
    rounds.run(bench.stopwatch, bench.tools.ours[0].command(tools.Place(cluster.port, database), bench.small(1)))
    rows = [f"{name}.sql\t{hashlib.sha256(text.encode()).hexdigest()}" for name, text in bench.small(count).migrations]
    cluster.psql("CREATE TEMP TABLE applied (name text, checksum text);\nCOPY applied FROM stdin;\n" + "\n".join(rows) + "\n\\.\n"
                 "INSERT INTO schema_migrations (migration_name) SELECT name FROM applied ON CONFLICT DO NOTHING;\n"
                 "INSERT INTO schema_migrations_log (migration_name, event, checksum, duration_us, runner)\n"
                 "SELECT name, 'applied', checksum, 1000, 'bench' FROM applied\n"
                 "WHERE name NOT IN (SELECT migration_name FROM schema_migrations_log)", database)


def make_database(bench, cluster, database, tool, count):
    """All are treated alike: what is applied was really applied, and the whole database is vacuumed."""
    cluster.new_database(database)
    if count > MOST_APPLIED:
        write_in(bench, cluster, database, count)
    else:
        rounds.run(bench.stopwatch, tool.command(tools.Place(cluster.port, database), bench.small(count)))
    cluster.psql("VACUUM ANALYZE", database)


def prepared(bench, cluster, group, tool, count):
    """A database in which this tool has nothing to do, made when it is first asked for. Raises Failed, each time that it is asked,
    when it could not be made."""
    makes = maker(bench, tool)
    database = name_of_database(makes, count)
    if database not in cluster.prepared:
        bench.show.step(group.name, f"{tool.name} (making its database)")
        try:
            make_database(bench, cluster, database, makes, count)
            cluster.prepared[database] = None
        except rounds.Failed as failure:
            cluster.prepared[database] = f"its database could not be made: {failure}"
    if cluster.prepared[database] is not None:
        raise rounds.Failed(cluster.prepared[database])
    return database


def nothing_job(bench, cluster, group, member, user="postgres", tls=False, wire=None):
    """A run of one member, (name, tool, how many files are applied)."""
    _, tool, count = member
    place = tools.Place(wire.port if wire else cluster.port, prepared(bench, cluster, group, tool, count), user, tls)
    return one_run(bench, tool.command(place, bench.small(count)), wire)


def play_nothing(bench, cluster, group, members, **how):
    """Members in turn on databases in which all their files are applied."""
    jobs = []
    for name, tool, count in members:
        if spare(group, name, tool, count, bench):
            continue
        try:
            jobs.append((name, nothing_job(bench, cluster, group, (name, tool, count), **how)))
        except rounds.Failed as failure:
            rounds.rule_out(group, name, failure, bench)
    rounds.play(group, jobs, bench)


def with_files(members, count):
    return [(tool.name, tool, count) for tool in members if not tool.checks_nothing]


def nothing_runs(members, round_trip_s=0):
    return [(name, tool.nothing_s(count, round_trip_s)) for name, tool, count in members if not tool.is_spared(count)]


def making_s(bench, members):
    """How long it takes to make their databases."""
    makers = {(maker(bench, tool).name, count): maker(bench, tool) for _, tool, count in members if not tool.is_spared(count)}
    return sum(NEW_DATABASE_S + tool.fresh_s(min(count, MOST_APPLIED)) for (_, count), tool in makers.items())


def nothing(bench, name, members, user="postgres", tls=False, **more):
    def play(group):
        play_nothing(bench, bench.cluster("nothing", tls=True, fsync="off"), group, members, user=user, tls=tls)

    setup_s = making_s(bench, members) if user == "postgres" and not tls else 0
    return Planned(name, nothing_runs(members), play, setup_s=setup_s, **more)


def growth(bench):
    """Few files and many in one group, because an aim speaks of the difference."""
    members = [(f"{tool.name}, {files(count)}", tool, count)
               for tool in bench.tools.ours + bench.tools.files for count in (1, MANY_FILES)]
    return nothing(bench, f"1 and {MANY_FILES} files, SCRAM", members, aim=True)


def case_nothing(bench):
    """Nothing pending. What a wrapping of the connection costs does not depend on the files, so TLS has one size only."""
    few = bench.tools.ours + bench.tools.selects
    everybody = few + bench.tools.peers
    usual, compared = bench.usual_files, {"reference": bench.tools.reference}
    for count in QUICK_FILES if bench.quick else (1, 100, 1000):
        yield nothing(bench, f"{files(count)}, SCRAM", with_files(everybody, count), aim=count > 1, plot=count > 1, **compared)
    if not bench.quick:
        quickest = few + kinds(everybody, tools.PsqlLoop, tools.Asyncpg)
        slower = bench.tools.ours[:1] + kinds(everybody, tools.Dbmate, tools.SqlMigrate)
        yield growth(bench)
        yield nothing(bench, f"{MANY_FILES} files, SCRAM", with_files(quickest, MANY_FILES), **compared)
        yield nothing(bench, f"{MANY_FILES} files, SCRAM, others", with_files(slower, MANY_FILES), **compared)
    for count in (usual,) if bench.quick else (1, 100, 1000, MANY_FILES):
        members = everybody if count == 100 else few
        yield nothing(bench, f"{files(count)}, trust", with_files(members, count), "trusted", **compared)
    some = few + kinds(everybody, tools.Dbmate, tools.Asyncpg)
    for user, manner in (("postgres", "SCRAM"), ("trusted", "trust")):
        yield nothing(bench, f"{files(usual)}, {manner}, TLS", with_files(some, usual), user, tls=True, **compared)


# --- fresh -----------------------------------------------------------------------------------------------------------------


def play_fresh(bench, cluster, group, members, set_of_files, wire=None):
    """Each run has a new, empty database."""
    jobs = []
    for tool in members:
        if spare(group, tool.name, tool, set_of_files.count(), bench, pending=True):
            continue
        command = tool.command(tools.Place(wire.port if wire else cluster.port, "fresh"), set_of_files)

        def once(run=one_run(bench, command, wire)):
            cluster.new_database("fresh")
            return run()

        jobs.append((tool.name, once))
    rounds.play(group, jobs, bench)


def fresh_runs(members, count, delay_s=0):
    return [(tool.name, NEW_DATABASE_S + tool.fresh_s(count, delay_s)) for tool in members
            if not tool.is_spared(count, pending=True)]


def fresh(bench, name, members, count, fsync, **more):
    def play(group):
        play_fresh(bench, bench.cluster(f"fresh-{fsync}", fsync=fsync), group, members, bench.small(count))

    return Planned(name, fresh_runs(members, count), play, reference=bench.tools.reference, **more)


def dump(bench):
    """What pg_dump writes of two tables with data."""
    rows = QUICK_DUMP_ROWS if bench.quick else DUMP_ROWS
    cluster = bench.cluster("fresh-off", fsync="off")
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


def one_file(bench, name, members, make, seconds):
    """One large file, which make() gives."""
    def play(group):
        set_of_files = bench.sets.get(name) or bench.folders(name, make())
        play_fresh(bench, bench.cluster("fresh-off", fsync="off"), group, members, set_of_files)

    return Planned(f"{name}, fsync off", [(tool.name, seconds) for tool in members], play, plot=True,
                   setup_s=2 * seconds, reference=bench.tools.reference)


def case_fresh(bench):
    """Fresh databases. Who has to start a program or wait for several answers for each file is not run with a thousand of them, and
    with fsync on, which costs everybody the same a commit, only those are that are compared with one another."""
    everybody = bench.tools.ours + bench.tools.pipelines + bench.tools.peers
    static, psql, dbmate = bench.tools.ours[:1], kinds(everybody, tools.PsqlOnce), kinds(everybody, tools.Dbmate)
    quickest = bench.tools.ours + bench.tools.pipelines + psql + dbmate
    if bench.quick:
        yield fresh(bench, f"{files(QUICK_FILES[-1])}, fsync off", everybody, QUICK_FILES[-1], "off", plot=True)
    else:
        for count in (1, 100):
            yield fresh(bench, f"{files(count)}, fsync off", everybody, count, "off", plot=count == 100)
        yield fresh(bench, "1000 files, fsync off", quickest, 1000, "off", aim=True, plot=True)
        slower = others(bench.tools.peers, tools.PsqlOnce, tools.Dbmate)
        yield fresh(bench, "1000 files, fsync off, others", static + slower, 1000, "off", plot=True)
        for count in (1, 100, 1000):
            yield fresh(bench, f"{files(count)}, fsync on", static + bench.tools.pipelines + psql + dbmate, count, "on")
    inserts_bytes = QUICK_INSERTS_BYTES if bench.quick else INSERTS_BYTES
    yield one_file(bench, "one file of INSERTs", static + psql + dbmate, lambda: folders.inserts(inserts_bytes), inserts_bytes * 8e-8)
    yield one_file(bench, "one dump with COPY", bench.tools.ours + bench.tools.peers, lambda: dump(bench), 0.2 if bench.quick else 1.5)

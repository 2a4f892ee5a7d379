"""What is measured on one machine without a wire, with a server that is there: nothing pending, and fresh databases. Each case is a
function that is given the bench and tells its groups; the other ones are in cases_start.py and cases_apart.py."""

import hashlib

import folders
import rounds
import servers
import tools
from planned import Planned

QUICK_FILES = (1, 10)
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


def spare(group, tool, count, bench, pending=False):
    """Whether a tool is left out of a set this large; that it is is written down."""
    if not tool.is_spared(count, pending):
        return False
    what = "pending files" if pending else "files"
    group.entry(tool.name)["spared"] = f"not run with more than {tool.most(pending)} {what}: {tool.spared_because}"
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


def shares_ledger(tool):
    return isinstance(tool, (tools.Pgusher, tools.Select, tools.PsqlLoop, tools.Asyncpg))


def prepared(bench, cluster, group, tool, count):
    """A database in which this tool has nothing to do, made when it is first asked for; None when the tool cannot do that."""
    database = f"nothing_{count}" if shares_ledger(tool) else names_of(tool, count)
    if database in cluster.prepared:
        return database if cluster.prepared[database] is None else None
    cluster.prepared[database] = None
    bench.show.step(group.name, f"{tool.name} (making its database)")
    try:
        if shares_ledger(tool):
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


def play_nothing(bench, cluster, group, members, count, user="postgres", tls=False):
    """Members in turn on databases in which all count files are applied."""
    jobs = []
    for tool in members:
        database = None if spare(group, tool, count, bench) else prepared(bench, cluster, group, tool, count)
        if database is None:
            continue
        command = tool.command(tools.Place(cluster.port, database, user, tls), bench.small(count))
        jobs.append((tool.name, lambda command=command: rounds.run(bench.stopwatch, command)))
    rounds.play(group, jobs, bench)


def nothing(bench, name, members, count, user="postgres", tls=False, **more):
    members = [tool for tool in members if not tool.checks_nothing]
    runs = [(tool.name, tool.nothing_s(count)) for tool in members if not tool.is_spared(count)]
    setup_s = sum(tool.fresh_s(count) for tool in members if not shares_ledger(tool) and not tool.is_spared(count))

    def play(group):
        play_nothing(bench, bench.cluster("nothing", tls=True, fsync="off"), group, members, count, user, tls)

    return Planned(name, runs, play, setup_s=setup_s if user == "postgres" and not tls else 0, **more)


def case_nothing(bench):
    """Nothing pending. What a wrapping of the connection costs does not depend on the files, so TLS has one size only."""
    few = bench.tools.ours + bench.tools.selects
    everybody = few + bench.tools.peers
    usual = bench.usual_files
    for count in QUICK_FILES if bench.quick else (1, 100, 1000):
        yield nothing(bench, f"{files(count)}, SCRAM", everybody, count, aim=True, plot=count > 1)
    if not bench.quick:
        yield nothing(bench, "10000 files, SCRAM", [tool for tool in everybody if shares_ledger(tool)], 10_000, aim=True)
        yield nothing(bench, "10000 files, SCRAM, others", bench.tools.ours[:1] + kinds(everybody, tools.Dbmate, tools.SqlMigrate),
                      10_000)
    for count in (usual,) if bench.quick else (1, 100, 1000, 10_000):
        members = everybody if count == 100 else few
        yield nothing(bench, f"{files(count)}, trust", members, count, "trusted")
    some = few + kinds(everybody, tools.Dbmate, tools.Asyncpg)
    for user, manner in (("postgres", "SCRAM"), ("trusted", "trust")):
        yield nothing(bench, f"{files(usual)}, {manner}, TLS", some, usual, user, tls=True)


# --- fresh -----------------------------------------------------------------------------------------------------------------


def play_fresh(bench, cluster, group, members, set_of_files):
    """Each run has a new, empty database."""
    jobs = []
    for tool in members:
        if spare(group, tool, set_of_files.count(), bench, pending=True):
            continue
        command = tool.command(tools.Place(cluster.port, "fresh"), set_of_files)

        def once(command=command):
            cluster.new_database("fresh")
            return rounds.run(bench.stopwatch, command)

        jobs.append((tool.name, once))
    rounds.play(group, jobs, bench)


def fresh_runs(members, count, delay_s=0):
    return [(tool.name, NEW_DATABASE_S + tool.fresh_s(count, delay_s)) for tool in members
            if not tool.is_spared(count, pending=True)]


def fresh(bench, name, members, count, fsync, **more):
    def play(group):
        play_fresh(bench, bench.cluster(f"fresh-{fsync}", fsync=fsync), group, members, bench.small(count))

    return Planned(name, fresh_runs(members, count), play, **more)


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
                   setup_s=2 * seconds)


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

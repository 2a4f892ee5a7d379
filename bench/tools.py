"""The programs that are measured: how each is called, and whether it is there. A tool is asked for its command with a place (where
the database is) and a set of migrations, and says for itself how many files it is spared."""

import dataclasses
import json
import pathlib
import shutil

import provenance
import servers

HERE = pathlib.Path(__file__).resolve().parent
LOOK_S = 1e-5  # for each file that is applied, and how many round trips a run has in any case: enough to tell how long all will take
TRIPS = 15
APPLICATION_S = 0.15


@dataclasses.dataclass
class Place:
    port: int
    database: str = "postgres"
    user: str = "trusted"
    tls: bool = False

    @property
    def environment(self):
        return servers.environment(self.port, self.user, self.database, self.tls)

    @property
    def conninfo(self):
        return " ".join(f"{keyword}={value}" for keyword, value in self.keywords().items())

    def keywords(self):
        return {"host": "127.0.0.1", "port": self.port, "user": self.user, "password": servers.PASSWORD,
                "dbname": self.database, "sslmode": "require" if self.tls else "disable"}

    def url(self, scheme="postgres", tls_mode="require"):
        mode = tls_mode if self.tls else "disable"
        return f"{scheme}://{self.user}:{servers.PASSWORD}@127.0.0.1:{self.port}/{self.database}?sslmode={mode}"


class Tool:
    name = ""
    form = "plain"
    most_files = None  # with more than these it is not run
    most_fresh_files = None  # the same where all of them are pending
    spared_because = ""
    checks_nothing = False  # has no ledger: with nothing pending there is nothing that it could do
    waits = False  # for a server that is starting

    # What a run may take, roughly, on a quiet machine: it decides nothing, and only tells how long all will take.
    start_s = 0.02
    apply_s = 0  # for each file that is not applied
    apply_trips = 0  # round trips, likewise

    def __init__(self, paths):
        self.paths = paths

    def missing(self):
        """Why it cannot run here, or None."""
        return None

    def version(self):
        """Its own; None for what is built here, or belongs to PostgreSQL."""
        return None

    def most(self, pending):
        return self.most_fresh_files if pending and self.most_fresh_files is not None else self.most_files

    def is_spared(self, count, pending=False):
        return self.most(pending) is not None and count > self.most(pending)

    def nothing_s(self, count, round_trip_s=0):
        return self.start_s + count * LOOK_S + TRIPS * round_trip_s

    def fresh_s(self, count, round_trip_s=0):
        return self.start_s + count * (self.apply_s + self.apply_trips * round_trip_s) + TRIPS * round_trip_s

    def command(self, place, folders):
        """Gives (arguments, environment, working folder)."""
        raise NotImplementedError


class Pgusher(Tool):
    apply_s, apply_trips = 0.0015, 0.02
    waits = True

    def __init__(self, paths, name, program):
        super().__init__(paths)
        self.name = name
        self.program = program

    def missing(self):
        return None if self.program and self.program.exists() else f"{self.program} is not there"

    def command(self, place, folders):
        return [self.program, "up", "--migrations", folders.folder("plain")], place.environment, None


class Select(Tool):
    """The floor: no migrations at all. As with ours, nobody asks for a Kerberos ticket first."""

    def __init__(self, paths, name, program):
        super().__init__(paths)
        self.name = name
        self.program = program

    missing = Pgusher.missing

    def command(self, place, _folders):
        return [self.program, f"{place.conninfo} gssencmode=disable"], place.environment, None


class Files(Tool):
    """The floor of who looks at each file: no database at all."""
    name = "reading the files only"

    def __init__(self, paths):
        super().__init__(paths)
        self.program = paths.build / "bench" / "bench_floor_files"

    missing = Pgusher.missing

    def command(self, place, folders):
        return [self.program, folders.folder(self.form)], place.environment, None


class Pipeline(Tool):
    apply_s, apply_trips = 0.0012, 0.02
    checks_nothing = True

    def __init__(self, paths, name, manner):
        super().__init__(paths)
        self.name = name
        self.manner = manner

    def command(self, place, folders):
        program = self.paths.build / "bench" / "bench_floor_pipeline"
        return [program, self.manner, f"{place.conninfo} gssencmode=disable", folders.folder("plain")], place.environment, None


class FromNpm(Tool):
    package = ""

    def program(self):
        raise NotImplementedError

    def version(self):
        description = self.paths.npm / "node_modules" / self.package / "package.json"
        return json.loads(description.read_text(encoding="utf-8"))["version"]

    def missing(self):
        return None if self.program().exists() else "could not be installed from npm"


class Dbmate(FromNpm):
    start_s, apply_s, apply_trips = 0.05, 0.004, 7
    name = "dbmate"
    package = "@dbmate/linux-x64"
    form = "dbmate"
    waits = True

    def program(self):
        return self.paths.npm / "node_modules" / self.package / "bin" / "dbmate"

    def command(self, place, folders):
        arguments = [self.program(), "--url", place.url(), "--migrations-dir", folders.folder(self.form), "--no-dump-schema",
                     "--wait", "migrate"]
        return arguments, place.environment, None


class NodePgMigrate(FromNpm):
    start_s, apply_s, apply_trips = 0.35, 0.004, 4
    name = package = "node-pg-migrate"
    form = "node-pg-migrate"

    def program(self):
        return self.paths.npm / "node_modules" / "node-pg-migrate" / "bin" / "node-pg-migrate.js"

    def command(self, place, folders):
        variables = place.environment
        variables["DATABASE_URL"] = place.url(tls_mode="no-verify")
        arguments = ["node", self.program(), "up", "--migrations-dir", folders.folder(self.form), "--no-single-transaction"]
        return arguments, variables, self.paths.npm


class GraphileMigrate(FromNpm):
    start_s, apply_s, apply_trips = 0.5, 0.006, 6
    name = package = "graphile-migrate"
    form = "graphile"

    def program(self):
        return self.paths.npm / "node_modules" / ".bin" / "graphile-migrate"

    def command(self, place, folders):
        variables = place.environment
        variables["DATABASE_URL"] = place.url(tls_mode="no-verify")
        return ["node", self.program(), "migrate"], variables, folders.folder(self.form)


class FromDebian(Tool):
    package = ""
    program = ""

    def missing(self):
        return None if shutil.which(self.program) else f"Debian's {self.package} is not installed"

    def version(self):
        return provenance.debian(self.package)


class SqlMigrate(FromDebian):
    start_s, apply_s, apply_trips = 0.04, 0.003, 5
    name = "sql-migrate"
    form = "sql-migrate"
    package = program = "sql-migrate"

    def command(self, place, folders):
        folder = folders.folder(self.form)
        configuration = folder.parent / f"dbconfig-{place.port}-{place.database}-{place.user}-{place.tls}.yml"
        configuration.write_text(f'development:\n  dialect: postgres\n  datasource: "{place.conninfo}"\n  dir: {folder}\n')
        return ["sql-migrate", "up", f"-config={configuration}"], place.environment, None


class Sqitch(FromDebian):
    start_s, apply_s, apply_trips = 0.5, 0.06, 28
    name = "sqitch"
    form = "sqitch"
    package = program = "sqitch"
    most_files = 100
    spared_because = "it starts a psql for each"

    def command(self, place, folders):
        client = servers.programs() / "psql"
        arguments = ["sqitch", "deploy", "--client", client, place.url(scheme="db:pg")]
        return arguments, place.environment, folders.folder(self.form)


class Asyncpg(Tool):
    start_s, apply_s, apply_trips = 0.25, 0.003, 4
    name = "asyncpg script"
    waits = True

    def missing(self):
        found = list(pathlib.Path("/usr/lib/python3/dist-packages").glob("asyncpg"))
        return None if found else "Debian's python3-asyncpg is not installed"

    def version(self):
        return provenance.debian("python3-asyncpg")

    def command(self, place, folders):
        script = HERE / "peers" / "asyncpg_runner.py"
        return ["/usr/bin/python3", script, folders.folder(self.form)], place.environment, None


class PsqlLoop(Tool):
    start_s, apply_s, apply_trips = 0.12, 0.025, 12
    name = "psql in a loop"
    waits = True
    most_fresh_files = 100
    spared_because = "it starts a psql for each"

    def command(self, place, folders):
        return [HERE / "peers" / "psql_loop.sh", folders.folder(self.form)], place.environment, None


class PsqlOnce(Tool):
    apply_s, apply_trips = 0.0012, 4
    name = "psql, one file"
    form = "one file"
    checks_nothing = True

    def command(self, place, folders):
        file = folders.folder(self.form) / "all.sql"
        return [servers.programs() / "psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-f", file], place.environment, None


class Stack(Tool):
    """Applications that need the schema, and how they come to it."""

    def __init__(self, tool, manner, applications):
        super().__init__(tool.paths)
        self.tool = tool
        self.form = tool.form
        self.manner = manner
        self.applications = applications
        self.name = f"{tool.name}, {'by each application behind a lock' if manner == 'each' else 'once, before all'}"
        self.missing = tool.missing

    def nothing_s(self, count, round_trip_s=0):
        runs = self.applications if self.manner == "each" else 1
        return self.applications * APPLICATION_S + runs * self.tool.nothing_s(count, round_trip_s)

    def fresh_s(self, count, round_trip_s=0):
        return self.nothing_s(count, round_trip_s) + self.tool.fresh_s(count, round_trip_s)

    def command(self, place, folders):
        arguments, variables, working_folder = self.tool.command(place, folders)
        peers = HERE / "peers"
        stack = [peers / "stack.sh", self.manner, str(self.applications), "/usr/bin/python3", peers / "application.py"]
        return [*stack, *arguments], variables, working_folder


class Tools:
    """All of them, those that are there apart from those that are missing."""

    def __init__(self, paths):
        bench = paths.build / "bench"
        static = paths.static
        self.ours = [Pgusher(paths, "pgusher, static", static and static / "pgusher"),
                     Pgusher(paths, "pgusher", paths.build / "pgusher")]
        self.selects = [Select(paths, "libpq: connect, SELECT", bench / "bench_floor_select"),
                        Select(paths, "libpq: connect, SELECT, static", static and static / "bench" / "bench_floor_select")]
        self.files = [Files(paths)]
        self.pipelines = [Pipeline(paths, "pipeline by hand", "bare"),
                          Pipeline(paths, "pipeline by hand, same promises", "promises")]
        self.peers = [kind(paths) for kind in
                      (Dbmate, SqlMigrate, PsqlLoop, PsqlOnce, Asyncpg, Sqitch, NodePgMigrate, GraphileMigrate)]
        self.missing = {}
        self._take_out_missing()
        if not self.ours:
            raise SystemExit("bench: there is no pgusher to measure: ./dev build")

    def _take_out_missing(self):
        for tools in (self.ours, self.selects, self.files, self.pipelines, self.peers):
            for tool in list(tools):
                reason = tool.missing()
                if reason is not None:
                    self.missing[tool.name] = reason
                    tools.remove(tool)

    def versions(self):
        told = {tool.name: tool.version() for tool in self.peers}
        if any(isinstance(tool, FromNpm) for tool in self.peers):
            told["node"] = provenance.said("node", "--version")
        return {name: version for name, version in told.items() if version}

    @property
    def reference(self):
        """Whose times the others' are compared with."""
        return self.ours[0].name

#!/usr/bin/env python3
"""Real input: PostgreSQL schemas that Debian packages ship, applied by pgusher and by psql.

For each schema three databases are made in one private cluster. The first gets the package's files from psql, as the package's
own documentation says; the second gets them from `pgusher up`; the third gets the pg_dump of the first from `pgusher up`. Then
pg_dump must say the same of all three, the ledger's own tables left out.

The packages are downloaded with apt-get and only unpacked, never installed; they are kept in ~/.cache/pgusher. They come from
one fixed Debian release, so that every machine tests the same files. The report is in TAP.

usage: packages.py PGUSHER [SCHEMA ...]
"""

import concurrent.futures
import difflib
import glob
import gzip
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

RELEASE = "bookworm"
HANGS_SECONDS = 300  # nothing here takes as long, not even under sanitizers
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
DBCONFIG = "usr/share/dbconfig-common/data"
ZABBIX = "usr/share/zabbix-server-pgsql"

# name: (package, files in the order they are applied)
SCHEMAS = {
    "bacula": ("bacula-director-pgsql", [f"{DBCONFIG}/bacula-director-pgsql/install/pgsql"]),
    "ejabberd": ("ejabberd", ["usr/share/ejabberd/sql/pg.sql"]),
    "ejabberd-new": ("ejabberd", ["usr/share/ejabberd/sql/pg.new.sql"]),
    "freeradius": ("freeradius-config", ["etc/freeradius/3.0/mods-config/sql/main/postgresql/schema.sql"]),
    "icinga-director": ("icingaweb2-module-director", ["usr/share/icingaweb2/modules/director/schema/pgsql.sql"]),
    "icinga-ido": ("icinga2-ido-pgsql", [f"{DBCONFIG}/icinga2-ido-pgsql/install/pgsql"]),
    "icingadb": ("icingadb", ["usr/share/icingadb/schema/pgsql/schema.sql"]),
    "kea": ("kea-admin", ["usr/share/kea/scripts/pgsql/dhcpdb_create.pgsql"]),
    "powerdns": ("pdns-backend-pgsql", ["usr/share/pdns-backend-pgsql/schema/schema.pgsql.sql"]),
    "roundcube": ("roundcube-core", [f"{DBCONFIG}/roundcube/install/pgsql"]),
    "tt-rss": ("tt-rss", [f"{DBCONFIG}/tt-rss/install/pgsql"]),
    "zabbix": ("zabbix-server-pgsql", [f"{ZABBIX}/{part}.sql.gz" for part in ("schema", "images", "data")]),
}


class Failure(Exception):
    """One schema failed; the text is for people."""


def run(command, **options):
    """Runs a command and returns what it printed; anything but exit code 0 is a Failure that shows the end of it."""
    line = " ".join(map(str, command))
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=HANGS_SECONDS, **options
        )
    except subprocess.TimeoutExpired as hung:
        raise Failure(f"no end after {HANGS_SECONDS} s: {line}\n{(hung.stdout or b'').decode()[-4000:]}") from None
    if done.returncode != 0:
        raise Failure(f"exit code {done.returncode}: {line}\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
    return done.stdout


# --- packages ---------------------------------------------------------------------------------------------------------------


def debian_mirror():
    """The mirror that this machine installs from."""
    form = "$(REPO_URI) $(RELEASE) $(COMPONENT)"
    release = dict(line.split("=", 1) for line in pathlib.Path("/etc/os-release").read_text().splitlines() if "=" in line)
    suites = {release.get("VERSION_CODENAME", "").strip('"'), "stable"}
    for line in run(["apt-get", "indextargets", "--format", form, "Created-By: Packages"]).splitlines():
        uri, suite, component = line.split()
        if suite in suites and component == "main":
            return uri
    raise Failure("no Debian mirror is configured for apt")


def download(cache, packages):
    """Downloads packages into cache with an apt of its own: neither its lists nor its archives are the machine's."""
    state = cache / "apt"
    for folder in ("lists/partial", "archives/partial", "new"):
        (state / folder).mkdir(parents=True, exist_ok=True)
    (state / "sources.list").write_text(f"deb [signed-by={KEYRING}] {debian_mirror()} {RELEASE} main\n")
    (state / "status").touch()
    settings = {
        "Dir::State::lists": state / "lists",
        "Dir::State::status": state / "status",
        "Dir::Cache": state,
        "Dir::Etc::sourcelist": state / "sources.list",
        "Dir::Etc::sourceparts": "-",
        "Acquire::Retries": 3,
        "APT::Sandbox::User": "root",  # the folders are the user's own, _apt could not write to them
    }
    apt_get = ["apt-get", "-q"] + [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]
    run(apt_get + ["update"])
    run(apt_get + ["download"] + packages, cwd=state / "new")
    for archive in (state / "new").glob("*.deb"):
        archive.replace(cache / archive.name)


def fetch(packages):
    """Returns where each package is unpacked; downloads what is not in the cache."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    cache = pathlib.Path(base) / "pgusher" / RELEASE
    cache.mkdir(parents=True, exist_ok=True)
    absent = [package for package in packages if not list(cache.glob(f"{package}_*.deb"))]
    if absent:
        download(cache, absent)
    return {package: unpack(cache, package) for package in packages}


def unpack(cache, package):
    folder = cache / package
    if not folder.is_dir():
        fresh = pathlib.Path(tempfile.mkdtemp(dir=cache))
        run(["dpkg-deb", "-x", next(cache.glob(f"{package}_*.deb")), fresh])
        fresh.replace(folder)
    return folder


def make_migrations(root, files, folder):
    """Copies a package's schema files into folder as migrations, unpacked, numbered in their order."""
    folder.mkdir()
    for number, name in enumerate(files, start=1):
        path = root / name
        if not path.is_file():
            raise Failure(f"the package has no {name}")
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        stem = path.name.split(".")[0]
        (folder / f"{number:03}_{stem}.sql").write_bytes(data)
    return sorted(folder.glob("*.sql"))


# --- PostgreSQL -------------------------------------------------------------------------------------------------------------


class Cluster:
    """A private cluster on a unix socket in a temporary folder."""

    def __init__(self):
        self.started = False
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pgusher-", dir=os.environ.get("PGUSHER_TEST_FOLDER")))
        # PostgreSQL refuses to run as root.
        self.as_server = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
        if self.as_server:
            shutil.chown(self.folder, "postgres", "postgres")
            self.folder.chmod(0o755)
        self.environment = {
            key: value
            for key, value in os.environ.items()
            if key != "DATABASE_URL" and not key.startswith(("PG", "POSTGRES_"))
        }
        self.environment.update(PGHOST=str(self.folder), PGUSER="postgres", PGTZ="UTC")

    def __enter__(self):
        try:
            self.server("initdb", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
            self.started = True
            options = f"-k {self.folder} -c listen_addresses='' -c fsync=off"
            self.server("pg_ctl", "--silent", "--wait", f"--log={self.folder}/log", f"--options={options}", "start")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.started:
            self.server("pg_ctl", "--silent", "--mode=immediate", "stop")
        while self.folder.exists():  # a child of an initdb that was killed may write for a moment longer
            shutil.rmtree(self.folder, ignore_errors=True)

    def server(self, program, *words):
        programs = glob.glob(f"/usr/lib/postgresql/*/bin/{program}")
        newest = max(programs, key=lambda path: int(path.split("/")[4]))
        # Into a file and not a pipe: the server would keep a pipe open for ever.
        with tempfile.TemporaryFile(mode="w+") as said:
            command = [newest, f"--pgdata={self.folder}/data", *words]
            process = subprocess.Popen(
                command, cwd="/", stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True, **self.as_server
            )
            try:
                code = process.wait()
            except BaseException:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait()
                raise
            if code != 0:
                said.seek(0)
                raise Failure(f"{program} failed:\n{said.read()}")

    def client(self, *command):
        return run(command, env=self.environment)

    def create(self, database):
        self.client("createdb", "--template=template0", database)
        return database

    def dump(self, database):
        return self.client("pg_dump", "--exclude-table=schema_migrations*", f"--dbname={database}")


def iso(seconds):
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds))


def comparable(dump, since):
    """A dump without what differs from one run to the next: the \\restrict keys, and the times at which rows were seeded."""

    now = time.time() + 1

    def timestamp(match):
        return "NOW" if iso(since) <= match[0][:19] <= iso(now) else match[0]

    def epoch(match):
        return "NOW" if since - 1 <= int(match[0][:10]) <= now else match[0]

    dump = re.sub(r"^\\(un)?restrict .*\n", "", dump, flags=re.MULTILINE)
    dump = re.sub(r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?(\+00)?", timestamp, dump)
    return re.sub(r"\b\d{10}(\d{3})?(\.\d+)?\b", epoch, dump)


def compare(expected, actual, what, since):
    expected, actual = comparable(expected, since).splitlines(), comparable(actual, since).splitlines()
    if expected != actual:
        difference = difflib.unified_diff(expected, actual, "psql", what, lineterm="", n=2)
        raise Failure("\n".join(line[:200] for _, line in zip(range(60), difference)))


# --- the test ---------------------------------------------------------------------------------------------------------------


def pgusher_up(cluster, pgusher, database, folder):
    """Applies folder, twice: the second run must find nothing pending and change nothing. Returns the dump after it."""
    target = ("--migrations", str(folder), "--database", f"dbname={database}")
    cluster.client(pgusher, "up", *target)
    cluster.client(pgusher, "status", "--check", *target)
    cluster.client(pgusher, "up", *target)
    return cluster.dump(database)


def check(cluster, pgusher, name, root, files, folder):
    since = time.time()
    migrations = make_migrations(root, files, folder)

    by_psql = cluster.create(f"{name}-psql")
    for path in migrations:
        cluster.client("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", by_psql, "-f", str(path))
    expected = cluster.dump(by_psql)
    if "CREATE TABLE" not in expected:
        raise Failure("psql made no tables")

    actual = pgusher_up(cluster, pgusher, cluster.create(f"{name}-pgusher"), folder)
    compare(expected, actual, "pgusher", since)

    dump_folder = folder.with_name(f"{name}-dump")
    dump_folder.mkdir()
    (dump_folder / "001_dump.sql").write_text(expected)
    actual = pgusher_up(cluster, pgusher, cluster.create(f"{name}-dump"), dump_folder)
    compare(expected, actual, "pgusher with a pg_dump", since)


def begin_all(pool, cluster, pgusher, names, roots, work):
    """Each schema has databases of its own; the largest is begun first, because it takes longer than all others."""

    def size(name):
        package, files = SCHEMAS[name]
        return sum(path.stat().st_size for path in (roots[package] / file for file in files) if path.is_file())

    checks = {}
    for name in sorted(names, key=size, reverse=True):
        package, files = SCHEMAS[name]
        checks[name] = pool.submit(check, cluster, pgusher, name, roots[package], files, work / name)
    return checks


def tell(number, name, begun):
    """Waits for a check and says how it ended; returns whether it did well."""
    try:
        begun.result()
    except Failure as failure:
        print(f"not ok {number} - {name}", flush=True)
        print("".join(f"# {line}\n" for line in str(failure).splitlines()), end="", flush=True)
        return False
    print(f"ok {number} - {name}", flush=True)
    return True


def main(pgusher, *wanted):
    names = wanted or sorted(SCHEMAS)
    print(f"1..{len(names)}", flush=True)
    roots = fetch(sorted({SCHEMAS[name][0] for name in names}))
    failed = 0
    pool = concurrent.futures.ThreadPoolExecutor(os.cpu_count())
    with tempfile.TemporaryDirectory(prefix="pgusher-") as work, Cluster() as cluster:
        try:
            checks = begin_all(pool, cluster, pgusher, names, roots, pathlib.Path(work))
            for number, name in enumerate(names, start=1):
                failed += not tell(number, name, checks[name])
        finally:
            pool.shutdown(cancel_futures=True)
    return 1 if failed else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the cluster ends with us
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    try:
        sys.exit(main(*sys.argv[1:]))
    except Failure as broken:
        print(f"Bail out! {broken}")
        sys.exit(1)

"""Private PostgreSQL clusters. Knows how to make, start, stop and crash one; knows nothing of what is measured."""

import os
import pathlib
import random
import shutil
import socket
import subprocess
import time

from rounds import Failed

PASSWORD = "bench-password"
SETTINGS = """
listen_addresses = '127.0.0.1'
shared_buffers = 256MB
autovacuum = off
checkpoint_timeout = 1h
max_wal_size = 16GB
max_connections = 50
log_line_prefix = '%n '
"""
TLS = """
ssl = on
"""
# Who logs in decides how: trusted without a password, postgres with SCRAM.
AUTHENTICATION = """
local all all trust
host all trusted 127.0.0.1/32 trust
host all all 127.0.0.1/32 scram-sha-256
"""


def programs():
    """The folder of PostgreSQL's own programs, of the newest version that is there."""
    found = pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(found, key=lambda path: int(path.parts[-3]), default=None)
    if newest is None:
        raise SystemExit("bench: there is no PostgreSQL under /usr/lib/postgresql")
    return newest.parent


def free_port():
    """By chance, because others look for one too. Those before belong to the tests, those from 32768 on to the kernel's clients."""
    while True:
        port = random.randrange(28000, 32768)
        with socket.socket() as candidate:
            if candidate.connect_ex(("127.0.0.1", port)) != 0:
                return port


def environment(port, user="trusted", database="postgres", tls=False):
    """What libpq, and whoever reads its variables, needs for a connection."""
    variables = {name: value for name, value in os.environ.items()
                 if not name.startswith(("PG", "POSTGRES_")) and name != "DATABASE_URL"}
    variables.update(PGHOST="127.0.0.1", PGPORT=str(port), PGUSER=user, PGDATABASE=database, PGPASSWORD=PASSWORD,
                     PGSSLMODE="require" if tls else "disable")
    variables["PATH"] = f"{programs()}:{variables['PATH']}"
    return variables


class Cluster:
    def __init__(self, folder, tls=False, **settings):
        self.tls = tls
        self.folder = pathlib.Path(folder)
        self.data = self.folder / "data"
        self.log = self.folder / "log"
        self.settings = settings
        self.port = free_port()
        self.process = None
        self.prepared = {}  # names of databases, and what went wrong when one could not be made, else None
        self.folder.mkdir(parents=True)
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        self._make()

    def run_as_server(self, *command, **options):
        prefix = []
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            prefix = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
        done = subprocess.run([*prefix, *map(str, command)], check=False, cwd=self.folder, **options)
        if done.returncode != 0:
            raise Failed(f"{pathlib.Path(command[0]).name} ended with {done.returncode}: {self.last_of_log()}")

    def last_of_log(self):
        return self.log.read_text(errors="replace")[-2000:].strip()

    def _make(self):
        with open(self.log, "wb") as log:
            self.run_as_server(programs() / "initdb", "--pgdata=data", "--username=postgres", "--auth=trust", "--no-sync",
                               "--locale=C.UTF-8", stdout=log, stderr=log)
            if self.tls:
                self.run_as_server("openssl", "req", "-new", "-x509", "-nodes", "-days", "30", "-subj", "/CN=127.0.0.1",
                                   "-keyout", "data/server.key", "-out", "data/server.crt", stdout=log, stderr=log)
        (self.data / "pg_hba.conf").write_text(AUTHENTICATION)
        with open(self.data / "postgresql.conf", "a") as configuration:
            configuration.write(SETTINGS + (TLS if self.tls else ""))
        self.start()
        self.psql(f"ALTER USER postgres PASSWORD '{PASSWORD}'; CREATE ROLE trusted LOGIN SUPERUSER", user="postgres", host=self.folder)

    def begin_start(self):
        """Starts the server and does not wait for it."""
        prefix = []
        if os.geteuid() == 0:
            prefix = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
        options = [f"--{name}={value}" for name, value in self.settings.items()]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [*prefix, str(programs() / "postgres"), "-D", "data", "-k", str(self.folder), "-p", str(self.port), *options],
                cwd=self.folder, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def start(self):
        self.begin_start()
        self.ready_us()

    def ready_us(self):
        """Waits for the server's own word that it is ready and gives the time that it says."""
        while self.process.poll() is None:
            for line in self.log.read_text(errors="replace").splitlines():
                if "database system is ready to accept connections" in line:
                    return int(float(line.split()[0]) * 1_000_000)
            time.sleep(0.005)
        raise Failed(f"the server ended: {self.last_of_log()}")

    def stop(self, how="fast"):
        if self.process is None:
            return
        if self.process.poll() is not None:
            self.process = None
            return
        self.run_as_server(programs() / "pg_ctl", "stop", "-D", "data", "-m", how, "--wait", stdout=subprocess.DEVNULL)
        self.process.wait()
        self.process = None

    def remove(self):
        self.stop("immediate")
        shutil.rmtree(self.folder)

    def psql(self, sql, database="postgres", user="trusted", host=None):
        variables = environment(self.port, user, database)
        if host is not None:
            variables["PGHOST"] = str(host)
        result = subprocess.run([str(programs() / "psql"), "-XAtq", "-v", "ON_ERROR_STOP=1"], env=variables, input=sql,
                                capture_output=True, text=True, check=False)
        if result.returncode != 0:
            raise Failed(f"psql: {result.stderr.strip()}")
        return result.stdout.strip()

    def new_database(self, name):
        """Whoever is still in the old one (the backend of a client that was killed) is thrown out."""
        self.psql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE);\nCREATE DATABASE {name} TEMPLATE template0;")

    def children_us(self):
        """The processor's time of all backends that have ended."""
        time.sleep(0.2)  # the last one is waited for by now
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        return (int(fields[13]) + int(fields[14])) * 1_000_000 // os.sysconf("SC_CLK_TCK")

    def save(self, snapshot):
        """Keeps a copy of the stopped cluster's files."""
        shutil.rmtree(snapshot, ignore_errors=True)
        subprocess.run(["cp", "--archive", "--reflink=auto", str(self.data), str(snapshot)], check=True)

    def restore(self, snapshot):
        shutil.rmtree(self.data)
        subprocess.run(["cp", "--archive", "--reflink=auto", str(snapshot), str(self.data)], check=True)

#!/usr/bin/env python3
"""How soon a wait sees that the server is ready, and what it costs until then.

usage: detection.py --build DIR [--rounds N] [--room N] [--draw]

Three measurements:
  detection  a stopped server is started while somebody waits for it: from the moment of which the server's log says that it
             accepts connections to the moment when the waiter has exited
  manners    how often a waiter knocks at a server that is starting up for ten seconds, and its own share of a core; five times
  room       so many processes wait for migrations at a server with 100 connections, and one of them applies those: is it let in,
             and how soon are the others gone

The first two, and the last, are kept in bench/results/readiness.json, and the tables of docs/readiness.md are drawn from there; fewer
rounds than twenty, or another room than a thousand, go to the build folder.
"""

import argparse
import concurrent.futures
import contextlib
import pathlib
import random
import socket
import struct
import subprocess
import tempfile
import threading
import time

import page_readiness
import provenance
import results
import rounds
from servers import Cluster, environment, free_port

ROUNDS, ROOM = 20, 1000
MANNERS_S, MANNERS_TURNS = 10, 5
MOST_WAIT_S = 30
TIMED_OUT = 124  # as coreutils' timeout has it
PENDING = "migrations are pending"  # as a waiter has it in its log
MOST_CONNECTIONS = 100
PG_ISREADY_LOOP = "until pg_isready -q; do sleep 1; done"
# A login sixty times, two seconds apart: what many an entrypoint does.
LOGIN_LOOP = "for attempt in $(seq 60); do psql -XAtqc 'SELECT 1' >/dev/null 2>&1 && exit 0; sleep 2; done; exit 1"


def waiters(program):
    """Name, command and role: trusted needs no password, postgres logs in with SCRAM."""
    def wait(rung):
        return [str(program), "wait", "--until", rung, "--log-level", "error"]
    return [
        ("`pgusher wait --until accepting`", wait("accepting"), "trusted"),
        ("`pgusher wait`, trust", wait("login"), "trusted"),
        ("`pgusher wait`, SCRAM", wait("login"), "postgres"),
        ("`pg_isready`, every second", ["bash", "-c", PG_ISREADY_LOOP], "trusted"),
        ("a login by psql, 60 times, every 2 seconds", ["bash", "-c", LOGIN_LOOP], "trusted"),
    ]


# --- detection --------------------------------------------------------------------------------------------------------

def detect(stopwatch, cluster, command, role):
    """Milliseconds. The server is started at a moment that no waiter can be in step with."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(rounds.run, stopwatch, (command, environment(cluster.port, role), None), timeout_s=MOST_WAIT_S)
        time.sleep(random.uniform(0.5, 2.5))
        cluster.begin_start()
        ready_us = cluster.ready_us()
        ended_us = waiting.result()["ended_us"]
    cluster.stop()
    return (ended_us - ready_us) / 1000


def measure_detection(stopwatch, program, folder, count):
    cluster = Cluster(folder / "detection")
    cluster.stop()
    taken = {name: [] for name, _, _ in waiters(program)}
    for turn in range(count):
        for name, command, role in rounds.order(waiters(program), turn):
            taken[name].append(detect(stopwatch, cluster, command, role))
        print(f"round {turn + 1} of {count}: " + ", ".join(f"{taken[name][-1]:.0f}" for name in taken), flush=True)
    cluster.remove()
    return taken


# --- manners ----------------------------------------------------------------------------------------------------------

def refusal():
    """As a server says it that is starting up."""
    fields = b"".join(code + text + b"\0" for code, text in (
        (b"S", b"FATAL"), (b"V", b"FATAL"), (b"C", b"57P03"), (b"M", b"the database system is starting up")))
    return b"E" + struct.pack("!I", len(fields) + 5) + fields + b"\0"


def serve(listener, accepted):
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        accepted.append(time.monotonic())
        with connection, contextlib.suppress(ConnectionError):  # one that is broken off says nothing of the next
            connection.recv(4096)
            connection.sendall(refusal())
            connection.shutdown(socket.SHUT_WR)
            connection.recv(4096)


def mind_manners(stopwatch, command, role):
    """Knocks a second, and the share of a core of the waiter with all that it starts."""
    accepted = []
    with socket.create_server(("127.0.0.1", free_port()), backlog=64) as listener:
        server = threading.Thread(target=serve, args=(listener, accepted))
        server.start()
        variables = environment(listener.getsockname()[1], role)
        try:
            sample = rounds.run(stopwatch, (["timeout", str(MANNERS_S), *command], variables, None), expected=TIMED_OUT)
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            server.join()
    return len(accepted) / MANNERS_S, sample["cpu_us"] / 1e6 / MANNERS_S


def measure_manners(stopwatch, program):
    """Several samples each, in turn."""
    taken = {name: [] for name, _, _ in waiters(program)}
    for turn in range(MANNERS_TURNS):
        print(f"manners: {turn + 1} of {MANNERS_TURNS}, {MANNERS_S} s each", flush=True)
        for name, command, role in rounds.order(waiters(program), turn):
            knocks, share = mind_manners(stopwatch, command, role)
            taken[name].append({"knocks_a_second": knocks, "of_a_core": share})
    return taken


# --- room -------------------------------------------------------------------------------------------------------------

def sample_sessions(cluster, counts, is_over):
    while not is_over.is_set():
        text = cluster.psql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pgusher'", host=cluster.folder)
        counts.append(int(text))
        is_over.wait(0.1)


def make_migrations(folder):
    folder.mkdir()
    for number in range(10):
        (folder / f"{number:03}.sql").write_text(f"CREATE TABLE t{number} (a int);\n")
    return folder


def start_waiter(program, variables, log):
    command = [str(program), "wait", "--until", "migrated", "--timeout", "10m", "--attempts", "10000", "--log-level", "warn"]
    with open(log, "wb") as said:
        return subprocess.Popen(command, env=variables, stdout=said)


def await_crowd(crowd):
    """crowd: log -> process. Until each has said that migrations are pending: it was let in, has looked, and waits."""
    silent = set(crowd)
    while silent:
        if any(crowd[log].poll() is not None for log in silent):
            raise SystemExit("room: a waiter ended before there was anything to wait for")
        silent = {log for log in silent if PENDING not in log.read_text(errors="replace")}
        time.sleep(0.1)


@contextlib.contextmanager
def sampled_sessions(cluster):
    counts, is_over = [], threading.Event()
    sampler = threading.Thread(target=sample_sessions, args=(cluster, counts, is_over))
    sampler.start()
    try:
        yield counts
    finally:
        is_over.set()
        sampler.join()


def measure_room(program, folder, size):
    """All of them wait before the one comes that works; their sessions are counted from the first one's start on."""
    cluster = Cluster(folder / "room", max_connections=MOST_CONNECTIONS, log_min_messages="warning")
    variables = dict(environment(cluster.port), PGUSHER_MIGRATIONS=str(make_migrations(folder / "migrations")))
    with sampled_sessions(cluster) as counts:
        crowd = {log: start_waiter(program, variables, log) for log in (folder / f"waiter-{number}" for number in range(size))}
        await_crowd(crowd)
        print(f"room: {size} wait", flush=True)
        begun = time.monotonic()
        up = subprocess.run([str(program), "up", "--log-level", "error"], env=variables, stdout=subprocess.DEVNULL, check=False)
        applied = time.monotonic()
        print(f"room: up has migrated after {applied - begun:.2f} s", flush=True)
        codes = [process.wait() for process in crowd.values()]
        gone = time.monotonic()
    cluster.remove()
    if up.returncode != 0 or any(codes):
        raise SystemExit(f"room: up ended with {up.returncode}, and {sum(code != 0 for code in codes)} waiters not with 0")
    return {"waiters": size, "max_connections": MOST_CONNECTIONS, "up_s": round(applied - begun, 2),
            "last_gone_s": round(gone - applied, 2), "most_sessions": max(counts), "sessions": counts}


# --- the program ------------------------------------------------------------------------------------------------------


def measure(options, folder, out):
    program, stopwatch = options.build / "pgusher", options.build / "bench" / "bench_stopwatch"
    if options.rounds > 0:
        run = provenance.run_of(options.rounds)
        taken = {"detection_ms": measure_detection(stopwatch, program, folder, options.rounds), "manners": measure_manners(stopwatch, program)}
        results.record_part(out, "readiness", "detection", {"run": run, **taken})
    if options.room > 0:
        run = provenance.run_of(1)
        results.record_part(out, "readiness", "room", {"run": run, **measure_room(program, folder, options.room)})


def main():
    parser = argparse.ArgumentParser(prog="./dev bench-readiness", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="0: only those who wait for migrations")
    parser.add_argument("--room", type=int, default=ROOM, help="how many wait for migrations; 0: none")
    parser.add_argument("--draw", action="store_true", help="run nothing: only the tables, from the results")
    options = parser.parse_args()
    options.build = options.build.resolve()
    is_trial = not options.draw and (0 < options.rounds < ROUNDS or options.room not in (0, ROOM))
    out = page_readiness.place(options.build, is_trial)
    if not options.draw:
        with tempfile.TemporaryDirectory(prefix="pgusher-detection.") as name:
            folder = pathlib.Path(name)
            folder.chmod(0o755)
            try:
                measure(options, folder, out)
            except rounds.Failed as failure:
                raise SystemExit(f"detection: {failure}") from failure
    page_readiness.write(out, is_trial)


if __name__ == "__main__":
    main()

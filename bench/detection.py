#!/usr/bin/env python3
"""How soon a wait sees that the server is ready, and what it costs until then.

usage: detection.py --build DIR [--rounds N] [--json FILE] [--room N]

Three measurements:
  detection  a stopped server is started while somebody waits for it: from the moment of which the server's log says that it
             accepts connections to the moment when the waiter has exited
  manners    how often a waiter knocks at a server that is starting up for ten seconds, and its own share of a core
  room       so many processes wait for migrations at a server with 100 connections, and one of them applies those: is it let in,
             and how soon are the others gone
"""

import argparse
import json
import os
import pathlib
import random
import resource
import socket
import struct
import subprocess
import tempfile
import threading
import time

import rounds
from servers import Cluster, environment, free_port

MANNERS_S = 10
MOST_CONNECTIONS = 100
PG_ISREADY_LOOP = "until pg_isready -q; do sleep 1; done"
# A login sixty times, two seconds apart: what many an entrypoint does.
LOGIN_LOOP = "for attempt in $(seq 60); do psql -XAtqc 'SELECT 1' >/dev/null 2>&1 && exit 0; sleep 2; done; exit 1"


def waiters(program):
    """Name, command and role: trusted needs no password, postgres logs in with SCRAM."""
    def wait(rung):
        return [str(program), "wait", "--until", rung, "--log-level", "error"]
    return [
        ("pgusher wait --until accepting", wait("accepting"), "trusted"),
        ("pgusher wait, trust", wait("login"), "trusted"),
        ("pgusher wait, SCRAM", wait("login"), "postgres"),
        ("pg_isready, every second", ["bash", "-c", PG_ISREADY_LOOP], "trusted"),
        ("a login by psql, 60 times, every 2 seconds", ["bash", "-c", LOGIN_LOOP], "trusted"),
    ]


# --- detection --------------------------------------------------------------------------------------------------------

def detect(cluster, command, role):
    """Milliseconds. The server is started at a moment that no waiter can be in step with."""
    process = subprocess.Popen(command, env=environment(cluster.port, role), stdout=subprocess.DEVNULL)
    time.sleep(random.uniform(0.5, 2.5))
    ended = []
    watcher = threading.Thread(target=lambda: (process.wait(), ended.append(time.time())))
    watcher.start()
    cluster.begin_start()
    ready_us = cluster.ready_us()
    watcher.join(30)
    if process.returncode != 0:
        raise SystemExit(f"detection: {' '.join(command)} ended with {process.returncode}")
    cluster.stop()
    return ended[0] * 1000 - ready_us / 1000


def measure_detection(program, folder, count):
    cluster = Cluster(folder / "detection")
    cluster.stop()
    results = {name: [] for name, _, _ in waiters(program)}
    for turn in range(count):
        for name, command, role in waiters(program):
            results[name].append(detect(cluster, command, role))
        print(f"round {turn + 1} of {count}: " + ", ".join(f"{results[name][-1]:.0f}" for name in results), flush=True)
    cluster.remove()
    return results


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
        with connection:
            connection.recv(4096)
            connection.sendall(refusal())
            connection.shutdown(socket.SHUT_WR)
            connection.recv(4096)


def mind_manners(command, role):
    """Knocks a second, and the share of a core of the waiter with all that it starts."""
    port = free_port()
    accepted = []
    listener = socket.create_server(("127.0.0.1", port), backlog=64)
    threading.Thread(target=serve, args=(listener, accepted), daemon=True).start()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(command, env=environment(port, role), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               start_new_session=True)
    time.sleep(MANNERS_S)
    os.killpg(process.pid, 15)
    process.wait()
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return len(accepted) / MANNERS_S, cpu_s / MANNERS_S


def measure_manners(program):
    manners = {}
    for waiter, command, role in waiters(program):
        print(f"manners: {waiter}, {MANNERS_S} s", flush=True)
        manners[waiter] = mind_manners(command, role)
    return manners


# --- room -------------------------------------------------------------------------------------------------------------

def sample_sessions(cluster, counts, is_over):
    while not is_over.is_set():
        text = cluster.psql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pgusher'", host=cluster.folder)
        counts.append(int(text))
        is_over.wait(0.1)


def measure_room(program, folder, size):
    """All of them wait before the one comes that works."""
    cluster = Cluster(folder / "room", max_connections=MOST_CONNECTIONS, log_connections="on", log_min_messages="warning")
    migrations = folder / "migrations"
    migrations.mkdir()
    for number in range(10):
        (migrations / f"{number:03}.sql").write_text(f"CREATE TABLE t{number} (a int);\n")
    variables = dict(environment(cluster.port), PGUSHER_MIGRATIONS=str(migrations), PGUSHER_LOG_LEVEL="error")
    crowd = [subprocess.Popen([str(program), "wait", "--until", "migrated", "--timeout", "10m", "--attempts", "10000"],
                              env=variables, stdout=subprocess.DEVNULL) for _ in range(size)]
    print(f"room: {size} wait", flush=True)
    time.sleep(20)
    counts, is_over = [], threading.Event()
    sampler = threading.Thread(target=sample_sessions, args=(cluster, counts, is_over))
    sampler.start()
    begun = time.monotonic()
    up = subprocess.run([str(program), "up"], env=variables, stdout=subprocess.DEVNULL, check=False)
    applied = time.monotonic()
    print(f"room: up has migrated after {applied - begun:.2f} s", flush=True)
    codes = [process.wait() for process in crowd]
    gone = time.monotonic()
    is_over.set()
    sampler.join()
    cluster.remove()
    if up.returncode != 0 or any(codes):
        raise SystemExit(f"room: up ended with {up.returncode}, and {sum(code != 0 for code in codes)} waiters not with 0")
    return {"waiters": size, "max_connections": MOST_CONNECTIONS, "up_s": round(applied - begun, 2),
            "last_gone_s": round(gone - applied, 2), "most_sessions": max(counts)}


# --- what is shown ----------------------------------------------------------------------------------------------------

def show_detection(result):
    print("\n| who waits | median | p95 | knocks a second | of a core |\n|---|---|---|---|---|")
    for name, numbers in result["detection_ms"].items():
        knocks, share = result["manners"][name]
        print(f"| {name} | {rounds.median(numbers):.0f} ms | {rounds.percentile(numbers, 95):.0f} ms | {knocks:.1f} | {share * 100:.1f} % |")


def show(result):
    if result["rounds"] > 0:
        show_detection(result)
    room = result.get("room")
    if room:
        print(f"\n{room['waiters']} waiters at {room['max_connections']} connections: up had migrated after {room['up_s']} s, "
              f"the last waiter was gone {room['last_gone_s']} s later; they had {room['most_sessions']} sessions at the most.")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=20, help="0: only those who wait for migrations")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--room", type=int, default=1000, help="how many wait for migrations; 0: none")
    options = parser.parse_args()
    program = (options.build / "pgusher").resolve()
    with tempfile.TemporaryDirectory(prefix="pgusher-detection.") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        result = {"rounds": options.rounds}
        if options.rounds > 0:
            result["detection_ms"] = measure_detection(program, folder, options.rounds)
            result["manners"] = measure_manners(program)
        if options.room > 0:
            result["room"] = measure_room(program, folder, options.room)
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n")
    show(result)


if __name__ == "__main__":
    main()

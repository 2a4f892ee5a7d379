"""Where a result comes from: the machine, the commit, and the versions of everything that took part. Knows nothing of what is measured."""

import datetime
import os
import pathlib
import platform
import subprocess

import servers

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIBRARIES = ("libpq", "libuv", "libcrypto")
# The program and what measures it; not what is made of the results.
MEASURED = ("src", "include", "sql", "docker", "meson.build", "meson_options.txt", "bench", ":!bench/results", ":!bench/aims.py",
            ":!bench/page*.py", ":!bench/plots.py", ":!bench/test_bench.py")


def said(*command, variables=None):
    """What a program prints, in one line; None when it is not there or cannot."""
    try:
        done = subprocess.run([*map(str, command)], cwd=ROOT, env={**os.environ, **(variables or {})}, text=True, check=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def commit():
    """The last one that changed what is measured, so that it stays the same when results are committed; with a word when what was built
    is not quite that. None where there is no repository."""
    git = ("git", "-c", f"safe.directory={ROOT}")
    name = said(*git, "log", "-1", "--abbrev=12", "--format=%h", "--", *MEASURED)
    changed = said(*git, "status", "--porcelain", "--untracked-files=no", "--", *MEASURED)
    return f"{name} with changes" if name and changed else name


def processor():
    lines = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def machine():
    memory_kb = next(line.split()[1] for line in open("/proc/meminfo", encoding="utf-8") if line.startswith("MemTotal"))
    system = next(line.split("=", 1)[1].strip().strip('"') for line in open("/etc/os-release", encoding="utf-8")
                  if line.startswith("PRETTY_NAME="))
    return {"processor": processor(), "cores": os.cpu_count(), "memory_gb": round(int(memory_kb) / 1e6, 1),
            "system": system, "kernel": platform.release(), "postgresql": said(servers.programs() / "postgres", "--version").split()[2]}


def machine_text(described):
    return (f"{described['processor']}, {described['cores']} cores, {described['memory_gb']} GB, {described['system']}, "
            f"Linux {described['kernel']}, PostgreSQL {described['postgresql']}")


def libraries(static_libpq=None):
    """Of the dynamic program; of the static one only libpq is built anew, in a folder of its own."""
    versions = {name: said("pkg-config", "--modversion", name) for name in LIBRARIES}
    if static_libpq is not None and static_libpq.exists():
        variables = {"PKG_CONFIG_PATH": str(static_libpq / "lib" / "pkgconfig")}
        versions["libpq, static"] = said("pkg-config", "--modversion", "libpq", variables=variables)
    return {name: version for name, version in versions.items() if version}


def run_of(round_count):
    """When, where and by what something is measured that runs no other tools than PostgreSQL's."""
    began = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    return {"began": began, "rounds": round_count, "commit": commit(), "machine": machine(), "versions": libraries()}


def debian(package):
    return said("dpkg-query", "--show", "--showformat=${Version}", package)

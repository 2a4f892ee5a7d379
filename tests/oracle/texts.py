#!/usr/bin/env python3
"""Real SQL for the comparison with psql: runs a program on all of it, given as files behind the program's own arguments.

- PostgreSQL's regression suite (src/test/regress/sql), out of Debian's source package;
- every script of the extensions that are installed with the server (postgresql-contrib);
- the schemas of the Debian packages that tests/packages applies.

What is downloaded is kept in ~/.cache/pgusher, and comes from one fixed Debian release, as in tests/packages.

usage: texts.py [--regress | --unpack] PROGRAM [ARGUMENT ...]

--regress: the regression suite only. --unpack: nothing is run on the texts; the folder of the suite is the last argument.
"""

import contextlib
import fcntl
import glob
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "packages"))
import packages  # noqa: E402  (its folder had to be named first)

SOURCE = "postgresql-15"

# The COPYs from stdin that the server refuses before it reads data, so that none are there: which occurrences of a line.
FAILING_COPIES = {
    "alter_table.sql": {
        "copy attest(a) from stdin;": [1],
        'copy attest("........pg.dropped.1........") from stdin;': [1],
    },
    "copy.sql": {"copy header_copytest from stdin with (header wrong_choice);": [1]},
    "copy2.sql": {
        "COPY x (xyz) from stdin;": [1],
        "COPY x from stdin (format CSV, FORMAT CSV);": [1],
        "COPY x from stdin (freeze off, freeze on);": [1],
        "COPY x from stdin (delimiter ',', delimiter ',');": [1],
        "COPY x from stdin (null ' ', null ' ');": [1],
        "COPY x from stdin (header off, header on);": [1],
        "COPY x from stdin (quote ':', quote ':');": [1],
        "COPY x from stdin (escape ':', escape ':');": [1],
        "COPY x from stdin (force_quote (a), force_quote *);": [1],
        "COPY x from stdin (force_not_null (a), force_not_null (b));": [1],
        "COPY x from stdin (force_null (a), force_null (b));": [1],
        "COPY x from stdin (convert_selectively (a), convert_selectively (b));": [1],
        "COPY x from stdin (encoding 'sql_ascii', encoding 'sql_ascii');": [1],
        "COPY x (a, b, c, d, e, d, c) from stdin;": [1],
        "COPY x from stdin WHERE f > 60003;": [1],
        "COPY x from stdin WHERE a = max(x.b);": [1],
        "COPY x from stdin WHERE a IN (SELECT 1 FROM x);": [1],
        "COPY x from stdin WHERE a IN (generate_series(1,5));": [1],
        "COPY x from stdin WHERE a = row_number() over(b);": [1],
        "COPY forcetest (d, e) FROM STDIN WITH (FORMAT csv, FORCE_NOT_NULL(b));": [1],
        "COPY forcetest (d, e) FROM STDIN WITH (FORMAT csv, FORCE_NULL(b));": [1],
    },
    "copyselect.sql": {"copy (select * from test1) from stdin;": [1]},
    "generated.sql": {
        "COPY gtest1 (a, b) FROM stdin;": [1],
        "COPY gtest1 FROM stdin WHERE b <> 10;": [1],
        "COPY gtest1 FROM stdin WHERE gtest1 IS NULL;": [1],
        "COPY gtest3 (a, b) FROM stdin;": [1],
    },
    "privileges.sql": {"COPY atest2 FROM stdin; -- fail": [1, 2], "COPY atest5 FROM stdin; -- fail": [1]},
    "rowsecurity.sql": {
        "COPY copy_t FROM STDIN; --fail - would be affected by RLS.": [1],
        "COPY copy_t FROM STDIN; --fail - COPY FROM not supported by RLS.": [1],
        "COPY copy_t FROM STDIN; --fail - permission denied.": [1, 2],
    },
}

# What the rules cannot say: COPYs that "\;" ties to others, and parentheses that only one branch of an \if opens.
REWRITTEN = {
    "copyselect.sql": [(r"copy test3 from stdin\; copy test3 from stdin\;", "copy test3 from stdin; copy test3 from stdin;")],
    "psql.sql": [
        (
            "('Calvin'), ('hobbes') \\;\nCOPY psql_comics FROM STDIN \\;\n",
            "('Calvin'), ('hobbes') ;\nCOPY psql_comics FROM STDIN ;\nMoe\nSusie\n\\.\n",
        ),
        ("  \\else\n    (bogus\n", ""),
        ("select \\if false \\\\ (bogus \\else \\\\ 42 \\endif \\\\ forty_two;", "select 42 forty_two;"),
        ("SELECT 'ok' AS \"done\" ;\nMoe\nSusie\n\\.\n", "SELECT 'ok' AS \"done\" ;\n"),
    ],
}


def download_source(folder):
    """The regression suite out of Debian's source package: of the upstream's archive in it, sql/ and expected/."""
    state = folder.with_name("apt-source")
    for part in ("lists/partial", "archives/partial", "new"):
        (state / part).mkdir(parents=True, exist_ok=True)
    line = f"deb-src [signed-by={packages.KEYRING}] {packages.debian_mirror()} {packages.RELEASE} main\n"
    (state / "sources.list").write_text(line)
    (state / "status").touch()
    settings = {
        "Dir::State::lists": state / "lists",
        "Dir::State::status": state / "status",
        "Dir::Cache": state,
        "Dir::Etc::sourcelist": state / "sources.list",
        "Dir::Etc::sourceparts": "-",
        "APT::Sandbox::User": "root",  # the folders are the user's own, _apt could not write to them
    }
    apt_get = ["apt-get", "-q"] + [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]
    packages.run(apt_get + ["update"])
    packages.run(apt_get + ["source", "--download-only", SOURCE], cwd=state / "new")
    fresh = pathlib.Path(tempfile.mkdtemp(dir=folder.parent))
    with tarfile.open(next((state / "new").glob("*.orig.tar.*"))) as archive:
        for member in archive:
            found = re.search(r"/src/test/regress/((?:sql|expected)/[^/]+\.(?:sql|out))$", member.name)
            if found and member.isfile():
                path = fresh / found[1]
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(archive.extractfile(member).read())
    fresh.chmod(0o755)
    fresh.replace(folder)
    shutil.rmtree(state)


def cache():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    folder = pathlib.Path(base) / "pgusher" / packages.RELEASE
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextlib.contextmanager
def alone():
    """Several tests may want the same download at the same time."""
    with open(cache() / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def fetch_suite():
    folder = cache() / "regress"
    with alone():
        if not folder.is_dir():
            download_source(folder)
    return folder


def without_expectations_of_psql(name, text):
    """The text under the rule of both sides: data follow every COPY ... FROM STDIN, with "\\." at their end."""
    for old, new in REWRITTEN.get(name, []):
        if old not in text:
            raise packages.Failure(f"{name} has no {old!r} any more")
        text = text.replace(old, new)
    text = re.sub(r":\{\?\w+\}", "FALSE", text)  # what psql sends of a variable that is not set
    failing = FAILING_COPIES.get(name, {})
    seen = dict.fromkeys(failing, 0)
    lines = []
    for line in text.split("\n"):
        lines.append(line)
        if line.rstrip() in failing:
            seen[line.rstrip()] += 1
            if seen[line.rstrip()] in failing[line.rstrip()]:
                lines.append("\\.")
    for line, count in seen.items():
        if count < max(failing[line]):
            raise packages.Failure(f"{name} has no {line!r} any more")
    return "\n".join(lines)


def regression_suite(work):
    folder = work / "regress"
    folder.mkdir()
    for path in sorted((fetch_suite() / "sql").glob("*.sql")):
        text = path.read_bytes().decode("latin-1")  # whatever the bytes are, they come back as they were
        (folder / path.name).write_bytes(without_expectations_of_psql(path.name, text).encode("latin-1"))
    return sorted(folder.glob("*.sql"))


def extension_scripts():
    found = sorted(glob.glob("/usr/share/postgresql/*/extension/*.sql"))
    if not found:
        raise packages.Failure("no extension scripts are installed: postgresql-contrib is missing")
    return found


def package_schemas(work):
    with alone():
        roots = packages.fetch(sorted({package for package, _ in packages.SCHEMAS.values()}))
    return [
        path
        for name, (package, files) in packages.SCHEMAS.items()
        for path in packages.make_migrations(roots[package], files, work / name)
    ]


def main(which, command):
    if which == "--unpack":
        return subprocess.call([*command, str(fetch_suite())])
    with tempfile.TemporaryDirectory(prefix="pgusher-") as folder:
        work = pathlib.Path(folder)
        texts = regression_suite(work)
        if which != "--regress":
            texts += extension_scripts() + package_schemas(work)
        return subprocess.call([*command, *map(str, texts)])


if __name__ == "__main__":
    WORDS = sys.argv[1:]
    WHICH = WORDS.pop(0) if WORDS and WORDS[0] in ("--regress", "--unpack") else None
    if not WORDS:
        sys.exit(__doc__)
    try:
        sys.exit(main(WHICH, WORDS))
    except packages.Failure as broken:
        sys.exit(f"texts.py: {broken}")

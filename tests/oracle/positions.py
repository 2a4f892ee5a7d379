#!/usr/bin/env python3
"""Fifty real errors: the file:line:column that `pgusher up` prints is where psql's own "LINE n:" and its caret point.

The errors are those of PostgreSQL's regression suite, statement and place both out of its expected output. Of all that a fresh
server, too, answers with just that error (the others need tables that are not there), fifty are taken, evenly spread. Each becomes
a migration of its own, behind other text: none, comments in UTF-8, tabs and a statement on the same line, CRLF.

Behind them come places of errors that psql shows otherwise: in what a function runs, and in COPY data. The report is in TAP.

usage: positions.py PGUSHER
"""

import pathlib
import re
import signal
import subprocess
import sys
import tempfile

import texts
from texts import packages

WANTED = 50
MOST_OF_ONE_FILE = 20
FILES = [
    "alter_table", "arrays", "bit", "boolean", "create_function_sql", "create_table", "create_view", "date", "enum", "errors",
    "float8", "horology", "inet", "int4", "interval", "json", "jsonb", "name", "numeric", "numerology", "plpgsql", "point",
    "polymorphism", "rangetypes", "regproc", "rowtypes", "select", "strings", "subselect", "timestamp", "timestamptz", "triggers",
    "unicode", "union", "uuid", "window", "with", "xid",
]  # fmt: skip

# What stands before the statement, in place of which line 1 of the statement begins.
BEFORE = [
    "",
    "-- Prüfung: 漢字, 😀\nSELECT 'ä€';\n\n",
    "\tSELECT 'é';\t/* ü */\t",
    "\ufeffSELECT 1; -- ß\n  ",
]

RESULT = re.compile(r"^(ERROR|LINE \d+|DETAIL|HINT|CONTEXT|QUERY|NOTICE|WARNING|INFO):|^\s*\^$|^\(\d+ rows?\)$|^--|^\\|^\s*$")


class Case:
    """A statement and where psql's caret stands in it; both count from 1."""

    def __init__(self, statement, error, line, column):
        self.statement, self.error, self.line, self.column = statement, error, line, column


def caret(lines, at):
    """The place that the lines LINE n: and ^ from at on show, or None when psql has cut the line in front."""
    found = re.match(r"LINE (\d+): ", lines[at])
    if not found or lines[at][found.end() :].startswith("...") or at + 1 == len(lines) or lines[at + 1].strip() != "^":
        return None
    return int(found[1]), lines[at + 1].index("^") - found.end() + 1


def statement_before(lines, at):
    """The statement that is echoed in front of an error, when it is one plain statement."""
    first = at
    while first > 0 and not RESULT.match(lines[first - 1]) and not (first < at and lines[first - 1].rstrip().endswith(";")):
        first -= 1
    text = "\n".join(lines[first:at])
    plain = text.endswith(";") and text.count(";") == 1 and not re.search(r"\\|(^|[^:]):[a-z'\"]|copy|\t", text, re.IGNORECASE)
    return text if plain else None


def cases_of(name):
    suite = texts.fetch_suite()
    lines = (suite / "expected" / f"{name}.out").read_text(encoding="utf-8").split("\n")
    script = (suite / "sql" / f"{name}.sql").read_text(encoding="utf-8")
    for at, line in enumerate(lines[:-2]):
        if line.startswith("ERROR:  "):
            statement, place = statement_before(lines, at), caret(lines, at + 1)
            if statement and place and statement in script:
                yield Case(statement, line.removeprefix("ERROR:  "), *place)


def errors_of_psql(cluster, database, cases):
    """What psql says of each on a fresh server, all in one run: its lines on stderr."""
    script = "".join(f"\\warn '@'\nBEGIN;\n{case.statement}\nROLLBACK;\n" for case in cases)
    command = ["psql", "-X", "-q", "-o", "/dev/null", "-d", database]
    done = subprocess.run(command, env=cluster.environment, input=script, capture_output=True, text=True, check=False)
    return [said.split("\n") for said in done.stderr.split("@\n")[1:]]


def fifty_cases(cluster, database):
    cases = list({case.statement: case for name in FILES for case in list(cases_of(name))[:MOST_OF_ONE_FILE]}.values())
    same = [
        case
        for case, lines in zip(cases, errors_of_psql(cluster, database, cases))
        if lines[0] == f"ERROR:  {case.error}" and caret(lines, 1) == (case.line, case.column)
    ]
    if len(same) < WANTED:
        raise packages.Failure(f"only {len(same)} errors are the same on a fresh server")
    return [same[i * len(same) // WANTED] for i in range(WANTED)]


def error_of(cluster, pgusher, database, text):
    """What pgusher up says of a folder with that one file, which must fail."""
    with tempfile.TemporaryDirectory(prefix="pgusher-") as folder:
        (pathlib.Path(folder) / "1.sql").write_bytes(text.encode())
        command = [pgusher, "up", "-m", folder, "--database", f"dbname={database}"]
        done = subprocess.run(command, env=cluster.environment, capture_output=True, text=True, check=False)
    if done.returncode != 5:
        raise packages.Failure(f"exit code {done.returncode}\n{done.stderr}")
    return done.stderr


def place_of(said):
    found = re.search(r"1\.sql:(\d+):(\d+): ERROR", said)
    return (int(found[1]), int(found[2])) if found else None


def expected_place(before, case):
    line, last = before.count("\n"), before.split("\n")[-1].lstrip("\ufeff")
    return case.line + line, case.column + (len(last) if case.line == 1 else 0)


def check_case(cluster, pgusher, database, number, case):
    before, statement = BEFORE[number % len(BEFORE)], case.statement
    expected = expected_place(before, case)
    text = before + statement + "\n"
    if number % 8 >= 4:
        text = text.replace("\n", "\r\n")
    said = error_of(cluster, pgusher, database, text)
    if place_of(said) != expected:
        raise packages.Failure(f"{place_of(said)} instead of {expected}\n{text}\n{said}")


INSIDE = "DO $$\nBEGIN\n  EXECUTE 'SELECT 1,\n nothing';\nEND $$;\n"
COPY = "CREATE TABLE t (a int, b int);\n\nCOPY t (a, b) FROM stdin;\n"
OTHERS = {
    # text: (place, what has to be said besides)
    "SELECT 'ü';\n" + INSIDE: ((2, 1), ["nothing", "PL/pgSQL function inline_code_block line 3 at EXECUTE", "SELECT 1,"]),
    "SELECT 'ü';\nDO $$\nBEGIN\n  PERFORM 1;\n  IF THEN END IF;\nEND $$;\n": ((5, 6), ["missing expression"]),
    COPY + "1\t2\n3\tä\n\\.\n": ((5, 1), ["COPY t, line 2, column b", "3\tä".replace("\t", " ")]),
    COPY + "1\t2\n\\.\nCOPY t FROM stdin;\n1\t2\n3\t4\n5\n\\.\n": ((9, 1), ["COPY t, line 3"]),
    "CREATE TABLE \"T 1\" (a int UNIQUE);\nCOPY \"T 1\" FROM stdin;\n1\n2\n1\n\\.\n": ((5, 1), ["COPY T 1, line 3"]),
    "COPY nowhere FROM stdin;\n1\n\\.\n": ((1, 1), ["nowhere"]),
}


def check_other(cluster, pgusher, database, text, expected):
    said = error_of(cluster, pgusher, database, text)
    place, parts = expected
    if place_of(said) != place or any(part not in said for part in parts):
        raise packages.Failure(f"{place_of(said)} instead of {place}, or without one of {parts}\n{text}\n{said}")


def main(pgusher):
    failed = 0
    print(f"1..{WANTED + len(OTHERS)}", flush=True)
    with packages.Cluster() as cluster:
        database = cluster.create("positions")
        checks = [(check_case, number, case) for number, case in enumerate(fifty_cases(cluster, database))]
        checks += [(check_other, text, expected) for text, expected in OTHERS.items()]
        for number, (check, what, case) in enumerate(checks, start=1):
            name = repr(case.statement[:60] if check is check_case else what[-60:]).replace("#", "")
            try:
                check(cluster, pgusher, database, what, case)
                print(f"ok {number} - {name}", flush=True)
            except packages.Failure as failure:
                failed += 1
                print(f"not ok {number} - {name}", flush=True)
                print("".join(f"# {line}\n" for line in str(failure).splitlines()), end="", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the cluster ends with us
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        sys.exit(main(sys.argv[1]))
    except packages.Failure as broken:
        print(f"Bail out! {broken}")
        sys.exit(1)

#!/bin/sh
# usage: check-migrations.sh [DUMP]
# Applies all migrations to an empty database and, where DUMP is one that pg_dump --format=custom made of the last release's database, to a
# copy of that. Each must end with nothing pending and with no applied file edited. psql, createdb and pg_restore find the server by
# PGHOST, PGUSER and PGPASSWORD, and so does pgusher.
set -eu

check() {
    echo "--- $1"
    PGDATABASE=$1 pgusher up --strict
    PGDATABASE=$1 pgusher up --strict # again: there must be nothing to do
    PGDATABASE=$1 pgusher status --check
}

createdb migrations_empty
check migrations_empty

[ $# -gt 0 ] || exit 0
createdb migrations_release
pg_restore --no-owner --dbname migrations_release "$1"
check migrations_release

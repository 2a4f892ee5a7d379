#!/usr/bin/env bash
# usage: psql_loop.sh FOLDER
#
# Migrations by psql and a shell loop, as entrypoint scripts have it. The environment says where the server is (PGHOST ...), and
# PATH where psql is.
set -euo pipefail

until pg_isready --quiet; do
    sleep 1
done
psql='psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1'
$psql --command="SET client_min_messages = warning;
    CREATE TABLE IF NOT EXISTS schema_migrations (
        migration_name VARCHAR(255) PRIMARY KEY,
        applied_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
    )"
$psql --tuples-only --no-align --command='SELECT migration_name FROM schema_migrations' | LC_ALL=C sort |
    LC_ALL=C comm -23 <(cd "$1" && printf '%s\n' *.sql | LC_ALL=C sort) - |
    while read -r name; do
        $psql --single-transaction --file="$1/$name" \
            --command="INSERT INTO public.schema_migrations (migration_name) VALUES ('$name')" </dev/null
    done

#!/usr/bin/env bash
# What existing compose files rely on in the official image: POSTGRES_USER, POSTGRES_PASSWORD and POSTGRES_DB, each also as _FILE; the
# scripts of /docker-entrypoint-initdb.d; and a first, temporary server, which listens on the unix socket only.
set -euo pipefail

if [ "$(id -u)" = 0 ]; then
    chown postgres: "$PGDATA"
    exec setpriv --reuid=postgres --regid=postgres --init-groups "${BASH_SOURCE[0]}" "$@"
fi

# read_variable NAME DEFAULT
read_variable() {
    local file=$1_FILE
    if [ -n "${!file:-}" ]; then
        [ -z "${!1:-}" ] || { echo "both $1 and $file are set" >&2 && exit 1; }
        printf '%s' "$(<"${!file}")"
    else
        printf '%s' "${!1:-$2}"
    fi
}

make_cluster() {
    local user password database script
    user=$(read_variable POSTGRES_USER postgres)
    password=$(read_variable POSTGRES_PASSWORD '')
    database=$(read_variable POSTGRES_DB "$user")
    [ -n "$password" ] || { echo "POSTGRES_PASSWORD must not be empty" >&2 && exit 1; }
    initdb --username="$user" --pwfile=<(printf '%s\n' "$password") --encoding=UTF8 --locale=C.UTF-8 --auth-local=trust \
        --auth-host=scram-sha-256 --no-sync
    echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"

    pg_ctl --wait start -o "-c listen_addresses=''"
    [ "$database" = postgres ] || createdb --username="$user" "$database"
    for script in /docker-entrypoint-initdb.d/*; do
        case $script in
        *.sh) . "$script" ;;
        *.sql) psql --no-psqlrc --set=ON_ERROR_STOP=1 --username="$user" --dbname="$database" --file="$script" ;;
        esac
    done
    pg_ctl --wait --mode=fast stop
}

if [ "${1:-}" = postgres ]; then
    [ -s "$PGDATA/PG_VERSION" ] || make_cluster
    set -- "$@" -c "listen_addresses=*"
fi
exec "$@"

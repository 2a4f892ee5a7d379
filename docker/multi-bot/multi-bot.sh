#!/usr/bin/env bash
# usage: multi-bot.sh start|stop|status|logs all|NAME
#
# Starts, stops and shows the bots of this folder, one or all. `start` writes compose.yml anew from the template and the .env.NAME
# files, if pgusher is there to do it (PGUSHER names another one). Bots wait for db-migrate, which Compose starts with them.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"

pgusher=${PGUSHER:-pgusher}

die() {
    printf 'multi-bot: %s\n' "$*" >&2
    exit 2
}

usage() {
    sed -n 's/^# \(usage: .*\)/\1/p' "${BASH_SOURCE[0]}" >&2
    exit 2
}

# Compose is a plugin of docker now, and was a program of its own.
compose() {
    if docker compose version >/dev/null 2>&1; then
        docker compose --file compose.yml "$@"
    elif command -v docker-compose >/dev/null; then
        docker-compose --file compose.yml "$@"
    else
        die "neither 'docker compose' nor docker-compose is there"
    fi
}

generate() {
    if command -v "$pgusher" >/dev/null; then
        "$pgusher" compose generate --template compose.template.yml --output compose.yml
    elif [ -e compose.yml ]; then
        printf 'multi-bot: without %s compose.yml stays as it is\n' "$pgusher" >&2
    else
        die "$pgusher is needed to write compose.yml (or another one, named by PGUSHER)"
    fi
}

# The services of all bots or of one, into the array services.
find_services() {
    local file name
    services=()
    for file in .env.*; do
        name=${file#.env.}
        case $name in
        example | sample | template | dist | '*') continue ;;
        esac
        if [ "$1" = all ] || [ "$1" = "$name" ]; then
            services+=("$name-bot")
        fi
    done
    [ ${#services[@]} -gt 0 ] || die "there is no bot $1: no file .env.$1"
}

[ $# -eq 2 ] || usage
command=$1
find_services "$2"
[ "$command" = start ] || [ -e compose.yml ] || die "compose.yml is not there yet: start something first"

case $command in
start)
    generate
    compose up --detach "${services[@]}"
    ;;
stop)
    compose stop "${services[@]}"
    # all means all: the server too
    [ "$2" != all ] || compose stop
    ;;
status) compose ps "${services[@]}" ;;
logs) compose logs --follow --tail=100 "${services[@]}" ;;
*) usage ;;
esac

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

# The service of one bot; none for all, which Compose takes for everything in the file, the server too.
service_of() {
    [ "$1" != all ] || return 0
    case $1 in
    '' | example | sample | template | dist | */*) die "there is no bot $1" ;;
    esac
    [ -e ".env.$1" ] || die "there is no bot $1: no file .env.$1"
    printf '%s-bot' "$1"
}

[ $# -eq 2 ] || usage
case $1 in
start) ;;
stop | status | logs) [ -e compose.yml ] || die "compose.yml is not there yet: start something first" ;;
*) usage ;;
esac
service=$(service_of "$2")

case $1 in
start)
    generate
    compose up --detach ${service:+"$service"}
    ;;
stop) compose stop ${service:+"$service"} ;;
status) compose ps --all ${service:+"$service"} ;;
logs)
    follow=
    [ ! -t 1 ] || follow=--follow # in a pipe it is to end
    compose logs --tail=100 ${follow:+"$follow"} ${service:+"$service"}
    ;;
esac

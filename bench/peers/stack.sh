#!/usr/bin/env bash
# usage: stack.sh each|once APPLICATIONS PYTHON APPLICATION MIGRATE [ARGUMENT ...]
#
# Several applications that need the same schema. `each`: every one of them runs the migrations at its start, one after another
# behind a lock, and then comes up. `once`: the migrations run once, then all come up together. Ends when the last one is up.
set -euo pipefail
manner=$1 applications=$2 python=$3 application=$4
shift 4

start_each() {
    flock "$lock" "$@"
    "$python" "$application"
}

lock=$(mktemp)
trap 'rm "$lock"' EXIT
[ "$manner" = each ] || "$@"
pids=()
for _ in $(seq "$applications"); do
    if [ "$manner" = each ]; then
        start_each "$@" &
    else
        "$python" "$application" &
    fi
    pids+=($!)
done
for pid in "${pids[@]}"; do
    wait "$pid"
done

#!/usr/bin/env bash
# usage: tests/e2e/images.sh MIRROR
# The images that the end-to-end tests run: Debian by debootstrap, PostgreSQL from Debian's packages with an entrypoint that
# behaves as the official image's does, and ours, built by docker/Dockerfile on that Debian, twice: libpq and program again in another
# folder, so that the two can be compared. No registry is asked. What is there is not made again; the Debian is kept in ~/.cache/pgusher as well, for an engine that has lost its images.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.."

mirror=$1
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
debian=pgusher-test/debian:$suite
kept=${XDG_CACHE_HOME:-$HOME/.cache}/pgusher/debian-$suite.tar
log=$(mktemp /tmp/pgusher-images.XXXXXX)
export DOCKER_BUILDKIT=0 # the builder that is in every engine

finish() {
    local code=$?
    [ "$code" = 0 ] || tail -n 40 "$log" >&2
    rm -rf "$log" "${root:-}"
    exit "$code"
}
trap finish EXIT

say() {
    printf 'e2e: %s\n' "$*"
}

has_image() {
    docker image inspect "$1" >/dev/null 2>&1
}

bootstrap() {
    debootstrap --variant=minbase --include=ca-certificates,debian-archive-keyring "$suite" "$1" "$mirror" >>"$log" 2>&1
}

make_debian() {
    if [ ! -e "$kept" ]; then
        say "making a Debian with debootstrap"
        root=$(mktemp -d /tmp/pgusher-debian.XXXXXX)
        bootstrap "$root" || bootstrap "$root" # a download may fail; what was fetched already is kept in between
        cp /etc/apt/sources.list.d/debian.sources "$root/etc/apt/sources.list.d/" 2>/dev/null &&
            rm -f "$root/etc/apt/sources.list"
        rm -rf "$root"/var/cache/apt/archives/*.deb
        echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/throw-away" # no fsync for what is made again at any time
        mkdir -p "${kept%/*}"
        tar --numeric-owner --one-file-system -C "$root" -cf "$kept.new" .
        mv "$kept.new" "$kept"
    fi
    docker import --change 'CMD ["bash"]' "$kept" "$debian" >>"$log"
}

# build TAG ARGUMENT ...: the engine's own cache knows what has changed. The host's network, because its packets may have to be smaller
# than the engine's bridge thinks.
build() {
    say "building $1"
    docker build --network host --build-arg "BASE=$debian" --tag "$@" >>"$log" 2>&1
}

has_image "$debian" || make_debian
build pgusher-test/postgres tests/e2e/postgres
build pgusher-test/build --target build --file docker/Dockerfile .
build pgusher-test/build-elsewhere --target build --build-arg FOLDER=/some/where/else --file docker/Dockerfile .
build pgusher-test/pgusher --file docker/Dockerfile .

#!/bin/sh
# usage: docker/libpq.sh PREFIX
# Builds a libpq that links statically: Debian's own libpq.a wants GSSAPI and LDAP, of which there are no static libraries. The
# sources are those of the suite's libpq-dev, from the archive that apt is set up for. Into PREFIX go libpq.a, its headers and a
# libpq.pc. scram_salted_password.c, beside this script, takes the place of the function of that name. It needs dpkg-dev, gcc, make and
# libssl-dev.
set -eu

prefix=$1
here=$(realpath "$(dirname "$0")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# apt rarely knows where the sources are: lists of our own, which leave the system's alone.
source_lists() {
    mkdir -p lists/partial
    apt-get indextargets --format '$(ORIGIN) $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
        sed -n 's|^Debian |deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] |p' >sources.list
    [ -s sources.list ] || {
        echo "docker/libpq.sh: apt knows no Debian archive; has apt-get update been run?" >&2
        exit 1
    }
    cat >apt.conf <<CONF
Dir::Etc::sourcelist "$work/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "$work/lists";
APT::Sandbox::User "root";
CONF
    export APT_CONFIG="$work/apt.conf"
    apt-get -qq update
}

# An archive may name a newer version than it gives away: then the next one is taken, and said.
fetch() {
    versions=$(apt-cache showsrc "$1" | sed -n 's/^Version: //p' | sort -Vru)
    for version in $versions; do
        if apt-get -qq source --download-only --only-source "$1=$version" >fetch.log 2>&1; then
            echo "docker/libpq.sh: $1 $version"
            return
        fi
        echo "docker/libpq.sh: $1 $version cannot be fetched here" >&2
    done
    cat fetch.log >&2
    exit 1
}

compile() {
    dpkg-source --no-check -x ./*.dsc source >dpkg-source.log
    cd source
    flags="-O2 -g0 -fPIC -ffunction-sections -fdata-sections -fstack-protector-strong -fstack-clash-protection -fcf-protection \
        -D_FORTIFY_SOURCE=2 -ffile-prefix-map=$PWD=."
    ./configure --prefix=/usr --sysconfdir=/etc/postgresql-common --with-openssl --without-readline --without-zlib \
        --without-icu CFLAGS="$flags" >configure.log 2>&1 || { tail -n 20 configure.log >&2 && exit 1; }
    for part in "src/common all" "src/port all" "src/interfaces/libpq all-static-lib"; do
        make -s -j "$(nproc)" -C $part >make.log 2>&1 || { tail -n 20 make.log >&2 && exit 1; }
    done
}

# Ours is part of libpq.a, and libpq's own gives way to it.
replace_salted_password() {
    gcc $flags -Wall -Werror -I src/include -c "$here/scram_salted_password.c" -o scram_salted_password.o
    ar r src/interfaces/libpq/libpq.a scram_salted_password.o
    objcopy --weaken-symbol=scram_SaltedPassword src/common/libpgcommon_shlib.a
}

# The archives "shlib" are the ones that libpq itself is linked with: they never end the process.
install_into() {
    mkdir -p "$prefix/include" "$prefix/lib/pkgconfig"
    cp src/interfaces/libpq/libpq-fe.h src/interfaces/libpq/libpq-events.h src/include/postgres_ext.h \
        src/include/pg_config_ext.h "$prefix/include/"
    cp src/interfaces/libpq/libpq.a src/common/libpgcommon_shlib.a src/port/libpgport_shlib.a "$prefix/lib/"
    cat >"$prefix/lib/pkgconfig/libpq.pc" <<PC
Name: libpq
Description: PostgreSQL's client library, to be linked statically
Version: $(sed -n "s/^PACKAGE_VERSION='\(.*\)'/\1/p" configure)
Requires: libssl libcrypto
Libs: -L$prefix/lib -lpq -lpgcommon_shlib -lpgport_shlib -lm
Cflags: -I$prefix/include
PC
}

source_of() {
    apt-cache show "$1" | sed -n 's/^Source: \([^ ]*\).*/\1/p' | head -n 1
}

package=$(source_of libpq-dev)
source_lists
fetch "$package"
compile
replace_salted_password
install_into

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What `make`, `make demo` and `make test` need of the system: looks for each thing itself, not for
# a package, and installs what is missing as Debian packages when run as root; otherwise prints
# the one command to run. apache2-bin is httpd without the system's service: nothing is started.
set -eu

missing=
need() { # need PACKAGE file-or-command...
    package=$1
    shift
    for thing in "$@"; do
        case $thing in
        */*) [ -e "$thing" ] && return ;;
        *) command -v "$thing" >/dev/null 2>&1 && return ;;
        esac
    done
    missing="$missing $package"
}

need apache2-dev apxs apxs2
need libjansson-dev /usr/include/jansson.h /usr/local/include/jansson.h
case $1 in
demo | test)
    need apache2-bin /usr/sbin/apache2 httpd
    need apache2-utils htpasswd
    need sqlite3 sqlite3
    need libaprutil1-dbd-sqlite3 /usr/lib/*/apr-util-1/apr_dbd_sqlite3.so /usr/lib/*/apr-util-1/apr_dbd_sqlite3-1.so
    need python3 /usr/bin/python3
    ;;
esac
case $1 in
test)
    need curl curl
    need libcmocka-dev /usr/include/cmocka.h
    need python3-pytest /usr/lib/python3/dist-packages/pytest
    need python3-pystache /usr/lib/python3/dist-packages/pystache
    need nghttp2-client nghttp
    need clang clang
    need clang-format clang-format
    need clang-tidy clang-tidy
    need cppcheck cppcheck
    need valgrind valgrind
    ;;
esac

[ -z "$missing" ] && exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "These are missing. On Debian run this once, then the same make again:" >&2
    echo "  sudo apt-get install --no-install-recommends$missing" >&2
    exit 1
fi
echo "installing:$missing"
apt-get update -qq
# shellcheck disable=SC2086  # a list of packages
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null

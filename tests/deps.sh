#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What `make`, `make demo`, `make manual`, `make deb`, `make test`, `make test-deb` and `make bench` need of the system: looks for each thing itself, not for
# a package, and installs what is missing as Debian packages when run as root; otherwise prints
# the one command to run. apache2-bin is httpd without the system's service: nothing is started.
set -eu

missing= wanted=
is_there() { # is_there file-or-command...
    for thing in "$@"; do
        case $thing in
        */*) [ -e "$thing" ] && return ;;
        *) command -v "$thing" >/dev/null 2>&1 && return ;;
        esac
    done
    return 1
}
need() { # need PACKAGE file-or-command...
    package=$1
    shift
    is_there "$@" || missing="$missing $package"
}
want() { # the same, for tests that are skipped without it
    package=$1
    shift
    is_there "$@" || wanted="$wanted $package"
}
default_clang() { # the version that the package clang brings: libFuzzer's package has it in its name
    case $(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release 2>/dev/null) in
    trixie) echo 19 ;;
    *) echo 14 ;;
    esac
}

case $1 in
manual) ;;
*)
    need apache2-dev apxs apxs2
    need gettext msgfmt
    need libjansson-dev /usr/include/jansson.h /usr/local/include/jansson.h
    need libunistring-dev /usr/include/unicase.h /usr/local/include/unicase.h
    ;;
esac
case $1 in
manual | deb | chroots | test)
    need python3 /usr/bin/python3
    need python3-markdown-it /usr/lib/python3/dist-packages/markdown_it
    ;;
esac
case $1 in
chroots)
    need debootstrap debootstrap
    need iproute2 ip
    need git git
    ;;
esac
case $1 in
deb | chroots | test)
    need build-essential /usr/share/build-essential/essential-packages-list
    need debhelper dh
    need dpkg-dev dpkg-buildpackage
    need libcmocka-dev /usr/include/cmocka.h
    need tzdata /usr/share/zoneinfo/Europe/Berlin
    need libaprutil1-dbd-sqlite3 /usr/lib/*/apr-util-1/apr_dbd_sqlite3.so /usr/lib/*/apr-util-1/apr_dbd_sqlite3-1.so
    ;;
esac
case $1 in
chroots | test)
    want lintian lintian
    want rpm rpmbuild
    ;;
esac
case $1 in
demo | chroots | test | bench)
    need apache2-bin /usr/sbin/apache2 httpd
    need apache2-utils htpasswd
    need sqlite3 sqlite3
    need libaprutil1-dbd-sqlite3 /usr/lib/*/apr-util-1/apr_dbd_sqlite3.so /usr/lib/*/apr-util-1/apr_dbd_sqlite3-1.so
    need python3 /usr/bin/python3
    ;;
esac
case $1 in
chroots | test)
    need python3-pytest /usr/lib/python3/dist-packages/pytest
    want python3-yaml /usr/lib/python3/dist-packages/yaml
    ;;
esac
case $1 in
test)
    need curl curl
    need python3-pytest-rerunfailures /usr/lib/python3/dist-packages/pytest_rerunfailures.py
    need python3-flake8 /usr/lib/python3/dist-packages/flake8
    need python3-pystache /usr/lib/python3/dist-packages/pystache
    need nghttp2-client nghttp
    need clang clang
    want gcovr gcovr
    need "libclang-rt-$(default_clang)-dev" /usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-*.a
    need clang-format clang-format
    need clang-tidy clang-tidy
    need cppcheck cppcheck
    need valgrind valgrind
    want spin spin
    want iproute2 ip
    need openssl openssl
    want chromium chromium
    want chromium-driver chromedriver
    want libnss3-tools certutil
    want prometheus promtool
    want golang-go go
    want ruby-sinatra /usr/share/rubygems-integration/all/specifications/sinatra-*.gemspec
    want ruby-webrick /usr/share/rubygems-integration/all/specifications/webrick-*.gemspec
    want default-jdk-headless javac
    want libspring-web-servlet-java /usr/share/java/spring*web.servlet.jar
    want libtomcat9-java /usr/share/java/tomcat9-catalina.jar
    want libjackson2-databind-java /usr/share/java/jackson-databind.jar
    want python3-jsonschema /usr/lib/python3/dist-packages/jsonschema
    want python3-yaml /usr/lib/python3/dist-packages/yaml
    want mandoc mandoc
    want zsh zsh
    want python3-selenium /usr/lib/python3/dist-packages/selenium
    want npm npm
    want php-fpm /usr/sbin/php-fpm*
    want uwsgi-core uwsgi-core uwsgi
    want uwsgi-plugin-python3 /usr/lib/uwsgi/plugins/python3_plugin.so
    want libapache2-mod-auth-openidc /usr/lib/apache2/modules/mod_auth_openidc.so
    want libapache2-mod-auth-gssapi /usr/lib/apache2/modules/mod_auth_gssapi.so
    want slapd /usr/sbin/slapd
    want krb5-kdc /usr/sbin/krb5kdc
    want krb5-admin-server /usr/sbin/kadmin.local
    want krb5-user kinit
    want radicale radicale
    want vdirsyncer vdirsyncer
    want cadaver cadaver
    want davfs2 /sbin/mount.davfs /usr/sbin/mount.davfs
    want fail2ban fail2ban-regex
    want nginx-light /usr/sbin/nginx
    want caddy caddy
    want haproxy /usr/sbin/haproxy
    want apparmor apparmor_parser
    ;;
bench)
    need wrk wrk
    need valgrind valgrind
    need openssl openssl
    want libapache2-mod-auth-openidc /usr/lib/apache2/modules/mod_auth_openidc.so
    want libapache2-mod-auth-tkt /usr/lib/apache2/modules/mod_auth_tkt.so
    want memcached memcached
    want nginx-light /usr/sbin/nginx
    ;;
esac
case $1 in
test | bench)
    want postgresql /usr/lib/postgresql/*/bin/initdb
    want pgbouncer /usr/sbin/pgbouncer pgbouncer
    want libaprutil1-dbd-pgsql /usr/lib/*/apr-util-1/apr_dbd_pgsql.so
    want python3-psycopg2 /usr/lib/python3/dist-packages/psycopg2
    want mariadb-server /usr/sbin/mariadbd
    want galera-4 /usr/lib/galera/libgalera_smm.so
    want rsync rsync
    want libaprutil1-dbd-odbc /usr/lib/*/apr-util-1/apr_dbd_odbc.so
    want libaprutil1-dbd-mysql /usr/lib/*/apr-util-1/apr_dbd_mysql.so
    want python3-pymysql /usr/lib/python3/dist-packages/pymysql
    ;;
esac

[ -z "$missing$wanted" ] && exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "These are missing. On Debian run this once, then the same make again:" >&2
    echo "  sudo apt-get install --no-install-recommends$missing$wanted" >&2
    [ -z "$missing" ]
    exit
fi
install() {
    echo "installing:$*"
    # RUNLEVEL: servers are for the tests to start, not for the system.
    RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}
# shellcheck disable=SC2086  # lists of packages
if [ -n "$missing" ]; then
    apt-get update -qq
    install $missing
fi
# shellcheck disable=SC2086
if [ -n "$wanted" ]; then
    { timeout 120 apt-get -o Acquire::http::Timeout=20 -o Acquire::Retries=0 update -qq && install $wanted; } || echo "not installed, so some tests or benchmarks are skipped:$wanted" >&2
fi

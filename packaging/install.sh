#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# make install and make uninstall: one list of what is installed, for both.
#
#   install.sh install|uninstall
#
# The Makefile sets APXS, MODULE, CTL and, if they are given to make, DESTDIR, PREFIX (or prefix) and these folders:
#   moduledir includedir loaddir confdir sharedir docdir examplesdir mandir sbindir zshdir statedir
# An empty statedir means that the folder of the sessions is left to others, such as a package's script.
set -eu

APXS=${APXS:-apxs}
DESTDIR=${DESTDIR:-}
PREFIX=${prefix:-${PREFIX:-/usr/local}}
sysconf=$("$APXS" -q SYSCONFDIR)
: "${moduledir:=$("$APXS" -q LIBEXECDIR)}" "${includedir:=$("$APXS" -q INCLUDEDIR)}"
: "${sharedir:=$PREFIX/share/mod_managed_session}" "${mandir:=$PREFIX/share/man}" "${sbindir:=$PREFIX/sbin}"
: "${zshdir:=$PREFIX/share/zsh/site-functions}" "${docdir:=$sharedir}" "${examplesdir:=$docdir/conf/examples}" "${statedir=/var/lib/managed-session}"

# Debian keeps a .load and a .conf for each module in mods-available, which is not there before the package apache2 is; Fedora has conf.modules.d and conf.d beside conf;
# httpd's own layout has conf/extra, which nothing includes by itself.
load=managed_session.load
if [ -d "$sysconf/mods-available" ] || [ "$sysconf" = /etc/apache2 ]; then
    : "${loaddir:=$sysconf/mods-available}" "${confdir:=$loaddir}"
elif [ -d "${sysconf%/*}/conf.modules.d" ]; then
    : "${loaddir:=${sysconf%/*}/conf.modules.d}" "${confdir:=${sysconf%/*}/conf.d}"
else
    : "${loaddir:=$sysconf/extra}" "${confdir:=$loaddir}"
fi
case $loaddir in */conf.modules.d) load=10-managed_session.conf ;; esac

# For each file: $1 MODE SOURCE TARGET. Messages of the log and the configuration name files as "conf/schema/sqlite.sql"
# or "docs/messages.md": they are below sharedir and docdir.
each_file() {
    do=$1
    "$do" 644 "$MODULE" "$moduledir/mod_managed_session.so"
    "$do" 644 include/mod_managed_session.h "$includedir/mod_managed_session.h"
    "$do" 644 conf/cleanup.sql "$sharedir/conf/cleanup.sql"
    for file in conf/schema/*; do "$do" 644 "$file" "$sharedir/conf/schema/${file##*/}"; done
    for file in README.md CHANGES SECURITY.md LICENSE; do "$do" 644 "$file" "$docdir/$file"; done
    # docs/directives.md has all of docs/directives; docs/man goes to mandir.
    (cd docs && find . \( -path ./directives -o -path ./man \) -prune -o -type f -print) | LC_ALL=C sort | while read -r file; do "$do" 644 "docs/$file" "$docdir/docs/${file#./}"; done
    (cd conf/examples && find . -type f) | LC_ALL=C sort | while read -r file; do
        mode=644
        if [ -x "conf/examples/$file" ]; then mode=755; fi
        "$do" "$mode" "conf/examples/$file" "$examplesdir/${file#./}"
    done
    "$do" 755 "$CTL" "$sbindir/managed-sessionctl"
    for file in $(find ctl -name '*.bash'); do
        "$do" 644 "$file" "$PREFIX/share/bash-completion/completions/managed-sessionctl"
    done
    for file in $(find ctl -name _managed-sessionctl); do
        "$do" 644 "$file" "$zshdir/_managed-sessionctl"
    done
    for page in $(find ctl docs/man -name '*.[1-9]' 2>/dev/null | LC_ALL=C sort); do
        "$do" 644 "$page" "$mandir/man${page##*.}/${page##*/}"
    done
}

# install(1) makes a new inode. cp over the file that a running httpd has mapped would kill it.
put() { # put MODE SOURCE TARGET
    install -D -m "$1" "$2" "$DESTDIR$3"
}

take() { # take MODE SOURCE TARGET
    rm -f "$DESTDIR$3"
}

make_statedir() {
    [ -n "$statedir" ] || return 0
    if [ -n "$DESTDIR" ]; then
        install -d -m 700 "$DESTDIR$statedir"
    elif [ ! -d "$statedir" ]; then
        for user in www-data apache nobody; do
            if id "$user" >/dev/null 2>&1; then break; fi
        done
        install -d -m 700 -o "$user" -g "$(id -gn "$user")" "$statedir"
        echo "The sessions are kept in $statedir, which belongs to $user. If httpd runs as another user, change its owner."
    fi
}

do_install() {
    each_file put
    install -d "$DESTDIR$loaddir" "$DESTDIR$confdir"
    sed "s|/[^ ]*/mod_managed_session.so|$moduledir/mod_managed_session.so|" conf/managed_session.load >"$DESTDIR$loaddir/$load.new"
    mv "$DESTDIR$loaddir/$load.new" "$DESTDIR$loaddir/$load"
    chmod 644 "$DESTDIR$loaddir/$load"
    # The administrator's own lines stay.
    [ -e "$DESTDIR$confdir/managed_session.conf" ] || put 644 conf/managed_session.conf "$confdir/managed_session.conf"
    make_statedir
    [ -z "$DESTDIR" ] || return 0
    case $loaddir in
    */mods-available) echo "To switch the module on: a2enmod managed_session, then restart httpd." ;;
    */conf.modules.d) echo "Restart httpd to load the module." ;;
    *) echo "To switch the module on, include $loaddir/$load and $confdir/managed_session.conf in httpd.conf, then restart httpd." ;;
    esac
}

# A link in mods-enabled without its file would keep httpd from starting.
disable() {
    case $loaddir in */mods-available) ;; *) return 0 ;; esac
    for name in managed_session.load managed_session.conf; do
        link=$DESTDIR${loaddir%/*}/mods-enabled/$name
        [ ! -L "$link" ] || rm -f "$link"
    done
}

do_uninstall() {
    disable
    each_file take
    for folder in "$sharedir" "$docdir" "$examplesdir"; do
        [ ! -d "$DESTDIR$folder" ] || find "$DESTDIR$folder" -depth -type d -empty -delete
    done
    rm -f "$DESTDIR$loaddir/$load"
    conf=$DESTDIR$confdir/managed_session.conf
    if cmp -s conf/managed_session.conf "$conf"; then
        rm -f "$conf"
    elif [ -e "$conf" ]; then
        echo "Kept, since it was changed: $conf"
    fi
    if [ -n "$statedir" ] && [ -d "$DESTDIR$statedir" ]; then
        echo "Kept: the sessions in $DESTDIR$statedir"
    fi
    [ -n "$DESTDIR" ] || echo "Remove the module's directives from the sites, then restart httpd."
}

case ${1:-} in
install | uninstall) "do_$1" ;;
*) echo "usage: $0 install|uninstall" >&2 && exit 2 ;;
esac

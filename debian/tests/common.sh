# SPDX-License-Identifier: Apache-2.0
# What the stories share: a site in the system's httpd on a high port of loopback, and browsers to visit it.
# Sourced by the stories, which end with remove_site.

PACKAGE=libapache2-mod-managed-session
PORT=${MS_PORT:-$((20000 + $$ % 10000))}
SITE=http://127.0.0.1:$PORT
DB=/var/lib/managed-session/sessions.db
JARS=$(mktemp -d)

fail() {
    echo "FAILED: $*" >&2
    tail -n 20 /var/log/apache2/error.log >&2 2>/dev/null || true
    exit 1
}

step() {
    echo "== $*"
}

# A container may have no systemd, or a policy that keeps packages from starting services.
httpd() { # httpd start|stop|graceful|restart
    if [ -d /run/systemd/system ]; then
        case $1 in graceful) systemctl reload apache2 ;; *) systemctl "$1" apache2 ;; esac
    else
        # A restart is a new process, as systemd has it.
        case $1 in restart | stop) no_httpd || apache2ctl stop && wait_until_gone ;; esac
        case $1 in restart) apache2ctl start ;; start | graceful) apache2ctl "$1" ;; esac
    fi
    # A signal to stop may be lost while httpd still starts.
    [ "$1" = stop ] || eventually curl -s -o /dev/null "$SITE/" || fail "httpd does not $1"
}

no_httpd() {
    [ ! -e "/proc/$(cat /run/apache2/apache2.pid 2>/dev/null)/exe" ]
}

wait_until_gone() {
    eventually no_httpd || fail "httpd does not stop"
    rm -f /run/apache2/apache2.pid
}

eventually() { # eventually COMMAND...
    for _ in $(seq 100); do
        if "$@"; then return 0; fi
        sleep 0.1
    done
    return 1
}

# The library's catalogue at /app. Plain http on loopback, so the cookie is not Secure; all else as the package has it.
add_site() {
    mkdir -p /var/www/managed-session-test/app
    echo "the shelf of alice" >/var/www/managed-session-test/app/index.html
    htpasswd -b -B -c /etc/apache2/managed-session-test.passwords alice wonderland 2>/dev/null
    cp /etc/apache2/ports.conf "$JARS/ports.conf"
    printf 'ServerName app.test\nListen 127.0.0.1:%s\n' "$PORT" >/etc/apache2/ports.conf
    a2dissite -q 000-default >/dev/null 2>&1 || true
    cat >/etc/apache2/sites-available/managed-session-test.conf <<END
<VirtualHost 127.0.0.1:$PORT>
    ServerName app.test
    DocumentRoot /var/www/managed-session-test
    ManagedSessionCookieSecure Off
    ManagedSessionLoginURL "/login"
    ManagedSessionEventLog "/var/log/managed-session/events.log"
    <Location "/login">
        SetHandler managed-session-login
        ManagedSessionAuthProvider file
        AuthUserFile "/etc/apache2/managed-session-test.passwords"
    </Location>
    <Location "/logout">
        SetHandler managed-session-logout
    </Location>
    <Location "/sessions">
        SetHandler managed-session-list
    </Location>
    <Location "/app">
        AuthType ManagedSession
        Require valid-user
    </Location>
</VirtualHost>
END
    a2ensite -q managed-session-test >/dev/null
    apache2ctl configtest 2>&1 | grep -q "Syntax OK" || fail "configtest: $(apache2ctl configtest 2>&1)"
    httpd restart
}

remove_site() {
    httpd stop
    if [ -e "$JARS/ports.conf" ]; then cat "$JARS/ports.conf" >/etc/apache2/ports.conf; fi
    a2dissite -q managed-session-test >/dev/null 2>&1 || true
    a2ensite -q 000-default >/dev/null 2>&1 || true
    if [ -d /run/systemd/system ]; then systemctl start apache2; fi
    rm -rf /etc/apache2/sites-available/managed-session-test.conf /etc/apache2/managed-session-test.passwords \
        /var/www/managed-session-test "$JARS"
}

sign_in() { # sign_in BROWSER: a browser is a cookie jar
    code=$(curl -s -o /dev/null -w '%{http_code}' -c "$JARS/$1" -A "$1" -d username=alice --data-urlencode password=wonderland -d remember=1 \
        "$SITE/login")
    [ "$code" = 303 ] || fail "$1 cannot sign in: $code"
}

status() { # status BROWSER PATH
    curl -s -o /dev/null -w '%{http_code}' -b "$JARS/$1" "$SITE$2"
}

is_signed_in() { # is_signed_in BROWSER
    [ "$(status "$1" /app/)" = 200 ]
}

is_signed_out() { # is_signed_out BROWSER
    [ "$(status "$1" /app/)" = 401 ]
}

list() { # list BROWSER
    curl -s -b "$JARS/$1" -H "Accept: application/json" "$SITE/sessions"
}

# The library story: alice signed in on the library's computer, and ends that session from home.
library_story() {
    sign_in library
    sign_in home
    is_signed_in library && is_signed_in home || fail "a page is closed to a signed-in user"
    [ "$(list home | grep -o '"current"' | wc -l)" -ge 2 ] || fail "the list: $(list home)"
    id=$(sed -n 's/.*[[:space:]]\([A-Za-z0-9_-]\{22\}\)\.[A-Za-z0-9_-]\{43\}$/\1/p' "$JARS/library")
    code=$(curl -s -o /dev/null -w '%{http_code}' -X DELETE -b "$JARS/home" -H "Sec-Fetch-Site: same-origin" "$SITE/sessions/$id")
    [ "$code" = 204 ] || fail "the list does not end the library's session: $code"
    [ "$(status library /app/)" = 401 ] || fail "the library's computer is still signed in"
    is_signed_in home || fail "home is signed out too"
}

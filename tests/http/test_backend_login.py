# SPDX-License-Identifier: Apache-2.0
"""Applications that sign people in and out by response headers, by proxy, FastCGI and CGI; and those that must not."""
import contextlib
import http.server
import json
import re
import shutil
import socketserver
import struct
import subprocess
import threading
import time
import urllib.parse

import pytest

import backends
import databases
import harness
import serving
from harness import COOKIE, DEADLINE, SITE, Server, connect, get, random_token, request, sign_in

USER, END = "Managed-Session-User", "Managed-Session-End"
BODY = b"the application's own words\n"

CONFIG = SITE + """
ProxyPass "/on/" "http://127.0.0.1:@APP@/"
ProxyPass "/off/" "http://127.0.0.1:@APP@/"
ProxyPass "/bare/" "http://127.0.0.1:@APP@/"
<Location "/on">
    ManagedSession On
    ManagedSessionBackendLogin On
</Location>
<Location "/off">
    ManagedSession On
</Location>
ScriptAlias "/cgi" "@ROOT@/scripts/answer.sh"
ScriptAlias "/cgi-off" "@ROOT@/scripts/answer.sh"
<Directory "@ROOT@/scripts">
    Require all granted
</Directory>
<Location "/cgi">
    ManagedSession On
    ManagedSessionBackendLogin On
</Location>
<Location "/cgi-off">
    ManagedSessionBackendLogin Off
</Location>
<Directory "@ROOT@/htdocs/ht">
    AllowOverride AuthConfig
</Directory>
"""
PHP = """
<LocationMatch "^/php(-off)?$">
    SetHandler "proxy:unix:@SOCKET@|fcgi://localhost"
</LocationMatch>
<Location "/php">
    ManagedSession On
    ManagedSessionBackendLogin On
</Location>
AliasMatch "^/php(-off)?$" "@ROOT@/scripts/answer.php"
"""

FASTCGI = """
ProxyPassMatch "^/fcgi(-off)?$" "fcgi://127.0.0.1:@FASTCGI@"
<Location "/fcgi">
    ManagedSession On
    ManagedSessionBackendLogin On
</Location>
"""

# Both answer with the headers that their query names.
SCRIPT = """#!/bin/sh
cat > /dev/null
printf '%s\\n' "$QUERY_STRING" | tr '&' '\\n' | while IFS='=' read -r name value; do
    [ "$name" = status ] && name=Status
    printf '%s: %b\\n' "$name" "$(printf '%s' "$value" | sed 's/+/ /g; s/%/\\\\x/g')"
done
printf 'Content-Type: text/plain\\n\\n%s' "the application's own words
"
"""
PHP_SCRIPT = """<?php
foreach (explode('&', $_SERVER['QUERY_STRING']) as $pair) {
    list($name, $value) = explode('=', $pair, 2);
    if ($name === 'status') http_response_code((int)$value);
    else header($name . ': ' . urldecode($value), false);
}
header('Content-Type: text/plain');
echo "the application's own words\\n";
"""


class Application(http.server.ThreadingHTTPServer):
    """Responds with the status and headers that the query names; chunked=1 and empty=1 set the form of the body."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Pages)
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def __exit__(self, *_) -> None:
        serving.stop(self)


class Pages(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        pairs = urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query, keep_blank_values=True, encoding="latin-1")
        asked = dict(pairs)
        status = int(asked.get("status", 200))
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(status)
        for name, value in pairs:
            if name not in ("status", "chunked"):
                self.send_header(name, value)
        has_body = status not in (204, 304)
        chunked = has_body and "chunked" in asked
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        elif has_body:
            self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        if has_body and self.command != "HEAD":
            self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY) if chunked else BODY)

    do_HEAD = do_POST = do_GET

    def log_message(self, *_):
        pass


class FastCgi(socketserver.ThreadingTCPServer):
    """A FastCGI responder that needs no php-fpm; answers with the headers that the query names."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), FastCgiHandler)
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def __exit__(self, *_) -> None:
        serving.stop(self)


class FastCgiHandler(socketserver.StreamRequestHandler):
    timeout = DEADLINE
    END_REQUEST, PARAMS, STDIN, STDOUT = 3, 4, 5, 6

    def handle(self):
        params = b""
        while head := self.rfile.read(8):
            _, kind, number, length, padding = struct.unpack(">BBHHBx", head)
            content = self.rfile.read(length + padding)[:length]
            params += content if kind == self.PARAMS else b""
            if kind == self.STDIN and not content:
                break
        query = self.variables(params).get(b"QUERY_STRING", b"").decode()
        pairs = urllib.parse.parse_qsl(query, keep_blank_values=True, encoding="latin-1")
        lines = [f"{'Status' if name == 'status' else name}: {value}\r\n" for name, value in pairs]
        answer = "".join(lines).encode("latin-1") + b"Content-Type: text/plain\r\n\r\n" + BODY
        for kind, content in ((self.STDOUT, answer), (self.STDOUT, b""), (self.END_REQUEST, bytes(8))):
            self.wfile.write(struct.pack(">BBHHBx", 1, kind, number, len(content), 0) + content)

    @staticmethod
    def variables(params: bytes) -> dict[bytes, bytes]:
        found, at = {}, 0
        while at < len(params):
            lengths = []
            for _ in range(2):
                is_long = params[at] & 0x80
                size = 4 if is_long else 1
                lengths.append(int.from_bytes(params[at:at + size], "big") & (0x7FFFFFFF if is_long else 0x7F))
                at += size
            name, value = params[at:at + lengths[0]], params[at + lengths[0]:at + sum(lengths)]
            found[name], at = value, at + sum(lengths)
        return found


@pytest.fixture(scope="module")
def site():
    with contextlib.ExitStack() as stack:
        application = stack.enter_context(Application())
        fastcgi = stack.enter_context(FastCgi())
        config, php = CONFIG.replace("@APP@", str(application.port)), None
        config += FASTCGI.replace("@FASTCGI@", str(fastcgi.port))
        if backends.PHP_FPM:
            php = stack.enter_context(backends.PhpFpm())
            config += PHP.replace("@SOCKET@", str(php.socket))
        server = Server("Protocols h2c http/1.1\nH2Direct on\n" + config, modules="http2 proxy_fcgi actions")
        server.write("scripts/answer.sh", SCRIPT, 0o755)
        server.write("scripts/answer.php", PHP_SCRIPT)
        yield stack.enter_context(server)


@pytest.fixture(params=["on/", "cgi", "fcgi", pytest.param("php", marks=pytest.mark.skipif(not backends.PHP_FPM, reason=backends.NO_PHP_FPM))])
def way(request):
    return "/" + request.param


def ask(server, where: str, token: str | None = None, method: str = "GET", headers=(), **query):
    cookie = [("Cookie", f"{COOKIE}={token}")] if token else []
    pairs = [(name.replace("_", "-") if name != "status" else name, v) for name, value in query.items()
             for v in (value if isinstance(value, list) else [value])]
    return request(server, method, f"{where}?{urllib.parse.urlencode(pairs, safe='/', encoding='latin-1')}", [*cookie, *headers])


def who(server, token: str | None) -> str | None:
    if not token:
        return None
    answer = get(server, "/sessions", token, {"Accept": "application/json"})
    return answer.json()["user"] if answer.status == 200 else None


def told_nothing(answer) -> bool:
    return not any(name.lower().startswith("managed-session") for name in answer.headers)


# -- in and out ------------------------------------------------------------------------------------


def test_an_application_signs_in(site, way):
    answer = ask(site, way, Managed_Session_User="carol")
    assert answer.status == 200 and answer.body == BODY and told_nothing(answer)
    assert who(site, answer.token()) == "carol" and answer.headers["Cache-Control"] == "no-store"
    assert site.sql("SELECT auth_method FROM managed_session WHERE session_id = ?", answer.token()[:22]) == [("backend",)]


def test_an_application_signs_out(site, way):
    tokens, stranger = [sign_in(site) for _ in range(5)], sign_in(site, "bob")
    answer = ask(site, way, tokens[0], Managed_Session_End="current")
    assert answer.clears() and told_nothing(answer) and who(site, tokens[0]) is None and who(site, tokens[1]) == "alice"
    answer = ask(site, way, tokens[1], Managed_Session_End="others")
    assert not answer.cookies() and [who(site, t) for t in tokens[1:]] == ["alice", None, None, None]
    more = sign_in(site)
    assert ask(site, way, tokens[1], Managed_Session_End="all").clears()
    assert who(site, tokens[1]) is who(site, more) is None and who(site, stranger) == "bob"


@pytest.mark.parametrize("status", [200, 201, 204, 299, 302, 303, 307])
def test_on_an_answer_that_is_no_error(site, way, status):
    more = {"Location": "/elsewhere"} if status // 100 == 3 else {}
    answer = ask(site, way, status=str(status), Managed_Session_User="carol", **more)
    assert answer.status == status and told_nothing(answer)
    assert who(site, answer.token()) == "carol" and (not more or answer.location == "/elsewhere")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 500, 503])
def test_an_error_signs_no_user_in(site, way, status):
    """And ends nothing that there was."""
    site.expect("AH0", status_5xx=True)
    token, rows = sign_in(site), site.rows()

    def fail():
        answer = ask(site, way, token, status=str(status), Managed_Session_User="carol")
        assert answer.status == status and told_nothing(answer) and not answer.cookies()
    harness.logged(site, rf"MS0050: .*status {status}", fail)
    assert site.rows() == rows and who(site, token) == "alice"


@pytest.mark.parametrize("status", [401, 500])
def test_an_error_may_sign_out(site, way, status):
    site.expect("AH0", status_5xx=True)
    token = sign_in(site)
    answer = ask(site, way, token, status=str(status), Managed_Session_End="current", Managed_Session_User="carol")
    assert told_nothing(answer) and answer.clears() and who(site, token) is None


@pytest.mark.parametrize("how", [{"method": "HEAD"}, {"method": "POST"}, {"chunked": "1"}])
def test_however_it_is_sent(site, how):
    answer = ask(site, "/on/", Managed_Session_User="carol", **how)
    assert who(site, answer.token()) == "carol" and answer.body == (b"" if how.get("method") == "HEAD" else BODY)


def test_over_http2(site):
    if not shutil.which("nghttp"):
        pytest.skip("nghttp is not installed (nghttp2-client)")
    said = subprocess.run(["nghttp", "-v", f"http://127.0.0.1:{site.port}/on/?{USER}=carol"], capture_output=True, text=True,
                          timeout=DEADLINE).stdout
    assert f"set-cookie: {COOKIE}=" in said and "managed-session" not in said.lower().replace("managed-session-user=carol", "")


def test_a_session_of_before_is_ended(site, way):
    """Also if the same user signs in again."""
    for user in ("alice", "carol"):
        before = sign_in(site)
        answer = ask(site, way, before, Managed_Session_User=user)
        assert len(answer.cookies()) == 1 and answer.token()[:22] != before[:22]
        assert who(site, before) is None and who(site, answer.token()) == user


def test_out_and_in_at_once(site):
    before, other = sign_in(site), sign_in(site)
    answer = ask(site, "/on/", before, Managed_Session_End="all", Managed_Session_User="carol")
    assert who(site, answer.token()) == "carol" and who(site, before) is who(site, other) is None and len(answer.cookies()) == 1


def test_the_applications_own_cookie_of_our_name_is_no_session(site):
    planted = random_token()
    answer = ask(site, "/on/", Managed_Session_User="carol", Set_Cookie=[f"{COOKIE}={planted}; Path=/", "mine=1"])
    assert len(answer.cookies()) == 1 and answer.token() != planted and who(site, answer.token()) == "carol"
    assert "mine=1" in answer.headers.get_all("Set-Cookie") and who(site, planted) is None


# -- what else it may say --------------------------------------------------------------------------


def row_of(server, answer, columns: str) -> tuple:
    return server.sql(f"SELECT {columns} FROM managed_session WHERE session_id = ?", answer.token()[:22])[0]


def test_it_may_say_what_the_session_is(site, way):
    answer = ask(site, way, Managed_Session_User="carol", Managed_Session_Remember="1", Managed_Session_Label="Oslo Norway",
                 Managed_Session_Name=" Kitchen tablet ", Managed_Session_Expires_In="3600")
    assert told_nothing(answer) and "Max-Age=3600" in answer.cookies()[0]
    assert row_of(site, answer, "persistent, label, name, expires_at - last_seen_at, max_expires_at - last_seen_at") == (
        1, "Oslo Norway", "Kitchen tablet", 3600, 3600)


@pytest.mark.parametrize("wanted, persistent, life", [
    ({}, 0, 12 * 3600), ({"Managed_Session_Remember": "0"}, 0, 12 * 3600), ({"Managed_Session_Remember": "1"}, 1, 30 * 86400),
    ({"Managed_Session_Expires_In": "99999999999"}, 0, 12 * 3600), ({"Managed_Session_Expires_In": "9" * 30}, 0, 12 * 3600),
    ({"Managed_Session_Remember": "1", "Managed_Session_Expires_In": "86400"}, 1, 86400), ({"Managed_Session_Expires_In": "1"}, 0, 1)])
def test_a_session_is_never_longer_than_the_configuration_says(site, wanted, persistent, life):
    answer = ask(site, "/on/", Managed_Session_User="carol", **wanted)
    assert row_of(site, answer, "persistent, max_expires_at - last_seen_at") == (persistent, life)
    assert ("Max-Age" in answer.cookies()[0]) == bool(persistent)


@pytest.mark.parametrize("header, value", [
    ("Remember", "yes"), ("Remember", "2"), ("Expires_In", "0"), ("Expires_In", "-1"), ("Expires_In", "1h"), ("Expires_In", "+5"),
    ("Expires_In", ["5", "6"]), ("Name", ["a", "b"]), ("Label", ["a", "b"])])
def test_what_has_no_meaning_is_logged_and_the_user_is_signed_in(site, header, value):
    answers = []

    def try_it():
        answers.append(ask(site, "/on/", Managed_Session_User="carol", **{f"Managed_Session_{header}": value}))
    harness.logged(site, f"MS0050: .*Managed-Session-{header.replace('_', '-')} was ignored", try_it)
    assert told_nothing(answers[0])
    assert row_of(site, answers[0], "persistent, label, name, max_expires_at - last_seen_at") == (0, None, None, 12 * 3600)


def test_texts_are_cut_and_made_fit_to_store(site):
    answer = ask(site, "/on/", Managed_Session_User="carol", Managed_Session_Label="Oslo, Norway", Managed_Session_Name="a, b")
    assert row_of(site, answer, "label, name") == ("Oslo, Norway", "a, b")
    answer = ask(site, "/on/", Managed_Session_User="carol", Managed_Session_Label="x" * 300, Managed_Session_Name="y" * 50)
    assert row_of(site, answer, "label, name") == ("x" * 255, "y" * 40)
    answer = ask(site, "/on/", Managed_Session_User="carol", Managed_Session_Label="", Managed_Session_Name="  ")
    assert row_of(site, answer, "label, name") == (None, None)


@pytest.mark.parametrize("where", ["/on/", "/off/", "/bare/", "/cgi", "/cgi-off", "/fcgi", "/fcgi-off"])
@pytest.mark.parametrize("status", ["200", "404"])
def test_alone_they_do_nothing_and_do_not_show(site, where, status):
    token, rows = sign_in(site), site.rows()
    answer = ask(site, where, token, status=status, Managed_Session_Remember="1", Managed_Session_Label="x", MANAGED_SESSION_NAME="y",
                 managed_session_expires_in="5")
    assert told_nothing(answer) and not answer.cookies() and site.rows() == rows and who(site, token) == "alice"


# -- places in which it may not --------------------------------------------------------------------


OFF = ["/off/", "/bare/", "/cgi-off", "/fcgi-off", pytest.param("/php-off", marks=pytest.mark.skipif(not backends.PHP_FPM, reason=backends.NO_PHP_FPM))]


@pytest.mark.parametrize("where", OFF)
@pytest.mark.parametrize("status", ["200", "404", "500"])
def test_where_it_is_not_switched_on_nothing_happens_and_nothing_shows(site, where, status):
    site.expect("AH0", status_5xx=True)
    token, rows = sign_in(site), site.rows()

    def try_all():
        for query in ({"Managed_Session_User": "root"}, {"Managed_Session_End": "all"}, {"MANAGED_SESSION_USER": "root"},
                      {"managed_session_end": ["current", "all"]}):
            answer = ask(site, where, token, status=status, **query)
            assert told_nothing(answer) and not answer.cookies() and answer.status == int(status)
    harness.logged(site, "MS0050", try_all)
    assert who(site, token) == "alice" and site.rows() == rows


def test_a_client_cannot_ask_for_it(site):
    token = sign_in(site)
    for where in ("/on/", "/off/", "/app/"):
        answer = request(site, "GET", where, [("Cookie", f"{COOKIE}={token}"), (USER, "root"), (END, "all")])
        assert not answer.cookies() and who(site, token) == "alice"


def test_htaccess_cannot_switch_it_on(site):
    site.write("htdocs/ht/.htaccess", "ManagedSessionBackendLogin On\n")
    site.expect("ManagedSessionBackendLogin not allowed here", status_5xx=True)
    assert get(site, "/ht/").status == 500


# -- what it may not send --------------------------------------------------------------------------


@pytest.mark.parametrize("user, line", [
    ("", "MS0011|MS0050"), ("x" * 256, "MS0011"), ("a\tb", "MS0011"), ("a\x7fb", "MS0011"), ("\xff\xfe", "MS0011"),
    ("alice, bob", "MS0050"), (["alice", "bob"], "MS0050"), (["alice", "alice"], "MS0050"), ("\xc3", "MS0011"),
])
def test_a_name_that_is_none_makes_no_session_and_a_line_in_the_log(site, user, line):
    site.expect("MS0011")
    token, rows = sign_in(site), site.rows()

    def try_it():
        before = site.error_log()
        answer = ask(site, "/on/", token, Managed_Session_User=user)
        assert answer.status == 200 and answer.body == BODY and told_nothing(answer) and not answer.cookies()
        assert site.rows() == rows and who(site, token) == "alice"
        assert len(re.findall(line, site.error_log()[len(before):])) <= 1
    if user == "":  # mod_proxy leaves out a header without a value
        try_it()
    else:
        harness.logged(site, line, try_it)


@pytest.mark.parametrize("end", ["", "everything", "ALL", "current, all", ["current", "all"], "all;"])
def test_an_end_that_is_none_ends_nothing(site, end):
    token, other = sign_in(site), sign_in(site)
    answer = ask(site, "/on/", token, Managed_Session_End=end)
    assert answer.status == 200 and told_nothing(answer) and not answer.cookies()
    assert who(site, token) == who(site, other) == "alice"


def test_a_304_is_an_old_answers_and_counts_for_nothing(site):
    answer = ask(site, "/on/", status="304", Managed_Session_User="carol")
    assert answer.status == 304 and told_nothing(answer) and not answer.cookies()


def test_ending_what_is_not_there_is_no_error(site):
    for token in (None, random_token(), "nonsense"):
        for end in ("current", "others", "all"):
            assert ask(site, "/on/", token, Managed_Session_End=end).status == 200


def test_a_name_in_utf8_comes_through(site):
    answer = ask(site, "/on/", Managed_Session_User="\u6f22\u5b57 \u00e4".encode().decode("latin-1"))
    assert who(site, answer.token()) == "\u6f22\u5b57 \u00e4"


def test_without_the_database_the_response_passes_and_no_user_is_signed_in(site):
    """A user who was signed in stays signed in."""
    token = sign_in(site)
    site.expect("MS00", status_5xx=True)
    with site.broken_table():
        for query, presented in (({"Managed_Session_User": "carol"}, None), ({"Managed_Session_User": "carol"}, token),
                                 ({"Managed_Session_End": "current"}, token), ({"Managed_Session_End": "all"}, token)):
            answer = ask(site, "/on/", presented, **query)
            assert answer.status == 200 and answer.body == BODY and not answer.cookies() and told_nothing(answer)
    site.expects_5xx = False
    assert who(site, token) == "alice"


@pytest.mark.parametrize("lines, max_age, life", [
    ("ManagedSessionRemember On\nManagedSessionLifetime 2d", "172800", 172800),
    ("ManagedSessionRemember Off\nManagedSessionTransientLifetime 1h", None, 3600),
    ("ManagedSessionRemember Ask", None, 43200), ("ManagedSessionLifetime 1h", None, 3600),
])
def test_how_long_it_lasts_is_for_the_configuration_to_say(lines, max_age, life):
    """There is no form with a checkbox, so Ask is Off."""
    with Application() as application, Server(CONFIG.replace("@APP@", str(application.port)) + lines) as server:
        [cookie] = ask(server, "/on/", Managed_Session_User="carol").cookies()
        assert re.findall(r"Max-Age=(\d+)", cookie) == ([max_age] if max_age else []) and "Secure; HttpOnly" in cookie
        [(persistent, lasts)] = server.sql("SELECT persistent, max_expires_at - created_at FROM managed_session")
        assert (persistent, lasts) == (int(max_age is not None), life)


def test_json_is_left_alone(site):
    """The list of a session that an application made names its origin."""
    token = ask(site, "/on/", Managed_Session_User="dora").token()
    listed = json.loads(get(site, "/sessions", token, {"Accept": "application/json"}).body)["sessions"]
    assert [s["method"] for s in listed] == ["backend"]


# -- ways round ------------------------------------------------------------------------------------


class Bytes(socketserver.ThreadingTCPServer):
    """An application that answers every request with exactly .answer."""

    daemon_threads, answer = True, b""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), BytesHandler)
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def __exit__(self, *_) -> None:
        serving.stop(self)


class BytesHandler(socketserver.StreamRequestHandler):
    timeout = DEADLINE

    def handle(self):
        backends.read_head(self.rfile)
        self.wfile.write(self.server.answer)


ROUND = """
ProxyPass "/bytes/" "http://127.0.0.1:@BYTES@/" disablereuse=on
ProxyPass "/closed/" "http://127.0.0.1:@APP@/"
ProxyPass "/basic/" "http://127.0.0.1:@APP@/"
ProxyPass "/ws/upgrade" "http://127.0.0.1:@WS@/" upgrade=websocket
ProxyPass "/ws/fallback" "ws://127.0.0.1:@WS@/"
<Location "/ws/tunnel">
    ProxyWebsocketFallbackToProxyHttp Off
</Location>
ProxyPass "/ws/tunnel" "ws://127.0.0.1:@WS@/"
ProxyPass "/errors/" "http://127.0.0.1:@APP@/"
ProxyPass "/errors-off/" "http://127.0.0.1:@APP@/"
<LocationMatch "^/(bytes|closed|basic|errors)/">
    ManagedSession On
    ManagedSessionBackendLogin On
</LocationMatch>
<Location "/closed">
    AuthType ManagedSession
    AuthName "closed"
    Require valid-user
</Location>
<Location "/basic">
    AuthType Basic
    AuthName "basic"
    AuthUserFile "@ROOT@/passwords"
    Require valid-user
</Location>
<LocationMatch "^/(errors|errors-off|php-off)">
    ProxyErrorOverride On
</LocationMatch>
<LocationMatch "^/(errors-off|php-off)">
    ErrorDocument 404 "/on/sorry"
</LocationMatch>
<Directory "@ROOT@/htdocs">
    Options +Includes
    AddOutputFilter INCLUDES .shtml
</Directory>
"""


@pytest.fixture(scope="module")
def round_about():
    with contextlib.ExitStack() as stack:
        application, raw = stack.enter_context(Application()), stack.enter_context(Bytes())
        socket_ = stack.enter_context(backends.WebSocketApplication())
        config = CONFIG + ROUND
        if backends.PHP_FPM:
            config += PHP.replace("@SOCKET@", str(stack.enter_context(backends.PhpFpm()).socket))
        for mark, each in (("@APP@", application), ("@BYTES@", raw), ("@WS@", socket_)):
            config = config.replace(mark, str(each.port))
        server = Server(config, modules="proxy_fcgi proxy_wstunnel")
        server.write("scripts/answer.sh", SCRIPT, 0o755)
        server.write("scripts/answer.php", PHP_SCRIPT)
        server.bytes = raw
        yield stack.enter_context(server)


php_off = pytest.param("/php-off", {"status": "404"}, id="FastCGI, error document",
                       marks=pytest.mark.skipif(not backends.PHP_FPM, reason=backends.NO_PHP_FPM))


@pytest.mark.parametrize("where, query", [
    pytest.param("/cgi-off", {"Location": "/on/x"}, id="CGI, local redirect"), php_off,
    pytest.param("/errors-off/", {"status": "404"}, id="proxy, error document"),
])
def test_a_place_that_may_not_cannot_by_way_of_one_that_may(round_about, where, query):
    """httpd keeps the headers when it goes on to another page by itself."""
    token, rows = sign_in(round_about), round_about.rows()
    answer = ask(round_about, where, Managed_Session_User="root", **query)
    assert answer.body == BODY and told_nothing(answer) and not answer.cookies() and round_about.rows() == rows
    answer = ask(round_about, where, token, Managed_Session_End="all", **query)
    assert told_nothing(answer) and not answer.cookies() and who(round_about, token) == "alice"


def test_a_place_that_may_can_though_httpd_goes_on_to_one_that_may_not(round_about):
    answer = ask(round_about, "/cgi", Managed_Session_User="carol", Location="/app/")
    assert told_nothing(answer) and who(round_about, answer.token()) == "carol"


def test_an_included_part_signs_no_user_in(round_about):
    """SSI."""
    token = sign_in(round_about)
    for place in ("on", "off"):
        round_about.write("htdocs/part.shtml", f'all: <!--#include virtual="/{place}/?{USER}=root&{END}=all" -->\n')
        answer = get(round_about, "/part.shtml", token)
        assert answer.body.startswith(b"all: " + BODY) and told_nothing(answer) and not answer.cookies()
    assert who(round_about, token) == "alice"


@pytest.mark.parametrize("path", ["errors", "errors-off"])
@pytest.mark.parametrize("status", ["400", "500", "503"])
def test_an_error_page_of_httpds_own_shows_nothing(round_about, path, status):
    """With ProxyErrorOverride, httpd drops the application's headers with its page."""
    round_about.expect("AH0", status_5xx=True)
    token = sign_in(round_about)
    answer = ask(round_about, f"/{path}/", token, status=status, Managed_Session_User="root", Managed_Session_End="all")
    assert answer.status == int(status) and answer.body != BODY and told_nothing(answer) and not answer.cookies()
    assert who(round_about, token) == "alice"


@pytest.mark.parametrize("planted", [f"Set-Cookie={COOKIE}%3Dplanted", f"{USER}=root&{END}=all"], ids=["cookie", "headers"])
@pytest.mark.parametrize("way_in", ["upgrade", "fallback", "tunnel"])
def test_a_websockets_handshake_is_an_answer_too(round_about, planted, way_in):
    """101 goes past the filters as interim answers do, which are kept back."""
    with backends.WebSocket(round_about, f"/ws/{way_in}?{planted}&X-Other=1") as opened:
        names = [name.lower() for name, _ in opened.headers]
        assert opened.status == 101 and "x-other" in names and opened.say("hello") == "hello"
        assert not {USER.lower(), END.lower(), "set-cookie"} & set(names)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
PLAIN = b"Content-Length: 28\r\n\r\n" + BODY
TRAILED = b"Transfer-Encoding: chunked\r\n\r\n1c\r\n" + BODY + b"0\r\n%s: %s\r\n\r\n"


@pytest.mark.parametrize("answer, user", [
    (HEAD + b"mAnAgEd-SeSsIoN-uSeR: carol\r\n" + PLAIN, "carol"),
    (HEAD + b"Managed-Session-User:carol\r\n" + PLAIN, "carol"),
    (HEAD + b"Managed-Session-User: \t carol \t \r\n" + PLAIN, "carol"),
    (HEAD.replace(b"1.1", b"1.0") + b"Managed-Session-User: carol\r\n\r\n" + BODY, "carol"),
    (HEAD + b"Managed-Session-User: carol\r\nmanaged-session-user: carol\r\n" + PLAIN, None),
    (HEAD + b"Managed-Session-User: carol\r\nMANAGED-SESSION-USER: root\r\n" + PLAIN, None),
    (HEAD + b"Managed-Session-User: \r\n" + PLAIN, None),
    (HEAD + b"Managed-Session-User: " + b"x" * 10000 + b"\r\n" + PLAIN, None),
    (HEAD + b"Managed-Session-User: ca\x01rol\r\n" + PLAIN, None),
    (HEAD + b"Managed-Session-User: ca\0rol\r\n" + PLAIN, None),
    (HEAD + b"Managed-Session-User: \xc0\xaeroot\r\n" + PLAIN, None),
    (HEAD + b"Managed-Session-User: \xed\xa0\x80\r\n" + PLAIN, None),
    (HEAD + b"Managed-Session-User: " + b"x" * 255 + b"\r\n" + PLAIN, "x" * 255),
    (HEAD + b"Managed-Session-User: carol\r\n king\r\n" + PLAIN, "carol king"),  # as RFC 9112 has a proxy read it
    (HEAD + b"Managed-Session-User: carol\r\n \tking\r\n" + PLAIN, None),
    (HEAD + b"Managed-Session-User : carol\r\n" + PLAIN, None),
    (HEAD + b"Connection: Managed-Session-User\r\nManaged-Session-User: carol\r\n" + PLAIN, None),
    (b"HTTP/1.1 103 Early Hints\r\nManaged-Session-User: carol\r\n\r\n" + HEAD + PLAIN, None),
    (HEAD + TRAILED % (USER.encode(), b"root"), None),
    (HEAD + b"Trailer: Managed-Session-User\r\n" + TRAILED % (USER.encode(), b"root"), None),
], ids=["spelling", "no blank", "blanks", "HTTP/1.0", "twice", "two", "empty", "10 kB", "control", "NUL", "overlong",
        "surrogate", "255 bytes", "folded", "folded, tab", "blank before the colon", "hop by hop", "early hints",
        "trailer", "trailer announced"])
def test_byte_by_byte(round_about, answer, user):
    round_about.expect("MS0011|AH0", status_5xx=True)
    round_about.bytes.answer, rows = answer, round_about.rows()
    with connect(round_about) as s:
        s.sendall(b"GET /bytes/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        received = b"".join(iter(lambda: s.recv(65536), b""))
    assert b"managed-session" not in received.lower() and round_about.rows() == rows + (user is not None)
    tokens = re.findall(rf"{COOKIE}=([\w.-]+);".encode(), received)
    assert [who(round_about, token.decode()) for token in tokens] == ([user] if user else [])


# -- beside other things ---------------------------------------------------------------------------


def test_blanks_around_a_name_make_no_other_user(site, way):
    """In HTTP they have no meaning; those in a script's output reach the module, and it removes them."""
    for user in (" alice", "alice ", " alice "):
        assert who(site, ask(site, way, Managed_Session_User=user).token()) in ("alice", user.lstrip())


def test_where_applications_are_told_the_user_a_name_with_blanks_around_is_none():
    with Application() as application:
        config = CONFIG + '<Location "/x">\nManagedSessionUserHeader X-User\n</Location>\n'
        with Server(config.replace("@APP@", str(application.port))) as server:
            server.write("scripts/answer.sh", SCRIPT, 0o755)
            server.expect("MS0011")
            assert who(server, ask(server, "/cgi", Managed_Session_User="alice ").token()) in (None, "alice")
            assert who(server, ask(server, "/cgi", Managed_Session_User="alice").token()) == "alice"


@pytest.mark.parametrize("query", [
    {"Managed_Session_End": "everything"}, {"Managed_Session_End": ["all", "all"]}, {"Managed_Session_User": ["a", "a"]},
    {"Managed_Session_User": "x", "status": "304"},
])
def test_what_is_ignored_leaves_one_line(site, way, query):
    def try_it():
        before = site.error_log().count("MS0050")
        ask(site, way, **query)
        assert site.error_log().count("MS0050") <= before + 1
    harness.logged(site, "MS0050", try_it)


def test_many_that_are_ignored_leave_one_line_a_second(site):
    started, before = time.time(), site.error_log().count("MS0050")
    for _ in range(200):
        ask(site, "/off/", Managed_Session_User="root")
    harness.logged(site, r"MS0050: .*\(\d+ more like this were not logged\)", lambda: ask(site, "/off/", Managed_Session_User="root"))
    assert site.error_log().count("MS0050") - before <= 2 * (time.time() - started + 2)  # each child has its own second


def test_all_sessions_that_were_presented_are_ended(site):
    alice, bob = sign_in(site), sign_in(site, "bob")
    answer = ask(site, "/on/", headers=[("Cookie", f"{COOKIE}={alice}; {COOKIE}={bob}")], Managed_Session_User="carol")
    assert [who(site, t) for t in (alice, bob, answer.token())] == [None, None, "carol"] and len(answer.cookies()) == 1


@pytest.mark.parametrize("presented", [random_token(), "nonsense", ""])
def test_a_dead_cookie_is_replaced_and_not_cleared_besides(site, way, presented):
    answer = ask(site, way, headers=[("Cookie", f"{COOKIE}={presented}")], Managed_Session_User="carol")
    assert len(answer.cookies()) == 1 and who(site, answer.token()) == "carol" and answer.token() != presented


def test_where_a_session_is_required(round_about):
    token, rows = sign_in(round_about), round_about.rows()
    answer = ask(round_about, "/closed/", Managed_Session_User="root")
    assert answer.status == 401 and not answer.cookies() and round_about.rows() == rows
    answer = ask(round_about, "/closed/", token, Managed_Session_User="carol", Cache_Control="public, max-age=60")
    assert answer.headers.get_all("Cache-Control") == ["no-store"] and who(round_about, token) is None
    assert ask(round_about, "/closed/", answer.token(), Managed_Session_End="current").clears()
    assert ask(round_about, "/closed/", answer.token()).status == 401


def test_beside_a_password(round_about):
    """The session is of the user that the application named, or the one before, not of the password's user."""
    basic = [("Authorization", "Basic Ym9iOmJ1aWxkZXI=")]
    token, rows = sign_in(round_about), round_about.rows()
    assert not ask(round_about, "/basic/", headers=basic).cookies() and round_about.rows() == rows
    assert not ask(round_about, "/basic/", token, headers=basic).cookies() and who(round_about, token) == "alice"
    answer = ask(round_about, "/basic/", token, headers=basic, Managed_Session_User="carol")
    assert who(round_about, answer.token()) == "carol" and who(round_about, token) is None


def test_a_user_who_has_too_many_sessions_is_not_signed_in():
    with Application() as application:
        with Server(CONFIG.replace("@APP@", str(application.port)) + "ManagedSessionLimit 1 refuse\n") as server:
            alice, bob = sign_in(server), sign_in(server, "bob")
            answer = ask(server, "/on/", bob, Managed_Session_User="alice")
            assert answer.status == 200 and answer.body == BODY and not answer.cookies()
            assert (who(server, alice), who(server, bob)) == ("alice", "bob") and "MS0052" not in server.error_log()
            assert who(server, ask(server, "/on/", alice, Managed_Session_User="alice").token()) == "alice"


def test_a_user_who_has_too_many_sessions_loses_the_oldest_and_the_event_log_has_it_all():
    lines = 'ManagedSessionLimit 2 evict\nManagedSessionEventLog "@ROOT@/logs/events.log"\n'
    with Application() as application, Server(CONFIG.replace("@APP@", str(application.port)) + lines) as server:
        tokens = [ask(server, "/on/", Managed_Session_User="carol").token() for _ in range(3)]
        assert [who(server, t) for t in tokens].count("carol") == 2 and who(server, tokens[2]) == "carol"
        for end in ("others", "current"):
            ask(server, "/on/", tokens[2], Managed_Session_End=end)
        ask(server, "/on/", ask(server, "/on/", Managed_Session_User="dora").token(), Managed_Session_End="all")
        lines = (server.root / "logs/events.log").read_text().splitlines()
        told = [(e["event"], e["user"], e.get("method")) for e in map(json.loads, lines)]
        assert told == [*[("sign_in", "carol", "backend")] * 2, ("evicted", "carol", None), ("sign_in", "carol", "backend"),
                        ("revoked", "carol", None), ("signed_out", "carol", None),
                        ("sign_in", "dora", "backend"), ("revoked", "dora", None)]


@pytest.mark.skipif(databases.NAME != "sqlite", reason="the trigger is written for SQLite")
@pytest.mark.parametrize("verb, query", [
    ("INSERT", {"Managed_Session_User": "carol"}), ("UPDATE", {"Managed_Session_User": "carol"}),
    ("UPDATE", {"Managed_Session_End": "current"}), ("UPDATE", {"Managed_Session_End": "others"}),
    ("UPDATE", {"Managed_Session_End": "all"}), ("UPDATE", {"Managed_Session_End": "all", "Managed_Session_User": "carol"}),
])
def test_where_the_database_can_be_read_and_not_written_nothing_is_half_done(site, verb, query):
    """The response passes, no user is signed in, and no response claims a sign-out that did not happen."""
    token, other = sign_in(site), sign_in(site)
    site.sql(f"CREATE TRIGGER refusing BEFORE {verb} ON managed_session BEGIN SELECT RAISE(ABORT, 'refused'); END")
    site.expect("MS0004|MS0051|MS0052")

    def ask_it():
        answer = ask(site, "/on/", token, **query)
        assert answer.status == 200 and answer.body == BODY and told_nothing(answer) and not answer.cookies()
    try:
        harness.logged(site, "MS005[12]", ask_it)
    finally:
        site.sql("DROP TRIGGER refusing")
    assert who(site, token) == who(site, other) == "alice"

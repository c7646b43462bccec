# SPDX-License-Identifier: Apache-2.0
"""The handler managed-session-check: who may enter, for another server that passes requests on."""
import re
import socket
import urllib.parse

import pytest

import harness
from harness import COOKIE, NAVIGATION, SITE, Server, connect, get, logged, random_token, request, sign_in
from test_app_passwords import basic, bearer, insert_app

pytestmark = pytest.mark.sqlite
CHECK = """
<Location "@PATH@">
    SetHandler managed-session-check
    ManagedSessionCheckPeers 127.0.0.1
    AuthType ManagedSession
    @MORE@
</Location>
"""
STEP_UP = "Require session-fresh 15m"


def section(path: str, more: str = "Require valid-user") -> str:
    return CHECK.replace("@PATH@", path).replace("@MORE@", more)


SECTIONS = (section("/auth") + section("/redirect", "Require valid-user\nManagedSessionCheckAnswer redirect")
            + section("/bob", "Require user bob") + section("/fresh", STEP_UP)
            + section("/fresh-redirect", STEP_UP + "\nManagedSessionCheckAnswer redirect")
            + section("/renamed", "Require valid-user\nManagedSessionUserHeader X-Remote-User")
            + section("/nameless", "Require valid-user\nManagedSessionUserHeader none")
            + section("/open", "Require all granted").replace("    AuthType ManagedSession\n", "")
            + section("/elsewhere", "Require valid-user\nManagedSessionCheckAnswer redirect\n"
                      'ManagedSessionLoginURL "https://login.example/login"')
            + section("/none", "Require valid-user\nManagedSessionCheckAnswer redirect\nManagedSessionLoginURL none")
            + 'RewriteEngine On\nRewriteRule "^/rewritten$" "/auth" [PT]\n'
            + section("/closed").replace("127.0.0.1", "192.0.2.1 unix"))


@pytest.fixture(scope="module")
def site():
    origins = "ManagedSessionOrigin https://app.example http://plain.example:8000\n"
    with Server(SITE + origins + SECTIONS) as server:
        yield server


def asked(method: str = "GET", uri: str = "/page?a=1&b=2", host: str = "app.example", proto: str = "https") -> dict:
    return {"X-Forwarded-Method": method, "X-Forwarded-Proto": proto, "X-Forwarded-Host": host, "X-Forwarded-Uri": uri}


def check(server, target="/auth", token=None, headers=(), method="GET", body=None):
    cookie = {"Cookie": f"{COOKIE}={token}"} if token else {}
    return request(server, method, target, {**dict(headers), **cookie}, body)


def way_back(location: str) -> str | None:
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(location).query)).get("return")


def test_it_names_the_user_and_the_session(site):
    token = sign_in(site)
    [[created]] = site.sql("SELECT created_at FROM managed_session WHERE session_id = ?", token[:22])
    answer = check(site, "/auth", token, asked())
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["Remote-User"] == "alice" and answer.headers["Managed-Session-Id"] == token[:22]
    assert answer.headers["Managed-Session-Auth-Time"] == str(created)
    assert answer.headers["Cache-Control"] == "no-store" and answer.headers["Content-Length"] == "0"
    assert "Set-Cookie" not in answer.headers and "Managed-Session-Login-URL" not in answer.headers


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "PROPFIND", "BREW"])
def test_every_method_and_every_path_below_is_checked(site, method):
    token = sign_in(site)
    for path in ("/auth", "/auth/", "/auth/a/b?c=d", "/auth/a%2Fb", "/auth/" + 300 * "x", "/auth/index.html", "/auth//a/../b"):
        assert check(site, path, token, method=method).status == 200, path
        assert check(site, path, method=method).status == 401, path


def test_a_rewritten_url_lets_no_request_pass(site):
    """Not TRACE either, which httpd itself answers with 200 in other places."""
    site.expect("MS0263")
    for token in (None, sign_in(site)):
        for method in ("GET", "HEAD", "POST", "OPTIONS", "TRACE", "PROPFIND"):
            assert check(site, "/rewritten", token, method=method).status in (401, 403), method
    assert check(site, "/", method="TRACE").status == 200


def test_the_header_is_the_one_of_the_configuration(site):
    token = sign_in(site)
    renamed, nameless = check(site, "/renamed", token).headers, check(site, "/nameless", token).headers
    assert renamed["X-Remote-User"] == "alice" and "Remote-User" not in renamed
    assert "Remote-User" not in nameless and nameless["Managed-Session-Id"] == token[:22]


@pytest.mark.parametrize("name, sent", [("zoë", "zo%C3%AB"), ("50% off", "50%25 off"), ("日本", "%E6%97%A5%E6%9C%AC"), ("a,b", "a,b")])
def test_a_name_is_encoded_where_a_header_cannot_carry_it(site, name, sent):
    token = sign_in(site)
    site.sql("UPDATE managed_session SET user_name = ? WHERE session_id = ?", name, token[:22])
    answer = check(site, "/auth", token)
    assert answer.headers["Remote-User"] == sent and urllib.parse.unquote(sent) == name


def test_blanks_at_the_ends_of_a_name_are_not_lost():
    """They would, and leave another user's name. With a header for an application no user has such a name."""
    with Server(SITE + section("/auth")) as server:
        for name, sent in (("alice ", "alice%20"), ("  a b", "%20%20a b"), ("  ", "%20%20")):
            token = sign_in(server)
            server.sql("UPDATE managed_session SET user_name = ? WHERE session_id = ?", name, token[:22])
            assert check(server, "/auth", token).headers["Remote-User"] == sent


def test_signed_out_is_401_with_the_url_of_the_sign_in_page_for_a_window(site):
    for token in (None, random_token(), "nonsense"):
        answer = check(site, "/auth", token, {**asked(), **NAVIGATION})
        assert answer.status == 401 and answer.location is None and answer.headers["Cache-Control"] == "no-store"
        assert way_back(answer.headers["Managed-Session-Login-URL"]) == "https://app.example/page?a=1&b=2"
        assert answer.headers["WWW-Authenticate"].startswith("ManagedSession ")
        assert "Remote-User" not in answer.headers and "Managed-Session-Id" not in answer.headers
    assert "Managed-Session-Login-URL" not in check(site, "/auth", headers=asked()).headers


def test_a_dead_cookie_is_cleared(site):
    token = sign_in(site)
    site.sql("DELETE FROM managed_session WHERE session_id = ?", token[:22])
    assert check(site, "/auth", token, {**asked(), **NAVIGATION}).clears()
    assert check(site, "/redirect", token, {**asked(), **NAVIGATION}).clears()


def test_who_may_not_enter_gets_403(site):
    site.expect("AH01630")
    assert check(site, "/bob", sign_in(site)).status == 403
    assert check(site, "/bob", sign_in(site, "bob")).headers["Remote-User"] == "bob"
    assert check(site, "/bob").status == 401


def test_a_section_without_require_lets_no_visitor_pass(site):
    assert check(site, "/open").status == 401 and check(site, "/open", random_token()).status == 401
    assert check(site, "/open", sign_in(site)).headers["Remote-User"] == "alice"


def test_a_sign_in_that_is_too_old(site):
    token = sign_in(site)
    assert check(site, "/fresh", token, asked()).status == 200
    site.sql("UPDATE managed_session SET created_at = created_at - 1000 WHERE session_id = ?", token[:22])
    window = {**asked(), **NAVIGATION}
    answer = check(site, "/fresh", token, window)
    assert answer.status == 401 and "max_age=900" in answer.headers["WWW-Authenticate"]
    assert "reauth=1" in answer.headers["Managed-Session-Login-URL"]
    again = check(site, "/fresh-redirect", token, window)
    assert again.status == 303 and "reauth=1" in again.location and way_back(again.location) == "https://app.example/page?a=1&b=2"


def test_without_a_database_it_is_503_and_the_cookie_stays(site):
    token = sign_in(site)
    site.expect("MS000", status_5xx=True)
    with site.broken_table():
        for path in ("/auth", "/redirect", "/open"):
            answer = check(site, path, token, {**asked(), **NAVIGATION})
            assert answer.status == 503 and answer.headers["Retry-After"] and not answer.cookies()
        assert check(site, "/auth").status == 401
    assert check(site, "/auth", token).status == 200


# ---- as the gate would ------------------------------------------------------------------------------

@pytest.mark.parametrize("method, headers, status", [
    ("GET", NAVIGATION, 303), ("HEAD", NAVIGATION, 303), ("POST", NAVIGATION, 401), ("PUT", {"Accept": "text/html"}, 401),
    ("GET", {"Accept": "text/html"}, 303), ("GET", {"Accept": "*/*"}, 401), ("GET", harness.FETCH, 401),
    ("GET", {"Accept": "text/html", "X-Requested-With": "XMLHttpRequest"}, 401), ("GET", {}, 401),
    ("GET", {"Sec-WebSocket-Key": "x", "Accept": "text/html"}, 401)])
@pytest.mark.parametrize("names", [("X-Forwarded-Method", "X-Forwarded-Uri"), ("X-Original-Method", "X-Original-URI")])
def test_a_window_is_led_to_sign_in_and_back(site, names, method, headers, status):
    answer = check(site, "/redirect", headers={names[0]: method, names[1]: "/a?x=1&y=%20", **headers})
    assert answer.status == status
    if status == 303:
        assert answer.location.startswith("/login?") and way_back(answer.location) == "/a?x=1&y=%20"
        assert answer.headers["Cache-Control"] == "no-store"


def test_the_method_is_that_of_the_client(site):
    for method in ("POST", "PUT"):
        assert check(site, "/redirect", headers={**asked("GET"), **NAVIGATION}, method=method).status == 303
    assert check(site, "/redirect/x", headers=NAVIGATION, method="POST").status == 401


def test_a_frame_gets_a_link_that_opens_the_window(site):
    answer = check(site, "/redirect", headers={**asked(), **NAVIGATION, "Sec-Fetch-Dest": "iframe"})
    assert answer.status == 401 and 'target="_top"' in answer.text and "return=https" in answer.text


@pytest.mark.parametrize("target, headers, back", [
    ("/redirect", asked(), "https://app.example/page?a=1&b=2"),
    ("/redirect", asked(proto="wss"), "https://app.example/page?a=1&b=2"),
    ("/redirect", asked(host="APP.example:443"), "https://app.example/page?a=1&b=2"),
    ("/redirect", asked(proto="http", host="plain.example:8000"), "http://plain.example:8000/page?a=1&b=2"),
    ("/redirect", {"X-Original-URL": "https://app.example/p?q=http://x"}, "https://app.example/p?q=http://x"),
    ("/redirect", {"X-Original-URL": "https://app.example"}, "https://app.example/"),
    ("/redirect", {"X-Original-URL": "https://app.example?q"}, "https://app.example/?q"),
    ("/redirect", {"X-Original-URL": "/p?q"}, "/p?q"),
    # Not listed: a path, if the sign-in page is on that site.
    ("/redirect", asked(host="evil.example"), "/page?a=1&b=2"),
    ("/redirect", asked(proto="http"), "/page?a=1&b=2"),
    ("/redirect", {"X-Original-URL": "https://evil.example/x"}, "/x"),
    ("/elsewhere", asked(), "https://app.example/page?a=1&b=2"),
    ("/elsewhere", asked(host="login.example"), "/page?a=1&b=2"),
    ("/elsewhere", asked(host="evil.example"), None),
    ("/elsewhere", {"X-Forwarded-Uri": "/x"}, None),
    # As Envoy sends it: below the section's path.
    ("/redirect/page?a=1&b=2", {}, "/page?a=1&b=2"),
    ("/redirect/page?a=1&b=2", {"X-Forwarded-Uri": "/other"}, "/other"),
    # Not known, or no way back: the landing page.
    ("/redirect", {}, None), ("/redirect", asked(uri="/a/..//evil.example"), None), ("/redirect", asked(uri="/%5Cevil"), None),
    ("/redirect", asked(uri="/?q=a\\b"), "https://app.example/?q=a%5Cb"),
])
def test_the_way_back(site, target, headers, back, monkeypatch):
    monkeypatch.setattr(harness, "check_answer", lambda *_: None)  # a sign-in page on another host
    answer = check(site, target, headers={**headers, **NAVIGATION})
    assert answer.status == 303 and way_back(answer.location) == back


def test_after_sign_in_the_window_is_where_it_was(site, monkeypatch):
    monkeypatch.setattr(harness, "check_answer", lambda *_: None)
    location = check(site, "/redirect", headers={**asked(), **NAVIGATION}).location
    fields = {"username": "alice", "password": "wonderland", "return": way_back(location)}
    assert harness.post(site, "/login", fields).location == "https://app.example/page?a=1&b=2"


def test_the_sign_in_page_itself_is_not_led_to_itself(site):
    site.expect("MS0020")
    assert check(site, "/redirect", headers={**asked(uri="/login?return=/x"), **NAVIGATION}).status == 401


def test_an_inherited_sign_in_page_can_be_taken_back(site):
    answer = check(site, "/none", headers={**asked(), **NAVIGATION})
    assert answer.status == 401 and answer.location is None


# ---- trust ------------------------------------------------------------------------------------------

@pytest.mark.parametrize("more", ["", 'RemoteIPHeader X-Forwarded-For\nRemoteIPInternalProxy 127.0.0.1\n'])
def test_other_peers_get_403(more):
    config = SITE + more + section("/closed").replace("127.0.0.1", "192.0.2.1 2001:db8::/32 unix") + section("/auth")
    with Server(config, modules="remoteip" if more else "") as server:
        token = sign_in(server)
        for headers in ({}, asked(), {"X-Forwarded-For": "192.0.2.1"}, {"X-Forwarded-For": "192.0.2.1", **asked()}):
            for each in (None, token):
                answer = check(server, "/closed", each, headers)
                assert answer.status == 403 and "Remote-User" not in answer.headers
        line = logged(server, "MS0260", lambda: check(server, "/closed"))
        assert "127.0.0.1" in line and ":warn]" in line
        # The address of the connection counts, and not that of the client behind it.
        assert check(server, "/auth", token, {"X-Forwarded-For": "198.51.100.7"}).status == 200


@pytest.mark.parametrize("peers", ["", "Satisfy Any", "AuthType Basic\nAuthName x\nAuthUserFile @ROOT@/passwords"])
def test_without_peers_it_is_closed(peers):
    config = SITE + f'<Location "/auth">\nSetHandler managed-session-check\n{peers}\nRequire all granted\n</Location>\n'
    with Server(config) as server:
        for each in (None, sign_in(server)):
            assert check(server, "/auth", each, asked()).status == 403
        assert "MS0260" in server.error_log() and "MS0264" in server.error_log()


UNCLEAR = [
    *[{"X-Forwarded-Uri": uri} for uri in ("", "page", "//evil.example", "/\\evil.example", "https://app.example/", "/a\\b",
                                           "/a b", "/a\tb", "/a, /b", "/a#b", "*")],
    *[{"X-Forwarded-Host": host} for host in ("", "evil.example, app.example", "user@app.example", "app.example/x",
                                              "app.example:", "app.example:99999", "app.example\\x", "a b")],
    *[{"X-Forwarded-Proto": proto} for proto in ("", "https, http", "ftp", "javascript")],
    *[{"X-Forwarded-Method": method} for method in ("", "GET, POST", "GE T", "GET/")],
    *[{"X-Original-URL": url} for url in ("", "https://user@app.example/", "https://app.example//evil", "ftp://app.example/", "x",
                                          "https:///x", "//app.example/", "https://app.example\\@evil.example/",
                                          "https://app.example/a, https://app.example/b")],
    {"X-Forwarded-Uri": "/a", "X-Original-URI": "/b"}, {"X-Forwarded-Uri": "/a", "X-Original-URL": "https://app.example/b"},
    {"X-Forwarded-Host": "app.example", "X-Forwarded-Proto": "https", "X-Original-URL": "https://evil.example/"},
    {"X-Forwarded-Method": "GET", "X-Original-Method": "POST"},
]


@pytest.mark.parametrize("headers", UNCLEAR, ids=str)
def test_what_is_not_clear_is_refused(site, headers):
    for target in ("/auth", "/redirect", "/open"):
        for token in (None, sign_in(site)):
            answer = check(site, target, token, {**headers, **NAVIGATION})
            assert answer.status == 403 and answer.location is None and "Remote-User" not in answer.headers


def test_a_header_sent_twice_is_refused_and_logged(site):
    def twice():
        answer = request(site, "GET", "/redirect", [*NAVIGATION.items(), ("X-Forwarded-Host", "app.example"),
                                                    ("X-Forwarded-Host", "evil.example")])
        assert answer.status == 403
    assert "X-Forwarded-Host" in logged(site, "MS0261", twice)


def test_what_tells_the_same_twice_is_clear(site):
    headers = {**asked(), "X-Original-URI": "/page?a=1&b=2", "X-Original-URL": "https://app.example/page?a=1&b=2"}
    assert check(site, "/auth", sign_in(site), headers).status == 200


def test_in_a_directory_it_has_no_effect():
    config = SITE + CHECK.replace('Location "@PATH@"', 'Directory "@ROOT@/htdocs/app"').replace("/Location", "/Directory")
    with Server(config.replace("@MORE@", "Require valid-user")) as server:
        server.expect("MS0263")
        assert get(server, "/app/index.html", sign_in(server)).status == 403


@pytest.mark.parametrize("document", ["/cgi", "http://app.test/sorry", '"text"'])
def test_no_error_document_answers_in_its_place(document):
    documents = "".join(f"ErrorDocument {status} {document}\n" for status in (401, 403, 500, 503))
    with Server(SITE + documents.replace("ErrorDocument 401 http", "#") + 'ScriptAlias "/cgi" "@ROOT@/cgi"\n'
                '<Location "/cgi">\nRequire all granted\n</Location>\n' + section("/auth") + section("/bob", "Require user bob")
                + section("/local", "Require ip 192.0.2.1")) as server:
        server.expect("AH01630")
        server.write("cgi", "#!/bin/sh\nprintf 'Status: 200\\nRemote-User: bob\\n\\n'\n", 0o755)
        token = sign_in(server)
        assert [check(server, path, each).status for path, each in (
            ("/auth", None), ("/bob", token), ("/local", None), ("/auth", token))] == [401, 403, 403, 200]


def test_nor_for_an_app_that_goes_on_with_a_dead_password():
    config = SITE.replace("ManagedSessionLoginLimit 0", "ManagedSessionLoginLimit 3 5m") + "ErrorDocument 429 /cgi\n"
    with Server(config + 'ScriptAlias "/cgi" "@ROOT@/cgi"\n<Location "/cgi">\nRequire all granted\n</Location>\n'
                + section("/auth", "ManagedSessionAppBearer On\nRequire valid-user")) as server:
        server.write("cgi", "#!/bin/sh\nprintf 'Status: 200\\nRemote-User: bob\\n\\n'\n", 0o755)
        assert [check(server, headers=bearer(random_token())).status for _ in range(4)] == [401, 401, 401, 429]


# ---- WebSockets -------------------------------------------------------------------------------------

HANDSHAKES = [{"Upgrade": "websocket", "Connection": "Upgrade"}, {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="},
              {"Sec-WebSocket-Version": "13"}, {"Sec-Fetch-Mode": "websocket"}]


@pytest.mark.parametrize("handshake", HANDSHAKES, ids=lambda headers: next(iter(headers)))
@pytest.mark.parametrize("origin, status", [
    ({"Origin": "https://app.example"}, 200), ({"Origin": "https://evil.example"}, 403), ({"Origin": "null"}, 403),
    ({"Origin": "http://plain.example:8000"}, 200), ({}, 200), ({"Sec-Fetch-Site": "cross-site", "Origin": "https://x.example"}, 403),
    ({"Sec-Fetch-Site": "same-origin"}, 200)])
def test_a_websocket_of_another_site_is_refused(site, handshake, origin, status):
    site.expect("MS0022")
    for target in ("/auth", "/redirect", "/open"):
        assert check(site, target, sign_in(site), {**asked(), **handshake, **origin}).status == status


def test_the_site_is_the_one_that_the_client_sees(site):
    site.expect("MS0022")
    token, shake = sign_in(site), {"Sec-WebSocket-Key": "x", "Origin": "https://new.example"}
    assert check(site, "/auth", token, {**asked(host="new.example"), **shake}).status == 200
    assert check(site, "/auth", token, {**asked(host="new.example", proto="http"), **shake}).status == 403
    internal = {"Sec-WebSocket-Key": "x", "Origin": f"http://127.0.0.1:{site.port}"}
    assert check(site, "/auth", token, {**asked(), **internal}).status == 403


def test_an_ordinary_request_may_come_from_another_site(site):
    headers = {**asked(), "Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert check(site, "/auth", sign_in(site), headers).status == 200


# ---- app passwords ----------------------------------------------------------------------------------

def test_an_app_password_lets_an_app_pass_and_no_browser_page():
    dav = section("/dav", 'AuthName "Calendars"\nAuthBasicProvider managed-session\nRequire valid-user').replace(
        "AuthType ManagedSession", "AuthType Basic")
    api = section("/api", "ManagedSessionAppBearer On\nRequire session-kind app")
    with Server(SITE + dav + api + section("/auth", "Require session-kind browser")) as server:
        server.expect("AH01630|AH01617|MS0255")
        password, browser = insert_app(server), sign_in(server)
        for path, credentials in (("/dav", basic("alice", password)), ("/api", bearer(password))):
            answer = check(server, path, headers={**asked(), **credentials})
            assert answer.status == 200 and answer.headers["Remote-User"] == "alice", path
            assert answer.headers["Managed-Session-Id"] == password[:22]
        assert check(server, "/dav", headers={**asked(), **basic("bob", password)}).status == 401
        refused = check(server, "/dav", headers={**asked("PROPFIND"), **basic("alice", random_token())})
        assert refused.status == 401 and refused.headers["WWW-Authenticate"].startswith("Basic ")
        window = check(server, "/dav", headers={**asked(), **NAVIGATION})
        assert window.status == 401 and way_back(window.headers["Managed-Session-Login-URL"]) == "/page?a=1&b=2"
        assert check(server, "/dav", browser, asked()).headers["Remote-User"] == "alice"
        assert check(server, "/api", browser, asked()).status == 403
        assert check(server, "/auth", password, asked()).status == 401
        assert check(server, "/auth", browser, asked()).status == 200


# ---- bodies and connections -------------------------------------------------------------------------

def read_head(stream) -> tuple[int, dict]:
    status = int(stream.readline().split()[1])
    headers = {}
    while (line := stream.readline()) not in (b"\r\n", b""):
        name, _, value = line.decode().partition(":")
        headers[name.lower()] = value.strip()
    return status, headers


def ask(s: socket.socket, token: str | None, method: str = "GET", *lines: str) -> None:
    cookie = [f"Cookie: {COOKIE}={token}"] if token else []
    s.sendall("\r\n".join([f"{method} /auth HTTP/1.1", "Host: x", *cookie, *lines, "", ""]).encode())


def test_a_connection_serves_many_requests(site):
    token = sign_in(site)
    with connect(site) as s, s.makefile("rb") as stream:
        for each, status in ((token, 200), (token, 200), (None, 401), (token, 200)):
            ask(s, each, "POST" if each else "GET", "Content-Length: 0")
            found, headers = read_head(stream)
            stream.read(int(headers["content-length"]))
            assert found == status and headers.get("connection", "").lower() != "close"


@pytest.mark.parametrize("lines", [["Content-Length: 5000"], ["Transfer-Encoding: chunked"],
                                   ["Content-Length: 5000", "Expect: 100-continue"]])
@pytest.mark.parametrize("signed_in", [True, False])
def test_a_body_is_not_waited_for(site, lines, signed_in):
    """Proxies announce the client's body and do not send it."""
    with connect(site) as s, s.makefile("rb") as stream:
        ask(s, sign_in(site) if signed_in else None, "POST", *lines)
        status, headers = read_head(stream)
        assert status == (200 if signed_in else 401) and headers["connection"] == "close"
        stream.read()


def test_its_use_counts_as_use_of_the_session(site):
    token = sign_in(site)
    site.sql("UPDATE managed_session SET last_seen_at = 1 WHERE session_id = ?", token[:22])
    assert check(site, "/auth", token).status == 200
    harness.eventually(lambda: site.sql("SELECT last_seen_at FROM managed_session WHERE session_id = ?", token[:22]) != [(1,)],
                       "a touch")


# ---- configuration ----------------------------------------------------------------------------------

@pytest.mark.parametrize("config, warns", [
    ('<Location "/auth">\nSetHandler managed-session-check\nAuthType ManagedSession\nRequire valid-user\n</Location>\n', True),
    (section("/auth"), False),
    ('<Location "/">\nManagedSessionCheckPeers ::1\n</Location>\n<Location "/auth">\nSetHandler managed-session-check\n'
     "AuthType ManagedSession\nRequire valid-user\n</Location>\n", False)])
def test_a_handler_without_peers_is_warned_of(config, warns):
    server = Server(SITE + config)
    try:
        result = server.configtest()
        assert result.returncode == 0 and ("MS0264" in result.stderr) == warns, result.stderr
        assert not re.search("MS0(?!264)", result.stderr)
    finally:
        server.remove()


NESTED = '<Location "/auth/admin">\n@MORE@\n</Location>\n'
REQUIRE_BOB = "Require user bob"


@pytest.mark.parametrize("config, warns", [
    (section("/auth") + NESTED.replace("@MORE@", REQUIRE_BOB), True),
    (section("/auth/") + NESTED.replace("@MORE@", f"<RequireAny>\n{REQUIRE_BOB}\n{REQUIRE_BOB}\n</RequireAny>"), True),
    (section("/") + NESTED.replace("/auth/admin", "/-/admin").replace("@MORE@", REQUIRE_BOB), True),
    ("<VirtualHost *:@PORT@>\n" + NESTED.replace("@MORE@", REQUIRE_BOB) + "</VirtualHost>\n" + section("/auth"), True),
    (section("/auth") + NESTED.replace("@MORE@", "ManagedSessionCheckAnswer redirect"), False),
    (section("/auth") + section("/auth/admin", REQUIRE_BOB) + section("/auth-admins", REQUIRE_BOB), False),
    (section("/auth") + NESTED.replace("@MORE@", "SetHandler managed-session-login\nManagedSessionAuthProvider file\n"
                                       'AuthUserFile "@ROOT@/passwords"\nRequire all granted'), False),
    (section("/auth") + NESTED.replace("/auth/admin", "/auth/").replace("@MORE@", REQUIRE_BOB), False),
    (section("/auth") + NESTED.replace("/auth/admin", "/authors").replace("@MORE@", REQUIRE_BOB), False),
    (NESTED.replace("@MORE@", REQUIRE_BOB), False)])
def test_rules_below_the_handler_are_warned_of(config, warns):
    """Clients can avoid them: see below."""
    server = Server(SITE + config)
    try:
        result = server.configtest()
        assert result.returncode == 0 and ("MS0275" in result.stderr) == warns, result.stderr
    finally:
        server.remove()


def test_rules_by_path_are_those_of_the_path_as_it_is_written():
    """As docs/forward-auth.md describes it."""
    with Server(SITE + section("/auth") + NESTED.replace("@MORE@", REQUIRE_BOB)) as server:
        server.expect("MS0275|AH01630")
        token = sign_in(server)
        assert check(server, "/auth/admin/x", token).status == 403
        assert {check(server, f"/auth/{path}", token).status for path in ("admin%2Fx", "x%2F..%2Fadmin", "admin;v=1/x", "\\admin")} == {200}


# ---- servers that are not run here: their requests as they document them ----------------------------

BROWSER = ("User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0\r\n"
           "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\nAccept-Language: en-US,en;q=0.5\r\n"
           "Cookie: @COOKIE@\r\nSec-Fetch-Dest: document\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Site: none\r\n"
           "Upgrade-Insecure-Requests: 1\r\n")
REPLAYED = {
    # https://doc.traefik.io/traefik/middlewares/http/forwardauth/
    "traefik": "GET /redirect HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n" + BROWSER + (
        "X-Forwarded-For: 198.51.100.7\r\nX-Forwarded-Host: app.example\r\nX-Forwarded-Method: GET\r\nX-Forwarded-Port: 443\r\n"
        "X-Forwarded-Proto: https\r\nX-Forwarded-Server: traefik-0\r\nX-Forwarded-Uri: /page?a=1&b=2\r\n"
        "X-Real-Ip: 198.51.100.7\r\nAccept-Encoding: gzip\r\n\r\n"),
    # https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/filters/http/ext_authz/v3/ext_authz.proto, path_prefix
    "envoy": "GET /redirect/page?a=1&b=2 HTTP/1.1\r\nhost: app.example\r\ncontent-length: 0\r\n" + BROWSER.lower().replace(
        "@cookie@", "@COOKIE@") + (
        "x-forwarded-proto: https\r\nx-request-id: 9bd1-4a3e\r\nx-envoy-internal: true\r\n"
        "x-forwarded-for: 198.51.100.7\r\nx-envoy-expected-rq-timeout-ms: 250\r\n\r\n"),
    # https://github.com/kubernetes/ingress-nginx, rootfs/etc/nginx/template/nginx.tmpl
    "ingress-nginx": "GET /auth HTTP/1.1\r\nX-Request-ID: 9bd14a3e\r\nHost: httpd.sessions.svc\r\n" + (
        "X-Original-URL: https://app.example/page?a=1&b=2\r\nX-Original-Method: GET\r\nX-Sent-From: nginx-ingress-controller\r\n"
        "X-Real-IP: 198.51.100.7\r\nX-Forwarded-For: 198.51.100.7\r\nX-Auth-Request-Redirect: /page?a=1&b=2\r\n") + BROWSER + "\r\n",
}


@pytest.mark.parametrize("name", REPLAYED)
def test_what_others_send_is_understood(site, name):
    """Twice on one connection, which they keep."""
    with connect(site) as s, s.makefile("rb") as stream:
        for token, status in ((None, 401 if name == "ingress-nginx" else 303), (sign_in(site), 200)):
            s.sendall(REPLAYED[name].replace("@COOKIE@", f"{COOKIE}={token}" if token else "theme=dark").encode())
            found, headers = read_head(stream)
            stream.read(int(headers["content-length"]))
            assert found == status and headers.get("connection", "").lower() != "close"
            if token:
                assert headers["remote-user"] == "alice"
            else:
                back = way_back(headers.get("location") or headers["managed-session-login-url"])
                assert back == ("/page?a=1&b=2" if name == "envoy" else "https://app.example/page?a=1&b=2")

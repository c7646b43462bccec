# SPDX-License-Identifier: Apache-2.0
"""Signing in, by the form or by another module: who gets in, where it leads, and what is refused without a password check."""
import base64
import hashlib
import re
import time
import urllib.parse

import pytest

import databases
import harness
from harness import COOKIE, FormReader, SITE, Server, get, post, request, sign_in

# At /trap the provider has no file to read: a query of it is an error and a 503, so any other response
# shows that it was not queried.
DOORS = SITE + """
<Location "/trap">
    SetHandler managed-session-login
    ManagedSessionAuthProvider file
    AuthUserFile "@ROOT@/no-such-file"
</Location>
<Location "/basic">
    SetHandler managed-session-login
    ManagedSessionSignIn On
    AuthType Basic
    AuthName "staff"
    AuthBasicProvider file
    AuthUserFile "@ROOT@/passwords"
    Require valid-user
</Location>
<Location "/anyone">
    SetHandler managed-session-login
    ManagedSessionSignIn On
    AuthType Basic
    AuthName "anyone"
    AuthBasicProvider anon
    Anonymous *
    Anonymous_MustGiveEmail Off
    Require valid-user
</Location>
<Location "/landing">
    SetHandler managed-session-login
    ManagedSessionAuthProvider file
    AuthUserFile "@ROOT@/passwords"
    ManagedSessionLandingURL "/app/"
</Location>
"""
ALICE = {"username": "alice", "password": "wonderland"}
FORM = "application/x-www-form-urlencoded"
IMAGE = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}


@pytest.fixture(scope="module")
def server():
    with Server(DOORS, modules="authn_anon", own_paths=("/login", "/logout", "/sessions", "/trap", "/landing")) as s:
        yield s


@pytest.fixture(autouse=True)
def empty_table(server):
    server.sql("DELETE FROM managed_session")


def give_password(server, name: str, password: bytes) -> None:
    line = f"{name}:{{SHA}}{base64.b64encode(hashlib.sha1(password).digest()).decode()}\n"
    path = server.root / "passwords"
    path.write_bytes(path.read_bytes() + line.encode())


def basic(name: str, password: str) -> tuple[str, str]:
    return "Authorization", "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def row_of(server, token: str) -> dict:
    columns = "user_name, auth_method, persistent, created_at, max_expires_at"
    [row] = server.sql(f"SELECT {columns} FROM managed_session WHERE session_id = ?", token[:22])
    return dict(zip(columns.split(", "), row))


def user_at_app(server, token: str | None) -> str | None:
    """The user in the protected page's environment; None if the page is closed."""
    answer = get(server, "/sessions", token, {"Accept": "application/json"})
    return answer.json()["user"] if answer.status == 200 else None


def field(page: FormReader, name: str) -> dict | None:
    return next((attrs for tag, attrs in page.tags if tag == "input" and attrs.get("name") == name), None)


def attributes(answer) -> dict[str, str]:
    [cookie] = answer.cookies()
    return dict(part.strip().partition("=")[::2] for part in cookie.split(";")[1:])


def logged(server, mark: str) -> str:
    """The line of access.log with this mark; it is written after the answer."""
    end = time.monotonic() + harness.DEADLINE
    while time.monotonic() < end:
        for line in (server.root / "logs/access.log").read_text().splitlines():
            if mark in line:
                return line
        time.sleep(0.02)
    raise AssertionError(f"{mark} is not in access.log")


# -- the form -----------------------------------------------------------------------------------------


def test_the_form_can_be_filled_in_by_people_and_password_managers(server):
    answer = get(server, "/login")
    page = FormReader(answer.text)

    assert answer.status == 200 and answer.headers["Content-Type"] == "text/html; charset=utf-8"
    labels = {attrs["for"] for tag, attrs in page.tags if tag == "label"}
    for name, autocomplete in (("username", "username"), ("password", "current-password")):
        assert field(page, name)["id"] in labels and field(page, name)["autocomplete"] == autocomplete
    assert field(page, "password")["type"] == "password"
    assert field(page, "remember")["id"] in labels and "checked" not in field(page, "remember")
    assert field(page, "return") is None and answer.cookies() == []


def test_the_form_can_be_asked_for_with_head(server):
    answer = request(server, "HEAD", "/login")
    assert (answer.status, answer.body) == (200, b"") and int(answer.headers["Content-Length"]) > 0


@pytest.mark.parametrize("path", ["/app/", "/app/?a=1&b=2", "/app/?next=https://other.test/", "/app/%C3%A9?q=%26"])
def test_the_return_path_is_kept_from_the_form_through_a_mistake_to_the_end(server, path):
    browser = server.browser()
    browser.go("/login?" + urllib.parse.urlencode({"return": path}))
    assert FormReader(browser.page.text).forms[0]["return"] == path
    assert browser.submit({"username": "alice", "password": "wrong"}).status == 401
    assert FormReader(browser.page.text).forms[0]["return"] == path
    answer = browser.submit(ALICE, follow=False)
    assert (answer.status, answer.location) == (303, path)


def test_without_a_return_path_the_user_lands_where_the_site_says(server):
    assert post(server, "/login", ALICE).location == "/"
    assert post(server, "/landing", ALICE).location == "/app/"
    assert post(server, "/landing", {**ALICE, "return": "https://evil.test/"}).location == "/app/"


def test_what_would_be_unfit_for_a_header_arrives_encoded(server):
    answer = post(server, "/login", {**ALICE, "return": "/app/?q=two words <é>"})
    assert (answer.status, answer.location) == (303, "/app/?q=two%20words%20%3C%C3%A9%3E")


def test_signed_in_already_it_says_so_and_shows_a_way_on(server):
    token = sign_in(server)
    for target, way_on in (("/login", "/"), ("/login?return=/app/", "/app/"), ("/login?return=//evil.test", "/")):
        answer = get(server, target, token)
        page = FormReader(answer.text)
        assert answer.status == 200 and "You are signed in as alice." in page.words
        assert way_on in [attrs["href"] for tag, attrs in page.tags if tag == "a"]
    assert "alice" not in get(server, "/login").text and user_at_app(server, token) == "alice"


# -- the password -------------------------------------------------------------------------------------


def test_right_name_and_password_make_a_session(server):
    answer = post(server, "/login", ALICE)
    assert (answer.status, answer.location, server.rows()) == (303, "/", 1)
    assert {"user_name": "alice", "auth_method": "form"}.items() <= row_of(server, answer.token()).items()
    assert attributes(answer) == {"Path": "/", "Secure": "", "HttpOnly": "", "SameSite": "Lax"}
    assert get(server, "/app/", answer.token()).text == "protected page\n"


def test_nothing_tells_a_wrong_password_from_an_unknown_user(server):
    def outside(name):
        answer = post(server, "/login", {"username": name, "password": "wrong", "return": "/app/"})
        headers = [(n, v) for n, v in answer.headers.items() if n != "Date"]
        assert name in answer.text
        return answer.status, headers, answer.text.replace(name, "NAME")

    known, unknown = outside("alice"), outside("carol")
    assert known == unknown and known[0] == 401
    assert "Wrong user name or password" in known[2] and dict(known[1])["WWW-Authenticate"].startswith("ManagedSession realm=")
    assert server.rows() == 0 and "Set-Cookie" not in dict(known[1])


@pytest.mark.parametrize("name", ["ALICE", " alice", "alice ", "al\u0456ce", "*", ""])
def test_a_name_that_only_looks_like_a_users_is_no_user(server, name):
    answer = post(server, "/login", {"username": name, "password": "wonderland"})
    assert (answer.status, server.rows()) == (401, 0)


@pytest.mark.parametrize("user, password", [
    ("spaces", b"  two  spaces  "), ("utf8", "пароль 密码 é".encode()), ("signs", b"a+b%20c&d=e;f\\\"'<>%"),
    ("long", b"0123456789abcdef" * 8), ("longest", b"x" * 1024), ("latin1", b"caf\xe9"), ("tabs", b"a\tb\r\nc"),
])
def test_every_byte_of_a_password_counts(server, user, password):
    give_password(server, user, password)

    def attempt(typed: bytes) -> int:
        return post(server, "/login", f"username={user}&password={urllib.parse.quote_plus(typed)}".encode()).status

    assert attempt(password) == 303
    for typed in {password[:-1], password[1:], password.upper(), password.replace(b" ", b"+"), password.strip()}:
        assert typed == password or attempt(typed) == 401
    assert server.rows() == 1


def test_the_typed_password_never_comes_back(server):
    answer = post(server, "/login", {"username": "alice", "password": "not-her-password"})
    assert "not-her-password" not in answer.text and "not-her-password" not in server.error_log()


def test_a_mistyped_name_comes_back_as_text(server):
    def shape(name):
        page = FormReader(post(server, "/login", {"username": name, "password": "wrong"}).text)
        assert field(page, "username")["value"] == name
        return [(tag, {k: v for k, v in attrs.items() if k != "value"}) for tag, attrs in page.tags]

    for name in ('"><script>alert(1)</script>', "' onmouseover='x", "{{password}}", "&quot;&#60;b&#62;"):
        assert shape(name) == shape("carol")


# -- where it leads -----------------------------------------------------------------------------------

ELSEWHERE = [
    "//evil.test", "///evil.test", "////evil.test/%2e%2e", "/\\evil.test", "\\\\evil.test", "\\/evil.test",
    "\\/\\/evil.test/", "/%5cevil.test", "/%5Cevil.test", "/%255cevil.test", "/%2fevil.test", "/%2F/evil.test",
    "/%252fevil.test", "/%252f%252fevil.test", "/%09/evil.test", "/%2509/evil.test", "/\t/evil.test", "\t//evil.test",
    "/\n/evil.test", "/\r\n/evil.test", "http:evil.test", "https:/evil.test", "https:evil.test", "http://evil.test",
    "https://evil.test/", "HTTPS://evil.test", "http:///evil.test", "http:\\\\evil.test", "ftp://evil.test",
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\nscript:alert(1)", "javascript://%0aalert(1)",
    "data:text/html,<script>alert(1)</script>", "vbscript:x", "evil.test", "@evil.test", "//app.test@evil.test",
    "//evil.test\\@app.test", "https://app.test.evil.test", "https://evil.test#app.test", "https://app.test@evil.test",
    "//127.0.0.1@evil.test", "/x%0d%0aSet-Cookie:a=b", "/x%250d%250aSet-Cookie:a=b", "/x\r\nSet-Cookie: a=b",
    "/x?y\r\nSet-Cookie: a=b", " /evil.test", " //evil.test", "\u00a0//evil.test", "/\x7f/evil.test", "/%7f", "/%00",
    "/%2500", "?x", "#x", "", ".", "..", "../evil.test", "/a/..//evil.test", "/.//evil.test",
    "/..//evil.test", "/%2e%2e//evil.test", "/#//evil.test", "/a b", "/" + "a" * 10_000, "/?" + "a" * 10_000,
    "〱//evil.test", "/%zz", "/%", "/<evil>", "/\"evil", "/x?\x1b[31m", b"/\xff", b"/?\xff", b"/\xc0\xaf/evil.test",
    b"/?\xc2\x85", b"\xef\xbb\xbf//evil.test",
]


@pytest.mark.parametrize("path", ELSEWHERE, ids=lambda p: repr(p)[:40])
def test_no_visitor_is_sent_to_another_site(server, path):
    """In the form, in the address, and when another module signs in; all lead to the landing page."""
    query = urllib.parse.urlencode({"return": path})
    posted = post(server, "/login", {**ALICE, "return": path})
    assert (posted.status, posted.location, posted.cookies("a")) == (303, "/", [])

    if len(query) < 7000:  # longer request lines are httpd's to refuse
        browser = server.browser()
        assert browser.go("/login?" + query).status == 200
        assert "return" not in FormReader(browser.page.text).forms[0]
        assert (browser.submit(ALICE, follow=False).location, browser.page.status) == ("/", 303)
        led = get(server, "/basic?" + query, headers=[basic("alice", "wonderland")])
        assert (led.status, led.location) == (303, "/")


@pytest.mark.parametrize("path", [
    "/@evil.test", "/http://evil.test"[:6] + "evil.test", "/app/?u=//evil.test", "/app/?u=\\evil", "/app/?u=%0d%0aX",
    "/%e3%80%82evil.test", "/a;b,c=d", "/app/?//", "/~alice/", "/a/../b",
])
def test_where_a_path_is_odd_but_here_it_stays_here(server, path):
    answer = post(server, "/login", {**ALICE, "return": path})
    assert answer.status == 303 and re.fullmatch(r"/(?![/\\])[!-\[\]-~]*", answer.location)
    assert answer.location == path.replace("\\", "%5C")


@pytest.mark.parametrize("target", ["/login", "/landing"])
def test_a_forged_host_leads_nowhere(server, target):
    answer = post(server, target, {**ALICE}, headers={"Host": "evil.test", "X-Forwarded-Host": "evil.test"})
    assert answer.status == 303 and re.fullmatch(r"/(app/)?", answer.location)
    challenge = get(server, "/app/", headers={"Host": "evil.test", "Accept": "text/html"})
    assert (challenge.status, challenge.location) == (303, "/login?return=/app/")


@pytest.mark.parametrize("origin", ["http://app.test", "http://127.0.0.1:@PORT@"])
def test_a_forged_host_does_not_make_an_origin_its_own(server, origin):
    answer = post(server, "/trap", ALICE, headers={"Host": "evil.test", "Origin": server.fill(origin)})
    assert (answer.status, server.rows()) == (403, 0)


# -- how long -----------------------------------------------------------------------------------------

MONTH, HALF_A_DAY = 30 * 86400, 12 * 3600


@pytest.mark.parametrize("setting, ticked, persistent", [
    ("Ask", True, 1), ("Ask", False, 0), ("On", True, 1), ("On", False, 1), ("Off", True, 0), ("Off", False, 0)])
def test_whether_the_session_outlives_the_browser(setting, ticked, persistent):
    with Server(f"ManagedSessionRemember {setting}\n" + SITE) as s:
        assert (field(FormReader(get(s, "/login").text), "remember") is not None) == (setting == "Ask")
        answer = post(s, "/login", {**ALICE, **({"remember": "1"} if ticked else {})})
        assert attributes(answer).get("Max-Age") == (str(MONTH) if persistent else None)
        row = row_of(s, answer.token())
        assert row["persistent"] == persistent
        assert row["max_expires_at"] - row["created_at"] == (MONTH if persistent else HALF_A_DAY)


# -- session fixation ---------------------------------------------------------------------------------


def test_an_invented_token_is_never_taken_up(server):
    sent = harness.random_token()
    answer = post(server, "/login", ALICE, cookie=sent)
    assert answer.token()[:22] != sent[:22] and answer.token()[23:] != sent[23:]
    assert server.sql("SELECT 1 FROM managed_session WHERE session_id = ?", sent[:22]) == []
    assert user_at_app(server, sent) is None and user_at_app(server, answer.token()) == "alice"


def test_a_planted_session_of_another_user_ends_when_the_user_signs_in(server):
    planted = sign_in(server, "bob")
    answer = post(server, "/login", ALICE, cookie=planted)
    assert answer.token()[:22] != planted[:22] and row_of(server, answer.token())["user_name"] == "alice"
    assert user_at_app(server, planted) is None and server.rows() == 1
    assert user_at_app(server, answer.token()) == "alice"


def test_a_token_counts_in_the_cookie_only(server):
    token = harness.random_token()
    now = int(time.time())
    server.sql(f"INSERT INTO managed_session ({databases.COLUMNS}) VALUES (?, ?, 'app.test', 'bob', ?, ?, ?, ?, '::1', '::1', '', NULL, 'form', 0)",
               token[:22], hashlib.sha256(token[23:].encode()).hexdigest(), now, now, now + 3600, now + 3600)
    assert user_at_app(server, token) == "bob"

    for answer in (
        get(server, f"/app/?{COOKIE}={token}"), get(server, f"/app/;{COOKIE}={token}"),
        get(server, "/app/", headers={"X-Session": token, COOKIE: token}),
        get(server, "/app/", headers={"Authorization": f"Bearer {token}"}),
        get(server, "/app/", f"session={token}"), get(server, "/app/", f"{COOKIE.lower()}={token}"),
        post(server, "/app/", {COOKIE: token}),
    ):
        assert answer.status == 401 and "protected" not in answer.text
    sent = post(server, f"/login?{COOKIE}={token}", {**ALICE, COOKIE: token})
    assert sent.token()[:22] != token[:22] and row_of(server, sent.token())["user_name"] == "alice"
    assert user_at_app(server, token) == "bob"


def test_signing_in_again_ends_the_session_this_browser_had_and_no_other(server):
    elsewhere, before = sign_in(server), sign_in(server)
    after = post(server, "/login", ALICE, cookie=before).token()
    assert [user_at_app(server, t) for t in (elsewhere, before, after)] == ["alice", None, "alice"]
    assert server.rows() == 2


def test_a_failed_sign_in_leaves_the_session_alone(server):
    token = sign_in(server)
    answer = post(server, "/login", {**ALICE, "password": "wrong"}, cookie=token)
    assert answer.status == 401 and answer.cookies() == [] and user_at_app(server, token) == "alice"


# -- another module's sign-in -------------------------------------------------------------------------


def test_who_passed_another_module_gets_a_session(server):
    answer = get(server, "/basic?return=/app/", headers=[basic("alice", "wonderland")])
    assert (answer.status, answer.location) == (303, "/app/")
    assert {"user_name": "alice", "auth_method": "Basic"}.items() <= row_of(server, answer.token()).items()
    assert get(server, "/app/", answer.token()).text == "protected page\n"


@pytest.mark.parametrize("credentials", [[], [basic("alice", "wrong")], [basic("carol", "wonderland")]])
def test_who_did_not_pass_it_is_asked_by_it(server, credentials):
    server.expect("AH01617|AH01618")
    answer = get(server, "/basic", headers=credentials)
    assert answer.status == 401 and answer.headers["WWW-Authenticate"] == 'Basic realm="staff"'
    assert server.rows() == 0 and answer.cookies() == []


@pytest.mark.parametrize("method, headers", [
    ("GET", IMAGE), ("GET", {**IMAGE, "Sec-Fetch-Site": "same-site"}),
    ("GET", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}),
    ("GET", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}),
    ("POST", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}),
    ("POST", {"Origin": "https://evil.test"}), ("POST", {"Origin": "null"}),
])
def test_no_image_frame_or_form_of_another_site_signs_in_by_what_the_browser_sends_by_itself(
        server, method, headers):
    answer = request(server, method, "/basic", [basic("alice", "wonderland"), *headers.items()])
    assert (answer.status, answer.cookies(), server.rows()) == (403, [], 0)


def test_another_site_may_lead_there_and_a_button_signs_in(server):
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    answer = get(server, "/basic", headers=[basic("alice", "wonderland"), *headers.items()])
    assert (answer.status, server.rows()) == (200, 0) and "Continue as alice" in answer.text
    answer = post(server, "/basic", {}, headers=[basic("alice", "wonderland"), ("Sec-Fetch-Site", "same-origin")])
    assert (answer.status, server.rows()) == (303, 1)


def test_head_makes_no_session_there(server):
    answer = request(server, "HEAD", "/basic", [basic("alice", "wonderland")])
    assert answer.status < 300 and (answer.cookies(), server.rows()) == ([], 0)


@pytest.mark.parametrize("name", ["a\nb", "a\x1b[31m", "\x7f", "x" * 256, "é" * 256])
def test_a_name_that_cannot_be_kept_signs_no_user_in(server, name):
    server.expect("MS0011")
    answer = get(server, "/anyone", headers=[basic(name, "any")])
    assert (answer.status, answer.cookies(), server.rows()) == (403, [], 0)


# -- requests of other sites --------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [
    {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": ""},
    {"Sec-Fetch-Site": "Same-Origin"}, {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:@PORT@"},
    {"Origin": "http://evil.test"}, {"Origin": "https://evil.test"}, {"Origin": "null"}, {"Origin": ""},
    {"Origin": "http://127.0.0.1:1"}, {"Origin": "http://127.0.0.1"}, {"Origin": "http://127.0.0.1:@PORT@.evil.test"},
    {"Origin": "http://127.0.0.1:@PORT@@evil.test"}, {"Origin": "http://evil.test#127.0.0.1:@PORT@"},
    {"Origin": "ftp://127.0.0.1:@PORT@"}, {"Origin": "127.0.0.1:@PORT@"}, {"Origin": "http://127.0.0.1:@PORT@/x"},
], ids=str)
def test_another_site_can_sign_no_user_in(server, headers):
    """No query is made, and no session."""
    answer = post(server, "/trap", ALICE, headers={n: server.fill(v) for n, v in headers.items()})
    assert (answer.status, answer.cookies(), server.rows()) == (403, [], 0)


@pytest.mark.parametrize("headers", [
    {}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}, {"Origin": "http://127.0.0.1:@PORT@"},
    {"Origin": "HTTP://127.0.0.1:@PORT@"}, {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
], ids=str)
def test_the_site_itself_can(server, headers):
    """A page without a referrer sends Origin: null even to its own site."""
    answer = post(server, "/login", ALICE, headers={n: server.fill(v) for n, v in headers.items()})
    assert (answer.status, server.rows()) == (303, 1)


# -- bodies -------------------------------------------------------------------------------------------


def test_the_trap_says_when_the_provider_is_asked(server):
    server.expect("AH01620|MS0041", status_5xx=True)
    assert post(server, "/trap", ALICE).status == 503


def exchange(server, head: str, body: bytes) -> bytes:
    """All that comes back until the connection is closed, with another request waiting behind this one."""
    behind = b"GET /behind HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    said = b""
    with harness.connect(server) as s:
        s.sendall(f"POST /trap HTTP/1.1\r\nHost: x\r\n{head}\r\n".encode() + body + behind)
        while part := s.recv(65536):
            said += part
    return said


@pytest.mark.parametrize("head, body, status", [
    (f"Content-Type: {FORM}\r\nContent-Length: {10 * 2**30}\r\n", b"", 413),
    (f"Content-Type: {FORM}\r\nContent-Length: {10 * 2**30}\r\nExpect: 100-continue\r\n", b"", 413),
    (f"Content-Type: {FORM}\r\nContent-Length: 16385\r\n", b"", 413),
    (f"Content-Type: {FORM}\r\nTransfer-Encoding: chunked\r\n", b"4000\r\n" + b"a" * 0x4000 + b"\r\n1\r\na\r\n", 413),
    ("Content-Type: application/xml\r\nContent-Length: 900\r\n", b"", 415),
    (f"Content-Type: application/json\r\nContent-Length: {10 * 2**30}\r\n", b"", 413),
], ids=["10 GB", "10 GB expecting 100", "a byte over", "chunked without end", "XML", "10 GB JSON"])
def test_what_is_refused_is_not_read_and_the_connection_closes(server, head, body, status):
    """What is left of the body is never taken for a request."""
    said = exchange(server, head, body)
    assert said.startswith(f"HTTP/1.1 {status} ".encode()) and said.count(b"HTTP/1.1 ") == 1
    assert re.search(rb"(?i)\r\nConnection: close\r\n", said) and server.rows() == 0


LOGIN = urllib.parse.urlencode(ALICE).encode()
MULTIPART = b'--x\r\nContent-Disposition: form-data; name="username"\r\n\r\nalice\r\n--x--\r\n'


@pytest.mark.parametrize("content_type, body, status", [
    ("multipart/form-data; boundary=x", MULTIPART, 415), ("application/json", b'{"username": "alice"}', 400),
    ("text/plain", LOGIN, 415), (FORM + "x", LOGIN, 415), ("", LOGIN, 415), (None, LOGIN, 415),
    (FORM, b"&" * 10**5, 413), (FORM, LOGIN + b"&x=" + b"a" * 16384, 413),
    (FORM, b"&" * 16000, 400), (FORM, LOGIN + b"&&", 400), (FORM, LOGIN + b"&=x", 400), (FORM, LOGIN + b"%", 400),
    (FORM, b"", 400), (FORM, b"username=alice", 400), (FORM, b"password=wonderland", 400), (FORM, b"x=y", 400),
    (FORM, LOGIN + b"&username=bob", 400), (FORM, LOGIN + b"&password=wonderland", 400),
    (FORM, LOGIN + b"&%75sername=bob", 400), (FORM, LOGIN + b"&return=/a&return=/b", 400),
    (FORM, LOGIN + b"&remember=1&remember=1", 400),
    (FORM, b"username=alice%00&password=wonderland", 400), (FORM, b"username=alice&password=wonderland%00x", 400),
    (FORM, LOGIN + b"&return=%00/", 400), (FORM, LOGIN + b"&x=\x00", 400), (FORM, LOGIN + b"\x00", 400),
    (FORM, LOGIN + b"%zz", 400), (FORM, LOGIN + b"&%zz=1", 400), (FORM, LOGIN + b"%4", 400), (FORM, LOGIN + b"%u0041", 400),
    (FORM, b"username=%ff&password=wonderland", 400), (FORM, b"username=%c0%af&password=x", 400),
    (FORM, b"username=\xff&password=x", 400), (FORM, b"username=a%0ab&password=x", 400),
    (FORM, b"username=a%7f&password=x", 400), (FORM, b"username=a%c2%85&password=x", 400),
    (FORM, b"username=" + b"a" * 256 + b"&password=x", 400), (FORM, b"username=" + b"%C3%A9" * 256 + b"&password=x", 400),
    (FORM, b"username=alice&password=" + b"x" * 1025, 400),
    (FORM, LOGIN + b"".join(b"&f%d=" % i for i in range(19)), 400),
], ids=lambda v: repr(v)[:50])
def test_a_body_that_is_not_our_form_is_refused_before_anyone_is_asked(server, content_type, body, status):
    headers = {} if content_type is None else {"Content-Type": content_type}
    answer = request(server, "POST", "/trap", headers, body)
    assert (answer.status, answer.cookies(), server.rows()) == (status, [], 0)


@pytest.mark.parametrize("content_type", [FORM, FORM.upper(), FORM + "; charset=UTF-8", FORM + ";charset=utf-8"])
def test_the_form_is_known_by_its_type_in_any_case_and_with_any_parameters(server, content_type):
    assert request(server, "POST", "/login", {"Content-Type": content_type}, LOGIN).status == 303


def test_a_form_as_large_as_allowed_may_come_in_chunks(server):
    body = (LOGIN + b"&x=").ljust(16384, b"a")
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(c), c) for c in (body[:1], body[1:9000], body[9000:])) + b"0\r\n\r\n"
    answer = request(server, "POST", "/login", {"Content-Type": FORM, "Transfer-Encoding": "chunked"}, chunks)
    assert (answer.status, server.rows()) == (303, 1)


def test_a_request_without_any_body_is_refused(server):
    assert request(server, "POST", "/trap").status == 400


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "BREW"])
def test_other_methods_are_refused(server, method):
    answer = request(server, method, "/trap", {"Content-Type": FORM}, LOGIN)
    assert answer.status == 405 and set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "POST"}
    assert server.rows() == 0


def test_a_password_in_the_address_signs_no_user_in(server):
    answer = get(server, "/trap?" + LOGIN.decode())
    assert (answer.status, answer.cookies(), server.rows()) == (200, [], 0)


# -- the logs -----------------------------------------------------------------------------------------


def test_a_failed_sign_in_is_logged_without_a_user(server):
    post(server, "/login?mark=failed", {**ALICE, "password": "wrong"})
    assert logged(server, "mark=failed").startswith('127.0.0.1 - - "POST')
    assert re.search(r'sign_in_failed: user "alice"', server.new_log())


@pytest.mark.parametrize("name, as_logged", [
    ("%n%s%x%s%n", 'user "%n%s%x%s%n"'), ('forged" right', None), ("forged\\n", None), ("forged\u2028[error]", None),
    ("forged\u202e", None),
])
def test_a_strange_name_stays_within_its_line_of_the_log(server, name, as_logged):
    assert post(server, "/login", {"username": name, "password": "wrong"}).status == 401
    [line] = [line for line in server.new_log().splitlines() if "sign_in_failed" in line]
    assert re.match(r"\[\w{3} \w{3} \d\d [\d:.]+ \d{4}\] \[managed_session:info\]", line) and line.isascii()
    assert as_logged is None or as_logged in line


@pytest.mark.parametrize("target", ["/login", "/anyone"])
@pytest.mark.parametrize("name", ["a\n[Mon] [core:error] forged", "a\r\nforged", "\x1b[31mforged", "\x9bforged"])
def test_control_characters_reach_no_log(server, target, name):
    server.expect("MS0011")
    headers = [basic(name, "any")]
    answer = post(server, target, {"username": name, "password": "x"}) if target == "/login" else get(
        server, target, headers=headers)
    assert answer.status == (400 if target == "/login" else 403)
    for line in server.new_log().split("\n")[:-1]:
        assert re.match(r"\[\w{3} \w{3} \d\d ", line) and not re.search(r"[\x00-\x1f\x7f-\x9f]", line)

# SPDX-License-Identifier: Apache-2.0
"""Who a request is from: the cookie it brings, the row that stands for it, and what becomes of both."""
import base64
import http.client
import re
import subprocess
import urllib.parse

import time

import pytest

import databases
import harness
from harness import COOKIE, PAGE, Backend, Server, eventually, get, logged, random_token, sign_in

APP = "/app/"


def denied(answer) -> bool:
    return answer.status == 401 and PAGE not in answer.text


def end_row(server, token: str, statement: str) -> None:
    server.sql(statement + " WHERE session_id = ?", token[:22])


# -- the row ---------------------------------------------------------------------------------------


def test_a_live_session_is_let_in_with_one_statement(server):
    token = sign_in(server)
    server.forget_statements()
    assert get(server, APP, token).text == PAGE
    assert server.statements() == ["FIND"]


@pytest.mark.parametrize("statement", [
    f"UPDATE managed_session SET expires_at = {int(time.time()) - 1}",
    f"UPDATE managed_session SET expires_at = {int(time.time())}",
    "UPDATE managed_session SET expires_at = 0",
    "DELETE FROM managed_session",
    "UPDATE managed_session SET secret_hash = ''",
    "UPDATE managed_session SET secret_hash = upper(secret_hash)",
    "UPDATE managed_session SET realm = 'elsewhere'",
])
def test_a_session_is_over_as_soon_as_the_table_says_so(server, statement):
    """Expired though its row is still there, deleted, or changed: the very next request is refused."""
    token = sign_in(server)
    assert get(server, APP, token).text == PAGE
    end_row(server, token, statement)
    assert denied(get(server, APP, token))


@pytest.mark.sqlite  # the others take no such text
@pytest.mark.parametrize("name", ["al\x01ice", "alice\n", "alice\x7f", "al\u0085ice", "", "a" * 256])
def test_a_user_name_that_could_not_have_been_signed_in_is_no_user(server, name):
    """Control characters in a name never reach an application or a log, even if another program wrote the row."""
    token = sign_in(server)
    server.sql("UPDATE managed_session SET user_name = ? WHERE session_id = ?", name, token[:22])
    assert denied(get(server, APP, token))


def test_a_stolen_table_signs_no_user_in(server):
    """What the table holds of the secret is of no use as the secret, in any spelling."""
    token = sign_in(server)
    [(digest,)] = server.sql("SELECT secret_hash FROM managed_session WHERE session_id = ?", token[:22])
    spelled = base64.urlsafe_b64encode(bytes.fromhex(digest)).decode().rstrip("=")
    assert len(digest) == 64 and len(spelled) == 43
    for secret in (digest, digest[:43], digest[-43:], spelled):
        assert denied(get(server, APP, f"{token[:22]}.{secret}"))
    assert token[23:] not in "".join(str(row) for row in server.sql("SELECT * FROM managed_session"))


def test_the_right_id_with_another_secret_is_no_session(server):
    mine, other = sign_in(server), sign_in(server, "bob")
    assert denied(get(server, APP, f"{mine[:22]}.{other[23:]}"))
    assert denied(get(server, APP, mine[:-2] + ("AA" if mine[-2:] != "AA" else "BA")))


def test_guessed_tokens_are_refused(server):
    sign_in(server)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=harness.DEADLINE)
    try:
        for _ in range(500):
            connection.request("GET", APP, headers={"Cookie": f"{COOKIE}={random_token()}"})
            answer = connection.getresponse()
            assert answer.status == 401 and PAGE.encode() not in answer.read()
    finally:
        connection.close()


def test_a_row_with_null_where_a_value_must_be_is_no_session():
    """A table made by hand may lack the NOT NULLs."""
    server = Server()
    for statement in databases.schema_file({"sqlite": "sqlite.sql", "pgsql": "postgresql.sql", "mysql": "mysql.sql"}[databases.NAME]):
        server.sql(re.sub("(?<!IS) NOT NULL", "", statement))
    if databases.NAME == "sqlite":
        server.db.chmod(0o666)
    with server:
        for column in ("user_name", "secret_hash", "created_at", "auth_method"):
            token = sign_in(server)
            assert get(server, APP, token).text == PAGE
            server.expect("MS0006: a row of table \"managed_session\" has NULL")
            end_row(server, token, f"UPDATE managed_session SET {column} = NULL")
            assert denied(get(server, APP, token))


# -- the form of the cookie ------------------------------------------------------------------------

# @T@ is a live token, @C@ the cookie's name.
MALFORMED = {
    "name only": b"@C@",
    "empty": b"@C@=",
    "commas do not separate cookies": b"x=1,@C@=@T@",
    "comma and blank do not either": b"x=1, @C@=@T@",
    "a comma behind it": b"@C@=@T@,",
    "a second cookie behind a comma": b"@C@=@T@, x=1",
    "quoted": b'@C@="@T@"',
    "quoted by apostrophes": b"@C@='@T@'",
    "half a quote": b'@C@="@T@',
    "inside a quoted value": b'x="1; @C@=@T@"',
    "a word behind it": b"@C@=@T@ x",
    "a blank within": b"@C@=@T1@ @T2@",
    "a blank in the name's place": b" =@T@",
    "a blank behind the name": b"@C@ =@T@",
    "no name": b"=@T@",
    "no name, the pair as value": b"=@C@=@T@",
    "two equals signs": b"@C@==@T@",
    "equals sign as padding": b"@C@=@T@=",
    "name with an en quad before it": b"\xe2\x80\x80@C@=@T@",
    "name with a no-break space before it": b"\xa0@C@=@T@",
    "name with a no-break space in UTF-8": b"\xc2\xa0@C@=@T@",
    "name with an ideographic space before it": b"x=1;\xe3\x80\x80@C@=@T@",
    "name with NEL before it": b"\x85@C@=@T@",
    "value with a no-break space before it": b"@C@=\xa0@T@",
    "value with an en quad behind it": b"@C@=@T@\xe2\x80\x80",
    "lower case name": b"__host-session=@T@",
    "upper case name": b"__HOST-SESSION=@T@",
    "the name without its prefix": b"session=@T@",
    "the name with more before it": b"x@C@=@T@",
    "the name with more behind it": b"@C@x=@T@",
    "the name cut off": b"__Host-sessio=@T@",
    "the name percent-encoded": b"%5F%5FHost-session=@T@",
    "the old $-attributes": b'$Version="1"; $Path="/"; @C@="@T@"; $Path="/"',
    "value percent-encoded": b"@C@=%@X1@@T2@",
    "the dot percent-encoded": b"@C@=@ID@%2E@SECRET@",
    "a percent-encoded NUL behind it": b"@C@=@T@%00",
    "a percent-encoded semicolon behind it": b"@C@=@T@%3B",
    "another letter than base64url's": b"@C@=@ID@.+@SECRET-1@",
    "a slash in the secret": b"@C@=@ID@./@SECRET-1@",
    "a byte above ASCII in it": b"@C@=@ID@.\xff@SECRET-1@",
    "no dot": b"@C@=@ID@@SECRET@",
    "another separator": b"@C@=@ID@:@SECRET@",
    "two dots": b"@C@=@ID@..@SECRET@",
    "the dot elsewhere": b"@C@=@ID-1@.@T2@@SECRET@",
    "the id alone": b"@C@=@ID@",
    "the id and a dot": b"@C@=@ID@.",
    "the secret alone": b"@C@=@SECRET@",
    "the secret with a dot before it": b"@C@=.@SECRET@",
    "the parts exchanged": b"@C@=@SECRET@.@ID@",
    "the secret cut by one": b"@C@=@ID@.@SECRET-1@",
    "the secret longer by one": b"@C@=@ID@.@SECRET@A",
    "the id cut by one": b"@C@=@ID-1@.@SECRET@",
    "the id longer by one": b"@C@=A@ID@.@SECRET@",
    "the token twice": b"@C@=@T@@T@",
    "1 character": b"@C@=A",
    "42 characters": b"@C@=" + 42 * b"A",
    "44 characters": b"@C@=" + 44 * b"A",
    "65 characters": b"@C@=" + 65 * b"A",
    "66 characters without a dot": b"@C@=" + 66 * b"A",
    "67 characters": b"@C@=" + 67 * b"A",
    "4000 characters": b"@C@=" + 4000 * b"A",
    "8000 characters": b"@C@=@T@" + 7900 * b"A",
    "semicolons": b";", "equals sign": b"=", "pieces of nothing": b";=;;==;", "a name's beginning": b"__Host-",
}


def spell(pattern: bytes, token: str) -> bytes:
    id_, secret = token[:22], token[23:]
    for mark, text in {"C": COOKIE, "T1": token[:40], "T2": token[40:], "T": token, "ID-1": id_[1:], "ID": id_,
                       "SECRET-1": secret[1:], "SECRET": secret, "X1": f"{ord(token[0]):02x}"}.items():
        pattern = pattern.replace(f"@{mark}@".encode(), text.encode())
    return pattern


@pytest.mark.parametrize("pattern", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_cookie_of_another_form_is_no_cookie_and_costs_no_statement(server, pattern):
    """Not unquoted, not decoded, not split at commas; and the database is not queried."""
    header = spell(pattern, sign_in(server))
    assert b"@" not in header
    server.forget_statements()
    answer = get(server, APP, headers=[("Cookie", header)])
    assert denied(answer) and server.statements() == []
    assert not answer.cookies(), "nothing well-formed was presented, so there is nothing to clear"


@pytest.mark.parametrize("header", [
    b"@C@=@T@", b"  @C@=@T@  ", b"x=1;@C@=@T@", b"x=1;\t@C@=@T@\t;y=2", b";;;@C@=@T@", b"@C@=@T@;", b"@C@=@T@; ;=;",
    b"$Version=1; @C@=@T@", b'x="a; @C@=@T@; b"', b"@C@=; @C@=@T@", b"@C@=@T@; @C@=nonsense", b"@C@; @C@=@T@",
    b"__host-session=no; @C@=@T@; session=no", b"".join(b"c%d=%d; " % (i, i) for i in range(199)) + b"@C@=@T@",
])
def test_the_cookie_is_found_among_others(server, header):
    token = sign_in(server)
    assert get(server, APP, headers=[("Cookie", spell(header, token))]).text == PAGE


def test_headers_too_long_for_httpd_are_an_error_of_the_client(server):
    assert get(server, "/", headers=[("Cookie", f"{COOKIE}=" + 9000 * "A")]).status == 400


# -- several cookies of one name -------------------------------------------------------------------


def pairs(*tokens: str) -> str:
    return "; ".join(f"{COOKIE}={token}" for token in tokens)


def test_a_dead_cookie_beside_a_live_one_does_no_harm(server):
    """An attacker who plants a cookie from a sibling host cannot sign a user out..."""
    live, dead = sign_in(server), random_token()
    for header in (pairs(live, dead), pairs(dead, live), pairs(dead, live, random_token())):
        answer = get(server, APP, header)
        assert answer.text == PAGE and not answer.cookies()


def test_the_same_cookie_twice_is_one(server):
    token = sign_in(server)
    server.forget_statements()
    assert get(server, APP, pairs(token, token, token)).text == PAGE
    assert server.statements() == ["FIND"]


@pytest.mark.parametrize("other", ["alice", "bob"])
def test_two_live_sessions_in_one_request_are_no_user(server, other):
    """...nor act as a user: it is unknown which one was meant, so it is logged and neither counts."""
    mine, theirs = sign_in(server), sign_in(server, other)
    for header in (pairs(mine, theirs), pairs(theirs, mine)):
        answer = get(server, APP, header)
        assert denied(answer) and not answer.cookies()
    eventually(lambda: denied(get(server, APP, header)) and re.search(
        rf"managed_session:warn\].*MS0010: .* 2 live sessions .*\"(alice|{other})\"", server.new_log()), "MS0010 is logged")
    assert get(server, APP, mine).text == PAGE and get(server, APP, theirs).text == PAGE


def test_eight_tokens_are_tried_in_one_statement(server):
    live = sign_in(server)
    dead = [random_token() for _ in range(8)]
    for before in (1, 4, 7):
        server.forget_statements()
        answer = get(server, APP, pairs(*dead[:before], live, *dead[before:7]))
        assert answer.text == PAGE and not answer.cookies()
        assert server.statements() == ["FIND_ANY"]
    malformed = ["nonsense"] * 10
    assert get(server, APP, pairs(*malformed, *dead[:7], live)).text == PAGE


def test_one_id_with_several_secrets_is_one_session(server):
    live, other = sign_in(server), random_token()
    wrong = f"{live[:22]}.{other[23:]}"
    for header in (pairs(wrong, live), pairs(live, wrong, other)):
        assert get(server, APP, header).text == PAGE
    assert denied(get(server, APP, pairs(wrong, other)))


@pytest.mark.skipif(not harness.CACHE, reason="without the look-up cache every token goes to the table")
def test_only_tokens_that_the_cache_does_not_know_go_to_the_table(server):
    live, dead = sign_in(server), [random_token() for _ in range(2)]
    assert get(server, APP, live).text == PAGE
    server.forget_statements()
    assert get(server, APP, live).text == PAGE
    assert get(server, APP, pairs(dead[0], live)).text == PAGE
    assert get(server, APP, pairs(dead[0], live, dead[1])).text == PAGE
    assert server.statements() == ["FIND", "FIND", "FIND_ANY"]


@pytest.mark.parametrize("before", [4, 7])
def test_planted_cookies_keep_no_user_out(server, before):
    """And after another sign-in neither, whose cookie stands behind them too."""
    planted = [random_token() for _ in range(before)]
    first = sign_in(server)
    assert get(server, APP, pairs(*planted, first)).text == PAGE
    again = harness.post(server, "/login", {"username": "alice", "password": "wonderland"}, pairs(*planted, first))
    assert get(server, APP, pairs(*planted, again.token())).text == PAGE
    assert denied(get(server, APP, pairs(*planted, first)))


def test_beyond_eight_no_cookie_is_cleared(server):
    live = sign_in(server)
    planted = [random_token() for _ in range(9)]
    answer = get(server, APP, pairs(*planted[:8], live))
    assert denied(answer) and not answer.cookies()
    assert not get(server, APP, pairs(*planted)).cookies()
    assert not harness.post(server, "/logout", {}, pairs(*planted[:8], live)).cookies()
    assert re.search(r"managed_session:warn\].*MS0130: .* 9 cookies of the name \"__Host-session\"", server.new_log())
    assert get(server, APP, live).text == PAGE
    assert get(server, APP, pairs(*planted[:8])).clears(), "these were all tried"


# -- several Cookie lines --------------------------------------------------------------------------


def test_two_cookie_lines_over_http_1_are_not_glued_together(server):
    """Httpd joins them with a comma, which separates no cookies; fail closed, without an error."""
    token = sign_in(server)
    for lines in (("x=1", f"{COOKIE}={token}"), (f"{COOKIE}={token}", "x=1"), (f"{COOKIE}={token}",) * 2):
        assert denied(get(server, APP, headers=[("Cookie", line) for line in lines]))
    rescued = get(server, APP, headers=[("Cookie", "x=1"), ("Cookie", f"y=2; {COOKIE}={token}")])
    assert rescued.text == PAGE


def curl_http2(server, *cookies: str) -> str:
    lines = [part for cookie in cookies for part in ("-H", f"Cookie: {cookie}")]
    return subprocess.run(["curl", "-sS", "--http2-prior-knowledge", "--max-time", "15", "-w", "%{http_version} %{http_code}",
                           *lines, f"http://127.0.0.1:{server.port}{APP}"],
                          capture_output=True, text=True, check=True).stdout


def test_cookie_crumbs_over_http_2_are_put_together():
    """RFC 9113, section 8.2.3: a browser may send each cookie as a field of its own."""
    with Server(harness.SITE + "Protocols h2c http/1.1\n", modules="http2") as server:
        token = sign_in(server)
        assert curl_http2(server, "x=1", f"{COOKIE}={token}") == PAGE + "2 200"
        assert curl_http2(server, f"{COOKIE}={token}", "x=1", "y=2") == PAGE + "2 200"
        assert curl_http2(server, f"{COOKIE}={random_token()}", "x=1").endswith("2 401")
        assert curl_http2(server, "x=1", f"y=2,{COOKIE}={token}").endswith("2 401")


@pytest.mark.sqlite
def test_a_form_over_http_2_needs_no_length():
    """RFC 9113, section 8.1: the end of the stream is the end of the body."""
    with Server(harness.SITE + "Protocols h2c http/1.1\n", modules="http2") as server:
        done = subprocess.run(["curl", "-sS", "-i", "--http2-prior-knowledge", "--max-time", "15", "-H", "Content-Length:",
                               "-d", "username=alice&password=wonderland", f"http://127.0.0.1:{server.port}/login"],
                              capture_output=True, text=True, check=True).stdout
        assert done.startswith("HTTP/2 303") and f"{COOKIE}=" in done


# -- what is set, and what clears it ---------------------------------------------------------------

LOOKS = {  # configuration: name, attributes
    "": ("__Host-session", "Path=/; Secure; HttpOnly; SameSite=Lax"),
    "ManagedSessionCookieSecure Off": ("managed_session", "Path=/; HttpOnly; SameSite=Lax"),
    "ManagedSessionCookiePath /app": ("managed_session", "Path=/app; Secure; HttpOnly; SameSite=Lax"),
    "ManagedSessionCookieDomain app.test": ("managed_session", "Path=/; Domain=app.test; Secure; HttpOnly; SameSite=Lax"),
    "ManagedSessionCookieSameSite Strict": ("__Host-session", "Path=/; Secure; HttpOnly; SameSite=Strict"),
    "ManagedSessionCookieSameSite none": ("__Host-session", "Path=/; Secure; HttpOnly; SameSite=None"),
    "ManagedSessionCookieName sid": ("sid", "Path=/; Secure; HttpOnly; SameSite=Lax"),
    "ManagedSessionCookieName __Host-Http-sid": ("__Host-Http-sid", "Path=/; Secure; HttpOnly; SameSite=Lax"),
    "ManagedSessionCookieName __Secure-sid\nManagedSessionCookieDomain app.test\nManagedSessionCookiePath /app\n"
    "ManagedSessionCookieSameSite Strict":
        ("__Secure-sid", "Path=/app; Domain=app.test; Secure; HttpOnly; SameSite=Strict"),
}


@pytest.mark.parametrize("config", LOOKS, ids=lambda c: c.replace("ManagedSessionCookie", "") or "default")
def test_a_cookie_is_cleared_by_the_attributes_it_was_set_with(config):
    """With any other Path or Domain the browser would keep it."""
    name, attributes = LOOKS[config]
    below = "/app" if "CookiePath /app" in config else ""  # our pages must lie below the cookie's path
    site = re.sub(r'"(/(?:login|logout|sessions))"', rf'"{below}\1"', harness.SITE)
    with Server(site + config, own_paths=tuple(below + path for path in ("/login", "/logout", "/sessions"))) as server:
        signed_in = harness.post(server, f"{below}/login", {"username": "alice", "password": "wonderland"})
        token = signed_in.token(name)
        assert signed_in.headers.get_all("Set-Cookie") == [f"{name}={token}; {attributes}"]
        answer = get(server, APP, f"{name}={token}")
        assert answer.text == PAGE and not answer.cookies(name)
        end_row(server, token, "DELETE FROM managed_session")
        dead = get(server, APP, f"{name}={token}")
        assert denied(dead)
        assert dead.headers.get_all("Set-Cookie") == [f"{name}=; {attributes}; Max-Age=0"]


def test_a_remembered_cookie_lives_as_long_as_its_session(server):
    answer = harness.post(server, "/login", {"username": "alice", "password": "wonderland", "remember": "1"})
    [cookie] = answer.cookies()
    assert cookie == f"{COOKIE}={answer.token()}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=2592000"
    [(left,)] = server.sql("SELECT expires_at - created_at FROM managed_session WHERE session_id = ?", answer.token()[:22])
    assert left == 2592000


@pytest.mark.parametrize("target, status", [(APP, 401), ("/sessions", 401), ("/app/none", 401)])
def test_a_dead_cookie_is_cleared_where_a_session_is_required(server, target, status):
    answer = get(server, target, random_token())
    assert answer.status == status
    assert answer.headers.get_all("Set-Cookie") == [f"{COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"]


@pytest.mark.parametrize("target", ["/login", "/login?return=/app/", "/login?reauth=1", "/logout"])
def test_an_unknown_cookie_is_left_alone_on_the_pages_for_visitors(server, target):
    """It may be another site's on another port of this host."""
    answer = get(server, target, random_token())
    assert answer.status == 200 and not answer.cookies()


def test_where_sessions_do_not_count_the_cookie_is_left_alone(server):
    server.forget_statements()
    answer = get(server, "/", random_token())
    assert answer.text == "public page\n" and not answer.cookies() and "Vary" not in answer.headers
    assert server.statements() == []


@pytest.mark.parametrize("setting, problem", [
    ("ManagedSessionCookieName __Host-x\nManagedSessionCookieSecure Off", "ManagedSessionCookieName __Host-x"),
    ("ManagedSessionCookieName __Host-x\nManagedSessionCookieDomain app.test", "ManagedSessionCookieName __Host-x"),
    ("ManagedSessionCookieName __Host-x\nManagedSessionCookiePath /app", "ManagedSessionCookieName __Host-x"),
    ("ManagedSessionCookieName __host-x\nManagedSessionCookiePath /app", "ManagedSessionCookieName __host-x"),
    ("ManagedSessionCookieName __Secure-x\nManagedSessionCookieSecure Off", "ManagedSessionCookieName __Secure-x"),
    ("ManagedSessionCookieName __Http-x\nManagedSessionCookieSecure Off", "ManagedSessionCookieName __Http-x"),
    ("ManagedSessionCookieName __http-x\nManagedSessionCookieSecure Off", "ManagedSessionCookieName __http-x"),
    ("ManagedSessionCookieName __Host-Http-x\nManagedSessionCookieSecure Off", "ManagedSessionCookieName __Host-Http-x"),
    ("ManagedSessionCookieName __Host-Http-x\nManagedSessionCookieDomain app.test", "ManagedSessionCookieName __Host-Http-x"),
    ("ManagedSessionCookieName __Host-Http-x\nManagedSessionCookiePath /app", "ManagedSessionCookieName __Host-Http-x"),
    ('ManagedSessionCookieName "a b"', "ManagedSessionCookieName takes"),
    ('ManagedSessionCookieName "a=b"', "ManagedSessionCookieName takes"),
    ('ManagedSessionCookieName "a;b"', "ManagedSessionCookieName takes"),
    ('ManagedSessionCookieName ""', "ManagedSessionCookieName"),
    ("ManagedSessionCookieSameSite None\nManagedSessionCookieSecure Off", "ManagedSessionCookieSameSite None"),
    ("ManagedSessionCookieSameSite Sometimes", "ManagedSessionCookieSameSite"),
    ("ManagedSessionCookieSecure Maybe", "ManagedSessionCookieSecure"),
    ("ManagedSessionCookiePath app", "ManagedSessionCookiePath"),
    ('ManagedSessionCookiePath "/a; Domain=x"', "ManagedSessionCookiePath"),
    ('ManagedSessionCookieDomain "a.test; Path=/"', "ManagedSessionCookieDomain"),
])
def test_a_cookie_no_browser_would_keep_is_a_configuration_error(setting, problem):
    """And the message names the directive."""
    server = Server(harness.SITE + setting)
    try:
        test = server.configtest()
        assert test.returncode != 0 and problem in test.stderr
    finally:
        server.remove()


# -- the cookie and the application ----------------------------------------------------------------


@pytest.fixture(scope="module")
def proxied():
    """An application behind a proxy: /be/ hides the cookie, /raw/ does not, /free/ takes anyone."""
    with Backend() as backend:
        config = harness.SITE + f"""
            ProxyPass "/be/" "http://127.0.0.1:{backend.port}/"
            ProxyPass "/raw/" "http://127.0.0.1:{backend.port}/"
            ProxyPass "/free/" "http://127.0.0.1:{backend.port}/"
            ProxyPass "/plain/" "http://127.0.0.1:{backend.port}/"
            <LocationMatch "^/(be|raw)/">
                AuthType ManagedSession
                AuthName "app"
                Require valid-user
            </LocationMatch>
            <Location "/raw/">
                ManagedSessionHideCookie Off
            </Location>
            <Location "/free/">
                ManagedSession On
            </Location>
        """
        with Server(config) as server:
            yield server


def cookies_seen(answer) -> list[str]:
    return [value for name, value in answer.json() if name == "cookie"]


@pytest.mark.parametrize("before, after", [
    ("a=1; @; b=2", ["a=1; b=2"]),
    ("@", []),
    ("@; b=2", ["b=2"]),
    ("a=1; @", ["a=1"]),
    ("@; @; @", []),
    ("a=1; @; b=2; @; c=3", ["a=1; b=2; c=3"]),
    ('a="x, y";@;b=%41%00', ['a="x, y";b=%41%00']),
    ("a=1;  b = 2 ; @", ["a=1;  b = 2 "]),
    ("__Host-sessions=1; @; x__Host-session=2; __host-session=3",
     ["__Host-sessions=1; x__Host-session=2; __host-session=3"]),
    ("@; __Host-session=; __Host-session=planted; b=2", ["b=2"]),
])
def test_the_application_never_sees_the_session_cookie(proxied, before, after):
    """And sees all others byte for byte."""
    pair = f"{COOKIE}={sign_in(proxied)}"
    answer = get(proxied, "/be/", before.replace("@", pair))
    assert answer.status == 200
    assert [value.rstrip() for value in cookies_seen(answer)] == [value.rstrip() for value in after]


@pytest.mark.parametrize("header", [";", "=", ";=;", "; ;", "a", "a;b", ";;;a=1;;"])
def test_odd_cookie_headers_reach_the_application_unchanged(proxied, header):
    answer = get(proxied, "/free/", headers=[("Cookie", header)])
    assert answer.status == 200 and cookies_seen(answer) == [header]


def test_the_cookie_is_hidden_from_public_applications_too(proxied):
    """Live or not, looked up or not: a cookie is worth stealing before the first look-up."""
    for target in ("/free/", "/plain/"):
        for token in (sign_in(proxied), random_token()):
            assert cookies_seen(get(proxied, target, f"a=1; {COOKIE}={token}")) == ["a=1"]


def test_the_cookie_is_passed_on_where_that_is_wanted(proxied):
    header = f"a=1; {COOKIE}={sign_in(proxied)}; b=2"
    with harness.connect(proxied) as s:  # no answer may hold a token, but this echo does: read it past the checks
        s.sendall(f"GET /raw/ HTTP/1.0\r\nHost: app.test\r\nCookie: {header}\r\n\r\n".encode())
        said = b"".join(iter(lambda: s.recv(65536), b""))
    assert f'["cookie", "{header}"]'.encode() in said


@pytest.mark.parametrize("planted", [
    "__Host-session=planted; Path=/; Secure",
    "__Host-session=",
    " __Host-session = planted",
    "=__Host-session=planted",
])
@pytest.mark.parametrize("token", ["live", "dead", "none"])
def test_an_application_cannot_set_the_session_cookie(proxied, planted, token):
    """What leaves is at most one cookie of the name, and that is this module's."""
    value = {"live": lambda: sign_in(proxied), "dead": random_token, "none": lambda: None}[token]()
    query = urllib.parse.urlencode([("Set-Cookie", planted), ("Set-Cookie", "a=1")])

    def plant():
        answer = get(proxied, "/free/?" + query, value)
        assert answer.status == 200 and answer.headers.get_all("Set-Cookie") == ["a=1"]
    logged(proxied, r"managed_session:warn\].*MS0030: .*__Host-session", plant)


def test_an_application_sets_its_own_cookies_as_it_likes(proxied):
    own = ["a=1; Path=/", "__Host-sessions=2", "__host-session=3", "a=__Host-session=4"]
    target = "/be/?" + urllib.parse.urlencode([("Set-Cookie", cookie) for cookie in own])
    assert get(proxied, target, sign_in(proxied)).headers.get_all("Set-Cookie") == own

# SPDX-License-Identifier: Apache-2.0
"""Who may see what: challenges, Require lines, sign-ins that must be recent, other AuthTypes, and failures."""
import base64
import re
import shutil
import time
import urllib.parse

import pytest

import harness
from harness import COOKIE, FETCH, NAVIGATION, PAGE, Backend, FormReader, Server, get, post, random_token, request, sign_in

CHALLENGE = 'ManagedSession realm="app"'

# What stands at /x/NAME/, all of it with AuthType ManagedSession: the Require lines.
REQUIRE = {
    "user": "Require user bob",
    "users": "Require user alice bob",
    "group": 'AuthGroupFile "@ROOT@/groups"\nRequire group admins',
    "expr": "Require expr \"%{REMOTE_USER} == 'bob'\"",
    "env": "Require expr \"reqenv('REMOTE_USER') == '' && %{REMOTE_USER} =~ /^bo/\"",
    "session": "Require managed-session",
    "any": '<RequireAny>\nAuthGroupFile "@ROOT@/groups"\nRequire ip 10.9.9.9\nRequire group admins\n</RequireAny>',
    "all": "<RequireAll>\nRequire ip 127.0.0.1\nRequire user bob\n</RequireAll>",
    "not": "<RequireAll>\nRequire valid-user\nRequire not user alice\n</RequireAll>",
    "bob-session": "<RequireAll>\nRequire managed-session\nRequire user bob\n</RequireAll>",
    "elsewhere": "<RequireAll>\nRequire ip 10.9.9.9\nRequire valid-user\n</RequireAll>",
    "open": "Require all granted",
    "here": "<RequireAny>\nRequire valid-user\nRequire ip 127.0.0.1\n</RequireAny>",
    "nobody": "Require all denied",
    "form": "Require session-method form",
    "methods": "Require session-method mod_auth_openidc Form",
    "basic": "Require session-method basic",
    "form-bob": "<RequireAll>\nRequire session-method form\nRequire user bob\n</RequireAll>",
    "not-form": "<RequireAll>\nRequire valid-user\nRequire not session-method form\n</RequireAll>",
    "fresh": "Require session-fresh 5s",
    "fresh-bob": "<RequireAll>\nRequire user bob\nRequire session-fresh 5s\n</RequireAll>",
    "fresh-all": "<RequireAll>\nRequire valid-user\nRequire session-fresh 5s\n</RequireAll>",
    "fresh-or-bob": "<RequireAny>\nRequire user bob\nRequire session-fresh 5s\n</RequireAny>",
    "satisfy": "Satisfy Any\nRequire valid-user",
    "satisfy-bob": "Satisfy Any\nRequire user bob",
    "no-login": "ManagedSessionLoginURL none\nRequire valid-user",
    "quoted": 'AuthName "a \\"b\\" c"\nRequire valid-user',
}

BASIC = """
    AuthType Basic
    AuthName "app"
    AuthBasicProvider file
    AuthUserFile "@ROOT@/passwords"
"""

CONFIG = harness.SITE + 'AliasMatch "^/(x|o|b)/" "@ROOT@/htdocs/app/index.html"\n' + "".join(
    f'<Location "/x/{name}/">\nAuthType ManagedSession\nAuthName "app"\n{lines}\n</Location>\n'
    for name, lines in REQUIRE.items() if name != "no-login") + f"""
<Location "/o/">
    ManagedSession On
</Location>
<Location "/b/user/">{BASIC}
    ManagedSession On
    Require valid-user
</Location>
<Location "/b/bob/">{BASIC}
    ManagedSession On
    Require user bob
</Location>
<Location "/b/password-and-session/">{BASIC}
    Require managed-session
</Location>
<Location "/b/session/">{BASIC}
    ManagedSession On
    Require managed-session
</Location>
<Location "/alices">
    SetHandler managed-session-list
    Require user alice
</Location>
ProxyPass "/be/" "http://127.0.0.1:@BACKEND@/"
<Location "/be/">{BASIC}
    ManagedSession On
    ManagedSessionUserHeader X-User
    Require valid-user
</Location>
"""


@pytest.fixture(scope="module")
def site():
    with Backend() as backend, Server(CONFIG.replace("@BACKEND@", str(backend.port))) as running:
        yield running


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def logged(server, target: str) -> str:
    """The line of the access log for the latest request of a target; it is written after the response."""
    end = time.monotonic() + harness.DEADLINE
    while time.monotonic() < end:
        lines = [line for line in (server.root / "logs/access.log").read_text().splitlines() if f" {target} " in line]
        if lines:
            return lines[-1]
        time.sleep(0.01)
    raise AssertionError(f"{target} is not in the access log")


# -- the challenge ---------------------------------------------------------------------------------


@pytest.mark.parametrize("method, headers", [
    ("GET", NAVIGATION),
    ("HEAD", NAVIGATION),
    ("GET", {**NAVIGATION, "Accept": "*/*"}),
    ("GET", {**NAVIGATION, "X-Requested-With": "XMLHttpRequest"}),
    ("GET", {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}),
    ("GET", {"Accept": "application/xhtml+xml, TEXT/HTML"}),
    ("HEAD", {"Accept": "text/html"}),
])
def test_a_navigation_is_sent_to_the_sign_in_page(site, method, headers):
    answer = request(site, method, "/app/?a=1&b=%26", headers)
    assert answer.status == 303 and answer.location == "/login?return=/app/%3Fa%3D1%26b%3D%2526"
    assert "WWW-Authenticate" not in answer.headers and answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Vary"] == "Cookie" and PAGE not in answer.text


@pytest.mark.parametrize("method, headers", [
    ("GET", FETCH),
    ("GET", {**FETCH, "Accept": "text/html"}),
    ("GET", {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image", "Accept": "text/html"}),
    ("GET", {"Sec-Fetch-Mode": "websocket", "Accept": "text/html"}),
    ("GET", {"Accept": "text/html", "X-Requested-With": "XMLHttpRequest"}),
    ("GET", {"Accept": "application/json"}),
    ("GET", {"Accept": "*/*"}),
    ("GET", {}),
    ("HEAD", FETCH),
    ("POST", NAVIGATION),
    ("POST", {"Accept": "text/html"}),
    ("OPTIONS", NAVIGATION),
    ("PUT", {"Accept": "text/html"}),
    ("DELETE", {"Accept": "text/html"}),
])
def test_anything_else_is_told_that_it_needs_a_session(site, method, headers):
    answer = request(site, method, "/app/", headers, b"x=1" if method in ("POST", "PUT") else None)
    assert answer.status == 401 and answer.location is None
    assert answer.headers.get_all("WWW-Authenticate") == [CHALLENGE]
    assert answer.headers["Cache-Control"] == "no-store" and PAGE not in answer.text


@pytest.mark.parametrize("asked, back", [
    ("/app/a%20b", "/app/a%20b"),
    ("/app/%C3%A4?q=%C3%B6", "/app/%C3%A4?q=%C3%B6"),
    ("/app/?return=//evil.test/", "/app/?return=//evil.test/"),
    ("/app/?", "/app/"),
    ("/app/#x", None),
    ("//app/", None),
    ("/app//evil.test/", "/app//evil.test/"),
    ("/app/%2F%2Fevil.test", None),
    ("/app/%5Cevil.test", "/app/%5Cevil.test"),
    ("/app/%0D%0ASet-Cookie:%20a=1", None),
    ("/app/%250D%250A", None),
])
def test_the_way_back_is_a_path_of_this_host(site, asked, back):
    answer = get(site, asked, headers=NAVIGATION)
    if answer.status in (400, 404):
        assert back is None
        return
    assert answer.status == 303
    url = urllib.parse.urlsplit(answer.location)
    returned = urllib.parse.parse_qs(url.query).get("return", [None])[0]
    assert url.path == "/login" and (returned or "").rstrip("?") == (back or "")


def test_an_absolute_request_target_does_not_become_the_way_back(site):
    answer = get(site, f"http://app.test:{site.port}/app/", headers=NAVIGATION)
    assert answer.status == 303 and answer.location == "/login?return=/app/"


def test_the_realm_is_quoted(site):
    assert get(site, "/x/quoted/").headers["WWW-Authenticate"] == 'ManagedSession realm="a \\"b\\" c"'


def test_a_login_url_may_have_a_query_or_be_on_another_host():
    config = harness.SITE.replace('LoginURL "/login"', 'LoginURL "/login?site=1"') + """
        <Location "/sso">
            AuthType ManagedSession
            AuthName "app"
            Require valid-user
            ManagedSessionLoginURL "http://app.test:@PORT@/login"
        </Location>
    """
    with Server(config) as server:
        assert get(server, "/app/", headers=NAVIGATION).location == "/login?site=1&return=/app/"
        assert get(server, "/sso", headers=NAVIGATION).location == f"http://app.test:{server.port}/login?return=/sso"


def test_without_a_login_url_navigations_get_401_too():
    with Server(harness.SITE.replace('ManagedSessionLoginURL "/login"', "")) as server:
        answer = get(server, "/app/", headers=NAVIGATION)
        assert answer.status == 401 and answer.headers["WWW-Authenticate"] == CHALLENGE


def test_a_closed_login_page_does_not_send_visitors_in_circles():
    config = harness.SITE.replace("SetHandler managed-session-login", "") + """
        <Location "/login">
            AuthType ManagedSession
            AuthName "app"
            Require valid-user
        </Location>
    """
    with Server(config) as server:
        server.expect("MS0020: ManagedSessionLoginURL /login is itself closed")
        server.own_paths = ()
        assert get(server, "/login?return=%2Fapp%2F", headers=NAVIGATION).status == 401
        assert "MS0020" in server.new_log()


# -- Require ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("place, nobody, alice, bob", [
    ("user", 401, 403, 200),
    ("users", 401, 200, 200),
    ("group", 401, 403, 200),
    ("expr", 401, 403, 200),
    ("env", 401, 403, 200),
    ("session", 401, 200, 200),
    ("form", 401, 200, 200),
    ("methods", 401, 200, 200),
    ("basic", 401, 403, 403),
    ("form-bob", 401, 403, 200),
    ("not-form", 401, 403, 403),
    ("any", 401, 403, 200),
    ("all", 401, 403, 200),
    ("not", 401, 403, 200),
    ("bob-session", 401, 403, 200),
    ("elsewhere", 403, 403, 403),
    ("open", 200, 200, 200),
    ("here", 200, 200, 200),
    ("nobody", 403, 403, 403),
    ("fresh", 401, 200, 200),
    ("fresh-bob", 401, 403, 200),
])
def test_require_lines_decide(site, place, nobody, alice, bob):
    """A signed-out visitor is challenged; a user without the right gets 403 and no challenge."""
    site.expect(r"authz_core:error\]|AH01630|AH01631")
    tokens = [None, sign_in(site), sign_in(site, "bob")]
    answers = [get(site, f"/x/{place}/", token) for token in tokens]
    assert [answer.status for answer in answers] == [nobody, alice, bob]
    assert all((PAGE in answer.text) == (answer.status == 200) for answer in answers)
    assert all(answer.headers["Vary"] == "Cookie" for answer in answers)
    for answer, token in zip(answers[1:], tokens[1:]):
        assert "WWW-Authenticate" not in answer.headers and not answer.cookies()


def test_a_navigation_without_the_right_gets_403_not_the_sign_in_page(site):
    site.expect("AH01630|AH01631")
    browser = site.browser()
    browser.sign_in("alice")
    assert browser.go("/x/user/", follow=False).status == 403
    assert browser.go("/app/").text == PAGE


@pytest.mark.parametrize("line", [
    "Require managed-session always", "Require session-fresh", "Require session-fresh 5x", "Require session-fresh 0",
    "Require session-method", 'Require session-method ""', 'Require session-method form "' + 33 * "x" + '"',
    "Require session-fresh -5s", "Require session-fresh 5s 6s", "Require session-fresh soon",
])
def test_a_require_line_that_says_nothing_clear_is_a_configuration_error(line):
    check_refused(harness.SITE + f'<Location "/y">\nAuthType ManagedSession\n{line}\n</Location>',
                  " ".join(line.split()[:2]))


# -- session-fresh ---------------------------------------------------------------------------------


def rewind(server, token: str, seconds: int = 100) -> None:
    server.sql("UPDATE managed_session SET created_at = created_at - ? WHERE session_id = ?", seconds, token[:22])


@pytest.mark.parametrize("place", ["fresh", "fresh-all"])
def test_a_sign_in_too_long_ago_is_asked_for_again(site, place):
    """After the password, the user is at the requested page, with a new session in place of the old."""
    browser = site.browser()
    browser.sign_in()
    old = browser.token
    assert browser.go(f"/x/{place}/?a=1").text == PAGE

    rewind(site, old)
    answer = browser.go(f"/x/{place}/?a=1", follow=False)
    assert answer.status == 303
    assert answer.location == f"/login?reauth=1&return=/x/{place}/%3Fa%3D1"
    page = browser.go(answer.location, follow=False)
    [form] = FormReader(page.text).forms
    assert page.status == 200 and form["username"] == "alice" and form["return"] == f"/x/{place}/?a=1"
    assert not any(tag == "a" and "fresh" in attrs.get("href", "") for tag, attrs in FormReader(page.text).tags), \
        "a link to go on would lead here again"
    assert browser.token == old and browser.go("/app/").text == PAGE, "the old session still does for the rest"

    browser.go(answer.location, follow=False)
    assert browser.submit({"password": "wonderland"}).text == PAGE and browser.url == f"/x/{place}/?a=1"
    assert browser.token[:22] != old[:22]
    assert get(site, "/app/", old).status == 401
    assert site.end_of(old) == ("reauthenticated", None)


def test_a_wrong_password_there_changes_nothing(site):
    browser = site.browser()
    browser.sign_in()
    old = browser.token
    rewind(site, old)
    browser.go("/x/fresh/")
    page = browser.submit({"password": "wrong"})
    assert page.status == 401 and browser.token == old and browser.go("/app/").text == PAGE
    assert browser.go("/x/fresh/", follow=False).status == 303


def test_a_script_is_told_that_the_sign_in_is_too_old(site):
    """As RFC 9470, section 3, has it."""
    token = sign_in(site)
    rewind(site, token)
    answer = get(site, "/x/fresh/", token, FETCH)
    assert answer.status == 401 and not answer.cookies()
    assert answer.headers.get_all("WWW-Authenticate") == [
        CHALLENGE + ', error="insufficient_user_authentication", max_age=5']


def test_a_visitor_without_a_session_is_not_asked_to_confirm_anything(site):
    assert get(site, "/x/fresh/", headers=FETCH).headers["WWW-Authenticate"] == CHALLENGE
    assert get(site, "/x/fresh/", headers=NAVIGATION).location == "/login?return=/x/fresh/"


def test_a_user_who_has_the_right_anyway_need_not_be_fresh(site):
    alice, bob = sign_in(site), sign_in(site, "bob")
    rewind(site, alice)
    rewind(site, bob)
    assert get(site, "/x/fresh-or-bob/", bob).text == PAGE
    assert "insufficient" in get(site, "/x/fresh-or-bob/", alice).headers["WWW-Authenticate"]


def test_signing_in_again_cannot_help_a_user_who_lacks_the_right(site):
    site.expect("AH01630|AH01631")
    alice = sign_in(site)
    rewind(site, alice)
    assert get(site, "/x/fresh-bob/", alice, NAVIGATION).status == 403


# -- identified, nothing required ------------------------------------------------------------------


def test_managed_session_on_identifies_and_requires_nothing(site):
    token = sign_in(site)
    answer = get(site, "/o/?known", token)
    assert answer.text == PAGE and answer.headers["Vary"] == "Cookie"
    assert logged(site, "/o/?known").startswith(f"127.0.0.1 alice {token[:22]} ")
    for target, cookie in (("/o/?anyone", None), ("/o/?dead", random_token()), ("/o/?bad", "nonsense")):
        assert get(site, target, cookie).text == PAGE
        assert logged(site, target).startswith("127.0.0.1 - - ")


def test_elsewhere_the_cookie_says_nothing(site):
    assert get(site, "/?elsewhere", sign_in(site)).status == 200
    assert logged(site, "/?elsewhere").startswith("127.0.0.1 - - ")


def test_a_refused_visitor_is_no_user_in_the_log(site):
    get(site, "/app/?refused", random_token())
    assert logged(site, "/app/?refused").startswith("127.0.0.1 - - ")
    post(site, "/login?failed", {"username": "alice", "password": "wrong"})
    assert logged(site, "/login?failed").startswith("127.0.0.1 - - ")


# -- beside another AuthType -----------------------------------------------------------------------


def test_a_session_goes_before_a_password(site):
    """Alice's cookie and bob's password are alice, everywhere."""
    token = sign_in(site)
    assert get(site, "/b/user/?both", token, basic("bob", "builder")).text == PAGE
    assert logged(site, "/b/user/?both").startswith(f"127.0.0.1 alice {token[:22]} ")
    site.expect("AH01630|AH01631")
    assert get(site, "/b/bob/", token, basic("bob", "builder")).status == 403
    assert get(site, "/b/user/?wrong", token, basic("bob", "wrong")).text == PAGE


@pytest.mark.parametrize("cookie", ["none", "random", "expired", "malformed"])
def test_without_a_session_the_password_counts_and_makes_none(site, cookie):
    token = {"none": None, "random": random_token(), "malformed": "nonsense", "expired": sign_in(site)}[cookie]
    site.sql("UPDATE managed_session SET expires_at = 1 WHERE session_id = ?", (token or "")[:22])
    rows = site.rows()
    answer = get(site, f"/b/user/?{cookie}", token, basic("bob", "builder"))
    assert answer.text == PAGE and answer.token() is None and site.rows() == rows
    assert logged(site, f"/b/user/?{cookie}").startswith("127.0.0.1 bob - ")


def test_without_either_the_other_authtype_challenges(site):
    answer = get(site, "/b/user/", headers=NAVIGATION)
    assert answer.status == 401 and answer.headers["WWW-Authenticate"] == 'Basic realm="app"'


def test_a_password_does_not_open_what_needs_a_session(site):
    site.expect("AH01629|AH01630|AH01631|AH01617")
    for target in ("/app/", "/b/session/"):
        answer = get(site, target, headers=basic("bob", "builder"))
        assert answer.status in (401, 403) and PAGE not in answer.text
    assert get(site, "/app/", headers=basic("bob", "builder")).headers["WWW-Authenticate"] == CHALLENGE
    assert get(site, "/b/session/", sign_in(site)).text == PAGE


def test_a_session_of_another_user_does_not_count_beside_a_password(site):
    site.expect("AH01629|AH01630|AH01631")
    token = sign_in(site)
    assert get(site, "/b/password-and-session/", token, basic("alice", "wonderland")).text == PAGE
    answer = get(site, "/b/password-and-session/", token, basic("bob", "builder"))
    assert answer.status == 401 and PAGE not in answer.text


def test_the_password_of_another_user_does_not_reach_the_application(site):
    """Not beside a session; if the password itself let the user in, the application may have it."""
    token = sign_in(site)
    seen = dict(get(site, "/be/", token, basic("bob", "builder")).json())
    assert seen["x-user"] == "alice" and "authorization" not in seen
    seen = dict(get(site, "/be/", token, {"Authorization": "Digest username=\"bob\""}).json())
    assert seen["x-user"] == "alice" and "authorization" not in seen
    seen = dict(get(site, "/be/", None, basic("bob", "builder")).json())
    assert seen["x-user"] == "bob" and seen["authorization"] == basic("bob", "builder")["Authorization"]


def test_an_unknown_password_is_no_way_in(site):
    site.expect("AH01617|AH01618")
    assert get(site, "/b/user/", None, basic("bob", "wrong")).status == 401
    assert get(site, "/b/user/", random_token(), basic("nobody", "x")).status == 401


# -- Satisfy Any -----------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [NAVIGATION, FETCH, {}])
@pytest.mark.parametrize("cookie", [None, "random", "nonsense"])
def test_satisfy_any_does_not_open_the_door(site, headers, cookie):
    """mod_access_compat would let every visitor in; the log line names what to write instead."""
    site.expect("MS0021")
    token = random_token() if cookie == "random" else cookie

    def visit():
        answer = get(site, "/x/satisfy/", token, headers)
        assert answer.status == 403 and PAGE not in answer.text
    harness.logged(site, r'managed_session:error\].*MS0021: "Satisfy Any" .*<RequireAny>', visit)


def test_satisfy_any_lets_the_signed_in_pass_and_require_still_holds(site):
    alice, bob = sign_in(site), sign_in(site, "bob")
    assert get(site, "/x/satisfy/", alice).text == PAGE
    site.expect("AH01630|AH01631")
    assert get(site, "/x/satisfy-bob/", bob).text == PAGE
    answer = get(site, "/x/satisfy-bob/", alice)
    assert answer.status == 403 and PAGE not in answer.text


# -- the sign-in page within a closed tree ---------------------------------------------------------

CLOSED = harness.SITE + """
<Location "/">
    AuthType ManagedSession
    AuthName "app"
    Require valid-user
</Location>
"""


def test_the_sign_in_page_opens_within_a_closed_tree():
    with Server(CLOSED) as server:
        browser = server.browser()
        assert get(server, "/").status == 401 and get(server, "/sessions").status == 401
        assert browser.go("/").status == 200 and browser.url == "/login?return=/"
        assert browser.submit({"username": "alice", "password": "wonderland"}).text == "public page\n"
        assert browser.go("/logout").status == 200
        assert browser.submit().status == 200 and browser.url == "/logout?done=out" and browser.token is None
        assert browser.go("/logout").status == 200, "a user who is signed out already need not sign in for it"
        assert get(server, "/login/../index.html").status == 401
        assert get(server, "/none").status == 401, "a path that does not exist is protected, too"


def test_what_else_the_tree_requires_holds_for_the_sign_in_page():
    config = CLOSED.replace("Require valid-user\n</Location>\n", "").replace('<Location "/app">', '<Location "/app">') + ""
    config = harness.SITE + """
        <Location "/">
            AuthType ManagedSession
            AuthName "app"
            <RequireAll>
                Require ip 10.9.9.9
                Require valid-user
            </RequireAll>
        </Location>
    """
    with Server(config) as server:
        server.expect("AH01630|AH01631")
        for target in ("/login", "/logout", "/sessions", "/"):
            server.own_paths = ()  # httpd's own 403
            assert get(server, target, headers=NAVIGATION).status == 403
        assert post(server, "/login", {"username": "alice", "password": "wonderland"}).status == 403
        assert server.rows() == 0


# -- methods and paths -----------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["FOO", "PROPFIND", "get", "Get", "PATCH", "MKCOL", "LOCK", "SEARCH", "CONNECT"])
def test_no_method_gets_around_the_question(site, method):
    """CONNECT never reaches a page; all other methods are challenged."""
    answer = request(site, method, "/app/")
    assert answer.status in ((400, 401, 405) if method == "CONNECT" else (401,)) and PAGE not in answer.text
    assert request(site, method, "/app/index.html", [("X-HTTP-Method-Override", "GET")]).status == answer.status


def test_a_trace_shows_no_page(site):
    """httpd answers TRACE by itself, with the request and before any question of access; TraceEnable turns it off."""
    answer = request(site, "TRACE", "/app/")
    assert answer.headers["Content-Type"] == "message/http" and PAGE not in answer.text


@pytest.mark.parametrize("target, allow", [
    ("/login", {"GET", "HEAD", "POST"}), ("/logout", {"GET", "HEAD", "POST", "DELETE"}),
    ("/sessions", {"GET", "HEAD", "POST", "DELETE"}),
])
@pytest.mark.parametrize("method", ["FOO", "PROPFIND", "get", "PUT", "PATCH"])
def test_own_pages_say_which_methods_they_know(site, target, allow, method):
    token = sign_in(site)
    answer = request(site, method, target, [("Cookie", f"{COOKIE}={token}")])
    assert answer.status == 405
    assert {word.strip() for word in answer.headers["Allow"].split(",")} == allow
    assert get(site, "/app/", token).text == PAGE


@pytest.mark.parametrize("target", ["/login", "/logout", "/sessions"])
def test_own_pages_know_the_user(site, target):
    token = sign_in(site)
    get(site, f"{target}?{token[:22]}", token)
    assert logged(site, f"{target}?{token[:22]}").startswith(f"127.0.0.1 alice {token[:22]} ")
    get(site, f"{target}?visitor")
    assert logged(site, f"{target}?visitor").startswith("127.0.0.1 - - ")


GATE = """<Location "/">
    AuthType Basic
    AuthName "gate"
    AuthBasicProvider file
    AuthUserFile "@ROOT@/gate"
    Require @RULE@
</Location>
"""


@pytest.mark.parametrize("rule", ["user gate", "valid-user"])
def test_own_pages_below_another_authtype_are_for_its_users(rule):
    """Who is signed in is no user of it."""
    free = '<Location "/login">\nAuthType None\nRequire all granted\n</Location>\n'
    with Server(GATE.replace("@RULE@", rule) + harness.SITE + free, own_paths=()) as server:
        server.add_user("gate", "secret", "gate")
        token, gate = sign_in(server), basic("gate", "secret")
        for target in ("/sessions", "/logout"):
            assert get(server, target, token).status == 401
            assert get(server, target, token, gate).status == 200
        assert request(server, "DELETE", "/logout", {**gate, "Cookie": f"{COOKIE}={token}", "Accept": "application/json"}).status == 204
        assert get(server, "/app/", token).status != 200


def test_own_pages_may_require_a_user_without_an_authtype(site):
    assert get(site, "/alices", sign_in(site)).status == 200
    site.expect("AH01630: client denied by server configuration: .*/alices")
    assert get(site, "/alices", sign_in(site, "bob")).status == 403


@pytest.mark.parametrize("headers", [
    [("X-HTTP-Method-Override", "POST")], [("X-HTTP-Method", "POST")], [("X-Method-Override", "POST")],
])
def test_a_get_stays_a_get(site, headers):
    token = sign_in(site)
    for target in ("/logout", "/logout?_method=POST", "/logout?_method=DELETE"):
        assert get(site, target, token, headers).status == 200
    for target in (f"/sessions/{token[:22]}?_method=DELETE", "/sessions?scope=all&_method=DELETE"):
        assert get(site, target, token, [("X-HTTP-Method-Override", "DELETE")]).status < 500
    assert get(site, "/app/", token).text == PAGE


@pytest.mark.parametrize("target", ["/", "/login", "/sessions"])
def test_head_is_get_without_a_body(site, target):
    token, rows = sign_in(site), site.rows()
    answer = request(site, "HEAD", target, [("Cookie", f"{COOKIE}={token}")])
    assert answer.status == 200 and answer.body == b"" and site.rows() == rows and not answer.cookies()


def heading(answer) -> str:
    return re.search("<h1>(.*)</h1>", answer.text)[1]


TRICKS = ["/@/", "//@", "/./@", "/x/../@", "/%@%", "/@/x", "/@/x/y", "/@;x", "/@;x=1", "/@.", "/@.html", "/@%00", "/@%20",
          "/@%2f", "/@%2Fx", "/@%5c", "/@\\", "/@?", "/@??", "/@?x=%00", "/@/..;/@", "/@/%2e%2e/@", "/UPPER", "/@%"]


@pytest.mark.parametrize("trick", TRICKS)
@pytest.mark.parametrize("page", ["login", "logout", "sessions"])
def test_path_tricks_on_own_pages(site, page, trick):
    """The same as the plain address or nothing at all; never an error, never a sign-out by GET."""
    encoded = f"%{ord(page[0]):02x}{page[1:]}"
    target = trick.replace("%@%", encoded).replace("@", page).replace("UPPER", page.upper())
    site.expect("AH10244")  # "invalid URI path"
    token, rows = sign_in(site), site.rows()
    plain = get(site, f"/{page}", token)
    answer = get(site, target, token)
    assert answer.status in (400, 403, 404) or (answer.status == 200 and heading(answer) == heading(plain))
    assert not answer.cookies() and get(site, "/app/", token).text == PAGE and site.rows() == rows
    if "?" not in target:  # and to visitors without a session
        assert get(site, target).status in (200, 400, 401, 403, 404)
        assert post(site, target, {"action": "revoke-all"}, token).status in (303, 400, 403, 404, 405)


@pytest.mark.parametrize("target", [
    "/app", "/app/", "//app/", "/./app/", "/x/../app/", "/%61pp/", "/app/%69ndex.html", "/app//index.html", "/app/./",
    "/app/index.html/", "/app/index.html/x", "/app/.%2e/app/", "/app%2f", "/app%2findex.html", "/app;x/", "/APP/",
    "/app/index.html%00", "/app\\", "/app/%2e%2e/app/index.html", "/app/..%2f/app/index.html", "/app?x", "*",
])
def test_path_tricks_do_not_open_a_protected_place(site, target):
    answer = get(site, target)
    assert answer.status in (400, 401, 403, 404) and PAGE not in answer.text


# -- configurations that would leave a door open ---------------------------------------------------


def check_refused(config: str, message: str) -> None:
    server = Server(config)
    try:
        test = server.configtest()
        assert test.returncode != 0 and re.search(message, test.stderr), test.stderr
    finally:
        server.remove()


@pytest.mark.parametrize("line", [
    "ManagedSession On", "ManagedSession Off", "ManagedSessionLoginURL /login", "ManagedSessionLogoutURL /logout",
    "ManagedSessionListURL /sessions", "ManagedSessionLandingURL /", "ManagedSessionAuthProvider file",
    "ManagedSessionHideCookie On", "ManagedSessionUserHeader X-User", "ManagedSessionTitle Mine",
    "ManagedSessionStylesheet /x.css",
])
@pytest.mark.parametrize("limit", ["Limit GET", "LimitExcept POST"])
def test_no_directive_holds_for_some_methods_only(line, limit):
    """httpd would apply it to all methods or to no method, although it reads as if to some."""
    check_refused(harness.SITE + f'<Location "/y">\n<{limit}>\n{line}\n</{limit.split()[0]}>\n</Location>',
                  f"{line.split()[0]}.*(not allowed|cannot occur|Limit)")


@pytest.mark.parametrize("lines, message", [
    ("ManagedSession Maybe", "ManagedSession"),
    ("ManagedSessionLifetime forever", "ManagedSessionLifetime"),
    ("ManagedSessionLifetime 500d", "ManagedSessionLifetime"),
    ("ManagedSessionLifetime 0", "ManagedSessionLifetime"),
    ("ManagedSessionIdleTimeout -1", "ManagedSessionIdleTimeout"),
    ("ManagedSessionRemember Sometimes", "ManagedSessionRemember"),
    ("ManagedSessionLimit many", "ManagedSessionLimit"),
    ("ManagedSessionLimit 3 ignore", "ManagedSessionLimit"),
    ('ManagedSessionTable "a; DROP TABLE b"', "ManagedSessionTable"),
    ("ManagedSessionTable 1a", "ManagedSessionTable"),
    ("ManagedSessionCreateTable Maybe", "ManagedSessionCreateTable"),
    ('ManagedSessionRealm ""', "ManagedSessionRealm"),
    ('ManagedSessionLoginURL "javascript:alert(1)"', "ManagedSessionLoginURL"),
    ("ManagedSessionLoginURL login", "ManagedSessionLoginURL"),
    ('<Location "/y">\nManagedSessionAuthProvider nowhere\n</Location>', "nowhere"),
    ('<Location "/y">\nManagedSessionUserHeader "X User"\n</Location>', "ManagedSessionUserHeader"),
    ('<Location "/y">\nManagedSessionHideCookie Maybe\n</Location>', "ManagedSessionHideCookie"),
    ('<Location "/y">\nManagedSessionRealm x\n</Location>', "ManagedSessionRealm"),
    ('<Location "/y">\nManagedSessionTable x\n</Location>', "ManagedSessionTable"),
    ("ManagedSessionNoSuchThing On", "ManagedSessionNoSuchThing"),
])
def test_a_bad_value_stops_httpd_before_it_starts(lines, message):
    check_refused(harness.SITE + lines, message)


def test_without_mod_dbd_nothing_starts():
    server = Server()
    try:
        config = (server.root / "httpd.conf").read_text()
        lines = [line for line in config.splitlines() if not re.match(r"LoadModule dbd_|DBD", line)]
        server.write("httpd.conf", "\n".join(lines))
        test = server.configtest()
        assert test.returncode != 0 and "mod_dbd" in test.stderr + server.error_log()
    finally:
        server.remove()


def test_without_the_module_its_directives_are_errors():
    server = Server(load_module=False)
    try:
        config = (server.root / "httpd.conf").read_text().replace("LogLevel info managed_session:trace8", "")
        server.write("httpd.conf", config)
        assert "Invalid command 'ManagedSessionLoginURL'" in server.configtest().stderr
    finally:
        server.remove()


@pytest.mark.sqlite
@pytest.mark.parametrize("database, error", [
    ('DBDParams "@ROOT@/none/sessions.db"', "MS0001"),
    ("ManagedSessionCreateTable Off", "MS0002|MS0004"),
    ("DBDPersist Off\nManagedSessionTable sqlite_master", "MS0002"),
])
def test_a_protected_place_without_a_working_table_stays_closed(database, error):
    """And the log names the cure."""
    with Server(harness.SITE + database) as server:
        server.expect(error + r"|dbd:(error|crit)\]", status_5xx=True)
        assert get(server, "/app/", random_token()).status == 503
        assert get(server, "/app/").status == 401
        assert re.search(error, server.error_log())


def test_htaccess_can_close_but_not_open():
    config = harness.SITE.replace('<Location "/app">', '<Directory "@ROOT@/htdocs/app">').replace(
        'Require valid-user\n</Location>', 'Require valid-user\nAllowOverride AuthConfig\n</Directory>') + """
        <Directory "@ROOT@/htdocs">
            AllowOverride AuthConfig
        </Directory>
    """
    with Server(config) as server:
        server.write("htdocs/app/.htaccess", "ManagedSession Off\n")
        server.write("htdocs/closed/index.html", PAGE)
        server.write("htdocs/closed/.htaccess", 'AuthType ManagedSession\nAuthName "app"\nRequire valid-user\n'
                                                'ManagedSessionLoginURL "/login"\n')
        token = sign_in(server)
        for target in ("/app/", "/closed/"):
            assert get(server, target).status == 401 and get(server, target, token).text == PAGE
        server.expect("ManagedSessionRealm not allowed here|AH0", status_5xx=True)
        server.write("htdocs/app/.htaccess", "ManagedSessionRealm other\n")
        assert get(server, "/app/").status == 500 and get(server, "/app/", token).status == 500


# -- when the database is gone ---------------------------------------------------------------------


def move_away(db):
    db.rename(db.with_suffix(".away"))
    db.mkdir()


def bring_back(db):
    db.rmdir()
    db.with_suffix(".away").rename(db)


def forbid(db):
    db.parent.chmod(0)


def permit(db):
    db.parent.chmod(0o755)


def garble(db):
    shutil.copyfile(db, db.with_suffix(".away"))
    db.write_bytes(b"this is no database" * 1000)


def mend(db):
    db.write_bytes(db.with_suffix(".away").read_bytes())


GONE = harness.SITE + """
DBDPersist Off
Alias "/o/" "@ROOT@/htdocs/app/"
<Location "/o/">
    ManagedSession On
</Location>
<Location "/any/">
    AuthType ManagedSession
    AuthName "app"
    Satisfy Any
    Require valid-user
</Location>
Alias "/any/" "@ROOT@/htdocs/app/"
"""


@pytest.mark.sqlite
@pytest.mark.parametrize("lose, find", [(move_away, bring_back), (forbid, permit), (garble, mend)])
def test_without_the_database_no_user_is_let_in_or_signed_out(lose, find):
    """503 if a session is required, anonymous if not; back again without a restart."""
    with Server(GONE) as server:
        token = sign_in(server)
        assert get(server, "/app/", token).text == PAGE
        lose(server.db)
        server.age_cache()
        try:
            server.expect(r"MS0001|MS0002|MS0004|dbd:error\]", status_5xx=True)
            for headers in (NAVIGATION, FETCH):
                for cookie in (token, random_token()):
                    answer = get(server, "/app/", cookie, headers)
                    assert answer.status == 503 and int(answer.headers["Retry-After"]) > 0
                    assert answer.headers["Cache-Control"] == "no-store" and not answer.cookies()
                    assert answer.location is None and PAGE not in answer.text
                    answer = get(server, "/o/?gone", cookie, headers)
                    assert answer.text == PAGE and not answer.cookies()
                    assert answer.headers["Cache-Control"] == "private, no-cache", "who asked is not known"
                    assert logged(server, "/o/?gone").startswith("127.0.0.1 - - ")
            assert get(server, "/any/", token).status == 503
            assert get(server, "/app/").status == 401, "without a cookie there is nothing to ask"
            assert get(server, "/app/", "nonsense").status == 401
            assert get(server, "/").text == "public page\n"
            for answer in (get(server, "/sessions", token), post(server, "/logout", {}, token),
                           post(server, "/login", {"username": "alice", "password": "wonderland"})):
                assert answer.status == 503 and not answer.cookies()
                assert int(answer.headers["Retry-After"]) > 0
        finally:
            find(server.db)
        assert eventually_let_in(server, token)


def eventually_let_in(server, token: str) -> bool:
    """The module does not query again at once."""
    end = time.monotonic() + harness.DEADLINE
    while time.monotonic() < end:
        answer = get(server, "/app/", token)
        assert answer.status in (200, 503) and not answer.cookies()
        if answer.status == 200:
            return answer.text == PAGE
        time.sleep(0.1)
    return False


@pytest.mark.sqlite
def test_a_table_that_vanishes_is_an_error_and_no_sign_out():
    """On connections that are kept open, too."""
    with Server(harness.SITE + "ManagedSessionCreateTable Off\n") as server:
        server.stop()
        columns = ("session_id PRIMARY KEY, secret_hash, realm, user_name, created_at, last_seen_at, expires_at, "
                   "max_expires_at, created_ip, last_ip, user_agent, label, auth_method, persistent")
        server.sql(f"CREATE TABLE managed_session ({columns})")
        server.db.chmod(0o666)
        server.expect(r"MS0002|MS0004|dbd:error\]", status_5xx=True)
        server.start()
        token = sign_in(server)
        assert get(server, "/app/", token).text == PAGE
        with server.broken_table():
            answer = get(server, "/app/", token)
            assert answer.status == 503 and int(answer.headers["Retry-After"]) > 0 and not answer.cookies()
        assert eventually_let_in(server, token)

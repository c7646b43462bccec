# SPDX-License-Identifier: Apache-2.0
"""App passwords: a calendar, a git client or a script signs in with one, and nothing else does."""
import base64
import concurrent.futures
import contextlib
import hashlib
import json
import re
import secrets
import time

import pytest

import databases
from harness import (COOKIE, DEADLINE, FETCH, JSON, NAVIGATION, PAGE, SITE, Answer, Backend, FormReader, Server, eventually, get, logged, random_token,
                     request, send_slowly, sign_in)
from open_ends import Client, SlowApplication

APPS = """
ManagedSessionEventLog "@ROOT@/logs/events.jsonl"
ManagedSessionIdleTimeout 1h
<Location "/dav">
    AuthType Basic
    AuthName "Calendars"
    AuthBasicProvider managed-session
    Require valid-user
</Location>
<Location "/dav/apps-only">
    Require session-kind app
</Location>
<Location "/dav/browsers-only">
    Require session-kind browser
</Location>
<Location "/dav/fresh">
    Require session-fresh 15m
</Location>
<Location "/both">
    AuthType Basic
    AuthName "Both"
    AuthBasicProvider managed-session file
    AuthUserFile "@ROOT@/passwords"
    Require valid-user
</Location>
<Location "/api">
    AuthType ManagedSession
    AuthName "API"
    ManagedSessionAppBearer On
    Require valid-user
</Location>
<Location "/own">
    SetHandler managed-session-list
    AuthType Basic
    AuthName "own"
    AuthBasicProvider managed-session
    Require valid-user
</Location>
<Location "/own-api">
    SetHandler managed-session-list
    AuthType ManagedSession
    ManagedSessionAppBearer On
    Require valid-user
</Location>
"""
PLACES = ("dav", "dav/apps-only", "dav/browsers-only", "dav/fresh", "both", "api")
TLS = {"X-Forwarded-Proto": "https"}  # as a proxy in front that ends TLS


def basic(user: str, password: str) -> dict:
    return {**TLS, "Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def bearer(password: str) -> dict:
    return {**TLS, "Authorization": f"Bearer {password}"}


def insert_app(server: Server, user: str = "alice", name: str = "phone", kind: int = 1) -> str:
    """A row as the list makes it; the password."""
    ident, secret, now = secrets.token_urlsafe(16), secrets.token_urlsafe(32), int(time.time())
    server.sql("INSERT INTO managed_session (session_id, secret_hash, realm, user_name, created_at, last_seen_at, expires_at,"
               " max_expires_at, created_ip, last_ip, user_agent, auth_method, persistent, name, kind)"
               " VALUES (?, ?, 'app.test', ?, ?, ?, ?, ?, '192.0.2.1', '192.0.2.1', '', 'app', 1, ?, ?)",
               ident, hashlib.sha256(secret.encode()).hexdigest(), user, now, now, now + 1000000, now + 1000000, name, kind)
    return f"{ident}.{secret}"


def events(server: Server, name: str) -> list[dict]:
    lines = (server.root / "logs/events.jsonl").read_text().splitlines()
    return [event for event in map(json.loads, lines) if event["event"] == name]


@pytest.fixture(scope="module")
def server():
    with Server(SITE + APPS) as running:
        for place in PLACES:
            running.write(f"htdocs/{place}/index.html", PAGE)
        yield running


@pytest.fixture()
def app(server):
    return insert_app(server)


def test_an_app_signs_in_with_its_password(server, app):
    assert get(server, "/dav/", headers=basic("alice", app)).text == PAGE
    typed = "  ".join(app[i:i + 11] for i in range(0, len(app), 11)) + " "
    assert get(server, "/dav/", headers=basic("alice", typed)).status == 200, "blanks do not count"


@pytest.mark.parametrize("user, change", [
    ("bob", lambda password: password),
    ("Alice", lambda password: password),
    ("", lambda password: password),
    ("alice", lambda password: password[:-1] + ("A" if password[-1] != "A" else "B")),
    ("alice", lambda password: password[:22]),
    ("alice", lambda password: password + "A"),
    ("alice", lambda password: "wonderland"),
    ("alice", lambda password: ""),
])
def test_anything_else_is_refused_with_a_challenge(server, app, user, change):
    answer = get(server, "/dav/", headers=basic(user, change(app)))
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="Calendars"'


def test_one_kind_of_token_never_counts_as_the_other(server, app):
    token = sign_in(server)
    assert get(server, "/dav/", headers=basic("alice", token)).status == 401
    assert get(server, "/api/", headers=bearer(token)).status == 401
    assert get(server, "/app/", app).status == 401
    assert get(server, "/sessions", app, JSON).status == 401
    assert get(server, "/app/", token).status == 200


def test_an_app_is_signed_out_when_its_row_ends(server, app):
    assert get(server, "/dav/", headers=basic("alice", app)).status == 200
    home = sign_in(server)
    answer = request(server, "DELETE", f"/sessions/{app[:22]}", {"Cookie": f"{COOKIE}={home}"})
    assert answer.status == 204
    assert get(server, "/dav/", headers=basic("alice", app)).status == 401


def test_what_an_app_used_last_is_in_its_row(server, app):
    get(server, "/dav/", headers={**basic("alice", app), "User-Agent": "DAVx5/4.3 (Android 14)"})
    row = eventually(lambda: server.sql("SELECT last_seen_at - created_at, last_ip, user_agent, expires_at - created_at "
                                        "FROM managed_session WHERE session_id = ? AND last_seen_at > created_at", app[:22]),
                     "the touch")[0]
    assert 0 < row[0] < 60 and row[1] == "127.0.0.1" and row[2].startswith("DAVx5/4.3") and row[3] == 1000000
    touches = server.statements().count("TOUCH_APP")
    get(server, "/dav/", headers=basic("alice", app))
    get(server, "/dav/", headers=basic("alice", app))
    assert server.statements().count("TOUCH_APP") == touches


def test_places_choose_by_kind(server, app):
    server.expect("AH0163[01]")
    token = sign_in(server)
    statuses = {place: (get(server, f"/{place}/", headers=basic("alice", app)).status, get(server, f"/{place}/", token).status)
                for place in ("dav", "dav/apps-only", "dav/browsers-only", "dav/fresh")}
    assert statuses == {"dav": (200, 200), "dav/apps-only": (200, 403), "dav/browsers-only": (403, 200), "dav/fresh": (403, 200)}


def test_browsers_get_the_form_and_apps_a_challenge(server):
    browser = server.browser()
    answer = browser.go("/dav/", follow=False)
    assert answer.status == 303 and answer.location == "/login?return=/dav/"
    assert "WWW-Authenticate" not in answer.headers
    browser.go("/dav/")
    assert browser.submit({"username": "alice", "password": "wonderland"}).text == PAGE
    answer = get(server, "/dav/", headers=TLS)
    assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, 'Basic realm="Calendars"')
    answer = get(server, "/dav/", headers={**basic("alice", "wrong"), **NAVIGATION})
    assert answer.status == 303


def test_the_order_of_providers_decides_about_the_real_password(server, app):
    server.expect("AH01617")
    assert get(server, "/both/", headers=basic("alice", app)).status == 200
    assert get(server, "/both/", headers=basic("alice", "wonderland")).status == 200
    assert get(server, "/both/", headers=basic("alice", "wrong")).status == 401
    assert get(server, "/both/", headers=basic("bob", app)).status == 401


def test_a_password_over_plain_http_is_refused(server, app):
    insecure = {"Authorization": basic("alice", app)["Authorization"]}
    logged(server, "MS0255", lambda: None if get(server, "/dav/", headers=insecure).status == 403 else 1 / 0)
    assert get(server, "/api/", headers={"Authorization": f"Bearer {app}"}).status == 403
    assert any(event["reason"] == "plain http" for event in events(server, "app_password_refused"))


def test_a_bearer_token_counts_where_the_configuration_has_it_so(server, app):
    assert get(server, "/api/", headers=bearer(app)).text == PAGE
    wrong = get(server, "/api/", headers=bearer(app[:-3] + "AAA"))
    assert wrong.status == 401 and wrong.headers["WWW-Authenticate"] == 'Bearer realm="API", error="invalid_token"'
    none = get(server, "/api/", headers=TLS)
    assert none.status == 401 and none.headers.get_all("WWW-Authenticate") == [
        'ManagedSession realm="API"', 'Bearer realm="API"']
    assert get(server, "/dav/", headers=bearer(app)).status == 401
    assert get(server, "/app/", headers=bearer(app)).status == 401
    assert get(server, "/api/", headers=basic("alice", app)).status == 401


def test_our_own_pages_take_browsers_only(server, app):
    server.expect("AH01617")
    for method, target in (("GET", "/own"), ("POST", "/own"), ("DELETE", f"/own/{app[:22]}")):
        answer = request(server, method, target, {**basic("alice", app), **JSON}, b"" if method == "POST" else None)
        assert answer.status == 401, (method, target)
    logged(server, "MS0256", lambda: get(server, "/own", headers=basic("alice", app)))
    for method in "GET", "DELETE":
        assert request(server, method, "/own-api", {**bearer(app), **JSON}).status == 401
    assert server.end_of(app) is None


@pytest.mark.sqlite
def test_nor_from_a_place_for_apps_that_leads_there():
    moved = '<Location "/dav/moved">\nRewriteEngine On\nRewriteRule "^.*" /sessions [L]\n</Location>\n'
    with Server(SITE + APPS + moved) as server:
        app = insert_app(server)
        for method in ("GET", "POST", "DELETE"):
            answer = request(server, method, "/dav/moved?scope=all", {**basic("alice", app), **JSON}, b"" if method == "POST" else None)
            assert answer.status == 403 and app[:22] not in answer.text, method
        assert server.end_of(app) is None


@pytest.mark.sqlite
def test_an_application_signs_no_app_out():
    """The app signs in with each request; its user ends it on the list."""
    with Backend() as backend:
        config = SITE + APPS + f"""
            <Location "/dav/app">
                ManagedSessionBackendLogin On
                ProxyPass "http://127.0.0.1:{backend.port}/"
            </Location>"""
        with Server(config) as server:
            app = insert_app(server)
            answer = get(server, "/dav/app?Managed-Session-End=current", headers=basic("alice", app))
            assert answer.status == 200 and not answer.cookies() and "Managed-Session-End" not in answer.headers
            assert get(server, "/dav/app", headers=basic("alice", app)).status == 200 and server.end_of(app) is None


@pytest.mark.sqlite
@pytest.mark.parametrize("names, status", [("managed-session file", 200), ("file managed-session", 401)])
def test_a_provider_before_ours_ends_the_search(names, status):
    """As MS0270 warns: mod_auth_basic goes on only if a provider does not know the user."""
    place = f"""
        <Location "/dav">
            AuthType Basic
            AuthName Files
            AuthBasicProvider {names}
            AuthUserFile "@ROOT@/passwords"
            Require valid-user
        </Location>"""
    with Server(SITE + place) as server:
        server.expect("AH01617" if status == 401 else "")
        server.write("htdocs/dav/index.html", PAGE)
        sign_in(server)
        assert get(server, "/dav/", headers=basic("alice", insert_app(server))).status == status
        assert ("MS0270" in (server.root / "logs/stderr").read_text() + server.error_log()) is (status == 401)


def test_a_refused_password_is_an_event_and_a_line(server, app):
    before = len(events(server, "app_password_refused"))
    logged(server, r'MS0112: failed sign-in from 127\.0\.0\.1 as user "mallory" \(app password\)',
           lambda: get(server, "/dav/", headers=basic("mallory", app)))
    event = events(server, "app_password_refused")[before]
    assert (event["user"], event["reason"], event["ip"]) == ("mallory", "wrong user name", "127.0.0.1")


@pytest.mark.sqlite
def test_wrong_passwords_are_limited_by_client_and_right_ones_go_through():
    config = SITE.replace("ManagedSessionLoginLimit 0", "ManagedSessionLoginLimit 3 5m") + APPS
    with Server(config) as limited:
        limited.write("htdocs/dav/index.html", PAGE)
        app = insert_app(limited)
        wrong = basic("alice", app[:-3] + "AAA")
        assert [get(limited, "/dav/", headers=wrong).status for _ in range(4)] == [401, 401, 401, 429]
        answer = get(limited, "/dav/", headers=wrong)
        assert answer.status == 429 and int(answer.headers["Retry-After"]) > 0
        assert get(limited, "/dav/", headers=basic("alice", app)).status == 200
        assert events(limited, "app_password_refused")[-1]["reason"] == "too many failed sign-ins"


@pytest.mark.sqlite
def test_credentials_of_another_scheme_are_no_wrong_password():
    config = SITE.replace("ManagedSessionLoginLimit 0", "ManagedSessionLoginLimit 2 5m") + APPS
    with Server(config) as server:
        server.write("htdocs/both/index.html", PAGE)
        for place, realm in (("dav", "Calendars"), ("both", "Both")):
            for _ in range(3):
                answer = get(server, f"/{place}/", headers={**TLS, "Authorization": 'Digest username="alice", response="x"'})
                assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, f'Basic realm="{realm}"')
        assert get(server, "/both/", headers=basic("alice", "wonderland")).text == PAGE


@pytest.mark.sqlite
def test_a_token_as_bearer_may_count_beside_basic():
    """Where mod_auth_basic has the AuthType, too, a wrong one is refused as RFC 6750 says."""
    with Server(SITE + APPS + '<Location "/dav">\nManagedSessionAppBearer On\n</Location>\n') as server:
        server.write("htdocs/dav/index.html", PAGE)
        app = insert_app(server)
        assert get(server, "/dav/", headers=bearer(app)).text == PAGE
        assert get(server, "/dav/", headers=basic("alice", app)).text == PAGE
        for wrong in (app[:-3] + "AAA", "nonsense", sign_in(server)):
            answer = get(server, "/dav/", headers=bearer(wrong))
            assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="Calendars", error="invalid_token"')


def test_a_browser_whose_session_is_too_old_signs_in_again(server):
    """And not in the browser's own window for a password."""
    token = sign_in(server)
    server.sql("UPDATE managed_session SET created_at = created_at - 1000 WHERE session_id = ?", token[:22])
    answer = get(server, "/dav/fresh/", token, NAVIGATION)
    assert (answer.status, answer.location) == (303, "/login?reauth=1&return=/dav/fresh/")
    answer = get(server, "/dav/fresh/", token)
    assert answer.status == 401 and "max_age=900" in answer.headers["WWW-Authenticate"]


@pytest.mark.sqlite
def test_a_password_for_one_place_opens_no_other_that_the_request_is_led_to():
    led = """
        <Location "/dav/to-app">
            RewriteEngine On
            RewriteRule ^ /app/ [PT]
        </Location>
        <Location "/dav/to-list">
            RewriteEngine On
            RewriteRule ^ /sessions [PT]
        </Location>
        <Directory "@ROOT@/htdocs/dav">
            Options +Includes
            AddOutputFilter INCLUDES .shtml
        </Directory>"""
    with Server(SITE + APPS + led) as server:
        server.expect("unable to include")
        server.write("htdocs/dav/including.shtml", 'before <!--#include virtual="/app/" --> after')
        app, token = insert_app(server), sign_in(server)
        for target, status in (("/dav/to-app", 401), ("/dav/to-list", 403)):
            answer = get(server, target, headers=basic("alice", app))
            assert answer.status == status and token[:22] not in answer.text and PAGE not in answer.text
        assert get(server, "/dav/to-app", headers={**basic("alice", app), **NAVIGATION}).location.startswith("/login?return=")
        page = get(server, "/dav/including.shtml", headers=basic("alice", app)).text
        assert page.startswith("before ") and PAGE not in page
        assert get(server, "/dav/to-app", token).text == PAGE


@pytest.mark.sqlite
def test_under_another_name_the_provider_is_as_strict():
    """mod_auth_basic calls it without the module's own check before."""
    alias = """
        <AuthnProviderAlias managed-session apps>
        </AuthnProviderAlias>
        <Location "/alias">
            AuthType Basic
            AuthName "x"
            AuthBasicProvider apps
            Require valid-user
        </Location>"""
    with Server(SITE + APPS + alias) as server:
        server.expect("AH0161[78]|AH01796")
        server.write("htdocs/alias/index.html", PAGE)
        app = insert_app(server)
        assert get(server, "/alias/", headers=basic("alice", app)).text == PAGE
        for user, wrong in (("bob", app), ("alice", app[:-3] + "AAA"), ("alice", "wonderland"), ("alice", sign_in(server))):
            assert get(server, "/alias/", headers=basic(user, wrong)).status == 401
        with server.broken_table():
            server.expect("MS00|AH", status_5xx=True)
            assert get(server, "/alias/", headers=basic("alice", random_token())).status == 500
            server.check()


@pytest.mark.sqlite
def test_the_application_gets_the_user_and_not_the_password():
    with Backend() as backend:
        config = SITE + APPS + f"""
            <Location "/login">
                ManagedSessionUserName "%{{tolower:%{{REMOTE_USER}}}}"
            </Location>
            <Location "/dav/app">
                ManagedSessionUserHeader X-User
                ProxyPass "http://127.0.0.1:{backend.port}/"
            </Location>
            <Location "/dav/shown">
                ManagedSessionHideCookie Off
                ProxyPass "http://127.0.0.1:{backend.port}/"
            </Location>
            <Location "/api/app">
                ProxyPass "http://127.0.0.1:{backend.port}/"
            </Location>
            <Location "/open">
                ProxyPass "http://127.0.0.1:{backend.port}/"
            </Location>"""
        with Server(config) as server:
            app = insert_app(server)
            for target, headers in (("/dav/app", basic("ALICE", app)), ("/api/app", bearer(app)), ("/open", basic("alice", app))):
                answer = get(server, target, headers=headers)
                assert answer.status == 200
                seen = dict(answer.json())
                assert "authorization" not in seen, target
                if target == "/dav/app":
                    assert seen["x-user"] == "alice", "as the session has it"
                    assert "private" in answer.headers["Cache-Control"]
            assert dict(get(server, "/dav/shown", headers=basic("alice", app)).json())["authorization"]
            other = basic("alice", "a password of the application's own")
            assert dict(get(server, "/open", headers=other).json())["authorization"] == other["Authorization"]
            eventually(lambda: re.search(rf'alice {app[:22]} "GET /dav/app', (server.root / "logs/access.log").read_text()),
                       "the line, which follows the response")


@pytest.mark.sqlite
def test_the_limit_of_sessions_does_not_count_apps():
    with Server(SITE + APPS + "ManagedSessionLimit 2 evict\n") as server:
        app = insert_app(server)
        tokens = [sign_in(server, form=22 * letter) for letter in "ABC"]
        assert sorted(map(str, map(server.end_of, tokens))) == ["('evicted', None)", "None", "None"]
        assert server.end_of(app) is None


@pytest.mark.sqlite
def test_a_limit_that_refuses_does_not_count_apps():
    with Server(SITE + APPS + "ManagedSessionLimit 1 refuse\n") as server:
        insert_app(server)
        sign_in(server)


@pytest.mark.sqlite
def test_a_password_of_an_app_begins_no_session():
    with Server(SITE + APPS + """
            <Location "/basic-login">
                SetHandler managed-session-login
                ManagedSessionSignIn On
                AuthType Basic
                AuthName "x"
                AuthBasicProvider managed-session
                Require valid-user
            </Location>""") as server:
        server.expect("AH01617")
        app = insert_app(server)
        answer = get(server, "/basic-login", headers=basic("alice", app))
        assert answer.status == 401 and not answer.cookies()
        assert server.rows() == 1


@pytest.mark.sqlite
def test_while_the_database_is_away_an_app_gets_503():
    with Server(SITE + APPS) as server:
        app = insert_app(server)
        with server.broken_table():
            server.expect("MS00|AH", status_5xx=True)
            answer = get(server, "/dav/", headers=basic("alice", app))
            assert answer.status == 503 and answer.headers["Retry-After"]
            answer = get(server, "/dav/", random_token(), NAVIGATION)
            assert answer.status == 503 and answer.headers["Retry-After"] and not answer.cookies(), "and a browser, which may have a session"
            server.check()


@pytest.mark.sqlite
def test_what_an_app_has_open_ends_with_its_password():
    with SlowApplication() as slow:
        config = SITE + APPS + f'ProxyPass "/dav/slow/" "http://127.0.0.1:{slow.port}/"\n'
        with Server(config, own_paths=()) as server:
            server.expect(r"proxy_http|proxy:error|AH01102|AH10023|AH01114|AH01097")
            app, other = insert_app(server), insert_app(server)
            open_one, kept = (Client(server, "/dav/slow/stream", "none", headers=basic("alice", each).items()) for each in (app, other))
            with open_one, kept:
                assert slow.begun.acquire(timeout=DEADLINE) and slow.begun.acquire(timeout=DEADLINE)
                home = sign_in(server)
                assert request(server, "DELETE", f"/sessions/{app[:22]}", {"Cookie": f"{COOKIE}={home}"}).status == 204
                open_one.read_to_end()
                assert kept.is_open()
                request(server, "DELETE", f"/sessions/{other[:22]}", {"Cookie": f"{COOKIE}={home}"})
                kept.read_to_end()
            slow.wait_for_end()
            eventually(lambda: {event["session"] for event in events(server, "connections_cut")} == {app[:22], other[:22]}, "the events")


@pytest.mark.sqlite
def test_forward_auth_admits_apps_by_its_require_lines():
    config = SITE + APPS + """
        <Location "/auth">
            SetHandler managed-session-check
            ManagedSessionCheckPeers 127.0.0.1
            AuthType Basic
            AuthName "auth"
            AuthBasicProvider managed-session
            Require valid-user
        </Location>
        <Location "/auth/browsers">
            Require session-kind browser
        </Location>"""
    with Server(config) as server:
        app = insert_app(server)
        answer = get(server, "/auth", headers=basic("alice", app))
        assert (answer.status, answer.headers["Remote-User"], answer.headers["Managed-Session-Id"]) == (200, "alice", app[:22])
        assert get(server, "/auth", headers=basic("alice", app[:-3] + "AAA")).status == 401
        server.expect("AH0163[01]")
        assert get(server, "/auth/browsers", headers=basic("alice", app)).status == 403


# ---- the list ------------------------------------------------------------------------------------

LIST = APPS + """
<Location "/sessions">
    ManagedSessionAppPasswords On
</Location>
"""


@pytest.fixture(scope="module")
def listing():
    with Server(SITE + LIST) as running:
        for place in PLACES:
            running.write(f"htdocs/{place}/index.html", PAGE)
        yield running


@pytest.fixture()
def home(listing):
    """A browser on the list of a user who has no app passwords, and no session that has just ended."""
    listing.sql("DELETE FROM managed_session WHERE kind = 1 OR ended_at IS NOT NULL")
    browser = listing.browser()
    browser.sign_in()
    browser.go("/sessions")
    return browser


def shown(page: str) -> dict[str, str]:
    """What the page with a new password has to copy."""
    return {name.rstrip("1"): value for name, value in re.findall(r'<input id="(\w+)" readonly value="([^"]+)"', page)}


def make(browser, name: str) -> dict[str, str]:
    browser.go("/sessions?app=new")
    answer = browser.submit({"name": name}, action="make-app")
    assert answer.status == 200, answer.text
    return shown(answer.text)


@pytest.mark.sqlite
def test_the_addresses_beside_a_password_are_those_of_this_site():
    place = '<Location "/@NAME@">\nAuthType Basic\nAuthName "x"\nAuthBasicProvider @PROVIDER@\nRequire valid-user\n</Location>\n'
    apps, files, elsewhere = (place.replace("@NAME@", name).replace("@PROVIDER@", provider)
                              for name, provider in (("apps", "managed-session"), ("files", "file"), ("elsewhere", "managed-session")))
    hosts = f"<VirtualHost *:@PORT@>\nServerName app.test\n{apps}{files}</VirtualHost>\n<VirtualHost *:1>\n{elsewhere}</VirtualHost>\n"
    with Server(SITE + place.replace("@NAME@", "all").replace("@PROVIDER@", "file managed-session")
                + '<Location "/sessions">\nManagedSessionAppPasswords On\n</Location>\n' + hosts) as server:
        browser = server.browser()
        browser.sign_in()
        make(browser, "phone")
        assert re.findall(r'id="url\d" readonly value="http://[^"/]+([^"]+)"', browser.page.text) == ["/all", "/apps"]


def test_a_user_makes_a_password_for_an_app_and_ends_it(listing, home):
    assert "App passwords" in home.page.text and 'href="?app=new"' in home.page.text
    made = make(home, "  Phone of <b>alice</b> ")
    assert home.page.headers["Cache-Control"] == "no-store"
    assert (made["user"], made["url"]) == ("alice", f"http://127.0.0.1:{listing.port}/dav")
    assert get(listing, "/dav/", headers={**basic("alice", made["password"]), "User-Agent": "DAVx5/4.3"}).status == 200
    eventually(lambda: "Never used" not in home.go("/sessions").text, "its first use, which is written a moment later")
    page = home.page.text
    assert made["password"][23:] not in page and "Phone of &lt;b&gt;alice&lt;/b&gt;" in page
    assert "127.0.0.1" in page[page.index('id="apps"'):]
    home.submit(id=made["password"][:22])
    assert made["password"][:22] not in home.page.text
    assert get(listing, "/dav/", headers=basic("alice", made["password"])).status == 401
    event = events(listing, "app_password_made")[-1]
    assert (event["user"], event["session"], event["by_session"]) == ("alice", made["password"][:22], home.token[:22])


@pytest.mark.sqlite
def test_if_no_place_is_for_apps_the_page_names_the_site():
    with Server(SITE + '<Location "/sessions">\nManagedSessionAppPasswords On\n</Location>\n') as server:
        browser = server.browser()
        browser.sign_in()
        assert make(browser, "phone")["url"] == f"http://127.0.0.1:{server.port}/"


@contextlib.contextmanager
def no_more_rows(server):
    """The database takes no new session, and all else goes on."""
    if databases.NAME == "sqlite":
        server.sql("CREATE TRIGGER full BEFORE INSERT ON managed_session BEGIN SELECT RAISE(ABORT, 'full'); END")
    elif databases.NAME == "mysql":
        server.sql("CREATE TRIGGER full BEFORE INSERT ON managed_session FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'full'")
    else:
        server.sql("ALTER TABLE managed_session ADD CONSTRAINT full_up CHECK (created_at < 0) NOT VALID")
    try:
        yield
    finally:
        server.sql("ALTER TABLE managed_session DROP CONSTRAINT full_up" if databases.NAME == "pgsql" else "DROP TRIGGER full")


def test_a_password_that_the_table_does_not_take_is_not_shown(listing, home):
    listing.expect("MS0004.*full", status_5xx=True)
    home.go("/sessions?app=new")
    with no_more_rows(listing):
        answer = home.submit({"name": "phone"}, action="make-app")
        assert answer.status == 503 and not shown(answer.text)
        answer = request(listing, "POST", "/sessions", {"Cookie": f"{COOKIE}={home.token}", "Content-Type": "application/json"},
                         b'{"kind": "app", "name": "phone"}')
        assert answer.status == 503 and "password" not in answer.json()
    assert listing.sql("SELECT COUNT(*) FROM managed_session WHERE kind = 1") == [(0,)]
    assert make(home, "phone")["password"]


def test_to_load_the_page_again_shows_no_password_and_makes_none(listing, home):
    make(home, "laptop")
    home.go("/sessions?app=new")
    again = home.submit({"name": "laptop"}, action="make-app")
    assert again.status == 409 and "of this name already" in again.text and not shown(again.text)
    assert is_marked(again.text, "laptop")
    assert listing.sql("SELECT COUNT(*) FROM managed_session WHERE kind = 1") == [(1,)]


def is_marked(page: str, typed: str) -> bool:
    """The message looks like a mistake, and the field says so and keeps what was typed."""
    field = next(attrs for tag, attrs in FormReader(page).tags if tag == "input" and attrs.get("id") == "name")
    return '<p class="error" role="alert" id="error">' in page and field["value"] == typed and (
        field["aria-invalid"], field["aria-describedby"]) == ("true", "error")


@pytest.mark.parametrize("name", ["", "   "])
def test_a_password_needs_a_name(listing, home, name):
    page = home.go("/sessions?app=new").text
    assert 'aria-invalid="' not in page and 'class="error"' not in page
    answer = home.submit({"name": name}, action="make-app")
    assert answer.status == 400 and "Enter a name." in answer.text and is_marked(answer.text, name)


def test_a_name_that_is_taken_is_shown_again_as_text(listing, home):
    name = '"><i>&amp;zoë'
    make(home, name)
    home.go("/sessions?app=new")
    assert is_marked(home.submit({"name": name}, action="make-app").text, name)


def test_a_password_is_made_after_a_fresh_sign_in_only(listing, home):
    home.go("/sessions?app=new")
    form = home.page
    listing.sql("UPDATE managed_session SET created_at = created_at - 1000, last_seen_at = last_seen_at - 1000 WHERE session_id = ?",
                home.token[:22])
    answer = home.submit({"name": "late"}, action="make-app", follow=False)
    assert answer.status == 303 and answer.location.startswith("/login?reauth=1&return=/sessions")
    answer = home.go("/sessions?app=new", follow=False)
    assert answer.status == 303 and answer.location.startswith("/login?reauth=1&return=/sessions%3Fapp")
    assert listing.sql("SELECT COUNT(*) FROM managed_session WHERE kind = 1") == [(0,)]
    home.go(answer.location)
    home.submit({"username": "alice", "password": "wonderland"})
    assert home.page.status == 200 and "Name of the app" in home.page.text and form.status == 200


def test_apps_are_no_devices_of_the_list(listing, home):
    make(home, "my slate")
    devices, _, apps = home.go("/sessions").text.partition('id="apps"')
    assert "my slate" not in devices and "my slate" in apps
    kinds = {one["name"]: one["kind"] for one in home.fetch("/sessions").json()["sessions"]}
    assert kinds["my slate"] == "app" and kinds[None] == "browser"


@pytest.mark.parametrize("ticked", [True, False])
def test_sign_out_everywhere_takes_apps_along_unless_the_user_keeps_them(listing, home, ticked):
    made = make(home, "watch")
    home.go("/sessions?confirm=all")
    form = home.page.text
    assert "End one app password, too" in form and 'name="apps" type="checkbox" value="1" checked' in form
    if not ticked:
        home.page.text = form.replace(' checked', '')
    home.submit(action="revoke-all", follow=False)
    assert (listing.end_of(made["password"]) is None) is not ticked
    assert listing.end_of(home.token or made["password"]) is None or ticked
    assert get(listing, "/dav/", headers=basic("alice", made["password"])).status == (401 if ticked else 200)


def test_a_script_may_keep_apps_too(listing, home):
    made = make(home, "script")
    assert home.fetch("/sessions?scope=others&kind=browser", "DELETE").status == 200
    assert listing.end_of(made["password"]) is None
    for kind in ("app", "", "Browser"):
        answer = home.fetch(f"/sessions?scope=all&kind={kind}", "DELETE")
        assert (answer.status, answer.json()["code"]) == (400, "invalid_query")
    assert home.fetch("/sessions?scope=others", "DELETE").json() == {"revoked": 1}
    assert listing.end_of(made["password"]) == ("revoked", None)


def post_json(browser, body, target: str = "/sessions", headers=JSON):
    return browser._send("POST", target, {**headers, **FETCH, "Content-Type": "application/json"},
                         json.dumps(body).encode())


def patch(browser, ident: str, name):
    return browser._send("PATCH", f"/sessions/{ident}", {**JSON, **FETCH, "Content-Type": "application/json"}, json.dumps({"name": name}).encode())


def test_two_of_one_name_cannot_be_told_apart(listing, home):
    """By whichever way the second one is made or named."""
    make(home, "phone")
    other = post_json(home, {"kind": "app", "name": "laptop"}).json()["id"]
    for answer in (post_json(home, {"kind": "app", "name": " phone "}), patch(home, other, "phone")):
        assert (answer.status, answer.json()["code"]) == (409, "app_password_name")
    csrf = re.search(r'name="csrf" value="([^"]+)"', home.go("/sessions").text)[1]
    answer = home._send("POST", "/sessions", {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"},
                        f"csrf={csrf}&action=rename&id={other}&name=phone".encode())
    assert answer.status == 409 and "You have an app password of this name already." in answer.text
    assert sorted(listing.sql("SELECT name FROM managed_session WHERE kind = 1")) == [("laptop",), ("phone",)]
    assert patch(home, other, "laptop").status == 200, "its own name"
    assert patch(home, home.token[:22], "phone").status == 200, "a browser's session is something else"


@pytest.mark.parametrize("name", [None, "", "  ", "\u202e "])
def test_one_always_has_a_name(listing, home, name):
    made = post_json(home, {"kind": "app", "name": "CI"}).json()["id"]
    answer = patch(home, made, name)
    assert (answer.status, answer.json()["code"]) == (400, "invalid_name")
    assert home.fetch(f"/sessions/{made}").json()["name"] == "CI"
    listing.sql("UPDATE managed_session SET name = NULL WHERE kind = 1")
    page = home.go("/sessions").text
    assert re.search(r"<h3[^>]*>App password</h3>", page), "also one that something else has made without"


def test_of_many_the_list_has_a_few_and_a_page_has_all(listing, home):
    for i in range(25):
        insert_app(listing, name=f"app {i}")
    page = home.go("/sessions").text
    assert len(re.findall(">app [0-9]+<", page)) == 4 and "Show all 25 app passwords" in page
    names = []
    for url, rel in (("/sessions?app=all", "next"), ("/sessions?app=all&page=2", "prev"), ("/sessions?app=all&page=9", "prev")):
        page = home.go(url).text
        assert re.findall(r'rel="(\w+)"', page) == [rel] and len(page.encode()) < 30_000
        names.append(re.findall(">(app [0-9]+)<", page))
    assert [len(part) for part in names] == [20, 5, 5] and len(set(names[0] + names[1])) == 25
    ident = re.search(r'name="id" value="([^"]+)"', page)[1]
    home.submit(id=ident)
    assert listing.end_of(ident + "." + "x" * 43) == ("revoked", None)


def test_a_script_makes_one(listing, home):
    answer = post_json(home, {"kind": "app", "name": "CI"})
    assert answer.status == 201 and answer.headers["Cache-Control"] == "no-store"
    made = answer.json()
    assert (made["kind"], made["name"], made["user"], made["current"]) == ("app", "CI", "alice", False)
    assert made["password"][:22] == made["id"]
    assert get(listing, "/api/", headers=bearer(made["password"])).status == 200
    assert home.fetch(f"/sessions/{made['id']}").json()["kind"] == "app"
    assert home.fetch(f"/sessions/{made['id']}", "DELETE").status == 204
    assert get(listing, "/api/", headers=bearer(made["password"])).status == 401


FORM, SCRIPT = "application/x-www-form-urlencoded", "application/json"


@pytest.mark.parametrize("kind", [FORM, SCRIPT])
def test_a_password_whose_session_ends_while_it_is_sent_is_not_made(listing, home, kind):
    owner = sign_in(listing)
    csrf = re.search(r'name="csrf" value="([^"]+)"', home.go("/sessions?app=new").text)[1]
    body = f"csrf={csrf}&action=make-app&name=his" if kind == FORM else '{"kind": "app", "name": "his"}'
    headers = {"Cookie": f"{COOKIE}={home.token}", "Content-Type": kind, **JSON, **FETCH}
    answer = send_slowly(listing, "POST", "/sessions", headers, body.encode(),
                         lambda: request(listing, "DELETE", "/sessions?scope=all", {"Cookie": f"{COOKIE}={owner}"}))
    assert (answer.status, answer.json()["code"]) == (401, "not_signed_in")
    assert listing.sql("SELECT COUNT(*) FROM managed_session WHERE kind = 1") == [(0,)]


@contextlib.contextmanager
def ends_with_each_new_app(server, token: str):
    """Another host ends the session just before the row of an app comes into the table."""
    server.sql("CREATE TRIGGER late BEFORE INSERT ON managed_session WHEN NEW.kind = 1 BEGIN UPDATE managed_session"
               f" SET ended_at = last_seen_at, expires_at = last_seen_at WHERE session_id = '{token[:22]}'; END")
    try:
        yield
    finally:
        server.sql("DROP TRIGGER late")


@pytest.mark.skipif(databases.NAME != "sqlite", reason="one trigger is enough")
@pytest.mark.parametrize("kind", [FORM, SCRIPT])
def test_a_password_outlives_no_session_that_ends_while_it_is_made(listing, home, kind):
    csrf = re.search(r'name="csrf" value="([^"]+)"', home.go("/sessions?app=new").text)[1]
    body = f"csrf={csrf}&action=make-app&name=his" if kind == FORM else '{"kind": "app", "name": "his"}'
    with ends_with_each_new_app(listing, home.token):
        answer = request(listing, "POST", "/sessions", {"Cookie": f"{COOKIE}={home.token}", "Content-Type": kind, **FETCH,
                                                        **(JSON if kind == SCRIPT else {"Accept": "text/html"})}, body.encode())
    assert answer.status == 401 and "password\"" not in answer.text
    assert listing.sql("SELECT COUNT(*), MIN(end_reason) FROM managed_session WHERE kind = 1 AND ended_at IS NOT NULL") == [(1, "revoked")]
    assert listing.sql("SELECT COUNT(*) FROM managed_session WHERE ended_at IS NULL AND kind = 1") == [(0,)]


@pytest.mark.parametrize("body, code", [
    ({"kind": "browser", "name": "x"}, "invalid_json"), ({"name": "x"}, "invalid_json"), ({"kind": "app"}, "invalid_json"),
    ({"kind": "app", "name": None}, "invalid_json"), ({"kind": "app", "name": "x", "user": "bob"}, "invalid_json"),
    ({"kind": "app", "name": " "}, "invalid_name"), ({"kind": "app", "name": 41 * "x"}, "invalid_name"), ([], "invalid_json"),
])
def test_a_script_is_told_what_is_wrong(listing, home, body, code):
    answer = post_json(home, body)
    assert (answer.status, answer.json()["code"]) == (400, code)
    assert listing.sql("SELECT COUNT(*) FROM managed_session WHERE kind = 1") == [(0,)]


def test_a_script_of_an_old_sign_in_is_sent_to_sign_in(listing, home):
    listing.sql("UPDATE managed_session SET created_at = created_at - 1000 WHERE session_id = ?", home.token[:22])
    for accept in (JSON, {"Accept": "*/*"}):
        answer = post_json(home, {"kind": "app", "name": "late"}, headers=accept)
        assert (answer.status, answer.json()["code"]) == (401, "sign_in_too_old")


def test_another_site_makes_none(listing, home):
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.test"}):
        answer = request(listing, "POST", "/sessions", {**headers, "Cookie": f"{COOKIE}={home.token}", "Content-Type": "application/json"},
                         b'{"kind": "app", "name": "x"}')
        assert answer.status == 403
    assert listing.sql("SELECT COUNT(*) FROM managed_session WHERE kind = 1") == [(0,)]


def test_without_the_directive_no_password_is_made(server):
    browser = server.browser()
    browser.sign_in()
    page = browser.go("/sessions").text
    assert "App passwords" not in page
    csrf = re.search(r'name="csrf" value="([^"]+)"', page)[1]
    answer = browser._send("POST", "/sessions", {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"},
                           f"csrf={csrf}&action=make-app&name=x".encode())
    assert answer.status == 403
    answer = post_json(browser, {"kind": "app", "name": "x"})
    assert (answer.status, answer.json()["code"]) == (403, "app_passwords_off")
    app = insert_app(server, name="made elsewhere")
    assert "made elsewhere" in browser.go("/sessions").text, "and can be ended"
    server.sql("DELETE FROM managed_session WHERE session_id = ?", app[:22])


def insert_many(server: Server, n: int) -> list[str]:
    """Apps of alice with the names "app 1" and so on, the first one used last; their ids."""
    idents, now = [secrets.token_urlsafe(16) for _ in range(n)], int(time.time())
    rows = ", ".join(f"('{ident}', '', 'app.test', 'alice', {now}, {now - i}, {now + 10**6}, {now + 10**6}, '', '', '', 'app', 1, 'app {i + 1}', 1)"
                     for i, ident in enumerate(idents))
    server.sql("INSERT INTO managed_session (session_id, secret_hash, realm, user_name, created_at, last_seen_at, expires_at, max_expires_at,"
               f" created_ip, last_ip, user_agent, auth_method, persistent, name, kind) VALUES {rows}")
    return idents


def test_a_name_is_unique_among_any_number():
    """Not only among those that one answer lists."""
    with Server(SITE + LIST + "ManagedSessionAppLimit 0\n") as server:
        browser = server.browser()
        browser.sign_in()
        idents = insert_many(server, 230)
        for answer in (post_json(browser, {"kind": "app", "name": "app 230"}), patch(browser, idents[0], "app 230"), patch(browser, idents[229], "app 1")):
            assert (answer.status, answer.json()["code"]) == (409, "app_password_name")
        assert patch(browser, idents[229], "app 230").status == 200, "it has that name already"
        server.sql("UPDATE managed_session SET ended_at = 1, expires_at = 1 WHERE session_id = ?", idents[229])
        assert post_json(browser, {"kind": "app", "name": "app 230"}).status == 201, "the one that had it has ended"
        assert patch(browser, browser.token[:22], "app 1").status == 200, "a browser's session may have it, too"


def test_of_two_of_one_moment_with_one_name_one_stays_at_most(listing, home):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: post_json(home, {"kind": "app", "name": "phone"}), range(8)))
    made = [answer for answer in answers if answer.status == 201]
    assert len(made) <= 1 and {answer.status for answer in answers} <= {201, 409}
    live = listing.sql("SELECT COUNT(*) FROM managed_session WHERE kind = 1 AND name = 'phone' AND ended_at IS NULL")
    assert live == [(len(made),)]


@pytest.mark.sqlite
@pytest.mark.parametrize("place, back", [
    ("?app=all", "app=all"), ("?app=all&page=2", "app=all&page=2"), ("?page=2", "page=2"), ("", ""), ("?app=new", ""), ("?app=all&page=x", "app=all")])
def test_to_end_one_leads_back_to_the_list_that_showed_it(listing, home, place, back):
    idents = insert_many(listing, 45)
    csrf = home.go("/sessions?app=all").text.partition('name="csrf" value="')[2].partition('"')[0]
    form = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
    answer = home._send("POST", "/sessions" + place, form, f"csrf={csrf}&action=revoke&id={idents[30]}".encode())
    assert answer.status == 303 and answer.location == f"/sessions?done=one&id={idents[30]}" + ("&" if back else "") + back
    page = home.go(answer.location).text
    assert "app 31 was signed out." in page and ("<h1>App passwords</h1>" in page) is back.startswith("app")
    if back == "app=all&page=2":
        assert ">app 21<" in page and ">app 32<" in page and ">app 31<" not in page and ">app 20<" not in page


@pytest.mark.sqlite
def test_a_user_has_as_many_as_the_limit_allows_and_for_as_long():
    with Server(SITE + LIST + "ManagedSessionAppLimit 2\nManagedSessionAppLifetime 10d\nManagedSessionLimit 1\n") as server:
        browser = server.browser()
        browser.sign_in()
        for name in ("one", "two"):
            make(browser, name)
        browser.go("/sessions?app=new")
        answer = browser.submit({"name": "three"}, action="make-app")
        assert answer.status == 409 and "too many app passwords" in answer.text
        answer = post_json(browser, {"kind": "app", "name": "three"})
        assert (answer.status, answer.json()["code"]) == (409, "app_password_limit")
        assert server.sql("SELECT DISTINCT expires_at - created_at FROM managed_session WHERE kind = 1") == [(864000,)]


def make_until_refused(browser) -> tuple[int, Answer]:
    """Make and end app passwords in a loop: how many there were, and the refusal."""
    for made in range(300):
        answer = post_json(browser, {"kind": "app", "name": "again"})
        if answer.status != 201:
            return made, answer
        assert browser.fetch(f"/sessions/{answer.json()['id']}", "DELETE").status == 204
    raise AssertionError("a loop may go on")


@pytest.mark.parametrize("limit, least", [("", 60), ("ManagedSessionAppLimit 2\n", 60), ("ManagedSessionAppLimit 0\n", 60), ("ManagedSessionAppLimit 70\n", 70)])
def test_a_user_makes_so_many_in_a_minute(limit, least):
    with Server(SITE.replace("ManagedSessionLoginLimit 0\n", "") + LIST + limit) as server:
        browser, other = server.browser(), server.browser()
        browser.sign_in()
        made, answer = make_until_refused(browser)
        assert least <= made < 2 * least, "on a slow machine some are forgotten meanwhile"
        assert (answer.status, answer.json()["code"]) == (429, "too_many_app_passwords") and 0 < int(answer.headers["Retry-After"]) <= 30
        browser.go("/sessions?app=new")
        answer = browser.submit({"name": "by hand"}, action="make-app")
        if answer.status == 429:  # and not a second later
            assert "too many app passwords in a short time" in answer.text and answer.headers["Retry-After"]
        other.sign_in("bob", password="builder")
        assert post_json(other, {"kind": "app", "name": "bob's"}).status == 201
        assert server.sql("SELECT COUNT(*) FROM managed_session WHERE kind = 1 AND user_name = 'alice'")[0][0] <= made + 1


@pytest.mark.sqlite
def test_a_password_that_was_not_made_does_not_count():
    with Server(SITE.replace("ManagedSessionLoginLimit 0\n", "") + LIST) as server:
        browser = server.browser()
        browser.sign_in()
        server.expect("MS0004.*full", status_5xx=True)
        with no_more_rows(server):
            assert {post_json(browser, {"kind": "app", "name": "phone"}).status for _ in range(65)} == {503}
        assert {post_json(browser, {"kind": "app", "name": " "}).status for _ in range(65)} == {400}
        assert post_json(browser, {"kind": "app", "name": "phone"}).status == 201
        assert {post_json(browser, {"kind": "app", "name": "phone"}).status for _ in range(65)} == {409}
        assert post_json(browser, {"kind": "app", "name": "laptop"}).status == 201

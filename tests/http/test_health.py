# SPDX-License-Identifier: Apache-2.0
"""The handler managed-session-health: what a load balancer sees, and that no other client sees it."""
import pytest

import harness
from harness import SITE, Server, eventually, get, post, request, sign_in

SATISFY_ANY = 'Satisfy Any\nAuthType Basic\nAuthName x\nAuthUserFile "@ROOT@/passwords"\nRequire user alice'
HEALTH = '<Location "/health">\nSetHandler managed-session-health\n@MORE@\n</Location>\n'


def section(more: str) -> str:
    return HEALTH.replace("@MORE@", more)


@pytest.fixture(scope="module")
def site():
    with Server(SITE + section("Require local") + "ManagedSession On\n") as server:
        yield server


def test_a_server_that_works_is_healthy(site):
    answer = get(site, "/health")
    model = answer.json()
    assert (answer.status, model["status"], model["database"]["reachable"]) == (200, "ok", True)
    assert answer.headers["Content-Type"].startswith("application/json") and answer.headers["Cache-Control"] == "no-store"
    assert model["version"] and 0 <= model["database"]["seconds"] < 60


def test_the_hit_rate_is_that_of_the_look_ups(site):
    token = sign_in(site)
    for _ in range(3):
        assert get(site, "/app/", token).status == 200
    cache = get(site, "/health").json()["cache"]
    assert cache["lookups"] >= 3 and cache["hit_rate"] == pytest.approx(cache["hits"] / cache["lookups"])


@pytest.mark.sqlite
def test_the_age_of_the_feed_is_shown():
    with Server(SITE + section("Require local") + "ManagedSessionCacheTTL 30s\nManagedSessionCacheLife 5m\n") as server:
        feed = eventually(lambda: get(server, "/health").json()["feed"], "a read of the feed")
        assert feed["fresh"] is True and feed["age"] >= 0
    with Server(SITE + section("Require local") + "ManagedSessionCacheTTL 0\n") as server:
        assert get(server, "/health").json()["feed"] is None


def test_without_its_table_it_is_not(site):
    site.expect("MS000", status_5xx=True)
    with site.broken_table():
        answer = get(site, "/health")
    assert (answer.status, answer.json()["status"]) == (503, "unavailable") and answer.headers["Retry-After"]
    assert get(site, "/health").status == 200


@pytest.mark.sqlite
def test_it_uses_no_session_and_sets_no_cookie(site):
    token = sign_in(site)
    site.sql("UPDATE managed_session SET last_seen_at = 1")
    site.forget_statements()
    answer = get(site, "/health", token)
    assert answer.status == 200 and site.statements() == ["FIND"], "one query, for no session of the client's"
    assert not answer.headers.get_all("Set-Cookie") and "Cookie" not in answer.headers.get("Vary", "")
    assert site.sql("SELECT last_seen_at FROM managed_session WHERE session_id = ?", token[:22]) == [(1,)]


@pytest.mark.sqlite
@pytest.mark.parametrize("method, status", [("HEAD", 200), ("POST", 405), ("DELETE", 405), ("PUT", 405), ("OPTIONS", 405)])
def test_it_is_read_only(site, method, status):
    answer = request(site, method, "/health")
    assert answer.status == status and (status == 200 or answer.headers["Allow"] == "GET, HEAD")


@pytest.mark.sqlite
@pytest.mark.parametrize("more", ["", "# Require local", SATISFY_ANY])
def test_it_is_closed_unless_its_own_section_opens_it(more):
    with Server('<Location "/">\nRequire all granted\n</Location>\n' + SITE + section(more)) as server:
        for each in (None, sign_in(server)):
            answer = get(server, "/health", each)
            assert answer.status == 403 and "database" not in answer.text
        assert "MS0225" in server.error_log()


@pytest.mark.sqlite
@pytest.mark.parametrize("more, status", [
    ("Require all granted", 200), ("Require all denied", 403), ("Require ip 192.0.2.1", 403), ("Require ip 127.0.0.0/8", 200),
    ("<RequireAny>\nRequire ip 192.0.2.1\nRequire local\n</RequireAny>", 200),
    ("<RequireAll>\nRequire local\n<RequireNone>\nRequire ip 127.0.0.1\n</RequireNone>\n</RequireAll>", 403),
])
def test_its_require_lines_decide(more, status):
    with Server(SITE + section(more)) as server:
        server.expect("AH01630")
        assert get(server, "/health").status == status and "MS0225" not in server.error_log()


@pytest.mark.sqlite
def test_a_section_of_another_host_opens_nothing():
    hosts = ('<VirtualHost *:@PORT@>\nServerName one.test\n' + section("") + '</VirtualHost>\n'
             '<VirtualHost *:@PORT@>\nServerName two.test\n' + section("Require all granted") + '</VirtualHost>\n')
    with Server(SITE + hosts) as server:
        assert get(server, "/health", headers=[("Host", "one.test")]).status == 403
        assert get(server, "/health", headers=[("Host", "two.test")]).status == 200


@pytest.mark.sqlite
def test_a_htaccess_file_does_not_make_such_a_page():
    more = '<Directory "@ROOT@/htdocs">\nAllowOverride All\nRequire all granted\n</Directory>\n' + section("Require local")
    with Server(SITE + more) as server:
        server.write("htdocs/mine/.htaccess", "SetHandler managed-session-health\nRequire all granted\n")
        server.write("htdocs/mine/x", "x")
        assert get(server, "/mine/x").status == 403


@pytest.mark.sqlite
def test_signed_in_administrators_may_be_let_in():
    with Server(SITE + section("AuthType ManagedSession\nRequire user alice")) as server:
        server.expect("AH01630")
        assert get(server, "/health", sign_in(server)).status == 200
        assert get(server, "/health", sign_in(server, "bob")).status == 403
        assert get(server, "/health").status == 401


@pytest.mark.sqlite
def test_a_host_without_sessions_shows_those_of_the_others():
    hosts = ('<VirtualHost *:@PORT@>\nServerName plain.test\n' + section("Require local") + '</VirtualHost>\n'
             '<VirtualHost *:@PORT@>\nServerName app.test\nDBDriver sqlite3\nDBDParams "@DB@"\n' + SITE + '</VirtualHost>\n')
    base = harness.BASE.replace("DBDriver sqlite3\n", "").replace('DBDParams "@DB@"\n', "")
    with Server(hosts, base=base) as server:
        assert get(server, "/health", headers=[("Host", "plain.test")]).json()["database"]["reachable"]
        assert post(server, "/health", {}).status == 405

# SPDX-License-Identifier: Apache-2.0
"""Several sites in one httpd, each with settings, realm and table of its own, or shared."""
import re

import pytest

from harness import BASE, SITE, Server, get, post

HOSTS = SITE + """
ManagedSessionTitle "Main"
ManagedSessionLifetime 20d
ManagedSessionRemember On
<VirtualHost *:@PORT@>
    ServerName main.test
    ServerAlias www.main.test
</VirtualHost>
<VirtualHost *:@PORT@>
    ServerName shop.test
    ManagedSessionCookieName shop
    ManagedSessionCookieSameSite Strict
    ManagedSessionLifetime 1h
    ManagedSessionTitle "Shop"
    ManagedSessionLoginURL "/login?shop"
    ManagedSessionLandingURL "/shop/"
</VirtualHost>
<VirtualHost *:@PORT@>
    ServerName one.test
    ManagedSessionRealm shared
</VirtualHost>
<VirtualHost *:@PORT@>
    ServerName two.test
    ManagedSessionRealm shared
</VirtualHost>
<VirtualHost *:@PORT@>
    ServerName apart.test
    ManagedSessionTable apart
    ManagedSessionRealm shared
</VirtualHost>
<VirtualHost *:@PORT@>
    ServerName plain.test
    <Location "/app">
        AuthType None
        Require all granted
    </Location>
</VirtualHost>
"""
NAMES = {"shop.test": "shop"}


@pytest.fixture(scope="module")
def site():
    with Server(HOSTS) as running:
        yield running


def cookie(host: str, token: str, name: str | None = None) -> list[tuple[str, str]]:
    return [("Host", host), ("Cookie", f"{name or NAMES.get(host, '__Host-session')}={token}")]


def enter(server, host: str, **fields):
    server.expects_5xx = host == "apart.test"  # the harness looks for rows in the usual table
    answer = post(server, "/login", {"username": "alice", "password": "wonderland", **fields}, headers=[("Host", host)])
    assert answer.status == 303
    return answer


def token_of(answer, host: str) -> str:
    return answer.token(NAMES.get(host, "__Host-session"))


def status(server, host: str, token: str, name: str | None = None) -> int:
    return get(server, "/app/", headers=cookie(host, token, name)).status


def test_each_host_has_its_own_settings(site):
    [main] = enter(site, "main.test").cookies()
    [shop] = enter(site, "shop.test").cookies("shop")
    assert "SameSite=Lax" in main and f"Max-Age={20 * 86400}" in main
    assert "SameSite=Strict" in shop and "Max-Age=3600" in shop
    assert enter(site, "shop.test").location == "/shop/" and enter(site, "main.test").location == "/"
    assert "<title>Sign in – Shop</title>" in get(site, "/login", headers=[("Host", "shop.test")]).text
    assert "<title>Sign in – Main</title>" in get(site, "/login", headers=[("Host", "main.test")]).text
    navigation = [("Host", "shop.test"), ("Sec-Fetch-Mode", "navigate")]
    assert get(site, "/app/", headers=navigation).location == "/login?shop&return=/app/"


@pytest.mark.parametrize("here, there, known", [
    ("main.test", "main.test", True), ("main.test", "www.main.test", True), ("main.test", "main.test:8080", True),
    ("main.test", "MAIN.TEST", True), ("main.test", "shop.test", False), ("main.test", "one.test", False),
    ("shop.test", "main.test", False), ("one.test", "two.test", True), ("two.test", "one.test", True),
    ("one.test", "apart.test", False), ("apart.test", "one.test", False), ("one.test", "main.test", False),
])
def test_a_session_is_known_in_its_realm(site, here, there, known):
    """With any name of the cookie there."""
    token = token_of(enter(site, here), here)
    assert status(site, here, token) == 200
    answer = get(site, "/app/", headers=cookie(there, token))
    assert answer.status == (200 if known else 401)
    assert status(site, here, token) == 200, "and asking elsewhere ended nothing"


def test_a_realm_that_is_shared_is_ended_from_either_side(site):
    one, two = (token_of(enter(site, host), host) for host in ("one.test", "two.test"))
    listed = get(site, "/sessions", headers=[*cookie("two.test", two), ("Accept", "application/json")]).json()["sessions"]
    assert {one[:22], two[:22]} <= {s["id"] for s in listed}
    assert post(site, "/logout", headers=cookie("two.test", one)).status == 303
    assert (status(site, "one.test", one), status(site, "one.test", two)) == (401, 200)


def test_each_table_has_its_own_rows(site):
    token = token_of(enter(site, "apart.test"), "apart.test")
    assert site.sql("SELECT realm FROM apart WHERE session_id = ?", token[:22]) == [("shared",)]
    assert site.sql("SELECT 1 FROM managed_session WHERE session_id = ?", token[:22]) == []


def test_a_host_that_asks_for_no_session_looks_none_up(site):
    token = token_of(enter(site, "main.test"), "main.test")
    site.forget_statements()
    answer = get(site, "/app/", headers=cookie("plain.test", token))
    assert answer.status == 200 and "Vary" not in answer.headers and site.statements() == []


def test_the_realm_is_the_hosts_name(site):
    token = token_of(enter(site, "shop.test"), "shop.test")
    assert site.sql("SELECT realm FROM managed_session WHERE session_id = ?", token[:22]) == [("shop.test",)]


NAMELESS = BASE.replace("ServerName app.test\n", "")


@pytest.mark.parametrize("base, config, noticed", [
    (NAMELESS, "<VirtualHost *:@PORT@>\nManagedSessionTitle x\n</VirtualHost>\n", True),
    (BASE, "<VirtualHost *:@PORT@>\nManagedSessionTitle x\n</VirtualHost>\n", False),  # it has the global name
    (BASE, "<VirtualHost *:@PORT@>\nManagedSessionTitle x\nServerName a.test\n</VirtualHost>\n", False),
    (BASE, "<VirtualHost *:@PORT@>\nManagedSessionRealm x\n</VirtualHost>\n", False),
])
def test_a_realm_that_httpd_only_guessed_is_noticed_at_start(base, config, noticed):
    with Server(SITE + config, base=base) as server:
        said = server.error_log() + (server.root / "logs/stderr").read_text()
        assert bool(re.search(r"virtual host at .*httpd.conf:\d+ has no ServerName.*set ServerName or ManagedSessionRealm", said)) is noticed

# SPDX-License-Identifier: Apache-2.0
"""Which origins are the site's own: the host that browsers see, also behind proxies, and those that the administrator lists."""
import contextlib

import pytest

import backends
from harness import BASE, PASSWORDS, SITE, Server, get, logged, post, sign_in

ALICE = {"username": "alice", "password": PASSWORDS["alice"]}
CANONICAL = "https://www.example.org"
LISTED = 'ManagedSessionOrigin https://www.example.org HTTP://Intranet.Example:8080\nManagedSessionOrigin https://other.example:444\n'
REMOTE = "RemoteIPHeader X-Forwarded-For\nRemoteIPTrustedProxy 127.0.0.1\n"
INNER = [("Host", "inner.local:8081")]  # what a proxy in front has made of the host


@contextlib.contextmanager
def site(config: str = "", **how):
    """The usual site, with a WebSocket behind /app/ws."""
    with backends.WebSocketApplication() as application:
        tunnel = f'ProxyPass "/app/ws" "http://127.0.0.1:{application.port}/" upgrade=websocket\n'
        with Server(SITE + tunnel + config, **how) as server:
            yield server


@pytest.fixture(scope="module")
def listed():
    with site(LISTED) as server:
        yield server


@pytest.fixture(scope="module")
def canonical():
    with site("UseCanonicalName On\n", base=named(CANONICAL)) as server:
        yield server


def named(name: str) -> str:
    return BASE.replace("ServerName app.test", f"ServerName {name}")


def may_sign_in(server, *headers) -> bool:
    before = server.rows()
    answer = post(server, "/login", ALICE, headers=headers)
    assert (answer.status, server.rows() - before) in ((303, 1), (403, 0))
    return answer.status == 303


def may_open(server, *headers) -> bool:
    with backends.WebSocket(server, "/app/ws", sign_in(server), headers) as socket_:
        assert socket_.status in (101, 403)
        return socket_.status == 101


def may(server, origin: str, *headers) -> bool:
    """Sign-in, sign-out and WebSockets alike, by a browser that sends Origin alone."""
    headers = [*headers, ("Origin", origin)]
    out = post(server, "/logout", cookie=sign_in(server), headers=headers).status
    found = {may_sign_in(server, *headers), may_open(server, *headers), {303: True, 403: False}[out]}
    assert len(found) == 1, "one rule for all"
    return found.pop()


# -- listed by the administrator -----------------------------------------------------------------------


@pytest.mark.parametrize("origin", ["https://www.example.org", "https://www.example.org:443", "http://intranet.example:8080",
                                    "https://other.example:444", "https://OTHER.example:444"])
def test_a_listed_origin_is_ours(listed, origin):
    assert may(listed, origin) and may(listed, origin, *INNER)
    assert may_sign_in(listed, ("Origin", origin), ("Sec-Fetch-Site", "cross-site"))
    assert may_sign_in(listed, ("Origin", origin), ("Sec-Fetch-Site", "same-site"))
    assert may_open(listed, ("Origin", origin), ("Sec-Fetch-Site", "cross-site"))


@pytest.mark.parametrize("origin", [
    "http://www.example.org", "https://www.example.org:8443", "https://example.org", "https://a.www.example.org", "http://intranet.example",
    "https://intranet.example:8080", "https://other.example", "https://www.example.org.", "https://www.example.org, https://www.example.org",
    "https://www.example.org:65979", "https://www.example.org:0443", "https://www.example.org:", "https://www.example.org/", "", "null"])
def test_what_is_nearly_a_listed_origin_is_not(listed, origin):
    assert not may(listed, origin)
    assert not may_sign_in(listed, ("Origin", origin), ("Sec-Fetch-Site", "cross-site"))
    assert not may_open(listed, ("Origin", origin), ("Sec-Fetch-Site", "same-site"))


def test_an_origin_sent_twice_is_another(listed):
    own = ("Origin", f"http://127.0.0.1:{listed.port}")
    assert may_sign_in(listed, own) and not may_sign_in(listed, own, own)
    assert not may_sign_in(listed, ("Origin", CANONICAL), ("Origin", CANONICAL))


@pytest.mark.parametrize("port", [0, 65536, 131072, 1 << 32])
def test_a_port_that_wraps_round_is_another(listed, port):
    assert not may(listed, f"http://127.0.0.1:{port + listed.port if port else '0' + str(listed.port)}")


def test_a_virtual_host_lists_its_own():
    inner = "<VirtualHost *:*>\nServerName a.test\nManagedSessionOrigin https://a.example\n</VirtualHost>\n" \
            "<VirtualHost *:*>\nServerName b.test\n</VirtualHost>\n"
    with Server(SITE + LISTED + inner) as server:
        for host, origin, may_ in [("a.test", "https://a.example", True), ("a.test", CANONICAL, False),
                                   ("b.test", CANONICAL, True), ("b.test", "https://a.example", False)]:
            assert may_sign_in(server, ("Host", host), ("Origin", origin)) == may_


# -- the name of the server -------------------------------------------------------------------------------


def test_with_use_canonical_name_the_servers_name_is_an_origin(canonical):
    """A proxy in front has changed Host."""
    assert may(canonical, CANONICAL, *INNER) and may(canonical, CANONICAL + ":443", *INNER)
    for other in ("http://www.example.org", "https://www.example.org:8443", "https://evil.test", f"http://127.0.0.1:{canonical.port}"):
        assert not may(canonical, other, *INNER)
    assert may(canonical, "https://alias.example", ("Host", "alias.example"))


def test_without_a_scheme_either_is_the_servers_as_tls_may_end_in_front():
    with site("UseCanonicalName On\n", base=named("www.example.org")) as server:
        assert may(server, "https://www.example.org", *INNER) and may_open(server, ("Origin", "http://www.example.org"), *INNER)
        assert not may(server, "https://www.example.org:8080", *INNER)
    with site("UseCanonicalName On\n", base=named("www.example.org:8080")) as server:
        assert may_open(server, ("Origin", "http://www.example.org:8080"), *INNER)
        assert not may_open(server, ("Origin", "http://www.example.org"), *INNER)


def test_without_use_canonical_name_it_is_not():
    with site(base=named(CANONICAL)) as server:
        assert not may(server, CANONICAL, *INNER) and may(server, CANONICAL, ("Host", "www.example.org"))


# -- proxies ---------------------------------------------------------------------------------------------------


def test_a_trusted_proxy_says_which_host_was_asked_for():
    with site(REMOTE, modules="remoteip") as server:
        through = [*INNER, ("X-Forwarded-For", "192.0.2.1")]
        for host in ("www.example.org", "evil.test, www.example.org", "www.example.org:443"):
            assert may(server, CANONICAL, *through, ("X-Forwarded-Host", host))
        for host in ("evil.test", "www.example.org, evil.test", "www.example.org:8443", "", "www.example.org/x"):
            assert not may(server, CANONICAL, *through, ("X-Forwarded-Host", host))
        assert not may(server, CANONICAL, *INNER, ("X-Forwarded-Host", "www.example.org")), "not through the proxy"


@pytest.mark.parametrize("config, modules", [("", ""), (REMOTE.replace("127.0.0.1", "198.51.100.7"), "remoteip")])
def test_no_one_else_says_it(config, modules):
    with site(config, modules=modules) as server:
        forged = [*INNER, ("X-Forwarded-For", "192.0.2.1"), ("X-Forwarded-Host", "www.example.org")]
        assert not may(server, CANONICAL, *forged)


# -- what is logged -----------------------------------------------------------------------------------------------


EVIL = ("Origin", "https://evil.test")


@pytest.mark.parametrize("level", ["info", "warn"])
def test_a_refusal_names_what_decided(level):
    quiet = BASE.replace("LogLevel info managed_session:trace8", f"LogLevel {level}")
    admin = '<Location "/admin">\nSetHandler managed-session-admin\nAuthType ManagedSession\nRequire valid-user\n</Location>\n'
    with Server(SITE + admin, base=quiet, own_paths=()) as server:
        token, here = sign_in(server), f'"http://127.0.0.1:{server.port}"'
        for target, headers, words in [
                ("/login", [EVIL], ['Sec-Fetch-Site: none', 'Origin: "https://evil.test"']),
                ("/logout", [EVIL], ['Origin: "https://evil.test"']),
                ("/sessions", [EVIL, ("Sec-Fetch-Site", "same-site")], ['Sec-Fetch-Site: "same-site"', 'Origin: "https://evil.test"']),
                ("/admin", [("Sec-Fetch-Site", "cross-site")], ['Sec-Fetch-Site: "cross-site"', "Origin: none"])]:
            line = logged(server, f"MS0140: POST {target} ", lambda t=target, h=headers: post(server, t, {}, token, h))
            assert all(word in line for word in [*words, here, "403", "ManagedSessionOrigin"]), line
            assert "[managed_session:warn]" in line
        framed = [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "no-cors"), ("Sec-Fetch-Dest", "image")]
        assert 'Sec-Fetch-Site: "cross-site"' in logged(server, "MS0140: GET /sessions", lambda: get(server, "/sessions", token, framed))
        line = logged(server, "MS0141", lambda: post(server, "/sessions", {"action": "revoke-all", "csrf": "wrong"}, token))
        assert "/sessions" in line and "token" in line


def test_a_flood_of_refusals_is_one_line_a_second(listed):
    for _ in range(50):
        assert not may_sign_in(listed, EVIL)
    logged(listed, "MS0140.*more like this were not logged", lambda: may_sign_in(listed, EVIL))

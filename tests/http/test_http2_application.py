# SPDX-License-Identifier: Apache-2.0
"""An application behind mod_proxy_http2: it is told the user, and what is open ends with its session."""
import contextlib
import os

import pytest

import backends
import harness
from backends import seen, told
from harness import COOKIE, SITE, Server, eventually, get, sign_in
from open_ends import Client, SlowApplication
from test_lifeline_places import revoke

pytestmark = pytest.mark.sqlite

BACK = """
Protocols h2c http/1.1
ProxyPass "/slow/" "http://127.0.0.1:@SLOW@/"
ScriptAlias "/echo" "@ROOT@/scripts/echo.cgi"
"""
FRONT = SITE + """
ProxyPass "/app/behind/" "h2c://127.0.0.1:@BACK@/"
<Location "/app/behind">
    ManagedSessionUserHeader X-Remote-User
    ManagedSessionBackendLogin On
</Location>
"""
BIG = 1 << 30


@pytest.fixture(scope="module")
def site():
    """An httpd without the module is the one that speaks HTTP/2, with a slow application behind it."""
    with contextlib.ExitStack() as stack:
        slow = stack.enter_context(SlowApplication())
        back = Server(BACK.replace("@SLOW@", str(slow.port)), base=harness.BASE.replace(" managed_session:trace8", ""),
                      load_module=False, modules="http2", own_paths=())
        back.write("scripts/echo.cgi", backends.CGI_ECHO, 0o755)
        with open(back.write("htdocs/big", b""), "wb") as file:
            os.truncate(file.fileno(), BIG)
        stack.enter_context(back)
        front = stack.enter_context(Server(FRONT.replace("@BACK@", str(back.port)), modules="http2 proxy_http2", own_paths=()))
        for each in (front, back):
            each.expected_later.append(r"\[(proxy|http2)(_\w+)?:error\]")
        front.slow = slow
        yield front


def test_it_is_told_the_user_and_gets_no_cookie(site):
    forged = [("X-Remote-User", "root"), ("x_remote_user", "root"), ("Connection", "close, X-Remote-User")]
    answer = get(site, "/app/behind/echo", f"a=1; {COOKIE}={sign_in(site)}; b=2", forged)
    assert told(answer, "HTTP_X_REMOTE_USER") == ["alice"] and told(answer, "HTTP_COOKIE") == ["a=1; b=2"]
    assert "root" not in dict(seen(answer)).values()


def test_it_signs_its_user_in(site):
    answer = get(site, f"/app/behind/echo?Managed-Session-User=bob&Set-Cookie={COOKIE}%3Dplanted", sign_in(site))
    assert "Managed-Session-User" not in answer.headers and "planted" not in str(answer.headers)
    assert told(get(site, "/app/behind/echo", answer.token()), "HTTP_X_REMOTE_USER") == ["bob"]


def ended(server, target: str) -> bool:
    return f"/app/behind/{target}" in (server.root / "logs/access.log").read_text()


@pytest.mark.parametrize("target", ["slow/stream?pause=0.3", "slow/download", "big"])
def test_a_response_ends_with_its_session(site, target):
    mine, other = sign_in(site), sign_in(site)
    with Client(site, f"/app/behind/{target}", mine, buffer=4096) as cut, Client(site, "/app/behind/slow/stream?pause=0.2", other) as kept:
        cut.read_until(b"\r\n\r\n")
        kept.read_until(b"data: 2")
        revoke(site, other, mine[:22])
        eventually(lambda: f"connections_cut: user \"alice\", session {mine[:22]}" in site.error_log(), "the cut")
        assert cut.read_to_end() < BIG / 8
        eventually(lambda: ended(site, target), "httpd's worker is free")
        assert kept.is_open()
        revoke(site, other)
        kept.read_to_end()


def test_a_client_is_cut_while_the_application_is_silent(site):
    mine, other, before = sign_in(site), sign_in(site), len(site.slow.peers)
    with Client(site, "/app/behind/slow/silent", mine) as cut, Client(site, "/app/behind/slow/silent?kept", other) as kept:
        eventually(lambda: len(site.slow.peers) == before + 2, "both are there")
        revoke(site, other, mine[:22])
        cut.read_to_end()
        assert kept.is_open()
        site.slow.release.set()
        assert kept.read_to_end()
        eventually(lambda: ended(site, "slow/silent "), "the application has spoken: httpd's worker is free")
    site.slow.release.clear()


def test_an_upload_ends_with_its_session(site):
    mine, other = sign_in(site), sign_in(site)
    before = len(site.slow.peers)
    with Client(site, "/app/behind/slow/upload", mine, "POST", [("Content-Length", "1000000")], bytes(0x20000)) as upload:
        eventually(lambda: len(site.slow.peers) > before, "its begin")
        assert upload.is_open()
        revoke(site, other, mine[:22])
        upload.read_to_end()
    eventually(lambda: ended(site, "slow/upload"), "httpd's worker is free")

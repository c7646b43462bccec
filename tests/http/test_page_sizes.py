# SPDX-License-Identifier: Apache-2.0
"""No page is above 30 KB, however many sessions there are, in any language, with all that the configuration can add to it."""
import pathlib
import time

import pytest

from harness import JSON, SITE, Server, get, post, request, sign_in

pytestmark = pytest.mark.sqlite
LIMIT = 30_000
LANGUAGES = sorted(["en", *(path.stem for path in (pathlib.Path(__file__).parents[2] / "src/pages/lang").glob("*.po"))])
FULL = SITE.replace("LoginLimit 0", "LoginLimit 500 1h") + """
ManagedSessionAppLimit 100
ManagedSessionScript On
ManagedSessionHelpURL "/account/forgotten-password"
ManagedSessionPasswordURL "/account/password"
ManagedSessionLimit 0
<Location "/sessions">
    ManagedSessionAppPasswords @APPS@
</Location>
<Location "/admin">
    SetHandler managed-session-admin
    AuthType ManagedSession
    AuthName "administration"
    Require user alice
</Location>
"""
AGENTS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0",
    "Mozilla/5.0 (Linux; Android 14; SM-X710) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/2.2 Chrome/63.0.3239.84 TV Safari/537.36")


def fill(server, token: str, n: int) -> None:
    """Sessions of alice from many places, each with a card of its own."""
    now, columns = int(time.time()), "secret_hash, realm, user_name, expires_at, max_expires_at, auth_method"
    for i in range(n):
        server._sql(f"INSERT INTO managed_session (session_id, created_at, last_seen_at, created_ip, last_ip, user_agent, label, persistent, {columns})"
                    f" SELECT ?, ?, ?, ?, ?, ?, ?, ?, {columns} FROM managed_session WHERE session_id = ?",
                    (f"{i:022d}", now - 7300 - i, now - i, f"203.0.113.{i % 250}", f"2001:db8:{i:x}::17:4", AGENTS[i % 4], "Villafranca di Verona, Italia",
                     i % 2, token[:22]))


def small(server, target: str, token: str | None = None) -> None:
    for language in LANGUAGES:
        answer = get(server, target, token, {"Accept-Language": language, "Accept": "text/html"})
        assert answer.headers["Content-Language"] == language and len(answer.body) < LIMIT, (target, language, len(answer.body))


@pytest.fixture(scope="module", params=["Off", "On"], ids=["browsers", "with app passwords"])
def site(request):
    with Server(FULL.replace("@APPS@", request.param), own_paths=("/login", "/logout", "/sessions", "/admin")) as server:
        server.apps = request.param == "On"
        yield server


def add_what_is_below(server, token: str) -> None:
    """Ten that have ended, failed sign-ins, and app passwords."""
    for i in range(12):
        over = sign_in(server, agent=AGENTS[i % 4])
        assert request(server, "DELETE", f"/sessions/{over[:22]}", {"Cookie": f"__Host-session={token}", **JSON}).status == 204
        server._sql("UPDATE managed_session SET label = 'Villafranca di Verona, Italia' WHERE session_id = ?", (over[:22],))
    for _ in range(3):
        assert post(server, "/login", {"username": "alice", "password": "wrong"}).status == 401
    for i in range(20 if server.apps else 0):
        answer = request(server, "POST", "/sessions", {"Cookie": f"__Host-session={token}", **JSON, "Content-Type": "application/json"},
                         b'{"kind": "app", "name": "Calendar of phone number %d"}' % i)
        assert answer.status == 201
    server._sql("UPDATE managed_session SET last_seen_at = created_at + 10, user_agent = 'DAVx5/4.3' WHERE kind = 1", ())


@pytest.mark.parametrize("n", [1, 4, 20, 500])
def test_with_so_many_sessions(site, n):
    site.sql("DELETE FROM managed_session") if site.has_table() else None
    token = sign_in(site, agent=AGENTS[0], remember="1")
    fill(site, token, n - 1)
    add_what_is_below(site, token)
    for target in ("/sessions", "/sessions?page=2", "/sessions?done=others", "/sessions?confirm=others", "/sessions?confirm=all", "/logout",
                   "/login?return=/app/", "/sessions/nonsense", "/admin", "/admin?user=alice", "/admin?state=ended", f"/admin?id={token[:22]}",
                   "/admin?confirm=user&user=alice", *(["/sessions?app=all", "/sessions?app=new"] if site.apps else [])):
        small(site, target, token)


def test_of_visitors(site):
    for target in ("/login", "/login?reauth=1&return=/app/", "/logout", "/logout?done=out", "/logout?done=all"):
        small(site, target)

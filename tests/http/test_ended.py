# SPDX-License-Identifier: Apache-2.0
"""A session that was ended stays in the table for a while, with the time, the reason and the user; and signs nobody in."""
import base64
import concurrent.futures
import os
import pathlib
import re
import time

import pytest

import clock
import databases
from harness import COOKIE, JSON, SITE, Server, eventually, get, post, request, sign_in
from test_two_hosts import Shared

HOUR, DAY = 3600, 86400
ALICE = {"username": "alice", "password": "wonderland"}
CONFIG = SITE + """
<Location "/admin">
    SetHandler managed-session-admin
    AuthType ManagedSession
    Require user bob
</Location>
<Location "/basic">
    SetHandler managed-session-admin
    AuthType Basic
    AuthName "administration"
    AuthUserFile "@ROOT@/passwords"
    Require valid-user
</Location>
<Location "/fresh">
    AuthType ManagedSession
    AuthName "app"
    Require session-fresh 1h
</Location>
<Directory "@ROOT@/htdocs/app">
    Options +ExecCGI
    AddHandler cgi-script .sh
    ManagedSessionBackendLogin On
</Directory>
"""
ENDING = "#!/bin/sh\nprintf 'Managed-Session-End: %s\\nContent-Type: text/plain\\n\\nended' \"$QUERY_STRING\"\n"
needs_clock = pytest.mark.skipif(not clock.is_possible(), reason="this tool and a clock of our own do not go together")


@pytest.fixture(scope="module")
def site():
    with Server(CONFIG) as server:
        server.write("htdocs/app/end.sh", ENDING, 0o755)
        yield server


def delete(server, target: str, token: str):
    return request(server, "DELETE", target, {"Cookie": f"{COOKIE}={token}"})


def is_in(server, token: str) -> bool:
    return get(server, "/app/", token).status == 200


# -- why and by which user -------------------------------------------------------------------------


def test_by_its_user(site):
    here, there = sign_in(site), sign_in(site)
    assert post(site, "/logout", cookie=there).status == 303
    assert site.end_of(there) == ("signed_out", None) and site.end_of(here) is None


def test_by_its_user_on_another_device(site):
    here, *others = (sign_in(site) for _ in range(4))
    assert delete(site, f"/sessions/{others[0][:22]}", here).status == 204
    assert delete(site, "/sessions?scope=others", here).status == 200
    assert [site.end_of(t) for t in (here, *others)] == [None, *[("revoked", None)] * 3]
    assert delete(site, "/sessions?scope=all", here).status == 200
    assert site.end_of(here) == ("revoked", None)


def test_by_an_administrator(site):
    site.sql("DELETE FROM managed_session")
    bob = sign_in(site, "bob")
    first, second, third, own = sign_in(site), sign_in(site), sign_in(site), sign_in(site, "bob")
    assert delete(site, f"/admin/{first[:22]}", bob).status == 204
    assert site.end_of(first) == ("revoked", "bob") and site.end_of(second) is None
    assert delete(site, "/admin?scope=user&user=alice", bob).json() == {"revoked": 2}
    assert site.end_of(second) == site.end_of(third) == ("revoked", "bob")
    assert delete(site, f"/admin/{own[:22]}", bob).status == 204
    assert site.end_of(own) == ("revoked", None), "bob's own"


@pytest.mark.parametrize("scope", ["scope=realm", "scope=ip&ip=127.0.0.1"])
def test_by_an_administrator_who_ends_the_own_one_with_them(site, scope):
    site.sql("DELETE FROM managed_session")
    bob, alice = sign_in(site, "bob"), sign_in(site)
    assert delete(site, f"/admin?{scope}", bob).json() == {"revoked": 2}
    assert site.end_of(alice) == ("revoked", "bob") and site.end_of(bob) == ("revoked", None)
    assert not is_in(site, alice) and not is_in(site, bob)


def test_by_an_administrator_without_a_session(site):
    name = "ä" * 200 + "\u202ex" * 100  # fits no column, and turns a line around
    passwords = (site.root / "passwords").read_text()
    site.write("passwords", passwords + name + re.search(r"(?m)^alice(:.*)$", passwords)[1] + "\n")
    token = sign_in(site)
    basic = "Basic " + base64.b64encode(f"{name}:wonderland".encode()).decode()
    assert request(site, "DELETE", f"/basic/{token[:22]}", {"Authorization": basic}).status == 204
    assert site.end_of(token) == ("revoked", "ä" * 200 + "x" * 55)


def test_by_the_next_sign_in_of_its_browser(site):
    for user in ("alice", "bob"):
        token = sign_in(site)
        fields = {"username": user, "password": {"alice": "wonderland", "bob": "builder"}[user]}
        assert post(site, "/login", fields, token).status == 303
        assert site.end_of(token) == ("replaced", None)


def test_because_a_page_wanted_a_fresh_one(site):
    browser = site.browser()
    browser.sign_in()
    old = browser.token
    site.sql("UPDATE managed_session SET created_at = created_at - 7200 WHERE session_id = ?", old[:22])
    browser.go("/fresh/")
    browser.submit({"password": "wonderland"}, follow=False)
    assert browser.token != old and site.end_of(old) == ("reauthenticated", None)


def test_another_users_session_is_replaced_also_where_a_fresh_one_was_wanted(site):
    token = sign_in(site)
    assert post(site, "/login?reauth=1", {"username": "bob", "password": "builder"}, token).status == 303
    assert site.end_of(token) == ("replaced", None)


@pytest.mark.parametrize("word, here, there", [("current", "signed_out", None), ("others", None, "revoked"), ("all", "revoked", "revoked")])
def test_by_the_application(site, word, here, there):
    site.sql("DELETE FROM managed_session")
    one, two = sign_in(site), sign_in(site)
    assert get(site, f"/app/end.sh?{word}", one).text == "ended"
    assert [(site.end_of(t) or [None])[0] for t in (one, two)] == [here, there]


def test_by_the_limit():
    with Server(SITE + "ManagedSessionLimit 2\n") as server:
        first, second, third, bob = sign_in(server), sign_in(server), sign_in(server), sign_in(server, "bob")
        ends = [server.end_of(t) for t in (first, second)]
        assert sorted(ends, key=str) == [("evicted", None), None] and server.end_of(third) is server.end_of(bob) is None
        assert server.rows() == 3


def test_a_second_submission_of_a_form(site):
    form = "A" * 22
    first, second = (sign_in(site, form=form) for _ in range(2))
    assert site.end_of(first) == ("replaced", None) and site.end_of(second) is None


def test_the_first_reason_stays(site):
    """Nothing ends an ended session."""
    token, bob = sign_in(site), sign_in(site, "bob")
    assert post(site, "/logout", cookie=token).status == 303
    before = site.sql("SELECT * FROM managed_session WHERE session_id = ?", token[:22])
    assert delete(site, f"/admin/{token[:22]}", bob).status == 404
    assert delete(site, "/admin?scope=user&user=alice", bob).status == 200
    assert delete(site, "/admin?scope=ip&ip=127.0.0.1", bob).status == 200
    assert site.sql("SELECT * FROM managed_session WHERE session_id = ?", token[:22]) == before


# -- what an ended session is not ------------------------------------------------------------------


def test_it_is_nowhere_but_in_the_table(site):
    site.sql("DELETE FROM managed_session")
    mine, bob = sign_in(site), sign_in(site, "bob")
    ended = [sign_in(site) for _ in range(5)]
    assert delete(site, "/sessions?scope=others", mine).status == 200
    for token in ended:
        assert not is_in(site, token) and get(site, "/sessions", token).status in (303, 401)
    assert [s["id"] for s in get(site, "/sessions", mine, JSON).json()["sessions"]] == [mine[:22]]
    assert get(site, "/app/", "; ".join(f"{COOKIE}={t}" for t in (ended[0], mine, ended[1]))).status == 200
    for query, ids in (("", {mine[:22], bob[:22]}), ("?user=alice", {mine[:22]}), ("?ip=127.0.0.1", {mine[:22], bob[:22]})):
        assert {s["id"] for s in get(site, "/admin" + query, bob, JSON).json()["sessions"]} == ids
    assert site.sql("SELECT COUNT(*) FROM managed_session")[0][0] == 7


def test_it_takes_no_place_of_the_limit():
    with Server(SITE + "ManagedSessionLimit 1 refuse\n") as server:
        for _ in range(3):
            token = sign_in(server)
            assert post(server, "/logout", cookie=token).status == 303 and server.end_of(token) == ("signed_out", None)
        kept = sign_in(server)
        assert post(server, "/login", ALICE).status == 403 and is_in(server, kept)


@needs_clock
def test_no_touch_raises_it():
    """The look-up found it live; it was ended before the request that used it was over."""
    watch = clock.Clock()
    with watch.give_to(Server(CONFIG + "ManagedSessionTouchInterval 1s\nManagedSessionIdleTimeout 30m\n")) as server:
        server.write("htdocs/app/wait.sh", "#!/bin/sh\nread -r _ < ../../run/fifo\nprintf 'Content-Type: text/plain\\n\\nslept'\n", 0o755)
        os.mkfifo(server.root / "run/fifo")
        (server.root / "run/fifo").chmod(0o666)
        token, mine = sign_in(server), sign_in(server)
        watch.forward(600)
        with concurrent.futures.ThreadPoolExecutor(1) as visitor:
            server.forget_statements()
            answer = visitor.submit(get, server, "/app/wait.sh", token)
            eventually(lambda: "FIND" in server.statements(), "the look-up")
            assert delete(server, f"/sessions/{token[:22]}", mine).status == 204
            (server.root / "run/fifo").write_text("go\n")
            assert answer.result().text == "slept"
        assert server.end_of(token) == ("revoked", None) and not is_in(server, token)


@needs_clock
@pytest.mark.parametrize("behind", [30, 1800])
def test_a_host_whose_clock_is_behind_sees_the_end_too(behind):
    """By its clock the row has not expired."""
    slow = clock.Clock()
    with Server(CONFIG) as here, slow.give_to(Server(CONFIG + "ManagedSessionTouchInterval 1s\n", database=Shared(here))) as there:
        slow.set(-behind)
        token, kept = sign_in(here), sign_in(here)
        slow.wait(5)
        assert is_in(there, token)
        assert post(here, "/logout", cookie=token).status == 303
        slow.wait(5)
        assert not is_in(there, token) and is_in(there, kept)
        assert [s["id"] for s in get(there, "/sessions", kept, JSON).json()["sessions"]] == [kept[:22]]
        assert here.end_of(token) == ("signed_out", None)


@needs_clock
def test_a_clock_that_is_set_back_brings_it_not_back():
    watch = clock.Clock()
    with watch.give_to(Server(CONFIG + "ManagedSessionCleanupInterval 0\n")) as server:
        token, kept = sign_in(server), sign_in(server)
        watch.set(HOUR)
        assert post(server, "/logout", cookie=token).status == 303
        watch.set(-DAY)
        assert not is_in(server, token) and is_in(server, kept)


# -- how long it stays -----------------------------------------------------------------------------


def ages(server, *ages: int) -> list[str]:
    """Sessions that were ended so many seconds ago."""
    tokens = [sign_in(server) for _ in ages]
    for token, age in zip(tokens, ages):
        assert post(server, "/logout", cookie=token).status == 303
        server.sql("UPDATE managed_session SET ended_at = ended_at - ?, expires_at = expires_at - ? WHERE session_id = ?", age, age, token[:22])
    return tokens


def kept(server, tokens: list[str]) -> list[bool]:
    return [server.sql("SELECT COUNT(*) FROM managed_session WHERE session_id = ?", token[:22]) == [(1,)] for token in tokens]


@pytest.mark.parametrize("line, seconds", [("", 30 * DAY), ("ManagedSessionHistory 2d", 2 * DAY), ("ManagedSessionHistory 0", HOUR),
                                           ("ManagedSessionHistory 1s", HOUR)])
def test_the_clean_up_leaves_it_for_as_long_as_is_configured(line, seconds):
    with Server(CONFIG + f"{line}\nManagedSessionCleanupInterval 1s\nManagedSessionCleanupBatch 2\n") as server:
        tokens = ages(server, seconds + 60, seconds - 60, seconds + 60, 0, seconds + DAY, seconds + DAY, seconds + DAY)
        live, expired = sign_in(server), sign_in(server)
        server.sql("UPDATE managed_session SET expires_at = 1 WHERE session_id = ?", expired[:22])
        eventually(lambda: kept(server, [*tokens, expired]) == [False, True, False, True, *[False] * 4], "a run")
        assert is_in(server, live) and kept(server, tokens)[1:4:2] == [True, True]
        eventually(lambda: re.search(r"cleaned: .* with [1-5] rows of ended sessions", server.error_log()), "a line")


def test_of_servers_with_one_table_the_longest_time_counts():
    hosts = ("<VirtualHost *:@PORT@>\nServerName b.test\nManagedSessionHistory 5d\n</VirtualHost>\n"
             "<VirtualHost *:@PORT@>\nServerName c.test\nManagedSessionHistory 9d\nManagedSessionTable other\n</VirtualHost>\n")
    with Server(CONFIG + "ManagedSessionHistory 1d\nManagedSessionCleanupInterval 1s\n" + hosts) as server:
        tokens = ages(server, 4 * DAY, 6 * DAY)
        eventually(lambda: kept(server, tokens) == [True, False], "a run")


@needs_clock
def test_a_clock_that_jumps_forward_deletes_none():
    watch = clock.Clock()
    with watch.give_to(Server(CONFIG + "ManagedSessionCleanupInterval 1s\n")) as server:
        eventually(lambda: "cleaned: " in server.error_log(), "a run")
        tokens = ages(server, 0)
        watch.set(365 * DAY)
        eventually(lambda: "MS0070" in server.error_log(), "a warning")
        assert kept(server, tokens) == [True]


# -- by hand ---------------------------------------------------------------------------------------

HERE = {"sqlite": "sqlite3", "pgsql": "psql", "mysql": "mariadb"}[databases.NAME]
FOLDER = pathlib.Path(__file__).parents[2]


def cleanup_statements() -> list[str]:
    """Those for this database, of conf/cleanup.sql."""
    text = (FOLDER / "conf/cleanup.sql").read_text()
    place = {"sqlite": r"(?s)^.*\n--[^\n]*\n", "pgsql": r"(?s)^.*for PostgreSQL[^\n]*\n|\n--   for MariaDB.*",
             "mysql": r"(?s)^.*for MariaDB:\n|\n-- In a table.*"}[databases.NAME]
    return re.findall(r"DELETE[^;]*", re.sub(place, "", text))


def ending_statement() -> str:
    """That for this database, of docs/administrators.md."""
    [statement] = re.findall(rf'(?m)^(?:sudo -u www-data )?{HERE} .*"(UPDATE [^"]*)"$', (FOLDER / "docs/administrators.md").read_text())
    return statement


def test_the_documented_update_ends_a_users_sessions_within_a_second(site):
    site.sql("DELETE FROM managed_session")
    bob, ended, alice = sign_in(site, "bob"), sign_in(site, "bob"), sign_in(site)
    assert post(site, "/logout", cookie=ended).status == 303 and is_in(site, bob)
    while time.time() % 1 < 0.6:
        time.sleep(0.02)  # rounded, it would be the next second
    site.sql(ending_statement())
    assert site.sql("SELECT MAX(ended_at) FROM managed_session")[0][0] <= int(time.time())
    assert not is_in(site, bob) and is_in(site, alice)
    assert site.end_of(bob) == ("revoked", "administrator") and site.end_of(ended) == ("signed_out", None) and site.end_of(alice) is None


def test_the_documented_clean_up_keeps_ended_ones_for_a_while(site):
    site.sql("DELETE FROM managed_session")
    tokens = ages(site, 30 * DAY + 60, 30 * DAY - 60, 0)
    live, expired = sign_in(site), sign_in(site)
    site.sql("UPDATE managed_session SET expires_at = ? WHERE session_id = ?", int(time.time()), expired[:22])
    statements = cleanup_statements()
    assert len(statements) == 2
    for statement in statements:
        site.sql(statement)
    assert kept(site, [*tokens, live, expired]) == [False, True, True, True, False]


@pytest.mark.sqlite
def test_no_document_rounds_a_time():
    for path in (*FOLDER.glob("docs/*.md"), *FOLDER.glob("conf/**/*.*"), FOLDER / "README.md"):
        for found in re.findall(r".{9}extract\(epoch[^)]*\)\)*::", path.read_text(errors="replace")):
            assert "floor(" in found, (path, found)


@pytest.mark.sqlite
def test_no_document_wants_a_newer_sqlite():
    """unixepoch() is of 3.38; Debian 11 and RHEL 9 have 3.34."""
    for path in (*FOLDER.glob("docs/*.md"), *FOLDER.glob("conf/**/*.*"), FOLDER / "README.md"):
        assert "unixepoch(" not in path.read_text(errors="replace"), path


def test_a_row_deleted_by_hand_signs_nobody_in(site):
    """Within the age that an entry of the cache may reach: here none has been made since."""
    token = sign_in(site)
    site.sql("DELETE FROM managed_session WHERE session_id = ?", token[:22])
    assert not is_in(site, token)

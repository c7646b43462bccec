# SPDX-License-Identifier: Apache-2.0
"""The life of a session: idle time, touches, remembered ones, limits, clean-up, and clocks that jump."""
import contextlib
import re
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import clock
import databases
from harness import COOKIE, CROWD, SITE, Browser, Server, eventually, get, post, request, sign_in

pytestmark = pytest.mark.skipif(not clock.is_possible(), reason="this tool and a clock of our own do not go together")
MINUTE, HOUR, DAY = 60, 3600, 86400
ONE_CHILD = "ServerLimit 1\nMaxRequestWorkers 16\nMaxSpareThreads 16\n"
OPEN = SITE + """
<Location "/open">
    ManagedSession On
</Location>
<Location "/status">
    SetHandler server-status
</Location>
<Directory "@ROOT@/htdocs/app">
    Options +ExecCGI
    AddHandler cgi-script .sh
</Directory>
"""


@pytest.fixture
def watch():
    return clock.Clock()


def site(watch, *lines: str, **options) -> Server:
    modules = "status " + options.pop("modules", "")
    return watch.give_to(Server(OPEN + "ManagedSessionCleanupInterval 0\n" + "\n".join(lines) + "\n", modules=modules, **options))


def row(server, token: str) -> dict:
    names = "created_at last_seen_at expires_at max_expires_at created_ip last_ip persistent".split()
    [values] = server.sql(f"SELECT {', '.join(names)} FROM managed_session WHERE session_id = ?", token[:22])
    return dict(zip(names, values))


def is_in(server, token: str) -> bool:
    """With the touch, which follows the response."""
    status = get(server, "/app/", token, to_the_end=True).status
    assert status in (200, 401)
    return status == 200


def touches(server) -> int:
    return server.statements().count("TOUCH")


# -- idle time and touches -------------------------------------------------------------------------


def test_a_session_that_is_not_used_ends_and_one_that_is_goes_on(watch):
    with site(watch, "ManagedSessionIdleTimeout 30m") as server:
        used, unused = sign_in(server), sign_in(server)
        for _ in range(3):
            watch.forward(20 * MINUTE)
            assert is_in(server, used)
            eventually(lambda: row(server, used)["last_seen_at"] > watch.now() - MINUTE, "a touch")
        assert not is_in(server, unused)


def test_without_an_idle_timeout_only_the_lifetime_counts(watch):
    with site(watch, "ManagedSessionLifetime 10d") as server:
        token = sign_in(server, remember="1")
        watch.forward(10 * DAY - MINUTE)
        assert is_in(server, token)
        watch.forward(2 * MINUTE)
        assert not is_in(server, token)


def test_no_use_extends_a_session_past_its_lifetime(watch):
    with site(watch, "ManagedSessionLifetime 1h", "ManagedSessionIdleTimeout 30m") as server:
        token = sign_in(server, remember="1")
        for _ in range(2):
            watch.forward(25 * MINUTE)
            assert is_in(server, token)
            eventually(lambda: row(server, token)["last_seen_at"] > watch.now() - MINUTE, "a touch")
        seen = row(server, token)
        assert seen["expires_at"] == seen["max_expires_at"] == seen["created_at"] + HOUR
        watch.forward(11 * MINUTE)
        assert not is_in(server, token)


def test_a_storm_of_requests_is_one_write(watch):
    """Two children, sixteen at once."""
    with site(watch, extra="StartServers 2\n") as server, ThreadPoolExecutor(16) as visitors:
        token = sign_in(server)
        server.forget_statements()
        assert all(visitors.map(lambda _: is_in(server, token), range(64)))
        assert touches(server) == 0, "it was seen just now"
        before = row(server, token)["last_seen_at"]
        watch.forward(2 * MINUTE)
        assert all(visitors.map(lambda _: is_in(server, token), range(64)))
        assert row(server, token)["last_seen_at"] >= before + 2 * MINUTE
        counted = get(server, "/status?auto").text
        assert re.search(r"^ManagedSessionTouches: 1$", counted, re.M), counted


def test_the_touch_interval_is_obeyed(watch):
    with site(watch, "ManagedSessionTouchInterval 10m") as server:
        token = sign_in(server)
        before = row(server, token)["last_seen_at"]
        watch.forward(9 * MINUTE)
        assert is_in(server, token)
        assert row(server, token)["last_seen_at"] == before and touches(server) == 0
        watch.forward(2 * MINUTE)
        assert is_in(server, token)
        eventually(lambda: row(server, token)["last_seen_at"] >= before + 11 * MINUTE, "a touch")


def test_a_long_touch_interval_lets_no_session_in_use_end_as_idle(watch):
    with site(watch, "ManagedSessionTouchInterval 1h", "ManagedSessionIdleTimeout 20m") as server:
        token = sign_in(server)
        for _ in range(3):
            watch.forward(12 * MINUTE)
            assert is_in(server, token)
            eventually(lambda: row(server, token)["last_seen_at"] > watch.now() - MINUTE, "a touch")


def test_a_touch_notes_the_address_and_leaves_the_first_one(watch):
    with site(watch, "RemoteIPHeader X-Client", "RemoteIPInternalProxy 127.0.0.1", modules="remoteip") as server:
        token = sign_in(server)
        watch.forward(2 * MINUTE)
        assert get(server, "/app/", token, {"X-Client": "203.0.113.9"}).status == 200
        eventually(lambda: row(server, token)["last_ip"] == "203.0.113.9", "a touch")
        assert row(server, token)["created_ip"] == "127.0.0.1"


def test_a_touch_raises_no_dead(watch):
    """The row goes away, or expires, while the request that will touch it is under way."""
    with site(watch, "ManagedSessionIdleTimeout 30m", "ManagedSessionTouchInterval 1s") as server:
        token = sign_in(server)
        watch.forward(10 * MINUTE)
        server.write("htdocs/app/wait.sh", "#!/bin/sh\nsleep 1\nprintf 'Content-Type: text/plain\\n\\nslept'\n", 0o755)
        with ThreadPoolExecutor(1) as visitor:
            answer = visitor.submit(get, server, "/app/wait.sh", token)
            eventually(lambda: "FIND" in server.statements(), "the look-up")
            server.sql("DELETE FROM managed_session")
            assert answer.result().text == "slept"
        eventually(lambda: touches(server) == 1, "the attempt")
        assert server.rows() == 0 and not is_in(server, token)


NO_UPDATES = {
    "sqlite": ["CREATE TRIGGER no BEFORE UPDATE ON managed_session BEGIN SELECT RAISE(ABORT, 'no'); END"],
    "mysql": ["CREATE TRIGGER no BEFORE UPDATE ON managed_session FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no'"],
    "pgsql": ["CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$",
              "CREATE TRIGGER no BEFORE UPDATE ON managed_session FOR EACH ROW EXECUTE FUNCTION no()"],
}


def test_a_touch_that_fails_fails_no_request(watch):
    with site(watch) as server:
        token = sign_in(server)
        for statement in NO_UPDATES[databases.NAME]:
            server.sql(statement)
        watch.forward(2 * MINUTE)
        server.expect("MS0004")
        assert is_in(server, token) and is_in(server, token)
        eventually(lambda: "MS0004" in server.new_log(), "a line in the log")


def test_after_a_touch_that_failed_no_request_tries_again_for_a_while(watch):
    """Otherwise every request would wait for a table that takes no writes. The cache would remember the try, too."""
    with site(watch, "ManagedSessionCacheTTL 0", extra=ONE_CHILD) as server:
        token = sign_in(server)
        for statement in NO_UPDATES[databases.NAME]:
            server.sql(statement)
        watch.forward(2 * MINUTE)
        server.expect("MS0004")
        server.forget_statements()
        assert is_in(server, token)
        eventually(lambda: "MS0004" in server.new_log(), "a touch that fails")
        tried = touches(server)
        assert all(is_in(server, token) for _ in range(20)) and touches(server) == tried
        watch.forward(2 * MINUTE)
        assert is_in(server, token)
        eventually(lambda: touches(server) > tried, "another try")


@pytest.mark.parametrize("change", ["expires_at = created_at + 1", "realm = 'other'"])
def test_a_touch_changes_no_row_that_is_not_this_sites_live_session(watch, change):
    """The cache still has the session when the row changes, so its request wants a touch."""
    lines = "ManagedSessionCacheTTL 1h", "ManagedSessionCacheLife 1h", "ManagedSessionIdleTimeout 2h"
    with site(watch, *lines, extra=ONE_CHILD) as server:
        token = sign_in(server)
        assert is_in(server, token)
        server._sql(f"UPDATE managed_session SET {change} WHERE session_id = ?", (token[:22],))
        before = row(server, token)
        watch.forward(15 * MINUTE)
        server.statements_from = server.log_size()
        assert is_in(server, token), "as the cache knows it"
        eventually(lambda: touches(server) > 0, "a touch")
        eventually(lambda: not is_in(server, token), "the end, as the table has it")
        assert row(server, token) == before


def test_a_table_that_takes_no_touches_stops_no_other_hosts(watch):
    """A pause after a failure is for the one table alone."""
    hosts = ("<VirtualHost *:@PORT@>\nServerName well.test\nManagedSessionTable well\n</VirtualHost>\n"
             "<VirtualHost *:@PORT@>\nServerName broken.test\n</VirtualHost>\n")
    with site(watch, "ManagedSessionIdleTimeout 1h", hosts) as server:
        well, broken = [("Host", "well.test")], [("Host", "broken.test")]
        server.expects_5xx = True  # the harness would miss the rows of the second table
        tokens = {host[0][1]: post(server, "/login", {"username": "alice", "password": "wonderland"}, headers=host).token()
                  for host in (well, broken)}
        for statement in NO_UPDATES[databases.NAME]:
            server.sql(statement)
        server.expect("MS0004")
        for _ in range(3):
            watch.forward(25 * MINUTE)
            assert get(server, "/app/", tokens["broken.test"], broken).status in (200, 401)
            eventually(lambda: "MS0004" in server.new_log(), "a touch that fails")
            assert get(server, "/app/", tokens["well.test"], well).status == 200, "in use, and so not idle"
            eventually(lambda: server.sql("SELECT last_seen_at FROM well")[0][0] >= watch.now() - MINUTE, "a touch")


# -- remembered ------------------------------------------------------------------------------------


@pytest.mark.parametrize("remember, ticked, lives, max_age", [
    ("On", None, 30 * DAY, 30 * DAY), ("On", "1", 30 * DAY, 30 * DAY),
    ("Off", None, 12 * HOUR, None), ("Off", "1", 12 * HOUR, None),
    ("Ask", None, 12 * HOUR, None), ("Ask", "1", 30 * DAY, 30 * DAY), ("Ask", "0", 12 * HOUR, None),
])
def test_who_is_remembered_and_for_how_long(watch, remember, ticked, lives, max_age):
    with site(watch, f"ManagedSessionRemember {remember}") as server:
        fields = {"username": "alice", "password": "wonderland", **({"remember": ticked} if ticked else {})}
        answer = post(server, "/login", fields)
        [cookie] = answer.cookies()
        made = row(server, answer.token())
        assert made["max_expires_at"] - made["created_at"] == lives and made["persistent"] == (max_age is not None)
        assert ("Max-Age" in cookie) == (max_age is not None)
        assert max_age is None or f"Max-Age={max_age}" in cookie
        assert ('name="remember"' in get(server, "/login").text) == (remember == "Ask")


def test_a_transient_session_never_outlives_a_remembered_one(watch):
    with site(watch, "ManagedSessionLifetime 1h", "ManagedSessionTransientLifetime 1d") as server:
        made = row(server, sign_in(server))
        assert made["max_expires_at"] - made["created_at"] == HOUR


def test_the_list_says_which_are_remembered(watch):
    with site(watch) as server:
        browser = Browser(server)
        browser.sign_in(remember="1")
        sign_in(server)
        page = browser.go("/sessions").text
        assert page.count("Remembered until") == 1 and page.count("or when the browser is closed") == 1


# -- a limit of sessions ---------------------------------------------------------------------------


def test_the_session_unused_longest_makes_room(watch):
    with site(watch, "ManagedSessionLimit 2") as server:
        first, other, second = sign_in(server), sign_in(server, "bob"), sign_in(server)
        for token, ago in ((first, 10), (other, 30), (second, 20)):
            server.sql("UPDATE managed_session SET last_seen_at = last_seen_at - ? WHERE session_id = ?", ago, token[:22])
        third = sign_in(server)
        assert [is_in(server, t) for t in (first, second, third, other)] == [True, False, True, True]
        assert 'evicted: user "alice"' in server.error_log()


def test_of_sign_ins_in_one_second_the_first_ends_first(watch):
    with site(watch, "ManagedSessionLimit 3") as server:
        for _ in range(6):
            tokens = [sign_in(server) for _ in range(5)]
            assert [is_in(server, token) for token in tokens] == [False, False, True, True, True]
            mine = [("Cookie", f"{COOKIE}={tokens[2]}")]
            shown = get(server, "/sessions", headers=[*mine, ("Accept", "application/json")]).json()["sessions"]
            assert [s["id"] for s in shown] == [tokens[i][:22] for i in (2, 4, 3)], "the current one, then the newest"
            assert request(server, "DELETE", "/sessions?scope=all", mine).status == 200


@pytest.mark.parametrize("limit, last", [(2, ["COUNT_BROWSERS", "EVICT"]), (17, ["EVICT"])], ids=["low", "high"])
def test_the_users_sessions_are_ended_only_if_there_are_too_many(watch, limit, last):
    """With a high limit the statement that dates the new session counts them, too."""
    with site(watch, f"ManagedSessionLimit {limit}") as server:
        for done in [["COUNT_BROWSERS"]] * limit + [last]:
            server.forget_statements()
            sign_in(server)
            seen = [s for s in server.statements() if s != "CLEANUP"]
            assert seen[:2 + len(done)] == ["LATEST", "INSERT", *done] and seen.count("EVICT") == done.count("EVICT")


def test_a_cookie_lives_as_long_if_its_session_is_dated_later(watch):
    with site(watch, "ManagedSessionLimit 1") as server:
        sign_in(server)
        server.sql("UPDATE managed_session SET created_at = created_at + 1000")
        answer = post(server, "/login", {"username": "alice", "password": "wonderland", "remember": "1"})
        assert f"Max-Age={30 * 24 * HOUR}" in answer.cookies()[0]
        dated = server.sql("SELECT created_at - last_seen_at FROM managed_session WHERE session_id = ?", answer.token()[:22])[0][0]
        assert dated > 900 and is_in(server, answer.token())


def test_or_the_new_one_is_refused(watch):
    with site(watch, "ManagedSessionLimit 2 refuse") as server:
        tokens = [sign_in(server), sign_in(server)]
        answer = post(server, "/login", {"username": "alice", "password": "wonderland"})
        assert answer.status == 403 and not answer.cookies() and "limit of devices" in answer.text
        assert all(token[:22] not in answer.text for token in tokens) and 'href="/sessions' not in answer.text
        assert 'sign_in_refused: user "alice"' in server.error_log() and server.rows() == 2
        assert all(is_in(server, token) for token in tokens)
        assert post(server, "/login", {"username": "alice", "password": "wonderland"}, tokens[0]).status == 303, \
            "in the place of the one that this browser has"
        assert not is_in(server, tokens[0]) and server.rows() == 2
        sign_in(server, "bob")


def test_expired_sessions_take_no_place(watch):
    with site(watch, "ManagedSessionLimit 1 refuse", "ManagedSessionLifetime 1h") as server:
        sign_in(server)
        watch.forward(2 * HOUR)
        assert is_in(server, sign_in(server))


@pytest.mark.parametrize("policy", ["evict", "refuse"])
def test_twenty_at_once_are_never_more_than_the_limit(watch, policy):
    with site(watch, f"ManagedSessionLimit 3 {policy}", extra="StartServers 2\n" + CROWD) as server, \
            ThreadPoolExecutor(20) as visitors:
        fields = {"username": "alice", "password": "wonderland"}
        server.expects_5xx = True  # the harness would miss rows that are evicted by now
        found = [a.status for a in visitors.map(lambda _: post(server, "/login", fields), range(20))]
        assert set(found) <= {303, 403} and 0 < server.rows() <= 3
        if policy == "refuse":
            assert server.rows() == found.count(303)
        else:
            assert set(found) == {303}


# -- clean-up --------------------------------------------------------------------------------------


def fill(server, rows: int, expired: bool = True) -> None:
    end = int(time.time()) + (-10 if expired else HOUR)
    letter = "x" if expired else "y"
    values = ", ".join(f"('{letter}{i:021d}', '', 'app.test', 'u{i}', 0, 0, {end}, {end}, '', '', '', NULL, 'form', 0)" for i in range(rows))
    server.sql(f"INSERT INTO managed_session ({databases.COLUMNS}) VALUES {values}")


def test_expired_rows_go_in_batches_and_live_ones_stay(watch):
    config = OPEN + "ManagedSessionCleanupInterval 1s\nManagedSessionCleanupBatch 100\n"
    with watch.give_to(Server(config, modules="status")) as server:
        token = sign_in(server)
        server.forget_statements()
        fill(server, 1050)
        fill(server, 7, expired=False)
        eventually(lambda: server.rows() == 8, "all expired rows gone")
        eventually(lambda: re.search(r"cleaned: 1050 expired rows in \d+ ms", server.new_log()), "a line in the log")
        assert server.statements().count("CLEANUP") >= 11, "each batch is a statement"
        assert is_in(server, token)
        counted = get(server, "/status?auto").text
        assert re.search(r"^ManagedSessionCleanupRows: 1050$", counted, re.M)


@pytest.mark.sqlite
def test_a_child_that_ends_leaves_the_rest_of_a_long_clean_up_to_the_next(watch):
    """It does not wait for all of it, but for the batch under way."""
    config = OPEN + "ManagedSessionCleanupInterval 1s\nManagedSessionCleanupBatch 1\n"
    with watch.give_to(Server(config, without="cgid")) as server:
        sign_in(server)
        [child] = server.children()
        fill(server, 500)
        eventually(lambda: server.rows() < 495, "a clean-up under way")
        server.graceful()
        eventually(lambda: child not in server.children(), "its end")
        left = server.rows() - 1
        [cleaned] = [int(n) for n in re.findall(rf"\[pid {child}:tid \d+\] cleaned: ([1-9]\d*) expired rows", server.new_log())]
        assert 0 < left <= 500 - cleaned < 500
        eventually(lambda: server.rows() < left - 5, "the clean-up of the next child")


@pytest.mark.slow
@pytest.mark.sqlite
def test_a_child_that_ends_waits_for_its_clean_up_whatever_the_clock_says(watch):
    config = OPEN + "ManagedSessionCleanupInterval 1s\nGracefulShutdownTimeout 1\n"
    with watch.give_to(Server(config, without="cgid")) as server, contextlib.closing(sqlite3.connect(server.db, isolation_level=None)) as other:
        server.expect("MS0004.*CLEANUP")  # it finds the table locked
        sign_in(server)
        for _ in range(2):
            [child] = server.children()
            seen = len(re.findall("MS0004.*CLEANUP", server.new_log()))
            other.execute("BEGIN IMMEDIATE")
            eventually(lambda: len(re.findall("MS0004.*CLEANUP", server.new_log())) > seen, "a clean-up that waits in vain for two seconds")
            time.sleep(1.3)  # and the next one, a second later
            server.graceful()
            for _ in range(20):
                watch.forward(2)
                time.sleep(0.05)
            eventually(lambda: child not in server.children(), "its end")
            other.execute("ROLLBACK")


def test_a_session_in_its_last_minute_is_not_cleaned_up(watch):
    config = OPEN + "ManagedSessionCleanupInterval 1s\n"
    with watch.give_to(Server(config)) as server:
        token = sign_in(server)
        server.sql("UPDATE managed_session SET expires_at = ? WHERE session_id = ?", watch.now() + 50, token[:22])
        fill(server, 3)
        eventually(lambda: server.rows() == 1, "the expired rows gone")
        assert is_in(server, token)


def test_nothing_is_cleaned_where_that_is_off(watch):
    with site(watch) as server:
        sign_in(server)
        fill(server, 5)
        time.sleep(2)
        assert server.rows() == 6 and "CLEANUP" not in server.statements()


def test_one_child_of_a_host_cleans(watch):
    config = OPEN + "ManagedSessionCleanupInterval 1s\n"
    with Server(config, extra="StartServers 2\nServerLimit 4\nMaxRequestWorkers 64\nMinSpareThreads 32\n", without="cgid") as server:
        sign_in(server)
        eventually(lambda: len(server.children()) >= 2, "two children")
        eventually(lambda: server.new_log().count("cleaned: ") >= 3, "three runs")
        assert len(set(re.findall(r"\[pid (\d+):tid \d+\] cleaned: ", server.new_log()))) == 1


def test_virtual_hosts_of_one_table_are_cleaned_once():
    hosts = "".join(f'<VirtualHost *:@PORT@>\nServerName {n}.test\nErrorLog "@ROOT@/logs/{n}.log"\n</VirtualHost>\n' for n in "abc")
    with Server(OPEN + "ManagedSessionCleanupInterval 1s\n" + hosts) as server:
        def runs() -> dict[str, int]:
            return {log.stem: log.read_text().count("cleaned: ") for log in (server.root / "logs").glob("*.log")}

        eventually(lambda: max(runs().values()) >= 3, "three runs")
        assert len(runs()) == 5 and sorted(runs().values())[:-1] == [0] * 4, runs()


# -- the clock -------------------------------------------------------------------------------------


def test_a_clock_that_jumps_forward_deletes_nothing_at_once(watch):
    """When it is back, all users are signed in as before."""
    config = OPEN + "ManagedSessionCleanupInterval 1s\n"
    with watch.give_to(Server(config)) as server:
        token = sign_in(server, remember="1")
        eventually(lambda: "cleaned: " in server.new_log(), "a run")
        watch.set(365 * DAY)
        assert not is_in(server, token)
        eventually(lambda: "MS0070" in server.new_log(), "a warning")
        time.sleep(2)
        assert server.rows() == 1
        watch.set(0)
        assert is_in(server, token)


def test_a_clock_set_back_signs_no_user_in(watch):
    with site(watch, "ManagedSessionLifetime 1h", "ManagedSessionIdleTimeout 30m") as server:
        ended, token = sign_in(server), sign_in(server, remember="1")
        server.sql("DELETE FROM managed_session WHERE session_id = ?", ended[:22])
        watch.set(-10 * DAY)
        assert not is_in(server, ended) and is_in(server, token)
        before = row(server, token)
        watch.set(-9 * DAY)
        assert is_in(server, token) and row(server, token)["max_expires_at"] == before["max_expires_at"]
        watch.set(2 * HOUR)
        assert not is_in(server, token)


def test_what_a_wrong_clock_signed_in_is_no_worse_than_its_lifetime(watch):
    """Signed in while the clock was ahead: the session ends with that clock's time, and is no longer fresh than true."""
    with site(watch, "ManagedSessionLifetime 1h") as server:
        watch.set(10 * DAY)
        token = sign_in(server, remember="1")
        watch.set(0)
        assert is_in(server, token)
        watch.set(10 * DAY + 2 * HOUR)
        assert not is_in(server, token)


# -- the label -------------------------------------------------------------------------------------


@pytest.mark.parametrize("label, header, shown", [
    ('"%{req:X-City}"', "Z\u00fcrich", "Z\u00fcrich"),
    ('"from %{req:X-City}"', "\u6771\u4eac \U0001f5fc", "from \u6771\u4eac \U0001f5fc"),
    ('"%{req:X-City}"', "", None),
    ('"%{req:X-City}"', "x" * 300, "x" * 255),
    ('"%{req:X-City}"', "a\u202eb", "ab"),
    ('"Reading room"', "", "Reading room"),
])
def test_a_label_is_kept_with_the_session(watch, label, header, shown):
    with site(watch, f"ManagedSessionLabel {label}") as server:
        answer = post(server, "/login", {"username": "alice", "password": "wonderland"},
                      headers=[("X-City", header.encode())] if header else [])
        [session] = get(server, "/sessions", answer.token(), {"Accept": "application/json"}).json()["sessions"]
        assert session["label"] == shown
        assert (shown in get(server, "/sessions", answer.token()).text) if shown else True


def test_a_label_that_fails_keeps_no_user_out(watch):
    with site(watch, 'ManagedSessionLabel "%{file:@ROOT@/not-there}"') as server:
        server.expect("Evaluation of expression")
        token = sign_in(server)
        [session] = get(server, "/sessions", token, {"Accept": "application/json"}).json()["sessions"]
        assert session["label"] is None
        assert "MS0012: ManagedSessionLabel: " in server.new_log()

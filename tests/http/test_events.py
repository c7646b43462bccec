# SPDX-License-Identifier: Apache-2.0
"""The event log, one JSON object a line for a file or a program, and the counters on mod_status's page."""
import json
import os
import pathlib
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

import clock
import harness
from harness import COOKIE, CROWD, DEADLINE, PASSWORDS, SITE, Server, eventually, get, post, request, sign_in

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
SAFARI = ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
          "Version/17.5 Mobile/15E148 Safari/604.1")
CONFIG = SITE + """
ManagedSessionEventLog "@ROOT@/logs/events.log"
RemoteIPHeader X-Client
RemoteIPInternalProxy 127.0.0.1
ManagedSessionCleanupInterval 0
<Location "/status">
    SetHandler server-status
</Location>
"""
COMMON = {"v", "version", "time", "event", "host", "realm"}
OF_A_REQUEST = COMMON | {"ip", "user_agent", "device"}
ROOT = pathlib.Path(__file__).parents[2]
EXAMPLES = ROOT / "conf/examples"


@pytest.fixture(scope="module")
def site():
    with Server(CONFIG, modules="remoteip status") as running:
        yield running


def events(server, name: str = "logs/events.log") -> list[dict]:
    path = server.root / name
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


class Watching:
    """The events between two points of a test."""

    def __init__(self, server):
        self.server, self.before = server, len(events(server))

    def seen(self) -> list[dict]:
        return events(self.server)[self.before:]

    def the_one(self) -> dict:
        [event] = self.seen()
        return event


def enter(server, user: str = "alice", agent: str = FIREFOX, ip: str = "192.0.2.1", password: str | None = None, cookie=None):
    return post(server, "/login", {"username": user, "password": password or PASSWORDS[user]}, cookie,
                [("User-Agent", agent), ("X-Client", ip)])


# -- what is logged --------------------------------------------------------------------------------


def test_a_sign_in(site):
    site.sql("DELETE FROM managed_session")
    watching = Watching(site)
    token = enter(site).token()
    event = watching.the_one()
    assert set(event) == OF_A_REQUEST | {"user", "session", "method", "new_device"}
    assert event["v"] == 1 and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", event["time"])
    assert {k: event[k] for k in ("event", "host", "realm", "user", "session", "method", "ip", "user_agent", "device")} == {
        "event": "sign_in", "host": "app.test", "realm": "app.test", "user": "alice", "session": token[:22], "method": "form",
        "ip": "192.0.2.1", "user_agent": FIREFOX, "device": "Firefox on Linux"}


@pytest.mark.parametrize("agent, ip, is_new", [
    (FIREFOX, "192.0.2.77", False), (FIREFOX.replace("130.0", "131.0"), "192.0.2.1", False),
    (SAFARI, "192.0.2.1", True), (FIREFOX, "198.51.100.1", True), (FIREFOX.replace("X11; Linux x86_64", "Windows NT 10.0; Win64; x64"), "192.0.2.1", True),
])
def test_a_device_is_new_or_known(site, agent, ip, is_new):
    """The same browser in any version, system and network (/24) is known; another user's does not count."""
    site.sql("DELETE FROM managed_session")
    enter(site)
    watching = Watching(site)
    enter(site, agent=agent, ip=ip)
    assert watching.the_one()["new_device"] is is_new
    enter(site, "bob")
    assert watching.seen()[-1]["new_device"] is True


def test_a_device_that_was_here_recently_is_known_until_its_row_is_cleaned(site):
    site.sql("DELETE FROM managed_session")
    enter(site)
    site.sql("UPDATE managed_session SET expires_at = 1")
    watching = Watching(site)
    enter(site)
    assert watching.the_one()["new_device"] is False


@pytest.mark.parametrize("reason, is_new", [("signed_out", False), ("replaced", False), ("evicted", False), ("revoked", True)])
def test_a_device_whose_user_signed_out_is_known_and_one_that_was_revoked_is_not(site, reason, is_new):
    site.sql("DELETE FROM managed_session")
    enter(site)
    site.sql("UPDATE managed_session SET ended_at = created_at, expires_at = created_at, end_reason = ?", reason)
    watching = Watching(site)
    enter(site)
    assert watching.the_one()["new_device"] is is_new


def test_a_failed_sign_in(site):
    watching = Watching(site)
    assert enter(site, password="wrong").status == 401
    event = watching.the_one()
    assert set(event) == OF_A_REQUEST | {"user", "method"} and (event["event"], event["user"]) == ("sign_in_failed", "alice")


def test_sign_ins_that_are_refused():
    with Server(CONFIG.replace("ManagedSessionLoginLimit 0", "ManagedSessionLoginLimit 2 1h") + "ManagedSessionLimit 1 refuse\n",
                modules="remoteip status") as server:
        enter(server, "bob")
        enter(server, "bob")
        for _ in range(3):
            enter(server, password="wrong")
        assert [(e["event"], e["user"], e.get("reason")) for e in events(server)] == [
            ("sign_in", "bob", None), ("sign_in_refused", "bob", "limit of sessions"), ("sign_in_failed", "alice", None),
            ("sign_in_failed", "alice", None), ("sign_in_refused", "alice", "too many failed sign-ins")]


def test_a_virtual_host_may_have_no_log():
    """And "none" is no file of that name."""
    host = f"<VirtualHost *:@PORT@>\nServerName app.test\nManagedSessionEventLog None\n{SITE}</VirtualHost>\n"
    with Server(CONFIG + host, modules="remoteip status") as server:
        enter(server)
        assert events(server) == [] and not list(server.root.rglob("[Nn]one"))


def test_an_eviction():
    with Server(CONFIG + "ManagedSessionLimit 1 evict\n", modules="remoteip status") as server:
        enter(server)
        token = enter(server).token()
        [event] = [e for e in events(server) if e["event"] == "evicted"]
        assert event["user"] == "alice" and event["count"] == 1 and event["by_session"] == token[:22]


def test_cookies_of_two_sessions_are_one_line(site):
    mine, other = enter(site).token(), enter(site, "bob").token()
    watching = Watching(site)
    for _ in range(3):
        assert get(site, "/app/", headers=[("Cookie", f"{COOKIE}={mine}; {COOKIE}={other}")]).status != 200
    event = watching.the_one()
    assert event["event"] == "two_sessions" and event["user"] in ("alice", "bob")
    assert event["session"] == (mine if event["user"] == "alice" else other)[:22]


def test_signing_out(site):
    token = enter(site).token()
    watching = Watching(site)
    post(site, "/logout", cookie=token)
    event = watching.the_one()
    assert (event["event"], event["user"], event["session"]) == ("signed_out", "alice", token[:22])


def test_revoking_says_who_and_which(site):
    site.sql("DELETE FROM managed_session")
    mine, other, more = (enter(site).token() for _ in range(3))
    watching = Watching(site)
    headers = {"Cookie": f"__Host-session={mine}", "X-Client": "203.0.113.5"}
    request(site, "DELETE", f"/sessions/{other[:22]}", headers)
    request(site, "DELETE", f"/sessions/{other[:22]}", headers)
    request(site, "DELETE", "/sessions?scope=others", headers)
    one, rest = watching.seen()
    assert (one["event"], one["user"], one["session"], one["by_user"], one["by_session"], one["ip"], one["count"]) == (
        "revoked", "alice", other[:22], "alice", mine[:22], "203.0.113.5", 1)
    assert "session" not in rest and rest["count"] == 1 and rest["by_session"] == mine[:22]


def test_a_clean_up():
    config = CONFIG.replace("ManagedSessionCleanupInterval 0", "ManagedSessionCleanupInterval 1s")
    with Server(config, modules="remoteip status") as server:
        enter(server)
        server.sql("UPDATE managed_session SET expires_at = 1")
        [event] = eventually(lambda: [e for e in events(server) if e["event"] == "cleaned"], "the event")
        assert set(event) == COMMON | {"count"} and event["count"] == 1


# -- and that a client cannot forge it -------------------------------------------------------------


@pytest.mark.parametrize("agent", [b'x"}\n{"event":"sign_in","user":"root"}', b'","event":"cleaned","x":"', b"\xff\xfe",
                                   b"\xe2\x80\xa8{}", b"A" * 7000, b"\\", b"\xf0\x9f\x94\x90" * 1500])
def test_a_user_agent_stays_within_its_string(site, agent):
    watching = Watching(site)
    agent = agent.replace(b"\n", b" ")
    assert post(site, "/login", {"username": "alice", "password": "no"}, headers=[("User-Agent", agent)]).status == 401
    event = watching.the_one()
    assert event["event"] == "sign_in_failed" and set(event) == OF_A_REQUEST | {"user", "method"}
    line = (site.root / "logs/events.log").read_bytes().splitlines()[-1]
    assert len(line) < 4096 and not re.search(rb"[\x00-\x1f\x7f]", line)


@pytest.mark.parametrize("name", ['x"}{"event":"sign_in"}', "\\", "\u202ebob", "\u2028", "n" * 255, "\U0001f510" * 255])
def test_a_user_name_stays_within_its_string(site, name):
    watching = Watching(site)
    assert post(site, "/login", {"username": name, "password": "no"}).status == 401
    assert watching.the_one()["event"] == "sign_in_failed"
    assert len((site.root / "logs/events.log").read_bytes().splitlines()[-1]) < 4096


@pytest.mark.sqlite
def test_a_line_that_would_be_too_long_lacks_the_user_agent():
    """Only if all its texts are as long as they may be, in letters of four bytes."""
    letter = "\U0001f510"
    with Server(CONFIG + f'ManagedSessionRealm "{letter * 255}"\n', modules="remoteip status") as server:
        mine, other = sign_in(server), sign_in(server)
        server.sql("UPDATE managed_session SET user_name = ?", letter * 255)
        answer = request(server, "DELETE", f"/sessions/{other[:22]}", [("Cookie", f"{COOKIE}={mine}"), ("User-Agent", (letter * 256).encode())])
        assert answer.status == 204
        event = events(server)[-1]
        assert event["event"] == "revoked" and event["user"] == event["by_user"] == letter * 255
        assert set(OF_A_REQUEST) - set(event) == {"user_agent"}


def test_many_at_once_write_whole_lines():
    with Server(CONFIG, modules="remoteip status", extra=CROWD + "StartServers 2\n") as server, ThreadPoolExecutor(16) as visitors:
        agents = [f"agent-{i} " + "x" * 240 for i in range(100)]
        server.expects_5xx = True  # 503: more passwords at once than a slow machine checks
        list(visitors.map(lambda agent: eventually(lambda: enter(server, agent=agent, password="wrong").status == 401, agent), agents))
        assert {e["user_agent"] for e in events(server)} == set(agents)


# -- files and programs ----------------------------------------------------------------------------


@pytest.mark.sqlite
def test_two_hosts_with_one_log_write_to_one_program():
    """Not each with a program of its own: one might rename the file that the other one writes."""
    log = 'ManagedSessionEventLog "|/bin/sh -c \'echo $PPID >> @ROOT@/logs/starts; exec cat >> @ROOT@/logs/events.log\'"\n'
    hosts = "".join(f"<VirtualHost *:@PORT@>\nServerName {name}.test\n{log}</VirtualHost>\n" for name in ("one", "two"))
    with Server(SITE + hosts) as server:
        for name in ("one", "two"):
            assert post(server, "/login", {"username": "alice", "password": "wonderland"}, headers=[("Host", f"{name}.test")]).status == 303
        eventually(lambda: [event["host"] for event in events(server)] == ["one.test", "two.test"], "both events")
        starts = (server.root / "logs/starts").read_text().split()
        assert 1 <= starts.count(str(server.process.pid)) <= 2, "one when httpd looks at its configuration, one when it starts"


def test_a_file_that_was_moved_away_is_made_again_by_a_graceful_restart():
    with Server(CONFIG, modules="remoteip status") as server:
        enter(server)
        (server.root / "logs/events.log").rename(server.root / "logs/events.log.1")
        server.graceful()
        eventually(lambda: (server.root / "logs/events.log").exists(), "a new file")
        eventually(lambda: enter(server, "bob").status == 303 and events(server), "events in it")
        assert [e["user"] for e in events(server, "logs/events.log.1") if e["user"] == "alice"] == ["alice"]


@pytest.mark.parametrize("pause", ["", "sleep 0.02"])
def test_a_program_gets_every_event_however_slowly_it_reads(pause):
    config = CONFIG.replace('"@ROOT@/logs/events.log"', '"|@ROOT@/program"')
    server = Server(config, modules="remoteip status")
    server.write("program", f"#!/bin/sh\nwhile read -r line; do {pause or ':'}\nprintf '%s\\n' \"$line\" >> {server.root}/logs/events.log\ndone\n", 0o755)
    with server:
        for i in range(60):
            enter(server, agent=f"agent-{i}", password="wrong")
        eventually(lambda: len(events(server)) == 60, "all of them")
        assert [e["user_agent"] for e in events(server)] == [f"agent-{i}" for i in range(60)]


def test_a_program_that_dies_is_started_again():
    config = CONFIG.replace('"@ROOT@/logs/events.log"', '"|@ROOT@/program"')
    server = Server(config, modules="remoteip status")
    server.write("program", f"#!/bin/sh\nread -r line\nprintf '%s\\n' \"$line\" >> {server.root}/logs/events.log\n", 0o755)
    with server:
        server.expect("AH00106|AH00105|piped log")
        for i in range(3):
            enter(server, agent=f"agent-{i}", password="wrong")
            eventually(lambda: len(events(server)) == i + 1, "the event")


def test_a_file_that_cannot_be_opened_stops_the_start():
    server = Server(SITE + 'ManagedSessionEventLog "@ROOT@/none/events.log"\n')
    with pytest.raises(RuntimeError, match="cannot be opened for writing"):
        server.start()
    server.remove()


def test_the_example_turns_new_devices_into_mail(tmp_path):
    """conf/examples/new-device-mail: with a mailer that only writes down what it was given."""
    mailer = tmp_path / "sendmail"
    mailer.write_text(f"#!/bin/sh\n(echo \"args: $*\"; cat; echo .) >> {tmp_path}/mails\n")
    mailer.chmod(0o755)
    base = {"v": 1, "time": "2026-11-23T14:05:00Z", "host": "www.example.org", "realm": "x", "session": "A" * 22, "method": "form",
            "ip": "192.0.2.1", "user_agent": "x", "device": "Firefox on Windows"}
    lines = [{**base, "event": "sign_in", "user": "alice", "new_device": True}, {**base, "event": "sign_in", "user": "bob", "new_device": False},
             {**base, "event": "revoked", "user": "alice"}, {**base, "event": "sign_in", "user": "-oQ/tmp x\nBcc: y", "new_device": True}]
    text = "".join(json.dumps(line) + "\n" for line in lines) + "not json\n"
    subprocess.run([EXAMPLES / "new-device-mail"], input=text, text=True, check=True, timeout=DEADLINE,
                   env={**os.environ, "SENDMAIL": str(mailer), "MAIL_DOMAIN": "example.org"})
    mails = (tmp_path / "mails").read_text()
    assert mails.count("args:") == 1 and "To: alice@example.org" in mails and "Firefox on Windows" in mails
    assert "192.0.2.1" in mails and "https://www.example.org" in mails and "Bcc" not in mails


# -- counters --------------------------------------------------------------------------------------


def counters(server) -> dict[str, int]:
    found = re.findall(r"^ManagedSession(\w+): (\d+)$", get(server, "/status?auto").text, re.M)
    return {name: int(n) for name, n in found}


def test_the_version_is_the_same_everywhere(site):
    [version] = re.findall(r'#define MS_VERSION "(\d+\.\d+\.\d+)"', (ROOT / "src/core/version.h").read_text())
    watching = Watching(site)
    enter(site)
    assert watching.the_one()["version"] == version
    assert f"\nManagedSessionVersion: {version}\n" in "\n" + get(site, "/status?auto").text
    assert f"mod_managed_session {version}" in get(site, "/status").text
    assert f"mod_managed_session {version}".encode() in pathlib.Path(harness.MODULE).read_bytes()


def test_what_happens_is_counted_across_children():
    with Server(CONFIG, modules="remoteip status", extra=CROWD + "StartServers 2\n") as server, ThreadPoolExecutor(16) as visitors:
        assert counters(server)["SignIns"] == 0
        tokens = list(visitors.map(lambda _: enter(server).token(), range(20)))
        list(visitors.map(lambda t: get(server, "/app/", t), tokens))
        enter(server, password="wrong")
        headers = {"Cookie": f"__Host-session={tokens[0]}"}
        request(server, "DELETE", f"/sessions/{tokens[1][:22]}", headers)
        request(server, "DELETE", "/sessions?scope=others", headers)
        post(server, "/logout", cookie=tokens[0])
        counted = counters(server)
        assert {k: counted[k] for k in ("SignIns", "SignInFailures", "SignOuts", "Revocations", "DatabaseErrors")} == {
            "SignIns": 20, "SignInFailures": 1, "SignOuts": 1, "Revocations": 19, "DatabaseErrors": 0}
        assert counted["Lookups"] >= 23
        assert {"CacheHits", "Touches", "CleanupRuns", "CleanupRows", "Evictions", "SignInRefusals"} <= set(counted)


def test_the_page_for_people_shows_them_too(site):
    page = get(site, "/status").text
    assert "<h2>Managed sessions</h2>" in page and re.search(r"<dt>sign-ins: \d+</dt>", page)


def test_a_database_that_fails_is_counted():
    with Server(CONFIG, modules="remoteip status") as server:
        token = enter(server).token()
        server.expect("MS000", status_5xx=True)
        with server.broken_table():
            assert get(server, "/app/", token).status == 503
        assert counters(server)["DatabaseErrors"] >= 1


@pytest.mark.skipif(not clock.is_possible(), reason="this tool and a clock of our own do not go together")
def test_touches_and_clean_ups_are_counted():
    watch = clock.Clock()
    config = CONFIG.replace("ManagedSessionCleanupInterval 0", "ManagedSessionCleanupInterval 1s")
    with watch.give_to(Server(config, modules="remoteip status")) as server:
        token = enter(server).token()
        eventually(lambda: counters(server)["CleanupRuns"] >= 1, "a run")
        server.sql("UPDATE managed_session SET last_seen_at = last_seen_at - 1000")
        get(server, "/app/", token)
        eventually(lambda: counters(server)["Touches"] == 1, "a touch")
        server.sql("UPDATE managed_session SET expires_at = 1")
        eventually(lambda: counters(server)["CleanupRows"] == 1, "a row")


@pytest.mark.sqlite
def test_the_statement_for_the_database_deletes_what_is_expired(site):
    site.sql("DELETE FROM managed_session")
    enter(site)
    enter(site, "bob")
    site.sql("UPDATE managed_session SET expires_at = 1 WHERE user_name = 'bob'")
    subprocess.run(["sqlite3", "-cmd", ".timeout 5000", site.db, f".read {EXAMPLES.parent}/cleanup.sql"], check=True, timeout=DEADLINE)
    assert site.sql("SELECT user_name FROM managed_session") == [("alice",)]


def test_without_mod_watchdog_the_alternative_is_named():
    if "mod_watchdog.c" in harness.BUILT_IN:
        pytest.skip("mod_watchdog is part of this httpd")
    with Server(SITE) as server:
        assert "MS0071" in server.error_log() and "conf/cleanup.sql" in server.error_log()

# SPDX-License-Identifier: Apache-2.0
"""What a client can repeat at will holds up no other request, and fills no log."""
import json
import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

import clock
from harness import PASSWORDS, SITE, Server, get, post, request
from test_disk_full import fill
from test_events import counters, enter, events, eventually

CONFIG = SITE.replace('AuthUserFile "@ROOT@/passwords"', 'AuthUserFile "@ROOT@/cheap"') + """
ManagedSessionEventLog "|@ROOT@/program"
ManagedSessionCleanupInterval 0
RemoteIPHeader X-Client
RemoteIPInternalProxy 127.0.0.1
<Location "/status">
    SetHandler server-status
</Location>
"""
MODULES = "remoteip status"
# Reads nothing before the test wants it to; from then on everything.
STUCK = "#!/bin/sh\nwhile [ ! -e {root}/go ]; do sleep 0.05; done\nexec cat >> {root}/logs/events.log\n"


def flooded(config: str = CONFIG, program: str = STUCK, **options) -> Server:
    server = Server(config, modules=MODULES, **options)
    server.write("program", program.format(root=server.root), 0o755)
    subprocess.run(["htpasswd", "-bsc", server.root / "cheap", "alice", PASSWORDS["alice"]], check=True, capture_output=True)
    return server


def fail_often(server, times: int) -> list[int]:
    with ThreadPoolExecutor(12) as visitors:
        return list(visitors.map(lambda i: enter(server, agent=f"{i} " + "x" * 250, password="wrong").status, range(times)))


# -- an event log that does not read ---------------------------------------------------------------


def test_a_program_that_does_not_read_holds_up_no_request():
    """A full pipe costs one second once: four hundred seconds, one for each event, would be too long for this test."""
    with flooded() as server:
        server.expect("MS0061")
        assert set(fail_often(server, 600)) == {401}
        assert get(server, "/").text == "public page\n"
        assert enter(server).status == 303, "a sign-in is not lost with its event"
        lost = counters(server)["EventsLost"]
        assert lost > 300
        (server.root / "go").touch()
        eventually(lambda: len(events(server)) == 601 - lost, "every event that was not counted as lost, whole")
        assert len(re.findall("MS0061.*does not read", server.error_log())) == 1, "one line a minute"


def test_when_the_program_reads_again_nothing_is_lost():
    with flooded() as server:
        server.expect("MS0061")
        fail_often(server, 400)
        lost = counters(server)["EventsLost"]
        (server.root / "go").touch()
        eventually(lambda: len(events(server)) == 400 - lost, "the events before")
        fail_often(server, 100)
        eventually(lambda: len(events(server)) == 500 - lost, "and after")
        assert counters(server)["EventsLost"] == lost


def test_children_write_whole_lines_to_a_pipe_that_is_almost_full():
    slow = "#!/bin/sh\nunset LD_PRELOAD\nwhile dd bs=512 count=1 2>/dev/null; do :; done >> {root}/logs/events.log\n"
    with flooded(program=slow, extra="StartServers 2\n") as server:
        server.expect("MS0061")
        fail_often(server, 600)
        eventually(lambda: len((server.root / "logs/events.log").read_bytes().splitlines()) + counters(server)["EventsLost"] >= 600, "the end")
        eventually(lambda: (server.root / "logs/events.log").read_bytes().endswith(b"\n"), "the last line")
        agents = [event["user_agent"] for event in events(server)]
        assert len(set(agents)) == len(agents) == 600 - counters(server)["EventsLost"]


def test_a_fifo_without_a_reader_holds_up_neither_the_start_nor_a_request():
    server = flooded(CONFIG.replace('"|@ROOT@/program"', '"@ROOT@/fifo"'))
    os.mkfifo(server.root / "fifo")
    with server:
        server.expect("MS0061")
        assert set(fail_often(server, 300)) == {401}
        assert counters(server)["EventsLost"] > 0


def test_a_full_disk_gets_whole_lines_or_none(small_disk):
    server = flooded(CONFIG.replace('"|@ROOT@/program"', f'"{small_disk}/events.log"'))
    with server:
        server.expect("MS0061")
        filler = fill(small_disk)
        with open(filler, "r+b") as file:
            file.truncate(filler.stat().st_size - 8192)
        assert set(fail_often(server, 100)) == {401}
        lost = counters(server)["EventsLost"]
        filler.unlink()
        fail_often(server, 20)
        lines = (small_disk / "events.log").read_bytes().splitlines(keepends=True)
        assert lost > 0 and len(lines) == 120 - lost and all(line.endswith(b"}\n") and json.loads(line) for line in lines)
        assert counters(server)["EventsLost"] == lost
        assert len(re.findall("MS0061.*cannot be written to", server.error_log())) == 1


@pytest.mark.parametrize("realm, user", [("\u00fc" * 255, "\U0001f510" * 255), ("\U0001f4da" * 255, "\U0001f510" * 255)])
def test_a_line_with_every_field_at_its_longest_is_still_taken_whole(realm, user):
    config = CONFIG.replace('"|@ROOT@/program"', '"@ROOT@/logs/events.log"') + f'ManagedSessionRealm "{realm}"\n'
    with flooded(config) as server:
        post(server, "/login", {"username": user, "password": "x"}, headers=[("User-Agent", ("\U0001f98a" * 300).encode())])
        [line] = (server.root / "logs/events.log").read_bytes().splitlines(keepends=True)
        event = json.loads(line)
        assert len(line) <= 4096 and event["user"] == user and event["realm"] == realm


# -- refusals --------------------------------------------------------------------------------------

LIMITED = CONFIG.replace("ManagedSessionLoginLimit 0", "ManagedSessionLoginLimit 2 1h").replace('"|@ROOT@/program"', '"@ROOT@/logs/events.log"')
needs_clock = pytest.mark.skipif(not clock.is_possible(), reason="this tool and a clock of our own do not go together")


def refusals(server) -> list[tuple]:
    return [(e["user"], e.get("count")) for e in events(server) if e["event"] == "sign_in_refused"]


@needs_clock
@pytest.mark.parametrize("of", ["user", "client"])
def test_refusals_after_the_first_of_a_key_and_period_are_one_line(of):
    watch = clock.Clock()
    with watch.give_to(flooded(LIMITED)) as server:
        def refuse(i):
            return enter(server, "alice" if of == "user" else f"user{i}", ip="192.0.2.1" if of == "client" else f"198.51.100.{i}",
                         password="wrong").status
        assert [refuse(i) for i in range(2)] == [401, 401]
        with ThreadPoolExecutor(8) as visitors:
            assert set(visitors.map(refuse, range(2, 43))) == {429}
        [(user, count)] = refusals(server)
        assert count is None
        watch.forward(3601)
        eventually(lambda: len(refusals(server)) == 2, "the summary")
        summary = events(server)[-1]
        assert refusals(server)[-1] == (user, 40) and summary["reason"] == "too many failed sign-ins" and "ip" in summary
        assert summary["host"] == "app.test" and summary["method"] == "form" and "user_agent" not in summary


@needs_clock
def test_each_key_has_a_line_of_its_own():
    watch = clock.Clock()
    with watch.give_to(flooded(LIMITED)) as server:
        for user in ("alice", "bob"):
            for i in range(5):
                enter(server, user, ip=f"198.51.100.{i}", password="wrong")
        assert refusals(server) == [("alice", None), ("bob", None)]
        watch.forward(3601)
        eventually(lambda: sorted(refusals(server)[2:]) == [("alice", 2), ("bob", 2)], "the summaries")


def test_refusals_over_the_limit_of_sessions_are_summed_up_too():
    config = LIMITED.replace("ManagedSessionLoginLimit 2 1h", "ManagedSessionLoginLimit 0") + "ManagedSessionLimit 1 refuse\n"
    with flooded(config) as server:
        assert [enter(server).status for _ in range(4)] == [303, 403, 403, 403]
        assert refusals(server) == [("alice", None)]


# -- the error log ---------------------------------------------------------------------------------

CLOSED = """
<Location "/shut">
    AuthType ManagedSession
    AuthName "x"
    Require valid-user
    ManagedSessionLoginURL "/shut"
</Location>
<Location "/any">
    AuthType ManagedSession
    AuthName "x"
    Require valid-user
    Satisfy Any
    Order allow,deny
    Allow from all
</Location>
<Location "/all">
    SetHandler managed-session-admin
    AuthType ManagedSession
    AuthName "x"
    Require all granted
</Location>
<Location "/empty">
    SetHandler managed-session-login
    ManagedSessionSignIn On
</Location>
<Location "/broken">
    SetHandler managed-session-login
    ManagedSessionAuthProvider file
    AuthUserFile "@ROOT@/none"
</Location>
"""
NAVIGATION = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}


@pytest.mark.parametrize("number, method, path", [
    ("MS0020", "GET", "/shut"), ("MS0021", "GET", "/any/"), ("MS0080", "GET", "/all"), ("MS0040", "POST", "/empty"), ("MS0041", "POST", "/broken"),
])
def test_a_line_that_an_anonymous_client_can_cause_is_written_once_a_second(number, method, path):
    with flooded(CONFIG + CLOSED, program="#!/bin/sh\nexec cat >/dev/null\n") as server:
        server.expect(f"{number}|AH016", status_5xx=True)

        def visit(_):
            if method == "POST":
                return post(server, path, {"username": "alice", "password": "x"}).status
            return request(server, "GET", path, NAVIGATION).status

        with ThreadPoolExecutor(8) as visitors:
            list(visitors.map(visit, range(120)))
        lines = re.findall(rf"^\[\w+ (\w+ \d+ [\d:]+)\.\d+ \d+\].*\[pid (\d+).*{number}", server.error_log(), re.M)
        assert lines and len(set(lines)) == len(lines), "each second and child has one"
        assert len(lines) <= 60, "of 120 requests"

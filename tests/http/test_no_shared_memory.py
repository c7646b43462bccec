# SPDX-License-Identifier: Apache-2.0
"""Without shared memory the module is slower and counts nothing, as the log says at start; sessions begin and end as ever."""
import json
import pathlib
import subprocess

import pytest

from harness import CACHE, COOKIE, JSON, PAGE, SITE, TOOL, Server, eventually, get, post, request, sign_in

pytestmark = [pytest.mark.sqlite, pytest.mark.skipif(bool(TOOL), reason="this tool wants to be before the C library itself")]
CONFIG = SITE.replace("ManagedSessionLoginLimit 0", "ManagedSessionLoginLimit 2 1h") + """
ManagedSessionEventLog "@ROOT@/logs/events"
<Location "/metrics">
    SetHandler managed-session-metrics
    Require all granted
</Location>
<Location "/health">
    SetHandler managed-session-health
    Require all granted
</Location>
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    folder = tmp_path_factory.mktemp("memory")
    for each in (folder, *folder.parents[:2]):
        each.chmod(0o755)
    subprocess.run(["cc", "-shared", "-fPIC", "-D_GNU_SOURCE", "-O1", "-o", folder / "none.so",
                    pathlib.Path(__file__).with_name("no_shared_memory.c"), "-ldl"], check=True)
    return folder / "none.so"


@pytest.fixture(params=["event", "prefork"])
def server(request, library):
    server = Server(CONFIG, mpm=request.param)
    server.mpm = request.param
    server.more_environment = {"LD_PRELOAD": str(library)}
    with server:
        yield server


def check_sessions(server) -> None:
    mine, other = sign_in(server), sign_in(server, "bob")
    for _ in range(10):
        assert get(server, "/app/", mine).text == PAGE and get(server, "/app/", other).text == PAGE
    assert request(server, "DELETE", f"/sessions/{other[:22]}", {"Cookie": f"{COOKIE}={mine}", **JSON}).status == 404
    assert request(server, "DELETE", f"/sessions/{mine[:22]}", {"Cookie": f"{COOKIE}={mine}", **JSON}).status == 204
    assert {get(server, "/app/", mine).status for _ in range(20)} == {401}, "in no process is there a copy"
    assert get(server, "/app/", other).text == PAGE


def test_sessions_begin_and_end(server):
    log = server.error_log()
    assert "MS0060" in log and "MS0062" in log and ("MS0063" in log) is CACHE and ("MS0114" in log) is (server.mpm == "prefork")
    check_sessions(server)
    events = [json.loads(line)["event"] for line in (server.root / "logs/events").read_text().splitlines()]
    assert events.count("sign_in") == 2 and "revoked" in events


def test_failed_sign_ins_are_not_limited(server):
    """As MS0062 says. The password decides."""
    for _ in range(4):
        assert post(server, "/login", {"username": "alice", "password": "wrong"}).status == 401
    assert sign_in(server)


def test_the_pages_for_machines_show_no_counts(server):
    sign_in(server)
    page = get(server, "/metrics")
    assert page.status == 200 and "managed_session_lookups_total 0\n" in page.text
    assert get(server, "/health").json()["status"] == "ok"


def test_after_a_graceful_restart_it_is_the_same(server):
    before = server.children()
    server.graceful()
    eventually(lambda: server.children() and not set(server.children()) & set(before), "new children")
    check_sessions(server)

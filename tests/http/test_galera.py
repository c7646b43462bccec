# SPDX-License-Identifier: Apache-2.0
"""A Galera cluster of three, with an httpd at each of two nodes: signed in and out on both at once, and nodes that die."""
import contextlib
import signal
import threading

import pytest

import clusters
import harness
from clusters import SITE
from harness import JSON, PAGE, TOOL, Server, eventually, get, post, sign_in
from load import Load, settled

WHY_NOT = clusters.missing("mariadb-server", "galera-4", "rsync", "libaprutil1-dbd-mysql", "python3-pymysql")
pytestmark = [pytest.mark.sqlite, pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT),
              pytest.mark.skipif(bool(TOOL), reason="too slow under this tool")]
AWAY = r"AH00161|AH00286|AH00484|MS000\d|AH006\d\d|dbd|AH10159"  # the last: those who wait keep threads busy
ALICE = {"username": "alice", "password": "wonderland"}
WAIT = 'DBDInitSQL "SET SESSION wsrep_sync_wait=1"\n'
LOOKUP = "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'SELECT session_id%'"


@pytest.fixture(scope="module")
def nodes():
    with clusters.galera(3) as running:
        running[0].administer("CREATE DATABASE t1")
        yield running


def at(node, more: str = WAIT, params: str = ",reconnect=0") -> Server:
    """An httpd that uses this node only."""
    pool = "DBDMin 1\nDBDKeep 4\nDBDMax 8\n"
    return Server(SITE + pool + more, database=clusters.Access(node, node.params("t1") + params))


def ask(node, statement: str):
    with contextlib.closing(node.connect(node.params("mysql"))) as connection:
        cursor = connection.cursor()
        cursor.execute("SET SESSION wsrep_sync_wait = 0")
        cursor.execute(statement)
        return cursor.fetchone()[0]


@contextlib.contextmanager
def behind(node):
    """Within this the node applies nothing of what the others commit."""
    with contextlib.closing(node.connect(node.params("t1"))) as connection:
        connection.cursor().execute("FLUSH TABLES WITH READ LOCK")
        yield


def cut(node) -> None:
    """Ends all connections to the node but those that do so."""
    with contextlib.closing(node.connect(node.params("mysql"))) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT id FROM information_schema.processlist WHERE db = 't1'")
        for (id_,) in cursor.fetchall():
            cursor.execute(f"KILL {id_}")


def test_known_at_once_and_out_at_once(nodes):
    with at(nodes[0]) as one, at(nodes[1]) as other:
        for _ in range(25):
            token = sign_in(one)
            assert get(other, "/app/", token).text == PAGE
            home = sign_in(other)
            listed = get(one, "/sessions", home, JSON).json()["sessions"]
            assert {session["id"] for session in listed} == {token[:22], home[:22]}
            answer = harness.request(other, "DELETE", f"/sessions/{token[:22]}", {"Cookie": f"__Host-session={home}"})
            assert answer.status == 204
            assert get(one, "/app/", token).status == 401
            assert post(one, "/logout", cookie=home).status == 303
            assert get(other, "/app/", home).status == 401


@pytest.fixture(params=["DBDInitSQL", "the server's"])
def other(nodes, request):
    """An httpd at the second node, whose look-ups wait, by each way to configure it."""
    says = request.param == "DBDInitSQL"
    nodes[1].administer(f"SET GLOBAL wsrep_sync_wait = {int(not says)}")
    try:
        with at(nodes[1]) if says else at(nodes[1], "", "") as site:
            yield site
    finally:
        nodes[1].administer("SET GLOBAL wsrep_sync_wait = 0")


def test_with_sync_wait_a_node_that_lags_answers_late(nodes, other):
    with at(nodes[0]) as one:
        other.expect("dbd|AH006")
        revoked = sign_in(one)
        assert get(other, "/app/", revoked).status == 200
        cut(nodes[1])
        assert get(other, "/app/", revoked).status == 200
        found = {}

        def visit(token: str) -> None:
            found[token] = get(other, "/app/", token).status

        with behind(nodes[1]):
            assert post(one, "/logout", cookie=revoked).status == 303
            late = sign_in(one)
            threads = [threading.Thread(target=visit, args=[token]) for token in (revoked, late)]
            for thread in threads:
                thread.start()
            eventually(lambda: ask(nodes[1], LOOKUP) == 2 or found, "both wait")
            assert not found
        for thread in threads:
            thread.join()
        assert found == {revoked: 401, late: 200}


@pytest.mark.parametrize("more, params, is_cut", [("", "", False), (WAIT, "", True)],
                         ids=["not asked for", "lost with its connection"])
def test_without_sync_wait_a_node_that_lags_answers_what_it_knows(nodes, more, params, is_cut):
    """Why docs/scaling.md requires it, and reconnect=0 if it is set with DBDInitSQL."""
    with at(nodes[0]) as one, at(nodes[1], more, params) as other:
        revoked = sign_in(one)
        eventually(lambda: get(other, "/app/", revoked).status == 200, "applied")
        if is_cut:
            cut(nodes[1])
        with behind(nodes[1]):
            assert post(one, "/logout", cookie=revoked).status == 303
            late = sign_in(one)
            answer = get(other, "/app/", late)
            assert answer.status == 401 and answer.clears(), "the browser drops the cookie of a live session"
            assert get(other, "/app/", revoked).status == 200
        eventually(lambda: get(other, "/app/", revoked).status == 401, "applied")


def test_the_feed_waits_for_a_node_that_lags_and_look_ups_do_not(nodes):
    """Only the poll asks for wsrep_sync_wait. While it waits it publishes nothing; what ended meanwhile is over when it goes on."""
    feed = "ManagedSessionCacheTTL 2s\nManagedSessionCacheLife 5m\n"
    waiting = "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'SELECT UNIX_TIMESTAMP(), 0, 0,%'"
    with at(nodes[0]) as one, at(nodes[1], feed) as other:
        other.expect(AWAY, status_5xx=True)
        keeper, revoked = sign_in(one), sign_in(one)
        for token in (keeper, revoked):
            eventually(lambda: get(other, "/app/", token).status == 200, "applied")
        with behind(nodes[1]):
            assert post(one, "/logout", cookie=revoked).status == 303
            eventually(lambda: ask(nodes[1], waiting) == 1, "the poll waits")
            assert get(other, "/app/", keeper).status == 200
        eventually(lambda: get(other, "/app/", revoked).status == 401, "the end, from the feed")
        assert get(other, "/app/", keeper).status == 200


def test_nodes_that_are_killed_under_load(nodes):
    """The others go on; who is left alone answers nothing rather than something old; and all come back."""
    touch = WAIT + "ManagedSessionTouchInterval 1\n"
    with at(nodes[0], touch) as one, at(nodes[1], touch) as other:
        for site in (one, other):
            site.expect(AWAY, status_5xx=True)
        tokens = {user: sign_in(one, user) for user in ("alice", "bob")}
        out, later = sign_in(one), sign_in(one)
        assert get(other, "/app/", later).text == PAGE
        assert post(other, "/logout", cookie=out).status == 303
        with Load(one, out=out, times=3, **tokens) as here, Load(other, out=out, times=3, **tokens) as there:
            here.another(200), there.another(200)

            nodes[1].stop(signal.SIGKILL)
            there.another(503), here.another(200)
            assert settled(lambda: post(one, "/logout", cookie=later)).status == 303
            new = settled(lambda: post(one, "/login", ALICE)).token()
            nodes[1].start()
            there.another(200)
            assert settled(lambda: get(other, "/app/", later)).status == 401
            assert settled(lambda: get(other, "/app/", new)).text == PAGE

            nodes[1].stop(signal.SIGKILL), nodes[2].stop(signal.SIGKILL)
            here.another(503), there.another(503)
            nodes[0].administer("SET GLOBAL wsrep_provider_options = 'pc.bootstrap=1'")
            here.another(200)
        assert not here.wrong + there.wrong, (here.wrong + there.wrong)[:5]

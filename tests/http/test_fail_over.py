# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL that fails and a standby that takes its place; and a server that only reads."""
import contextlib
import re
import signal
import threading

import pytest

import clusters
from clusters import SITE
from databases import PASSWORD, PostgreSQL
from harness import PAGE, TOOL, Server, eventually, get, post, sign_in
from load import Load, settled

WHY_NOT = clusters.missing("postgresql", "libaprutil1-dbd-pgsql", "python3-psycopg2")
pytestmark = [pytest.mark.sqlite, pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT),
              pytest.mark.skipif(bool(TOOL), reason="too slow under this tool")]
ALICE = {"username": "alice", "password": "wonderland"}
AWAY = r"AH00161|AH00286|AH00484|MS000\d|AH006\d\d|dbd|AH10159"


@pytest.fixture
def pair():
    with contextlib.ExitStack() as both:
        primary = PostgreSQL()
        both.callback(primary.remove)
        primary.create()
        standby = clusters.Standby(primary)
        both.callback(standby.remove)
        yield primary, standby


def whichever_writes(*servers) -> clusters.Access:
    """What libpq takes: all hosts, and that the first that can be written to is meant."""
    hosts, ports = ",".join("127.0.0.1" for _ in servers), ",".join(str(server.port) for server in servers)
    return clusters.Access(servers[0], f"host={hosts} port={ports} target_session_attrs=read-write connect_timeout=2 "
                                       f"options='-c statement_timeout=1500' dbname=t1 user=test password={PASSWORD}")


def wait_for_standby(primary) -> None:
    """From now on nothing is done before the standby has it too."""
    primary.administer("ALTER SYSTEM SET synchronous_standby_names = '*'")
    primary.administer("SELECT pg_reload_conf()")
    in_step = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
    eventually(lambda: primary.ask(in_step) == 1, "in step")
    primary.administer("CHECKPOINT")  # by the process that tells the others, once it has read the setting


class Waiting:
    """A request in another thread, and its response."""

    def __init__(self, ask):
        self.result = None
        self.thread = threading.Thread(target=lambda: setattr(self, "result", ask()))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.thread.join()


def may_come_in(site, token: str) -> bool:
    return settled(lambda: get(site, "/app/", token)).text == PAGE


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGQUIT], ids=["killed", "stopped at once"])
def test_a_standby_takes_over_under_load(pair, how):
    """No user is signed out, no revoked session is back, httpd goes on. The standby is first in DBDParams."""
    primary, standby = pair
    wait_for_standby(primary)
    with Server(SITE + "ManagedSessionTouchInterval 1\n", database=whichever_writes(standby, primary)) as site:
        site.expect(AWAY, status_5xx=True)
        tokens = {user: sign_in(site, user) for user in ("alice", "bob")}
        out = sign_in(site)
        assert may_come_in(site, out)
        with Load(site, times=3, **tokens) as before:
            before.another(200)
            assert post(site, "/logout", cookie=out).status == 303
        with Load(site, out=out, times=3, **tokens) as load:
            load.another(200)
            primary.stop(how)
            load.another(503)
            answer = post(site, "/login", ALICE)
            assert answer.status == 503 and not answer.cookies()
            standby.promote()
            load.another(200)
        assert not before.wrong + load.wrong, (before.wrong + load.wrong)[:5]
        assert not may_come_in(site, out)
        site.connection = None
        answer = settled(lambda: post(site, "/login", ALICE))
        assert may_come_in(site, answer.token()), "and it can be written to"


def test_the_feed_goes_on_with_the_standby_and_trusts_nothing_of_before(pair):
    """It is another server: all sessions are looked up again there, and what ends there is over here without a look-up."""
    primary, standby = pair
    wait_for_standby(primary)
    feed = "ManagedSessionCacheTTL 2s\nManagedSessionCacheLife 5m\n"
    with Server(SITE + feed, database=whichever_writes(standby, primary)) as site:
        site.expect(AWAY, status_5xx=True)
        kept, ended = sign_in(site), sign_in(site)
        assert may_come_in(site, kept) and may_come_in(site, ended)
        primary.stop(signal.SIGKILL)
        standby.promote()
        site.connection = None
        eventually(lambda: "MS0195" in site.error_log(), "another server")
        assert may_come_in(site, kept) and may_come_in(site, ended)
        now = "CAST(FLOOR(EXTRACT(EPOCH FROM clock_timestamp())) AS BIGINT)"
        site._sql(f"UPDATE managed_session SET ended_at = {now}, expires_at = 0, max_expires_at = 0 WHERE session_id = ?", (ended[:22],))
        eventually(lambda: get(site, "/app/", ended).status == 401, "the end, from the feed")
        assert may_come_in(site, kept)


def test_what_an_asynchronous_standby_had_not_received_never_was(pair):
    """Why docs/scaling.md requires a synchronous one: a sign-in is lost, and, worse, so is a revocation."""
    primary, standby = pair
    with Server(SITE, database=whichever_writes(primary, standby)) as site:
        site.expect(AWAY, status_5xx=True)
        revoked = sign_in(site)
        so_far = primary.ask("SELECT pg_current_wal_lsn()")
        eventually(lambda: standby.ask(f"SELECT pg_last_wal_replay_lsn() >= '{so_far}'"), "replayed")
        standby.stop_receiving()
        assert post(site, "/logout", cookie=revoked).status == 303
        late = sign_in(site)
        assert may_come_in(site, late) and not may_come_in(site, revoked)
        primary.stop(signal.SIGKILL)
        standby.promote()
        site.connection = None
        assert not may_come_in(site, late), "the sign-in is lost"
        assert may_come_in(site, revoked), "and so is the revocation"


def test_a_revocation_that_the_standby_has_not_got_is_not_confirmed(pair):
    primary, standby = pair
    with Server(SITE, database=whichever_writes(primary, standby)) as site:
        site.expect(AWAY, status_5xx=True)
        revoked, other = sign_in(site), sign_in(site)
        wait_for_standby(primary)
        standby.stop_receiving()
        with Waiting(lambda: post(site, "/logout", cookie=revoked)) as waiting:
            waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND query LIKE '%SET ended_at%'"
            eventually(lambda: primary.ask(waits) == 1, "it waits")
            assert may_come_in(site, other), "who only reads does not wait"
            primary.stop(signal.SIGKILL)
            standby.promote()
        site.connection = None
        assert waiting.result.status in (303, 503)
        assert may_come_in(site, other)
        assert may_come_in(site, revoked) == (waiting.result.status == 503)


def test_a_lost_standby_that_all_wait_for_is_a_database_that_is_away(pair):
    """Why docs/scaling.md requires two: a look-up does not wait, but a touch does, and keeps its connection."""
    primary, standby = pair
    one = "ManagedSessionTouchInterval 1\nDBDMin 1\nDBDKeep 1\nDBDMax 1\n"  # so that two users can hold two children's
    with Server(SITE + one, database=whichever_writes(primary)) as site:
        site.expect(AWAY, status_5xx=True)
        tokens = {user: sign_in(site, user) for user in ("alice", "bob")}
        wait_for_standby(primary)
        with Load(site, times=4, **tokens) as load:
            load.another(200)
            standby.stop()
            load.another(503)
            primary.administer("ALTER SYSTEM RESET synchronous_standby_names")
            primary.administer("SELECT pg_reload_conf()")
            load.another(200)
        assert not load.wrong, load.wrong[:5]


@pytest.mark.parametrize("scope", ["DATABASE t1", "ROLE test"])
def test_a_server_that_only_reads(scope):
    """Users stay signed in, no user can sign in, and a sign-out that cannot be kept is not promised."""
    server = PostgreSQL()
    try:
        with Server(SITE, database=server) as site:
            token = sign_in(site)
            site.sql("UPDATE managed_session SET last_seen_at = last_seen_at - 100")  # so that it would be touched
            server.administer(f"ALTER {scope} SET default_transaction_read_only = on")
            site.stop()
            site.connection = None
            site.expect(AWAY, status_5xx=True)
            site.start()
            assert may_come_in(site, token)
            answer = post(site, "/login", ALICE)
            assert answer.status == 503 and answer.headers["Retry-After"] and not answer.cookies()
            answer = post(site, "/logout", cookie=token)
            assert answer.status == 503 and not answer.cookies()
            assert may_come_in(site, token)
            assert "read-only transaction" in site.error_log()
    finally:
        server.remove()


def test_a_standby_is_named_though_the_database_was_away_before(pair):
    """One line while no connection can be had; another one when it is known what will last."""
    primary, standby = pair
    with Server(SITE, database=primary) as site:
        token = sign_in(site)
    wait_for_standby(primary)
    standby.stop()
    feed = "ManagedSessionCacheTTL 1s\nManagedSessionCacheLife 5m\n"
    with Server(SITE + feed, database=clusters.Access(standby, standby.params(f"t{primary.made}"))) as site:
        site.expect(AWAY, status_5xx=True)
        eventually(lambda: re.search(r"MS0196: .*\(no connection\)", site.error_log()), "that it is away")
        standby.start()
        eventually(lambda: re.search(r"MS0196: .*\(the server is a standby, or read-only\)", site.error_log()), "what lasts")
        eventually(lambda: get(site, "/app/", token).status == 200, "the page")
        assert site.error_log().count("MS0196") == 2


def test_no_feed_is_read_from_a_standby(pair):
    """It lags, so what has ended may not be there yet. Sessions are looked up as without a feed; the warning ends when it is promoted."""
    primary, standby = pair
    with Server(SITE, database=primary) as site:
        token = sign_in(site)
    wait_for_standby(primary)
    feed = "ManagedSessionCacheTTL 1s\nManagedSessionCacheLife 5m\n"
    with Server(SITE + feed, database=clusters.Access(standby, standby.params(f"t{primary.made}"))) as site:
        site.expect(AWAY, status_5xx=True)
        named = r':warn\].*MS0196: .*"managed_session" \(the server is a standby, or read-only\)'
        eventually(lambda: re.search(named, site.error_log()), "the warning, perhaps after one that there is no connection")
        assert may_come_in(site, token)
        primary.stop()
        standby.promote()
        eventually(lambda: "MS0197" in site.error_log(), "a poll")
        assert may_come_in(site, token)

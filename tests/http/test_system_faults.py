# SPDX-License-Identifier: Apache-2.0
"""Each call to the system fails in its turn: an allocation, a write, a lock, a wait, a thread, a socket. No client gets in by that.

With PostgreSQL and MariaDB also each call of the client library for its connection. The words are those of test_torture.py, whose flows are played here.
"""
import contextlib
import dataclasses
import os
import re

import pytest

import clock
import databases
import faults
import test_torture
from harness import PAGE, TOOL, eventually, random_token
from test_torture import FLOWS, ONE_CONNECTION, PLACES, Flow, Stage, check_people, play

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(TOOL) or not clock.is_possible(),
                                                   reason="this tool wants to be before the C library itself")]
SQLITE = databases.NAME == "sqlite"
LOGGED = r":(error|crit|alert|emerg)\]"
EVENTS = PLACES + 'ManagedSessionEventLog "@ROOT@/logs/events.log"\n'
if SQLITE:
    KINDS = {"allocation": faults.ALLOCATION, "write": faults.WRITE, "lock": faults.LOCK, "socket call": faults.SOCKET}
    PLAYED = ["a page", "a page, long unused", "an unknown cookie", "a forged cookie", "sign in", "sign in again", "sign out", "the list",
              "the list as JSON", "revoke one", "delete the others"]
else:
    KINDS = {"allocation": faults.ALLOCATION, "connection": faults.DATABASE, "wait": faults.WAIT}
    PLAYED = ["a page", "a page, on a new connection", "a page, long unused", "a forged cookie", "sign in, on a new connection",
              "sign in again", "sign out", "the list", "delete the others"]


@pytest.fixture(scope="module")
def stage():
    with contextlib.ExitStack() as stack:
        yield Stage(stack, "ManagedSessionCacheTTL 1s", config=EVENTS, kind_of_faults=faults.SystemFaults, extra=ONE_CONNECTION)


def lose_connection(stage, _cast):
    """So that the next one is opened, set up, and its statements prepared."""
    stage.faults.plan(faults.FAIL, 1, faults.EVER_AFTER, [faults.DATABASE])
    assert stage.ask("GET", "/app/", random_token()).status == 503 and stage.faults.end()
    stage.recover()
    stage.clock.wait(2)


def turns():
    """Each of the first calls, and then fewer and fewer: there may be thousands."""
    n = 1
    while n < 10000:
        yield n
        n += max(1, n // 6)


def descriptors(server) -> int:
    return sum(len(os.listdir(f"/proc/{child}/fd")) for child in server.children())


def is_done(flow: Flow, answer) -> bool | None:
    """None: it cannot be known."""
    if answer is None or answer.status >= 500:
        assert answer is None or not answer.cookies() and PAGE not in answer.text and test_torture.is_of_asker(flow, answer)
        return None
    assert answer.status in flow.good, (answer.status, answer.text)
    return True


def check_all(stage: Stage, flow: Flow, cast, answer) -> None:
    done = is_done(flow, answer)
    check_people(stage, flow, cast, done)
    token = answer.token() if answer else None
    assert not token or (done and flow.begins and stage.who(token, flow.host) == "alice")
    made = set(stage.rows(flow.host)) - {getattr(cast, name)[:22] for name in cast.owners()}
    assert len(made) <= (1 if flow.begins else 0)
    assert not re.search("exit signal", stage.server.new_log())


@pytest.mark.parametrize("flow", PLAYED)
@pytest.mark.parametrize("kind", KINDS)
def test_a_call_to_the_system_that_fails(stage, kind, flow):
    stage.server.expect(LOGGED, status_5xx=True)
    has_some = flow.startswith("sign in") and KINDS[kind] != faults.WAIT
    flow = FLOWS[flow]
    flow = dataclasses.replace(flow, prepare=lose_connection) if flow.prepare == test_torture.lose_connection else flow
    play(stage, flow, faults.NOTHING, 1, None, [KINDS[kind]])
    children, before = stage.server.children(), descriptors(stage.server)
    for i in turns():
        cast, answer, met = play(stage, flow, faults.FAIL, i, None, [KINDS[kind]])
        check_all(stage, flow, cast, answer)
        if not met:
            break
    assert i > 1 or not has_some, "there are such calls"
    assert stage.server.children() == children, "none has died"
    eventually(lambda: descriptors(stage.server) <= before + 2, "the descriptors given back")


@pytest.mark.parametrize("kind", [faults.THREAD, faults.MAKING], ids=["a thread", "a mutex or pipe"])
def test_what_a_new_child_cannot_make(stage, kind):
    """The child does its work without it; or, if it has no limiter (MS0005), it responds with 503."""
    stage.server.expect(LOGGED, status_5xx=True)
    cast = stage.cast("app.test")
    for i in range(1, 20):
        before = stage.server.children()
        stage.faults.plan(faults.FAIL, i, None, [kind])
        stage.server.graceful()
        eventually(lambda: stage.server.children() and not set(stage.server.children()) & set(before), "new children")
        answer = eventually(lambda: stage.ask("GET", "/app/", cast.mine), "a response")
        assert answer.text == PAGE or (answer.status == 503 and "MS0005" in stage.server.new_log())
        assert stage.ask("GET", "/app/", random_token()).status in (401, 503)
        assert "exit signal" not in stage.server.new_log()
        if not stage.faults.end():
            assert i > 1 and answer.text == PAGE
            return
    raise AssertionError("that goes on without end")


@pytest.mark.skipif(not SQLITE, reason="the thread is the same")
def test_without_the_thread_that_reads_the_feed_sessions_are_looked_up():
    feed = ("ManagedSessionCacheTTL 1s", "ManagedSessionCacheLife 5m")
    with contextlib.ExitStack() as stack:
        stage = Stage(stack, *feed, config=PLACES, noise=LOGGED, kind_of_faults=faults.SystemFaults, extra=ONE_CONNECTION)
        cast = stage.cast("app.test")
        for i in range(1, 20):
            before = stage.server.children()
            stage.faults.plan(faults.FAIL, i, None, [faults.THREAD])
            stage.server.graceful()
            eventually(lambda: stage.server.children() and not set(stage.server.children()) & set(before), "new children")
            assert eventually(lambda: stage.ask("GET", "/app/", cast.mine), "a response").text == PAGE
            stage.faults.end()
            if "MS0199" in stage.server.new_log():
                break
        assert "MS0199: no thread can be made that reads which sessions have ended" in stage.server.new_log()
        stage.clock.wait(2)
        stage.server.statements_from = stage.server.log_size()
        assert stage.who(cast.mine, "app.test") == "alice"


def threads(server) -> int:
    return sum(len(os.listdir(f"/proc/{child}/task")) for child in server.children())


@pytest.mark.skipif(not SQLITE, reason="the threads are the same")
def test_a_thread_goes_on_if_it_cannot_wait(stage):
    """The one that cuts open requests, say."""
    eventually(lambda: stage.ask("GET", "/app/", random_token()), "a child")
    before = threads(stage.server)
    stage.faults.plan(faults.FAIL, 1, faults.EVER_AFTER, [faults.WAIT])
    eventually(lambda: stage.faults.happened >= 5, "waits that fail")
    stage.faults.end()
    assert threads(stage.server) == before
    before = stage.server.children()
    stage.server.graceful()
    eventually(lambda: stage.server.children() and not set(stage.server.children()) & set(before), "their end")

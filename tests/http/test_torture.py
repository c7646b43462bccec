# SPDX-License-Identifier: Apache-2.0
"""Every call to the database fails, waits, loses its connection or is the last of its child; what must hold, holds.

The words of this file:
    stage   a server whose database driver obeys the test (faults.py, dbd_fault.c), and whose clock the test sets
    cast    who is signed in before something happens: `mine` and `other` are alice's sessions, `bobs` is bob's
    flow    one request of a client, which of the cast it ends, whether it begins a session, how it is answered
    action  what happens to a call of the driver: FAIL before it is done, FAIL_AFTER although it is done, LIE with an
            empty result, LOSE the connection, BLOCK until the test goes on, KILL the child before or after
    plan    the action, the first and the last call that it meets, and of which kinds of calls
    play    a flow under a plan, after which all is well again: its cast, its answer, and whether the plan was met

Most tests play a flow with the plan for the first call, the second, and so on, until there is no such call. Each time:
the response is true about whether it was done (is_done), each session that has not ended is let in as its user and
no other client is (check_people), and the table has no row whose token no client got (check_rows).
"""
from __future__ import annotations

import contextlib
import dataclasses
import http.client
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

import clock
import databases
import faults
from harness import COOKIE, DEADLINE, PAGE, PASSWORDS, SITE, TOOL, Answer, Backend, Server, eventually
from harness import check_answer, connect, random_token

pytestmark = [pytest.mark.skipif(not clock.is_possible(), reason="this tool and a clock of our own do not go together")]
SQLITE = databases.NAME == "sqlite"
LOGGED = r"MS00\d\d|AH0063\d|dbd"
MORE_CONNECTIONS = "MaxRequestWorkers 16\nMinSpareThreads 1\nMaxSpareThreads 16\nDBDMin 4\nDBDKeep 4\nDBDMax 4\n"
ONE_CONNECTION = "MaxRequestWorkers 16\nMinSpareThreads 1\nMaxSpareThreads 16\nDBDMin 1\nDBDKeep 1\nDBDMax 1\n"

PLACES = SITE + """
ManagedSessionCleanupInterval 0
ManagedSessionTouchInterval 1m
LogLevel managed_session:info
Header always set X-User "expr=%{REMOTE_USER}"
<Location "/open">
    ManagedSession On
</Location>
<Location "/apps">
    SetHandler managed-session-list
    ManagedSessionAppPasswords On
</Location>
ProxyPass "/on/" "http://127.0.0.1:@APP@/"
<Location "/on">
    ManagedSession On
    ManagedSessionBackendLogin On
</Location>
<VirtualHost *:@PORT@>
    ServerName app.test
</VirtualHost>
<VirtualHost *:@PORT@>
    ServerName evict.test
    ManagedSessionLimit 2 evict
</VirtualHost>
<VirtualHost *:@PORT@>
    ServerName refuse.test
    ManagedSessionLimit 3 refuse
</VirtualHost>
"""


@dataclasses.dataclass
class Cast:
    """Two sessions of alice's and one of bob's, and the form token of alice's first."""
    mine: str
    other: str
    bobs: str
    csrf: str
    made: int

    def owners(self) -> dict[str, str]:
        return {"mine": "alice", "other": "alice", "bobs": "bob"}


on_stage: list["Stage"] = []


class Stage:
    """A server whose database fails on demand, and whose clock can pass over any pause."""

    def __init__(self, stack: contextlib.ExitStack, *lines: str, config: str = PLACES, noise: str = "^$",
                 kind_of_faults=faults.Faults, **options):
        application = stack.enter_context(Backend())
        self.faults = kind_of_faults()
        self.clock = clock.Clock()
        config = config.replace("@APP@", str(application.port)) + "\n".join(lines) + "\n"
        server = self.clock.give_to(self.faults.give_to(Server(config, without="cgid", **options)))
        server.write("htdocs/open/index.html", "open page\n")
        conf = (server.root / "httpd.conf").read_text()
        server.write("httpd.conf", conf.replace("connect_timeout=2", "connect_timeout=20"))  # many children at once
        self.server, self.noise = stack.enter_context(server), noise
        on_stage.append(self)
        stack.callback(on_stage.remove, self)
        stack.callback(server.expect, noise)
        self.casts: dict[str, Cast] = {}
        self.ask("GET", "/app/", random_token())  # who makes the table has done so

    def ask(self, method: str, target: str, cookie: str | None = None, fields: dict | None = None,
            host: str = "app.test", **headers) -> Answer | None:
        """The response, when the server has finished all work for it; None if its child died."""
        body = "&".join(f"{name}={value}" for name, value in (fields or {}).items()).encode()
        lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", "Connection: close", f"Content-Length: {len(body)}",
                 *[f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]]
        lines += [f"Cookie: {COOKIE}={cookie}"] if cookie else []
        lines += ["Content-Type: application/x-www-form-urlencoded"] if fields is not None else []
        with connect(self.server) as s:
            try:
                s.sendall("\r\n".join([*lines, "", ""]).encode() + body)
                response = http.client.HTTPResponse(s, method=method)
                response.begin()
                answer = Answer(response)
                while s.recv(4096):
                    pass
            except (ConnectionError, http.client.HTTPException):
                return None
        check_answer(self.server, target, answer)
        return answer

    def sign_in(self, user: str, host: str) -> str:
        answer = self.ask("POST", "/login", fields={"username": user, "password": PASSWORDS[user]}, host=host)
        assert answer.status == 303, (answer.status, answer.text)
        return answer.token()

    def sign_in_all(self, host: str) -> Cast:
        mine, other, bobs = (self.sign_in(user, host) for user in ("alice", "alice", "bob"))
        self.ask("GET", "/sessions", mine, host=host)
        page = self.ask("GET", "/sessions", mine, host=host, Accept="text/html").text
        csrf = page.partition('name="csrf" value="')[2].partition('"')[0]
        return Cast(mine, other, bobs, csrf, self.clock.now())

    def cast(self, host: str) -> Cast:
        """The same as before if nothing has happened to them, and they are not about to expire; otherwise a new cast."""
        cast = self.casts.get(host)
        is_fresh = cast and self.clock.now() - cast.made < 30
        if not is_fresh or len(self.rows(host)) != 3 or self.alive(cast, host) != cast.owners():
            self.server.sql("DELETE FROM managed_session WHERE realm = ?", host)
            cast = self.casts[host] = self.sign_in_all(host)
        self.clock.wait(2)  # and the look-up cache is empty
        return cast

    def who(self, token: str | None, host: str) -> str | None:
        """The user that this cookie lets in."""
        answer = self.ask("GET", "/app/", token, host=host)
        assert answer and answer.status in (200, 401), (answer.status, self.server.new_log()[-2000:])
        assert (answer.status == 200) == (answer.text == PAGE) == bool(answer.headers["X-User"])
        return answer.headers["X-User"] or None

    def alive(self, cast: Cast, host: str) -> dict[str, str]:
        found = {name: self.who(getattr(cast, name), host) for name in cast.owners()}
        return {name: user for name, user in found.items() if user}

    def rows(self, host: str) -> dict[str, str]:
        """Who has which live session."""
        return dict(self.server.sql("SELECT session_id, user_name FROM managed_session "
                                    "WHERE realm = ? AND expires_at > ? AND ended_at IS NULL", host, self.clock.now()))

    def recover(self) -> None:
        """Pass the second in which the module does not try to connect."""
        self.clock.forward(2)


# -- what visitors do ------------------------------------------------------------------------------


@dataclasses.dataclass
class Flow:
    act: Callable[[Stage, Cast, str], Answer | None]
    good: tuple[int, ...]               # the status if all is well
    ends: tuple[str, ...] = ()          # the sessions that it ends
    begins: bool = False                # whether that begins a session of alice's
    gone: tuple[str, ...] = ()          # who has ended before
    shows: Callable[[Answer], bool] | None = None  # for who is answered whether or not it was done: whether it was
    host: str = "app.test"
    prepare: Callable[[Stage, Cast], None] | None = None


def page_of(target: str, whose: str = "mine", **headers):
    return lambda stage, cast, host: stage.ask("GET", target, getattr(cast, whose), host=host, **headers)


def unknown(stage, _cast, host):
    return stage.ask("GET", "/app/", random_token(), host=host)


def forged(stage, cast, host):
    return stage.ask("GET", "/app/", cast.mine[:23] + cast.bobs[23:], host=host)


def expired(stage, cast, host):
    return stage.ask("GET", "/app/", cast.other, host=host)


def expire(stage, cast):
    stage.server.sql("UPDATE managed_session SET expires_at = ? WHERE session_id = ?",
                     stage.clock.now() - 1, cast.other[:22])
    stage.clock.wait(2)


def enter(whose: str | None = None):
    return lambda stage, cast, host: stage.ask("POST", "/login", whose and getattr(cast, whose), ALICE, host)


def leave(stage, cast, host):
    return stage.ask("POST", "/logout", cast.mine, {}, host)


def submit(action: str, **fields):
    def act(stage, cast, host):
        more = {name: getattr(cast, whose)[:22] for name, whose in fields.items()}
        return stage.ask("POST", "/sessions", cast.mine, {"action": action, "csrf": cast.csrf, **more}, host)
    return act


def rename(stage, cast, host):
    return stage.ask("POST", "/sessions", cast.mine, {"action": "rename", "csrf": cast.csrf, "id": cast.other[:22], "name": "x"}, host)


def look_at_one(stage, cast, host):
    return stage.ask("GET", f"/sessions/{cast.other[:22]}", cast.mine, host=host, Accept="text/html")


def delete(what: str):
    def act(stage, cast, host):
        return stage.ask("DELETE", "/sessions" + what.format(other=cast.other[:22]), cast.mine, host=host)
    return act


def pass_a_minute(stage, _cast):
    stage.clock.forward(61)


def leave_unused(stage, cast):
    stage.server.sql("UPDATE managed_session SET last_seen_at = last_seen_at - 20 WHERE session_id = ?", cast.mine[:22])


def lose_connection(stage, _cast):
    """So that the next one is opened, set up, and its statements prepared."""
    stage.faults.plan(faults.LOSE, 1, faults.EVER_AFTER, [faults.CHECK])
    assert stage.ask("GET", "/app/", random_token()).status == 503 and stage.faults.end()
    stage.recover()
    stage.clock.wait(2)


ALICE = {"username": "alice", "password": PASSWORDS["alice"]}
FLOWS = {
    "a page": Flow(page_of("/app/"), (200,)),
    "a page, on a new connection": Flow(page_of("/app/"), (200,), prepare=lose_connection),
    "a page, long unused": Flow(page_of("/app/"), (200,), prepare=pass_a_minute),
    "a page that is open": Flow(page_of("/open/"), (200,), shows=lambda answer: answer.headers["X-User"] == "alice"),
    "an unknown cookie": Flow(unknown, (401,)),
    "a forged cookie": Flow(forged, (401,)),
    "an expired cookie": Flow(expired, (401,), gone=("other",), prepare=expire),
    "sign in": Flow(enter(), (303,), begins=True),
    "sign in, on a new connection": Flow(enter(), (303,), begins=True, prepare=lose_connection),
    "sign in again": Flow(enter("mine"), (303,), ends=("mine",), begins=True),
    "sign in as another": Flow(enter("bobs"), (303,), ends=("bobs",), begins=True),
    "sign in, one too many goes": Flow(enter(), (303,), ends=("mine",), begins=True, host="evict.test",
                                       prepare=leave_unused),
    "sign in, as many as may": Flow(enter(), (303,), begins=True, host="refuse.test"),
    "sign out": Flow(leave, (303,), ends=("mine",)),
    "the list": Flow(page_of("/sessions", Accept="text/html"), (200,)),
    "the list as JSON": Flow(page_of("/sessions", Accept="application/json"), (200,)),
    "one of the list": Flow(look_at_one, (303,)),
    "give one a name": Flow(rename, (303,)),
    "the question before all": Flow(page_of("/sessions?confirm=all", Accept="text/html"), (200,)),
    "the passwords of apps": Flow(page_of("/apps?app=all", Accept="text/html"), (200,)),
    "the passwords of apps, after one has ended": Flow(page_of(f"/apps?app=all&id={'A' * 22}", Accept="text/html"), (200,)),
    "revoke one": Flow(submit("revoke", id="other"), (303,), ends=("other",)),
    "revoke the others": Flow(submit("revoke-others"), (303,), ends=("other",)),
    "revoke all": Flow(submit("revoke-all"), (303,), ends=("mine", "other")),
    "delete one": Flow(delete("/{other}"), (204, 404), ends=("other",)),  # 404: the first of two tries had done it
    "delete the others": Flow(delete("?scope=others"), (200,), ends=("other",)),
    "delete all": Flow(delete("?scope=all"), (200,), ends=("mine", "other")),
    "an application signs in": Flow(page_of("/on/?Managed-Session-User=alice", "bobs"), (200,), ends=("bobs",),
                                    begins=True, shows=lambda answer: answer.token() is not None),
    "an application signs out": Flow(page_of("/on/?Managed-Session-End=current"), (200,), ends=("mine",),
                                     shows=Answer.clears),
    "an application ends all": Flow(page_of("/on/?Managed-Session-End=all"), (200,), ends=("mine", "other"),
                                    shows=Answer.clears),
}


# -- what must hold ----------------------------------------------------------------------------------


def is_of_asker(flow: Flow, answer: Answer) -> bool:
    """Whether the page that failed knew the user who asked for it, or none."""
    return answer.headers["X-User"] in (None, "", "bob" if "bobs" in flow.ends else "alice")


def is_done(flow: Flow, answer: Answer | None) -> bool:
    """Whether the response reports success; if not, check that it reports the failure as it should."""
    if answer is None:
        return False
    if answer.status not in flow.good:
        assert not flow.shows and answer.status == 503, (answer.status, answer.text)
        assert int(answer.headers["Retry-After"]) > 0
        assert not answer.cookies() and PAGE not in answer.text and is_of_asker(flow, answer)
        return False
    assert not flow.begins or flow.shows or answer.token()
    return flow.shows(answer) if flow.shows else True


def check_people(stage: Stage, flow: Flow, cast: Cast, done: bool | None) -> None:
    """Each session that has not ended is let in as its user; no other client is. done: None if it cannot be known."""
    alive, rows = stage.alive(cast, flow.host), stage.rows(flow.host)
    assert alive == {name: user for name, user in cast.owners().items() if getattr(cast, name)[:22] in rows}
    gone = set(cast.owners()) - set(alive) - set(flow.gone)
    assert gone <= set(flow.ends) if done is None else gone == (set(flow.ends) if done else set()), (gone, done)
    assert stage.who(None, flow.host) is None and stage.who(cast.mine[:23] + cast.other[23:], flow.host) is None


def check_rows(stage: Stage, flow: Flow, cast: Cast, answer: Answer | None, done: bool) -> None:
    """One row for each session; and at most one more, whose secret no client got."""
    token = answer.token() if answer else None
    made = set(stage.rows(flow.host)) - {getattr(cast, name)[:22] for name in cast.owners()}
    if token:
        assert done and flow.begins and made == {token[:22]} and stage.who(token, flow.host) == "alice"
    else:
        assert len(made) <= (1 if flow.begins and not done else 0)


def play(stage: Stage, flow: Flow, action: int, first: int, last: int | None,
         kinds) -> tuple[Cast, Answer | None, bool]:
    """Cast, answer, and whether the action was ever met."""
    cast = stage.cast(flow.host)
    if flow.prepare:
        flow.prepare(stage, cast)
    stage.faults.plan(action, first, last, kinds)
    answer = flow.act(stage, cast, flow.host)
    met = stage.faults.end() > 0
    stage.recover()
    return cast, answer, met


def is_hidden(kind: int) -> bool:
    """Whether the client does not notice a single failure: true for all calls, except to connect if that opens a file."""
    return not (SQLITE and kind in faults.CONNECTIONS)


def is_cached(ttl: str) -> str:
    return "no cache" if ttl == "0" else "cache"


CALLS = [kind for kind in faults.KINDS if kind not in (faults.COUNT, faults.VALUE)]


@pytest.fixture(scope="module", params=["0", "1s"] if SQLITE else ["1s"], ids=is_cached)
def stage(request):
    with contextlib.ExitStack() as stack:
        yield Stage(stack, f"ManagedSessionCacheTTL {request.param}", extra=ONE_CONNECTION)


@pytest.fixture(autouse=True)
def between_tests():
    """A death may be logged when the test that wanted it is over."""
    for each in on_stage:
        each.server.expect(each.noise)
    yield
    for each in on_stage:
        each.faults.end()
        each.recover()


def torture(stage: Stage, flow: Flow, action: int, lasts: bool) -> None:
    is_warm = False
    for i in range(1, 60):
        if not is_warm:
            play(stage, flow, faults.NOTHING, 1, None, CALLS)  # what a fault undid: the connection and its statements
        cast, answer, met = play(stage, flow, action, i, faults.EVER_AFTER if lasts else None, CALLS)
        done = is_done(flow, answer)
        if not met:
            assert done and stage.faults.calls == i - 1, "each has had its turn"
            return
        kind = stage.faults.seen()[i - 1]
        is_warm = not lasts and action != faults.LOSE and kind not in faults.CONNECTIONS
        assert done or lasts or not is_hidden(kind), (i, kind, answer.status)
        check_people(stage, flow, cast, done)
        check_rows(stage, flow, cast, answer, done)
    raise AssertionError("that goes on without end")


WAYS = {"fails": (faults.FAIL, False), "fails though done": (faults.FAIL_AFTER, False),
        "fails for good": (faults.FAIL, True)}
WAYS |= {} if SQLITE else {"loses its connection": (faults.LOSE, False)}


@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize("way", WAYS)
def test_a_call_that(stage, way, flow):
    stage.server.expect(LOGGED, status_5xx=True)
    torture(stage, FLOWS[flow], *WAYS[way])


@pytest.mark.parametrize("flow", ["sign in again", "sign in as another", "sign in, one too many goes"])
def test_a_sign_in_that_cannot_be_finished(stage, flow):
    """The row is there, but not so the rest: it is taken back."""
    flow = FLOWS[flow]
    stage.server.expect(LOGGED, status_5xx=True)
    cast, answer, _ = play(stage, flow, faults.FAIL, 2, 4, [faults.CHANGE])
    assert not is_done(flow, answer) and stage.faults.seen() == [faults.CHANGE] * 5
    check_people(stage, flow, cast, False)
    assert len(stage.rows(flow.host)) == 3


@pytest.mark.parametrize("flow", FLOWS)
def test_a_call_that_takes_long(stage, flow):
    """Another user's request comes meanwhile; both share one connection, and each gets its own response."""
    flow = FLOWS[flow]
    whose, user = ("other", "alice") if "bobs" in flow.ends else ("bobs", "bob")
    stage.server.expect(LOGGED)
    with ThreadPoolExecutor(2) as visitors:
        for i in range(1, 60):
            cast = stage.cast(flow.host)
            if flow.prepare:
                stage.server.expect(LOGGED, status_5xx=True)
                flow.prepare(stage, cast)
            stage.faults.plan(faults.BLOCK, i, kinds=CALLS)
            acting = visitors.submit(flow.act, stage, cast, flow.host)
            eventually(lambda: stage.faults.waiting or acting.done(), "the call")
            meanwhile = visitors.submit(stage.ask, "GET", "/app/", getattr(cast, whose), host=flow.host)
            met = stage.faults.end()
            other, answer = meanwhile.result(DEADLINE), acting.result(DEADLINE)
            assert other.status == 200 and other.headers["X-User"] == user
            assert is_done(flow, answer)
            check_people(stage, flow, cast, True)
            check_rows(stage, flow, cast, answer, True)
            if not met:
                assert i > 1
                return


# -- a driver that lies --------------------------------------------------------------------------------

SHOWN = ["a page", "a forged cookie", "the list as JSON", "sign out", "delete the others"]


@pytest.mark.parametrize("flow", SHOWN)
def test_a_value_that_cannot_be_read(stage, flow):
    """A single failure is not noticed by the client; a lasting one is a database that cannot be queried."""
    flow = FLOWS[flow]
    stage.server.expect(LOGGED, status_5xx=True)
    for last in (None, faults.EVER_AFTER):
        for i in range(1, 60):
            cast, answer, met = play(stage, flow, faults.FAIL, i, last, [faults.VALUE])
            done = is_done(flow, answer)
            assert done == (not (met and last)), (i, answer.status)
            check_people(stage, flow, cast, done)
            check_rows(stage, flow, cast, answer, done)
            if not met:
                break


@pytest.mark.parametrize("flow", SHOWN)
@pytest.mark.parametrize("kind", [faults.VALUE, faults.COUNT], ids=["NULL", "no rows"])
def test_a_value_that_is_not_there(stage, flow, kind):
    """A client whose session cannot be looked up is signed out for this request; only sessions that their user ended are ended."""
    stage.server.expect(LOGGED, status_5xx=True)
    flow = FLOWS[flow]
    for i in range(1, 60):
        cast, answer, met = play(stage, flow, faults.LIE, i, None, [kind])
        assert answer.status in (*flow.good, 303, 401) and answer.headers["X-User"] in ("alice", "", None)
        check_people(stage, flow, cast, None)
        made = set(stage.rows(flow.host)) - {getattr(cast, name)[:22] for name in cast.owners()}
        assert made == ({answer.token()[:22]} if answer.token() else set())
        if not met:
            return


# -- children that are killed --------------------------------------------------------------------------

MANY_CHILDREN = "StartServers 24\nMinSpareServers 24\nMaxSpareServers 48\nServerLimit 64\nMaxRequestWorkers 64\n" \
                "DBDMin 1\nDBDKeep 1\nDBDMax 1\n"
KILLED = r"AH00052|exit signal Killed"


@pytest.fixture(scope="module")
def crowded():
    """Many children, for one of them is lost each time."""
    with contextlib.ExitStack() as stack:
        yield Stage(stack, "ManagedSessionCacheTTL 1s", mpm="prefork", extra=MANY_CHILDREN, noise=KILLED)


@pytest.mark.skipif(bool(TOOL), reason="the tool reports the killed child")
@pytest.mark.parametrize("flow", [name for name in FLOWS if "new connection" not in name])
def test_a_child_that_is_killed(crowded, flow):
    """Just before a statement or just after it, so that no client learns what it did."""
    flow = FLOWS[flow]
    crowded.server.expect(LOGGED)
    for action in (faults.KILL, faults.KILL_AFTER):
        for i in range(1, 60):
            cast, answer, met = play(crowded, flow, action, i, None, faults.STATEMENTS)
            done = is_done(flow, answer)
            assert done or met  # both: it was answered before
            check_people(crowded, flow, cast, True if done else None)
            check_rows(crowded, flow, cast, answer, done)
            if not met:
                break
    assert not SQLITE or crowded.server.sql("PRAGMA integrity_check") == [("ok",)]


@pytest.mark.skipif(bool(TOOL), reason="the tool reports the killed child")
def test_children_that_are_killed_at_start(crowded):
    """While they connect and make themselves ready. Others take their place."""
    crowded.server.expect(LOGGED)
    cast = crowded.cast("app.test")
    crowded.faults.plan(faults.KILL, 1, 12, [faults.OPEN, faults.CHECK, faults.QUERY, faults.SELECT, faults.PREPARE])

    def are_dead():
        crowded.ask("GET", "/app/", cast.mine)
        return crowded.faults.happened >= 12

    eventually(are_dead, "twelve deaths")
    crowded.faults.end()
    assert crowded.alive(cast, "app.test") == cast.owners()


class Client(threading.Thread):
    """Signs in and out, revokes and reads, as fast as it can, and remembers the responses."""

    def __init__(self, stage: Stage, user: str, seed: int):
        super().__init__(daemon=True)
        self.stage, self.user, self.dice = stage, user, random.Random(seed)
        self.given: set[str] = set()   # tokens that no request has tried to end
        self.ended: set[str] = set()   # tokens whose end was confirmed
        self.failed: BaseException | None = None

    def run(self):
        try:
            for _ in range(25):
                self.dice.choice([self.enter, self.enter, self.leave, self.revoke, self.look])()
        except BaseException as error:
            self.failed = error

    def ask(self, *args, **kwargs) -> Answer | None:
        """None: unknown whether anything was done. A child that is dying may lock the table."""
        answer = self.stage.ask(*args, **kwargs)
        return None if answer and answer.status == 503 else answer

    def enter(self):
        answer = self.ask("POST", "/login", fields={"username": self.user, "password": PASSWORDS[self.user]})
        if answer:
            self.given.add(answer.token())

    def take(self) -> str | None:
        return self.given.pop() if self.given else None

    def leave(self):
        token = self.take()
        if token and self.ask("POST", "/logout", token, {}):
            self.ended.add(token)

    def revoke(self):
        token, mine = self.take(), next(iter(self.given), None)
        if token and mine:
            answer = self.ask("DELETE", f"/sessions/{token[:22]}", mine)
            assert answer is None or answer.status == 204
            self.ended |= {token} if answer else set()

    def look(self):
        for token in list(self.given)[:2]:
            answer = self.ask("GET", "/app/", token)
            assert answer is None or (answer.status == 200 and answer.headers["X-User"] == self.user), answer.status


@pytest.mark.skipif(bool(TOOL), reason="the tool reports the killed child")
def test_children_that_are_killed_at_any_moment(crowded):
    """A session with a cookie is live, a session whose end was confirmed is not, and the others may be either."""
    crowded.server.expect(LOGGED, status_5xx=True)
    crowded.server.sql("DELETE FROM managed_session")
    clients = [Client(crowded, user, seed) for seed, user in enumerate(["alice", "bob"] * 3)]
    for client in clients:
        client.start()
    dice = random.Random(0)
    killed = 0
    while any(client.is_alive() for client in clients):
        time.sleep(dice.random() / 20)
        killed = dice.choice(crowded.server.children())
        with contextlib.suppress(ProcessLookupError):
            os.kill(killed, signal.SIGKILL)
    eventually(lambda: killed not in crowded.server.children(), "the last death")
    assert not [client.failed for client in clients if client.failed]
    assert sum(len(client.given) + len(client.ended) for client in clients) > 20
    for client in clients:
        assert all(crowded.who(token, "app.test") == client.user for token in client.given)
        assert not any(crowded.who(token, "app.test") for token in client.ended)
    assert not SQLITE or crowded.server.sql("PRAGMA integrity_check") == [("ok",)]


# -- two at once, in a certain order --------------------------------------------------------------------

@pytest.fixture(scope="module", params=["0", "1h"], ids=is_cached)
def wide(request):
    """Several connections, so that one request can go on while another is blocked."""
    with contextlib.ExitStack() as stack:
        yield Stage(stack, f"ManagedSessionCacheTTL {request.param}", extra=MORE_CONNECTIONS)


ENDS = {"sign out": lambda stage, cast: stage.ask("POST", "/logout", cast.other, {}),
        "revoke": lambda stage, cast: stage.ask("DELETE", f"/sessions/{cast.other[:22]}", cast.mine),
        "revoke the others": lambda stage, cast: stage.ask("DELETE", "/sessions?scope=others", cast.mine),
        "sign in again": lambda stage, cast: stage.ask("POST", "/login", cast.other, ALICE)}


@pytest.mark.parametrize("action", [faults.BLOCK, faults.BLOCK_AFTER], ids=["before", "after"])
@pytest.mark.parametrize("end", ENDS)
def test_a_look_up_that_a_revocation_overtakes(wide, end, action):
    """Its own request may use what it found, for it came first; but no other request may."""
    cast = wide.cast("app.test")
    wide.clock.forward(61)  # and it will want to touch what is there no more
    wide.clock.wait(7200)
    with ThreadPoolExecutor(4) as visitors:
        wide.faults.plan(action, 1, 2, [faults.FETCH])
        early = [visitors.submit(wide.ask, "GET", "/app/", cast.other) for _ in range(2)]
        eventually(lambda: wide.faults.waiting == 2, "two that have asked")
        assert ENDS[end](wide, cast).status in (200, 204, 303)
        wide.faults.end()
        assert {each.result(DEADLINE).status for each in early} <= {200, 401}
        assert [wide.who(cast.other, "app.test") for _ in range(8)] == [None] * 8
    assert cast.other[:22] not in wide.rows("app.test")
    assert wide.who(cast.mine, "app.test") == "alice" and wide.who(cast.bobs, "app.test") == "bob"


@pytest.mark.parametrize("end", ENDS)
def test_a_revocation_that_takes_long(wide, end):
    """Look-ups meanwhile may find it; look-ups afterwards do not."""
    cast = wide.cast("app.test")
    with ThreadPoolExecutor(1) as visitors:
        wide.faults.plan(faults.BLOCK, 2 if end == "sign in again" else 1, kinds=[faults.CHANGE])
        ending = visitors.submit(ENDS[end], wide, cast)
        eventually(lambda: wide.faults.waiting == 1, "the statement")
        assert wide.who(cast.other, "app.test") == "alice"
        wide.faults.end()
        assert ending.result(DEADLINE).status in (200, 204, 303)
        assert [wide.who(cast.other, "app.test") for _ in range(8)] == [None] * 8


def test_a_touch_that_a_revocation_overtakes(wide):
    cast = wide.cast("app.test")
    wide.clock.forward(61)
    wide.clock.wait(7200)
    with ThreadPoolExecutor(1) as visitors:
        wide.faults.plan(faults.BLOCK, kinds=[faults.CHANGE])
        early = visitors.submit(wide.ask, "GET", "/app/", cast.other)
        eventually(lambda: wide.faults.waiting == 1, "a touch")
        assert ENDS["revoke"](wide, cast).status == 204
        wide.faults.end()
        assert early.result(DEADLINE).status == 200, "it was there when it asked"
        assert [wide.who(cast.other, "app.test") for _ in range(8)] == [None] * 8
    assert cast.other[:22] not in wide.rows("app.test")


@pytest.mark.parametrize("action", [faults.NOTHING, faults.FAIL_AFTER], ids=["", "and seems to fail"])
def test_two_that_sign_in_where_there_is_room_for_one(wide, action):
    """The limit is looked at again after the insert, and the row taken back."""
    wide.server.expect(LOGGED)
    cast = wide.cast("refuse.test")
    with ThreadPoolExecutor(1) as visitors:
        wide.faults.plan(faults.BLOCK_AFTER, kinds=[faults.FETCH])  # it has counted
        late = visitors.submit(wide.ask, "POST", "/login", fields=ALICE, host="refuse.test")
        eventually(lambda: wide.faults.waiting == 1, "one that has counted")
        assert wide.ask("POST", "/login", fields=ALICE, host="refuse.test").token()
        wide.faults.plan(action, 2, kinds=[faults.CHANGE])  # after the insert
        wide.faults.release()
        refused = late.result(DEADLINE)
    assert refused.status == 403 and not refused.cookies()
    assert list(wide.rows("refuse.test").values()).count("alice") == 3
    assert wide.alive(cast, "refuse.test") == cast.owners()


def test_two_that_sign_in_where_both_have_room_and_then_one_is_too_many(wide):
    """Those who have room are counted again after the insert, and the one used least goes."""
    cast = wide.cast("evict.test")
    assert wide.ask("POST", "/logout", cast.other, {}, host="evict.test").status == 303
    wide.server.sql("UPDATE managed_session SET last_seen_at = last_seen_at - 9, created_at = created_at - 9 WHERE realm = 'evict.test'")
    with ThreadPoolExecutor(1) as visitors:
        wide.faults.plan(faults.BLOCK_AFTER, kinds=[faults.FETCH])  # it has counted
        late = visitors.submit(wide.ask, "POST", "/login", fields=ALICE, host="evict.test")
        eventually(lambda: wide.faults.waiting == 1, "one that has counted")
        early = wide.ask("POST", "/login", fields=ALICE, host="evict.test").token()
        wide.faults.end()
        new = [early, late.result(DEADLINE).token()]
    assert list(wide.rows("evict.test").values()).count("alice") == 2
    assert [wide.who(token, "evict.test") for token in (*new, cast.mine)] == ["alice", "alice", None]


# -- clean-up ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def swept():
    with contextlib.ExitStack() as stack:
        config = PLACES.replace("CleanupInterval 0", "CleanupInterval 1s\nManagedSessionCleanupBatch 2")
        yield Stage(stack, config=config, extra=MORE_CONNECTIONS, noise=KILLED)


SWEEPS = {"fails": (faults.FAIL, 6), "fails though done": (faults.FAIL_AFTER, 3), "takes long": (faults.BLOCK, 1),
          "is its child's last": (faults.KILL, 1), "is its child's last, and done": (faults.KILL_AFTER, 1)}


@pytest.mark.parametrize("way", [way for way in SWEEPS if not (TOOL and "last" in way)])
def test_a_clean_up_that(swept, way):
    """Expired sessions are deleted in the end, and no others."""
    action, often = SWEEPS[way]
    swept.server.expect(LOGGED)
    cast = swept.cast("app.test")
    swept.faults.plan(action, 1, often, [faults.CHANGE])
    for i in range(5):
        [row] = swept.server.sql("SELECT * FROM managed_session WHERE session_id = ?", cast.mine[:22])
        row = list(row)
        row[0], row[6], row[7] = f"expired{i:015d}", swept.clock.now() - 10, swept.clock.now() - 10
        swept.server.sql(f"INSERT INTO managed_session VALUES ({', '.join('?' * len(row))})", *row)
    eventually(lambda: swept.faults.happened >= often, "a clean-up")
    eventually(lambda: swept.ask("GET", "/app/", cast.mine), "a child")
    assert swept.alive(cast, "app.test") == cast.owners()
    swept.faults.end()
    eventually(lambda: swept.server.rows() == 3, "all expired rows gone")
    assert swept.alive(cast, "app.test") == cast.owners()

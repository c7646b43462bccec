# SPDX-License-Identifier: Apache-2.0
"""Clients that sign in and out, end sessions and look whether they are let in, each as its dice have it."""
from __future__ import annotations

import base64
import contextlib
import http.client
import json
import random
import select
import socket
import threading
import time
import urllib.parse

import harness
import hosts
import plan
from model import APP, BROWSER, IN, NEVER, OUT, Contradiction, Session

TIMEOUT = 40   # longer than any statement is waited for
TLS = {"X-Forwarded-Proto": "https"}
SOME = 300     # sessions at most that are looked at, those that began last
OPEN = 16      # requests that stay open at most


class Answer:
    def __init__(self, status: int, headers, body: bytes, begun: float):
        self.status, self.headers, self.body, self.begun, self.ended = status, headers, body, begun, time.monotonic()

    def cookie(self) -> str | None:
        """What our cookie is set to; "" if it is cleared."""
        for line in self.headers.get_all("Set-Cookie", []):
            name, _, value = line.split(";")[0].partition("=")
            if name == harness.COOKIE:
                return value
        return None


class Client:
    """One thread of requests. Connections are kept, or not."""

    def __init__(self, world, number: int):
        self.world, self.model, self.dice = world, world.model, plan.dice(world.seed, "client", number)
        self.connections: dict[str, http.client.HTTPConnection] = {}
        self.thread = threading.Thread(target=world.run, args=(self.live,), daemon=True)

    def live(self) -> None:
        names, weights = zip(*WEIGHTS)
        while not self.world.over.is_set():
            with self.world.turn():
                self.do(self.dice.choices(names, weights)[0])
            self.world.pause(self.dice.uniform(0, 0.04))

    def do(self, name: str) -> None:
        if not self.world.over.is_set():
            getattr(self, name)(self.dice.choice(self.world.hosts))

    # -- requests ---------------------------------------------------------------------------------

    def send(self, host, method: str, target: str, cookie: str | None = None, headers=None, body: str | None = None) -> Answer | None:
        """The answer; None if there was none."""
        begun = time.monotonic()
        headers = {**(headers or {}), **({"Cookie": f"{harness.COOKIE}={cookie}"} if cookie else {})}
        if self.dice.random() < 0.3:
            headers["Connection"] = "close"
        try:
            connection = self.connections.get(host.name) or http.client.HTTPConnection(host.address, host.port, timeout=TIMEOUT)
            self.connections[host.name] = connection
            connection.request(method, target, body=body, headers=headers)
            response = connection.getresponse()
            answer = Answer(response.status, response.headers, response.read(), begun)
        except (OSError, http.client.HTTPException):
            self.connections.pop(host.name).close()
            self.world.answers["none"] += 1
            return None
        self.world.answers[str(answer.status)] += 1
        return answer

    def is_known(self, answer: Answer | None, what: str, *good: int) -> bool:
        """Whether it is one of these; any other but 503 must not be."""
        if answer is None or answer.status == 503 or (answer.status not in good and self.world.is_strange(answer.begun, answer.ended)):
            return False
        if answer.status not in good:
            raise Contradiction(f"{what}: the status {answer.status}\n{answer.headers}\n{answer.body[:500]!r}")
        return True

    def pick(self, user: str | None = None, kind: str | None = None, lively: float = 0.7) -> Session | None:
        """A session, more often one that may live, or has ended not long ago."""
        with self.model.lock:
            found = [each for each in self.model.sessions.values() if user in (None, each.user) and kind in (None, each.kind)]
        wanted = [each for each in found if (each.known_over == NEVER) == (self.dice.random() < lively)]
        return self.dice.choice(wanted[-SOME:]) if wanted else None

    def pick_one_to_end(self, kind: str | None = None) -> Session | None:
        """Every other time one of which an operation was not answered, so that it is known again how it is."""
        with self.model.lock:
            doubtful = [each for each in self.model.sessions.values()
                        if each.doubtful_since() != NEVER and each.known_over == NEVER and kind in (None, each.kind)]
        return self.dice.choice(doubtful) if doubtful and self.dice.random() < 0.5 else self.pick(kind=kind)

    # -- is it let in? -----------------------------------------------------------------------------

    def visit(self, host) -> None:
        session = self.pick()
        if session:
            self.look(host, session)
        else:
            self.sign_in(host)

    def look(self, host, session: Session) -> Answer | None:
        """A page, or what another server queries, and what the model has to that."""
        target, user, page = "/app/", "User", harness.PAGE.encode()
        if session.kind == APP:
            word = base64.b64encode(f"{session.user}:{session.token}".encode()).decode()
            answer = self.send(host, "GET", "/dav/", headers={**TLS, "Authorization": f"Basic {word}"})
        elif self.dice.random() < 0.15:
            target, user, page = "/check", "Remote-User", b""
            answer = self.send(host, "GET", target, session.token, {"X-Forwarded-Uri": "/page"})
        else:
            answer = self.send(host, "GET", target, session.token)
        if self.is_known(answer, "a page", 200, 401):
            self.found(host, session, answer, IN if answer.status == 200 else OUT, "a page")
            if answer.status == 200 and (answer.headers[user], answer.body) != (session.user, page):
                raise Contradiction(self.model.report(session, f"let in as {answer.headers[user]!r}, with {answer.body[:100]!r}"))
        elif answer:
            self.model.note(session, host.name, answer.begun, answer.ended, f"a page: {answer.status}")
        return answer

    def list(self, host) -> None:
        """The list has all sessions of the user that must be in, and none that must be out."""
        actor = self.pick(kind=BROWSER, lively=1)
        answer = actor and self.send(host, "GET", "/sessions?limit=200", actor.token, {"Accept": "application/json"})
        if not actor or not self.is_known(answer, "the list", 200, 401):
            return
        self.found(host, actor, answer, IN if answer.status == 200 else OUT, "the list")
        shown = json.loads(answer.body) if answer.status == 200 else {"next": True}
        if shown.get("next"):
            return
        ids = {each["id"] for each in shown["sessions"]}
        with self.model.lock:
            of_the_user = [each for each in self.model.sessions.values() if each.user == actor.user and each.born < answer.begun]
        for session in of_the_user:
            must = self.model.verdict(session, host.name, answer.begun, answer.ended)
            if must == (OUT if session.id in ids else IN):
                raise Contradiction(self.model.report(session, f"it must be {must}, and is {'' if session.id in ids else 'not '}in the list"))

    def found(self, host, session: Session, answer: Answer, came: str, what: str) -> None:
        self.model.judge(session, host.name, answer.begun, answer.ended, came, what)

    def forge(self, host) -> None:
        """The id of one session with the secret of another, or one that never was."""
        one, other = self.pick(kind=BROWSER), self.pick(kind=BROWSER)
        token = one.token[:23] + other.token[23:] if one and other and one is not other else harness.random_token()
        answer = self.send(host, "GET", "/app/", token)
        if self.is_known(answer, "a forged cookie", 200, 401) and answer.status == 200:
            raise Contradiction(f"a forged cookie is let in as {answer.headers['User']}")

    # -- sessions begin ----------------------------------------------------------------------------

    def begin(self, host, answer: Answer, user: str, kind: str, token: str, lasts: int | None = None) -> Session:
        harness.issued.add(token[23:].encode())
        expires = (NEVER, NEVER)
        if lasts:
            least, most = host.wall(answer.begun, answer.ended)
            expires = (least + lasts - 2, most + lasts + 2)  # the module counts whole seconds
        session = Session(token, user, kind, answer.begun, answer.ended, expires)
        self.model.add(session)
        self.model.note(session, host.name, answer.begun, answer.ended, "begun")
        return session

    def sign_in(self, host, user: str | None = None) -> Session | None:
        """Also from a browser that has a session, which that ends."""
        user = user or self.dice.choice(hosts.USERS)
        old = self.pick(kind=BROWSER) if self.dice.random() < 0.2 else None
        operation = self.model.begin(host.name, lambda each: each is old)
        fields = urllib.parse.urlencode({"username": user, "password": hosts.PASSWORD, "remember": self.dice.choice("01")})
        answer = self.send(host, "POST", "/login", old and old.token, {"Content-Type": "application/x-www-form-urlencoded"}, fields)
        if not self.is_known(answer, "a sign-in", 303, 429):
            self.model.leave_open(operation)
            self.world.lost_sign_ins[user] += 1
        elif answer.status == 429:
            self.model.refuse(operation)
        else:
            self.model.confirm(operation)
            return self.begin(host, answer, user, BROWSER, answer.cookie())
        return None

    def sign_in_shortly(self, host) -> None:
        """By the application, for some seconds."""
        user, lasts = self.dice.choice(hosts.USERS), self.dice.randrange(4, 40)
        answer = self.send(host, "GET", f"/on/?Managed-Session-User={user}&Managed-Session-Expires-In={lasts}")
        if self.is_known(answer, "a sign-in by the application", 200) and answer.cookie():
            self.begin(host, answer, user, BROWSER, answer.cookie(), lasts)
        else:
            self.world.lost_sign_ins[user] += 1

    def make_app(self, host) -> None:
        session = self.pick(kind=BROWSER, lively=1)
        if not session:
            return
        body = json.dumps({"kind": "app", "name": f"app {self.dice.random()}"})
        answer = self.send(host, "POST", "/sessions", session.token, {"Content-Type": "application/json"}, body)
        if not self.is_known(answer, "an app password", 201, 401, 409):
            self.world.lost_sign_ins[session.user] += 1
        elif answer.status == 201:
            self.found(host, session, answer, IN, "made an app password")
            self.begin(host, answer, session.user, APP, json.loads(answer.body)["password"])
        elif answer.status == 401 and json.loads(answer.body)["code"] == "not_signed_in":
            self.found(host, session, answer, OUT, "an app password")

    # -- sessions end ------------------------------------------------------------------------------

    def sign_out(self, host) -> None:
        session = self.pick_one_to_end(BROWSER)
        if session:
            self.end(host, session, lambda each: each is session, "POST", "/logout", 303)

    def sign_out_of_application(self, host) -> None:
        """The response comes in any case; a cleared cookie tells that it is over."""
        session = self.pick(kind=BROWSER)
        if not session:
            return
        operation = self.model.begin(host.name, lambda each: each is session)
        answer = self.send(host, "GET", "/on/?Managed-Session-End=current", session.token)
        done = self.is_known(answer, "a sign-out by the application", 200) and answer.cookie() == ""
        (self.model.confirm if done else self.model.leave_open)(operation)
        self.note(host, session, answer, "the application signs it out" + (", done" if done else ""))

    def revoke(self, host) -> None:
        target = self.pick_one_to_end()
        actor = target and self.pick(target.user, BROWSER)
        if actor:
            self.end(host, actor, lambda each: each is target, "DELETE", f"/sessions/{target.id}", 204, target)

    def revoke_many(self, host) -> None:
        actor = self.pick(kind=BROWSER)
        if not actor:
            return
        scope, kind = self.dice.choice(["others", "all"]), self.dice.choice([None, BROWSER])
        target = f"/sessions?scope={scope}" + (f"&kind={kind}" if kind else "")
        self.end(host, actor, lambda each: each.user == actor.user and kind in (None, each.kind) and (scope == "all" or each is not actor),
                 "DELETE", target, 200)

    def administer(self, host) -> None:
        """One session of any user, or all of one user."""
        actor = self.pick(hosts.ADMINISTRATOR, BROWSER, lively=1) or self.sign_in(host, hosts.ADMINISTRATOR)
        target = self.pick(self.dice.choice(hosts.USERS))
        if not actor or not target:
            return
        if self.dice.random() < 0.8:
            self.end(host, actor, lambda each: each is target, "DELETE", f"/admin/{target.id}", 204, target)
        else:
            self.end(host, actor, lambda each: each.user == target.user, "DELETE", f"/admin?scope=user&user={target.user}", 200)

    def end(self, host, actor: Session, concerns, method: str, target: str, good: int, one: Session | None = None) -> None:
        """An operation from its begin to its end. one: the session that it names."""
        operation = self.model.begin(host.name, concerns)
        answer = self.send(host, method, target, actor.token)
        what = f"{method} {target}"
        self.note(host, actor, answer, what)
        if one and one is not actor:
            self.note(host, one, answer, what)
        if not self.is_known(answer, what, good, 401, 404):
            self.model.leave_open(operation)
            return
        (self.model.confirm if answer.status == good else self.model.refuse)(operation)
        if answer.status == 401:
            self.found(host, actor, answer, OUT, what)
        elif method == "DELETE":
            self.found_acting(host, actor, answer, what)
        if answer.status == 404 and one:
            self.model.seen_over(one, answer.begun, answer.ended)  # or the first of two tries had done it

    def found_acting(self, host, actor: Session, answer: Answer, what: str) -> None:
        """It was let in. Perhaps it has ended itself."""
        if self.model.verdict(actor, host.name, answer.begun, answer.ended) == OUT:
            raise Contradiction(self.model.report(actor, f"{what} was let in"))

    def note(self, host, session: Session, answer: Answer | None, what: str) -> None:
        begun, ended = (answer.begun, answer.ended) if answer else (time.monotonic(), time.monotonic())
        self.model.note(session, host.name, begun, ended, f"{what}: {answer.status if answer else 'no answer'}")

    # -- requests that stay open ---------------------------------------------------------------------

    def open(self, host) -> None:
        session = self.pick(kind=BROWSER, lively=1)
        if session and len(self.world.lasting.all) < OPEN * len(self.world.hosts):
            self.world.lasting.open(host, session, self.dice)


WEIGHTS = [("visit", 60), ("forge", 3), ("list", 3), ("sign_in", 14), ("sign_in_shortly", 2), ("make_app", 2), ("sign_out", 4),
           ("sign_out_of_application", 2), ("revoke", 5), ("revoke_many", 0.5), ("administer", 2), ("open", 3)]


class Lasting:
    """WebSockets, streams and silent requests that are open. A client closes its own after a while, unless its session is over: then
    it must be cut."""

    KINDS = {"/app/slow/stream?pause=1": "", "/app/slow/silent": "",
             "/app/socket": "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n"}

    def __init__(self, world):
        self.world, self.lock = world, threading.Lock()
        self.all: dict[socket.socket, tuple] = {}
        self.opened = self.ended = 0
        self.thread = threading.Thread(target=world.run, args=(self.watch,), daemon=True)

    def open(self, host, session: Session, dice: random.Random) -> None:
        target, extra = dice.choice(list(self.KINDS.items()))
        begun = time.monotonic()
        with contextlib.suppress(OSError):
            s = socket.create_connection((host.address, host.port), TIMEOUT)
            s.sendall(f"GET {target} HTTP/1.1\r\nHost: {host.address}:{host.port}\r\nCookie: {harness.COOKIE}={session.token}\r\n{extra}\r\n".encode())
            status = s.recv(4096)[9:12]
            if status in (b"200", b"101", b"401"):
                self.world.model.judge(session, host.name, begun, time.monotonic(), OUT if status == b"401" else IN, f"opens {target}")
            if status in (b"200", b"101"):
                with self.lock:
                    self.all[s] = (host, session, target, time.monotonic() + dice.uniform(2, 40))
                    self.opened += 1
                return
            s.close()

    def watch(self) -> None:
        while not self.world.over.is_set():
            with self.lock:
                sockets = list(self.all)
            readable, _, _ = select.select(sockets, [], [], 0.2)
            for s in sockets:
                host, session, _, until = self.all[s]
                must_be_cut = session.over_since(host.name) < time.monotonic()
                if (s in readable and self.has_ended(s)) or (until < time.monotonic() and not must_be_cut):
                    with self.lock:
                        del self.all[s]
                    s.close()

    def has_ended(self, s: socket.socket) -> bool:
        try:
            data = s.recv(65536)
            is_over = not data or (self.all[s][2] == "/app/socket" and data[0] & 0x0F == 8)
        except OSError:
            is_over = True
        self.ended += is_over
        return is_over

    def close(self) -> None:
        for s in self.all:
            s.close()

    def left(self) -> list[str]:
        """Those whose sessions have ended."""
        with self.lock:
            found = list(self.all.values())
        return [f"{target} of session {session.id} on {host.name}" for host, session, target, _ in found if session.known_over < NEVER]

# SPDX-License-Identifier: Apache-2.0
"""What must be: for each session whether a request with it must be let in, must not be let in, or may be either.

The words of this file:
    moment      a time of one steady clock, time.monotonic(). A request lies between two: before it was sent, after its answer
    operation   a request that may end sessions. From its first moment a session that it concerns is in doubt. Confirmed, it ends
                those that had begun before it: on the host that answered at once, on all others a TTL later. Refused, it changed
                nothing. Without an answer, or with 503, the doubt stays: it may have been done, and may be done a while later
    blur        a time in which nothing is claimed: the database is being replaced by an old copy
    copy        what is known at some moment of what the database has, for a restore of it

No bound here depends on how fast the machine is: the module promises that no look-up that begins a TTL after an end finds the
session, and a request that was sent after that moment begins its look-up later still.
"""
from __future__ import annotations

import collections
import math
import threading
import time
from collections.abc import Callable

TTL, LIFE = 1, 20      # seconds, as hosts.py configures them
BOUND = TTL + 0.5      # clocks are read in milliseconds
LINGER = 25            # a statement that was not answered may be executed that much later: no fault lasts longer than ten
NEVER, ALWAYS = math.inf, -math.inf
IN, OUT, EITHER = "in", "out", "either"
BROWSER, APP = "browser", "app"


class Contradiction(Exception):
    """The module and the model do not agree."""


class Session:
    """One that a client got a token of. expires: the earliest and the latest second of the wall clock at which it does."""

    def __init__(self, token: str, user: str, kind: str, asked: float, born: float, expires=(NEVER, NEVER)):
        self.token, self.user, self.kind, self.asked, self.born, self.expires = token, user, kind, asked, born, expires
        self.id = token[:22]
        self.doubts: set[Operation] = set()
        self.is_vague = False                   # it cannot be known whether it lives, until it is seen to have ended
        self.was_restored = False
        self.bound = BOUND                      # after which other hosts know that it has ended
        self.known_over = NEVER                 # when it was first known that it has ended
        self.over_on: dict[str, float] = {}     # on these hosts no request sent after that moment is let in
        self.over_everywhere = NEVER
        self.steps: collections.deque[str] = collections.deque(maxlen=16)

    def doubtful_since(self) -> float:
        return ALWAYS if self.is_vague else min((doubt.begun for doubt in self.doubts), default=NEVER)

    def over_since(self, host: str) -> float:
        return min(self.over_everywhere, self.over_on.get(host, NEVER))

    def is_over(self, moment: float, host: str | None = None, bound: float | None = None) -> None:
        """It was known at that moment to have ended; if the host had ended it, it is over there at once."""
        self.known_over = min(self.known_over, moment)
        self.over_everywhere = min(self.over_everywhere, moment + (self.bound if bound is None else bound))
        if host:
            self.over_on[host] = min(self.over_on.get(host, NEVER), moment)

    def lives_again(self) -> None:
        self.was_restored = True
        self.doubts, self.is_vague, self.known_over, self.over_on, self.over_everywhere = set(), False, NEVER, {}, NEVER


class Operation:
    def __init__(self, host: str, begun: float, concerns: Callable[[Session], bool]):
        self.host, self.begun, self.concerns, self.until = host, begun, concerns, NEVER


class Copy:
    """What the database had at some moment between these two."""

    def __init__(self, begun: float, states: dict[str, str], ended: float):
        self.begun, self.states, self.ended = begun, states, ended


class Model:
    """wall: the seconds that the wall clock of a host has shown between two moments, the least and the most; of all hosts if it has no name."""

    def __init__(self, wall: Callable[[str | None, float, float], tuple[float, float]], now: Callable[[], float] = time.monotonic):
        self.wall, self.now, self.lock = wall, now, threading.RLock()
        self.sessions: dict[str, Session] = {}
        self.forgotten: set[str] = set()
        self.operations: list[Operation] = []
        self.blurs: list[list[float]] = []
        self.judged: collections.Counter[str] = collections.Counter()

    # -- sessions begin and end -------------------------------------------------------------------

    def add(self, session: Session) -> None:
        """A sign-in was answered. An operation that was under way meanwhile may have met it."""
        with self.lock:
            self.sessions[session.id] = session
            session.doubts |= {each for each in self.operations if each.until > session.asked and each.concerns(session)}
            session.is_vague = self.is_blurred(session.asked, session.born)

    def begin(self, host: str, concerns: Callable[[Session], bool]) -> Operation:
        with self.lock:
            operation = Operation(host, self.now(), concerns)
            self.operations = [each for each in self.operations if each.until > operation.begun - LINGER] + [operation]
            for session in self.sessions.values():
                if concerns(session):
                    session.doubts.add(operation)
            return operation

    def confirm(self, operation: Operation) -> None:
        with self.lock:
            operation.until = self.now()
            if self.is_blurred(operation.begun, operation.until):
                return
            shown = self.wall(operation.host, operation.begun, operation.until)[1]
            for session in self.sessions.values():
                if operation not in session.doubts or session.born >= operation.begun:
                    continue
                if shown < session.expires[0]:
                    session.is_over(operation.until, operation.host)
                    self.note(session, operation.host, operation.begun, operation.until, "ended")
                else:
                    session.is_vague = True  # what has expired is not ended, and lives again if the clock is set back

    def refuse(self, operation: Operation) -> None:
        with self.lock:
            operation.until = self.now()
            for session in self.sessions.values():
                session.doubts.discard(operation)

    def leave_open(self, operation: Operation) -> None:
        with self.lock:
            operation.until = self.now() + LINGER

    # -- an old copy of the database ----------------------------------------------------------------

    def is_blurred(self, begun: float, ended: float) -> bool:
        return any(begun <= until and ended >= since for since, until in self.blurs)

    def copy_begins(self) -> Copy:
        with self.lock:
            return Copy(self.now(), {}, NEVER)

    def copy_ends(self, copy: Copy) -> None:
        with self.lock:
            copy.ended = self.now()
            for session in self.sessions.values():
                if session.known_over < copy.begun:
                    copy.states[session.id] = OUT
                elif session.born < copy.begun and session.doubtful_since() == NEVER:
                    copy.states[session.id] = IN

    def restore_begins(self) -> None:
        with self.lock:
            self.blurs.append([self.now(), NEVER])

    def restore_ends(self, copy: Copy) -> None:
        """The database is as it was: what ended since is live again, and what began since is not there."""
        with self.lock:
            since, now = self.blurs[-1][0], self.now()
            self.blurs[-1][1] = now + BOUND
            for session in self.sessions.values():
                self._restore(session, copy, since, now)

    def _restore(self, session: Session, copy: Copy, since: float, now: float) -> None:
        state = copy.states.get(session.id)
        is_absent = session.asked > copy.ended and session.born < since
        pending = {each for each in session.doubts if each.until > since}
        if state != OUT:
            session.lives_again()
        if state == IN:
            session.doubts = pending
        else:  # its row may be gone, which is noticed as if it had been deleted by hand
            session.is_vague, session.bound = True, LIFE + BOUND
        if state == OUT or is_absent:
            session.is_over(now)

    def all_over(self) -> None:
        """All sessions were ended while no host ran, and none runs yet."""
        with self.lock:
            now = self.now()
            self.blurs[-1][1] = now
            for session in self.sessions.values():
                if session.expires[0] == NEVER:
                    session.is_over(now, bound=0)
                else:  # it may have expired, as in confirm()
                    session.lives_again()
                    session.is_vague = True

    # -- what must be -----------------------------------------------------------------------------

    def verdict(self, session: Session, host: str, begun: float, ended: float) -> str:
        """For a request to this host that was sent at the one moment and answered at the other."""
        with self.lock:
            if self.is_blurred(begun, ended):
                return EITHER
            if begun > session.over_since(host) or self.wall(host, begun, ended)[0] > session.expires[1]:
                return OUT
            may_have_expired = self.wall(None, session.asked, ended)[1] >= session.expires[0]  # and been deleted since
            return IN if ended < session.doubtful_since() and not may_have_expired else EITHER

    def judge(self, session: Session, host: str, begun: float, ended: float, came: str, what: str) -> None:
        """A request was let in as that user, or not (came: IN, OUT)."""
        with self.lock:
            must = self.verdict(session, host, begun, ended)
            self.judged[must] += 1
            self.note(session, host, begun, ended, f"{what}: {came}, must be {must}")
            if must != EITHER and must != came:
                raise Contradiction(self.report(session, f"{what} on {host} was {came} and must be {must}"))
            if came == OUT:
                self.seen_over(session, begun, ended)

    def seen_over(self, session: Session, begun: float, ended: float) -> None:
        """What has ended stays so; what has expired lives again if the clock is set back."""
        with self.lock:
            if not self.is_blurred(begun, ended) and self.wall(None, session.asked, ended)[1] < session.expires[0]:
                session.is_over(ended)

    def note(self, session: Session, host: str, begun: float, ended: float, what: str) -> None:
        session.steps.append(f"{begun:.3f} to {ended:.3f} {host}: {what}")

    def report(self, session: Session, why: str) -> str:
        doubts = [f"{each.begun:.3f} to {each.until:.3f} on {each.host}" for each in sorted(session.doubts, key=lambda each: each.begun)][-8:]
        return "\n".join([
            why, f"session {session.id} of {session.user}, {session.kind}, begun {session.asked:.3f} to {session.born:.3f}, "
                 f"over since {session.over_on} and everywhere {session.over_everywhere:.3f}, expires {session.expires}",
            "operations that may have ended it: " + ("; ".join(doubts) or "none"),
            "restores: " + ("; ".join(f"{since:.3f} to {until:.3f}" for since, until in self.blurs) or "none"),
            "its last steps:", *(f"  {step}" for step in session.steps)])

    def forget(self, older: float) -> None:
        """Sessions that ended so many seconds ago; a restore may bring them back, and then they are known to no client."""
        with self.lock:
            moment = self.now() - older
            self.forgotten |= {id for id, each in self.sessions.items() if each.known_over <= moment}
            self.sessions = {id: each for id, each in self.sessions.items() if each.known_over > moment}

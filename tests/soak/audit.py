# SPDX-License-Identifier: Apache-2.0
"""When all faults are over and no client does anything: every host works, and table, model and open requests agree."""
from __future__ import annotations

import collections
import time

from clients import Client
from model import EITHER, IN, OUT, Contradiction, Session

PATIENCE = 90  # seconds for a busy machine to recover
SAMPLE = 150


def wait_for(what: str, condition, state=lambda: "") -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise Contradiction(f"in vain: {what} {state()}")
        time.sleep(0.2)


def hosts_answer(world, client: Client) -> None:
    for host in world.hosts:
        answers = []

        def is_well() -> bool:
            answers.append(client.send(host, "GET", "/app/", "A" * 22 + "." + "A" * 43))
            return answers[-1] is not None and answers[-1].status == 401
        wait_for(f"{host.name} answers as ever", is_well)


def now_must_be(world, session: Session, host) -> str:
    now = time.monotonic()
    return world.model.verdict(session, host.name, now, now)


def sessions_are_as_the_model_has_it(world, client: Client) -> None:
    """Each on one host; and a sample of them on all."""
    with world.model.lock:
        sessions = [each for each in world.model.sessions.values()]
    for session in client.dice.sample(sessions, min(SAMPLE, len(sessions))):
        for host in world.hosts:
            if now_must_be(world, session, host) != EITHER:
                wait_for(f"an answer about {session.id}", lambda: (answer := client.look(host, session)) is not None and answer.status != 503)


def rows_are_as_the_model_has_it(world) -> None:
    """No session without its row, no row of one that is over, and no more rows than sign-ins that may have made one."""
    rows, host = world.store.live_rows(), world.hosts[0]
    with world.model.lock:
        for session in world.model.sessions.values():
            must = now_must_be(world, session, host)
            if session.expires[0] < float("inf") or must == EITHER:
                continue
            if (session.id in rows) != (must == IN):
                raise Contradiction(world.model.report(session, f"it must be {must}, and its row is {'live' if must == OUT else 'not'}"))
        known = world.model.sessions.keys() | world.model.forgotten
    unknown = collections.Counter(user for id, user in rows.items() if id not in known)
    for user, n in unknown.items():
        if n > world.lost_sign_ins[user]:
            raise Contradiction(f"{n} live rows of {user} have no client, and only {world.lost_sign_ins[user]} sign-ins were not answered")


def what_is_open_ends_with_its_session(world, client: Client) -> None:
    """Also requests that no fault meets."""
    begun = [client.sign_in(host) for host in world.hosts for _ in range(3)]
    for session in filter(None, begun):
        world.lasting.open(client.dice.choice(world.hosts), session, client.dice)
    for session in filter(None, begun):
        client.end(client.dice.choice(world.hosts), session, lambda each: each is session, "POST", "/logout", 303)
    wait_for("what is open ends with its session", lambda: not world.lasting.left(), lambda: ", ".join(world.lasting.left()))


def audit(world, client: Client) -> None:
    hosts_answer(world, client)
    sessions_are_as_the_model_has_it(world, client)
    rows_are_as_the_model_has_it(world)
    what_is_open_ends_with_its_session(world, client)
    world.model.forget(120)

# SPDX-License-Identifier: Apache-2.0
"""How many queries a fleet of hosts sends to the database, by the sessions at work: simulated, nothing is measured.

    make bench-fleet

People read: a page with twenty pictures within a second and a half, then a pause of 10 to 60 seconds, for ten minutes on average. Each
page goes to any of the hosts. Sessions are independent of each other while the cache has room, so a few are simulated, and their rates
multiplied. Old rule: an entry answers for one second, and each touch is a statement. New rule: an entry answers for five minutes while
the feed is read, and a host writes its touches once a second or when it has a hundred.
"""
from __future__ import annotations

import math
import random

import measure
import report

HOSTS, AT_WORK = (1, 2, 4), (100, 1_000, 10_000, 100_000, 1_000_000)
SAMPLE = 600  # visits
PAGE, ASSETS = 1.5, 20
PAUSE, VISIT = (10, 60), 600  # seconds
TTL, LIFE, TOUCH = 1, 300, 60
POLLS = 2 * 2  # statements a second and host: where the database is, and what has ended
BATCH = 100
SHARE, COPIES = 0.1, 2.5  # of all sessions at work; entries of the cache for each
ENTRY, ROW = 256, 1_100  # bytes; a row with all indexes on PostgreSQL, docs/scaling.md
SITES = ((1_000_000, 4), (10_000_000, 40), (100_000_000, 400))


class Session:
    """What the table has, and each host's entry: when it was read, and what it then had."""

    def __init__(self, hosts: int, life: float):
        self.life, self.seen, self.entries = life, -math.inf, [(-math.inf, -math.inf)] * hosts
        self.lookups = self.touches = self.late = 0

    def request(self, now: float, host: int) -> None:
        read, seen = self.entries[host]
        if now - read >= self.life:
            self.lookups += 1
            read, seen = now, self.seen
        if now - seen >= TOUCH:
            self.touch(now, host, read)
        else:
            self.entries[host] = (read, seen)

    def touch(self, now: float, host: int, read: float) -> None:
        self.touches += 1
        if now - self.seen >= TOUCH:
            self.seen, self.entries[host] = now, (read, now)
        else:  # it was used through another host: looked up again
            self.late += 1
            self.entries[host] = (-math.inf, -math.inf)


def visit(hosts: int, life: float, chance: random.Random) -> tuple[Session, float]:
    session, now, end = Session(hosts, life), 0.0, chance.expovariate(1 / VISIT)
    while now <= end:
        host = chance.randrange(hosts)
        for at in sorted([0.0] + [chance.uniform(0, PAGE) for _ in range(ASSETS)]):
            session.request(now + at, host)
        now += PAGE + chance.uniform(*PAUSE)
    return session, now


def rates(hosts: int, life: float) -> dict[str, float]:
    """Of one session at work, a second."""
    sums, time = dict.fromkeys(("lookups", "touches", "late"), 0), 0.0
    for number in range(SAMPLE):
        session, took = visit(hosts, life, random.Random(number))
        time += took
        for name in sums:
            sums[name] += getattr(session, name)
    return {name: n / time for name, n in sums.items()}


def written(touches: float, hosts: int) -> float:
    """Statements a second that write so many touches a second."""
    each = touches / hosts
    return hosts * max(min(1, each), each / BATCH)


def queries(rule: str, sessions: int, hosts: int, of_one: dict[str, float]) -> float:
    n = {name: rate * sessions for name, rate in of_one.items()}
    if rule == "old":
        return n["lookups"] + n["touches"]
    return n["lookups"] + written(n["touches"], hosts) + written(n["late"], hosts) + POLLS * hosts


def simulate() -> list[dict]:
    found = []
    for hosts in HOSTS:
        for rule, life in (("old", TTL), ("new", LIFE)):
            of_one = rates(hosts, life)
            found += [{"hosts": hosts, "rule": rule, "sessions": n, "queries": queries(rule, n, hosts, of_one)} for n in AT_WORK]
    return found


def site(sessions: int, hosts: int) -> dict:
    """Visitors stay with one host, as with a balancer that keeps them there."""
    at_work, new, old = round(sessions * SHARE), rates(1, LIFE), rates(1, TTL)
    pages = at_work / (PAGE + sum(PAUSE) / 2)
    return {"sessions": sessions, "at_work": at_work, "hosts": hosts, "requests": pages * (1 + ASSETS), "table": sessions * ROW,
            "entries": at_work / hosts * COPIES, "cache": at_work / hosts * COPIES * ENTRY,
            "rows": new["touches"] * at_work,
            "queries": new["lookups"] * at_work + hosts * (written(new["touches"] * at_work / hosts, 1) + POLLS),
            "old": (old["lookups"] + old["touches"]) * at_work}


def main() -> None:
    found, sites = simulate(), [site(*each) for each in SITES]
    for each in found:
        print(f"{each['hosts']} hosts, {each['sessions']:9,} at work, {each['rule']} rule: {each['queries']:12,.0f} queries a second")
    for each in sites:
        print(", ".join(f"{name} {n:,.0f}" for name, n in each.items()))
    measure.keep("fleet", {"points": found, "sites": sites})
    report.write()


if __name__ == "__main__":
    main()

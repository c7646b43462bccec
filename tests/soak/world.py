# SPDX-License-Identifier: Apache-2.0
"""All that the threads of a soak share: hosts, database, model, what has happened, and whether it goes on."""
from __future__ import annotations

import collections
import contextlib
import threading
import time
import traceback

import model


class World:
    def __init__(self, seed: int, hosts: list, store):
        self.seed, self.hosts, self.store = seed, hosts, store
        self.begun = time.monotonic()
        self.model = model.Model(self.wall)
        self.over = threading.Event()
        self.contradiction = ""
        self.broken = ""                                        # an error of the soak itself
        self.done: collections.Counter[str] = collections.Counter()      # faults
        self.answers: collections.Counter[str] = collections.Counter()
        self.lost_sign_ins: collections.Counter[str] = collections.Counter()  # of each user: not answered, and perhaps with a row
        self.timeline: collections.deque[str] = collections.deque(maxlen=60)
        self.strange_times: list[list[float]] = []              # when any status may come
        self.gate, self.pausing, self.under_way = threading.Condition(), False, 0

    def wall(self, host: str | None, begun: float, ended: float) -> tuple[float, float]:
        walls = [each.wall(begun, ended) for each in self.hosts if host in (None, each.name)]
        return min(least for least, _ in walls), max(most for _, most in walls)

    def tell(self, what: str) -> None:
        self.timeline.append(f"{time.monotonic():.3f} {what}")

    def pause(self, seconds: float) -> None:
        self.over.wait(seconds)

    # -- its end ----------------------------------------------------------------------------------

    def run(self, work) -> None:
        """What each thread is: the first contradiction or error ends all of them."""
        try:
            work()
        except model.Contradiction as found:
            self.contradiction = self.contradiction or str(found)
            self.over.set()
        except Exception:
            self.broken = self.broken or traceback.format_exc()
            self.over.set()

    # -- clients wait while all is looked over -------------------------------------------------------

    @contextlib.contextmanager
    def turn(self):
        """One request of a client, or some that belong together."""
        with self.gate:
            self.gate.wait_for(lambda: not self.pausing or self.over.is_set())
            self.under_way += 1
        try:
            yield
        finally:
            with self.gate:
                self.under_way -= 1
                self.gate.notify_all()

    @contextlib.contextmanager
    def quiet(self):
        with self.gate:
            self.pausing = True
            self.gate.wait_for(lambda: self.under_way == 0)
        try:
            yield
        finally:
            with self.gate:
                self.pausing = False
                self.gate.notify_all()

    # -- faults that let httpd itself fail ------------------------------------------------------------

    @contextlib.contextmanager
    def strange(self):
        span = [time.monotonic(), model.NEVER]
        self.strange_times.append(span)
        try:
            yield
        finally:
            span[1] = time.monotonic() + 1

    def is_strange(self, begun: float, ended: float) -> bool:
        return any(begun <= until and ended >= since for since, until in self.strange_times)

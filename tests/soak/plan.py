# SPDX-License-Identifier: Apache-2.0
"""From a seed what happens when: the same seed has the same faults in the same order, and clients that choose alike.

What threads and the machine make of it differs from run to run, so a replay comes close to the run that it repeats.
"""
from __future__ import annotations

import random
from collections.abc import Iterator


def dice(seed: int, *of) -> random.Random:
    """Each part of a run has its own, so that none moves another's on."""
    return random.Random(" ".join(map(str, (seed, *of))))


def troubles(seed: int, lane: str, names: list[str]) -> Iterator[tuple[float, str, random.Random]]:
    """Seconds to wait, which fault, and the dice for its details, without end: each of them once before any of them twice."""
    order, turn = dice(seed, lane), 0
    while names:
        deck = list(names)
        order.shuffle(deck)
        for name in deck:
            turn += 1
            yield order.uniform(0, 1.5), name, dice(seed, lane, turn)


def how_long(chance: random.Random) -> float:
    """Most faults are short; one in eight lasts longer than what the module waits for a statement."""
    return chance.uniform(5, 9) if chance.random() < 0.125 else chance.uniform(0.1, 2)

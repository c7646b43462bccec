# SPDX-License-Identifier: Apache-2.0
"""The faults. Each function begins one, waits, and ends it, also if the run is over meanwhile."""
from __future__ import annotations

import contextlib
import os
import random
import resource
import signal
import subprocess

import ctl
import plan
import stores
from hosts import THREADS_PER_CHILD

# -- processes of a host ---------------------------------------------------------------------------


def graceful_restart(world, host, _chance) -> None:
    host.graceful()


def hard_restart(_world, host, _chance) -> None:
    host.restart()


def child_killed(_world, host, chance) -> None:
    with contextlib.suppress(ProcessLookupError, IndexError):
        os.kill(chance.choice(host.children()), signal.SIGKILL)


def all_children_killed(_world, host, _chance) -> None:
    for child in host.children():
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


def child_stopped(world, host, chance) -> None:
    with contextlib.suppress(ProcessLookupError, IndexError):
        child = chance.choice(host.children())
        os.kill(child, signal.SIGSTOP)
        world.pause(chance.uniform(0.3, 3))
        os.kill(child, signal.SIGCONT)


def parent_killed(_world, host, chance) -> None:
    host.kill_parent(chance.uniform(0, 1.5))


PROCESSES = {"graceful restart": graceful_restart, "hard restart": hard_restart, "child killed": child_killed,
             "all children killed": all_children_killed, "child stopped": child_stopped, "parent killed": parent_killed}


# -- the database and the machine --------------------------------------------------------------------


def during(world, chance, context) -> None:
    with context:
        world.pause(plan.how_long(chance))


def foreign_lock(world, chance) -> None:
    during(world, chance, world.store.locked())


def full_disk(world, chance) -> None:
    during(world, chance, world.store.full())


def database_stopped(world, chance, how: int = signal.SIGTERM) -> None:
    world.store.stop(how)
    try:
        world.pause(plan.how_long(chance))
    finally:
        world.store.start()


def database_killed(world, chance) -> None:
    database_stopped(world, chance, chance.choice(stores.EXITS[world.store.name]))


def database_frozen(world, chance) -> None:
    during(world, chance, world.store.frozen())


def fail_over(world, chance) -> None:
    world.store.fail_over(chance.choice(stores.EXITS[world.store.name]), chance.uniform(0, 3))


def take_copy(world, chance):
    """And then more happens."""
    copy = world.model.copy_begins()
    content = world.store.copy()
    world.model.copy_ends(copy)
    world.pause(chance.uniform(1, 6))
    return copy, content


def copy_restored(world, chance) -> None:
    """While all hosts run: what ended since lives again."""
    copy, content = take_copy(world, chance)
    world.model.restore_begins()
    world.store.restore(content)
    world.model.restore_ends(copy)


def copy_restored_and_all_ended(world, chance) -> None:
    """As docs/guides/backup.md has it."""
    _, content = take_copy(world, chance)
    with contextlib.ExitStack() as stack:
        for host in world.hosts:
            stack.enter_context(host.busy)
            host.end()
        world.model.restore_begins()
        world.store.restore(content)
        done = ctl.run("revoke", "--all", "--yes", *ctl.of(world.hosts[0]))
        if done.status != 0 and "no such live sessions" not in done.err:
            raise RuntimeError(f"managed-sessionctl: {done!r}")
        world.model.all_over()
        for host in world.hosts:
            host.start()


def clock_step(world, chance) -> None:
    host = chance.choice(world.hosts)
    host.set_clock(chance.choice([-3600, -90, -30, -5, -2, 2, 5, 30, 90, 3600]))
    world.pause(plan.how_long(chance))
    if chance.random() < 0.7:
        host.set_clock(0)


def slow_reader(world, chance) -> None:
    host = chance.choice(world.hosts)
    pause = host.root / "run/pause"
    pause.touch()
    try:
        world.pause(plan.how_long(chance))
    finally:
        pause.unlink()


def limit(host, pid: int, number: int) -> None:
    """As its own user: root may lack the right in a container."""
    who = ["setpriv", f"--reuid={host.user}", f"--regid={host.user}", "--clear-groups"] if host.user else []
    subprocess.run([*who, "prlimit", f"--pid={pid}", f"--nofile={number}:"], capture_output=True)


def has_begun(pid: int) -> bool:
    """Whether it has all its threads. httpd ends as a whole if a child that starts has no descriptor for what it waits with."""
    with contextlib.suppress(OSError):
        return len(os.listdir(f"/proc/{pid}/task")) > THREADS_PER_CHILD
    return False


def descriptors_exhausted(world, chance) -> None:
    """Children have as many as they need at this moment, and a few more at most."""
    host = chance.choice(world.hosts)
    with host.busy, world.strange():
        normal = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        children = list(filter(has_begun, host.children()))
        for pid in children:
            with contextlib.suppress(OSError):
                limit(host, pid, len(os.listdir(f"/proc/{pid}/fd")) + chance.randrange(4))
        world.pause(chance.uniform(0.3, 2))
        for pid in children:
            limit(host, pid, normal)


def network_cut(world, chance) -> None:
    network = next(host.network for host in world.hosts if host.network)
    network.cut()
    try:
        world.pause(plan.how_long(chance))
    finally:
        network.mend()


MACHINE = {"foreign lock": foreign_lock, "full disk": full_disk, "database stopped": database_stopped, "database killed": database_killed,
           "database frozen": database_frozen, "fail-over": fail_over, "copy restored": copy_restored,
           "copy restored and all ended": copy_restored_and_all_ended, "clock step": clock_step, "slow reader of the event log": slow_reader,
           "descriptors exhausted": descriptors_exhausted, "network cut": network_cut}
WHY_NOT = {
    "full disk": "it needs root, who can mount a small disk",
    "network cut": "it needs two hosts and root, who can make a network namespace",
    "fail-over": "it needs a database server",
}


def possible(world) -> list[str]:
    """Of the machine's faults those that can be tried in this run."""
    always = {"clock step", "slow reader of the event log", "descriptors exhausted"}
    network = {"network cut"} if any(host.network for host in world.hosts) else set()
    return [name for name in MACHINE if name in always | network | world.store.may()]


# -- lanes -------------------------------------------------------------------------------------------


class Lane:
    """One fault after another. Two of these run at the same time: one for processes, one for all else."""

    def __init__(self, world, name: str, names: list[str]):
        self.world, self.name, self.plan = world, name, plan.troubles(world.seed, name, names)

    def live(self) -> None:
        while not self.world.over.is_set():
            gap, name, chance = next(self.plan)
            self.world.pause(gap)
            with self.world.turn():
                if not self.world.over.is_set():
                    self.happen(name, chance)

    def happen(self, name: str, chance: random.Random) -> None:
        self.world.tell(f"{name} begins")
        if name in PROCESSES:
            host = chance.choice(self.world.hosts)
            with host.busy:
                PROCESSES[name](self.world, host, chance)
        else:
            MACHINE[name](self.world, chance)
        self.world.tell(f"{name} is over")
        self.world.done[name] += 1

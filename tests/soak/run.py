# SPDX-License-Identifier: Apache-2.0
"""A soak: clients, administrators and faults at random for a while, and a model that knows who must be let in.

  run.py [--seconds 60] [--seed N] [--database sqlite|pgsql|mysql] [--clients 10]

The seed is printed; the same seed has the same faults in the same order. The first contradiction between module and model ends it
with the seed and the last steps of that session. model.py has what must be, troubles.py the faults, clients.py what clients do.
"""
from __future__ import annotations

import argparse
import contextlib
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).parent
LANES = 2
AUDIT = 120  # seconds between two looks at everything


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--database", choices=("sqlite", "pgsql", "mysql"), default="sqlite")
    parser.add_argument("--clients", type=int, default=10)
    return parser.parse_args()


def go_apart() -> None:
    """Root gets a namespace for mounts: small disks and networks go with the last process of this run."""
    unshare = shutil.which("unshare")
    if os.getuid() == 0 and unshare and "MS_APART" not in os.environ and os.spawnl(os.P_WAIT, unshare, unshare, "--mount", "true") == 0:
        os.execve(unshare, [unshare, "--mount", "--propagation", "private", sys.executable, "-B", *sys.argv], {**os.environ, "MS_APART": "1"})


CHOSEN = options()
if __name__ == "__main__":
    go_apart()
os.environ |= {"MS_CACHE": "on", "MS_DATABASE": CHOSEN.database}
sys.path[:0] = [str(HERE), str(HERE.parent / "http")]
import audit  # noqa: E402
import clients  # noqa: E402
import crashes  # noqa: E402
import databases  # noqa: E402
import harness  # noqa: E402
import hosts  # noqa: E402
import model  # noqa: E402
import pair_mysql  # noqa: E402
import pair_pgsql  # noqa: E402
import stores  # noqa: E402
import troubles  # noqa: E402
from world import World  # noqa: E402


def network(database: str) -> hosts.Network | None:
    """For the second host, if there is one."""
    if database == "sqlite" or os.environ.get("MS_APART") != "1" or not shutil.which("ip"):
        return None
    os.makedirs("/run/netns", exist_ok=True)
    if os.spawnlp(os.P_WAIT, "mount", "mount", "-t", "tmpfs", "tmpfs", "/run/netns") != 0:
        return None
    try:
        return hosts.Network()
    except subprocess.CalledProcessError as error:  # a container may not allow it to root either
        print(f"soak: no network of its own: {error.stderr.strip()}")
        return None


def start(stack: contextlib.ExitStack, database: str) -> tuple[list[hosts.Host], stores.Store]:
    cable = network(database)
    if cable:
        stack.callback(cable.remove)
    store = KINDS[database](cable)
    store.name = database
    stack.callback(store.remove)
    first = hosts.Host("first", store.database)
    store.set_up(first)
    stack.enter_context(first)
    all_hosts = [first]
    if database != "sqlite":
        all_hosts.append(stack.enter_context(hosts.Host("second", store.reached_at(store.address), cable)))
    return all_hosts, store


KINDS = {"sqlite": stores.Sqlite, "pgsql": pair_pgsql.PostgreSQL, "mysql": pair_mysql.MariaDB}
harness.DEADLINE = 60  # a soak may run beside much else


class Soak:
    def __init__(self, world: World, number_of_clients: int):
        self.world = world
        world.lasting = clients.Lasting(world)
        self.auditor = clients.Client(world, -1)
        self.lanes = [troubles.Lane(world, "processes", list(troubles.PROCESSES)), troubles.Lane(world, "machine", troubles.possible(world))]
        self.threads = [world.lasting.thread, *(clients.Client(world, i).thread for i in range(number_of_clients)),
                        *(threading.Thread(target=world.run, args=(lane.live,), daemon=True) for lane in self.lanes)]

    def run(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        for thread in self.threads:
            thread.start()
        while not self.world.over.is_set() and time.monotonic() < end:
            self.world.pause(min(AUDIT, max(0.1, end - time.monotonic())))
            with self.world.quiet():
                self.world.over.is_set() or self.world.run(lambda: audit.audit(self.world, self.auditor))
        self.world.over.set()
        for thread in self.threads:
            thread.join(120)
        self.world.lasting.close()
        self.world.run(lambda: cuts_were_right(self.world))
        self.world.run(lambda: hosts_are_sound(self.world))


def cuts_were_right(world: World) -> None:
    """No request of a session was cut that has lived all the time."""
    for host in world.hosts:
        for line in (host.root / "logs/events").read_text(errors="replace").splitlines():
            with contextlib.suppress(ValueError):  # half a line, if the reader was killed
                event = json.loads(line)
                session = world.model.sessions.get(event.get("session"))
                if event["event"] == "connections_cut" and session and not session.was_restored and audit.now_must_be(world, session, host) == model.IN:
                    raise model.Contradiction(world.model.report(session, f"its open requests were cut on {host.name}"))


def figures(world: World) -> str:
    answers, done = world.answers, world.done
    known = sum(n for status, n in answers.items() if status not in ("none", "503"))
    faults = ", ".join(f"{name} {n}" for name, n in sorted(done.items()))
    return (f"soak: {CHOSEN.database}, seed {CHOSEN.seed}, {time.monotonic() - world.begun:.0f} s, {len(world.hosts)} host{'s'[:len(world.hosts) - 1]}: "
            f"{sum(answers.values())} requests, {known} answers, {answers['503']} of 503, {answers['none']} without an answer; "
            f"judged: {world.model.judged[model.IN]} must be in, {world.model.judged[model.OUT]} must be out, "
            f"{world.model.judged[model.EITHER]} either; {len(world.model.sessions) + len(world.model.forgotten)} sessions, "
            f"{world.lasting.opened} open requests, {world.lasting.ended} of them closed by httpd; {sum(done.values())} faults: {faults}; {own_crashes(world)} crashes of httpd's own")


def own_crashes(world: World) -> int:
    return sum(crash.is_httpds_own() for host in world.hosts for crash in crashes.of(host.root))


def hosts_are_sound(world: World) -> None:
    """Nothing in the logs that must not be there; no crash; httpd's own crash is rare."""
    for host in world.hosts:
        try:
            host.check()
        except AssertionError as error:
            raise model.Contradiction(f"{host.name}: {error}") from None
    n, most = own_crashes(world), 2 + CHOSEN.seconds / 300
    if n > most:
        raise model.Contradiction(f"{n} crashes of httpd's own kind, and {most:.0f} are usual: see tests/http/crashes.py")


def keep(world: World) -> pathlib.Path:
    """The logs, to find out what happened."""
    folder = HERE.parents[1] / "build/soak"
    shutil.rmtree(folder, ignore_errors=True)
    for host in world.hosts:
        shutil.copytree(host.root / "logs", folder / host.name, ignore_dangling_symlinks=True)
    return folder


def report(world: World) -> int:
    print(figures(world), flush=True)
    if not world.contradiction and not world.broken:
        print("soak: no contradiction")
        return 0
    print("\n".join(["soak: CONTRADICTION" if world.contradiction else "soak: it broke itself", world.contradiction, world.broken,
                     "what happened before:", *(f"  {line}" for line in world.timeline),
                     f"the logs: {keep(world)}",
                     f"again: make soak SECONDS={CHOSEN.seconds:.0f} SEED={CHOSEN.seed} DATABASE={CHOSEN.database}"]))
    return 1 if world.contradiction else 2


def main() -> int:
    absent = databases.missing()
    if absent:
        print(f"soak: not on {CHOSEN.database}: not installed: {', '.join(absent)}")
        return 0
    print(f"soak: {CHOSEN.database}, seed {CHOSEN.seed}, {CHOSEN.seconds:.0f} s", flush=True)
    with contextlib.ExitStack() as stack:
        all_hosts, store = start(stack, CHOSEN.database)
        world = World(CHOSEN.seed, all_hosts, store)
        for name in [name for name in troubles.MACHINE if name not in troubles.possible(world)]:
            print(f"soak: without {name}: {troubles.WHY_NOT.get(name, 'not with this database')}")
        Soak(world, CHOSEN.clients).run(CHOSEN.seconds)
        status = report(world)
    return status


if __name__ == "__main__":
    sys.exit(main())

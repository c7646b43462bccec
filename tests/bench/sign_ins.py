# SPDX-License-Identifier: Apache-2.0
"""How long sign-ins take that 32 clients make at once on SQLite, in one or several builds of the module, in turn.

    make bench-signin                                                        # the module as it is built
    make bench-signin BENCH="--module before=/some/where/mod_managed_session.so --rounds 5"

Each is a new row: what they wait for is SQLite's one writer. Twice: each client begins the next as soon as it has the
response, so the processors are the limit; and so many a second in all, as users do, so the waits for each other are.
"""
from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import pathlib
import random
import socket
import tempfile
import threading
import time
import urllib.parse

import fill
import measure
import speed
from measure import harness

ROWS = 10_000
USERS = [f"user{i}" for i in range(400)]  # so that few have as many sessions as they may
QUANTILES = (0.5, 0.9, 0.99, 0.999)


class OfBuild(measure.Server):
    """An httpd with a module that was built elsewhere."""

    def __init__(self, config: str, module: str):
        kept, harness.MODULE = harness.MODULE, module or harness.MODULE
        try:
            super().__init__(config, database=fill.FilledSqlite(ROWS))
        finally:
            harness.MODULE = kept


def add_users(server: measure.Server) -> None:
    digest = base64.b64encode(hashlib.sha1(speed.PASSWORD.encode()).digest()).decode()
    server.write("hashed", "".join(f"{user}:{{SHA}}{digest}\n" for user in USERS))


def sign_in_request(user: str) -> bytes:
    return measure.post("/login", urllib.parse.urlencode({"username": user, "password": speed.PASSWORD}))


class Client(threading.Thread):
    """Signs in at random moments, at a rate, on one connection."""

    def __init__(self, port: int, number: int, each: float, seconds: float):
        super().__init__()
        self.port, self.number, self.each, self.seconds, self.took, self.failed = port, number, each, seconds, [], 0
        self.start()

    def run(self) -> None:
        chance, end, connection = random.Random(self.number), time.monotonic() + self.seconds, None
        while time.monotonic() < end:
            time.sleep(chance.expovariate(1 / self.each))
            connection = connection or socket.create_connection(("127.0.0.1", self.port), 30)
            begun = time.monotonic()
            try:
                connection.sendall(sign_in_request(chance.choice(USERS)))
                response = http.client.HTTPResponse(connection)
                response.begin()
                response.read()
                self.failed += response.status != 303
                self.took.append(time.monotonic() - begun)
            except (OSError, http.client.HTTPException):
                connection = None  # the event MPM ends idle ones when it is busy
                continue
            if response.will_close:
                connection = None


def at_rate(server: measure.Server, rate: float, seconds: float) -> tuple[list[float], int]:
    clients = [Client(server.port, i, measure.CLIENTS / rate, seconds) for i in range(measure.CLIENTS)]
    for client in clients:
        client.join()
    return [t for client in clients for t in client.took], sum(client.failed for client in clients)


def main() -> None:
    parser = measure.parser(__doc__)
    parser.add_argument("--module", action="append", default=[], metavar="NAME=FILE", help="another build, measured in turn")
    parser.add_argument("--rate", type=float, default=100, help="sign-ins a second of all clients")
    options = parser.parse_args()
    measure.print_machine(measure.machine())
    builds = {"as built": "", **dict(each.split("=", 1) for each in options.module)}
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ms-bench-")))
        variants = []
        for name, module in builds.items():
            server = OfBuild(measure.PROTECTED + speed.LOGIN, module)
            add_users(server)
            stack.enter_context(server)
            variants.append(measure.Variant(name, server, [sign_in_request(user) for user in USERS], status=303))
        paced: dict[str, list[float]] = {name: [] for name in builds}
        failed = dict.fromkeys(builds, 0)
        for variant in variants:
            measure.measure(variant, folder, options.warm, 0)
        for number in range(options.rounds):
            for variant in random.Random(number).sample(variants, len(variants)):
                variant.rounds.append(measure.measure(variant, folder, options.seconds, number))
                took, wrong = at_rate(variant.server, options.rate, options.seconds)
                paced[variant.name] += took
                failed[variant.name] += wrong + variant.rounds[-1]["failed"]
        print(f"{'':16}{'as fast as they can: median of the rounds':>48}{f'{options.rate:g} a second':>46}")
        heads = ["a second", "p50", "p99", "longest", *(f"p{100 * q:g}" for q in QUANTILES), "longest", "failed"]
        print(f"{'':16}" + "".join(f"{head:>10}" for head in heads))
        for variant in variants:
            fast = [measure.spread(r[key] for r in variant.rounds)["median"] for key in ("rps", "p50_us", "p99_us", "max_us")]
            took = sorted(paced[variant.name])
            row = [f"{fast[0]:,.0f}", *(f"{us / 1000:.1f}" for us in fast[1:]),
                   *(f"{took[int(len(took) * q)] * 1000:.1f}" for q in QUANTILES), f"{took[-1] * 1000:.1f}", str(failed[variant.name])]
            print(f"{variant.name:16}" + "".join(f"{cell:>10}" for cell in row))
        print("milliseconds")


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0
"""Whether httpd's children grow: their memory at intervals while they answer ten million requests of every kind.

    make bench-memory                                                     # about fifteen minutes
    make bench-memory BENCH="--requests 200000 --every 50000"
"""
from __future__ import annotations

import argparse
import contextlib
import pathlib
import statistics
import tempfile

import fill
import measure
import speed
from measure import PROTECTED, Server, Variant

SHARES = {"signed in": 90, "no cookie": 3, "malformed": 2, "forged": 3, "list": 1, "sign-in": 1}  # per cent
SECONDS = 5


def mixture(stack: contextlib.ExitStack) -> Variant:
    config = PROTECTED.replace("LoginLimit 0", "LoginLimit 0\nManagedSessionLimit 20") + speed.LOGIN + speed.LIST
    server = Server(config, database=fill.FilledSqlite(speed.ROWS, per_user=10))
    speed.add_users(server, "-s")
    stack.enter_context(server)
    tokens = iter(fill.some_tokens(speed.ROWS, speed.ROWS))
    makers = {"signed in": lambda: measure.with_cookie(next(tokens)), "no cookie": measure.get,
              "malformed": lambda: measure.with_cookie("x" * 66), "forged": lambda: measure.with_cookie(speed.forged_token()),
              "list": lambda: measure.with_cookie(next(tokens), "/sessions"), "sign-in": lambda: speed.sign_in_request(0)}
    requests = [makers[kind]() for kind, share in SHARES.items() for _ in range(share * 50)]
    return Variant("mixture", server, requests, status=0)


def slope(points: list[dict]) -> float:
    """Bytes of PSS a request, over the second half: by then threads, connections and caches are there."""
    half = points[len(points) // 2:]
    if len(half) < 2:
        return 0.0
    return statistics.linear_regression([p["requests"] for p in half], [p["pss"] * 2**20 for p in half]).slope


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000_000)
    parser.add_argument("--every", type=int, default=500_000, help="requests between two looks")
    options = parser.parse_args()
    about, points, done, failed = measure.machine(), [], 0, 0
    measure.print_machine(about)
    print(", ".join(f"{share} % {kind}" for kind, share in SHARES.items()))
    print(f"\n{'requests':>12}{'children':>9}{'RSS MiB':>9}{'PSS MiB':>9}{'requests/s':>12}{'failed':>8}")
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ms-bench-")))
        variant = mixture(stack)
        while done < options.requests:
            figures = measure.measure(variant, folder, SECONDS, done)
            done, failed = done + figures["requests"], failed + figures["failed"]
            if not points or done >= points[-1]["requests"] + options.every or done >= options.requests:
                children = measure.family(variant.server.process.pid)[1:]
                point = {"requests": done, "children": len(children), "failed": failed, **measure.memory(children)}
                points.append(point)
                print(f"{done:12,}{len(children):9}{point['rss']:9.1f}{point['pss']:9.1f}{figures['rps']:12,.0f}{failed:8}", flush=True)
    print(f"\nslope of the second half: {slope(points):+.3f} bytes a request")
    measure.keep("memory", {"machine": about, "points": points, "bytes_per_request": slope(points)})


if __name__ == "__main__":
    main()

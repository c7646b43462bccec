# SPDX-License-Identifier: Apache-2.0
"""What idle WebSockets cost when they are watched, and how long it takes to cut them all.

    make bench-open                                # 2,000 WebSockets of 100 sessions
    make bench-open BENCH="--sockets 500"

The same with ManagedSessionCutConnections On and Off: CPU time of httpd's children in a minute, memory of their own
(private pages), descriptors. Then one revocation ends all sessions.
"""
from __future__ import annotations

import argparse
import asyncio
import os
import pathlib
import resource
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "http"))

import harness  # noqa: E402
from backends import accept_of  # noqa: E402
from harness import COOKIE, JSON, SITE, Server, request, sign_in  # noqa: E402

SESSIONS = 100
THREADS = 512
KEY = "dGhlIHNhbXBsZSBub25jZQ=="


async def read_head(reader) -> bytes:
    return await reader.readuntil(b"\r\n\r\n")


async def application(reader, writer) -> None:
    await read_head(reader)
    writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
                 + accept_of(KEY).encode() + b"\r\n\r\n")
    try:
        while await reader.read(1000):
            pass
    except OSError:
        pass
    writer.close()


async def open_socket(port: int, token: str):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET /app/socket HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\nCookie: {COOKIE}={token}\r\n\r\n".encode())
    head = await read_head(reader)
    assert b" 101 " in head, head
    return reader, writer


def cpu(pids) -> float:
    """Seconds of CPU time."""
    ticks = sum(sum(int(n) for n in pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]) for pid in pids)
    return ticks / os.sysconf("SC_CLK_TCK")


def private(pids) -> float:
    """Megabytes of memory that no other process shares."""
    lines = [line for pid in pids for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private")) / 1024


def descriptors(pids) -> int:
    return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in pids)


async def wait_for_end(reader) -> float:
    try:
        while await reader.read(1000):
            pass
    except OSError:
        pass
    return time.monotonic()


async def measure(server: Server, sockets: int, idle: int, cut: bool) -> None:
    tokens = [await asyncio.to_thread(sign_in, server) for _ in range(SESSIONS)]
    opened = []
    for i in range(sockets):
        opened.append(await open_socket(server.port, tokens[i % SESSIONS]))
    await asyncio.sleep(2)
    pids = server.children()
    before = cpu(pids)
    await asyncio.sleep(idle)
    print(f"{'watched' if cut else 'not watched'}: {sockets} WebSockets, {len(pids)} processes: CPU {(cpu(pids) - before) / idle * 100:.2f} % "
          f"of one core, private memory {private(pids):.1f} MB, {descriptors(pids)} descriptors", flush=True)
    if cut:
        begun = time.monotonic()
        await asyncio.to_thread(request, server, "DELETE", "/sessions?scope=all", [("Cookie", f"{COOKIE}={tokens[0]}"), *JSON.items()])
        ends = sorted(await asyncio.gather(*(wait_for_end(reader) for reader, _ in opened)))
        print(f"revoked: the first was cut after {ends[0] - begun:.2f} s, half after {ends[len(ends) // 2] - begun:.2f} s, "
              f"all after {ends[-1] - begun:.2f} s", flush=True)
    for _, writer in opened:
        writer.close()


async def run(options) -> None:
    back = await asyncio.start_server(application, "127.0.0.1", 0, backlog=512)
    port = back.sockets[0].getsockname()[1]
    children = options.sockets // THREADS + 2
    for cut in (True, False):
        server = Server(SITE + f'<Location "/app">\nManagedSessionCutConnections {"On" if cut else "Off"}\n</Location>\n'
                        f'ProxyPass "/app/socket" "http://127.0.0.1:{port}/" upgrade=websocket\n', own_paths=(),
                        extra=f"ThreadLimit {THREADS}\nServerLimit {children}\nThreadsPerChild {THREADS}\n"
                              f"MaxRequestWorkers {THREADS * children}\nStartServers {children}\nMaxSpareThreads {THREADS * children}\n"
                              "LogLevel warn\nTimeout 300\nManagedSessionLimit 0\n")
        with server:
            server.expected_later.append("proxy")
            await measure(server, options.sockets, options.idle, cut)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sockets", type=int, default=2000)
    parser.add_argument("--idle", type=int, default=60, metavar="SECONDS")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    harness.DEADLINE = 60
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()

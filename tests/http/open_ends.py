# SPDX-License-Identifier: Apache-2.0
"""Both ends of requests that stay open: an application that is slow or silent, and clients that notice when they are cut."""
from __future__ import annotations

import contextlib
import http.server
import os
import socket
import struct
import threading
import time
import urllib.parse

import harness


class SlowApplication(http.server.ThreadingHTTPServer):
    """An HTTP application whose responses do not end by themselves.

    /stream: an event at once, then one each "pause" seconds. /silent: a head and then nothing. /mute: not even a head.
    /download: data without end. /upload: reads the body. .ended is set when the other side has gone.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address=("127.0.0.1", 0)):
        super().__init__(address, SlowHandler)
        self.port = self.server_address[1]
        self.release = threading.Event()  # ends what is silent
        self.begun, self.ended = threading.Semaphore(0), threading.Semaphore(0)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def wait_for_end(self) -> None:
        assert self.ended.acquire(timeout=harness.DEADLINE), "the application's connection is still open"

    def __exit__(self, *_) -> None:
        self.shutdown()
        self.server_close()


class SlowHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        self.server.begun.release()
        try:
            getattr(self, url.path.rpartition("/")[2])(float(dict(urllib.parse.parse_qsl(url.query)).get("pause", 3600)))
        except OSError:
            pass
        self.close_connection = True
        self.server.ended.release()

    do_POST = do_GET

    def head(self, kind: str = "text/event-stream") -> None:
        self.wfile.write(f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nConnection: close\r\n\r\n".encode())

    def wait(self, seconds: float) -> bool:
        """Whether the other side is still there after that time."""
        end = time.monotonic() + seconds
        self.connection.settimeout(min(seconds, 0.1))
        while time.monotonic() < end and not self.server.release.is_set():
            with contextlib.suppress(TimeoutError):
                return self.connection.recv(1) != b""
        return not self.server.release.is_set()

    def stream(self, pause):
        self.head()
        self.wfile.write(b"data: 1\n\n")
        while self.wait(pause):
            self.wfile.write(b"data: 2\n\n")

    def silent(self, pause):
        self.head()
        self.wait(pause)

    def mute(self, pause):
        self.wait(pause)

    def download(self, _):
        self.head("application/octet-stream")
        while True:
            self.wfile.write(bytes(65536))

    def upload(self, _):
        while self.rfile.read(1000):
            pass

    def small(self, _):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")

    def log_message(self, *_):
        pass


class Client:
    """A client in the middle of a request, which it sends as it is; .is_open() until its connection ends."""

    def __init__(self, server: harness.Server, target: str, token: str, method: str = "GET", headers=(), body: bytes = b"",
                 wrap=None, buffer: int = 0):
        self.socket = socket.socket()
        if buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.settimeout(harness.DEADLINE)
        self.socket.connect(("127.0.0.1", server.port))
        self.socket = wrap(self.socket) if wrap else self.socket
        pairs = [("Host", f"127.0.0.1:{server.port}"), ("Connection", "close"), ("Cookie", f"{harness.COOKIE}={token}"), *headers]
        self.socket.sendall(f"{method} {target} HTTP/1.1\r\n".encode() + "".join(f"{n}: {v}\r\n" for n, v in pairs).encode()
                            + b"\r\n" + body)

    def read_until(self, mark: bytes) -> bytes:
        data = b""
        while mark not in data:
            part = self.socket.recv(65536)
            assert part, f"the connection ended after {data!r}"
            data += part
        return data

    def is_open(self) -> bool:
        """It reads what comes for a moment, or until nothing comes."""
        self.socket.settimeout(0.05)
        try:
            return any(not self.socket.recv(65536) for _ in range(20)) is False
        except TimeoutError:
            return True
        except OSError:
            return False

    def read_to_end(self) -> int:
        """How many bytes came before the connection ended."""
        self.socket.settimeout(harness.DEADLINE)
        n = 0
        try:
            while part := self.socket.recv(1 << 20):
                n += len(part)
        except (ConnectionError, OSError) as error:
            assert not isinstance(error, TimeoutError), "the connection is still open"
        return n

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_) -> None:
        self.close()


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def abort(s: socket.socket) -> None:
    """Close with a reset, as a client that is killed."""
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()

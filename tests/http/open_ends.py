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
import serving


class SlowApplication(http.server.ThreadingHTTPServer):
    """An HTTP application whose responses do not end by themselves.

    /stream: an event at once, then one each "pause" seconds. /silent: a head and then nothing. /included: a page that includes /part, and then nothing. /mute: not even a head.
    /download: data without end. /upload: reads the body. /kept: a short response, after which the connection stays open. /broken: one with 500.
    .ended is set when the other side has gone; .peers are the other side's ports, one for each request.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address=("127.0.0.1", 0)):
        super().__init__(address, SlowHandler)
        self.port = self.server_address[1]
        self.release = threading.Event()  # ends what is silent
        self.peers: list[int] = []
        self.begun, self.ended = threading.Semaphore(0), threading.Semaphore(0)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def wait_for_end(self) -> None:
        assert self.ended.acquire(timeout=harness.DEADLINE), "the application's connection is still open"

    def __exit__(self, *_) -> None:
        serving.stop(self)


class SlowHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        self.server.peers.append(self.client_address[1])
        self.server.begun.release()
        try:
            getattr(self, url.path.rpartition("/")[2])(float(dict(urllib.parse.parse_qsl(url.query)).get("pause", 3600)))
        except OSError:
            pass
        self.close_connection = not url.path.endswith("/kept")
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
        self.wfile.write(b"retry: 100\ndata: 1\n\n")
        while self.wait(pause):
            self.wfile.write(b"data: 2\n\n")

    def silent(self, pause):
        self.head()
        self.wait(pause)

    def mute(self, pause):
        self.wait(pause)

    def included(self, pause):
        self.head("text/html")
        self.wfile.write(b'before <!--#include virtual="/part" --> after\n')
        self.wait(pause)

    def download(self, _):
        self.head("application/octet-stream")
        while True:
            self.wfile.write(bytes(65536))

    def upload(self, _):
        while self.rfile.read(1000):
            pass

    def farewell(self, _):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nManaged-Session-End: current\r\nConnection: close\r\n\r\nbye")
        self.wait(1.2)
        self.wfile.write(b"goodbye")

    def small(self, _):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")

    def kept(self, _):
        """In one piece: where there is a gap, mod_proxy waits until its client has read what came before."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 17)
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n" + bytes(20000))

    def broken(self, pause):
        self.wfile.write(b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 5\r\n\r\nsorry")
        self.wait(pause)

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
        self.host = f"127.0.0.1:{server.port}"
        self.send(target, token, method, headers, body)

    def send(self, target: str, token: str, method: str = "GET", headers=(), body: bytes = b"") -> None:
        given = {name for name, _ in headers}
        pairs = [("Host", self.host), *([] if "Connection" in given else [("Connection", "close")]),
                 ("Cookie", f"{harness.COOKIE}={token}"), *headers]
        self.socket.sendall(f"{method} {target} HTTP/1.1\r\n".encode() + "".join(f"{n}: {v}\r\n" for n, v in pairs).encode()
                            + b"\r\n" + body)

    def read_until(self, mark: bytes) -> bytes:
        self.socket.settimeout(harness.DEADLINE)
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


# -- HTTP/2 ----------------------------------------------------------------------------------------

DATA, HEADERS, RST_STREAM, SETTINGS = 0, 1, 3, 4
END_STREAM, ACK, END_HEADERS = 1, 1, 4


def hpack_text(text: str) -> bytes:
    data = text.encode()
    if len(data) < 127:
        return bytes([len(data)]) + data
    rest, length = len(data) - 127, b"\x7f"
    while rest >= 128:
        rest, length = rest >> 7, length + bytes([rest & 127 | 128])
    return length + bytes([rest]) + data


class Http2:
    """A connection of HTTP/2 without TLS (RFC 9113), several requests at once on it."""

    def __init__(self, server: harness.Server):
        self.socket = socket.create_connection(("127.0.0.1", server.port), harness.DEADLINE)
        self.stream, self.host, self.next_id = self.socket.makefile("rb"), f"127.0.0.1:{server.port}", 1
        self.came: dict[int, list[tuple[int, int, bytes]]] = {}
        self.socket.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        self._send(SETTINGS, 0, 0, b"")

    def _send(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        self.socket.sendall(len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload)

    def request(self, target: str, token: str, method: str = "GET", headers=(), parts=()) -> int:
        """The number of its stream. If it has parts of a body, it does not end after them."""
        pairs = [(":method", method), (":scheme", "http"), (":authority", self.host), (":path", target)]
        stream = self._begin(pairs, token, headers, 0 if parts else END_STREAM)
        for part in parts:
            self.send(stream, part)
        return stream

    def web_socket(self, target: str, token: str, headers=()) -> int:
        """Open one (RFC 8441). The number of its stream."""
        pairs = [(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"), (":authority", self.host), (":path", target)]
        return self._begin(pairs, token, [("sec-websocket-version", "13"), *headers], 0)

    def _begin(self, pairs, token: str, headers, flags: int) -> int:
        stream, self.next_id = self.next_id, self.next_id + 2
        self._send(HEADERS, END_HEADERS | flags, stream, b"".join(
            b"\0" + hpack_text(n) + hpack_text(v) for n, v in [*pairs, ("cookie", f"{harness.COOKIE}={token}"), *headers]))
        self.came[stream] = []
        return stream

    def send(self, stream: int, data: bytes) -> None:
        self._send(DATA, 0, stream, data)

    def read(self) -> None:
        """One frame."""
        head = self.stream.read(9)
        if len(head) < 9:
            raise ConnectionResetError("the connection has ended")
        payload = self.stream.read(int.from_bytes(head[:3], "big"))
        kind, flags, stream = head[3], head[4], int.from_bytes(head[5:], "big")
        if kind == SETTINGS and not flags & ACK:
            self._send(SETTINGS, ACK, 0, b"")
        if stream:
            self.came[stream].append((kind, flags, payload))

    def parts(self, stream: int, kind: int) -> list[bytes]:
        return [payload for each, _, payload in self.came[stream] if each == kind]

    def is_over(self, stream: int) -> bool:
        return any(kind == RST_STREAM or (kind in (DATA, HEADERS) and flags & END_STREAM) for kind, flags, _ in self.came[stream])

    def read_until(self, condition) -> None:
        while not condition():
            self.read()

    def __enter__(self) -> "Http2":
        return self

    def __exit__(self, *_) -> None:
        self.stream.close()
        self.socket.close()


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def abort(s: socket.socket) -> None:
    """Close with a reset, as a client that is killed."""
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()

# SPDX-License-Identifier: Apache-2.0
"""What httpd writes to a connection past its filters: interim answers, 101, and raw WebSocket tunnels."""
import contextlib
import hashlib
import http.server
import socketserver
import subprocess
import threading

import pytest

import backends
import serving
from harness import COOKIE, DEADLINE, SITE, Server, connect, get, sign_in

pytestmark = pytest.mark.sqlite
PLANTED = f"{COOKIE}=planted"
LONG = 140_000  # bytes, more than a head may have


class Uploads(http.server.ThreadingHTTPServer):
    """Takes uploads, sends "100 Continue" to a client that expects it, and returns their SHA-256."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), UploadHandler)
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def __exit__(self, *_) -> None:
        serving.stop(self)


class UploadHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = DEADLINE

    def do_PUT(self):
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            data = b""
            while size := int(self.rfile.readline(), 16):
                data += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            data = self.rfile.read(int(self.headers["Content-Length"]))
        body = hashlib.sha256(data).hexdigest().encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PUT

    def log_message(self, *_):
        pass


class Speaker(socketserver.ThreadingTCPServer):
    """Sends .answer for each head that it reads; .asked has these heads."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), SpeakerHandler)
        self.port = self.server_address[1]
        self.answer, self.asked = b"", []
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def __exit__(self, *_) -> None:
        serving.stop(self)


class SpeakerHandler(socketserver.StreamRequestHandler):
    timeout = DEADLINE

    def handle(self):
        with contextlib.suppress(OSError):  # httpd may close at any time
            while True:
                first, headers = backends.read_head(self.rfile)
                if not first:
                    return
                self.server.asked.append((first, headers))
                answer = self.server.answer
                for piece in answer if isinstance(answer, list) else [answer]:
                    self.wfile.write(piece)
                    self.wfile.flush()


CONFIG = SITE + """
Protocols h2c http/1.1
H2EarlyHints On
ProxyPass "/app/up" "http://127.0.0.1:@UP@"
ProxyPass "/pub/up" "http://127.0.0.1:@UP@"
ProxyPass "/pub/upgrade" "http://127.0.0.1:@SAY@/upgrade" upgrade=websocket
ProxyPass "/pub/say" "http://127.0.0.1:@SAY@/"
ProxyPass "/pub/fallback" "ws://127.0.0.1:@SAY@/"
<LocationMatch "^/pub/raw">
    ProxyWebsocketFallbackToProxyHttp Off
</LocationMatch>
ProxyPass "/pub/raw" "ws://127.0.0.1:@SAY@/"
<Location "/pub">
    ManagedSessionUserHeader X-Remote-User
</Location>
"""


@pytest.fixture(scope="module")
def site():
    with contextlib.ExitStack() as stack:
        uploads, speaker = stack.enter_context(Uploads()), stack.enter_context(Speaker())
        config = CONFIG.replace("@UP@", str(uploads.port)).replace("@SAY@", str(speaker.port))
        server = Server(config, modules="proxy_wstunnel http2")
        server.speaker, server.uploads = speaker, uploads
        yield stack.enter_context(server)


# -- uploads ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["app", "pub"])
@pytest.mark.parametrize("version", ["--http1.0", "--http1.1", "--http2-prior-knowledge"])
@pytest.mark.parametrize("more", [["-H", "Expect: 100-continue"], ["-H", "Transfer-Encoding: chunked"], []],
                         ids=["expect", "chunked", "curl"])
def test_a_large_upload_arrives(site, place, version, more):
    if version == "--http2-prior-knowledge" and "chunked" in str(more):
        more = []
    data = bytes(range(256)) * 8192  # 2 MB
    file = site.write("upload", data)
    done = subprocess.run(["curl", "-sS", "-m", str(DEADLINE), version, "-T", str(file), "-w", " %{http_code}", *more,
                           "-H", f"Cookie: {COOKIE}={sign_in(site)}", f"http://127.0.0.1:{site.port}/{place}/up/"],
                          capture_output=True, text=True)
    assert done.stdout == hashlib.sha256(data).hexdigest() + " 200", done.stderr


def test_a_client_that_waits_for_100_gets_it_before_it_sends(site):
    body = b"x" * 1000
    for _ in range(2):  # the second on the same connection
        with connect(site) as s:
            for _ in range(2):
                s.sendall(b"PUT /pub/up/ HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1000\r\n\r\n")
                stream = s.makefile("rb")
                assert backends.read_head(stream)[0] == "HTTP/1.1 100 Continue"
                s.sendall(body)
                first, headers = backends.read_head(stream)
                assert first == "HTTP/1.1 200 OK"
                assert stream.read(64).decode() == hashlib.sha256(body).hexdigest()


def test_a_protected_upload_without_a_session_is_refused_before_it_is_sent(site):
    with connect(site) as s:
        s.sendall(b"PUT /app/up/ HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2000000\r\n\r\n")
        assert backends.read_head(s.makefile("rb"))[0] == "HTTP/1.1 401 Unauthorized"


# -- interim answers -------------------------------------------------------------------------------

FINAL = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfinal"
HINTS = (f"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nSet-Cookie: {PLANTED}; Path=/\r\nSet-Cookie: other=1\r\n"
         "Managed-Session-User: root\r\nmanaged-session-end: all\r\nManaged-Session-Remember: 1\r\nmanaged-session-label: x\r\n"
         "X-Other: 1\r\n\r\n").encode()


def received(server, target: str, headers: str = "", version: str = "1.1") -> bytes:
    with connect(server) as s:
        s.sendall(f"GET {target} HTTP/{version}\r\nHost: a\r\nConnection: close\r\n{headers}\r\n".encode())
        return b"".join(iter(lambda: s.recv(65536), b""))


def clean(data: bytes) -> bool:
    return b"planted" not in data and b"managed-session" not in data.lower()


def test_an_interim_answer_passes_without_what_is_ours(site):
    site.speaker.answer = HINTS + HINTS + FINAL
    data = received(site, "/pub/say")
    assert data.count(b"HTTP/1.1 103 Early Hints\r\n") == 2 and data.count(b"Link: </a.css>; rel=preload\r\n") == 2
    assert data.count(b"Set-Cookie: other=1\r\n") == 2 and clean(data) and data.endswith(b"\r\n\r\nfinal")


def test_an_interim_answer_passes_on_each_request_of_a_connection(site):
    site.speaker.answer = HINTS + FINAL
    with connect(site) as s:
        stream = s.makefile("rb")
        for _ in range(5):
            s.sendall(b"GET /pub/say HTTP/1.1\r\nHost: a\r\n\r\n")
            hints = backends.read_head(stream)
            answer = backends.read_head(stream)
            assert hints[0].endswith("103 Early Hints") and ("Link", "</a.css>; rel=preload") in hints[1]
            assert "200" in answer[0] and stream.read(5) == b"final"
            assert not [v for n, v in hints[1] + answer[1] if n.lower().startswith("managed") or v.startswith(PLANTED)]


def test_a_body_that_looks_like_an_interim_answer_is_a_body(site):
    """Also on a connection that had a request to an application before."""
    site.write("htdocs/looks.txt", HINTS)
    site.speaker.answer = FINAL
    with connect(site) as s:
        stream = s.makefile("rb")
        for target in ("/pub/say", "/looks.txt", "/pub/say", "/looks.txt"):
            s.sendall(f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            _, headers = backends.read_head(stream)
            body = stream.read(int(dict(headers)["Content-Length"]))
            assert body == (HINTS if target == "/looks.txt" else b"final")
    site.speaker.answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(HINTS) + HINTS
    assert received(site, "/pub/say").endswith(HINTS)


def test_http2_gets_the_interim_answer_without_what_is_ours(site):
    site.speaker.answer = HINTS + FINAL
    done = subprocess.run(["curl", "-sS", "-i", "-m", str(DEADLINE), "--http2-prior-knowledge", f"http://127.0.0.1:{site.port}/pub/say"],
                          capture_output=True)
    assert done.stdout.endswith(b"final") and b"HTTP/2 200" in done.stdout and clean(done.stdout), done.stderr
    assert b"HTTP/2 103" in done.stdout and b"x-other: 1" in done.stdout


def test_http_1_0_gets_no_interim_answer(site):
    site.speaker.answer = HINTS + FINAL
    data = received(site, "/pub/say", version="1.0")
    assert data.count(b"HTTP/1.1 ") == 1 and clean(data) and data.endswith(b"final")


# -- 101 and raw tunnels ---------------------------------------------------------------------------

UPGRADE = "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
OPEN = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"


def tunnel(server, way: str):
    s = connect(server)
    s.sendall(f"GET /pub/{way} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n{UPGRADE}\r\n".encode())
    return s


def all_of(s) -> bytes:
    """What comes until the connection is closed, orderly or not."""
    data = b""
    with contextlib.suppress(ConnectionError):
        while piece := s.recv(65536):
            data += piece
    return data


def filler(length: int) -> bytes:
    """Header lines of that length together, each short enough for httpd."""
    return b"".join(b"X-%05d: %s\r\n" % (i, b"y" * 990) for i in range(length // 1000))


@pytest.mark.parametrize("way", ["upgrade", "fallback", "raw"])
def test_a_head_that_is_too_long_to_read_closes_the_connection(site, way):
    site.expect("AH0|AH10221")
    site.speaker.answer = OPEN + filler(LONG) + f"Set-Cookie: {PLANTED}\r\n\r\n".encode() + b"bytes of the tunnel"
    with tunnel(site, way) as s:
        data = all_of(s)
    assert clean(data) and b"bytes of the tunnel" not in data and "MS0120" in site.error_log()


@pytest.mark.parametrize("way", ["upgrade", "fallback", "raw"])
def test_a_long_head_that_can_be_read_is_sifted(site, way):
    site.speaker.answer = OPEN + filler(60_000) + f"Set-Cookie: {PLANTED}\r\nX-Last: 1\r\n\r\n".encode()
    with tunnel(site, way) as s:
        first, headers = backends.read_head(s.makefile("rb"))
    assert " 101 " in first and ("X-Last", "1") in headers and not [v for _, v in headers if "planted" in v]


BODY = b"\r\nContent-Length: 4\r\n\r\nbody"


@pytest.mark.parametrize("status", ["200 OK", "302 Found", "403 Forbidden", "500 No"])
@pytest.mark.parametrize("line", [
    f"Set-Cookie: {PLANTED}", f"Set-Cookie:{PLANTED}; Path=/", f"set-cookie : {PLANTED}", f"Set-Cookie:\r\n {PLANTED}; Path=/",
    "Managed-Session-User: planted", "MANAGED-SESSION-END:\tplanted", "Managed-Session-User:\r\n\tplanted", "Managed-Session-Name: planted", "managed-session-EXPIRES-in :planted"], ids=repr)
def test_a_raw_tunnel_passes_another_answer_without_what_is_ours(site, status, line):
    """An application that does not open the WebSocket."""
    site.speaker.answer = f"HTTP/1.1 {status}\r\nX-Before: 1\r\n{line}\r\nX-After: 1\r\nSet-Cookie: other=1".encode() + BODY
    with tunnel(site, "raw") as s:
        stream = s.makefile("rb")
        first, headers = backends.read_head(stream)
        assert first.endswith(status) and stream.read(4) == b"body"
    assert {("X-Before", "1"), ("X-After", "1"), ("Set-Cookie", "other=1"), ("Connection", "close")} <= set(headers)
    assert clean(repr(headers).encode())


def test_a_raw_tunnel_passes_an_interim_answer_and_what_follows_without_what_is_ours(site):
    site.speaker.answer = HINTS + OPEN + f"Set-Cookie: {PLANTED}\r\n\r\n".encode() + b"bytes"
    with tunnel(site, "raw") as s:
        stream = s.makefile("rb")
        hints, opened = backends.read_head(stream), backends.read_head(stream)
        assert "103" in hints[0] and " 101 " in opened[0] and stream.read(5) == b"bytes"
    assert clean(repr([hints, opened]).encode())


def test_a_raw_head_that_comes_byte_by_byte_is_read_as_one(site):
    head = OPEN + f"Set-Cookie: {PLANTED}\r\nX-Last: 1\r\n\r\n".encode()
    site.speaker.answer = [head[i:i + 1] for i in range(len(head))] + [b"bytes"]
    with tunnel(site, "raw") as s:
        stream = s.makefile("rb")
        first, headers = backends.read_head(stream)
        assert " 101 " in first and ("X-Last", "1") in headers and stream.read(5) == b"bytes" and clean(repr(headers).encode())


@pytest.mark.parametrize("end", ["\n\n", "\n\r\n"], ids=repr)
def test_a_raw_head_with_bare_line_feeds_is_sifted_too(site, end):
    site.speaker.answer = f"HTTP/1.1 200 OK\nSet-Cookie: {PLANTED}\nX-Last: 1{end}".encode()
    with tunnel(site, "raw") as s:
        stream = s.makefile("rb")
        head = list(iter(lambda: stream.readline().strip(), b""))
    assert b"200" in head[0] and b"X-Last: 1" in head and clean(b"".join(head))


@pytest.mark.parametrize("answer", [f"\r\nHTTP/1.1 200 OK\r\nSet-Cookie: {PLANTED}\r\n\r\n", "HTTP/2 200\r\n\r\nplanted",
                                    "ICY 200 OK\r\n\r\nplanted", "<html>planted"], ids=repr)
def test_a_raw_tunnel_that_does_not_begin_with_a_head_is_closed(site, answer):
    site.expect("AH0")
    site.speaker.answer = answer.encode()
    with tunnel(site, "raw") as s:
        assert b"planted" not in all_of(s)


FORGED = b"GET /second HTTP/1.1\r\nHost: a\r\nX-Remote-User: admin\r\n\r\n"


def test_a_client_cannot_send_a_second_request_through_a_raw_tunnel(site):
    """The application would believe its headers, and nothing would read its answer."""
    site.speaker.answer, site.speaker.asked[:] = FINAL, []
    with tunnel(site, "raw") as s:
        stream = s.makefile("rb")
        backends.read_head(stream)
        assert stream.read(5) == b"final"
        s.sendall(FORGED)
        assert all_of(s) == b""
    assert [first for first, _ in site.speaker.asked] == ["GET / HTTP/1.1"]


def test_a_client_cannot_send_ahead_through_a_raw_tunnel(site):
    site.expect("AH0")
    site.speaker.answer, site.speaker.asked[:] = b"", []
    with tunnel(site, "raw") as s:
        while not site.speaker.asked:  # until the tunnel stands
            pass
        s.sendall(FORGED)
        all_of(s)
    assert [first for first, _ in site.speaker.asked] == ["GET / HTTP/1.1"]


def test_after_a_tunnel_the_server_serves_others(site):
    assert get(site, "/").status == 200


# -- responses without a head ----------------------------------------------------------------------


@pytest.mark.parametrize("body", [b"H", b"HTTP/1.1 1", HINTS, b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b"], ids=len)
@pytest.mark.parametrize("version", ["0.9", "2"])
def test_a_body_is_no_head_also_if_no_head_comes_before_it(site, body, version):
    site.speaker.answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    if version == "2":
        done = subprocess.run(["curl", "-sS", "-m", str(DEADLINE), "--http2-prior-knowledge", f"http://127.0.0.1:{site.port}/pub/say"],
                              capture_output=True)
        assert done.stdout == body, done.stderr
        return
    with connect(site) as s:
        s.sendall(b"GET /pub/say\r\n")
        assert all_of(s) == body

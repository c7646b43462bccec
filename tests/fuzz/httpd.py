# SPDX-License-Identifier: Apache-2.0
"""Requests at random for a whole httpd with all handlers, HTTP/1.1 and HTTP/2, under AddressSanitizer and UBSan.

  MS_TOOL=asan MS_MODULE=build/asan/mod_managed_session.so httpd.py [--seconds 60] [--seed N] [--only I]

Each request is made from the seed, which is printed, and its number: --seed N --only I sends that one again. It ends with an
error if httpd crashes, a sanitizer reports, a response does not come within the deadline or is a 5xx, a client that has no
token sees a protected page, or a secret stands in a body or a log.
"""
import argparse
import collections
import contextlib
import http.client
import json
import pathlib
import random
import re
import socket
import sys
import threading
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "http"))
import harness  # noqa: E402
from harness import COOKIE, PAGE, SITE, Backend, Server, sign_in  # noqa: E402

CONFIG = SITE + """
ManagedSessionEventLog "@ROOT@/logs/events.log"
ManagedSessionRemember Ask
<Location "/admin">
    SetHandler managed-session-admin
    AuthType ManagedSession
    AuthName "administration"
    Require user bob
</Location>
<Location "/metrics">
    SetHandler managed-session-metrics
    Require all granted
</Location>
<Location "/health">
    SetHandler managed-session-health
    Require all granted
</Location>
<Location "/open">
    ManagedSession On
</Location>
<Location "/check">
    SetHandler managed-session-check
    ManagedSessionCheckPeers 127.0.0.1
</Location>
<Location "/dav">
    AuthType Basic
    AuthName "files"
    AuthBasicProvider managed-session file
    AuthUserFile "@ROOT@/passwords"
    Require valid-user
</Location>
ProxyPass "/app/echo" "http://127.0.0.1:@APP@/"
<Location "/app/echo">
    ManagedSessionUserHeader X-User
    ManagedSessionBackendLogin On
</Location>
Protocols h2c http/1.1
"""
LOGGED = r"AH\d+|MS0\d+"  # what clients cause; crashes and reports of sanitizers are found beside these
METHODS = ["GET"] * 6 + ["POST"] * 5 + ["HEAD", "DELETE", "DELETE", "OPTIONS", "PUT", "PATCH", "TRACE", "PROPFIND", "G%T", ""]
PLACES = ["/login", "/logout", "/sessions", "/admin", "/metrics", "/health", "/app/", "/app/echo", "/open/", "/", "/none", "/check", "/dav/"]
WORDS = ["alice", "bob", "wonderland", "builder", "revoke", "revoke-others", "revoke-all", "revoke-ip", "rename", "1", "others", "all", "user", "ip",
         "127.0.0.1", "/app/", "//evil.test", "/%2e%2e//x", "https://app.test/app/", "\0", "%00", "%zz", "\u00e4\u202e\U0001f600", "a" * 300,
         "<script>", "'\"--", "\x7f\x01", "0", "-1", "99999999999999999999", "en;q=0.5,de", "text/html", "application/json", "*/*;q=0",
         "navigate", "document", "cross-site", "same-origin", "none", "null", "websocket", "h2c", "100-continue", "chunked", "https"]
FIELDS = ["username", "password", "return", "remember", "csrf", "action", "id", "user", "ip", "scope", "confirm", "before", "after", "done",
          "form", "name", "x"]
HEADERS = ["Accept", "Accept-Language", "User-Agent", "Sec-CH-UA", "Sec-CH-UA-Platform", "Origin", "Referer", "Sec-Fetch-Site", "Sec-Fetch-Mode",
           "Sec-Fetch-Dest", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "Authorization", "Upgrade", "Expect",
           "X-Requested-With", "X-User", "X_User", "Managed-Session-User", "If-None-Match", "If-Modified-Since", "Range", "Cache-Control",
           "Content-Encoding", "Content-Type", "Host", "X-Forwarded-Method", "X-Forwarded-Uri", "X-Original-URL", "Access-Control-Request-Method",
           "Idempotency-Key", "TE"]
TYPES = ["application/x-www-form-urlencoded"] * 6 + ["application/json"] * 3 + ["application/json; charset=x", "multipart/form-data; boundary=x", "text/plain", ""]
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


class Maker:
    """One request, from a seed and its number."""

    def __init__(self, seed: int, number: int, tokens: list[str]):
        self.dice = random.Random(f"{seed}/{number}")
        self.tokens = tokens
        self.is_signed_in = False
        self.is_http2 = self.dice.random() < 0.25
        self.method = self.dice.choice(METHODS)
        self.target = self.make_target()
        self.body = self.make_body()
        self.headers = self.make_headers()

    def word(self) -> str:
        if self.dice.random() < 0.1:
            return "".join(chr(self.dice.choice((self.dice.randrange(1, 256), self.dice.randrange(32, 127)))) for _ in range(self.dice.randrange(40)))
        if self.dice.random() < 0.1:
            return self.dice.choice((self.dice.choice(self.tokens)[:22], "A" * 22 + "." + "b" * 43))  # a token is in cookies only
        return self.dice.choice(WORDS)

    def pairs(self, most: int) -> str:
        return "&".join(f"{self.dice.choice(FIELDS)}={self.escaped(self.word())}" for _ in range(self.dice.randrange(most)))

    def escaped(self, text: str) -> str:
        return urllib.parse.quote(text) if self.dice.random() < 0.8 else text.replace(" ", "+")

    def make_target(self) -> str:
        target = self.dice.choice(PLACES)
        target += self.dice.choice(["", "", "", "/" + self.word(), "/" + self.dice.choice(self.tokens)[:22], "/../x", "%2f"])
        target += self.dice.choice(["", "", "?" + self.pairs(4)])
        return re.sub(r"[\x00-\x20\x7f-\xff]", lambda m: f"%{ord(m[0]):02x}", target.encode().decode("latin-1"))

    def cookie(self) -> str:
        if self.dice.random() < 0.6:
            self.is_signed_in = True
            return f"{COOKIE}={self.dice.choice(self.tokens)}"
        return f"{self.dice.choice((COOKIE, 'a', ' ' + COOKIE))}={self.word()}"

    def make_body(self) -> bytes:
        if self.dice.random() < 0.4:
            return b""
        if self.dice.random() < 0.1:
            return self.dice.randbytes(self.dice.randrange(20000))
        if self.dice.random() < 0.2:
            members = {self.dice.choice(FIELDS): self.dice.choice((self.word(), 1, None, True, [], {})) for _ in range(4)}
            return json.dumps(members).encode()[:self.dice.choice((9999, 9999, 9999, 20))]
        if self.dice.random() < 0.3:
            name = self.dice.choice(("alice", "bob"))
            return f"username={name}&password={harness.PASSWORDS[name]}&{self.pairs(3)}".encode()
        return self.pairs(8).encode()

    def make_headers(self) -> list[tuple[str, str]]:
        headers = [("Host", "app.test")] if self.dice.random() < 0.97 else []
        headers += [("Cookie", "; ".join(self.cookie() for _ in range(self.dice.randrange(1, 4))))] if self.dice.random() < 0.7 else []
        headers += [("Content-Type", self.dice.choice(TYPES))] if self.body else []
        headers += [(self.dice.choice(HEADERS), ", ".join(self.word() for _ in range(self.dice.randrange(1, 3))))
                    for _ in range(self.dice.randrange(6))]
        bad = "[\r\n\0]" if self.dice.random() < 0.05 else "[\0-\x1f\x7f]"  # httpd refuses the others itself
        return [(name, re.sub(bad, " ", value)) for name, value in headers]

    def has_token(self) -> bool:
        return any(token in str(self.headers) for token in self.tokens)

    # -- on the wire ------------------------------------------------------------------------------

    def http1(self) -> bytes:
        lines = [f"{self.method} {self.target} HTTP/1.{self.dice.choice('111110')}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in self.headers if name != "Upgrade" or self.dice.random() < 0.5]
        if self.dice.random() < 0.2 and self.body:
            chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(self.body), self.body)
            return "\r\n".join([*lines, "Transfer-Encoding: chunked", "", ""]).encode() + chunks
        lines.append(f"Content-Length: {len(self.body) + (self.dice.random() < 0.02)}")
        return "\r\n".join([*lines, "", ""]).encode() + self.body

    def http2(self) -> bytes:
        pairs = [(":method", self.method or "GET"), (":scheme", "http"), (":path", self.target), (":authority", "app.test")]
        pairs += [(n.lower(), v) for n, v in self.headers if n not in ("Host", "Upgrade", "Expect")]
        block = b"".join(b"\0" + literal(name.encode()) + literal(value.encode()) for name, value in pairs)
        end = 0 if self.body else 1
        frames = [frame(4, 0, 0, b""), *([frame(1, 4 | end, 1, block)] if len(block) < 16000 else [])]
        frames += [frame(0, self.body[i + 8000:] == b"", 1, self.body[i:i + 8000]) for i in range(0, len(self.body), 8000)]
        return PREFACE + b"".join(frames)


def literal(text: bytes) -> bytes:
    """A string of HPACK (RFC 7541, 5.2), without Huffman coding."""
    if len(text) < 127:
        return bytes([len(text)]) + text
    rest, number = len(text) - 127, b"\x7f"
    while rest >= 128:
        number += bytes([rest % 128 + 128])
        rest //= 128
    return number + bytes([rest]) + text


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, int(flags)]) + stream.to_bytes(4, "big") + payload


def read_http2(s: socket.socket) -> bytes:
    """The body of stream 1, or what came of it until the connection was closed."""
    file, body = s.makefile("rb"), b""
    while len(head := file.read(9)) == 9:
        payload, kind, flags = file.read(int.from_bytes(head[:3], "big")), head[3], head[4]
        body += payload if kind == 0 else b""
        if kind in (3, 7) or (kind in (0, 1) and flags & 1):
            break
    return body


class Run:
    def __init__(self, server: Server, seed: int):
        self.server, self.seed = server, seed
        self.tokens = [sign_in(server, user) for user in ("alice", "bob", "alice")]
        self.came: collections.Counter = collections.Counter()
        self.wrong: list[str] = []

    def send(self, number: int) -> None:
        made = Maker(self.seed, number, self.tokens)
        with harness.connect(self.server) as s:
            try:
                s.sendall(made.http2() if made.is_http2 else made.http1())
                with contextlib.suppress(OSError):
                    s.shutdown(socket.SHUT_WR) if not made.is_http2 else None
                status, body = (2, read_http2(s)) if made.is_http2 else self.read_http1(s, made)
            except (ConnectionError, http.client.HTTPException, ValueError) as error:
                status, body = type(error).__name__, b""
        self.came[status] += 1
        self.judge(number, made, status, body)

    def read_http1(self, s: socket.socket, made: Maker) -> tuple[int, bytes]:
        response = http.client.HTTPResponse(s, method=made.method or "GET")
        response.begin()
        body = response.read()
        for cookie in response.headers.get_all("Set-Cookie", []):
            value = cookie.split(";")[0].partition("=")[2]
            harness.issued.add(value[23:].encode()) if len(value) == 66 else None
        return response.status, body

    def judge(self, number: int, made: Maker, status, body: bytes) -> None:
        allowed = (501, 502, 505, 500) if "/app/echo" in made.target else (501, 505)  # the application's bad headers are a 500
        if isinstance(status, int) and status >= 500 and status not in allowed:
            self.wrong.append(f"{number}: status {status}")
        if body == PAGE.encode() and not made.has_token():
            self.wrong.append(f"{number}: the protected page without a token")
        if made.method != "TRACE" and "/app/echo" not in made.target and harness.has_secret(body):
            self.wrong.append(f"{number}: a secret in a body")

    def work(self, numbers, until: float) -> None:
        for number in numbers:
            if self.wrong or time.monotonic() > until:
                return
            try:
                self.send(number)
            except TimeoutError:
                self.wrong.append(f"{number}: no response")


def check(run: Run) -> None:
    """What a crash leaves behind, beside lines that clients may cause."""
    run.server.expect(LOGGED, status_5xx=True)
    log = run.server.error_log()
    for line in re.findall(r".*(?:exit signal|Sanitizer|runtime error|Assertion).*", log):
        run.wrong.append(line)
    try:
        run.server.check()
    except AssertionError as error:
        run.wrong.append(str(error)[:4000])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10 ** 9))
    parser.add_argument("--only", type=int)
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    with contextlib.ExitStack() as stack:
        application = stack.enter_context(Backend())
        server = Server(CONFIG.replace("@APP@", str(application.port)), modules="http2")
        stack.callback(server.remove)
        server.start()
        stack.callback(server.stop)
        server.write("htdocs/open/index.html", "open page\n")
        run = Run(server, options.seed)
        until = time.monotonic() + options.seconds
        if options.only is not None:
            run.work([options.only], until)
        else:
            threads = [threading.Thread(target=run.work, args=(range(i, 10 ** 9, 4), until)) for i in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        check(run)
    for wrong in run.wrong[:20]:
        print(f"seed {options.seed}, {wrong}")
    print(f"fuzz-http: {sum(run.came.values())} requests, " + ", ".join(f"{n} × {what}" for what, n in run.came.most_common(12)))
    return 1 if run.wrong else 0


if __name__ == "__main__":
    sys.exit(main())

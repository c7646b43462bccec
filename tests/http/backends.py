# SPDX-License-Identifier: Apache-2.0
"""Real applications behind httpd. Each returns what it received: over HTTP, WebSocket, AJP,
SCGI, FastCGI, uwsgi, CGI, Lua and SSI.

Every echo answers with a JSON list of [name, value] in the names of CGI, so that one test fits all;
"?Status=404&Set-Cookie=a" requests that status and header, if the protocol has them.
"""
from __future__ import annotations

import base64
import hashlib
import html
import http.server
import json
import os
import pathlib
import re
import shutil
import socket
import socketserver
import subprocess
import threading
import time
import urllib.parse

import harness
import processes
import serving

PHP_FPM = next((str(p) for p in sorted(pathlib.Path("/usr/sbin").glob("php-fpm*"))), None)
UWSGI = shutil.which("uwsgi") if list(pathlib.Path("/usr/lib/uwsgi/plugins").glob("python3_plugin.so")) else None
NO_PHP_FPM = "php-fpm is not installed (Debian package php-fpm)"
NO_UWSGI = "uwsgi is not installed (Debian packages uwsgi-core and uwsgi-plugin-python3)"


def env_name(header: str) -> str:
    """The name of a header in the environment of CGI, WSGI, PHP and the like."""
    return "HTTP_" + re.sub(r"[^A-Z0-9]", "_", header.upper())


def wanted(query: str) -> tuple[int, list[tuple[str, str]]]:
    """The status and the headers that a query requests of an echo."""
    pairs = urllib.parse.parse_qsl(query)
    return int(dict(pairs).get("Status", 200)), [(n, v) for n, v in pairs if n != "Status"]


def seen(answer: harness.Answer) -> list[tuple[str, str]]:
    """What the application received."""
    assert answer.status == 200, (answer.status, answer.text)
    if answer.text.startswith("["):
        return [(name, value) for name, value in json.loads(answer.body)]
    lines = [line.partition("=") for line in html.unescape(answer.text).splitlines() if "=" in line]
    return [(name, value) for name, _, value in lines]


def told(answer: harness.Answer, name: str) -> list[str]:
    """All values that the application received under a name."""
    return [value for each, value in seen(answer) if each == name]


# -- HTTP ------------------------------------------------------------------------------------------


class HttpApplication(http.server.ThreadingHTTPServer):
    """An HTTP/1.1 application that keeps connections; .requests are the headers of all requests to it."""

    daemon_threads = True

    def __init__(self, port: int = 0):
        super().__init__(("127.0.0.1", port), HttpHandler)
        self.port = self.server_address[1]
        self.requests: list[list[tuple[str, str]]] = []
        self.connections = 0
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def __exit__(self, *_) -> None:
        serving.stop(self)


class HttpHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = harness.DEADLINE

    def setup(self):
        super().setup()
        self.server.connections += 1

    def do_GET(self):
        self.server.requests.append(list(self.headers.items()))
        self._read_body()
        status, headers = wanted(urllib.parse.urlsplit(self.path).query)
        for name, value in headers:
            if name.startswith("Interim-"):
                self.wfile.write(f"HTTP/1.1 103 Early Hints\r\n{name[8:]}: {value}\r\n\r\n".encode())
        body = json.dumps([(env_name(n), v) for n, v in self.headers.items()]).encode()
        self.send_response(status)
        for name, value in headers:
            if not name.startswith("Interim-"):
                self.send_header(name, value)
        if status in (204, 304):
            body = b""
        else:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_POST = do_PUT = do_OPTIONS = do_PROPFIND = do_GET

    def _read_body(self) -> None:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            while size := int(self.rfile.readline().split(b";")[0], 16):
                self.rfile.read(size + 2)
            while self.rfile.readline() not in (b"\r\n", b""):
                pass
        self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def log_message(self, *_):
        pass


# -- WebSocket -------------------------------------------------------------------------------------

MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def accept_of(key: str) -> str:
    return base64.b64encode(hashlib.sha1((key + MAGIC).encode()).digest()).decode()


def read_head(stream) -> tuple[str, list[tuple[str, str]]]:
    """The first line and the headers, as they came."""
    first = stream.readline().decode("latin-1").strip()
    headers = []
    while (line := stream.readline()) not in (b"\r\n", b""):
        name, _, value = line.decode("latin-1").partition(":")
        headers.append((name, value.strip()))
    return first, headers


CLOSE_FRAME = 8  # its opcode


def read_frame(stream) -> tuple[int, bytes]:
    """One short frame: its opcode and its unmasked payload."""
    head = stream.read(2)
    if len(head) < 2:
        return CLOSE_FRAME, b""
    mask = stream.read(4) if head[1] & 0x80 else bytes(4)
    return head[0] & 0x0F, bytes(b ^ mask[i % 4] for i, b in enumerate(stream.read(head[1] & 0x7F)))


class WebSocketApplication(socketserver.ThreadingTCPServer):
    """Shakes hands as RFC 6455 has it, then sends back what it gets; .handshakes are the headers that came."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), WebSocketHandler)
        self.port = self.server_address[1]
        self.handshakes: list[list[tuple[str, str]]] = []
        self.opcodes: list[int] = []
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def __exit__(self, *_) -> None:
        serving.stop(self)


class WebSocketHandler(socketserver.StreamRequestHandler):
    timeout = harness.DEADLINE

    def handle(self):
        first, headers = read_head(self.rfile)
        if not headers:
            return
        self.server.handshakes.append(headers)
        key = next((v for n, v in headers if n.lower() == "sec-websocket-key"), "")
        self.wfile.write(("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          + "".join(f"{n}: {v}\r\n" for n, v in wanted(first.split()[1].partition("?")[2])[1])
                          + f"Sec-WebSocket-Accept: {accept_of(key)}\r\n\r\n").encode())
        while True:
            opcode, payload = read_frame(self.rfile)
            self.server.opcodes.append(opcode)
            self.wfile.write(bytes([0x80 | opcode, len(payload)]) + payload)
            if opcode == CLOSE_FRAME:
                return


class WebSocket:
    """A browser's end: opens, sends, and reads what comes back."""

    def __init__(self, server: harness.Server, target: str, cookie: str | None = None, headers=()):
        self.socket = harness.connect(server)
        self.stream = self.socket.makefile("rb")
        key = base64.b64encode(os.urandom(16)).decode()
        pairs = [("Host", f"127.0.0.1:{server.port}"), ("Upgrade", "websocket"), ("Connection", "Upgrade"),
                 ("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", key), *headers]
        given = {n.lower() for n, _ in headers}
        pairs = [(n, v) for i, (n, v) in enumerate(pairs) if i >= 5 or n.lower() not in given]
        if cookie:
            pairs.append(("Cookie", f"{harness.COOKIE}={cookie}"))
        self.socket.sendall(f"GET {target} HTTP/1.1\r\n".encode()
                            + "".join(f"{n}: {v}\r\n" for n, v in pairs).encode() + b"\r\n")
        first, self.headers = read_head(self.stream)
        self.status = int(first.split()[1])
        if self.status == 101:
            assert dict((n.lower(), v) for n, v in self.headers)["sec-websocket-accept"] == accept_of(key)

    def say(self, text: str) -> str:
        self.socket.sendall(bytes([0x81, 0x80 | len(text)]) + bytes(4) + text.encode())
        return read_frame(self.stream)[1].decode()

    def is_closed(self) -> bool:
        """By a frame, or by the end of the connection, whichever comes next."""
        try:
            return read_frame(self.stream)[0] == CLOSE_FRAME
        except ConnectionResetError:
            return True

    def __enter__(self) -> "WebSocket":
        return self

    def __exit__(self, *_) -> None:
        self.stream.close()
        self.socket.close()


# -- AJP -------------------------------------------------------------------------------------------

AJP_HEADERS = ("Accept Accept-Charset Accept-Encoding Accept-Language Authorization Connection Content-Type "
               "Content-Length Cookie Cookie2 Host Pragma Referer User-Agent").split()
AJP_ATTRIBUTES = {3: "REMOTE_USER", 4: "AUTH_TYPE", 5: "QUERY_STRING"}


class AjpReader:
    def __init__(self, data: bytes):
        self.data, self.at = data, 0

    def byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def int(self) -> int:
        return self.byte() << 8 | self.byte()

    def string(self, length: int | None = None) -> str:
        length = self.int() if length is None else length
        if length == 0xFFFF:
            return ""
        self.at += length + 1
        return self.data[self.at - length - 1:self.at - 1].decode("latin-1")

    def header(self) -> tuple[str, str]:
        code = self.int()
        name = AJP_HEADERS[(code & 0xFF) - 1] if code >> 8 == 0xA0 else self.string(code)
        return env_name(name), self.string()

    def forward_request(self) -> list[tuple[str, str]]:
        """The headers and the attributes of a forward-request packet."""
        self.byte(), self.byte()
        for _ in range(5):
            self.string()
        self.int(), self.byte()
        found = [self.header() for _ in range(self.int())]
        while (code := self.byte()) != 0xFF:
            if code == 0x0B:
                self.int()
            elif code == 0x0A:
                found.append((self.string(), self.string()))
            else:
                found.append((AJP_ATTRIBUTES.get(code, f"AJP_{code}"), self.string()))
        return found


class AjpApplication(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), AjpHandler)
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def __exit__(self, *_) -> None:
        serving.stop(self)


def ajp_string(text: str) -> bytes:
    return len(text.encode()).to_bytes(2, "big") + text.encode() + b"\0"


class AjpHandler(socketserver.StreamRequestHandler):
    timeout = harness.DEADLINE

    def send(self, data: bytes) -> None:
        self.wfile.write(b"AB" + len(data).to_bytes(2, "big") + data)

    def handle(self):
        while len(head := self.rfile.read(4)) == 4:
            data = self.rfile.read(int.from_bytes(head[2:], "big"))
            if data[:1] == b"\x02":
                self.answer(AjpReader(data).forward_request())

    def answer(self, found: list[tuple[str, str]]) -> None:
        status, headers = wanted(dict(found).get("QUERY_STRING", ""))
        body = b"" if status == 304 else json.dumps(found).encode()
        self.send(b"\x04" + status.to_bytes(2, "big") + ajp_string("As asked") + len(headers).to_bytes(2, "big")
                  + b"".join(ajp_string(n) + ajp_string(v) for n, v in headers))
        if body:
            self.send(b"\x03" + len(body).to_bytes(2, "big") + body + b"\0")
        self.send(b"\x05\x01")


# -- SCGI ------------------------------------------------------------------------------------------


class ScgiApplication(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), ScgiHandler)
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def __exit__(self, *_) -> None:
        serving.stop(self)


class ScgiHandler(socketserver.StreamRequestHandler):
    timeout = harness.DEADLINE

    def handle(self):
        length = b"".join(iter(lambda: self.rfile.read(1), b":"))
        words = self.rfile.read(int(length) + 1).decode("latin-1").split("\0")[:-1]
        found = list(zip(words[::2], words[1::2]))
        self.rfile.read(int(found[0][1]))
        status, headers = wanted(dict(found).get("QUERY_STRING", ""))
        head = "".join(f"{n}: {v}\r\n" for n, v in [("Status", f"{status} As asked"), *headers])
        self.wfile.write(f"{head}Content-Type: application/json\r\n\r\n".encode())
        if status != 304:
            self.wfile.write(json.dumps(found).encode())


# -- programs of others ----------------------------------------------------------------------------


class Program:
    """Another program's server, in a folder of its own, ended with all its children."""

    def __init__(self):
        self.root = processes.make_folder("back")
        self.process: subprocess.Popen | None = None

    def write(self, name: str, text: str) -> pathlib.Path:
        path = self.root / name
        path.write_text(text)
        path.chmod(0o644)
        return path

    def run(self, command: list[str], address) -> None:
        """Start it, and wait until it listens at an address: a port or a path."""
        with open(self.root / "output", "wb") as output:
            self.process = processes.start(command, cwd=self.root, stdout=output, stderr=subprocess.STDOUT)
        end = time.monotonic() + harness.DEADLINE
        while time.monotonic() < end and self.process.poll() is None:
            family, to = (socket.AF_INET, ("127.0.0.1", address)) if isinstance(address, int) else (
                socket.AF_UNIX, str(address))
            with socket.socket(family) as s:
                if s.connect_ex(to) == 0:
                    return
            time.sleep(0.02)
        said = (self.root / "output").read_text(errors="replace")
        self.__exit__()
        raise RuntimeError(f"{command[0]} did not start:\n{said}")

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        if self.process:
            processes.end(self.process, seconds=5)
        processes.remove_folder(self.root)


PHP_ECHO = """<?php
header('Content-Type: application/json');
foreach (array_filter(explode('&', $_SERVER['QUERY_STRING'])) as $pair) {
    [$name, $value] = array_map('urldecode', explode('=', $pair, 2));
    $name === 'Status' ? http_response_code((int)$value) : header("$name: $value", false);
}
$told = [];
foreach ($_SERVER as $name => $value) {
    if (is_string($value)) $told[] = [(string)$name, $value];
}
echo json_encode($told, JSON_INVALID_UTF8_SUBSTITUTE);
"""

PHP_FPM_CONF = """[global]
error_log = {root}/php-fpm.log
daemonize = no
[www]
{owner}
listen = {socket}
listen.mode = 0666
pm = static
pm.max_children = 2
"""


class PhpFpm(Program):
    """php-fpm on a socket of its own; .handler is what SetHandler takes, .script echoes."""

    def __init__(self):
        super().__init__()
        user = harness.unprivileged()
        self.socket = self.root / "php.sock"
        self.handler = f"proxy:unix:{self.socket}|fcgi://localhost"
        self.script = self.write("echo.php", PHP_ECHO)
        owner = f"user = {user}\ngroup = {'nogroup' if user == 'nobody' else user}" if user else ""
        conf = self.write("php-fpm.conf", PHP_FPM_CONF.format(root=self.root, socket=self.socket, owner=owner))
        self.run([PHP_FPM, "-n", "-F", "-y", str(conf)], self.socket)


WSGI_ECHO = """
import json
import urllib.parse

def application(environ, start_response):
    query = urllib.parse.parse_qsl(environ["QUERY_STRING"])
    headers = [(n, v) for n, v in query if n != "Status"]
    start_response(dict(query).get("Status", "200") + " As asked", headers)
    return [json.dumps([(n, v) for n, v in environ.items() if isinstance(v, str)]).encode()]
"""


class Uwsgi(Program):
    """A WSGI application behind uwsgi's own protocol on .port."""

    def __init__(self):
        super().__init__()
        self.port = harness.free_port()
        app = self.write("echo.py", WSGI_ECHO)
        self.run([UWSGI, "--plugin", "python3", "--socket", f"127.0.0.1:{self.port}", "--wsgi-file", str(app),
                  "--need-app", "--die-on-term", "--master"], self.port)


# -- inside httpd ----------------------------------------------------------------------------------

CGI_ECHO = """#!/usr/bin/python3 -ISB
import json
import os
import sys
import urllib.parse

sys.stdin.buffer.read()
# Not os.environ, which would hide a name that is there twice.
told = [pair.decode("latin-1").partition("=") for pair in open("/proc/self/environ", "rb").read().split(b"\\0") if pair]
for name, value in urllib.parse.parse_qsl(os.environ.get("QUERY_STRING", "")):
    print(f"{name}: {value}")
print("Content-Type: application/json\\n")
print(json.dumps([(name, value) for name, _, value in told]))
"""

LUA_ECHO = r"""
local function quote(text)
    return '"' .. text:gsub('[%c"\\]', function(c) return string.format("\\u%04x", c:byte()) end) .. '"'
end
function handle(r)
    local told = {}
    for name, value in pairs(r:headers_in_table()) do
        table.insert(told, "[" .. quote("HTTP_" .. name:upper():gsub("%W", "_")) .. "," .. quote(value) .. "]")
    end
    for name, value in pairs(r:subprocess_env_table()) do
        table.insert(told, "[" .. quote(name) .. "," .. quote(value) .. "]")
    end
    if r.user then
        table.insert(told, '["REMOTE_USER",' .. quote(r.user) .. "]")
    end
    r.content_type = "application/json"
    r:puts("[" .. table.concat(told, ",") .. "]")
    return apache2.OK
end
"""

SSI_ECHO = "<!--#printenv -->\n"

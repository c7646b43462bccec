# SPDX-License-Identifier: Apache-2.0
"""Applications that are silent when the session ends: their client is cut at once, httpd's worker when they send something next."""
import contextlib
import pathlib
import socketserver
import threading

import pytest

import backends
import processes
import serving
from harness import DEADLINE, SITE, Server, eventually, sign_in
from open_ends import Client
from test_lifeline_places import revoke

pytestmark = pytest.mark.sqlite

CGI = """#!/usr/bin/python3 -IB
import os, time
if "head" in os.environ["QUERY_STRING"]:
    print("Content-Type: text/event-stream\\n\\ndata: 1\\n", flush=True)
while not os.path.exists(__file__ + ".speak"):
    time.sleep(0.05)
print("Content-Type: text/event-stream\\n\\n" + "data: 2\\n" * 2000, flush=True)
"""
PHP = """<?php
header('Content-Type: text/event-stream');
if ($_SERVER['QUERY_STRING'] === 'head') {
    echo str_pad('data: 1', 9000, '.'); // less would stay in httpd's buffers
    flush();
}
while (!file_exists(__FILE__ . '.speak')) {
    usleep(50000);
    clearstatcache();
}
echo str_repeat("data: 2\\n", 2000);
"""
DATA = b"data: 2\n" * 2000


class Silent(socketserver.ThreadingTCPServer):
    """An application of AJP or SCGI that sends the rest of its response when .speak is set."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, handler):
        super().__init__(("127.0.0.1", 0), handler)
        self.port, self.speak = self.server_address[1], threading.Event()
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def __exit__(self, *_) -> None:
        self.speak.set()
        serving.stop(self)


class Ajp(backends.AjpHandler):
    def answer(self, found):
        has_head = dict(found)["QUERY_STRING"] == "head"
        if has_head:
            self.begin(b"data: 1\n")
        self.server.speak.wait(self.timeout)
        with contextlib.suppress(OSError):
            self.body(DATA) if has_head else self.begin(DATA)
            self.send(b"\x05\x01")

    def begin(self, data: bytes) -> None:
        self.send(b"\x04" + (200).to_bytes(2, "big") + backends.ajp_string("OK") + b"\0\0")
        self.body(data)

    def body(self, data: bytes) -> None:
        for part in (data[i:i + 8000] for i in range(0, len(data), 8000)):
            self.send(b"\x03" + len(part).to_bytes(2, "big") + part + b"\0")


class Scgi(socketserver.StreamRequestHandler):
    def handle(self):
        head = self.rfile.read(int(b"".join(iter(lambda: self.rfile.read(1), b":"))) + 1)
        parts = [b"Status: 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n", DATA]
        with contextlib.suppress(OSError):
            if b"\0head\0" in head:
                self.wfile.write(parts.pop(0))
            self.server.speak.wait(DEADLINE)
            self.wfile.write(b"".join(parts))


@contextlib.contextmanager
def speaker(handler, modules: str, line: str):
    with Silent(handler) as app, Server(SITE + line.replace("@APP@", str(app.port)), modules=modules, own_paths=()) as server:
        yield server, app.speak.set


def ajp():
    return speaker(Ajp, "proxy_ajp", 'ProxyPass "/app/silent" "ajp://127.0.0.1:@APP@/" flushpackets=on\n')


def scgi():
    return speaker(Scgi, "proxy_scgi", 'ProxyPass "/app/silent" "scgi://127.0.0.1:@APP@/"\n')


@contextlib.contextmanager
def script(place: pathlib.Path, text: str, config: str, **options):
    """It speaks when there is a file beside it."""
    place.write_text(text)
    place.chmod(0o755)
    flag = pathlib.Path(f"{place}.speak")
    with Server(SITE + config, own_paths=(), **options) as server:
        try:
            yield server, lambda: flag.write_text("")
        finally:
            flag.write_text("")


@contextlib.contextmanager
def cgi(**options):
    folder = processes.make_folder("silent")
    try:
        with script(folder / "silent.cgi", CGI, f'ScriptAlias "/app/silent" "{folder}/silent.cgi"\n', **options) as both:
            yield both
    finally:
        processes.remove_folder(folder)


def mod_cgi():
    return cgi(without="cgid", modules="cgi", mpm="prefork")


@contextlib.contextmanager
def php():
    with backends.PhpFpm() as fpm:
        section = f'Alias "/app/silent" "{fpm.script}"\n<Files "echo.php">\nSetHandler "{fpm.handler}"\n</Files>\n'
        with script(fpm.script, PHP, section, modules="proxy_fcgi") as both:
            yield both


@pytest.mark.parametrize("kind", [
    ajp, scgi, cgi, mod_cgi, pytest.param(php, marks=pytest.mark.skipif(not backends.PHP_FPM, reason=backends.NO_PHP_FPM))])
@pytest.mark.parametrize("state", ["head", "mute"])
def test_its_client_is_cut_at_once_and_it_when_it_speaks(kind, state):
    with kind() as (server, speak):
        server.expected_later.append(r"\[proxy(_\w+)?:error\]|cgid?:error\]")
        mine, other = sign_in(server), sign_in(server)
        with Client(server, f"/app/silent?{state}", mine) as cut, Client(server, f"/app/silent?{state}", other) as kept:
            if state == "head":
                cut.read_until(b"data: 1")
                kept.read_until(b"data: 1")
            assert cut.is_open()
            revoke(server, other, mine[:22])
            cut.read_to_end()
            assert kept.is_open()
            speak()
            kept.read_until(b"data: 2")
            kept.read_to_end()
        eventually(lambda: (server.root / "logs/access.log").read_text().count("GET /app/silent") == 2, "both workers are free")

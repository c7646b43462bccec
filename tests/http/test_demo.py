# SPDX-License-Identifier: Apache-2.0
"""make demo: it goes on when the command has returned, until make demo-stop."""
import http.client
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request

import pytest

import harness

TESTS = pathlib.Path(__file__).parents[1]
DEMO = TESTS / "demo/demo.py"
sys.path.insert(0, str(TESTS))
import reference  # noqa: E402

pytestmark = pytest.mark.sqlite


def demo(command: str, state: pathlib.Path) -> str:
    """What it prints. Its output ends when all that it has started is gone, or has let go of it."""
    run = subprocess.run(["/usr/bin/python3", "-B", str(DEMO), command], capture_output=True, text=True, timeout=60, check=True,
                         env={**os.environ, "MS_DEMO_STATE": str(state)})
    return run.stdout


def test_the_demonstration_runs_until_it_is_stopped(tmp_path):
    state = tmp_path / "demo.json"
    assert "The demo is running" in demo("start", state)
    known = json.loads(state.read_text())
    try:
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(known["url"] + "app/", timeout=20)
    finally:
        assert "has been stopped" in demo("stop", state)
    assert not pathlib.Path(known["root"]).exists() and not state.exists()


def test_what_is_open_ends_as_soon_as_with_the_defaults(tmp_path):
    """The tests' configuration has no cache and no feed: an end would be noticed after five seconds only."""
    state = tmp_path / "demo.json"
    demo("start", state)
    try:
        lines = (pathlib.Path(json.loads(state.read_text())["root"]) / "httpd.conf").read_text().splitlines()
        in_effect = dict(line.split(None, 1) for line in lines if line.startswith("ManagedSessionCache"))
        defaults = {each["name"]: each["default"] for each in reference.directives()}
        assert in_effect == {name: defaults[name] for name in ("ManagedSessionCacheTTL", "ManagedSessionCacheLife")}
    finally:
        demo("stop", state)


def read(url: str, cookie: str = "", **fields: str):
    """Status, headers and text, without following a redirect."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=20)
    headers = {"Cookie": cookie, "Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
    if fields:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    connection.request("POST" if fields else "GET", parts.path, urllib.parse.urlencode(fields) or None, headers)
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read().decode()


def test_it_shows_what_there_is(tmp_path):
    """Sessions from elsewhere, an administrator, the limit, and a WebSocket that ends with its session."""
    state = tmp_path / "demo.json"
    demo("start", state)
    url = json.loads(state.read_text())["url"]
    try:
        cookies = {}
        for name, password in harness.PASSWORDS.items():
            status, headers, _ = read(url + "login", username=name, password=password)
            assert status == 303
            cookies[name] = headers["Set-Cookie"].split(";")[0]
        page = read(url + "sessions", cookies["alice"])[2]
        assert all(place in page for place in ("Lisbon, Portugal", "City library", "Home"))
        assert read(url + "admin/sessions", cookies["bob"])[0] == 200 and read(url + "admin/sessions", cookies["alice"])[0] == 403
        assert "WebSocket" in read(url + "app/live", cookies["alice"])[2]
        with socket.create_connection(("127.0.0.1", urllib.parse.urlsplit(url).port), timeout=20) as client:
            client.sendall(f"GET /app/socket HTTP/1.1\r\nHost: {urllib.parse.urlsplit(url).netloc}\r\nUpgrade: websocket\r\n"
                           "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                           f"Cookie: {cookies['alice']}\r\n\r\n".encode())
            assert b"101" in client.recv(4096)
            assert read(url + "admin/sessions", cookies["bob"], action="revoke-user", user="alice",
                        csrf=re.search(r'name="csrf" value="([^"]*)"', read(url + "admin/sessions", cookies["bob"])[2])[1])[0] == 303
            while client.recv(4096):
                pass
        assert [read(url + "login", username="eve", password="x")[0] for _ in range(6)] == [401] * 5 + [429]
    finally:
        demo("stop", state)

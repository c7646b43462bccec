# SPDX-License-Identifier: Apache-2.0
"""The applications of conf/examples/applications, unchanged, behind conf/examples/form.conf."""
import contextlib
import os
import pathlib
import shutil
import subprocess
import urllib.request

import pytest

import examples
import processes
from harness import DEADLINE, Browser, eventually, free_port, get, sign_in

FOLDER = examples.FOLDER / "applications"


def has_express() -> bool:
    return bool(shutil.which("node")) and subprocess.run(["node", "-e", "require('express')"], capture_output=True, cwd=FOLDER).returncode == 0


def has_sinatra() -> bool:
    return bool(shutil.which("ruby")) and subprocess.run(["ruby", "-e", "require 'webrick'; require 'rack'; gem 'sinatra'"],
                                                         capture_output=True).returncode == 0


def has_spring() -> bool:
    jars = pathlib.Path("/usr/share/java")
    return bool(shutil.which("javac")) and all(any(jars.glob(name)) for name in ("spring*web.servlet.jar", "tomcat9-catalina.jar", "jackson-databind.jar"))


COMMANDS = {"Application.java": (["java", "-cp", "/usr/share/java/*", "Application.java"], has_spring),
            "main.go": (["go", "run", "main.go"], lambda: shutil.which("go")), "sinatra.rb": (["ruby", "sinatra.rb"], has_sinatra),
            "express.js": (["node", "express.js"], has_express)}


def is_up(port: int) -> bool:
    with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/me", timeout=5) as answer:
        return answer.status == 200
    return False


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.slow) if name.endswith(".java") else name for name in COMMANDS], scope="module")
def site(request):
    command, is_installed = COMMANDS[request.param]
    if not is_installed():
        pytest.skip(f"not installed: what {request.param} needs")
    port = free_port()
    home = processes.make_folder("example")
    environment = {**os.environ, "PORT": str(port), "HOME": str(home), "GOCACHE": str(home / "cache"), "GO111MODULE": "off",
                   "JAVA_TOOL_OPTIONS": f"-Djava.io.tmpdir={home}"}
    process = processes.start(command, cwd=FOLDER, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        eventually(lambda: is_up(port), f"{request.param} listens", 6 * DEADLINE)
        with examples.server("form.conf", {"127.0.0.1:3000": f"127.0.0.1:{port}"}) as server:
            yield server
    finally:
        processes.end(process)
        processes.remove_folder(home)


def test_a_visitor_signs_in_and_is_greeted(site):
    browser = Browser(site)
    assert browser.go("/app/", follow=False).location == "/login?return=/app/"
    browser.go("/app/")
    page = browser.submit({"username": "alice", "password": "wonderland"})
    assert page.status == 200 and "<h1>Hello alice</h1>" in page.text and 'href="/sessions"' in page.text


def test_a_client_cannot_name_a_user(site):
    headers = [("X-Remote-User", "root"), ("X_Remote_User", "root")]
    assert get(site, "/app/me", headers=headers).status == 401
    assert get(site, "/app/me", sign_in(site), headers).json() == {"user": "alice"}


def test_a_user_whose_session_has_ended_is_not_let_in(site):
    browser, other = Browser(site), sign_in(site)
    browser.sign_in()
    browser.go("/sessions")
    browser.submit(action="revoke", id=other[:22])
    assert get(site, "/app/me", other).status == 401 and browser.fetch("/app/me").json() == {"user": "alice"}


@pytest.mark.parametrize("file", sorted(pathlib.Path(FOLDER).iterdir()), ids=lambda file: file.name)
def test_each_is_short(file):
    assert len(file.read_text().splitlines()) <= 40

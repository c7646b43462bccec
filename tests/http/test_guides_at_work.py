# SPDX-License-Identifier: Apache-2.0
"""Blocks of the guides, unchanged but for addresses and paths, do what the guides promise. test_guides.py has the guides on moving here, and backup."""
from __future__ import annotations

import re
import subprocess

import pytest

import backends
import ctl
import guides
import harness
from harness import NAVIGATION, PAGE, SITE, Backend, Server, eventually, get, post, sign_in

pytestmark = pytest.mark.sqlite
PROXY = "behind-a-proxy.md"
VISITOR = "203.0.113.9"
LIMITED = SITE.replace("ManagedSessionLoginLimit 0\n", "")  # as it is by default
SENT = {"Host": "www.example.org", "X-Forwarded-Proto": "https"}


def block(name: str, words: str, places: dict[str, str]) -> str:
    """The first block below these words. A place that it does not name is a mistake of the test."""
    text = guides.after(name, words)
    for there, here in places.items():
        assert there in text, f"{name} no longer says {there}"
        text = text.replace(there, here)
    return text


# ---- behind-a-proxy.md ----------------------------------------------------------------------------


def through(server, target: str, address: str = VISITOR, **headers) -> harness.Answer:
    return get(server, target, headers={**SENT, "X-Forwarded-For": address, **NAVIGATION, **headers})


def sign_in_through(server, password: str, **headers) -> harness.Answer:
    """The built-in form, as a browser without Sec-Fetch posts it."""
    return post(server, "/login", {"username": "alice", "password": password}, headers={**SENT, "Origin": "https://www.example.org", **headers})


def site_behind(text: str) -> Server:
    """The block with the Locations of a site in its virtual host."""
    return Server(text.replace("</VirtualHost>", LIMITED + "</VirtualHost>") if "</VirtualHost>" in text else LIMITED + text, modules="remoteip")


def test_one_proxy_hides_neither_address_nor_host_nor_https():
    with site_behind(block(PROXY, "## One proxy", {"*:80": "*:@PORT@", "192.0.2.10": "127.0.0.1"})) as server:
        answer = sign_in_through(server, "wonderland", **{"X-Forwarded-For": VISITOR})
        assert answer.status == 303 and "; Secure" in answer.headers["Set-Cookie"]
        assert server.sql("SELECT created_ip, realm FROM managed_session") == [(VISITOR, "www.example.org")]
        said = harness.logged(server, "MS0112", lambda: sign_in_through(server, "x", **{"X-Forwarded-For": "203.0.113.10"}))
        assert "203.0.113.10" in said
        assert through(server, "/app/", Cookie=f"{harness.COOKIE}={answer.token()}").text == PAGE
        assert not re.search("MS0111|MS0140|MS0143|MS0154", server.error_log())
        assert VISITOR in ctl.run("list", "--realm", "www.example.org", *ctl.of(server)).out


def test_without_it_the_log_names_what_is_missing():
    with Server(LIMITED + "ManagedSessionCookieSecure Off\n") as server:
        assert harness.logged(server, "MS0140", lambda: sign_in_through(server, "wonderland", Host="backend.internal"))
        direct = {"Host": "app.test", "Origin": "http://app.test", "X-Forwarded-For": VISITOR}
        assert harness.logged(server, "MS0111", lambda: sign_in_through(server, "x", **direct))


def test_a_proxy_that_changes_the_host_needs_the_origin_named():
    with site_behind(block(PROXY, "cannot keep `Host`", {})) as server:
        assert sign_in_through(server, "wonderland", Host="backend.internal").status == 303


def test_a_cdn_names_the_client_in_its_own_header():
    with site_behind(block(PROXY, "## A CDN", {"173.245.48.0/20": "127.0.0.1"})) as server:
        sign_in_through(server, "wonderland", **{"CF-Connecting-IP": VISITOR, "Host": f"127.0.0.1:{server.port}", "Origin": f"http://127.0.0.1:{server.port}"})
        assert server.sql("SELECT created_ip FROM managed_session") == [(VISITOR,)]


# ---- applications.md ------------------------------------------------------------------------------

FORGED = [("X-Remote-User", "root"), ("X_Remote_User", "root")]


@pytest.mark.parametrize("words, port, public, closed", [
    ("## Django", 8000, "/x", "/admin/"), ("## Rails", 3000, "/x", None), ("## Node", 3000, None, "/app/")])
def test_an_application_gets_the_user_and_no_forged_one(words, port, public, closed):
    with Backend() as application:
        text = block("applications.md", words, {f"127.0.0.1:{port}": f"127.0.0.1:{application.port}"})
        with Server(pages_only() + text, modules="proxy_wstunnel") as server:
            token = sign_in(server)
            for path in filter(None, (public, closed)):
                assert [value for name, value in get(server, path, token, FORGED).json() if "remote" in name] == ["alice"]
            if public:
                assert not [name for name, _ in get(server, public, headers=FORGED).json() if "remote" in name]
            if closed:
                assert get(server, closed).status == 401


def pages_only() -> str:
    """The site without its own /app."""
    text, found = re.subn(r'(?s)<Location "/app">.*?</Location>\n', "", SITE)
    assert found
    return text


@pytest.mark.skipif(not backends.PHP_FPM, reason=backends.NO_PHP_FPM)
def test_php_gets_the_user():
    with backends.PhpFpm() as php:
        text = block("applications.md", "## PHP", {"/var/www/html": str(php.root), "/run/php/php-fpm.sock": str(php.socket)})
        with Server(pages_only() + text + f'Alias "/php" "{php.root}"\n', modules="proxy_fcgi") as server:
            assert get(server, "/php/echo.php").status == 401
            assert backends.told(get(server, "/php/echo.php", sign_in(server)), "REMOTE_USER") == ["alice"]


def test_static_files_are_closed():
    with Server(pages_only() + block("applications.md", "## Static", {"/var/www/html/members": "@ROOT@/htdocs/members"})) as server:
        server.write("htdocs/members/index.html", PAGE)
        visitor = get(server, "/members/", headers=NAVIGATION)
        assert visitor.status == 303 and visitor.location == "/login?return=/members/"
        answer = get(server, "/members/", sign_in(server))
        assert answer.text == PAGE and "private" in answer.headers["Cache-Control"]


# ---- privacy.md -----------------------------------------------------------------------------------


def test_a_user_is_exported_and_erased_by_these_commands():
    with Server(SITE + guides.after("privacy.md", "## Store less")) as server:
        sign_in(server), sign_in(server, "bob")
        export, dry, erase = [line.removeprefix("sudo ") for line in guides.after("privacy.md", "## Export and erase", "sh").splitlines()]
        command, name = export.split(" > ")
        assert ctl.run(*command.split()[1:], *ctl.of(server)).out.count('"alice"') == 1 and name == "alice.jsonl"
        assert ctl.run(*dry.split()[1:], *ctl.of(server)).status == 0
        assert ctl.run(*erase.split()[1:], "--yes", *ctl.of(server)).status == 0  # on a terminal it asks
        eventually(lambda: {user for user, in server.sql("SELECT user_name FROM managed_session")} <= {"", "bob"}, "alice is gone")


# ---- uninstall.md ---------------------------------------------------------------------------------


def test_its_search_finds_what_uses_the_module(tmp_path):
    command = guides.after("uninstall.md", "See what uses it", "sh").strip()
    for kind, text in (("sites", "SetHandler managed-session-list\nmanagedsessionloginurl /login\n"), ("conf", "Require all granted\n")):
        for folder in ("available", "enabled"):
            (tmp_path / f"{kind}-{folder}").mkdir()
        (tmp_path / f"{kind}-available/{kind}.conf").write_text(text)
        (tmp_path / f"{kind}-enabled/{kind}.conf").symlink_to(f"../{kind}-available/{kind}.conf")
    (tmp_path / "apache2.conf").write_text("AuthType ManagedSession\n")
    found = subprocess.run(["sh", "-c", command.replace("/etc/apache2", str(tmp_path))], capture_output=True, text=True).stdout
    assert len(found.splitlines()) == 3 and "conf.conf" not in found


@pytest.mark.parametrize("words, status", [("with the same password file", 200), ("to close it for now", 403)])
def test_a_place_stays_closed_without_the_module(words, status):
    text = block("uninstall.md", words, {"/etc/apache2/htpasswd": "@ROOT@/passwords"} if status == 200 else {})
    with Server(text, base=harness.BASE.replace(" managed_session:trace8", ""), load_module=False) as server:
        answer = get(server, "/app/", headers={"Authorization": "Basic YWxpY2U6d29uZGVybGFuZA=="})
        assert answer.status == status and get(server, "/app/").status in (401, 403)
        server.expect("AH01630|AH01797")

# SPDX-License-Identifier: Apache-2.0
"""Sign-in with a Kerberos ticket, as docs/guides/single-sign-on.md has it: Debian's krb5-kdc and mod_auth_gssapi, and curl as the browser."""
from __future__ import annotations

import os
import pathlib
import re
import shutil
import socket
import subprocess

import pytest

import databases
import guides
import harness
import processes

TOOLS = ("krb5kdc", "kdb5_util", "kadmin.local", "kinit", "curl")
FOUND = {name: shutil.which(name, path="/usr/sbin:" + os.environ["PATH"]) for name in TOOLS}
pytestmark = [pytest.mark.sqlite, pytest.mark.skipif(
    not all(FOUND.values()) or not pathlib.Path(harness.MODULES_DIR, "mod_auth_gssapi.so").exists(),
    reason="krb5-kdc, krb5-admin-server, krb5-user, curl or mod_auth_gssapi is not installed")]
CLIENT = """
[libdefaults]
    default_realm = EXAMPLE.ORG
    dns_lookup_kdc = false
    dns_canonicalize_hostname = false
    rdns = false
[realms]
    EXAMPLE.ORG = {
        kdc = 127.0.0.1:@PORT@
    }
"""
KDC = """
[realms]
    EXAMPLE.ORG = {
        database_name = @ROOT@/principal
        key_stash_file = @ROOT@/stash
        acl_file = @ROOT@/acl
        kdc_listen = 127.0.0.1:@PORT@
        kdc_tcp_listen = 127.0.0.1:@PORT@
    }
"""
HOST, KEYTAB = "www.example.org", "/etc/apache2/http.keytab"


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Realm:
    """EXAMPLE.ORG with the users alice and alice/admin, and the site's key as the guide makes it."""

    def __init__(self, server: harness.Server):
        self.root, self.port = processes.make_folder("kerberos"), databases.free_port()
        self.files = {"KRB5_CONFIG": str(self.root / "krb5.conf"), "KRB5_KDC_PROFILE": str(self.root / "kdc.conf")}
        for name, text in (("krb5.conf", CLIENT), ("kdc.conf", KDC)):
            (self.root / name).write_text(text.replace("@ROOT@", str(self.root)).replace("@PORT@", str(self.port)))
        self.run("kdb5_util", "create", "-s", "-P", "of the master key")
        for name in ("alice", "alice/admin"):
            self.run("kadmin.local", "addprinc", "-pw", "wonderland", name)
        for line in guides.after("single-sign-on.md", "## Kerberos", "sh").splitlines():
            if "apt install" not in line and "a2enmod" not in line:
                self.run("sh", "-ec", line.removeprefix("sudo ").replace(KEYTAB, str(server.root / "http.keytab"))
                         .replace("www-data", server.user or str(os.getuid())))
        self.kdc = processes.start([FOUND["krb5kdc"], "-n"], env={**os.environ, **self.files}, stderr=subprocess.DEVNULL)
        harness.eventually(lambda: listens(self.port), "the KDC listens")

    def run(self, *command: str, **options) -> subprocess.CompletedProcess:
        path = "/usr/sbin:" + os.environ["PATH"]
        return subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, "PATH": path, **self.files}, **options)

    def ticket(self, principal: str) -> dict[str, str]:
        """The environment of a client that has one."""
        cache = {"KRB5CCNAME": f"FILE:{self.root}/ticket-{principal.replace('/', '-')}"}
        self.run("env", *(f"{name}={value}" for name, value in cache.items()), "kinit", principal, input="wonderland\n")
        return cache

    def end(self) -> None:
        processes.end(self.kdc)
        processes.remove_folder(self.root)


@pytest.fixture(scope="module")
def site():
    """The server and the realm."""
    rest = guides.blocks("single-sign-on.md", "apache")[0]
    block = guides.after("single-sign-on.md", "## Kerberos").replace(KEYTAB, "@ROOT@/http.keytab")
    server = harness.Server(rest + block, modules="auth_gssapi", own_paths=("/logout", "/sessions"))
    realm = Realm(server)
    server.more_environment = {"KRB5_CONFIG": realm.files["KRB5_CONFIG"], "KRB5RCACHEDIR": str(server.root / "run")}
    try:
        with server:
            yield server, realm
    finally:
        realm.end()


def visit(site, target: str, ticket: dict[str, str]) -> tuple[int, str]:
    """As a browser that is told to send tickets to this site: the status, and the whole response."""
    server, realm = site
    answer = realm.run("env", *(f"{name}={value}" for name, value in ticket.items()), "curl", "-s", "-i", "--noproxy", "*", "--negotiate", "-u", ":",
                       "--resolve", f"{HOST}:{server.port}:127.0.0.1", "-H", "Sec-Fetch-Mode: navigate", "-H", "Sec-Fetch-Site: none",
                       f"http://{HOST}:{server.port}{target}").stdout
    return int(re.findall(r"(?m)^HTTP/1.1 (\d+)", answer)[-1]), answer


def test_a_ticket_begins_a_session_that_goes_on_without_it(site):
    server, realm = site
    status, answer = visit(site, "/login?return=/app/", realm.ticket("alice"))
    assert status == 303 and re.search(r"(?m)^Location: /app/\r?$", answer)
    token = re.search(rf"Set-Cookie: {harness.COOKIE}=([^;]+)", answer)[1]
    assert harness.get(server, "/app/", token).text == harness.PAGE
    assert server.sql("SELECT user_name, auth_method FROM managed_session") == [("alice", "GSSAPI")]


def test_without_a_ticket_the_browser_is_asked_for_one(site):
    server, _ = site
    answer = harness.get(server, "/login?return=/app/", headers=harness.NAVIGATION)
    assert answer.status == 401 and answer.headers["WWW-Authenticate"] == "Negotiate" and answer.token() is None


@pytest.mark.parametrize("header", ["Negotiate", "Negotiate AAAA", "Negotiate YIIB", "Basic YWxpY2U6d29uZGVybGFuZA=="])
def test_nothing_else_signs_in(site, header):
    server, _ = site
    before = server.rows()
    server.expect("auth_gssapi:error")
    answer = harness.get(server, "/login", headers={**harness.NAVIGATION, "Authorization": header})
    assert answer.status == 401 and answer.token() is None and server.rows() == before


def test_a_principal_that_no_rule_makes_a_user_is_no_user(site):
    server, realm = site
    before = server.rows()
    server.expect("auth_gssapi:error")
    status, answer = visit(site, "/login", realm.ticket("alice/admin"))
    assert status == 401 and "Set-Cookie" not in answer and server.rows() == before

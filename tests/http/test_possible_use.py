# SPDX-License-Identifier: Apache-2.0
"""A server that loads the module and does not use it has none of its functions in the path of a request."""
import pathlib
import re

import pytest

from harness import BASE, SITE, Server, eventually, get, sign_in

pytestmark = pytest.mark.sqlite

# With what may look like a use: another module's sessions, files of the module.
UNUSED = """
<Location "/info">
    SetHandler server-info
</Location>
<Directory />
    AllowOverride None
    AllowOverrideList None
</Directory>
<Directory /srv>
    AllowOverride AuthConfig None
</Directory>
<IfModule mod_managed_session.c>
    SSLSessionCache none
    Header set X-Text "managed_session"
</IfModule>
"""
USES = [
    "ManagedSessionRealm x\n",
    '<Location "/app">\nmanagedsession On\n</Location>\n',
    '<Location "/app">\n<If "true">\nManagedSession On\n</If>\n</Location>\n',
    '<VirtualHost 127.0.0.1:1>\n<Location "/app">\nManagedSession On\n</Location>\n</VirtualHost>\n',
    '<Location "/app">\nAuthType managedsession\nRequire valid-user\n</Location>\n',
    '<Location "/app">\nRequire managed-session\n</Location>\n',
    '<Location "/app">\n<RequireAny>\nRequire session-method form\nRequire session-fresh 5m\n</RequireAny>\n</Location>\n',
    '<Location "/app">\nAuthType Basic\nAuthName x\nAuthBasicProvider managed-session\n</Location>\n',
    '<Location "/page">\nSetHandler managed-session-login\n</Location>\n',
    '<Location "/page">\nSetHandler "%{tolower:MANAGED-SESSION-LOGIN}"\n</Location>\n',
    'AddHandler managed-session-list .list\n',
    'RewriteEngine On\nRewriteRule ^/page - [H=managed-session-login]\n',
    'Define WHAT managed-session\n<Location "/page">\nSetHandler ${WHAT}-login\n</Location>\n',
    '<Macro Page $name>\n<Location "/page">\nSetHandler managed-session-$name\n</Location>\n</Macro>\nUse Page login\n',
    '<Directory "@ROOT@/htdocs">\nAllowOverride AuthConfig\n</Directory>\n',
    '<Directory "@ROOT@/htdocs">\nAllowOverride None AuthConfig\n</Directory>\n',
    '<Directory "@ROOT@/htdocs">\nAllowOverrideList SetHandler\n</Directory>\n',
]


class Bare(Server):
    """Without the directives about the cache that each server of the tests has."""

    def write(self, name: str, text: str, *mode) -> None:
        return super().write(name, re.sub("(?m)^ManagedSessionCache.*\n", "", text) if name == "httpd.conf" else text, *mode)


def phases_of_requests(server) -> set[str]:
    """Those in which httpd calls the module."""
    hooks = get(server, "/info?hooks").text.partition('name="request_hooks"')[2]
    phases = re.findall(r"<dt><strong>([^<:]*):</strong>(.*?)</dt>", hooks, re.S)
    assert "mod_info.c" in hooks and phases
    return {phase for phase, modules in phases if "mod_managed_session.c" in modules}


@pytest.fixture(scope="module")
def unused():
    with Bare(UNUSED, modules="info ssl") as server:
        yield server


def test_a_server_without_sessions(unused):
    assert phases_of_requests(unused) == set()


def shared_memory(server) -> int:
    """How many pieces of it the server has."""
    return sum("rw-s" in line for line in pathlib.Path(f"/proc/{server.process.pid}/maps").read_text().splitlines())


def test_it_has_no_shared_memory_of_the_module(unused):
    with Bare(UNUSED, modules="info ssl", load_module=False, base=BASE.replace(" managed_session:trace8", "")) as without:
        assert shared_memory(unused) == shared_memory(without)
    with Bare(UNUSED + USES[0], modules="info ssl") as used:
        assert shared_memory(used) > shared_memory(unused)


def test_its_check_of_the_configuration_is_the_last():
    """It sorts the hooks while httpd goes through them: one that follows might be passed over, or be called twice."""
    with Bare(UNUSED + USES[0], modules="info ssl") as server:
        checks = re.search(r"<dt><strong>Check Config[^<]*:</strong>(.*?)</dt>", get(server, "/info?hooks").text, re.S)[1]
        orders = {module: int(order) for order, module in re.findall(r'(\d+) <a href="\?([^"]*)"', checks)}
        ours = orders.pop("mod_managed_session.c")
        assert "core.c" in orders and ours > max(orders.values())


@pytest.mark.parametrize("use", USES)
def test_each_way_to_use_the_module(use):
    with Bare(UNUSED + use, modules="info ssl macro") as server:
        assert len(phases_of_requests(server)) > 10


def restart(server, config: str) -> None:
    before = server.children()
    server.write("httpd.conf", config)
    server.graceful()
    eventually(lambda: server.children() and not set(before) & set(server.children()), "other children")


def test_it_comes_into_use_by_a_graceful_restart_and_goes(unused):
    config = (unused.root / "httpd.conf").read_text()
    restart(unused, config + unused.fill(SITE))
    assert get(unused, "/app/", sign_in(unused)).status == 200 and get(unused, "/app/").status == 401
    restart(unused, config)
    assert phases_of_requests(unused) == set()

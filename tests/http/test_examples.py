# SPDX-License-Identifier: Apache-2.0
"""Every file of conf/examples is a configuration that httpd takes, and README leads to it."""
import re

import pytest

import ctl
import examples
import harness

pytestmark = pytest.mark.sqlite
OTHERS = {"nginx.conf"}  # another server's
NAMES = sorted(path.name for path in examples.FOLDER.glob("*.conf") if path.name not in OTHERS)
COMMAND = re.compile(r"stays signed in\..*\n *# sudo managed-sessionctl (.*)")
ROOT = examples.FOLDER.parents[1]
README = examples.README
# What administrators copy, and the two sites that show the module.
SHOWN = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("docs/man/*.7"), *ROOT.glob("conf/**/*.conf"), *ROOT.glob("ctl/*.8"),
                ROOT / "packaging/docker/site.conf", ROOT / "tests/demo/demo.py"])
PLACES = {"client-certificate.conf": examples.CERTIFICATES, "cache.conf": {"/var/cache/apache2/mod_cache_disk": "@ROOT@/run"},
          "spa-api.conf": {}, "whole-site.conf": {}}


@pytest.mark.parametrize("name", NAMES)
def test_httpd_takes_it(name):
    if examples.missing(name):
        pytest.skip("not installed: " + ", ".join(examples.missing(name)))
    server = examples.server(name, PLACES.get(name))
    if name in ("client-certificate.conf",):
        examples.add_certificate(server.root / "site.pem")
    try:
        result = server.configtest()
        assert result.returncode == 0, result.stderr + server.error_log()
    finally:
        server.remove()


@pytest.mark.parametrize("name", NAMES)
def test_it_says_what_it_is_for_and_what_it_needs(name):
    first, *rest = (examples.FOLDER / name).read_text().splitlines()
    assert re.match(r"# [A-Z].*[.:]", first) and any(line.startswith("# Needs: ") and "mod_dbd" in line for line in rest)
    assert not any("LoadModule" in line for line in [first, *rest])  # its path differs from system to system
    assert all(len(line) <= 132 for line in [first, *rest])


def enable_line(text: str) -> list[str]:
    return re.search(r"(?m)^(?:# Enable on Debian: )?(?:sudo )?a2enmod (managed_session .*)$", text)[1].split()


@pytest.mark.parametrize("name", NAMES)
def test_it_can_be_pasted_into_a_site_of_a_stock_debian(debian, name):
    text = (examples.FOLDER / name).read_text()
    modules = enable_line(text)
    if examples.missing(name):
        pytest.skip("not installed: " + ", ".join(examples.missing(name)))
    assert not {m.removeprefix("mod_") for m in examples.modules(name)} - {"cgi", *modules}
    examples.add_certificate(debian.root / "site.pem")
    places = {there: here.replace("@ROOT@", str(debian.root)).replace("@PORT@", "443") for there, here in PLACES.get(name, {}).items()}
    for there, here in {**places, "/var/lib/managed-session": str(debian.root / "state")}.items():
        text = text.replace(there, here)
    debian.enable(*modules)
    debian.add_site(text)
    result = debian.configtest()
    assert result.returncode == 0 and "Syntax OK" in result.stderr, result.stderr


def test_so_can_the_site_of_the_readme(debian):
    commands = re.search(r"(?s)## Use it\n.*?```sh\n(.*?)```", README)[1]
    debian.enable(*enable_line(commands))
    debian.add_site(examples.README_SITE)
    result = debian.configtest()
    assert result.returncode == 0 and "Syntax OK" in result.stderr, result.stderr


@pytest.mark.parametrize("path", [path for path in SHOWN if "ProxyPass" in path.read_text()], ids=lambda path: path.name)
def test_its_places_and_their_backends_end_alike(path):
    """httpd joins what follows the path of the section to the URL: <Location "/app"> with http://backend/ sends //x for /app/x."""
    found = re.findall(r"""(?s)<Location "?(/[^">]*)"?>((?:(?!</Location>).)*)</Location>""", path.read_text())
    pairs = [(place, url) for place, text in found for url in re.findall(r"""ProxyPass(?:Reverse)? "?(\w+://[^"\s]+)"?""", text)]
    assert [(place, url) for place, url in pairs if place.endswith("/") != url.endswith("/")] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_readme_leads_to_it(name):
    assert f"(conf/examples/{name})" in README


@pytest.mark.parametrize("name", NAMES)
def test_beside_each_way_to_sign_in_is_the_command_that_ends_a_removed_users_sessions(name):
    text = (examples.FOLDER / name).read_text()
    assert "managed-session-login" not in text and "BackendLogin On" not in text or COMMAND.search(text), name


def test_that_command_ends_them():
    with harness.Server() as server:
        token, other = harness.sign_in(server, "bob"), harness.sign_in(server, "alice")
        command = COMMAND.search((examples.FOLDER / "form.conf").read_text())[1]
        assert ctl.Ctl(server)(*command.split(), "--yes").status == 0
        assert harness.get(server, "/app/", token).status == 401 and harness.get(server, "/app/", other).status == 200

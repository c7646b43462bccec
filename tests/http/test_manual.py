# SPDX-License-Identifier: Apache-2.0
"""The manual: each directive has a section with an example that a stock Debian takes, and make check-quick names what is missing."""
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

import debian_layout

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

import manual  # noqa: E402
import reference  # noqa: E402

pytestmark = pytest.mark.sqlite
DIRECTIVES = reference.directives()
NAMES = [directive["name"] for directive in DIRECTIVES]


@pytest.fixture(scope="module")
def stock():
    if not debian_layout.package():
        pytest.skip("Debian's package apache2 cannot be had here")
    layout = debian_layout.Layout()
    layout.enable("managed_session", "authn_file", "auth_basic", "proxy_http")
    yield layout
    layout.remove()


@pytest.mark.parametrize("name", NAMES)
def test_its_example_is_taken(stock, name):
    stock.add_site(manual.example(ROOT, name))
    result = stock.configtest()
    assert result.returncode == 0 and "Syntax OK" in result.stderr, result.stderr


def test_the_manual_has_a_section_for_each():
    text = (ROOT / "docs/directives.md").read_text()
    assert re.findall(r"(?m)^## (\w+)$", text) == NAMES
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (ROOT / "docs" / target).exists(), target


def section(name: str) -> str:
    return manual.section(ROOT, next(directive for directive in DIRECTIVES if directive["name"] == name))


def test_a_section_says_where_a_directive_may_stand():
    assert "| Context | server config |" in section("ManagedSessionCacheEntries")
    assert "| Context | server config, virtual host |" in section("ManagedSessionRealm") and "Override" not in section("ManagedSessionRealm")
    assert "| Context | directory, .htaccess |\n| Override | AuthConfig |" in section("ManagedSessionUserHeader")
    assert "| Syntax | `ManagedSessionRemember On\\|Off\\|Ask` |\n| Default | Ask |" in section("ManagedSessionRemember")


@pytest.fixture
def copy(tmp_path):
    shutil.copytree(ROOT / "docs/directives", tmp_path / "docs/directives")
    assert manual.mistakes(tmp_path, DIRECTIVES) == []
    return tmp_path


def test_a_directive_without_prose_is_found(copy):
    manual.prose_file(copy, "ManagedSessionRealm").unlink()
    assert manual.mistakes(copy, DIRECTIVES) == [
        "docs/directives/ManagedSessionRealm.md is missing: add it, with a few sentences on ManagedSessionRealm and an example in a block ```apache"]


def test_prose_without_a_directive_is_found(copy):
    manual.prose_file(copy, "ManagedSessionGone").write_text("Text.\n")
    assert [line for line in manual.mistakes(copy, DIRECTIVES) if "ManagedSessionGone.md describes no directive" in line]


@pytest.mark.parametrize("text, said", [("Text.\n", "has no example"), ("Text.\n\n```apache\nManagedSessionRealms x\n```\n", "has no example"),
                                        ("```apache\nManagedSessionRealm x\n```\n", "has no text")])
def test_prose_that_lacks_a_part_is_found(copy, text, said):
    manual.prose_file(copy, "ManagedSessionRealm").write_text(text)
    assert [said in line for line in manual.mistakes(copy, DIRECTIVES)] == [True]


def test_a_younger_directive_says_since_when(tmp_path):
    path = manual.prose_file(tmp_path, "ManagedSessionNew")
    path.parent.mkdir(parents=True)
    path.write_text("Since: 1.4.0\n\nText.\n")
    made = manual.section(tmp_path, {"name": "ManagedSessionNew", "where": "server", "takes": "text", "default": "none", "what": "new"})
    assert "mod_managed_session 1.4.0 and later" in made and made.endswith("\n\nText.\n")


MAN = ROOT / "docs/man/mod_managed_session.7"


@pytest.mark.skipif(not shutil.which("mandoc"), reason="mandoc is not installed")
def test_the_man_page_is_correct():
    done = subprocess.run(["mandoc", "-Tlint", "-Wstyle", MAN], capture_output=True, text=True)
    assert not [line for line in done.stdout.splitlines() if "referenced manual not found" not in line]


def test_the_man_page_has_every_handler_and_variable_and_no_directive_that_is_not():
    page = MAN.read_text()
    for name in re.findall(r'#define MS_HANDLER_\w+\s+"([\w-]+)"', (ROOT / "src/config/config.h").read_text()):
        assert name in page
    assert set(re.findall(r"\bManagedSession[A-Z]\w*", page)) <= set(NAMES)


def test_the_example_of_the_man_page_is_taken(stock):
    stock.add_site(re.search(r"(?s)\.Sh EXAMPLES\n\.Bd -literal\n(.*?)\.Ed", MAN.read_text())[1])
    result = stock.configtest()
    assert result.returncode == 0 and "Syntax OK" in result.stderr, result.stderr

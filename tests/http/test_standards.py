# SPDX-License-Identifier: Apache-2.0
"""docs/standards.md: its lines to copy do what it promises, and it names only tests and directives that exist."""
import pathlib
import sys

import pytest

import harness
from harness import SITE, Browser, Server, get, post, sign_in

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))
import standards  # noqa: E402

pytestmark = pytest.mark.sqlite
PAGE = (ROOT / standards.PAGE).read_text()
MINUTE, HOUR, DAY = 60, 3600, 86400


def lines_of(heading: str) -> str:
    """The lines to copy below this heading."""
    section = PAGE.partition(f"\n### {heading}\n")[2]
    return section.partition("```apache\n")[2].partition("```")[0]


@pytest.mark.parametrize("name", ["AAL1", "AAL2", "AAL3", "Sensitive places"])
def test_httpd_takes_the_lines(name):
    server = Server(SITE + lines_of(name))
    assert lines_of(name).count("\n") >= 4
    try:
        result = server.configtest()
        assert result.returncode == 0 and "MS0" not in result.stderr, result.stderr
    finally:
        server.remove()


@pytest.mark.parametrize("name, lifetime, idle", [("AAL1", 30 * DAY, 30 * DAY), ("AAL2", 24 * HOUR, HOUR), ("AAL3", 12 * HOUR, 15 * MINUTE)])
def test_a_session_lives_as_long_as_the_level_allows_and_its_cookie_as_long_as_the_browser(name, lifetime, idle):
    with Server(SITE + lines_of(name)) as server:
        answer = post(server, "/login", {"username": "alice", "password": harness.PASSWORDS["alice"], "remember": "1"})
        [cookie] = answer.cookies()
        assert "Max-Age" not in cookie and "Expires" not in cookie
        assert server.sql("SELECT max_expires_at - created_at, expires_at - created_at FROM managed_session") == [(lifetime, idle)]


def test_the_list_asks_for_a_fresh_sign_in_before_it_ends_sessions():
    with Server(SITE + lines_of("Sensitive places")) as server:
        browser, other = Browser(server), sign_in(server)
        browser.sign_in()
        server.sql("UPDATE managed_session SET created_at = created_at - 3600 WHERE session_id = ?", browser.token[:22])
        assert browser.fetch(f"/sessions/{other[:22]}", "DELETE").status == 401
        assert get(server, "/app/", other).status == 200
        assert browser.go("/sessions", follow=False).location == "/login?reauth=1&return=/sessions"

        browser.go("/login?reauth=1&return=/sessions", follow=False)
        assert browser.submit({"password": harness.PASSWORDS["alice"]}).status == 200
        assert browser.fetch(f"/sessions/{other[:22]}", "DELETE").status == 204
        assert get(server, "/app/", other).status == 401


# -- the tables ------------------------------------------------------------------------------------


def test_the_tables_are_complete_and_name_what_exists():
    assert standards.mistakes(PAGE) == []


@pytest.mark.parametrize("before, after, said", [
    ("`test_randomness::", "`test_gone::", "there is no test test_gone::"),
    ("::test_all_others`", "::test_no_others`", "there is no test test_sessions_page::test_no_others"),
    ("ManagedSessionLimit", "ManagedSessionGone", "there is no directive ManagedSessionGone"),
    ("\n| 7.3.1 ", "\n| ", "ASVS 7.3.1 has 0 rows"),
    (" | partly | ", " | perhaps | ", "the status is perhaps"),
])
def test_a_mistake_is_found(before, after, said):
    assert before in PAGE
    assert any(said in line for line in standards.mistakes(PAGE.replace(before, after)))

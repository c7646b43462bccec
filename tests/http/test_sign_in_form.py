# SPDX-License-Identifier: Apache-2.0
"""What the sign-in form shows beside its fields: the site, the way on, and help."""
import pytest

from harness import SITE, FormReader, Server, get, post

pytestmark = pytest.mark.sqlite

HELPFUL = SITE + 'ManagedSessionHelpURL "https://help.example.org/password?site=a&b"\n'


@pytest.fixture(scope="module")
def site():
    with Server(SITE) as server:
        yield server


def words(answer) -> str:
    return " ".join(FormReader(answer.text).words)


def test_the_title_is_the_name_of_the_server(site):
    """By configuration, not by the Host header."""
    answer = get(site, "/login", headers={"Host": "evil.test"})
    assert "<title>Sign in – app.test</title>" in answer.text and "evil.test" not in answer.text


def test_or_the_configured_title():
    with Server(SITE + 'ManagedSessionTitle "Example & Library"\n') as server:
        assert "<title>Sign in – Example &amp; Library</title>" in get(server, "/login").text


def test_a_visitor_who_is_sent_here_sees_where_the_way_leads_on(site):
    browser = site.browser()
    browser.go("/app/reports?year=2024&secret=1")
    assert browser.url.startswith("/login?")
    page = get(site, browser.url)
    assert "to continue to /app/reports" in words(page) and "reports?" not in words(page)
    again = post(site, "/login", {"username": "alice", "password": "wrong", "return": "/app/reports?year=2024"})
    assert again.status == 401 and "to continue to /app/reports" in words(again)


@pytest.mark.parametrize("back, shown", [
    ("/app/%22%3E%3Cb%3E", "to continue to /app/"), ("/app/" + "x" * 300, "to continue to /app/" + "x" * 54 + "…"),
    ("/" + "y" * 59, "to continue to /" + "y" * 59), ("/app/%E2%80%AEevil", "to continue to /app/%E2%80%AEevil")])
def test_a_long_or_an_odd_one_is_shortened_and_escaped(site, back, shown):
    answer = get(site, "/login?return=" + back.replace("%", "%25"))
    assert shown in words(answer) and "<b>" not in answer.text and "x" * 56 not in words(answer)


@pytest.mark.parametrize("query", ["", "?return=/", "?return=//evil.test/x", "?return=https://evil.test/x", "?return=javascript:x"])
def test_without_one_or_with_a_forged_one_nothing_is_shown(site, query):
    assert "to continue" not in get(site, "/login" + query).text and "evil" not in words(get(site, "/login" + query))


def test_in_a_language_from_right_to_left_the_path_is_set_apart(site):
    assert "\u2068/app/\u2069" in get(site, "/login?return=/app/", headers={"Accept-Language": "ar"}).text


def test_help_is_linked_if_there_is_some(site):
    with Server(HELPFUL) as server:
        answer = get(server, "/login")
        assert '<a href="https://help.example.org/password?site=a&amp;b">Forgot your password?</a>' in answer.text
    assert "Forgot" not in get(site, "/login").text

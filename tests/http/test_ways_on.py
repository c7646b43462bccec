# SPDX-License-Identifier: Apache-2.0
"""No page is a dead end: what a visitor can do next stands on each that refuses something."""
import re

import pytest

from harness import JSON, SITE, FormReader, Server, get, post, request, sign_in

pytestmark = pytest.mark.sqlite

LIMITED = SITE.replace("LoginLimit 0", "LoginLimit 2 1h")


@pytest.fixture(scope="module")
def site():
    with Server(SITE) as server:
        yield server


def links(answer) -> dict[str, str]:
    """URL and text of each link of a page."""
    return dict(re.findall(r'<a href="([^"]*)"[^>]*>([^<]*)</a>', answer.text))


def name_field(answer) -> str | None:
    """What stands in the form's field for the user name."""
    [value] = [attrs.get("value") for tag, attrs in FormReader(answer.text).tags if tag == "input" and attrs.get("name") == "username"]
    return value


def test_after_too_many_failures_the_form_is_there_with_the_name_and_the_seconds():
    with Server(LIMITED) as server:
        wrong = {"username": 'alice"><b>', "password": "not this one", "return": "/app/"}
        assert [post(server, "/login", wrong).status for _ in range(2)] == [401, 401]
        answer = post(server, "/login", wrong)
        assert answer.status == 429 and "Too many attempts" in answer.text
        assert f"Try again in {answer.headers['Retry-After']} seconds." in answer.text
        assert name_field(answer) == 'alice"><b>' and "<b>" not in answer.text and "not this one" not in answer.text
        assert FormReader(answer.text).forms[0]["return"] == "/app/"
        assert links(answer) == {"/": "Go to the site"}


def test_the_language_has_its_plural():
    with Server(LIMITED) as server:
        for _ in range(3):
            answer = post(server, "/login", {"username": "alice", "password": "x"}, headers={"Accept-Language": "de"})
        assert f"Versuchen Sie es in {answer.headers['Retry-After']} Sekunden erneut." in answer.text


def test_while_the_database_is_away_the_form_keeps_the_name(site):
    site.expect("MS000", status_5xx=True)
    with site.broken_table():
        answer = post(site, "/login", {"username": "alice", "password": "wonderland"})
        assert answer.status == 503 and name_field(answer) == "alice" and "wonderland" not in answer.text
        assert f"Try again in {answer.headers['Retry-After']} seconds." in answer.text and links(answer)["/"] == "Go to the site"
        answer = get(site, "/logout", "A" * 22 + "." + "B" * 43)
        assert answer.status == 503 and links(answer) == {"/sessions": "Your sessions", "/": "Go to the site"}


def test_a_form_that_lacks_a_field_is_shown_again(site):
    answer = post(site, "/login", {"username": "alice"})
    assert answer.status == 400 and name_field(answer) == "alice"
    answer = post(site, "/login", {"password": "x"})
    assert answer.status == 400 and not name_field(answer)


def test_a_form_that_cannot_be_read_leads_back_to_it(site):
    answer = request(site, "POST", "/login?return=/app/?a=1", [("Content-Type", "text/plain")], b"x")
    assert answer.status == 415 and links(answer) == {"/login?return=/app/%3Fa%3D1": "Back to sign-in", "/": "Go to the site"}


def test_a_user_who_is_signed_in_is_led_to_the_list_too(site):
    answer = post(site, "/login", {"username": "bob"}, sign_in(site))
    assert answer.status == 400 and links(answer)["/sessions"] == "Your sessions"


def test_a_stale_form_of_the_list_leads_back_to_the_list(site):
    answer = post(site, "/sessions", {"action": "revoke-others", "csrf": "stale"}, sign_in(site))
    assert answer.status == 403 and links(answer) == {"/sessions": "Your sessions", "/": "Go to the site"}


def test_the_list_is_found_again_by_where_it_is_if_no_directive_names_it():
    with Server(SITE.replace('ManagedSessionListURL "/sessions"\n', "")) as server:
        answer = post(server, "/sessions", {"action": "revoke-others", "csrf": "stale"}, sign_in(server))
        assert answer.status == 403 and links(answer) == {"/sessions": "Your sessions", "/": "Go to the site"}


def test_the_site_is_where_it_says():
    with Server(SITE + 'ManagedSessionLandingURL "https://www.example.org/start?a=1&b"\n') as server:
        answer = request(server, "PUT", "/login")
        assert answer.status == 405 and links(answer)["https://www.example.org/start?a=1&amp;b"] == "Go to the site"


def test_a_place_without_a_provider_does_not_promise_that_a_later_attempt_helps():
    nowhere = '<Location "/nowhere">\nSetHandler managed-session-login\nManagedSessionSignIn On\n</Location>\n'
    with Server(SITE + nowhere, own_paths=("/login", "/nowhere")) as server:
        server.expect("MS0040")
        answer = post(server, "/nowhere", {"username": "alice", "password": "wonderland"})
        assert answer.status == 403 and "not set up" in answer.text and "moment" not in answer.text
        assert "Retry-After" not in answer.headers and links(answer)["/"] == "Go to the site"


def test_a_script_that_asks_the_sign_in_page_while_the_database_is_away_gets_503(site):
    site.expect("MS000", status_5xx=True)
    with site.broken_table():
        answer = get(site, "/login", "A" * 22 + "." + "B" * 43, JSON)
        assert answer.status == 503 and answer.headers["Retry-After"] and answer.json()["status"] == 503


def test_as_the_page_of_another_error_it_is_the_form_for_scripts_too():
    with Server(SITE + "ErrorDocument 404 /login\n") as server:
        answer = get(server, "/nothing", headers=JSON)
        assert answer.status == 404 and name_field(answer) == ""

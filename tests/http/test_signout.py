# SPDX-License-Identifier: Apache-2.0
"""Signing out: by a button, never by a link, and never by another site."""
import pytest

import harness
from harness import FormReader, SITE, Server, get, post, request, sign_in

LANDINGS = SITE + """
<Location "/elsewhere">
    SetHandler managed-session-logout
    ManagedSessionLandingURL "/app/?bye=1"
</Location>
"""
DONE = "/logout?done=out"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def server():
    with Server(LANDINGS, own_paths=("/login", "/logout", "/sessions", "/elsewhere")) as s:
        yield s


@pytest.fixture(autouse=True)
def empty_table(server):
    server.sql("DELETE FROM managed_session")


def is_alive(server, token: str) -> bool:
    end = server.end_of(token)
    assert end in (None, ("signed_out", None)) and (get(server, "/app/", token).status == 200) == (end is None)
    return end is None


def csrf_of(server, token: str, target: str = "/logout") -> str:
    return FormReader(get(server, target, token).text).forms[0]["csrf"]


def attributes(answer) -> set[str]:
    [cookie] = answer.cookies()
    return {part.strip() for part in cookie.split(";")[1:]} - {"Max-Age=0", "Expires=Thu, 01 Jan 1970 00:00:00 GMT"}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_link_or_an_image_signs_no_user_out(server, method):
    token = sign_in(server)
    answer = request(server, method, "/logout", {"Cookie": f"{harness.COOKIE}={token}"})
    assert answer.status == 200 and answer.cookies() == [] and is_alive(server, token)


def test_get_shows_who_is_signed_in_and_a_button(server):
    token = sign_in(server)
    page = FormReader(get(server, "/logout", token).text)
    assert "You are signed in as alice on this device." in page.words and "Sign out" in page.words and len(page.forms) == 1
    assert "/sessions" in [attrs["href"] for tag, attrs in page.tags if tag == "a"]


def test_get_shows_no_button_if_no_user_is_signed_in(server):
    answer = get(server, "/logout")
    assert answer.status == 200 and FormReader(answer.text).forms == []


def test_the_button_ends_the_session(server):
    browser = server.browser()
    browser.sign_in()
    token = browser.token
    browser.go("/logout")
    answer = browser.submit(follow=False)
    assert (answer.status, answer.location) == (303, DONE) and answer.clears()
    assert browser.token is None and not is_alive(server, token) and server.rows() == 0


def test_only_this_session_ends(server):
    here, there, bobs = sign_in(server), sign_in(server), sign_in(server, "bob")
    assert post(server, "/logout", {"csrf": csrf_of(server, here)}, cookie=here).status == 303
    assert [is_alive(server, t) for t in (here, there, bobs)] == [False, True, True]


def test_the_cookie_is_cleared_with_the_attributes_it_was_set_with(server):
    signed_in = post(server, "/login", {"username": "alice", "password": "wonderland"})
    signed_out = post(server, "/logout", cookie=signed_in.token())
    assert signed_out.clears() and attributes(signed_out) == attributes(signed_in) > set()


def test_the_landing_url_is_where_the_site_says(server):
    assert post(server, "/elsewhere", cookie=sign_in(server)).location == "/app/?bye=1"
    assert post(server, "/logout?return=/app/", {"return": "/app/"}, cookie=sign_in(server)).location == DONE


def test_without_one_a_page_confirms_it_and_leads_on(server):
    browser = server.browser()
    browser.sign_in()
    browser.go("/logout")
    page = FormReader(browser.submit().text)
    assert "You are signed out on this device." in page.words and page.forms == []
    links = {attrs["href"] for tag, attrs in page.tags if tag == "a"}
    assert links == {"/login", "/"}


@pytest.mark.parametrize("query", ["", "?done=in", "?done=", "?done=<b>x</b>", "?done=out%00", "?out"])
def test_no_other_link_makes_the_page_confirm_it(server, query):
    answer = get(server, "/logout" + query)
    assert "You are not signed in on this device." in answer.text and "<b>" not in answer.text


def test_to_a_user_who_is_signed_in_that_page_offers_to_sign_out(server):
    token = sign_in(server)
    page = FormReader(get(server, DONE, token).text)
    assert "You are signed in as alice on this device." in page.words and is_alive(server, token)
    assert "You are signed out on this device." not in page.words


def test_an_applications_own_button_needs_no_token(server):
    token = sign_in(server)
    answer = post(server, "/logout", cookie=token, headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status == 303 and not is_alive(server, token)


def test_a_button_without_any_body_will_do(server):
    token = sign_in(server)
    assert request(server, "POST", "/logout", {"Cookie": f"{harness.COOKIE}={token}"}).status == 303
    assert not is_alive(server, token)


@pytest.mark.parametrize("wrong", ["", "x", "A" * 43, "bob's", "another session's", "altered", "cut"])
def test_a_wrong_token_ends_nothing(server, wrong):
    token = sign_in(server)
    right = csrf_of(server, token)
    csrf = {"bob's": csrf_of(server, sign_in(server, "bob")), "another session's": csrf_of(server, sign_in(server)),
            "altered": right[:-2] + ("A" if right[-2] != "A" else "B") + right[-1], "cut": right[:-1]}.get(wrong, wrong)
    answer = post(server, "/logout", {"csrf": csrf}, cookie=token)
    assert answer.status == 403 and answer.cookies() == [] and is_alive(server, token) and server.rows() > 0


@pytest.mark.parametrize("headers", [
    {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.test"},
    {"Origin": "null"}, {"Origin": "http://127.0.0.1:1"}, {"Host": "evil.test", "Origin": "http://app.test"},
], ids=str)
def test_another_site_signs_no_user_out(server, headers):
    """Even if it has the token."""
    token = sign_in(server)
    for fields in ({}, {"csrf": csrf_of(server, token)}):
        answer = post(server, "/logout", fields, cookie=token, headers=headers)
        assert answer.status == 403 and answer.cookies() == [] and is_alive(server, token)


def test_signing_out_without_a_session_is_no_mistake(server):
    over = sign_in(server)
    post(server, "/logout", cookie=over)
    for cookie in (None, over, harness.random_token(), "x"):
        for fields in ({}, {"csrf": "of a page shown before"}):
            answer = post(server, "/logout", fields, cookie=cookie)
            assert (answer.status, answer.location, answer.token()) == (303, DONE, None)
    assert post(server, "/logout", cookie=over).clears()


@pytest.mark.parametrize("content_type, body, status", [
    ("application/json", b"{}", 415), ("text/plain", b"x=1", 415), (FORM, b"csrf=a&csrf=b", 400), (FORM, b"x=%00", 400),
    (FORM, b"x=%zz", 400), (FORM, b"x=" + b"a" * 16384, 413),
])
def test_a_body_that_is_not_our_form_ends_nothing(server, content_type, body, status):
    token = sign_in(server)
    answer = request(server, "POST", "/logout",
                     {"Content-Type": content_type, "Cookie": f"{harness.COOKIE}={token}"}, body)
    assert answer.status == status and answer.cookies() == [] and is_alive(server, token)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "OPTIONS", "PROPFIND", "BREW"])
def test_other_methods_are_refused(server, method):
    token = sign_in(server)
    answer = request(server, method, "/logout", {"Cookie": f"{harness.COOKIE}={token}"})
    assert answer.status == 405 and set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "POST", "DELETE"}
    assert answer.cookies() == [] and is_alive(server, token)

# SPDX-License-Identifier: Apache-2.0
"""A site's own sign-in page in place of the built-in form (ManagedSessionLoginPage)."""
import pytest

from harness import SITE, Server, get, post, request, sign_in

OWN = SITE.replace("ManagedSessionAuthProvider file", "ManagedSessionAuthProvider file\n    ManagedSessionLoginPage @PAGE@")
RIGHT = {"username": "alice", "password": "wonderland"}
WRONG = {"username": "alice", "password": "x"}


def own(page: str = "/welcome.html", more: str = "") -> Server:
    return Server(OWN.replace("@PAGE@", page) + more)


@pytest.fixture(scope="module")
def site():
    with own() as server:
        server.write("htdocs/welcome.html", "the site's own page\n")
        yield server


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("asked, to", [
    ("/login", "/welcome.html"), ("/login?return=/app/?a=1%26b", "/welcome.html?return=/app/%3Fa%3D1%26b"),
    ("/login?return=//evil.test/", "/welcome.html"), ("/login?reauth=1&return=/app/", "/welcome.html?reauth=1&return=/app/"),
    ("/login?error=credentials", "/welcome.html"), ("/login?return=%zz", "/welcome.html"),
])
def test_visitors_who_sign_in_go_to_the_sites_own_page(site, method, asked, to):
    answer = request(site, method, asked)
    assert (answer.status, answer.location) == (303, to)


def test_a_visitor_is_sent_there_and_signs_in_from_there(site):
    browser = site.browser()
    assert browser.go("/app/").text == "the site's own page\n" and browser.url == "/welcome.html?return=/app/"
    answer = post(site, "/login", {**RIGHT, "return": "/app/"})
    assert answer.status == 303 and answer.location == "/app/" and answer.token()


def test_a_page_that_cannot_fill_in_its_form_keeps_the_way_back_in_the_address(site):
    assert post(site, "/login?return=/app/", RIGHT).location == "/app/"
    assert post(site, "/login?return=/app/", {**RIGHT, "return": "/other"}).location == "/other"
    assert post(site, "/login?return=//evil.test", RIGHT).location == "/"
    assert post(site, "/login?return=/app/", WRONG).location == "/welcome.html?error=credentials&return=/app/"


@pytest.mark.parametrize("fields, error", [
    (WRONG, "credentials"), ({"username": "", "password": ""}, "credentials"), ({"username": "nobody", "password": "x"}, "credentials"),
    ({"username": "alice"}, "form"), ({**RIGHT, "x": "A" * 17000}, "form"), (b"username=%zz", "form"), (b"username=a&username=b", "form"),
])
def test_a_failure_is_told_to_it(site, fields, error):
    answer = post(site, "/login", fields)
    assert (answer.status, answer.location) == (303, f"/welcome.html?error={error}") and not answer.cookies()


def test_the_way_back_is_kept_through_a_mistake(site):
    answer = post(site, "/login", {**WRONG, "return": "/app/?a=1&b=2"})
    assert answer.location == "/welcome.html?error=credentials&return=/app/%3Fa%3D1%26b%3D2"
    assert "alice" not in answer.location, "a name has no place in an address"


def test_a_form_of_another_site_is_refused_as_ever(site):
    answer = post(site, "/login", RIGHT, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status == 403 and answer.location is None


def test_too_many_failures():
    with own(more="ManagedSessionLoginLimit 1 1h\n") as server:
        assert post(server, "/login", WRONG).location == "/welcome.html?error=credentials"
        answer = post(server, "/login", RIGHT)
        assert answer.location == "/welcome.html?error=limit" and 0 < int(answer.headers["Retry-After"]) <= 3600


def test_too_many_devices():
    with own(more="ManagedSessionLimit 1 refuse\n") as server:
        sign_in(server)
        assert post(server, "/login", RIGHT).location == "/welcome.html?error=devices"


def test_passwords_that_cannot_be_asked():
    with own() as server:
        server.expect("MS0041|AH01620")
        (server.root / "passwords").unlink()
        assert post(server, "/login", RIGHT).location == "/welcome.html?error=unavailable"


def test_the_address_may_have_a_query_or_a_host():
    with own("/welcome?look=dark") as server:
        assert post(server, "/login", WRONG).location == "/welcome?look=dark&error=credentials"


@pytest.mark.parametrize("page", ["/login", "/login?a=1", "//evil.test", "welcome.html", "javascript:alert(1)", '"/a b"'])
def test_an_address_that_cannot_work_fails_configtest(page):
    server = own(page)
    try:
        said = server.configtest()
        assert said.returncode != 0 and "ManagedSessionLoginPage takes" in said.stderr
    finally:
        server.remove()


def test_a_page_below_the_handler_needs_a_place_without_it():
    """MS0269 at start names it; a place of its own silences that."""
    for more, status in (("", 303), ('<Location "/login/page.html">\nSetHandler None\n</Location>\n', 200)):
        server = own("/login/page.html", more=more)
        server.write("htdocs/login/page.html", "ours\n")
        with server:
            assert get(server, "/login/page.html").status == status
            assert ("MS0269" in server.error_log() + (server.root / "logs/stderr").read_text()) is (status == 303)


def test_where_it_is_not_set_the_form_is_built_in():
    with Server(SITE) as server:
        assert get(server, "/login").status == 200 and post(server, "/login", WRONG).status == 401

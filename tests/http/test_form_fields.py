# SPDX-License-Identifier: Apache-2.0
"""ManagedSessionFormFields: the names of the sign-in form's fields."""
import pytest

from harness import COOKIE, SITE, FormReader, Server, get, post, raw, sign_in

pytestmark = pytest.mark.sqlite

RENAMED = SITE.replace("ManagedSessionAuthProvider file", "ManagedSessionAuthProvider file\n    ManagedSessionFormFields @FIELDS@")
AUTH_FORM = "httpd_username httpd_password httpd_location"


def site_with(fields: str, more: str = "") -> Server:
    return Server(RENAMED.replace("@FIELDS@", fields) + more)


@pytest.fixture(scope="module")
def site():
    with site_with(AUTH_FORM) as server:
        yield server


def test_a_form_written_for_mod_auth_form_signs_in(site):
    answer = post(site, "/login", {"httpd_username": "alice", "httpd_password": "wonderland", "httpd_location": "/app/?a=1"})
    assert (answer.status, answer.location) == (303, "/app/?a=1") and get(site, "/app/", answer.token()).status == 200


def test_the_built_in_form_has_these_names_and_works(site):
    browser = site.browser()
    browser.go("/app/")
    form = FormReader(browser.page.text).forms[0]
    assert {"httpd_username", "httpd_password", "httpd_location"} <= set(form) and form["httpd_location"] == "/app/"
    assert not {"username", "password", "return"} & set(form)
    assert browser.submit({"httpd_username": "alice", "httpd_password": "x"}).status == 401
    assert FormReader(browser.page.text).forms[0]["httpd_username"] == "alice"
    browser.submit({"httpd_username": "alice", "httpd_password": "wonderland", "remember": "1"})
    assert browser.page.status == 200 and browser.url == "/app/"


def test_remember_keeps_its_name(site):
    fields = {"httpd_username": "alice", "httpd_password": "wonderland"}
    assert "Max-Age" in post(site, "/login", {**fields, "remember": "1"}).headers["Set-Cookie"]
    assert "Max-Age" not in post(site, "/login", fields).headers["Set-Cookie"]


def test_the_usual_names_are_not_read_beside_them(site):
    answer = post(site, "/login", {"username": "alice", "password": "wonderland", "return": "/app/"})
    assert answer.status == 400 and not answer.cookies()
    answer = post(site, "/login", {"httpd_username": "alice", "httpd_password": "wonderland", "return": "/app/"})
    assert answer.location == "/"


def test_the_way_back_in_the_address_keeps_its_name(site):
    fields = {"httpd_username": "alice", "httpd_password": "wonderland"}
    assert post(site, "/login?return=/app/", fields).location == "/app/"
    assert post(site, "/login", {**fields, "httpd_location": "//evil.test/"}).location == "/"


def test_a_page_of_the_sites_own_posts_them():
    with site_with(AUTH_FORM, '<Location "/login">\nManagedSessionLoginPage "/welcome.html"\n</Location>\n') as server:
        right = {"httpd_username": "alice", "httpd_password": "wonderland", "httpd_location": "/app/"}
        assert post(server, "/login", right).location == "/app/"
        assert post(server, "/login", {**right, "httpd_password": "x"}).location == "/welcome.html?error=credentials&return=/app/"


def test_each_place_has_its_own():
    second = ('<Location "/old-login">\nSetHandler managed-session-login\nManagedSessionAuthProvider file\n'
              f'AuthUserFile "@ROOT@/passwords"\nManagedSessionFormFields {AUTH_FORM}\n</Location>\n')
    with Server(SITE + second) as server:
        assert post(server, "/old-login", {"httpd_username": "alice", "httpd_password": "wonderland"}).status == 303
        assert post(server, "/login", {"username": "alice", "password": "wonderland"}).status == 303


def test_names_as_frameworks_make_them():
    with site_with("user[login] user[password] user[return.to]") as server:
        assert post(server, "/login", {"user[login]": "alice", "user[password]": "wonderland"}).status == 303


@pytest.mark.parametrize("fields", [
    "a a b", "a b A", "a b b", '"" b c', '"a b" b c', "a<b b c", "remember b c", "a Form c", "a b \u00fc", "a b " + "c" * 65,
    "username password", "a b c d",
])
def test_names_that_cannot_work_fail_configtest(fields):
    server = site_with(fields)
    try:
        said = server.configtest()
        assert said.returncode != 0 and "ManagedSessionFormFields takes" in said.stderr
    finally:
        server.remove()


@pytest.mark.parametrize("body", [b"5\r\nusern\r\nzz\r\n", b"-1\r\nx\r\n0\r\n\r\n"])
def test_a_body_that_cannot_be_read_signs_no_user_in_and_ends_nothing(body):
    """Its chunks are broken."""
    with Server() as server:
        token = sign_in(server)
        for path in ("/login", "/sessions"):
            head = f"POST {path} HTTP/1.1\r\nHost: app.test\r\nCookie: {COOKIE}={token}\r\nTransfer-Encoding: chunked\r\n" \
                "Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n\r\n"
            answer = raw(server, head.encode() + body, "POST", path)
            assert answer.status == 400 and not answer.cookies()
        assert get(server, "/app/", token).status == 200

# SPDX-License-Identifier: Apache-2.0
"""A Secure cookie over plain http, which browsers drop: no endless sign-in, but a page that explains it and a log line with the cure."""
import base64

import pytest

from backends import HttpApplication
from harness import PASSWORDS, SITE, Server, get, logged, post

ALICE = {"username": "alice", "password": PASSWORDS["alice"]}
BASIC = ("Authorization", "Basic " + base64.b64encode(b"alice:wonderland").decode())
BROWSER = ("Accept", "text/html")
CURES = ("MS0142", "TLS", "ManagedSessionCookieSecure Off")
MORE = """
<Location "/basic">
    SetHandler managed-session-login
    AuthType Basic
    AuthName "basic"
    AuthUserFile "@ROOT@/passwords"
    ManagedSessionSignIn On
    Require valid-user
    ManagedSessionSignIn On
</Location>
<Location "/backend">
    ManagedSession On
    ManagedSessionBackendLogin On
</Location>
"""


@pytest.fixture(scope="module")
def site():
    with HttpApplication() as application:
        with Server(SITE + MORE + f'ProxyPass "/backend" "http://127.0.0.1:{application.port}/"\n') as server:
            yield server


@pytest.fixture(autouse=True)
def expected(site):
    site.expect("MS0142")


def is_refused(server, answer) -> bool:
    made = server.rows()
    server.sql("DELETE FROM managed_session")
    assert (answer.status, made, bool(answer.token())) in ((403, 0, False), (303, 1, True))
    return answer.status == 403


def at(origin: str, host: str | None = None) -> list[tuple[str, str]]:
    return [("Host", host or origin.partition("://")[2]), ("Origin", origin)]


@pytest.mark.parametrize("origin", ["http://intranet.example", "http://intranet.example:8080", "http://192.168.1.10", "http://intranet",
                                    "http://[2001:db8::1]:8080", "HTTP://Intranet.Example", "http://localhost.example"])
@pytest.mark.parametrize("more", [[], [("Sec-Fetch-Site", "same-origin")], [("X-Forwarded-Proto", "https")]], ids=str)
def test_over_plain_http_there_is_a_page_and_no_row(site, origin, more):
    answer = post(site, "/login", ALICE, headers=[*at(origin), *more])
    assert is_refused(site, answer)
    assert "This connection is not secure" in answer.text and "https://" in answer.text
    wrong = post(site, "/login", {**ALICE, "password": "wrong"}, headers=at(origin))
    assert wrong.text == answer.text, "the password is not even checked"


@pytest.mark.parametrize("headers", [
    at("https://intranet.example"), at("https://intranet.example:8443"), at("http://localhost:8080"), at("http://127.0.0.1"),
    at("http://app.localhost"), at("http://[::1]:80"), [("Host", "intranet.example")],
    [("Host", "intranet.example"), ("Origin", "null"), ("Sec-Fetch-Site", "same-origin")]], ids=str)
def test_tls_that_a_proxy_ends_and_loopback_need_no_setting(site, headers):
    assert not is_refused(site, post(site, "/login", ALICE, headers=headers))


def test_with_a_cookie_that_is_not_secure_plain_http_does():
    with Server(SITE + "ManagedSessionCookieSecure Off\nManagedSessionCookieName c\n") as server:
        answer = post(server, "/login", ALICE, headers=at("http://intranet.example"))
        assert answer.status == 303 and answer.token("c") and server.rows() == 1


def test_a_plain_form_of_another_listed_origin_says_nothing_of_this_one():
    with Server(SITE + "ManagedSessionOrigin http://old.example\n") as server:
        assert not is_refused(server, post(server, "/login", ALICE, headers=at("http://old.example", host="login.example")))


def test_it_is_logged_once_a_minute_with_the_two_cures():
    with Server(SITE, extra="ServerLimit 1\nMaxRequestWorkers 16\nMaxSpareThreads 16\n") as server:
        server.expect("MS0142")
        line = logged(server, "MS0142", lambda: post(server, "/login", ALICE, headers=at("http://intranet.example")))
        assert all(word in line for word in (*CURES, '"http://intranet.example"', ":error]"))
        for _ in range(20):
            post(server, "/login", ALICE, headers=at("http://intranet.example"))
        assert server.error_log().count("MS0142") <= 2, "a minute may have ended meanwhile"


def test_a_sites_own_sign_in_page_cannot_hide_it():
    own = SITE.replace('AuthUserFile "@ROOT@/passwords"', 'AuthUserFile "@ROOT@/passwords"\nManagedSessionLoginPage "/own.html"')
    with Server(own) as server:
        server.expect("MS0142")
        answer = post(server, "/login", ALICE, headers=at("http://intranet.example"))
        assert is_refused(server, answer) and "not secure" in answer.text


# -- the other two ways to sign in ---------------------------------------------------------------------


def test_another_modules_sign_in_by_post_is_refused_alike(site):
    answer = post(site, "/basic", {}, headers=[*at("http://intranet.example"), BASIC])
    assert is_refused(site, answer) and "not secure" in answer.text


def test_an_applications_sign_in_by_post_makes_no_row(site):
    answer = post(site, "/backend/?Managed-Session-User=alice", {}, headers=at("http://intranet.example"))
    assert site.rows() == 0 and not answer.cookies() and "Managed-Session-User" not in answer.headers


@pytest.mark.parametrize("target, headers", [("/basic", [BASIC]), ("/backend/?Managed-Session-User=alice", [])])
def test_a_sign_in_by_get_which_has_no_origin_is_explained(target, headers):
    with HttpApplication() as application, Server(SITE + MORE + f'ProxyPass "/backend" "http://127.0.0.1:{application.port}/"\n') as server:
        quiet = [("Host", "127.0.0.1:80"), ("X-Forwarded-Proto", "https"), ("Forwarded", "for=192.0.2.1;proto=https"),
                 ("Sec-Fetch-Site", "none"), ("X-Forwarded-Ssl", "on")]
        for name, value in quiet:  # led there by a page of the site
            sent = {"Host": "intranet.example", "Accept": "text/html", name: value}
            get(server, target, headers=[*sent.items(), ("Referer", f"http://{sent['Host']}/"), *headers])
        assert server.rows() == len(quiet) and "MS0143" not in server.error_log()
        line = logged(server, "MS0143", lambda: get(server, target, headers=[
            ("Host", "intranet.example"), ("Referer", "http://intranet.example/"), BROWSER, *headers]))
        assert all(word in line for word in ("TLS", "ManagedSessionCookieSecure Off", '"http://intranet.example"', ":warn]"))
        assert server.rows() == len(quiet) + 1

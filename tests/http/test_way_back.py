# SPDX-License-Identifier: Apache-2.0
"""The way to the sign-in page and back: long and odd addresses, several sites, error pages, frames, strict cookies."""
import html
import re
import urllib.parse

import pytest

import harness
from harness import SITE, Browser, FormReader, Server, get, post, request, sign_in

pytestmark = pytest.mark.sqlite

NAVIGATION = [("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document"), ("Sec-Fetch-Site", "none"), ("Accept", "text/html")]
CROSS = [("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document"), ("Sec-Fetch-Site", "cross-site"), ("Accept", "text/html")]
RELOADED = [("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document"), ("Sec-Fetch-Site", "same-origin"), ("Accept", "text/html")]


@pytest.fixture(scope="module")
def site():
    with Server("AllowEncodedSlashes NoDecode\nMergeSlashes Off\n" + SITE) as server:
        yield server


def through_the_page(server: Server, target: str) -> str:
    """The address at which a visitor of that address arrives after sign-in."""
    browser = Browser(server)
    answer = browser.go(target, follow=False)
    assert answer.status == 303
    browser.go(answer.location, follow=False)
    return browser.submit({"username": "alice", "password": "wonderland"}, follow=False).location


@pytest.mark.parametrize("target", [
    "/app//page", "/app/http://archive.example/page//x", "/app/DOMAIN%5Cuser", "/app/a%5Cb%5Cc", "/app/a%2F%2Fb", "/app/a%252Fb", "/app/" + "long/" * 500,
    "/app/?q=" + "x" * 4000, "/app/" + "%E4%B8%AD/" * 300, "/app/?" + "a/" * 3900, "/app//..//page", "/app/a//"], ids=lambda t: t[:40])
def test_every_address_of_this_host_is_come_back_to(site, target):
    assert through_the_page(site, target) == target


@pytest.mark.parametrize("raw, encoded", [("/app/caf\u00e9", "/app/caf%C3%A9"), ("/app/a'b\"c", "/app/a'b%22c"), ("/app/<x>?<y>", "/app/%3Cx%3E?%3Cy%3E"),
                                          ("/app/?q=caf\u00e9", "/app/?q=caf%C3%A9")])
def test_bytes_that_a_url_must_encode_are_encoded(site, raw, encoded):
    answer = get(site, raw, headers=NAVIGATION)
    back = urllib.parse.parse_qs(urllib.parse.urlsplit(answer.location).query)["return"]
    assert answer.status == 303 and back == [encoded]


@pytest.mark.parametrize("back", [
    "//evil.example", "/\\evil.example", "/%5Cevil.example", "/%255Cevil.example", "/%2Fevil.example", "/app/..//evil.example", "/app/%2e%2e//evil.example",
    "/app/..%2F/evil.example", "/app/..%252F%252Fevil.example", "/.//evil.example", "/a/b/../..//evil.example", "/a/..\\\\evil.example", "/a/..%5C%5Cevil.example",
    "https://evil.example/", "https:evil.example", "/app%0d%0aX: y", "/\t/evil.example", "/" + "a" * 8190], ids=lambda t: t[:40])
def test_an_address_that_is_another_hosts_is_not(site, back):
    answer = post(site, "/login", {"username": "alice", "password": "wonderland", "return": back})
    assert answer.status == 303 and answer.location == "/"


def test_an_address_too_long_to_be_sent_on_is_lost_and_the_visitor_is_not(site):
    """Escaped in the query of the sign-in page it would be over LimitRequestLine, and the answer 414."""
    browser = Browser(site)
    assert browser.go("/app/?" + "%25" * 2600, follow=False).location == "/login"
    assert browser.sign_in().status == 303 or browser.token


# -- several sites --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hosts():
    """Two sites that sign in at a third, all of one realm."""
    config = SITE.replace('ManagedSessionLoginURL "/login"', "") + """
ManagedSessionRealm all
<VirtualHost *:@PORT@>
    ServerName login.example
    ManagedSessionOrigin http://app.example:@PORT@ https://wiki.example
    ManagedSessionLoginURL "/login"
</VirtualHost>
<VirtualHost *:@PORT@>
    ServerName app.example
    ManagedSessionLoginURL "http://login.example:@PORT@/login"
</VirtualHost>
<VirtualHost *:@PORT@>
    ServerName wiki.example
    ManagedSessionOrigin https://wiki.example
    ManagedSessionLoginURL "http://login.example:@PORT@/login"
</VirtualHost>
<VirtualHost *:@PORT@>
    ServerName other.example
    ManagedSessionLoginURL "http://login.example:@PORT@/login"
</VirtualHost>
<VirtualHost *:@PORT@>
    ServerName bare.example
    ManagedSessionLoginURL "http://login.example:@PORT@"
</VirtualHost>
"""
    with Server(config, own_paths=()) as server:
        yield server


@pytest.fixture
def anywhere(monkeypatch):
    """Redirects to other hosts are the subject here."""
    original = harness.check_answer

    def check(server, target, answer):
        location, answer.location = answer.location, None
        original(server, target, answer)
        answer.location = location
    monkeypatch.setattr(harness, "check_answer", check)


@pytest.mark.parametrize("host, port, back", [
    ("app.example", True, "http://app.example:@PORT@/app/x?y=1"), ("wiki.example", False, "https://wiki.example/app/x?y=1"), ("other.example", True, "/"),
    ("login.example", True, "/app/x?y=1")])
def test_each_site_is_come_back_to_and_no_wrong_one(hosts, anywhere, host, port, back):
    named = [("Host", f"{host}:{hosts.port}" if port else host)]
    sent = get(hosts, "/app/x?y=1", headers=[*named, *NAVIGATION])
    assert sent.status == 303
    to = urllib.parse.urlsplit(sent.location)
    assert to.netloc in ("", f"login.example:{hosts.port}") and to.path == "/login"
    login = [("Host", f"login.example:{hosts.port}")]
    page = get(hosts, f"/login?{to.query}", headers=login)
    fields = {**FormReader(page.text).forms[0], "username": "alice", "password": "wonderland"}
    assert post(hosts, "/login", fields, headers=login).location == hosts.fill(back)
    assert post(hosts, f"/login?{to.query}", {"username": "alice", "password": "wonderland"}, headers=login).location == hosts.fill(back)


@pytest.mark.parametrize("back", [
    "https://wiki.example:444/", "http://wiki.example/", "https://wiki.example.evil.example/", "https://wiki.example@evil.example/", "https://wiki.example\\evil.example/",
    "//wiki.example/", "https://other.example/", "https://wiki.example//evil.example/", "https://wiki.example/a/..//evil", "https://wiki.example/%5Cevil",
    "https://wiki.example/\r\nX: y", "https://wiki.example#x", "https:/wiki.example/", "javascript:alert(1)"])
def test_what_is_not_listed_leads_to_the_landing_page(hosts, anywhere, back):
    answer = post(hosts, "/login", {"username": "alice", "password": "wonderland", "return": back}, headers=[("Host", f"login.example:{hosts.port}")])
    assert answer.status == 303 and answer.location == "/"


@pytest.mark.parametrize("back, to", [("https://wiki.example", "https://wiki.example/"), ("https://wiki.example?a=b", "https://wiki.example/?a=b"),
                                      ("HTTPS://WIKI.example:443/Page", "https://wiki.example/Page")])
def test_a_listed_origin_in_any_spelling(hosts, anywhere, back, to):
    answer = post(hosts, "/login", {"username": "alice", "password": "wonderland", "return": back}, headers=[("Host", f"login.example:{hosts.port}")])
    assert answer.location == to


def test_another_hosts_page_of_the_same_path_is_no_loop(hosts, anywhere):
    hosts_login = get(hosts, "/login", headers=[("Host", f"app.example:{hosts.port}"), *NAVIGATION])
    assert hosts_login.status == 200 and "MS0020" not in hosts.error_log()


def test_a_sign_in_page_may_be_a_host_without_a_path(hosts, anywhere):
    answer = get(hosts, "/app/x", headers=[("Host", f"bare.example:{hosts.port}"), *NAVIGATION])
    assert answer.status == 303
    assert urllib.parse.unquote(answer.location) == f"http://login.example:{hosts.port}?return=http://bare.example:{hosts.port}/app/x"


# -- ErrorDocument -------------------------------------------------------------------------------------------

ERROR_PAGE = SITE.replace('ManagedSessionLoginURL "/login"', "ErrorDocument 401 /login")


@pytest.fixture(scope="module")
def error_page():
    with Server(ERROR_PAGE) as server:
        yield server


@pytest.mark.parametrize("method, headers", [("GET", NAVIGATION), ("GET", []), ("POST", []), ("PUT", [])])
def test_the_form_as_an_error_page_keeps_the_errors_status(error_page, method, headers):
    answer = request(error_page, method, "/app/x?a=b", headers, b"" if method != "GET" else None)
    assert answer.status == 401 and answer.headers["WWW-Authenticate"] == 'ManagedSession realm="app"'
    assert "<h1>Sign in</h1>" in answer.text and not answer.cookies()


def test_a_script_gets_the_error_and_no_form(error_page):
    answer = get(error_page, "/app/x?a=b", headers=[("Accept", "application/json")])
    assert answer.status == 401 and answer.headers["WWW-Authenticate"] == 'ManagedSession realm="app"'
    assert answer.json()["code"] == "not_signed_in" and not answer.cookies()


def test_and_signs_in_and_leads_back(error_page):
    answer = get(error_page, "/app/index.html?a=b", headers=NAVIGATION)
    form, = [attributes for tag, attributes in FormReader(answer.text).tags if tag == "form"]
    assert form["action"] == "/login?return=/app/index.html%3Fa%3Db"
    fields = {**FormReader(answer.text).forms[0], "username": "alice", "password": "wonderland"}
    wrong = post(error_page, form["action"], {**fields, "password": "x"})
    assert wrong.status == 401 and "Wrong user name or password" in wrong.text
    right = post(error_page, form["action"], fields)
    assert right.status == 303 and right.location == "/app/index.html?a=b"
    assert get(error_page, right.location, right.token()).text == "protected page\n"


def test_what_was_posted_is_not_come_back_to(error_page):
    answer = post(error_page, "/app/index.html", {"a": "b"})
    form, = [attributes for tag, attributes in FormReader(answer.text).tags if tag == "form"]
    assert answer.status == 401 and form["action"] == "/login"


def test_the_sign_in_page_itself_is_no_error(error_page):
    answer = get(error_page, "/login?return=/app/", headers=NAVIGATION)
    assert answer.status == 200 and "action" not in dict(FormReader(answer.text).tags)["form"]


BOBS = """
<Location "/bobs">
    AuthType ManagedSession
    Require user bob
    ErrorDocument 403 /logout
</Location>
<Location "/closed">
    Require all denied
    ErrorDocument 403 /sessions
</Location>
"""


def test_each_of_the_pages_keeps_the_errors_status():
    with Server(ERROR_PAGE + BOBS) as server:
        server.expect("AH01630")
        token = sign_in(server)
        assert get(server, "/closed", token, [("Accept", "application/json")]).status == 403
        answer = get(server, "/closed", token, NAVIGATION)
        assert answer.status == 403 and "this device" in answer.text
        answer = get(server, "/bobs", token, NAVIGATION)
        form, = [attributes for tag, attributes in FormReader(answer.text).tags if tag == "form"]
        assert answer.status == 403 and form["action"] == "/logout"
        assert post(server, form["action"], FormReader(answer.text).forms[0], token).clears()


# -- frames --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dest", ["iframe", "frame", "embed", "object", "fencedframe"])
@pytest.mark.parametrize("where", ["same-origin", "cross-site"])
def test_a_framed_page_without_a_session_leads_out_of_the_frame(site, dest, where):
    headers = [("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", dest), ("Sec-Fetch-Site", where), ("Accept", "text/html")]
    answer = get(site, "/app/x?a=b", harness.random_token(), headers)
    assert answer.status == 401 and answer.location is None and answer.headers["WWW-Authenticate"] == 'ManagedSession realm="app"'
    [link] = [attributes for tag, attributes in FormReader(answer.text).tags if tag == "a"]
    assert link == {"href": "/login?return=/app/x%3Fa%3Db", "target": "_top"}
    assert "X-Frame-Options" not in answer.headers and "frame-ancestors" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store" and "script" not in answer.text
    assert get(site, "/app/index.html", sign_in(site), headers).text == "protected page\n"


def test_in_the_visitors_language_and_letters(site):
    headers = [("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "iframe"), ("Accept", "text/html"), ("Accept-Language", "ja")]
    answer = get(site, "/app/", headers=headers)
    assert answer.status == 401 and 'lang="ja"' in answer.text and "サインイン" in answer.text
    assert "iso-8859" not in answer.headers["Content-Type"] and answer.headers["Content-Language"] == "ja"


def test_pages_that_may_not_be_framed_are_still_not(site):
    headers = [("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "iframe"), ("Sec-Fetch-Site", "same-origin"), ("Accept", "text/html")]
    for target in ("/login", "/logout", "/sessions"):
        assert get(site, target, headers=headers).headers["X-Frame-Options"] == "DENY"


def test_without_a_sign_in_page_there_is_nothing_to_lead_to():
    with Server(SITE.replace('ManagedSessionLoginURL "/login"', "")) as server:
        answer = get(server, "/app/", headers=[("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "iframe")])
        assert answer.status == 401 and "_top" not in answer.text


# -- SameSite=Strict -----------------------------------------------------------------------------------------

STRICT = "ManagedSessionCookieSameSite Strict\n" + SITE


@pytest.fixture(scope="module")
def strict():
    with Server(STRICT) as server:
        yield server


def goes_on_to(answer: harness.Answer) -> str:
    assert answer.status in (200, 401) and "<form" not in answer.text
    refresh = re.search(r'<meta http-equiv="refresh" content="0; url=([^"]*)">', answer.text)[1]
    assert f'<a href="{refresh}">' in answer.text
    return html.unescape(refresh)


@pytest.mark.parametrize("how", [CROSS, [("Accept", "text/html"), ("Referer", "http://mail.example/")], [("Accept", "text/html")]])
def test_a_link_from_a_mail_leads_on_for_one_who_is_signed_in(strict, how):
    """The browser keeps the cookie back until a navigation begins at a page of this site."""
    token = sign_in(strict)
    sent = get(strict, "/app/index.html?a=b", headers=how)
    assert sent.status == 303
    again = goes_on_to(get(strict, sent.location, headers=how))
    answer = get(strict, again, token, RELOADED)
    assert answer.status == 303 and answer.location == "/app/index.html?a=b"
    assert get(strict, sent.location, token, RELOADED).location == "/app/index.html?a=b"


@pytest.mark.parametrize("reloaded", [RELOADED, [("Accept", "text/html")], CROSS])
def test_one_who_is_not_sees_the_form_after_one_more_page(strict, reloaded):
    again = goes_on_to(get(strict, "/login?return=/app/", headers=CROSS))
    answer = get(strict, again, headers=reloaded)
    assert answer.status == 200 and "<h1>Sign in</h1>" in answer.text
    assert FormReader(answer.text).forms[0]["return"] == "/app/"


@pytest.mark.parametrize("headers", [NAVIGATION, RELOADED, [], [("Accept", "*/*")], [*CROSS, ("Sec-Purpose", "prefetch")]])
def test_others_see_the_form_at_once(strict, headers):
    answer = get(strict, "/login?return=/app/", headers=headers)
    assert answer.status == 200 and "refresh" not in answer.text and "<h1>Sign in</h1>" in answer.text


def test_who_shall_confirm_a_sign_in_or_wants_to_change_it_sees_the_form(strict):
    token = sign_in(strict)
    for target in ("/login?reauth=1&return=/app/", "/login"):
        answer = get(strict, target, token, RELOADED)
        assert answer.status == 200 and "<h1>Sign in</h1>" in answer.text
    assert get(strict, "/login?reauth=1&return=/app/", headers=CROSS).status == 200


def test_with_lax_cookies_nothing_goes_on_by_itself(site):
    answer = get(site, "/login?return=/app/", headers=CROSS)
    assert answer.status == 200 and "refresh" not in answer.text
    assert get(site, "/login?return=/app/", sign_in(site), RELOADED).status == 200


def test_the_sites_own_page_comes_after_that_too():
    config = STRICT.replace("ManagedSessionAuthProvider file", 'ManagedSessionAuthProvider file\n    ManagedSessionLoginPage "/welcome"')
    with Server(config) as server:
        again = goes_on_to(get(server, "/login?return=/app/", headers=CROSS))
        assert get(server, again, headers=RELOADED).location == "/welcome?return=/app/"
        assert get(server, again, sign_in(server), RELOADED).location == "/app/"


def test_an_error_page_goes_on_as_well():
    with Server("ManagedSessionCookieSameSite Strict\n" + ERROR_PAGE) as server:
        again = goes_on_to(get(server, "/app/index.html", headers=CROSS))
        assert again == "/login?return=/app/index.html&again=1"
        assert get(server, again, sign_in(server), RELOADED).location == "/app/index.html"

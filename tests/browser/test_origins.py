# SPDX-License-Identifier: Apache-2.0
"""Forms, browsers and other origins: who may post here, and where visitors arrive."""
import ssl
import urllib.parse
import urllib.request

import pytest

from harness import PASSWORDS, SITE
from pages import fill_in, go, says, shoot

SITE_WITH_LANDING = SITE + 'ManagedSessionLandingURL "/app/"\n'


@pytest.fixture(autouse=True)
def empty(server):
    server.sql("DELETE FROM managed_session") if server.has_table() else None


def test_another_sites_form_signs_no_one_in(browse, server):
    """Login CSRF. Over plain http there is no Sec-Fetch-Site: Origin alone decides."""
    server.write("htdocs/evil.html", f'<form method=post action="{server.url("/login")}"><input name=username value=alice>'
                 f'<input name=password value={PASSWORDS["alice"]}><button>Win</button></form>')
    driver = browse()
    go(driver, server, "/evil.html", name="other.example")
    driver.find_element("tag name", "button").click()
    says(driver, "Nothing was changed")
    assert server.rows() == 0


def test_a_listed_sites_form_does(browse, new_site, server):
    listed = f'ManagedSessionOrigin {server.url("", name="app.example")}\n'
    with new_site(server.scheme, listed + SITE_WITH_LANDING) as site:
        server.write("htdocs/form.html", f'<form method=post action="{site.url("/login")}"><input name=username id=username>'
                     '<input name=password id=password type=password><main><button>Sign in</button></main></form>')
        driver = browse()
        go(driver, server, "/form.html", name="app.example")
        fill_in(driver)
        says(driver, "protected page")
        assert site.rows() == 1
        go(driver, server, "/form.html", name="other.example")
        fill_in(driver)
        says(driver, "Nothing was changed")


def test_a_browser_without_sec_fetch_headers_can_sign_in_over_tls(new_site, authority):
    with new_site("https") as site:
        context = ssl.create_default_context(cafile=str(authority / "ca.pem"))
        context.check_hostname = False  # the request is for an address here
        body = urllib.parse.urlencode({"username": "alice", "password": PASSWORDS["alice"]}).encode()
        statuses = []
        for origin in (site.url(""), site.url("", scheme="http"), site.url("", name="other.example"), "null"):
            request = urllib.request.Request(f"https://127.0.0.1:{site.tls_port}/login", body, {
                "Host": site.url("").removeprefix("https://"), "Origin": origin})
            try:
                statuses.append(urllib.request.build_opener(NoRedirect, urllib.request.HTTPSHandler(context=context)).open(request).status)
            except urllib.error.HTTPError as answer:
                statuses.append(answer.code)
        assert statuses == [303, 403, 403, 403]


def test_a_secure_cookie_over_plain_http_is_explained(browse, new_site):
    with new_site("http", secure=True) as site:
        site.expect("MS0142")
        driver = browse()
        go(driver, site, "/app/")
        fill_in(driver)
        says(driver, "This connection is not secure")
        shoot(driver, "plain-http")
        assert site.rows() == 0


def test_tls_that_a_proxy_ends_needs_no_setting(browse, new_site):
    with new_site("http", secure=True) as inner:
        proxy = f'ProxyPreserveHost On\nProxyPass "/" "http://127.0.0.1:{inner.port}/"\n'
        with new_site("https", proxy) as front:
            driver = browse()
            go(driver, front, "/app/")
            fill_in(driver)
            says(driver, "protected page")


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None

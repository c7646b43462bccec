# SPDX-License-Identifier: Apache-2.0
"""How long the user's own browser keeps a page: the administrator and the application decide, with mod_expires and
mod_headers loaded before the module and after it. Shared caches get nothing of a user's in any case."""
import urllib.parse

import pytest

from backends import HttpApplication
from harness import FETCH, NAVIGATION, ORDERS, SITE, Server, get, post, sign_in

pytestmark = pytest.mark.sqlite

CONFIG = SITE + """
ProxyPassMatch "^(/[a-z]+/http.*)$" "http://127.0.0.1:@HTTP@$1"
ScriptAliasMatch "^/[a-z]+/cgi" "@ROOT@/scripts/answer.sh"
AliasMatch "^/[a-z]+/files" "@ROOT@/htdocs/index.html"
<Location "/optional">
    ManagedSession On
</Location>
<LocationMatch "/expires$">
    ExpiresActive On
    ExpiresDefault "access plus 1 hour"
</LocationMatch>
<LocationMatch "/set$">
    Header set Cache-Control "max-age=60"
</LocationMatch>
<LocationMatch "/always$">
    Header always set Cache-Control "private, max-age=60"
</LocationMatch>
<LocationMatch "/public$">
    Header set Cache-Control "public, s-maxage=600, max-age=60, immutable"
    Header set Surrogate-Control "max-age=600"
</LocationMatch>
<LocationMatch "/merge$">
    Header merge Cache-Control "max-age=60"
</LocationMatch>
<LocationMatch "/setifempty$">
    Header setifempty Cache-Control "max-age=60"
</LocationMatch>
<LocationMatch "/vary$">
    Header set Vary "Accept-Encoding"
</LocationMatch>
<LocationMatch "^/log(in|out)|^/sessions">
    ExpiresActive On
    ExpiresDefault "access plus 1 hour"
</LocationMatch>
"""
SCRIPT = """#!/bin/sh
printf '%s\\n' "$QUERY_STRING" | sed 's/+/ /g; s/%2C/,/g; s/%3D/=/g; s/=/: /'
printf 'Content-Type: text/plain\\n\\na page\\n'
"""


@pytest.fixture(scope="module", params=ORDERS)
def site(request):
    with HttpApplication() as application:
        server = Server(CONFIG.replace("@HTTP@", str(application.port)), neighbours="headers expires", order=request.param)
        server.write("scripts/answer.sh", SCRIPT, 0o755)
        with server:
            server.token = sign_in(server)
            yield server


WAYS = ["http", "cgi", "files"]


def said(answer) -> set[str]:
    return {word.strip() for line in answer.headers.get_all("Cache-Control", []) for word in line.split(",")}


def ask(server, way: str, place: str, kind: str, application: str | None = None, signed_in=True):
    query = "?" + urllib.parse.urlencode({"Cache-Control": application}) if application else ""
    return get(server, f"/{place}/{way}/{kind}{query}", server.token if signed_in else None)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind, expected", [
    ("plain", {"private", "no-cache"}), ("expires", {"private", "max-age=3600"}), ("set", {"private", "max-age=60"}),
    ("always", {"private", "max-age=60"}), ("public", {"private", "max-age=60", "immutable"}),
    ("merge", {"private", "max-age=60"}), ("setifempty", {"private", "max-age=60"}), ("vary", {"private", "no-cache"})])
def test_in_a_protected_place_the_browser_keeps_it_as_the_administrator_says(site, way, kind, expected):
    answer = ask(site, way, "app", kind)
    assert said(answer) == expected and len(answer.headers.get_all("Cache-Control")) == 1
    assert "Cookie" in answer.headers["Vary"] and "Surrogate-Control" not in answer.headers


@pytest.mark.parametrize("way", ["http", "cgi"])
@pytest.mark.parametrize("application, expected", [
    ("private, max-age=5", {"private", "max-age=5"}), ("max-age=5", {"private", "max-age=5"}),
    ("public, max-age=5", {"private", "max-age=5"}), ("no-store", {"no-store"}), ("no-cache", {"private", "no-cache"})])
def test_in_a_protected_place_the_browser_keeps_it_as_the_application_says(site, way, application, expected):
    assert said(ask(site, way, "app", "plain", application)) == expected
    with_expires = said(ask(site, way, "app", "expires", application))
    assert with_expires == expected or with_expires == expected | {"max-age=3600"} and "no-store" not in expected


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind, user, visitor", [
    ("plain", {"private"}, set()), ("expires", {"private", "max-age=3600"}, {"max-age=3600"}),
    ("set", {"private", "max-age=60"}, {"max-age=60"}), ("vary", {"private"}, set()),
    ("public", {"public", "s-maxage=600", "max-age=60", "immutable"}, {"public", "s-maxage=600", "max-age=60", "immutable"})])
def test_where_a_session_is_optional_only_an_explicit_word_opens_a_users_page_to_shared_caches(site, way, kind, user, visitor):
    for signed_in, expected in (True, user), (False, visitor):
        answer = ask(site, way, "optional", kind, signed_in=signed_in)
        assert said(answer) == expected and "Cookie" in answer.headers["Vary"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind, expected", [("plain", set()), ("expires", {"max-age=3600"}), ("set", {"max-age=60"})])
def test_elsewhere_nothing_is_changed(site, way, kind, expected):
    answer = ask(site, way, "pub", kind)
    assert said(answer) == expected and answer.headers["Vary"] is None
    assert ("Expires" in answer.headers) is (kind == "expires")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("place", ["app", "optional"])
@pytest.mark.parametrize("kind, is_kept", [("plain", False), ("expires", True), ("set", True)])
def test_a_users_page_in_a_window_is_not_kept_for_the_back_button_unless_it_may_be_used_again(site, way, place, kind, is_kept):
    for headers, may_be_kept in (NAVIGATION, is_kept), (FETCH, True):
        answer = get(site, f"/{place}/{way}/{kind}", site.token, headers)
        assert answer.status == 200 and ("no-store" not in said(answer)) is may_be_kept
    assert "no-store" not in said(get(site, f"/optional/{way}/{kind}", headers=NAVIGATION))


def test_a_refusal_is_not_kept(site):
    for kind in "expires", "set", "public":
        for headers in (), [("Sec-Fetch-Mode", "navigate")]:
            answer = get(site, f"/app/http/{kind}", headers=headers)
            assert answer.status in (401, 303) and said(answer) == {"no-store"}


def test_the_modules_own_pages_are_never_kept(site):
    for answer in (get(site, "/login"), get(site, "/sessions", site.token), get(site, "/logout", site.token),
                   post(site, "/login", {"username": "alice", "password": "wonderland"}), post(site, "/login", {"username": "x", "password": "y"})):
        assert answer.headers.get_all("Cache-Control") == ["no-store"]

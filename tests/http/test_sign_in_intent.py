# SPDX-License-Identifier: Apache-2.0
"""With another AuthType a GET makes a session, but not a GET that another page, or the browser by itself, causes."""
import base64
import itertools

import pytest

import harness
from harness import SITE, FormReader, Server, get, post, sign_in

pytestmark = pytest.mark.sqlite

BASIC = """
<Location "/basic">
    SetHandler managed-session-login
    ManagedSessionSignIn On
    AuthType Basic
    AuthName "x"
    AuthUserFile "@ROOT@/passwords"
    Require valid-user
</Location>
"""
OWN = ("/login", "/logout", "/sessions")
ALICE = ("Authorization", "Basic " + base64.b64encode(b"alice:wonderland").decode())
HTML = ("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")


def fetched(site: str, mode: str, dest: str, accept: str = HTML[1]) -> list[tuple[str, str]]:
    return [("Sec-Fetch-Site", site), ("Sec-Fetch-Mode", mode), ("Sec-Fetch-Dest", dest), ("Accept", accept)]


TYPED = fetched("none", "navigate", "document")


@pytest.fixture(scope="module")
def site():
    with Server(SITE + BASIC, modules="lua", own_paths=OWN) as server:
        yield server


@pytest.fixture
def alice(site):
    """Signed in, and still so after the test."""
    site.sql("DELETE FROM managed_session")
    token = sign_in(site)
    yield token
    assert get(site, "/app/", token).status == 200


def begins_nothing(site: Server, token: str, headers, target: str = "/basic?return=/app/") -> harness.Answer:
    before = site.sql("SELECT session_id, expires_at FROM managed_session")
    for cookie in (None, token):
        answer = get(site, target, cookie, [ALICE, *headers])
        assert not answer.headers.get_all("Set-Cookie") and answer.location is None
    assert site.sql("SELECT session_id, expires_at FROM managed_session") == before
    return answer


@pytest.mark.parametrize("purpose", [("Sec-Purpose", "prefetch"), ("Sec-Purpose", "prefetch;prerender"), ("Sec-Purpose", "prefetch;anonymous-client-ip"),
                                     ("Purpose", "prefetch"), ("X-Purpose", "preview"), ("X-Moz", "prefetch"), ("sec-purpose", "Prefetch")])
@pytest.mark.parametrize("how", [TYPED, fetched("same-origin", "navigate", "document"), fetched("cross-site", "navigate", "document"),
                                 fetched("same-origin", "no-cors", "empty", "*/*"), [HTML], []])
def test_a_guess_of_what_will_be_opened_begins_nothing(site, alice, purpose, how):
    assert begins_nothing(site, alice, [purpose, *how]).status == 403


EMBEDS = [("no-cors", "image", "image/avif,image/webp,*/*;q=0.8"), ("navigate", "iframe", HTML[1]), ("navigate", "frame", HTML[1]),
          ("navigate", "object", HTML[1]), ("navigate", "embed", HTML[1]), ("cors", "empty", "*/*"), ("no-cors", "empty", "*/*"), ("same-origin", "empty", "*/*"),
          ("no-cors", "script", "*/*"), ("no-cors", "style", "text/css,*/*;q=0.1"), ("cors", "empty", "text/html")]


@pytest.mark.parametrize("kind", EMBEDS)
@pytest.mark.parametrize("where", ["cross-site", "same-site", "same-origin", "none"])
def test_what_is_no_page_of_a_window_begins_nothing(site, alice, kind, where):
    assert begins_nothing(site, alice, fetched(where, *kind)).status == 403


@pytest.mark.parametrize("headers", [
    [("Accept", "image/avif,image/webp,*/*;q=0.8")], [("Accept", "*/*")], [("Accept", "text/css,*/*;q=0.1")], [("Accept", "application/json")],
    [HTML, ("X-Requested-With", "XMLHttpRequest")], [("Accept", "*/*"), ("Referer", "http://127.0.0.1:@PORT@/page")]])
def test_nor_does_it_in_browsers_that_do_not_say_what_they_load(site, alice, headers):
    assert begins_nothing(site, alice, [(n, site.fill(v)) for n, v in headers]).status == 403


UNKNOWN = [fetched("cross-site", "navigate", "document"), fetched("same-site", "navigate", "document"),
           [HTML, ("Referer", "http://evil.example/")], [HTML, ("Referer", "http://127.0.0.1.evil.example/")], [HTML, ("Referer", "no address")],
           [HTML, ("Origin", "null")], [HTML], fetched("cross-site", "navigate", "document") + [("Referer", "http://evil.example/")]]


@pytest.mark.parametrize("headers", UNKNOWN)
def test_whom_another_site_may_have_led_here_sees_one_button(site, alice, headers):
    answer = begins_nothing(site, alice, headers)
    assert answer.status == 200 and "<button" in answer.text and "Continue as alice" in answer.text
    assert FormReader(answer.text).forms == [{}]
    for name, pattern in harness.OWN_HEADERS.items():
        assert harness.re.search(pattern, answer.headers[name])


def test_the_button_signs_in_and_leads_on(site):
    answer = post(site, "/basic?return=/app/", {}, None, [ALICE, *fetched("same-origin", "navigate", "document"), ("Origin", f"http://127.0.0.1:{site.port}")])
    assert answer.status == 303 and answer.location == "/app/" and answer.token()


@pytest.mark.parametrize("headers", [fetched("cross-site", "navigate", "document"), [("Origin", "http://evil.example")], [("Origin", "null"), HTML],
                                     fetched("same-site", "no-cors", "image")])
def test_no_other_page_presses_the_button(site, alice, headers):
    before = site.rows()
    answer = post(site, "/basic?return=/app/", {}, alice, [ALICE, *headers])
    assert answer.status == 403 and not answer.headers.get_all("Set-Cookie") and site.rows() == before


@pytest.mark.parametrize("headers", [
    TYPED, fetched("same-origin", "navigate", "document"), [HTML, ("Referer", "http://127.0.0.1:@PORT@/app/")], [HTML, ("Referer", "http://127.0.0.1:@PORT@")], []])
def test_a_visitor_of_this_site_and_a_script_sign_in_at_once(site, headers):
    answer = get(site, "/basic?return=/app/", headers=[ALICE, *((n, site.fill(v)) for n, v in headers)])
    assert answer.status == 303 and answer.location == "/app/" and answer.token()
    assert len(answer.headers.get_all("Set-Cookie")) == 1


def test_another_origin_of_the_site_may_lead_here():
    with Server("ManagedSessionOrigin https://www.example.org\n" + SITE + BASIC) as server:
        headers = fetched("cross-site", "navigate", "document")
        assert get(server, "/basic", headers=[ALICE, *headers, ("Referer", "https://www.example.org/")]).token()
        assert not get(server, "/basic", headers=[ALICE, *headers, ("Referer", "https://www.example.com/")]).token()


@pytest.mark.parametrize("credentials", [b":", b":x", b"", b"alice:wrong"])
def test_refused_credentials_leave_no_mark_of_a_chain(site, credentials):
    site.expect("AH0161[78]")
    refused = ("Authorization", "Basic " + base64.b64encode(credentials).decode())
    answer = get(site, "/basic", headers=[refused, *fetched("cross-site", "navigate", "document")])
    assert answer.status == 401 and not answer.headers.get_all("Set-Cookie")


def test_a_page_that_includes_the_sign_in_page_signs_no_user_in():
    config = BASIC + '<Directory "@ROOT@/htdocs">\nOptions +Includes\nSetOutputFilter INCLUDES\n</Directory>\n'
    with Server(SITE + config) as server:
        server.write("htdocs/x.html", '<!--#include virtual="/basic" -->')
        answer = get(server, "/x.html", headers=[ALICE, *TYPED])
        assert answer.status == 200 and not answer.headers.get_all("Set-Cookie") and server.rows() == 0


# -- identity providers --------------------------------------------------------------------------------------

PROVIDER = """
require 'apache2'
function find(r)
    if r.headers_in['Cookie'] and r.headers_in['Cookie']:find('idp=alice') then
        r.user = 'alice'
        return apache2.OK
    end
    r.headers_out['Location'] = 'https://id.example/authorize'
    return @STATUS@
end
function known(r)
    return r.user and apache2.OK or apache2.DECLINED
end
"""
# mod_auth_openidc, mod_auth_cas and mod_shib redirect as the user is looked for; mod_auth_mellon does before.
MODULES = {"openidc": ('LuaHookCheckUserID "@ROOT@/idp.lua" find', 302), "mellon": ('LuaHookAccessChecker "@ROOT@/idp.lua" find\n'
           'LuaHookCheckUserID "@ROOT@/idp.lua" known', 303), "another": ('LuaHookCheckUserID "@ROOT@/idp.lua" find early', 307)}


@pytest.fixture(params=list(itertools.product(MODULES, harness.ORDERS)), ids="-".join, scope="module")
def sso(request):
    (module, order) = request.param
    hooks, status = MODULES[module]
    config = f'<Location "/sso">\nSetHandler managed-session-login\nManagedSessionSignIn On\nAuthType sso\nAuthName x\nRequire valid-user\n{hooks}\n</Location>\n'
    server = Server(SITE + config, neighbours="lua", order=order)
    server.write("idp.lua", PROVIDER.replace("@STATUS@", str(status)))
    with server:
        yield server


CROSS = fetched("cross-site", "navigate", "document")


def chain(server: Server, headers=CROSS) -> str | None:
    """The visitor is sent away; the cookie that this leaves."""
    answer = get(server, "/sso?return=/app/", headers=headers)
    assert answer.location == "https://id.example/authorize"
    cookies = answer.headers.get_all("Set-Cookie", [])
    assert len(cookies) <= 1
    return cookies[0] if cookies else None


@pytest.fixture(autouse=True)
def allow_provider(monkeypatch):
    original = harness.check_answer

    def check(server, target, answer):
        location, answer.location = answer.location, None if (answer.location or "").startswith("https://id.example/") else answer.location
        original(server, target, answer)
        answer.location = location
    monkeypatch.setattr(harness, "check_answer", check)


def test_at_the_end_of_a_chain_there_is_no_button(sso):
    mark = chain(sso)
    assert mark.startswith("managed_session_chain=1; Path=/sso; Secure; HttpOnly; SameSite=Lax; Max-Age=")
    answer = get(sso, "/sso?return=/app/", "idp=alice; managed_session_chain=1", CROSS)
    assert answer.status == 303 and answer.location == "/app/" and answer.token()
    assert [c for c in answer.headers.get_all("Set-Cookie") if c.startswith("managed_session_chain=; Path=/sso") and "Max-Age=0" in c]


def test_a_link_to_one_who_is_known_to_the_provider_shows_the_button(sso):
    before = sso.rows()
    for _ in range(3):
        answer = get(sso, "/sso?return=/app/", "idp=alice", CROSS)
        assert answer.status == 200 and "Continue as alice" in answer.text and not answer.headers.get_all("Set-Cookie")
    assert sso.rows() == before


@pytest.mark.parametrize("headers", [fetched("cross-site", "no-cors", "image"), fetched("cross-site", "navigate", "iframe"), [*CROSS, ("Sec-Purpose", "prefetch")],
                                     [("Accept", "*/*")]])
def test_no_chain_begins_or_ends_with_an_image_a_frame_or_a_guess(sso, headers):
    before = sso.rows()
    assert chain(sso, headers) is None
    answer = get(sso, "/sso?return=/app/", "idp=alice; managed_session_chain=1", headers)
    assert answer.status == 403 and not answer.headers.get_all("Set-Cookie") and sso.rows() == before


def test_other_places_of_that_auth_type_leave_no_mark(sso):
    config = '<Location "/else">\nAuthType sso\nAuthName x\nRequire valid-user\nLuaHookCheckUserID "@ROOT@/idp.lua" find\n</Location>\n'
    server = Server(SITE + config + 'Redirect "/basic" "/app/"\n' + BASIC, modules="lua")
    server.write("idp.lua", PROVIDER.replace("@STATUS@", "302"))
    with server:
        assert not get(server, "/else", headers=CROSS).headers.get_all("Set-Cookie")
        assert not get(server, "/basic", headers=[ALICE, *CROSS]).headers.get_all("Set-Cookie")

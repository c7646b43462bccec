# SPDX-License-Identifier: Apache-2.0
"""Protected pages refuse a visitor who wants HTML in the look and language of the built-in pages; all else is left as it was."""
import http.server
import re
import threading

import pytest

import serving
from harness import NAVIGATION, SITE, FormReader, Server, get, request, sign_in

pytestmark = pytest.mark.sqlite

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
CONFIG = SITE + """
<Location "/bobs/">
    AuthType ManagedSession
    AuthName "bobs"
    Require user bob
</Location>
<Location "/bobs/inner">
    ErrorDocument 403 "the site's own words"
    ErrorDocument 503 "the site's own words"
</Location>
<Location "/bobs/plain">
    ErrorDocument 403 default
</Location>
<Location "/bobs/elsewhere">
    ErrorDocument 403 /words.html
</Location>
<Location "/open/">
    ManagedSession On
    Require user bob
</Location>
<Location "/denied/">
    Require all denied
</Location>
<Location "/app/be/">
    ProxyPass "http://127.0.0.1:@APP@/"
</Location>
<Location "/app/gone/">
    ProxyPass "http://127.0.0.1:1/"
</Location>
<Location "/app/overridden/">
    ProxyPass "http://127.0.0.1:@APP@/"
    ProxyErrorOverride On
</Location>
"""


class Refusing(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_error(403, explain="the application's own words")

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def application():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as running:
        threading.Thread(target=running.serve_forever, args=(0.05,), daemon=True).start()
        yield running
        serving.stop(running)


@pytest.fixture(scope="module")
def site(application):
    with Server(CONFIG.replace("@APP@", str(application.server_port))) as server:
        server.expected_later.append("AH01630")  # denied by Require
        (server.root / "htdocs/words.html").write_text("words of a file")
        yield server


def links(answer) -> dict[str, str]:
    return dict(re.findall(r'<a href="([^"]*)"[^>]*>([^<]*)</a>', answer.text))


def is_ours(answer) -> bool:
    return "<style>" in answer.text and 'http-equiv="refresh"' not in answer.text


def test_a_user_who_may_not_enter_is_told_so_and_led_on(site):
    answer = get(site, "/bobs/x?y=1", sign_in(site), headers=HTML)
    assert answer.status == 403 and is_ours(answer) and "You may not open this page" in answer.text
    assert "You are signed in as alice." in FormReader(answer.text).words
    assert links(answer) == {"/login?return=/bobs/x%3Fy%3D1": "Sign in as another user", "/sessions": "Your sessions", "/": "Go to the site"}
    assert answer.headers["Content-Type"].startswith("text/html") and answer.headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"] and "Accept" in answer.headers["Vary"]


def test_in_the_visitors_language(site):
    answer = get(site, "/bobs/", sign_in(site), headers={**HTML, "Accept-Language": "de"})
    assert "Sie dürfen diese Seite nicht öffnen" in answer.text and answer.headers["Content-Language"] == "de"


def test_a_visitor_who_is_not_redirected_finds_the_way_to_sign_in(site):
    answer = request(site, "POST", "/app/x", {**HTML, "Sec-Fetch-Mode": "cors"})
    assert answer.status == 401 and "You are not signed in" in answer.text and "WWW-Authenticate" in answer.headers
    assert "Sign in" in links(answer).values()


def test_while_the_database_is_away_it_says_so(site):
    site.expect("MS000", status_5xx=True)
    with site.broken_table():
        answer = get(site, "/app/", "A" * 22 + "." + "B" * 43, headers={**HTML, **NAVIGATION})
        assert answer.status == 503 and is_ours(answer) and f"Try again in {answer.headers['Retry-After']} seconds." in answer.text
        assert "the site's own words" == get(site, "/bobs/inner", "A" * 22 + "." + "B" * 43, headers=HTML).text


@pytest.mark.parametrize("accept", [{}, {"Accept": "*/*"}, {"Accept": "application/json"}, {"Accept": "application/json, text/html;q=0.5"},
                                    {"Accept": "image/webp,*/*"}])
def test_what_does_not_prefer_html_gets_no_page_of_ours(site, accept):
    assert not is_ours(get(site, "/bobs/", sign_in(site), headers=accept))
    assert not is_ours(get(site, "/app/", headers=accept))


@pytest.mark.parametrize("path, words", [("/bobs/inner", "the site's own words"), ("/bobs/elsewhere", "words of a file"),
                                         ("/bobs/plain", "You don't have permission")])
def test_the_sites_own_error_document_wins(site, path, words):
    answer = get(site, path, sign_in(site), headers=HTML)
    assert answer.status == 403 and words in answer.text and not is_ours(answer)


def test_places_of_others_keep_httpds_page(site):
    site.expect("AH01630|AH01114|AH00957|AH00940", status_5xx=True)
    for path in ("/denied/", "/open/x"):
        answer = get(site, path, sign_in(site), headers=HTML)
        assert answer.status >= 400 and not is_ours(answer) and "Content-Security-Policy" not in answer.headers


def test_an_applications_own_refusal_is_not_touched(site):
    """Nor what httpd writes in its place (ProxyErrorOverride), or because the application is not there."""
    site.expect("AH01114|AH00957|AH00940|AH00959", status_5xx=True)
    token = sign_in(site)
    answer = get(site, "/app/be/", token, headers=HTML)
    assert answer.status == 403 and "the application's own words" in answer.text
    for path, status in (("/app/overridden/", 403), ("/app/gone/", 503)):
        answer = get(site, path, token, headers=HTML)
        assert answer.status == status and not is_ours(answer), path


def test_a_page_of_our_own_that_the_user_may_not_see():
    admin = '<Location "/admin">\nSetHandler managed-session-admin\nAuthType ManagedSession\nAuthName a\nRequire user bob\n</Location>\n'
    with Server(SITE + admin, own_paths=("/login", "/admin")) as server:
        server.expect("AH01630")
        assert is_ours(get(server, "/admin", sign_in(server), headers=HTML))

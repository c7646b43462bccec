# SPDX-License-Identifier: Apache-2.0
"""Inside httpd's own machinery: subrequests, internal redirects, error documents, environment, logs, .htaccess."""
import re
import time

import pytest

from harness import COOKIE, NAVIGATION, PAGE, SITE, Server, get, post, request, sign_in

ENV = ("REMOTE_USER", "AUTH_TYPE", "MANAGED_SESSION_ID", "MANAGED_SESSION_AUTH_TIME", "MANAGED_SESSION_EXPIRES", "HTTP_COOKIE")

CONFIG = SITE + """
LogFormat "%u|%{MANAGED_SESSION_ID}e|%U|%>s" who
CustomLog "@ROOT@/logs/who.log" who
<Directory "@ROOT@/htdocs">
    Options +Includes +ExecCGI +Indexes +MultiViews +SymLinksIfOwnerMatch
    AllowOverride All
    AddHandler cgi-script .sh
    AddOutputFilter INCLUDES .shtml
    AddLanguage en .en
    AddLanguage de .de
</Directory>
<Location "/pub">
    ManagedSession On
</Location>
<Location "/app/errors">
    ErrorDocument 404 /app/lost.shtml
    ErrorDocument 403 /app/lost.shtml
</Location>
<Location "/app/bobs">
    Require user bob
    ErrorDocument 403 /app/lost.shtml
</Location>
<Location "/closed">
    AuthType ManagedSession
    AuthName "app"
    Require valid-user
    ErrorDocument 401 /pub/please.html
    ManagedSessionLoginURL "/login"
</Location>
<Directory "@ROOT@/htdocs/app/cgi-index">
    DirectoryIndex env.sh
</Directory>
<Directory "@ROOT@/htdocs/app/fallback">
    FallbackResource /app/fallback/env.sh
</Directory>
<Location "/off">
    ManagedSession Off
</Location>
RewriteEngine On
RewriteRule "^/old/(.*)" "/app/$1" [PT]
RewriteRule "^/app/moved$" "/app/index.html"
"""

SCRIPT = "#!/bin/sh\ncat > /dev/null\nprintf 'Content-Type: text/plain\\n\\n'\nenv | sort\n"
FILES = {
    "pub/index.html": "open page\n", "pub/please.html": "please sign in\n", "off/index.html": "never asked\n",
    "pub/includes.shtml": "public [<!--#include virtual=\"/app/index.html\" -->]\n",
    "app/five.shtml": "".join(f"{i}[<!--#include virtual=\"/app/index.html?{i}\" -->]\n" for i in range(5)),
    "app/who.shtml": "<!--#echo var=\"REMOTE_USER\" --> <!--#echo var=\"MANAGED_SESSION_ID\" -->\n",
    "app/lost.shtml": "lost, <!--#echo var=\"REMOTE_USER\" -->\n",
    "app/nested.shtml": "<!--#include virtual=\"/app/errors/none\" -->|<!--#include virtual=\"/app/who.shtml\" -->",
    "app/sub/index.html": "an index\n", "app/page.html.en": "in English\n", "app/page.html.de": "auf Deutsch\n",
    "app/rewritten/.htaccess": "RewriteEngine On\nRewriteRule ^x$ /app/index.html [L]\n",
    "app/listing/seen.txt": "x", "app/listing/sub/x": "", "pub/listing/seen.txt": "x",
    "pub/listing/.htaccess": "<Files secret.txt>\nAuthType ManagedSession\nAuthName x\nRequire user bob\n</Files>\n",
    "pub/listing/secret.txt": "x", "closed/index.html": PAGE, "app/bobs/index.html": "bob's\n", "app/errors/x": "x",
    "ht/.htaccess": "AuthType ManagedSession\nAuthName ht\nRequire valid-user\nManagedSessionLoginURL /login\n", "ht/index.html": PAGE,
    "ht-bad/.htaccess": "ManagedSessionLifetime 1d\n", "ht-bad2/.htaccess": "ManagedSessionBackendLogin On\n",
}


@pytest.fixture(scope="module")
def site():
    server = Server(CONFIG)
    for name, text in FILES.items():
        server.write(f"htdocs/{name}", text)
    for name in ("app/env.sh", "pub/env.sh", "off/env.sh", "app/cgi-index/env.sh", "app/fallback/env.sh"):
        server.write(f"htdocs/{name}", SCRIPT, 0o755)
    with server as running:
        yield running


def environment(answer) -> dict[str, str]:
    return dict(line.split("=", 1) for line in answer.text.splitlines() if "=" in line)


def asked(server) -> list[str]:
    return [s for s in server.statements() if s != "TOUCH"]


# -- one look-up for a client's request ------------------------------------------------------------


@pytest.mark.parametrize("target, shows", [
    ("/app/", PAGE), ("/app/index.html", PAGE), ("/app/sub/", "an index"), ("/app/five.shtml", "4[protected page"),
    ("/app/who.shtml", "alice "), ("/app/errors/none", "lost, alice"), ("/app/nested.shtml", "alice"),
    ("/app/cgi-index/", "REMOTE_USER=alice"), ("/app/fallback/some/where", "REMOTE_USER=alice"), ("/app/page", "in English"),
    ("/old/index.html", PAGE), ("/app/moved", PAGE), ("/app/rewritten/x", PAGE), ("/app/listing/", "seen.txt"),
    ("/app/bobs/", "lost, alice"), ("/pub/includes.shtml", "public [protected page"), ("/app/env.sh/path/info", "REMOTE_USER"),
])
def test_all_that_httpd_does_within_a_request_is_one_look_up(site, target, shows):
    token = sign_in(site)
    site.expect("AH01630|AH01276|unable to include")
    site.forget_statements()
    answer = get(site, target, token, {"Accept-Language": "en"})
    assert shows in answer.text and asked(site) == ["FIND"]
    assert answer.headers["Vary"].count("Cookie") == 1


@pytest.mark.parametrize("target", ["/app/five.shtml", "/app/sub/", "/old/index.html", "/app/moved", "/app/rewritten/x", "/app/page",
                                    "/app/listing/", "/app/errors/none", "/app/nested.shtml", "/app/fallback/x",
                                    "/app/cgi-index/", "/app/bobs/", "/closed/", "/ht/"])
def test_no_client_gets_anything_of_it(site, target):
    site.forget_statements()
    answer = get(site, target)
    assert answer.status == 401 and not re.search("protected|lost|seen|REMOTE_USER|English|index", answer.text)
    assert asked(site) == []


def test_an_include_shows_no_visitor_what_is_protected(site):
    site.expect("unable to include")
    answer = get(site, "/pub/includes.shtml")
    assert answer.status == 200 and "public [" in answer.text and "protected" not in answer.text


def test_an_error_document_for_the_challenge(site):
    answer = get(site, "/closed/")
    assert answer.status == 401 and answer.text == "please sign in\n"
    assert answer.headers["WWW-Authenticate"] == 'ManagedSession realm="app"'
    assert get(site, "/closed/", headers=NAVIGATION).location == "/login?return=/closed/"
    assert get(site, "/closed/", sign_in(site)).text == PAGE


def test_a_listing_names_what_its_reader_may_see(site):
    site.expect("AH01630")
    assert "seen.txt" in get(site, "/pub/listing/").text and "secret.txt" not in get(site, "/pub/listing/").text
    assert "secret.txt" not in get(site, "/pub/listing/", sign_in(site)).text
    assert "secret.txt" in get(site, "/pub/listing/", sign_in(site, "bob")).text


# -- methods ---------------------------------------------------------------------------------------


def test_head_is_get_without_a_body(site):
    token = sign_in(site)
    answer = request(site, "HEAD", "/app/index.html", {"Cookie": f"{COOKIE}={token}"})
    assert answer.status == 200 and answer.body == b"" and answer.headers["Content-Length"] == str(len(PAGE))
    assert request(site, "HEAD", "/app/index.html").status == 401


@pytest.mark.parametrize("method", ["POST", "PUT", "OPTIONS", "DELETE", "PATCH", "PROPFIND"])
def test_other_methods_have_the_user_too(site, method):
    body = b"a=b" if method in ("POST", "PUT", "PATCH") else None
    answer = request(site, method, "/app/env.sh", {"Cookie": f"{COOKIE}={sign_in(site)}"}, body)
    assert environment(answer)["REMOTE_USER"] == "alice" and environment(answer)["REQUEST_METHOD"] == method
    assert request(site, method, "/app/env.sh", (), body).status == 401


# -- the environment and the logs ------------------------------------------------------------------


def test_a_program_is_told_the_session(site):
    token = sign_in(site)
    env = environment(get(site, "/app/env.sh", token))
    [(created, expires)] = site.sql("SELECT created_at, expires_at FROM managed_session WHERE session_id = ?", token[:22])
    assert [env.get(name) for name in ENV] == ["alice", "ManagedSession", token[:22], str(created), str(expires), None]
    assert abs(created - time.time()) < 60


@pytest.mark.parametrize("target", ["/pub/env.sh", "/off/env.sh"])
def test_a_program_gets_no_user_without_a_session_with_any_headers_of_the_client(site, target):
    claims = [(name.replace("_", sep), "admin") for name in ENV[:5] for sep in "_-"]
    answer = get(site, target, headers=claims)
    assert not set(ENV) & set(environment(answer)) and answer.status == 200


def test_where_it_is_off_nothing_is_asked_and_the_cookie_left_alone(site):
    token = sign_in(site)
    site.forget_statements()
    answer = get(site, "/off/index.html", token)
    assert answer.text == "never asked\n" and asked(site) == [] and "Vary" not in answer.headers
    site.sql("DELETE FROM managed_session WHERE session_id = ?", token[:22])
    assert not get(site, "/off/index.html", token).cookies()


def test_the_access_log_names_user_and_session(site):
    token = sign_in(site)
    get(site, "/app/index.html", token)
    get(site, "/app/index.html")
    get(site, "/pub/index.html", token)
    end, expected = time.monotonic() + 10, ["-|-|/login|303", f"alice|{token[:22]}|/app/index.html|200", "-|-|/app/index.html|401",
                                            f"alice|{token[:22]}|/pub/index.html|200"]
    while sorted((site.root / "logs/who.log").read_text().splitlines()[-4:]) != sorted(expected) and time.monotonic() < end:
        time.sleep(0.01)
    assert sorted((site.root / "logs/who.log").read_text().splitlines()[-4:]) == sorted(expected)


# -- .htaccess -------------------------------------------------------------------------------------


def test_a_folder_may_ask_for_a_session_in_its_htaccess(site):
    assert get(site, "/ht/", headers=NAVIGATION).location == "/login?return=/ht/"
    assert get(site, "/ht/", sign_in(site)).text == PAGE
    assert get(site, "/ht/").headers["WWW-Authenticate"] == 'ManagedSession realm="ht"'


@pytest.mark.parametrize("target, name", [("/ht-bad/", "ManagedSessionLifetime"), ("/ht-bad2/", "ManagedSessionBackendLogin")])
def test_what_may_not_stand_in_htaccess_is_named(site, target, name):
    site.expect(f"{name} not allowed here", status_5xx=True)
    assert get(site, target).status == 500 and f"{name} not allowed here" in site.new_log()


# -- rows that are not what they were --------------------------------------------------------------


def test_a_row_deleted_behind_the_servers_back_signs_out(site):
    token = sign_in(site)
    assert get(site, "/app/", token).status == 200
    site.sql("DELETE FROM managed_session WHERE session_id = ?", token[:22])
    answer = get(site, "/app/", token)
    assert answer.status == 401 and answer.clears()


def test_an_expired_row_that_is_still_there_signs_no_user_in(site):
    token = sign_in(site)
    site.sql("UPDATE managed_session SET expires_at = ? WHERE session_id = ?", int(time.time()), token[:22])
    assert get(site, "/app/", token).clears() and site.rows() > 0


def test_the_dumped_table_signs_no_user_in(site):
    """Every value of it, as a cookie, alone and beside the id."""
    sign_in(site)
    for row in site.sql("SELECT * FROM managed_session"):
        for value in (str(v) for v in row if v is not None and "\n" not in str(v)):
            for cookie in (value, f"{row[0]}.{value}", f"{row[0]}.{value[:43]}", f"{row[0]}.{value[-43:]}"):
                assert get(site, "/app/", f"{COOKIE}={cookie}").status == 401


def test_nothing_but_the_cookie_chooses_the_session(site):
    """A query or a path does not choose the session."""
    token, stranger = sign_in(site), sign_in(site, "bob")[:22]
    answer = post(site, f"/app/env.sh?{COOKIE}={stranger}", {COOKIE: stranger}, token, [("Session", stranger)])
    assert environment(answer)["REMOTE_USER"] == "alice"

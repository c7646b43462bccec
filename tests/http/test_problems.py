# SPDX-License-Identifier: Apache-2.0
"""Errors for scripts: problem details (RFC 9457) in one shape, from the module's own pages and from the places that it protects."""
import base64
import re

import pytest

import harness
from harness import COOKIE, JSON, SITE, Answer, Backend, Server, get, post, random_token, request, sign_in

pytestmark = pytest.mark.sqlite
CONFIG = SITE + """
<Location "/fresh">
    AuthType ManagedSession
    AuthName "fresh"
    Require session-fresh 1s
</Location>
<Location "/bobs">
    AuthType ManagedSession
    AuthName "bobs"
    Require user bob
</Location>
<Location "/styled">
    AuthType ManagedSession
    AuthName "styled"
    Require valid-user
    ErrorDocument 401 "the site's own words"
</Location>
<Location "/closed">
    SetHandler managed-session-list
    AuthType ManagedSession
    AuthName "closed"
    Require valid-user
    ErrorDocument 401 /index.html
    ErrorDocument 405 /index.html
</Location>
<Location "/nowhere">
    SetHandler managed-session-login
</Location>
<Location "/admin">
    SetHandler managed-session-admin
    Require all granted
</Location>
<Location "/health">
    SetHandler managed-session-health
</Location>
ErrorDocument 403 default
RewriteEngine On
RewriteCond "/app/" !-U
RewriteRule "^/refused-by-mod-rewrite" - [R=401]
ProxyPass "/be/" "http://127.0.0.1:@APP@/"
<Location "/be/">
    ManagedSessionBackendLogin On
</Location>
"""


@pytest.fixture(scope="module")
def site():
    with Backend() as application, Server(CONFIG.replace("@APP@", str(application.port))) as server:
        server.write("htdocs/bobs/index.html", "bob's\n")
        server.write("htdocs/fresh/index.html", "fresh\n")
        yield server


def problem(answer: Answer, status: int, code: str, **more) -> dict:
    assert answer.status == status, (answer.status, answer.text)
    assert answer.headers["Content-Type"] == "application/problem+json"
    data = answer.json()
    assert set(data) == {"type", "title", "status", "detail", "code", *more}
    assert data["status"] == status and data["code"] == code and data["type"] == f"urn:managed-session:problem:{code}"
    assert data["title"] and data["detail"].endswith(".") and len(answer.body) < 500
    assert {name: data[name] for name in more} == more
    return data


def cookie(token: str) -> dict[str, str]:
    return {"Cookie": f"{COOKIE}={token}"}


def test_what_a_subrequest_was_refused_is_not_the_requests_own_error(site):
    answer = get(site, "/refused-by-mod-rewrite", headers=JSON)
    assert answer.status == 401 and "problem" not in answer.headers["Content-Type"] and "not_signed_in" not in answer.text


@pytest.mark.parametrize("target", ["/app/", "/sessions", "/closed", f"/sessions/{22 * 'A'}"])
@pytest.mark.parametrize("method", ["GET", "DELETE", "PATCH"])
@pytest.mark.parametrize("token", [None, "dead"])
def test_401_names_the_sign_in_page(site, target, method, token):
    if target == "/closed":
        target = "/sessions"
    sent = {**JSON, **(cookie(random_token()) if token else {})}
    answer = request(site, method, target, sent)
    problem(answer, 401, "not_signed_in", login_url="/login")
    assert answer.headers["WWW-Authenticate"].startswith("ManagedSession realm=") and answer.headers["Cache-Control"] == "no-store"


def test_without_a_sign_in_page_it_names_none():
    with Server(SITE.replace('ManagedSessionLoginURL "/login"', "")) as server:
        for target in ("/app/", "/sessions"):
            problem(get(server, target, headers=JSON), 401, "not_signed_in")


def test_a_sign_in_that_is_too_old_has_a_code_of_its_own(site):
    token = sign_in(site)
    site.sql("UPDATE managed_session SET created_at = created_at - 60 WHERE session_id = ?", token[:22])
    answer = get(site, "/fresh/", token, JSON)
    problem(answer, 401, "sign_in_too_old", login_url="/login?reauth=1")
    assert "insufficient_user_authentication" in answer.headers["WWW-Authenticate"]


def test_a_user_who_may_not(site):
    site.expect("AH01631|AH01630")
    problem(get(site, "/bobs/", sign_in(site), JSON), 403, "forbidden")
    assert get(site, "/bobs/", sign_in(site, "bob"), JSON).text == "bob's\n"


def test_what_is_not_refused_by_this_module_is_left_alone(site):
    assert "<title>404" in get(site, "/app/nothing", sign_in(site), JSON).text
    assert "html" in get(site, "/nothing", headers=JSON).headers["Content-Type"]


@pytest.mark.parametrize("accept", ["text/html", "*/*", None, "application/json;q=0.5, text/html"])
def test_other_clients_get_what_they_got(site, accept):
    answer = get(site, "/app/", headers={"Accept": accept, "Sec-Fetch-Mode": "cors"} if accept else {})
    assert answer.status == 401 and "text/html" in answer.headers["Content-Type"] and "not_signed_in" not in answer.text


def test_an_error_document_of_the_site_takes_precedence_where_its_pages_are(site):
    assert get(site, "/styled/", headers=JSON).text == "the site's own words"
    assert get(site, "/closed", headers=JSON).text == "public page\n"
    problem(request(site, "PUT", "/closed", {**JSON, **cookie(sign_in(site))}), 405, "method_not_allowed")


def test_head_has_the_head_of_get(site):
    for target in ("/app/", "/sessions"):
        answer = request(site, "HEAD", target, JSON)
        assert answer.status == 401 and answer.body == b"" and answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("target", ["/login", "/logout", "/sessions", "/health"])
def test_405_says_what_is_allowed(site, target):
    site.expect("MS0225")
    answer = request(site, "PUT", target, {**JSON, **cookie(sign_in(site))})
    problem(answer, 405, "method_not_allowed")
    assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize("target", ["/login", "/logout", "/sessions"])
def test_bodies_that_are_not_read(site, target):
    token = sign_in(site)
    large = b"a=" + b"A" * 17000
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    problem(request(site, "POST", target, {**JSON, **form, **cookie(token)}, large), 413, "too_large")
    problem(request(site, "POST", target, {**JSON, "Content-Type": "text/plain", **cookie(token)}, b"a"), 415, "unsupported_media_type")
    problem(request(site, "POST", target, {**JSON, **form, **cookie(token)}, b"a=1&a=2"), 400, "invalid_form")


def test_another_origin(site):
    site.expect("MS0140")
    headers = {**JSON, "Origin": "https://evil.test", "Sec-Fetch-Site": "cross-site"}
    problem(post(site, "/login", {"username": "alice"}, headers=headers), 403, "cross_origin")
    problem(post(site, "/sessions", {"action": "revoke-all"}, sign_in(site), JSON), 403, "stale_form")


def test_pages_that_are_closed(site):
    site.expect("MS0080|MS0225|MS0101")
    problem(get(site, "/admin", headers=JSON), 403, "no_administrators")
    problem(get(site, "/health"), 403, "not_open")
    problem(post(site, "/nowhere", {"username": "alice", "password": "x"}, headers=JSON), 403, "no_sign_in_here")


def test_the_list_takes_no_nonsense(site):
    token = sign_in(site)
    problem(get(site, "/sessions?limit=x", token, JSON), 400, "invalid_query")
    problem(request(site, "DELETE", "/sessions?scope=x", cookie(token)), 400, "invalid_query")
    problem(request(site, "DELETE", f"/sessions/{22 * 'A'}", cookie(token)), 404, "not_found")


def test_a_wrong_password_for_a_script(site):
    answer = post(site, "/login", {"username": "alice", "password": "wrong"}, headers=JSON)
    problem(answer, 401, "wrong_credentials", login_url="/login")
    assert answer.headers["WWW-Authenticate"] and not answer.cookies()


def test_the_limit_of_attempts_and_its_time():
    with Server(SITE.replace("ManagedSessionLoginLimit 0", "ManagedSessionLoginLimit 1 5m")) as server:
        wrong = {"username": "alice", "password": "wrong"}
        post(server, "/login", wrong)
        answer = post(server, "/login", wrong, headers=JSON)
        problem(answer, 429, "too_many_attempts")
        assert 0 < int(answer.headers["Retry-After"]) <= 300


def test_a_database_that_does_not_respond(site):
    token = sign_in(site)
    site.expect("MS0", status_5xx=True)
    site.age_cache()
    with site.broken_table():
        for target in ("/app/", "/sessions", "/logout"):
            answer = get(site, target, token, JSON)
            problem(answer, 503, "unavailable")
            assert answer.headers["Retry-After"]


def test_the_limit_of_an_application_that_signs_in():
    with Backend() as application, Server(CONFIG.replace("@APP@", str(application.port)).replace("LoginLimit 0", "LoginLimit 1 5m")) as server:
        failed = "/be/?Managed-Session-Failed=alice"
        get(server, failed)
        problem(get(server, failed, headers=JSON), 429, "too_many_attempts")
        answer = get(server, failed)
        assert answer.status == 429 and "html" in answer.headers["Content-Type"]


def test_each_code_is_documented():
    source = (harness.pathlib.Path(__file__).parents[2] / "src/core/problem.c").read_text()
    docs = (harness.pathlib.Path(__file__).parents[2] / "docs/api.md").read_text()
    codes = set(re.findall(r'\{\d{3},\s*"(\w+)"', source))
    assert len(codes) > 20 and codes == set(re.findall(r"^\| `(\w+)` \| \d{3} \|", docs, re.M))


# -- every page of the module, for a script ----------------------------------------------------------

METHODS = "GET HEAD POST OPTIONS PUT PATCH PROPFIND DELETE".split()
PAGES = """
<Location "/admin">
    SetHandler managed-session-admin
    AuthType ManagedSession
    AuthName "admin"
    Require user alice
</Location>
<Location "/health">
    SetHandler managed-session-health
    Require all granted
</Location>
<Location "/metrics">
    SetHandler managed-session-metrics
    Require all granted
</Location>
<Location "/check">
    SetHandler managed-session-check
    ManagedSessionCheckPeers 127.0.0.1
</Location>
<Location "/sessions">
    ManagedSessionAppPasswords On
</Location>
<Location "/by-basic">
    SetHandler managed-session-login
    AuthType Basic
    AuthName "by basic"
    AuthBasicProvider file
    AuthUserFile "@ROOT@/passwords"
    Require valid-user
    ManagedSessionSignIn On
</Location>
"""


@pytest.fixture(scope="module")
def pages():
    with Server(SITE + PAGES) as server:
        yield server


@pytest.mark.parametrize("target", [
    "/login", "/login?return=/app/", "/login?reauth=1", "/logout", "/sessions", "/sessions/", "/sessions?confirm=all", "/sessions?app=new", "/sessions?app=all",
    "/sessions/current", "/sessions/@ID@", f"/sessions/{22 * 'A'}", "/sessions/x", "/sessions/@ID@/more", "/admin", "/admin?id=@ID@",
    "/admin?confirm=realm", "/admin?confirm=user&user=bob", "/admin/@ID@", "/health", "/metrics", "/check"])
def test_a_script_gets_no_html_from_any_page(pages, target):
    other = sign_in(pages)
    visits = [(method, None) for method in METHODS] + [(method, sign_in(pages)) for method in METHODS]
    for method, token in [*visits, ("GET", random_token())]:
        answer = request(pages, method, target.replace("@ID@", other[:22]), {**JSON, **(cookie(token) if token else {})})
        kind = answer.headers.get("Content-Type", "")
        assert "html" not in kind and b"<" not in answer.body, (answer.status, kind)
        if answer.status >= 400:
            assert kind == "application/problem+json" and "Accept" in answer.headers["Vary"]
            assert (answer.status == 405) == ("Allow" in answer.headers) and (answer.status == 401) == ("WWW-Authenticate" in answer.headers)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_form_to_sign_in_is_not_for_scripts(pages, method):
    """401 is what a script expects that was redirected here in place of its data."""
    for accept in ("application/json", "application/problem+json, application/json", "application/json, text/plain, */*"):
        answer = request(pages, method, "/login?return=/app/", {"Accept": accept})
        assert answer.status == 401 and "ManagedSession realm=" in answer.headers["WWW-Authenticate"]
        assert request(pages, method, "/login", {"Accept": accept, **cookie(sign_in(pages))}).headers["Allow"] == "POST"
    problem(get(pages, "/login", headers=JSON), 401, "not_signed_in", login_url="/login")
    problem(get(pages, "/login", sign_in(pages), JSON), 405, "method_not_allowed")
    problem(get(pages, "/login?reauth=1", sign_in(pages), JSON), 401, "sign_in_too_old", login_url="/login?reauth=1")


@pytest.mark.parametrize("signed_in", [True, False])
def test_the_form_to_sign_out_is_not_for_scripts(pages, signed_in):
    token = sign_in(pages) if signed_in else None
    answer = get(pages, "/logout", token, JSON)
    problem(answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == "POST, DELETE" and (not token or get(pages, "/app/", token).status == 200)


@pytest.mark.parametrize("target", ["/login", "/logout"])
def test_both_are_forms_for_all_others(pages, target):
    for accept in ({}, {"Accept": "*/*"}, {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}, {"Accept": "application/json;q=0.5, text/html"}):
        answer = get(pages, target, headers=accept)
        assert answer.status == 200 and "text/html" in answer.headers["Content-Type"] and "Accept" in answer.headers["Vary"].split(",")


def test_a_script_is_not_asked_to_press_a_button(pages):
    """Another AuthType has let it in; nothing shows that it means to sign in."""
    headers = [*JSON.items(), *harness.NAVIGATION.items(), ("Referer", "https://evil.test/"),
               ("Authorization", "Basic " + base64.b64encode(b"alice:wonderland").decode())]
    headers = [(n, "cross-site" if n == "Sec-Fetch-Site" else v) for n, v in headers]
    problem(get(pages, "/by-basic", headers=headers), 403, "not_a_window")
    assert "html" in get(pages, "/by-basic", headers=[h for h in headers if h[0] != "Accept"]).headers["Content-Type"]


@pytest.mark.parametrize("status, code", [(401, "not_signed_in"), (403, "forbidden")])
def test_the_sign_in_page_as_an_error_page_is_no_form_for_scripts(status, code):
    document = f'ErrorDocument {status} /login\n<Location "/bobs">\nAuthType ManagedSession\nAuthName "b"\nRequire user bob\n</Location>'
    with Server(SITE.replace('ManagedSessionLoginURL "/login"', "") + document) as server:
        server.expect("AH01631|AH01630")
        token = sign_in(server) if status == 403 else None
        problem(get(server, "/bobs/", token, JSON), status, code)
        assert "<form" in get(server, "/bobs/", token).text


@pytest.mark.parametrize("id_", ["current", "@ID@", 22 * "A"])
@pytest.mark.parametrize("sent", [{}, {"Content-Type": "application/json"}, {"Content-Type": "text/plain"}])
def test_a_session_has_no_post(pages, id_, sent):
    token = sign_in(pages)
    answer = request(pages, "POST", f"/sessions/{id_.replace('@ID@', token[:22])}", {**JSON, **sent, **cookie(token)}, b"{}" if sent else None)
    problem(answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, HEAD, PATCH, DELETE" and get(pages, "/app/", token).status == 200


@pytest.mark.parametrize("target", ["x", "current/more"])
def test_what_is_below_the_list_has_no_method_of_the_list(pages, target):
    token = sign_in(pages)
    for method, status in (("GET", 404), ("POST", 404), ("PATCH", 404), ("DELETE", 404), ("PUT", 405)):
        answer = request(pages, method, f"/sessions/{target}", {**JSON, **cookie(token)})
        assert answer.status == status and "POST" not in answer.headers.get("Allow", "")


def test_a_form_of_a_script_makes_an_app_password_as_json(pages):
    token = sign_in(pages)
    csrf = re.search(r'name="csrf" value="([^"]+)"', get(pages, "/sessions?app=new", token, {"Accept": "text/html"}).text)[1]
    fields = {"action": "make-app", "name": "Phone", "csrf": csrf}
    answer = post(pages, "/sessions", fields, token, JSON)
    assert answer.status == 201 and answer.json()["name"] == "Phone" and answer.json()["password"].startswith(answer.json()["id"])
    problem(post(pages, "/sessions", fields, token, JSON), 409, "app_password_name")
    problem(post(pages, "/sessions", {**fields, "name": " "}, token, JSON), 400, "invalid_name")

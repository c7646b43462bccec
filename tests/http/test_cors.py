# SPDX-License-Identifier: Apache-2.0
"""Scripts of the origins that ManagedSessionOrigin lists may use sign-in, sign-out and the list, with the cookie; no others may."""
import json

import pytest

import harness
from harness import COOKIE, JSON, SITE, Answer, Server, request, sign_in
from test_problems import problem

pytestmark = pytest.mark.sqlite
LISTED = "https://app.example.org"
CONFIG = SITE + f"""
ManagedSessionOrigin {LISTED} http://localhost:5173
<Location "/closed">
    SetHandler managed-session-list
    AuthType ManagedSession
    AuthName "closed"
    Require valid-user
</Location>
<Location "/admin">
    SetHandler managed-session-admin
    AuthType ManagedSession
    AuthName "admin"
    Require user bob
</Location>
"""
PAGES = ["/login", "/logout", "/sessions", "/closed"]
OTHERS = ["https://evil.test", "null", "*", "", "http://app.example.org", "https://app.example.org:8443", "https://app.example.org.evil.test",
          "https://app.example.org/", "https://xapp.example.org", "https://app.example.org, https://evil.test"]


@pytest.fixture(scope="module")
def site():
    with Server(CONFIG, own_paths=()) as server:
        yield server


def of_cors(answer: Answer) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.lower().startswith("access-control-")}


def fetch(site, method: str, target: str, token: str | None = None, origin: str = LISTED, body: bytes | None = None, **more) -> Answer:
    """As a browser's fetch() with credentials does."""
    headers = {**JSON, "Origin": origin, "Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty", **more}
    if token:
        headers["Cookie"] = f"{COOKIE}={token}"
    if body is not None:
        headers.setdefault("Content-Type", "application/json")
    return request(site, method, target, headers, body)


def may_read(answer: Answer, origin: str = LISTED) -> Answer:
    assert answer.headers.get_all("Access-Control-Allow-Origin") == [origin]
    assert answer.headers.get_all("Access-Control-Allow-Credentials") == ["true"]
    assert "Origin" in ", ".join(answer.headers.get_all("Vary"))
    return answer


@pytest.mark.parametrize("target, methods", [("/login", "GET, HEAD, POST"), ("/logout", "GET, HEAD, POST, DELETE"),
                                             ("/sessions", "GET, HEAD, POST, PATCH, DELETE"), ("/closed/current", "GET, HEAD, POST, PATCH, DELETE")])
def test_a_preflight_needs_no_session(site, target, methods):
    site.forget_statements()
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    answer = may_read(fetch(site, "OPTIONS", target, **asked))
    assert answer.status == 204 and answer.body == b"" and answer.headers["Access-Control-Allow-Methods"] == methods
    assert "content-type" in answer.headers["Access-Control-Allow-Headers"].lower() and int(answer.headers["Access-Control-Max-Age"]) > 0
    assert site.statements() == []


@pytest.mark.parametrize("origin", OTHERS)
@pytest.mark.parametrize("target", PAGES)
def test_other_origins_learn_nothing(site, target, origin):
    token, rows = sign_in(site), site.rows()
    for method, body in (("OPTIONS", None), ("GET", None), ("POST", b'{"username": "alice", "password": "wonderland"}'), ("DELETE", None),
                         ("PATCH", b'{"name": "x"}'), ("PUT", b"")):
        answer = fetch(site, method, target, token, origin, body, **{"Access-Control-Request-Method": "POST"})
        assert not of_cors(answer), (method, of_cors(answer))
        assert answer.status in (401, 403, 405) or (method == "GET" and target in ("/login", "/logout"))
        assert "Origin" in ", ".join(answer.headers.get_all("Vary"))
    assert site.rows() == rows


def test_a_whole_visit_of_a_script(site):
    answer = may_read(fetch(site, "POST", "/login", body=json.dumps({"username": "alice", "password": "wonderland"}).encode()))
    token = answer.token()
    assert answer.status == 200 and token
    assert may_read(fetch(site, "GET", "/sessions", token)).json()["user"] == "alice"
    assert may_read(fetch(site, "GET", "/closed/current", token)).json()["id"] == token[:22]
    assert may_read(fetch(site, "PATCH", "/sessions/current", token, body=b'{"name": "tab"}')).json()["name"] == "tab"
    other = sign_in(site)
    assert may_read(fetch(site, "DELETE", f"/sessions/{other[:22]}", token)).status == 204
    assert may_read(fetch(site, "POST", "/logout", token)).status == 204
    assert may_read(fetch(site, "GET", "/sessions", token, "http://localhost:5173"), "http://localhost:5173").status == 401


def test_refusals_can_be_read(site):
    token = sign_in(site)
    for target in ("/sessions", "/closed", "/closed/current"):
        problem(may_read(fetch(site, "GET", target)), 401, "not_signed_in", login_url="/login")
    problem(may_read(fetch(site, "GET", f"/sessions/{22 * 'A'}", token)), 404, "not_found")
    problem(may_read(fetch(site, "PUT", "/login", token)), 405, "method_not_allowed")
    problem(may_read(fetch(site, "POST", "/login", body=b"{")), 400, "invalid_json")
    problem(may_read(fetch(site, "POST", "/login", body=b'{"username": "alice", "password": "x"}')), 401, "wrong_credentials", login_url="/login")
    site.expect("MS0", status_5xx=True)
    site.age_cache()
    with site.broken_table():
        answer = may_read(fetch(site, "GET", "/sessions", token))
        problem(answer, 503, "unavailable")
        assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]


def test_a_list_that_has_not_changed_can_be_read_by_the_script(site):
    token = sign_in(site)
    tag = may_read(fetch(site, "GET", "/sessions", token)).headers["ETag"]
    answer = may_read(fetch(site, "GET", "/sessions", token, **{"If-None-Match": tag}))
    assert answer.status == 200 and answer.headers["ETag"] == tag


@pytest.mark.parametrize("target", ["/admin", "/app/", "/"])
def test_other_places_are_not_opened(site, target):
    site.expect("AH01631|AH01630")
    for method in ("GET", "OPTIONS", "DELETE"):
        answer = fetch(site, method, target, sign_in(site, "bob"), **{"Access-Control-Request-Method": "GET"})
        assert not of_cors(answer) and (target != "/admin" or answer.status in (403, 404, 405))


def test_a_listed_origin_is_not_let_in_by_what_it_does_not_send(site):
    """An image of the origin's page has no Origin header; nor is a list shown in its frames."""
    token = sign_in(site)
    for mode, dest in (("no-cors", "image"), ("navigate", "iframe")):
        headers = {"Cookie": f"{COOKIE}={token}", "Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest}
        assert request(site, "GET", "/sessions", headers).status == 403


def test_without_the_directive_there_is_nothing(server):
    for target in PAGES[:3]:
        answer = fetch(server, "OPTIONS", target, **{"Access-Control-Request-Method": "POST"})
        assert answer.status == 405 and not of_cors(answer) and "Origin" not in ", ".join(answer.headers.get_all("Vary", []))
    assert harness.get(server, "/login", headers={"Origin": LISTED}).status == 200

# SPDX-License-Identifier: Apache-2.0
"""What scripts do: sign in and out, list, read, name and end sessions by JSON."""
import json
import re

import pytest

from harness import COOKIE, JSON, NAVIGATION, SITE, Answer, Server, get, post, random_token, request, sign_in
from test_problems import problem
from test_sessions_page import FIREFOX, KEYS, insert_copies

BODY = {"Content-Type": "application/json"}
ENDED = KEYS | {"ended_at", "end_reason", "ended_by"}


@pytest.fixture(autouse=True)
def empty(server):
    if server.has_table():
        server.sql("DELETE FROM managed_session")


def send(server, method: str, target: str, token: str | None = None, data=None, headers=()) -> Answer:
    pairs = [*JSON.items(), *dict(headers).items()]
    if data is not None:
        pairs += [] if "Content-Type" in dict(headers) else BODY.items()
        data = data if isinstance(data, bytes) else json.dumps(data).encode()
    return request(server, method, target, pairs + ([("Cookie", f"{COOKIE}={token}")] if token else []), data)


# -- sign-in and sign-out --------------------------------------------------------------------------


@pytest.mark.sqlite
@pytest.mark.parametrize("how", ["json", "form"])
def test_a_script_signs_in(server, how):
    fields = {"username": "alice", "password": "wonderland", "return": "/app/x?y=1"}
    answer = send(server, "POST", "/login", data=fields) if how == "json" else post(server, "/login", fields, headers=JSON)
    assert answer.status == 200 and answer.headers["Content-Type"].startswith("application/json")
    data, token = answer.json(), answer.token()
    assert set(data) == {"user", "session", "return"} and data["user"] == "alice" and data["return"] == "/app/x?y=1"
    assert data["session"]["id"] == token[:22] and data["session"]["current"] is True and set(data["session"]) == KEYS
    assert get(server, "/app/", token).status == 200


@pytest.mark.sqlite
@pytest.mark.parametrize("back, expected", [(None, "/"), ("//evil.test/", "/"), ("https://evil.test/", "/"), ("/ok", "/ok")])
def test_the_way_back_is_checked(server, back, expected):
    answer = send(server, "POST", "/login", data={"username": "alice", "password": "wonderland", "return": back})
    assert answer.json()["return"] == expected


@pytest.mark.sqlite
@pytest.mark.parametrize("remember, lasting", [(True, True), (False, False), ("1", True), (None, False)])
def test_the_script_may_ask_to_be_remembered(server, remember, lasting):
    answer = send(server, "POST", "/login", data={"username": "alice", "password": "wonderland", "remember": remember})
    assert ("Max-Age" in answer.cookies()[0]) is lasting


@pytest.mark.sqlite
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"1", b"null", b'"x"', b'{"username": "alice"}', b'{"username": "alice", "password": 1}',
                                  b'{"username": "alice", "password": ["wonderland"]}', b'{"username": {}, "password": "x"}',
                                  b'{"username": "alice", "username": "bob", "password": "builder"}',
                                  b'{"username": "alice", "USERNAME": "bob", "password": "builder"}',
                                  b'{"username": "alice\\u0000", "password": "wonderland"}', b'{"username": "\xff", "password": "x"}',
                                  b'{"username": "alice", "password": "wonderland"} x', b"[" * 9000, b'{"a":' * 3000])
def test_json_that_is_no_sign_in(server, body):
    answer = send(server, "POST", "/login", data=body)
    assert answer.status == 400 and answer.json()["code"] in ("invalid_json", "invalid_form") and not answer.cookies() and server.rows() == 0


@pytest.mark.sqlite
def test_json_has_no_more_members_than_a_form_has_fields(server):
    fields = {"username": "alice", "password": "wonderland", **{f"x{i}": "" for i in range(18)}}
    assert send(server, "POST", "/login", data=fields).status == 200
    problem(send(server, "POST", "/login", data={**fields, "one more": None}), 400, "invalid_json")


@pytest.mark.sqlite
def test_json_over_the_limit(server):
    problem(send(server, "POST", "/login", data=b'{"a": "' + b"A" * 17000 + b'"}'), 413, "too_large")


@pytest.mark.sqlite
def test_a_json_body_gets_json_also_if_nothing_else_asks_for_it(server):
    wrong = b'{"username": "alice", "password": "wrong"}'
    problem(request(server, "POST", "/login", BODY, wrong), 401, "wrong_credentials", login_url="/login")
    assert "<form" in request(server, "POST", "/login", {**BODY, "Accept": "text/html"}, wrong).text


@pytest.mark.sqlite
def test_the_limit_of_sessions_for_a_script():
    with Server(SITE + "ManagedSessionLimit 1 refuse\n") as server:
        sign_in(server)
        problem(send(server, "POST", "/login", data={"username": "alice", "password": "wonderland"}), 403, "session_limit")


@pytest.mark.sqlite
def test_a_login_page_of_the_site_is_for_windows():
    with Server(SITE.replace('managed-session-login\n', 'managed-session-login\n    ManagedSessionLoginPage "/welcome/"\n')) as server:
        fields = {"username": "alice", "password": "wrong"}
        assert post(server, "/login", fields).location == "/welcome/?error=credentials"
        problem(send(server, "POST", "/login", data=fields), 401, "wrong_credentials", login_url="/login")
        problem(send(server, "POST", "/login", data=b"{"), 400, "invalid_json")


@pytest.mark.sqlite
def test_an_error_document_that_is_the_sign_in_page_is_a_problem_for_a_script():
    with Server(SITE.replace('ManagedSessionLoginURL "/login"', "ErrorDocument 401 /login")) as server:
        problem(get(server, "/app/", headers=JSON), 401, "not_signed_in")
        assert "<form" in get(server, "/app/").text


@pytest.mark.sqlite
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_a_script_signs_out(server, method):
    token = sign_in(server)
    answer = send(server, method, "/logout", token)
    assert answer.status == 204 and answer.body == b"" and answer.clears() and get(server, "/app/", token).status == 401
    assert send(server, method, "/logout").status == 204, "it is signed out already"
    assert send(server, method, "/logout", token).status == 204


@pytest.mark.sqlite
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_another_site_signs_no_user_in_or_out(server, method):
    token = sign_in(server)
    for headers in ({"Origin": "https://evil.test"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site", "Origin": "null"}):
        problem(send(server, method, "/logout", token, headers=headers), 403, "cross_origin")
        problem(send(server, "POST", "/login", data={"username": "alice", "password": "wonderland"}, headers=headers), 403, "cross_origin")
    assert get(server, "/app/", token).status == 200 and server.rows() == 1


@pytest.mark.sqlite
def test_a_site_that_requires_a_session_everywhere_lets_scripts_sign_out():
    """Visitors may POST only: a location that is open to them is for forms."""
    with Server(SITE + '<Location "/">\nAuthType ManagedSession\nAuthName "app"\nRequire valid-user\n</Location>\n') as server:
        token = sign_in(server)
        assert send(server, "POST", "/logout").status == 204 and send(server, "DELETE", "/logout").status == 401
        assert send(server, "DELETE", "/logout", token).status == 204 and get(server, "/app/", token).status == 401


# -- one session -----------------------------------------------------------------------------------


def test_who_am_i(server):
    token = sign_in(server, agent=FIREFOX)
    for target in ("/sessions/current", f"/sessions/{token[:22]}", "/sessions/current/"):
        data = send(server, "GET", target, token).json()
        assert set(data) == KEYS | {"user"} and data["user"] == "alice" and data["id"] == token[:22] and data["current"] is True
        assert data["device"] == "Firefox on Linux" and data["ip"] == "127.0.0.1"
    for dead in (None, random_token()):
        problem(send(server, "GET", "/sessions/current", dead), 401, "not_signed_in", login_url="/login")


def test_a_list_whose_path_ends_with_a_slash():
    with Server(SITE + '<Location "/slash/">\nSetHandler managed-session-list\n</Location>\n') as server:
        token, other, third = sign_in(server), sign_in(server), sign_in(server)
        part = send(server, "GET", "/slash/?limit=1", token).json()
        assert part["next"].startswith("/slash/?limit=1&cursor=") and send(server, "GET", part["next"], token).status == 200
        assert send(server, "GET", f"/slash/{other[:22]}", token).json()["id"] == other[:22]
        assert get(server, f"/slash/{other[:22]}", token, {"Accept": "text/html"}).location == "/slash/"
        assert send(server, "DELETE", f"/slash/{other[:22]}/", token).status == 404 and send(server, "GET", "/slash/x", token).status == 404
        assert send(server, "DELETE", f"/slash/{other[:22]}", token).status == 204
        assert send(server, "DELETE", "/slash/?scope=others", token).json() == {"revoked": 1}
        assert get(server, "/app/", third).status == 401 and get(server, "/app/", token).status == 200


def test_another_of_ones_own_and_no_other(server):
    token, other, stranger, ended = sign_in(server), sign_in(server), sign_in(server, "bob"), sign_in(server)
    server.sql("UPDATE managed_session SET expires_at = 1 WHERE session_id = ?", ended[:22])
    data = send(server, "GET", f"/sessions/{other[:22]}", token).json()
    assert data["id"] == other[:22] and data["current"] is False
    encoded = "/sessions/" + "".join(f"%{ord(c):02x}" for c in other[:22])
    assert send(server, "GET", encoded, token).json()["id"] == other[:22]
    for target in (stranger[:22], ended[:22], "x", "A" * 22, f"{other[:22]}/x", "current/x", "Current", "%00", "..%2fx"):
        assert send(server, "GET", f"/sessions/{target}", token).status == 404


@pytest.mark.sqlite
def test_a_window_finds_the_list_or_a_page_that_says_there_is_nothing(server):
    token = sign_in(server)
    accept = {"Accept": "text/html"}
    assert get(server, "/sessions/current", token, accept).location == "/sessions"
    assert get(server, f"/sessions/{token[:22]}", token, accept).location == "/sessions"
    page = get(server, "/sessions/nothing", token, {**accept, "Accept-Language": "de"})
    assert page.status == 404 and "Seite nicht gefunden" in page.text
    assert "Where you are signed in" in get(server, "/sessions/", token, accept).text
    assert get(server, "/sessions/nothing", headers=NAVIGATION).location.startswith("/login?return=")


PLACES = """
<Location "/account">
    SetHandler managed-session-list
</Location>
<Location "/account/devices/">
    SetHandler managed-session-list
</Location>
<LocationMatch "^/pattern/sessions(/|$)">
    SetHandler managed-session-list
</LocationMatch>
"""


@pytest.mark.sqlite
@pytest.mark.parametrize("place", ["/account", "/account/devices", "/pattern/sessions", "/sessions"])
def test_paths_are_found_wherever_the_list_is(place):
    with Server(SITE.replace('ManagedSessionListURL "/sessions"', "") + PLACES) as server:
        token, other = sign_in(server), sign_in(server)
        assert send(server, "GET", f"{place}/current", token).json()["id"] == token[:22]
        assert send(server, "GET", f"{place}/{other[:22]}", token).json()["id"] == other[:22]
        assert len(send(server, "GET", f"{place}/?limit=1", token).json()["sessions"]) == 1
        if place != "/pattern/sessions":
            assert send(server, "GET", f"{place}/x", token).status == 404
        assert send(server, "PATCH", f"{place}/{other[:22]}", token, {"name": "n"}).json()["name"] == "n"
        assert send(server, "DELETE", f"{place}/{other[:22]}", token).status == 204
        assert send(server, "DELETE", f"{place}/current", token).status == 204


# -- names -----------------------------------------------------------------------------------------


def test_a_session_gets_a_name_and_loses_it(server):
    token, other = sign_in(server), sign_in(server)
    for target in (f"/sessions/{other[:22]}", "/sessions/current"):
        answer = send(server, "PATCH", target, token, {"name": "Küchen-Tablet <1>"})
        assert answer.status == 200 and answer.json()["name"] == "Küchen-Tablet <1>"
    assert [s["name"] for s in send(server, "GET", "/sessions", token).json()["sessions"]] == 2 * ["Küchen-Tablet <1>"]
    assert send(server, "PATCH", f"/sessions/{other[:22]}", token, {"name": None}).json()["name"] is None
    assert [s["name"] for s in send(server, "GET", "/sessions", token).json()["sessions"]] == ["Küchen-Tablet <1>", None]


def test_no_session_of_another_user_is_named(server):
    token, stranger = sign_in(server), sign_in(server, "bob")
    for target in (stranger[:22], "A" * 22, "x"):
        problem(send(server, "PATCH", f"/sessions/{target}", token, {"name": "mine"}), 404, "not_found")
    assert server.sql("SELECT name FROM managed_session WHERE name IS NOT NULL") == []


@pytest.mark.sqlite
def test_what_is_no_name(server):
    token = sign_in(server)
    target = f"/sessions/{token[:22]}"
    assert len(send(server, "PATCH", target, token, {"name": "ü" * 40}).json()["name"]) == 40
    for wrong in ({"name": "ü" * 41}, {"name": 1}, {"name": ["x"]}, {}, {"name": "x", "label": "y"}, {"Name": "x"}):
        problem(send(server, "PATCH", target, token, wrong), 400, "invalid_name")
    for wrong in (b"", b"{", b"[]", b'"x"', b'{"name": "a", "name": "b"}', b'{"name": "\\u0000"}'):
        problem(send(server, "PATCH", target, token, wrong), 400, "invalid_json")
    problem(send(server, "PATCH", target, token, b"name=x", {"Content-Type": "application/x-www-form-urlencoded"}), 415, "unsupported_media_type")
    problem(send(server, "PATCH", target, token, b'{"name": "' + b"a" * 17000 + b'"}'), 413, "too_large")
    problem(send(server, "PATCH", "/sessions", token, {"name": "x"}), 405, "method_not_allowed")
    problem(send(server, "PATCH", target, None, {"name": "x"}), 401, "not_signed_in", login_url="/login")
    problem(send(server, "PATCH", target, token, {"name": "x"}, {"Origin": "https://evil.test"}), 403, "cross_origin")
    assert send(server, "GET", target, token).json()["name"] == "ü" * 40


# -- the list --------------------------------------------------------------------------------------


def test_ended_sessions_and_how_each_ended(server):
    token, out, revoked, expired = (sign_in(server) for _ in range(4))
    send(server, "POST", "/logout", out)
    send(server, "DELETE", f"/sessions/{revoked[:22]}", token)
    server.sql("UPDATE managed_session SET expires_at = expires_at - 40000000 WHERE session_id = ?", expired[:22])
    server.sql("UPDATE managed_session SET ended_at = ended_at - 60, expires_at = expires_at - 60 WHERE session_id = ?", out[:22])
    data = send(server, "GET", "/sessions?state=ended", token).json()
    assert data["user"] == "alice" and all(set(s) == ENDED and s["current"] is False for s in data["sessions"])
    assert [(s["id"], s["end_reason"], s["ended_by"]) for s in data["sessions"]] == [
        (revoked[:22], "revoked", None), (out[:22], "signed_out", None), (expired[:22], "expired", None)]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", s["ended_at"]) for s in data["sessions"])
    assert [s["id"] for s in send(server, "GET", "/sessions?state=live", token).json()["sessions"]] == [token[:22]]


def test_ended_sessions_in_parts(server):
    token = sign_in(server)
    insert_copies(server, token, 30)
    server.sql("UPDATE managed_session SET ended_at = last_seen_at, expires_at = last_seen_at WHERE session_id <> ?", token[:22])
    url, found = "/sessions?state=ended&limit=7", []
    while url:
        data = send(server, "GET", url, token).json()
        found += [s["id"] for s in data["sessions"]]
        url = data.get("next")
    assert found == [f"{i:022d}" for i in reversed(range(30))]


def test_a_sign_in_between_two_parts_moves_nothing(server):
    token = sign_in(server)
    insert_copies(server, token, 30)
    first = send(server, "GET", "/sessions?limit=11", token).json()
    sign_in(server)
    second = send(server, "GET", first["next"], token).json()
    assert [s["id"] for s in second["sessions"]] == [f"{i:022d}" for i in range(19, 8, -1)]


@pytest.mark.sqlite
def test_a_cursor_is_of_one_list_and_is_not_made_up(server):
    token = sign_in(server)
    insert_copies(server, token, 5)
    cursor = re.search("cursor=(.*)", send(server, "GET", "/sessions?limit=2", token).json()["next"])[1]
    assert re.fullmatch(r"[\w-]+", cursor)
    for query in (f"state=ended&cursor={cursor}", f"cursor={cursor[:-3]}", f"cursor=A{cursor}", "cursor=%00", "state=dead", "state=",
                  "limit=1&limit=2", "limit=1&x=%zz", "limit=", "limit=%2B5", "limit=+5", "limit=%205", "limit=5%20", "limit=0x5", "limit=5.0",
                  "limit=0", "limit=201", "limit=-1", "limit=99999999999999999999"):
        problem(send(server, "GET", f"/sessions?{query}", token), 400, "invalid_query")


@pytest.mark.sqlite
@pytest.mark.parametrize("method", ["PUT", "OPTIONS", "FOO"])
def test_one_session_says_which_methods_it_knows(server, method):
    token = sign_in(server)
    for target in ("/sessions/current", f"/sessions/{token[:22]}"):
        answer = send(server, method, target, token)
        problem(answer, 405, "method_not_allowed")
        assert answer.headers["Allow"] == "GET, HEAD, PATCH, DELETE"


@pytest.mark.sqlite
@pytest.mark.parametrize("remember, kept", [(True, 1), ("1", 1), ("on", 1), (False, 0), (None, 0), ("0", 0), ("false", 0), ("No", 0), ("", 0)])
def test_a_script_says_whether_the_sign_in_is_remembered(server, remember, kept):
    answer = send(server, "POST", "/login", data={"username": "alice", "password": "wonderland", "remember": remember})
    assert server.sql("SELECT persistent FROM managed_session WHERE session_id = ?", answer.json()["session"]["id"]) == [(kept,)]
    assert ("max-age" in str(answer.headers["Set-Cookie"]).lower()) == bool(kept)


@pytest.mark.sqlite
def test_an_unchanged_list_is_not_sent_again(server):
    token = sign_in(server)
    for target in ("/sessions", "/sessions/current"):
        tag = send(server, "GET", target, token).headers["ETag"]
        assert re.fullmatch(r'"[\w-]{24}"', tag)
        for known in (tag, f'W/{tag}', f'"x", {tag}', "*"):
            answer = send(server, "GET", target, token, headers={"If-None-Match": known})
            assert answer.status == 304 and answer.body == b"" and answer.headers["ETag"] == tag
            assert answer.headers["Cache-Control"] == "no-store"
        assert send(server, "GET", target, token, headers={"If-None-Match": '"x"'}).status == 200
        send(server, "PATCH", "/sessions/current", token, {"name": target})
        answer = send(server, "GET", target, token, headers={"If-None-Match": tag})
        assert answer.status == 200 and answer.headers["ETag"] != tag
    assert send(server, "GET", "/sessions", headers={"If-None-Match": "*"}).status == 401


@pytest.mark.sqlite
def test_a_change_is_never_answered_with_not_modified(server):
    token = sign_in(server)
    for known in ("*", send(server, "GET", "/sessions/current", token).headers["ETag"]):
        answer = send(server, "PATCH", "/sessions/current", token, {"name": None}, {"If-None-Match": known})
        assert answer.status == 200 and answer.json()["name"] is None

# SPDX-License-Identifier: Apache-2.0
"""The list of one's sessions, as a page and as JSON, and everything that ends one of them."""
import base64
import contextlib
import re
import socket
import time
import urllib.parse

import pytest

import harness
from harness import JSON, NAVIGATION, SITE, Browser, FormReader, Server, get, post, random_token, request, sign_in

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
SAFARI = ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
          "Version/17.5 Mobile/15E148 Safari/604.1")
LOG_LINE = r"\[\w{3} \w{3} \d\d [\d:.]+ \d{4}\] "
KEYS = {"id", "kind", "current", "device", "browser", "os", "ip", "last_ip", "label", "method", "created_at", "last_seen_at",
        "expires_at", "name"}


@pytest.fixture(autouse=True)
def empty(server):
    if server.has_table():
        server.sql("DELETE FROM managed_session")


def listed(server, token: str) -> list[dict]:
    answer = get(server, "/sessions", token, JSON)
    assert answer.status == 200
    return answer.json()["sessions"]


def ids(server, token: str) -> list[str]:
    return [s["id"] for s in listed(server, token)]


def is_in(server, token: str) -> bool:
    return get(server, "/app/", token).status == 200


def csrf(server, token: str) -> str:
    return FormReader(get(server, "/sessions", token).text).forms[0]["csrf"]


def act(server, token: str, headers=(), **fields) -> harness.Answer:
    """What the page's form sends; the token of the form too unless another is given."""
    fields = {"csrf": csrf(server, token), **fields}
    return post(server, "/sessions", {k: v for k, v in fields.items() if v is not None}, token, headers)


def delete(server, token: str | None, target: str, headers=()) -> harness.Answer:
    cookie = [("Cookie", f"{harness.COOKIE}={token}")] if token else []
    return request(server, "DELETE", target, [*cookie, *headers])


# -- who may see it --------------------------------------------------------------------------------


def test_without_the_lists_url_a_script_ends_a_session_all_the_same():
    """The last segment is the id, below wherever the list is."""
    with Server(SITE.replace('ManagedSessionListURL "/sessions"\n', "")) as server:
        mine, other = sign_in(server), sign_in(server)
        assert delete(server, mine, f"/sessions/{other[:21]}").status in (404, 405)
        assert delete(server, mine, f"/sessions/{other[:22]}").status == 204
        assert get(server, "/app/", other).status == 401 and get(server, "/app/", mine).status == 200


@pytest.mark.sqlite
@pytest.mark.parametrize("url", ["/sessions", "/sessions/"])
def test_a_list_that_another_module_put_there_is_found_by_its_url(url):
    """As mod_rewrite may: no section of the configuration has its path."""
    config = SITE.replace('<Location "/sessions">\n    SetHandler managed-session-list\n</Location>\n', "")
    config = config.replace('ListURL "/sessions"', f'ListURL "{url}"')
    rule = 'RewriteEngine On\nRewriteRule "^/sessions(/.*)?$" - [H=managed-session-list]\n'
    with Server(config + rule) as server:
        mine, other = sign_in(server), sign_in(server)
        assert {s["id"] for s in get(server, "/sessions", mine, JSON).json()["sessions"]} == {mine[:22], other[:22]}
        assert get(server, "/sessions/current", mine, JSON).json()["id"] == mine[:22]
        assert delete(server, mine, f"/sessions/more/{other[:22]}").status == 404
        assert delete(server, mine, f"/sessions/{other[:22]}").status == 204 and not is_in(server, other)


def test_a_form_that_is_cut_short_does_nothing(server):
    """The client is gone before all of the body has come."""
    token, rows = sign_in(server), server.rows()
    for target, body in (("/login", b"username=alice&password=wonderland"), ("/logout", b"x=1"), ("/sessions", b"action=revoke-all")):
        head = (f"POST {target} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nCookie: {harness.COOKIE}={token}\r\n"
                f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body) + 1}\r\n\r\n")
        with harness.connect(server) as s:
            s.sendall(head.encode() + body)
            s.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda: s.recv(4096), b""))
        assert not answer or answer.startswith(b"HTTP/1.1 400 "), answer
    assert server.rows() == rows and get(server, "/app/", token).status == 200


def end_here(server, token: str) -> None:
    """The owner ends the session through this host."""
    assert delete(server, sign_in(server), f"/sessions/{token[:22]}").status == 204


def end_elsewhere(server, token: str) -> None:
    """Another host ends it; this one's cache has it still."""
    server._sql("UPDATE managed_session SET ended_at = last_seen_at, expires_at = last_seen_at, end_reason = 'revoked' WHERE session_id = ?",
                [token[:22]])


def send_slow_form(server, token: str, meanwhile, headers=JSON, target: str = "/sessions", **fields) -> harness.Answer:
    page = get(server, target, token, {"Accept": "text/html"})
    fields = {"csrf": re.search(r'name="csrf" value="([^"]+)"', page.text)[1], **fields}
    headers = {"Cookie": f"{harness.COOKIE}={token}", "Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin",
               **headers}
    return harness.send_slowly(server, "POST", target, headers, urllib.parse.urlencode(fields).encode(), meanwhile)


@pytest.mark.parametrize("end", [end_here, end_elsewhere])
def test_a_form_whose_session_ends_while_it_is_sent_changes_nothing(server, end):
    mine = sign_in(server)
    for fields in ({"action": "revoke-all"}, {"action": "revoke-others"}, {"action": "revoke", "id": mine[:22]},
                   {"action": "rename", "id": mine[:22], "name": "his"}):
        token = sign_in(server)
        answer = send_slow_form(server, token, lambda: end(server, token), **fields)
        assert (answer.status, answer.json()["code"]) == (401, "not_signed_in"), fields
        server.age_cache()
        assert not is_in(server, token)
    assert is_in(server, mine) and get(server, f"/sessions/{mine[:22]}", mine, JSON).json()["name"] is None
    token = sign_in(server)
    answer = send_slow_form(server, token, lambda: end(server, token), NAVIGATION, action="revoke-all")
    assert answer.status == 401 and "You are not signed in" in answer.text and answer.clears() and is_in(server, mine)


@pytest.mark.parametrize("end", [end_here, end_elsewhere])
def test_a_name_whose_session_ends_while_it_is_sent_is_not_given(server, end):
    stolen, mine = sign_in(server), sign_in(server)
    headers = {"Cookie": f"{harness.COOKIE}={stolen}", "Content-Type": "application/json", **JSON}
    answer = harness.send_slowly(server, "PATCH", f"/sessions/{mine[:22]}", headers, b'{"name": "his"}', lambda: end(server, stolen))
    assert (answer.status, answer.json()["code"]) == (401, "not_signed_in")
    assert get(server, f"/sessions/{mine[:22]}", mine, JSON).json()["name"] is None


def test_a_form_that_was_sent_slowly_counts(server):
    mine, other = sign_in(server), sign_in(server)
    assert send_slow_form(server, mine, lambda: None, action="revoke", id=other[:22]).status == 303
    assert is_in(server, mine) and not is_in(server, other)


def test_a_form_changes_nothing_if_its_session_cannot_be_looked_up_again(server):
    mine, other = sign_in(server), sign_in(server)
    server.expect("MS0004", status_5xx=True)
    with contextlib.ExitStack() as broken:
        answer = send_slow_form(server, mine, lambda: broken.enter_context(server.broken_table()), action="revoke", id=other[:22])
        assert (answer.status, answer.json()["code"]) == (503, "unavailable") and answer.headers["Retry-After"]
        assert not answer.cookies() and server.statements()[-1] == "FIND", "nothing is tried after it"
    assert is_in(server, mine) and is_in(server, other)


def test_no_list_without_a_session(server):
    """The location has no Require line at all."""
    for cookie in (None, random_token()):
        assert get(server, "/sessions", cookie, NAVIGATION).location.startswith("/login?return=/sessions")
        answer = get(server, "/sessions", cookie, JSON)
        assert answer.status == 401 and answer.headers["WWW-Authenticate"].startswith("ManagedSession realm=")
        assert post(server, "/sessions", {"action": "revoke-all"}, cookie).status == 401
        assert delete(server, cookie, "/sessions?scope=all").status == 401


FORGETFUL = {
    "all granted": "Require all granted", "switched off": "ManagedSession Off",
    "any": "Require all granted\nSatisfy Any",
    "Basic": 'AuthType Basic\nAuthName "b"\nAuthUserFile "@ROOT@/passwords"\nRequire valid-user',
}


@pytest.fixture(scope="module")
def forgetful():
    places = [f'<Location "/list{i}">\nSetHandler managed-session-list\n{lines}\n</Location>\n'
              for i, lines in enumerate(FORGETFUL.values())]
    with Server(SITE + "".join(places), own_paths=[f"/list{i}" for i in range(len(places))]) as running:
        yield running


@pytest.mark.parametrize("place", range(len(FORGETFUL)), ids=FORGETFUL)
def test_a_forgetful_configuration_does_not_open_the_list(forgetful, place):
    """Also if something else let the visitor in, such as alice's password for another AuthType."""
    target, token = f"/list{place}", sign_in(forgetful)
    basic = ("Authorization", "Basic " + base64.b64encode(b"alice:wonderland").decode())
    assert get(forgetful, target, headers=[basic, *NAVIGATION.items()]).location == f"/login?return={target}"
    assert get(forgetful, target, headers=[basic, *JSON.items()]).status == 401
    assert request(forgetful, "DELETE", target + "?scope=all", [basic]).status == 401 and is_in(forgetful, token)
    assert token[:22] in {s["id"] for s in get(forgetful, target, token, [basic, *JSON.items()]).json()["sessions"]}


def test_without_a_sign_in_url_no_visitor_is_redirected():
    with Server(SITE.replace('ManagedSessionLoginURL "/login"', "")) as server:
        for headers in (NAVIGATION, JSON):
            answer = get(server, "/sessions", headers=headers)
            assert answer.status == 401 and answer.location is None


def test_the_json_is_as_documented(server):
    token = sign_in(server, agent=FIREFOX)
    answer = get(server, "/sessions", token, JSON)
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    data = answer.json()
    assert set(data) == {"user", "sessions"} and data["user"] == "alice"
    [session] = data["sessions"]
    assert set(session) == KEYS
    assert session["id"] == token[:22] and session["current"] is True and session["label"] is None
    assert (session["device"], session["browser"], session["os"]) == ("Firefox on Linux", "Firefox", "Linux")
    assert (session["ip"], session["last_ip"], session["method"]) == ("127.0.0.1", "127.0.0.1", "form")
    for name in ("created_at", "last_seen_at", "expires_at"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", session[name])
    assert session["created_at"] == session["last_seen_at"] < session["expires_at"]


def test_this_session_comes_first_then_the_one_used_last(server):
    tokens = [sign_in(server) for _ in range(4)]
    for i, token in enumerate(tokens):
        server.sql("UPDATE managed_session SET last_seen_at = last_seen_at - ? WHERE session_id = ?",
                   (30, 10, 40, 20)[i], token[:22])
    assert ids(server, tokens[0]) == [tokens[i][:22] for i in (0, 1, 3, 2)]
    assert ids(server, tokens[3]) == [tokens[i][:22] for i in (3, 1, 0, 2)]
    assert [s["current"] for s in listed(server, tokens[2])] == [True, False, False, False]
    page = FormReader(get(server, "/sessions", tokens[0]).text)
    assert [f["id"] for f in page.forms if f["action"] == "revoke"] == ids(server, tokens[0])


def test_only_live_sessions_of_this_user_and_realm(server):
    mine, expired, elsewhere = sign_in(server), sign_in(server), sign_in(server)
    sign_in(server, "bob")
    server.sql("UPDATE managed_session SET expires_at = ? WHERE session_id = ?", int(time.time()) - 1, expired[:22])
    server.sql("UPDATE managed_session SET realm = 'other' WHERE session_id = ?", elsewhere[:22])
    assert ids(server, mine) == [mine[:22]] and server.rows() == 4
    page = get(server, "/sessions", mine).text
    assert expired[:22] not in page and elsewhere[:22] not in page and "No other device is signed in." in page


def test_the_page_says_of_each_session_what_it_takes_to_know_it(server):
    token, other = sign_in(server, agent=FIREFOX), sign_in(server, agent=SAFARI)
    server.sql("UPDATE managed_session SET created_ip = '192.0.2.1', last_ip = '2001:db8::7', label = 'Oslo',"
               " created_at = ?, last_seen_at = ?, expires_at = ? WHERE session_id = ?",
               1700000000, 1700003600, 4102444800, other[:22])
    page = FormReader(get(server, "/sessions", token).text)
    assert [(f["id"], f["action"]) for f in page.forms] == [
        (id, action) for id in (token[:22], other[:22]) for action in ("rename", "revoke")]
    assert all(f["csrf"] for f in page.forms)
    assert {"?confirm=others", "?confirm=all"} <= {attrs["href"] for tag, attrs in page.tags if tag == "a"}
    of_other = page.words[page.words.index("Sign out"):]
    for word in ("192.0.2.1", "IP address 2001:db8::7", "Oslo", SAFARI, "Signed in 14 November 2023, 22:13 UTC", "with a password",
                 "Until 1 January 2100, 00:00 UTC, or when the browser is closed"):
        assert word in of_other
    titles = [attrs["title"] for tag, attrs in page.tags if tag == "time" and "title" in attrs]
    assert titles[1] == "14 November 2023, 23:13 UTC" and any(re.fullmatch(r"Active \d+ days ago", word) for word in of_other)
    times = [attrs["datetime"] for tag, attrs in page.tags if tag == "time"]
    assert times[3:] == ["2023-11-14T23:13:20Z", "2023-11-14T22:13:20Z", "2100-01-01T00:00:00Z"]
    assert page.words.count("this device") == 1


@pytest.mark.parametrize("accept, kind", [
    ("application/json", "json"), ("text/html", "html"), ("*/*", "html"), (None, "html"),
    ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "html"),
    ("application/json, text/plain, */*", "json"), ("text/html;q=0.5, application/json", "json"),
    ("application/json;q=0.5, text/html", "html"), ("application/json;q=0, */*", "html"),
    ("application/*", "json"), ("nonsense", "html"), (";;,,q=", "html"),
])
def test_a_page_or_json_as_the_client_prefers(server, accept, kind):
    answer = get(server, "/sessions", sign_in(server), {"Accept": accept} if accept else {})
    assert answer.status == 200 and kind in answer.headers["Content-Type"] and "Accept" in answer.headers["Vary"]


def test_vary_names_each_header_once(server):
    token = sign_in(server)
    answers = [get(server, target, cookie, headers) for target in ("/sessions", "/sessions/nonsense", "/login", "/logout", "/app/")
               for cookie in (token, None) for headers in (JSON, {"Accept": "text/html", "Sec-Fetch-Mode": "cors"})]
    for answer in answers:
        names = [name.strip() for name in ",".join(answer.headers.get_all("Vary", [])).lower().split(",")]
        assert len(names) == len(set(names)), names


def test_head_and_options(server):
    token = sign_in(server)
    answer = request(server, "HEAD", "/sessions", {"Cookie": f"{harness.COOKIE}={token}"})
    assert answer.status == 200 and answer.body == b"" and int(answer.headers["Content-Length"]) > 1000
    assert request(server, "OPTIONS", "/sessions", {"Cookie": f"{harness.COOKIE}={token}"}).status == 405


@pytest.mark.parametrize("headers", [JSON, {}], ids=["json", "page"])
def test_head_says_what_get_would_and_ends_nothing(server, headers):
    token, other = sign_in(server), sign_in(server)
    cookie = {"Cookie": f"{harness.COOKIE}={token}"}
    head = request(server, "HEAD", "/sessions?scope=all&action=revoke-all", {**cookie, **headers})
    whole = get(server, "/sessions", token, headers)
    assert [head.headers[n] for n in ("Content-Type", "Content-Length")] == [
        whole.headers[n] for n in ("Content-Type", "Content-Length")]
    assert is_in(server, token) and is_in(server, other)


# -- the page: questions, notices, pages ----------------------------------------------------------------


def test_before_many_are_signed_out_the_page_asks_and_says_how_many(server):
    here, others = Browser(server), [sign_in(server) for _ in range(3)]
    here.sign_in()
    assert "Sign out 3 other sessions?" in here.go("/sessions?confirm=others").text
    assert is_in(server, others[0]), "a link ends nothing"
    here.submit(action="revoke-others")
    assert "Your other devices were signed out." in here.page.text and not any(is_in(server, t) for t in others)
    assert "Sign out this device?" in here.go("/sessions?confirm=all").text
    here.submit(action="revoke-all", follow=False)
    assert here.token is None


def test_while_they_cannot_be_counted_it_does_not_ask(server):
    """The session itself is known from the cache, if there is one."""
    token = sign_in(server)
    assert is_in(server, token)
    server.expect("MS000", status_5xx=True)
    with server.broken_table():
        assert get(server, "/sessions?confirm=others", token).status == 503
    assert is_in(server, token)


def test_with_no_others_there_is_nothing_to_ask(server):
    page = get(server, "/sessions?confirm=others", sign_in(server))
    assert "Where you are signed in" in page.text and "No other device is signed in." in page.text


@pytest.mark.parametrize("query", [
    "ended_device=You%20were%20hacked%2C%20call%20555", "ended_device=x&proof=", "ended_others=7", "ended_others=7&proof=" + "A" * 86,
    "ended_device=%E0", "ended_device", "done=", "done=two", "done=one&done=one", "done=hacked", "done=%E0", "page=99999999999999999999", "page=-1", "page=x", "confirm=everything", "%00", "a=1&a=2"])
def test_no_link_can_make_the_page_say_anything(server, query):
    token = sign_in(server)
    page = get(server, f"/sessions?{query}", token)
    assert page.status == 200 and "No other device is signed in." in page.text
    assert 'role="status"' not in page.text and "hacked" not in page.text


def test_a_notice_is_one_of_a_few_sentences(server):
    mine, other = sign_in(server), sign_in(server, agent=SAFARI)
    assert act(server, mine, action="revoke", id=other[:22]).location == f"/sessions?done=one&id={other[:22]}"
    assert act(server, mine, action="revoke", id=other[:22]).location == "/sessions?done=gone"
    sign_in(server)
    assert act(server, mine, action="revoke-others").location == "/sessions?done=others"
    for done, sentence in (("one", "The device was signed out. Was it not you? Then change your password."),
                           (f"one&id={other[:22]}", "Safari 17 on iOS was signed out. Was it not you? Then change your password."),
                           ("named", "The name was saved."), ("gone", "The device was already signed out."),
                           ("others", "Your other devices were signed out. Was it not you? Then change your password.")):
        page = get(server, f"/sessions?done={done}", mine).text
        assert re.findall(r'role="status">([^<]*)<', page) == [sentence]


def test_hundreds_of_sessions_come_in_pages_of_ten(server):
    token = sign_in(server)
    columns = "secret_hash, realm, user_name, created_at, max_expires_at, expires_at, created_ip, last_ip, user_agent, auth_method, persistent"
    for i in range(119):
        server._sql(f"INSERT INTO managed_session (session_id, last_seen_at, {columns}) SELECT ?, 1000 + ?, {columns} FROM managed_session"
                    " WHERE session_id = ?", (f"{i:022d}", i, token[:22]))
    seen = []
    for page in range(1, 13):
        answer = get(server, f"/sessions?page={page}", token)
        assert f"Page {page} of 12." in answer.text and "120 sessions." in answer.text and len(answer.body) < 30_000
        links = [attrs["href"] for tag, attrs in FormReader(answer.text).tags if tag == "a" and "page" in attrs.get("href", "")]
        assert links == [f"?page={n}" for n in (page - 1, page + 1) if 1 <= n <= 12]
        seen += [f["id"] for f in FormReader(answer.text).forms if f["action"] == "revoke"]
    assert seen == [token[:22], *(f"{i:022d}" for i in reversed(range(119)))]
    assert len(get(server, "/sessions?limit=200", token, JSON).json()["sessions"]) == 120
    server.sql("DELETE FROM managed_session")


def insert_copies(server, token: str, n: int) -> None:
    """Sessions of the same user, each last seen a second after the one before."""
    columns = "secret_hash, realm, user_name, created_at, max_expires_at, expires_at, created_ip, last_ip, user_agent, auth_method, persistent"
    for at in range(0, n, 100):
        values = " UNION ALL ".join(f"SELECT '{i:022d}' AS x, {1000 + i} AS y" for i in range(at, min(at + 100, n)))
        server._sql(f"INSERT INTO managed_session (session_id, last_seen_at, {columns}) SELECT v.x, v.y, {columns} FROM managed_session,"
                    f" ({values}) v WHERE session_id = ?", (token[:22],))


@pytest.mark.parametrize("limit", [None, 1, 7, 60, 200])
def test_a_script_reads_a_long_list_in_parts(server, limit):
    """No answer holds more than 100, or ?limit= up to 200, and each session is in one of them, the current one first."""
    token = sign_in(server)
    insert_copies(server, token, 450 if limit != 1 else 5)
    url, found, sizes = "/sessions" + (f"?limit={limit}" if limit else ""), [], []
    while url:
        server.forget_statements()
        answer = get(server, url, token, JSON).json()
        assert len(server.statements()) == 2, "the look-up, and one part"
        assert answer["user"] == "alice" and [s["current"] for s in answer["sessions"]].count(True) == (not found)
        found += [s["id"] for s in answer["sessions"]]
        sizes.append(len(answer["sessions"]))
        url = answer.get("next")
    assert found == [token[:22], *(f"{i:022d}" for i in reversed(range(450 if limit != 1 else 5)))]
    assert set(sizes[:-1]) == {limit or 100}
    server.sql("DELETE FROM managed_session")


def test_sessions_that_end_meanwhile_take_no_other_from_a_script(server):
    token = sign_in(server)
    insert_copies(server, token, 30)
    first = get(server, "/sessions?limit=11", token, JSON).json()
    for session in first["sessions"][1:]:
        assert delete(server, token, f"/sessions/{session['id']}").status == 204
    second = get(server, first["next"], token, JSON).json()
    assert [s["id"] for s in second["sessions"]] == [f"{i:022d}" for i in range(19, 8, -1)]
    server.sql("DELETE FROM managed_session")


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=-1", "limit=x", "limit=", "cursor=", "cursor=1", "cursor=1.2", "cursor=1.2.3",
                                   "cursor=-1.1." + 22 * "A", "cursor=x.1." + 22 * "A", "cursor=1.1." + 21 * "A" + "'"])
def test_a_part_that_is_none_is_a_bad_request(server, query):
    token = sign_in(server)
    assert get(server, f"/sessions?{query}", token, JSON).status == 400
    assert get(server, f"/sessions?{query}", token).status == 200, "the page has pages of its own"


def test_no_statement_reads_a_long_list_as_a_whole(server):
    """The page, what it does and its questions: ten rows, or a number."""
    token = sign_in(server)
    insert_copies(server, token, 120)
    for target, statements in (("/sessions", ["FIND", "LIST", "COUNT", "LIST_ENDED"]), ("/sessions?page=3", ["FIND", "LIST", "COUNT", "LIST_ENDED"]),
                               ("/sessions?page=90", ["FIND", "LIST", "COUNT", "LIST", "LIST_ENDED"]), ("/sessions?confirm=others", ["FIND", "COUNT"])):
        server.forget_statements()
        assert get(server, target, token).status == 200
        assert server.statements() == statements
    server.forget_statements()
    act(server, token, action="revoke", id=f"{7:022d}")
    assert "LIST" not in server.statements()[2:]
    server.sql("DELETE FROM managed_session")


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_page_of_twenty_is_below_30_kb(server, language):
    token = [sign_in(server, agent=CHROME) for _ in range(20)][0]
    assert len(get(server, "/sessions", token, {"Accept-Language": language}).body) < 30_000
    server.sql("DELETE FROM managed_session")


def test_who_ends_one_stays_on_that_page_of_the_list(server):
    here, others = Browser(server), [sign_in(server, agent=SAFARI) for _ in range(11)]
    here.sign_in()
    assert "Page 2 of 2." in here.go("/sessions?page=2").text
    here.submit(action="revoke", id=FormReader(here.page.text).forms[0]["id"])
    assert "Safari 17 on iOS was signed out." in here.page.text and "Page 2 of 2." in here.page.text
    assert sum(is_in(server, token) for token in others) == 10


def test_a_device_that_is_out_already_is_no_surprise(server):
    here, other = Browser(server), sign_in(server)
    here.sign_in()
    here.go("/sessions")
    server.sql("DELETE FROM managed_session WHERE session_id = ?", other[:22])
    here.submit(action="revoke", id=other[:22])
    assert "The device was already signed out." in here.page.text
    assert 'role="status"' not in get(server, "/sessions?gone=1", here.token).text


def test_more_than_the_list_can_hold_are_counted_all_the_same(server):
    token = sign_in(server)
    columns = "secret_hash, realm, user_name, created_at, max_expires_at, expires_at, last_seen_at, created_ip, last_ip, user_agent, auth_method, persistent"
    for at in range(0, 1100, 100):
        values = " UNION ALL ".join(f"SELECT '{i:022d}' AS x" for i in range(at, at + 100))
        server._sql(f"INSERT INTO managed_session (session_id, {columns}) SELECT v.x, {columns} FROM managed_session, ({values}) v"
                    " WHERE session_id = ?", (token[:22],))
    assert "1101 sessions. Page 100 of 100." in get(server, "/sessions?page=100", token).text
    assert "Sign out 1100 other sessions?" in get(server, "/sessions?confirm=others", token).text
    server.sql("DELETE FROM managed_session")


def test_if_no_user_can_sign_in_the_refusal_is_a_page_too():
    with Server(SITE.replace('ManagedSessionLoginURL "/login"', "")) as server:
        page = get(server, "/sessions", headers={**NAVIGATION, "Accept-Language": "de"})
        assert page.status == 401 and "Sie sind nicht angemeldet" in FormReader(page.text).words
        assert page.headers["WWW-Authenticate"].startswith("ManagedSession") and page.headers.get_all("Cache-Control") == ["no-store"]
        assert "</main>" not in get(server, "/sessions", headers=JSON).text


def test_each_button_says_to_a_listener_what_it_signs_out(server):
    """Its accessible name has the button's text, the device, the time of use and the address."""
    token, _ = sign_in(server), sign_in(server, agent=SAFARI)
    server.sql("UPDATE managed_session SET last_ip = '192.0.2.1' WHERE session_id <> ?", token[:22])
    text = get(server, "/sessions", token).text
    names = []
    for ids_of_it in re.findall(r'<button name="action" value="revoke" [^>]*aria-labelledby="([\w ]+)"', text):
        parts = [re.search(rf'id="{part}"[^>]*>(.*?)</(?:span|p|button)>', text)[1] for part in ids_of_it.split()]
        names.append(re.sub(r"<[^>]+>", " ", " ".join(parts)))
    assert [name.split("Active")[0].strip() for name in names] == ["Sign out Unknown device", "Sign out Safari 17 on iOS"]
    assert "192.0.2.1" in names[1] and "192.0.2.1" not in names[0]


# -- ending one ------------------------------------------------------------------------------------


def test_the_library_computer_is_signed_out_from_home(server):
    library, home = Browser(server), Browser(server, SAFARI)
    library.sign_in()
    home.sign_in()
    other = library.token[:22]
    assert home.go("/sessions").text.count("Firefox 130 on Linux</span>") == 1
    assert home.submit(action="revoke", id=other).status == 200 and home.url.startswith("/sessions?")
    assert "Firefox 130 on Linux was signed out." in home.page.text
    assert f'value="{other}"' not in home.page.text and "No other device is signed in." in home.page.text
    assert library.go("/app/", follow=False).location == "/login?return=/app/" and library.token is None
    assert home.go("/app/").text == "protected page\n"


def test_the_session_that_asks_may_end_itself(server):
    token, other = sign_in(server), sign_in(server)
    answer = act(server, token, action="revoke", id=token[:22])
    assert answer.status == 303 and answer.clears()
    assert not is_in(server, token) and is_in(server, other)


def test_all_others(server):
    tokens, stranger = [sign_in(server) for _ in range(4)], sign_in(server, "bob")
    answer = act(server, tokens[1], action="revoke-others")
    assert answer.status == 303 and answer.location == "/sessions?done=others" and not answer.cookies()
    assert "Your other devices were signed out." in get(server, answer.location, tokens[1]).text
    assert [is_in(server, t) for t in tokens] == [False, True, False, False] and is_in(server, stranger)


def test_everything(server):
    tokens, stranger = [sign_in(server) for _ in range(3)], sign_in(server, "bob")
    answer = act(server, tokens[1], action="revoke-all")
    assert answer.status == 303 and answer.clears()
    assert not any(is_in(server, t) for t in tokens) and is_in(server, stranger)


def test_then_a_page_says_that_the_user_is_out_everywhere(server):
    """Not the form of the sign-in page, which says nothing of it."""
    here, other = Browser(server), sign_in(server)
    here.sign_in()
    here.go("/sessions?confirm=all")
    page = FormReader(here.submit(action="revoke-all").text)
    assert here.url == "/logout?done=all" and "You are signed out on all devices." in page.words and page.forms == []
    assert {"/login", "/"} <= {attrs["href"] for tag, attrs in page.tags if tag == "a"} and not is_in(server, other)


def test_after_the_own_session_a_page_says_that_the_user_is_out_here(server):
    here, other = Browser(server), sign_in(server)
    here.sign_in()
    here.go("/sessions")
    page = here.submit(action="revoke", id=here.token[:22])
    assert here.url == "/logout?done=out" and "You are signed out on this device." in page.text and is_in(server, other)


@pytest.mark.parametrize("lines, expected", [
    ('ManagedSessionLandingURL "/bye"', "/bye"), ("", "/sign-out?done=all"), ("ManagedSessionLogoutURL none", "/sign-out?done=all"),
    ('ManagedSessionLogoutURL "/sign-out?from=list"', "/sign-out?from=list&done=all")])
def test_where_that_page_is(lines, expected):
    """It need not be named: the place that has it is found."""
    site = SITE.replace('ManagedSessionLogoutURL "/logout"\n', "").replace("/logout", "/sign-out") + lines + "\n"
    with Server(site, own_paths=("/login", "/sign-out", "/sessions")) as server:
        assert act(server, sign_in(server), action="revoke-all").location == expected


def test_that_page_may_have_a_place_with_a_slash_at_its_end():
    """A <Location> that is written so is not the place without it."""
    site = SITE.replace('ManagedSessionLogoutURL "/logout"\n', "").replace("/logout", "/sign-out/")
    with Server(site, own_paths=("/login", "/sign-out/", "/sessions")) as server:
        url = act(server, sign_in(server), action="revoke-all").location
        assert url == "/sign-out/?done=all" and "You are signed out on all devices." in get(server, url).text


def test_without_that_page_the_list_leads_to_the_sign_in():
    site = SITE.replace("managed-session-logout", "default-handler").replace('ManagedSessionLogoutURL "/logout"\n', "")
    with Server(site, own_paths=("/login", "/sessions")) as server:
        assert act(server, sign_in(server), action="revoke-all").location == "/sessions"


def test_by_json(server):
    tokens, stranger = [sign_in(server) for _ in range(6)], sign_in(server, "bob")
    answer = delete(server, tokens[0], f"/sessions/{tokens[1][:22]}")
    assert answer.status == 204 and answer.body == b"" and not is_in(server, tokens[1])
    server.sql("UPDATE managed_session SET expires_at = 1 WHERE session_id = ?", tokens[2][:22])
    assert delete(server, tokens[0], "/sessions?scope=others").json() == {"revoked": 3}
    assert is_in(server, tokens[0]) and not is_in(server, tokens[3])
    sign_in(server)
    answer = delete(server, tokens[0], "/sessions?scope=all")
    assert answer.json() == {"revoked": 2} and answer.clears() and not is_in(server, tokens[0])
    assert is_in(server, stranger)
    answer = delete(server, stranger, f"/sessions/{stranger[:22]}")
    assert answer.status == 204 and answer.clears() and server.rows() == 1  # the expired one


def test_ending_it_again_finds_nothing(server):
    token, other = sign_in(server), sign_in(server)
    assert [delete(server, token, f"/sessions/{other[:22]}").status for _ in range(2)] == [204, 404]
    assert delete(server, token, "/sessions?scope=others").json() == {"revoked": 0} and is_in(server, token)


@pytest.mark.parametrize("target", [
    "/sessions/@ID@/", "/sessions/@ID@/x", "/sessions/@ID@%20", "/sessions/%20@ID@", "/sessions/@ID@%0a",
    "/sessions/@ID@%00", "/sessions/@ID@;x", "/sessions/@ID@.", "/sessions/x%2f@ID@", "/sessions/x%5c@ID@",
    "/sessions/@SWAPPED@", "/sessions/@TWICE@", "/sessions/x/@ID@", "/sessions/x/y/@ID@", "/sessions/@MINE@/@ID@",
])
def test_what_is_only_nearly_an_id_is_not_found(server, target):
    """The path of a session is the list's and the id, letter for letter, and nothing else."""
    token, other = sign_in(server), sign_in(server)
    id_ = other[:22]
    for mark, text in (("@ID@", id_), ("@SWAPPED@", id_.swapcase()), ("@MINE@", token[:22]),
                       ("@TWICE@", "".join(f"%25{ord(c):02x}" for c in id_))):
        target = target.replace(mark, text)
    assert delete(server, token, target).status == 404 and is_in(server, other) and is_in(server, token)


def test_an_id_is_the_same_id_percent_encoded(server):
    token, other = sign_in(server), sign_in(server)
    assert delete(server, token, "/sessions/" + "".join(f"%{ord(c):02X}" for c in other[:22])).status == 204
    assert not is_in(server, other)


@pytest.mark.parametrize("scope", ["others", "all"])
@pytest.mark.parametrize("path", ["/sessions/@ID@", "/sessions/nonsense"])
def test_who_names_one_session_does_not_end_them_all(server, path, scope):
    """`?scope=` is the list's own: behind a session's path it widens nothing."""
    token, named, bystander = sign_in(server), sign_in(server), sign_in(server)
    answer = delete(server, token, path.replace("@ID@", named[:22]) + f"?scope={scope}")
    assert answer.status in (204, 400, 404) and is_in(server, bystander) and is_in(server, token)


def test_to_delete_the_list_itself_is_no_method_of_it(server):
    token, other = sign_in(server), sign_in(server)
    answer = delete(server, token, "/sessions")
    assert is_in(server, token) and is_in(server, other)
    assert answer.status == 405 and "GET" in answer.headers["Allow"]


@pytest.mark.parametrize("target", ["/sessions/x", "/sessions/@ID@", "/sessions/"])
def test_a_page_below_the_list_is_the_list_or_nothing(server, target):
    token, other = sign_in(server), sign_in(server)
    target = target.replace("@ID@", other[:22])
    assert get(server, target, token).status in (200, 404) and get(server, target).status in (401, 404)
    assert post(server, target, {"action": "revoke-all"}, token).status in (403, 404)
    assert is_in(server, token) and is_in(server, other)


@pytest.mark.parametrize("id_", [
    "x\n[Mon Nov 23 00:00:00.0 2026] [core:error] forged", "%n%s%x", "\x1b[31mforged", "\u2028x",
])
def test_an_id_forges_no_line_of_the_log(server, id_):
    token = sign_in(server)
    assert act(server, token, action="revoke", id=id_).status == 303
    assert delete(server, token, "/sessions/" + urllib.parse.quote(id_)).status == 404
    for line in server.new_log().split("\n")[:-1]:
        assert re.match(LOG_LINE, line) and "core:error" not in line[:60]
        assert not re.search(r"[\x00-\x1f\x7f-\x9f]", line)


NONSENSE = ["", "x", "A" * 22, "A" * 200, "*", "' OR '1'='1", "%27%20OR%201=1--", "a/b", "%00", "\u00e4", "id", "-" * 22,
            "A" * 21 + "="]


@pytest.mark.parametrize("id_", NONSENSE)
def test_an_id_that_is_nonsense_is_not_found(server, id_):
    token, other = sign_in(server), sign_in(server)
    assert act(server, token, action="revoke", id=id_).status == 303
    answer = delete(server, token, "/sessions/" + urllib.parse.quote(id_, safe="%/"))
    assert answer.status == 404 and not answer.cookies()
    assert is_in(server, token) and is_in(server, other)


def test_an_id_that_is_anothers_gone_or_expired_is_answered_alike(server):
    """Nothing can be learned from it, and nothing is changed."""
    token, expired, elsewhere, stranger = sign_in(server), sign_in(server), sign_in(server), sign_in(server, "bob")
    server.sql("UPDATE managed_session SET expires_at = 1 WHERE session_id = ?", expired[:22])
    server.sql("UPDATE managed_session SET realm = 'other' WHERE session_id = ?", elsewhere[:22])
    found = set()
    for id_ in (stranger[:22], expired[:22], elsewhere[:22], random_token()[:22]):
        answers = [delete(server, token, f"/sessions/{id_}"), act(server, token, action="revoke", id=id_)]
        found.add(tuple((a.status, re.sub(r"proof=[\w-]{86}", "", f"{a.location} {a.text}"), a.headers.get("Content-Length"))
                        for a in answers))
    [(gone, form)] = found
    assert gone[0] == 404 and form[0] == 303
    assert is_in(server, stranger) and server.rows() == 4


def test_the_secret_is_of_no_use_as_an_id(server):
    token, other = sign_in(server), sign_in(server)
    for text in (other, other[23:]):
        assert act(server, token, action="revoke", id=text).status == 303
    assert is_in(server, other)


@pytest.mark.parametrize("query", ["scope=", "scope=mine", "scope=all&scope=others", "scope", "x=1", "scope=%00", "scope=%zz",
                                   "scope=user"])
def test_a_scope_that_is_none_changes_nothing(server, query):
    token, other = sign_in(server), sign_in(server)
    assert delete(server, token, f"/sessions?{query}").status == 400
    assert is_in(server, token) and is_in(server, other)


@pytest.mark.parametrize("fields", [
    {}, {"action": "revoke"}, {"action": "revoke-everything"}, {"action": ""}, {"id": "x"}, {"action": "REVOKE-ALL"},
])
def test_a_form_without_a_known_action_changes_nothing(server, fields):
    token, other = sign_in(server), sign_in(server)
    assert act(server, token, **fields).status == 400
    assert is_in(server, token) and is_in(server, other)


# -- cross-site requests ---------------------------------------------------------------------------


def test_a_form_needs_the_token_of_its_session(server):
    token, other, stranger = sign_in(server), sign_in(server), sign_in(server, "bob")
    right = csrf(server, token)
    for wrong in (None, "", "x", right[:-1], right + "A", right[::-1], csrf(server, stranger), csrf(server, other),
                  "A" * len(right)):
        answer = act(server, token, csrf=wrong, action="revoke-all")
        assert answer.status == 403 and not answer.cookies(), wrong
    assert is_in(server, token) and is_in(server, other)
    assert act(server, token, csrf=right, action="revoke-others").status == 303 and not is_in(server, other)


def test_the_token_of_a_page_from_before_the_last_sign_in_is_of_no_use(server):
    """The tab left open, and the other session."""
    browser = Browser(server)
    browser.sign_in()
    old = csrf(server, browser.token)
    browser.sign_in()
    other = sign_in(server)
    assert act(server, browser.token, csrf=old, action="revoke-others").status == 403 and is_in(server, other)
    assert act(server, browser.token, action="revoke-others").status == 303 and not is_in(server, other)


def test_a_forged_host_leads_nowhere(server):
    forged = [("Host", "evil.test"), ("X-Forwarded-Host", "evil.test")]
    token = sign_in(server)
    assert act(server, token, forged, action="revoke-others").location == "/sessions"
    for origin in ("http://app.test", f"http://127.0.0.1:{server.port}"):
        answer = act(server, token, [*forged, ("Origin", origin)], action="revoke-all")
        assert answer.status == 403 and is_in(server, token)


def test_the_token_is_another_one_each_time_and_all_of_them_hold(server):
    """So that compression gives nothing away; and nothing is compressed anyway."""
    token = sign_in(server)
    first, second = csrf(server, token), csrf(server, token)
    assert first != second
    assert [act(server, token, csrf=c, action="revoke-others").status for c in (first, second)] == [303, 303]
    assert "Content-Encoding" not in get(server, "/sessions", token, {"Accept-Encoding": "gzip, br"}).headers


SITES = [
    ({"Sec-Fetch-Site": "same-origin"}, True), ({"Sec-Fetch-Site": "none"}, True), ({}, True),
    ({"Sec-Fetch-Site": "cross-site"}, False), ({"Sec-Fetch-Site": "same-site"}, False), ({"Sec-Fetch-Site": "x"}, False),
    ({"Sec-Fetch-Site": ""}, False), ({"Sec-Fetch-Site": "same-origin, cross-site"}, False),
    ({"Origin": "http://evil.test"}, False), ({"Origin": "null"}, False), ({"Origin": "@SELF@"}, True),
    ({"Origin": "http://127.0.0.1:1"}, False), ({"Origin": "nonsense"}, False), ({"Origin": ""}, False),
    ({"Origin": "@SELF@.evil.test"}, False), ({"Origin": "@SELF@/"}, False),
    ({"Sec-Fetch-Site": "cross-site", "Origin": "@SELF@"}, False),
    ({"Sec-Fetch-Site": "same-origin", "Origin": "http://evil.test"}, True),
]


@pytest.mark.parametrize("headers, passes", SITES)
def test_a_request_from_another_site_changes_nothing(server, headers, passes):
    """With the right token even."""
    headers = [(n, v.replace("@SELF@", f"http://127.0.0.1:{server.port}")) for n, v in headers.items()]
    token, other, third = sign_in(server), sign_in(server), sign_in(server)
    answers = [act(server, token, headers, action="revoke", id=other[:22]),
               delete(server, token, f"/sessions/{third[:22]}", headers),
               delete(server, token, "/sessions?scope=others", headers)]
    assert [a.status for a in answers] == ([303, 204, 200] if passes else [403, 403, 403])
    assert is_in(server, other) is is_in(server, third) is (not passes)


@pytest.mark.parametrize("query", ["?action=revoke-all", "?scope=all", "?action=revoke&id=@ID@"])
def test_a_link_or_image_changes_nothing(server, query):
    token = sign_in(server)
    assert get(server, "/sessions" + query.replace("@ID@", token[:22]), token).status == 200 and is_in(server, token)


@pytest.mark.parametrize("mode, dest, status", [
    ("no-cors", "image", 403), ("no-cors", "script", 403), ("cors", "empty", 403), ("navigate", "iframe", 403),
    ("navigate", "document", 200),
])
def test_another_site_learns_nothing_by_embedding_it(server, mode, dest, status):
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest}
    answer = get(server, "/sessions", sign_in(server), headers)
    assert answer.status == status and answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.parametrize("mode, dest", [("no-cors", "image"), ("cors", "empty"), ("navigate", "iframe")])
@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_embedding_it_does_not_even_show_whether_a_user_is_signed_in(server, site, mode, dest):
    headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest}
    answers = [get(server, "/sessions", cookie, headers) for cookie in (sign_in(server), None, random_token())]
    assert [(a.status, a.location, len(a.body)) for a in answers] == [(403, None, len(answers[0].body))] * 3


# -- methods and bodies ----------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["PUT", "PATCH", "FOO", "PROPFIND", "OPTIONS", "TRACK", "delete"])
def test_another_method_is_told_which_there_are(server, method):
    answer = request(server, method, "/sessions", {"Cookie": f"{harness.COOKIE}={sign_in(server)}"})
    assert answer.status == 405 and {"GET", "HEAD", "POST", "DELETE"} == set(re.split(", ?", answer.headers["Allow"]))


@pytest.mark.parametrize("body, status", [
    (b"", 400), (b"action=revoke-all&action=revoke-all", 400), (b"action=revoke-all&x=%00", 400),
    (b"action=revoke-all&x=%zz", 400), (b"action=revoke-all&x=%", 400), (b"&" * 10000, 400),
    (b"x=" + b"A" * 17000 + b"&action=revoke-all", 413),
])
def test_a_form_that_is_damaged_changes_nothing(server, body, status):
    token = sign_in(server)
    body = body.replace(b"action", b"csrf=" + csrf(server, token).encode() + b"&action", 1)
    answer = post(server, "/sessions", body, token)
    assert answer.status in (status, 403 if not body.strip(b"&") else status) and is_in(server, token)


@pytest.mark.parametrize("more", [
    b"&x=\0", b"\0", b"&=1", b"&x=%2", b"&x=%g0", b"&%00=1", b"&csrf=x", b"&action=", b"&ACTION=revoke-all",
    b"".join(b"&f%d=" % i for i in range(19)),
], ids=repr)
def test_a_form_that_is_right_but_for_one_thing_changes_nothing(server, more):
    token, other = sign_in(server), sign_in(server)
    form = b"action=revoke-others&csrf=" + csrf(server, token).encode()
    answer = post(server, "/sessions", form + more, token)
    assert answer.status == 400 and is_in(server, other)
    assert post(server, "/sessions", form, token).status == 303 and not is_in(server, other)


@pytest.mark.parametrize("size, status", [(16384, 303), (16385, 413)])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_form_has_16_kb_at_most(server, chunked, size, status):
    token, other = sign_in(server), sign_in(server)
    body = b"action=revoke-others&csrf=" + csrf(server, token).encode() + b"&x="
    body += b"A" * (size - len(body))
    if chunked:
        parts = [body[i:i + 5000] for i in range(0, size, 5000)]
        body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    answer = post(server, "/sessions", body, token, [("Transfer-Encoding", "chunked")] if chunked else [])
    assert answer.status == status and is_in(server, other) is (status == 413)


def head_of(server, method: str, cookie: str | None, *lines: str) -> bytes:
    first = [f"{method} /sessions HTTP/1.1", f"Host: 127.0.0.1:{server.port}", *lines]
    return "\r\n".join([*first, *([f"Cookie: {harness.COOKIE}={cookie}"] if cookie else []), "", ""]).encode()


FORM = "Content-Type: application/x-www-form-urlencoded"
UNREAD = [
    ("POST", True, [FORM, "Content-Length: 16385"], 413), ("PUT", True, ["Content-Length: 9"], 405),
    ("POST", True, [FORM, "Content-Length: 9", "Sec-Fetch-Site: cross-site"], 403),
    ("POST", False, [FORM, "Content-Length: 9"], 401),
    ("POST", True, ["Content-Type: text/plain", "Content-Length: 9"], 415),
    ("POST", True, ["Content-Type: text/plain", "Transfer-Encoding: chunked"], 415),
]


@pytest.mark.parametrize("method, signed_in, lines, status", UNREAD)
def test_who_is_refused_unread_is_not_waited_for(server, method, signed_in, lines, status):
    """The body never comes; the answer does, and closes the connection."""
    token = sign_in(server) if signed_in else None
    answer = harness.raw(server, head_of(server, method, token, *lines), method, "/sessions")
    assert answer.status == status and answer.headers["Connection"] == "close"


def test_a_body_without_an_end_is_refused_at_the_limit(server):
    """In chunks, without the last chunk."""
    token = sign_in(server)
    body = b"x=" + b"A" * 8190
    data = head_of(server, "POST", token, FORM, "Transfer-Encoding: chunked") + b"2000\r\n%s\r\n" % body * 3
    answer = harness.raw(server, data, "POST", "/sessions")
    assert answer.status == 413 and answer.headers["Connection"] == "close" and is_in(server, token)


@pytest.mark.parametrize("headers, query, fields", [
    ([("X-HTTP-Method-Override", "DELETE")], "?scope=all", {}),
    ([], "?_method=DELETE&scope=all", {"_method": "DELETE"}),
    ([], "?action=revoke-all", {}),
])
def test_a_method_or_action_is_what_it_is(server, headers, query, fields):
    """Neither a header nor the URL makes a form's POST another request."""
    token, other = sign_in(server), sign_in(server)
    answer = post(server, "/sessions" + query, {"csrf": csrf(server, token), **fields}, token, headers)
    assert answer.status == 400 and is_in(server, token) and is_in(server, other)


def test_refusals_are_as_well_guarded_as_the_page(server):
    token, other = sign_in(server), sign_in(server)
    answers = [delete(server, token, f"/sessions/{other[:22]}"), delete(server, token, "/sessions/nonsense"),
               delete(server, token, "/sessions?scope=x"), act(server, token, action="x"), act(server, token, csrf="x"),
               act(server, token, x="A" * 17000), request(server, "PUT", "/sessions"), get(server, "/sessions")]
    assert [a.status for a in answers] == [204, 404, 400, 400, 403, 413, 405, 401]
    for answer in answers:
        for name, pattern in harness.OWN_HEADERS.items():
            assert re.search(pattern, answer.headers.get(name, "")), (answer.status, name)


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "multipart/form-data; boundary=x", "", "nonsense"])
def test_another_kind_of_body_is_refused(server, kind):
    token = sign_in(server)
    headers = [("Cookie", f"{harness.COOKIE}={token}"), *([("Content-Type", kind)] if kind else [])]
    answer = request(server, "POST", "/sessions", headers, f"action=revoke-all&csrf={csrf(server, token)}".encode())
    assert answer.status == 415 and is_in(server, token)


def test_a_huge_body_is_refused_unread(server):
    """10 GB are announced; the answer comes without one of them, and closes the connection."""
    head = (f"POST /sessions HTTP/1.1\r\nHost: app.test\r\nCookie: {harness.COOKIE}={sign_in(server)}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 10000000000\r\n\r\n")
    answer = harness.raw(server, head.encode(), "POST", "/sessions")
    assert answer.status == 413 and answer.headers["Connection"] == "close"


# -- what is shown does no harm --------------------------------------------------------------------

HOSTILE = [b"<script>alert(1)</script>", b'"><img src=x onerror=alert(1)>', b"' onmouseover='alert(1)",
           b"</title></textarea><svg/onload=alert(1)>", b"\xff\xfe<b>", b"\xc0\xbc", b"\xe2\x80\xaeevil", b"A" * 7000,
           b"{{7*7}}{{{csrf}}}", b"%0d%0aX: y", b"&lt;b&gt;&#60;", b"a\tb", b"]]>--><!--", b"\xf0\x9f\x94\x90 lock"]


@pytest.mark.parametrize("agent", HOSTILE)
def test_a_browser_with_a_hostile_name_is_listed_harmlessly(server, agent):
    answer = post(server, "/login", {"username": "alice", "password": "wonderland"}, headers=[("User-Agent", agent)])
    plain = FormReader(get(server, "/sessions", sign_in(server, agent="curl/8")).text)
    server.sql("DELETE FROM managed_session WHERE session_id <> ?", answer.token()[:22])
    page = get(server, "/sessions", answer.token())
    reader = FormReader(page.text)
    assert {t for t, _ in reader.tags} <= {t for t, _ in plain.tags}
    assert not any(name.startswith("on") for _, attrs in reader.tags for name in attrs)
    page.body.decode("utf-8")  # is valid
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b-\x1f\x7f-\x9f]", page.text)
    raw = get(server, "/sessions", answer.token(), JSON)
    assert len(raw.json()["sessions"]) == 1 and not re.search(rb"[<>&']", raw.body)


@pytest.mark.parametrize("column, text", [
    *((column, text) for column in ("label", "user_agent", "created_ip", "last_ip", "auth_method")
      for text in ("<script>x</script>", "\"'><b onx=1>", "&lt;b&gt;", "{{csrf}}")),
    ("label", "a\u2028b"), ("user_agent", "a\u2028b"),
])
def test_all_values_of_the_table_are_shown_as_text(server, column, text):
    """From any source."""
    token = sign_in(server)
    server.sql("UPDATE managed_session SET auth_method = 'other'")
    plain = FormReader(get(server, "/sessions", token).text)
    if column == "label":
        server.sql("UPDATE managed_session SET label = 'Oslo'")
        plain = FormReader(get(server, "/sessions", token).text)
    server.sql(f"UPDATE managed_session SET {column} = ? WHERE session_id = ?", text, token[:22])
    page = FormReader(get(server, "/sessions", token).text)
    assert [t for t, _ in page.tags] == [t for t, _ in plain.tags] and text in " ".join(page.words)
    answer = get(server, "/sessions", token, JSON)
    assert not re.search("[<>&'\u2028]", answer.text)
    [session] = answer.json()["sessions"]
    shown = {"label": "label", "created_ip": "ip", "last_ip": "last_ip", "auth_method": "method"}
    assert column not in shown or session[shown[column]] == text


def test_a_browser_that_calls_itself_10_kb_is_listed():
    with Server(SITE + "LimitRequestFieldSize 20000\n") as server:
        token, other = sign_in(server), sign_in(server, agent="x<b>" * 2560)
        assert {s["id"] for s in listed(server, token)} == {token[:22], other[:22]}
        page = FormReader(get(server, "/sessions", token).text)
        assert "x<b>" * 128 in page.words and "b" not in {t for t, _ in page.tags}


@pytest.mark.parametrize("name", ["<b>bob</b>", "o'brien \"x\" & co", "\u202eecila", "{{csrf}}", "\u0627\u0644\u0639\u0631\u0628\u064a\u0629"])
def test_a_user_with_a_strange_name_is_greeted_harmlessly(server, name):
    server.add_user(name, "secret")
    token = sign_in(server, name, "secret")
    assert get(server, "/sessions", token, JSON).json()["user"] == name
    reader = FormReader(get(server, "/sessions", token).text)
    assert name.strip("\u202e") in "".join(reader.words) and "b" not in {t for t, _ in reader.tags}
    assert "\u202e" not in "".join(reader.words), "it would turn the rest of the line around"


def test_twenty_sessions_are_one_statement(server):
    tokens = [sign_in(server) for _ in range(20)]
    server.forget_statements()
    assert len(listed(server, tokens[7])) == 20
    assert server.statements() == ["FIND", "LIST"]


# -- in other places -------------------------------------------------------------------------------


def test_two_sites_on_one_database_end_only_their_own():
    hosts = "".join(f"<VirtualHost *:@PORT@>\nServerName {n}.test\n</VirtualHost>\n" for n in "ab")
    with Server(SITE + hosts) as server:
        def of(host: str) -> str:
            return post(server, "/login", {"username": "alice", "password": "wonderland"}, headers=[("Host", host)]).token()

        a, b = of("a.test"), of("b.test")
        assert get(server, "/sessions", a, [("Host", "a.test"), *JSON.items()]).json()["sessions"][0]["id"] == a[:22]
        assert get(server, "/app/", a, [("Host", "b.test")]).status == 401
        assert delete(server, a, f"/sessions/{b[:22]}", [("Host", "a.test")]).status == 404
        assert delete(server, a, "/sessions?scope=all", [("Host", "a.test")]).json() == {"revoked": 1}
        assert get(server, "/app/", b, [("Host", "b.test")]).status == 200


def test_the_page_has_the_sites_own_title_and_style_sheet():
    config = SITE + 'ManagedSessionTitle "Meine <Ger\u00e4te>"\nManagedSessionStylesheet https://cdn.test/site.css?v=1\n'
    with Server(config) as server:
        answer = get(server, "/sessions", sign_in(server))
        tags = FormReader(answer.text).tags
        assert "<title>Where you are signed in – Meine &lt;Ger\u00e4te&gt;</title>" in answer.text
        assert ("link", {"rel": "stylesheet", "href": "https://cdn.test/site.css?v=1"}) in tags
        assert " https://cdn.test;" in answer.headers["Content-Security-Policy"].replace("https://cdn.test ", "https://cdn.test;")


def test_client_hints_at_sign_in_name_the_device(server):
    agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
    hints = {"Sec-CH-UA": '"Not?A_Brand";v="8", "Brave";v="141", "Chromium";v="141"', "Sec-CH-UA-Platform": '"Windows"',
             "Sec-CH-UA-Mobile": "?0", "User-Agent": agent}
    token = post(server, "/login", {"username": "bob", "password": "builder"}, headers=hints).token()
    [session] = listed(server, token)
    assert (session["device"], session["browser"], session["os"]) == ("Brave on Windows", "Brave", "Windows")
    page = get(server, "/sessions", token).text
    assert "Brave 141 on Windows" in page and 'href="#computer"' in page and f"{agent} [Brave 141; Windows]" in page


@pytest.mark.parametrize("icon, agent", [
    ("tv", "Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/94.0.4606.128 Safari/537.36"),
    ("console", "Mozilla/5.0 (PlayStation 5 4.03) AppleWebKit/605.1.15 (KHTML, like Gecko)"),
    ("watch", "Zebra/1.0 (Watch7,10; watchOS 11.4)"),
    ("car", "Mozilla/5.0 (X11; GNU/Linux) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/136.0 Safari/537.36 Tesla/2025.20"),
    ("headset", "Mozilla/5.0 (X11; Linux x86_64; Quest 3) AppleWebKit/537.36 OculusBrowser/31.0 Chrome/120.0 VR Safari/537.36"),
])
def test_each_kind_of_device_has_a_picture(server, icon, agent):
    token = post(server, "/login", {"username": "bob", "password": "builder"}, headers={"User-Agent": agent}).token()
    page = get(server, "/sessions", token).text
    assert f'<use href="#{icon}"/>' in page and f'<symbol id="{icon}"' in page

# SPDX-License-Identifier: Apache-2.0
"""The administrators' page: who is let in, what it finds, and everything that it ends."""
import base64
import json
import re
import time
import urllib.parse

import pytest

import databases
import harness
from harness import COOKIE, JSON, SITE, Browser, FormReader, Server, get, post, random_token, request, sign_in

KEYS = {"id", "kind", "user", "current", "device", "browser", "os", "ip", "last_ip", "label", "method", "created_at", "last_seen_at",
        "expires_at", "name"}
ADMIN = SITE + """
ManagedSessionEventLog "@ROOT@/logs/events.log"
<Location "/admin/sessions">
    SetHandler managed-session-admin
    AuthType ManagedSession
    AuthName "administration"
    Require user bob
</Location>
<Location "/basic">
    SetHandler managed-session-admin
    AuthType Basic
    AuthName "administration"
    AuthUserFile "@ROOT@/passwords"
    Require user bob
</Location>
"""
PAGE = "/admin/sessions"


def basic(user: str, password: str | None = None) -> tuple[str, str]:
    return "Authorization", "Basic " + base64.b64encode(f"{user}:{password or harness.PASSWORDS[user]}".encode()).decode()


@pytest.fixture(scope="module")
def site():
    with Server(ADMIN) as running:
        yield running


@pytest.fixture()
def admin(site) -> str:
    """Bob's session, in a table without others."""
    if site.has_table():
        site.sql("DELETE FROM managed_session")
    return sign_in(site, "bob")


def found(site, admin: str, query: str = "") -> list[str]:
    answer = get(site, PAGE + query, admin, JSON)
    assert answer.status == 200, answer.text
    return [s["id"] for s in answer.json()["sessions"]]


def is_in(site, token: str) -> bool:
    return get(site, "/app/", token).status == 200


def csrf(site, admin: str) -> str:
    return FormReader(get(site, PAGE, admin).text).forms[-1]["csrf"]


def act(site, admin: str, query: str = "", headers=(), **fields) -> harness.Answer:
    """What a form of the page sends; with the right token unless another is given."""
    fields = {"csrf": csrf(site, admin), **fields}
    return post(site, PAGE + query, {k: v for k, v in fields.items() if v is not None}, admin, headers)


def act_slowly(site, target: str, headers: dict, meanwhile, **fields) -> harness.Answer:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin", **headers}
    return harness.send_slowly(site, "POST", target, headers, urllib.parse.urlencode(fields).encode(), meanwhile)


def delete(site, token: str | None, target: str, headers=()) -> harness.Answer:
    cookie = [("Cookie", f"{COOKIE}={token}")] if token else []
    return request(site, "DELETE", target, [*cookie, *headers])


def make_older(site, token: str, seconds: int) -> None:
    site.sql("UPDATE managed_session SET created_at = created_at - ? WHERE session_id = ?", seconds, token[:22])


def place(site, token: str, made: str, used: str) -> None:
    site.sql("UPDATE managed_session SET created_ip = ?, last_ip = ? WHERE session_id = ?", made, used, token[:22])


def events(site) -> list[dict]:
    path = site.root / "logs/events.log"
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return [e for e in lines if e["event"] == "revoked"]


# -- who is let in ---------------------------------------------------------------------------------

BASIC = 'AuthType Basic\nAuthName "b"\nAuthUserFile "@ROOT@/passwords"\n'
CLOSED = {
    "nothing": "", "all granted": "Require all granted", "an address": "Require ip 127.0.0.1",
    "an optional session": "ManagedSession On", "an optional session, all granted": "ManagedSession On\nRequire all granted",
    "an optional session and a user, but no AuthType": "ManagedSession On\nRequire user bob",
    "ours, all granted": "AuthType ManagedSession\nRequire all granted",
    "ours, or an address": "AuthType ManagedSession\n<RequireAny>\nRequire user bob\nRequire ip 127.0.0.1\n</RequireAny>",
    "ours, Satisfy Any": "AuthType ManagedSession\nRequire user bob\nSatisfy Any",
    "ours, Satisfy Any, nobody allowed": "AuthType ManagedSession\nRequire user bob\nSatisfy Any\nOrder allow,deny",
    "Basic, all granted": BASIC + "Require all granted", "Basic, Satisfy Any": BASIC + "Require user bob\nSatisfy Any",
    "Basic, or an address": BASIC + "<RequireAny>\nRequire user bob\nRequire ip 127.0.0.1\n</RequireAny>",
    "a method": BASIC + "<RequireAny>\nRequire user bob\nRequire method GET HEAD POST DELETE\n</RequireAny>",
}


@pytest.fixture(scope="module")
def careless():
    places = [f'<Location "/admin{i}">\nSetHandler managed-session-admin\n{lines}\n</Location>\n'
              for i, lines in enumerate(CLOSED.values())]
    with Server(SITE + "".join(places)) as running:
        yield running


@pytest.mark.parametrize("place", range(len(CLOSED)), ids=CLOSED)
def test_a_configuration_that_requires_no_user_does_not_open_it(careless, place):
    """Also not with bob's session, with his password for another AuthType, or without any user."""
    careless.expect("MS0080|MS0021|AH01630|AH00027|AH01617|AH01797")
    token, target = sign_in(careless, "bob"), f"/admin{place}"
    # httpd itself refuses visitors: with a challenge, or with 500 if it has no AuthType to challenge with.
    own = {"ours, Satisfy Any, nobody allowed": 401, "an optional session and a user, but no AuthType": 500}.get(list(CLOSED)[place], 403)
    careless.expects_5xx = own == 500
    for headers in ((), [("Cookie", f"{COOKIE}={token}")], [basic("bob")], [("Cookie", f"{COOKIE}={token}"), basic("bob")]):
        for answer in (get(careless, target, headers=headers), get(careless, target, headers=[*headers, *JSON.items()]),
                       request(careless, "DELETE", target + "?scope=user&user=bob", headers),
                       request(careless, "DELETE", f"{target}/{token[:22]}", headers),
                       post(careless, target, {"action": "revoke-user", "user": "bob"}, headers=headers)):
            assert answer.status in (403, own), headers
            assert token[:22] not in answer.text
    assert is_in(careless, token)


def test_what_it_says_then_is_a_page_or_json_and_what_to_do_is_in_the_log(careless):
    careless.expect("MS0080")
    page, answer = get(careless, "/admin1"), get(careless, "/admin1", headers=JSON)
    assert "This page is not available" in page.text and answer.json()["code"] == "no_administrators"
    for each in (page, answer):
        for name, pattern in harness.OWN_HEADERS.items():
            assert re.search(pattern, each.headers[name])
    assert "give it an AuthType and a line such as" in careless.error_log()


OPEN = {
    "valid-user": ("AuthType ManagedSession\nRequire valid-user", ["alice", "bob"]),
    "a user": ("AuthType ManagedSession\nRequire user bob", ["bob"]),
    "a group": ('AuthType ManagedSession\nAuthGroupFile "@ROOT@/groups"\nRequire group admins', ["bob"]),
    "an expression": ("AuthType ManagedSession\nRequire expr \"%{REMOTE_USER} == 'bob'\"", ["bob"]),
    "a session": ("AuthType ManagedSession\nRequire managed-session", ["alice", "bob"]),
    "a fresh session": ("AuthType ManagedSession\n<RequireAll>\nRequire user bob\nRequire session-fresh 1h\n</RequireAll>",
                        ["bob"]),
    "a user and an address": ("AuthType ManagedSession\n<RequireAll>\nRequire user bob\nRequire ip 127.0.0.1\n</RequireAll>",
                              ["bob"]),
}


@pytest.fixture(scope="module")
def careful():
    places = [f'<Location "/admin{i}">\nSetHandler managed-session-admin\n{lines}\n</Location>\n'
              for i, (lines, _) in enumerate(OPEN.values())]
    with Server(SITE + "".join(places)) as running:
        yield running


@pytest.mark.parametrize("place", range(len(OPEN)), ids=OPEN)
def test_whom_the_configuration_demands_it_opens_for(careful, place):
    careful.expect("AH01629|AH01630|AH01631")
    allowed = list(OPEN.values())[place][1]
    for user in harness.PASSWORDS:
        token = sign_in(careful, user)
        answer = get(careful, f"/admin{place}", token, JSON)
        assert answer.status == (200 if user in allowed else 403), user
        assert (token[:22] in answer.text) is (user in allowed)
    for cookie in (None, random_token()):
        assert get(careful, f"/admin{place}", cookie, JSON).status == 401
        assert delete(careful, cookie, f"/admin{place}?scope=user&user=bob").status == 401


def test_a_visitor_is_led_to_sign_in(site):
    browser = Browser(site)
    assert browser.go(PAGE + "?user=alice", follow=False).location == "/login?return=/admin/sessions%3Fuser%3Dalice"
    browser.submit({"username": "bob", "password": "builder"}) if browser.go(browser.page.location) else None
    assert browser.url == PAGE + "?user=alice" and "All sessions" in browser.page.text


def test_one_whom_another_module_knows(site, admin):
    """A session in the administrator's browser, perhaps of another user, does not let in and does not act."""
    site.expect("AH01617|AH01631")
    alice = sign_in(site)
    assert get(site, "/basic", alice).status == get(site, "/basic", admin).status == 401
    assert get(site, "/basic", admin, [basic("alice")]).status == 401
    assert get(site, "/basic", admin, [basic("bob", "wrong")]).status == 401
    answer = get(site, "/basic", alice, [basic("bob"), *JSON.items()])
    assert {s["id"]: s["current"] for s in answer.json()["sessions"]} == {alice[:22]: False, admin[:22]: False}
    before = len(events(site))
    assert delete(site, alice, f"/basic/{admin[:22]}", [basic("bob")]).status == 204 and not is_in(site, admin)
    [event] = events(site)[before:]
    assert (event["user"], event["by_user"], event["scope"]) == ("bob", "bob", "one") and "by_session" not in event


def test_an_optional_session_does_not_pass_for_another_modules_user():
    with Server("ManagedSession On\n" + ADMIN) as server:
        token = sign_in(server, "bob")
        assert get(server, "/basic", token).status == 401 and get(server, "/basic", token, [basic("bob")]).status == 200


def test_an_error_page_has_no_user():
    """There r->user is the name that was only tried."""
    config = ADMIN.replace('AuthType Basic', 'ErrorDocument 401 /basic/denied\nErrorDocument 403 /basic/denied\nAuthType Basic')
    with Server(config) as server:
        token = sign_in(server, "bob")
        server.expect("MS0080|AH01617|AH01618|AH01631")
        for headers in ([basic("bob", "wrong")], [basic("alice")], []):
            answer = get(server, "/basic", token, [*headers, *JSON.items()])
            assert answer.status in (401, 403) and token[:22] not in answer.text


def test_an_index_that_mod_dir_goes_on_to_has_no_user():
    """There the user is that of the optional session, not the user that the page's own AuthType let in."""
    config = ADMIN.replace('<Location "/basic">', '<Location "/dir">\nManagedSession On\n</Location>\n<Location "/dir/index.html">')
    with Server(config) as server:
        server.write("htdocs/dir/index.html", "x")
        server.expect("MS0080|AH01618")
        token = sign_in(server)
        # Beside a session's user the client's credentials are removed before mod_dir goes on, so Basic demands them.
        for cookie, status in ((token, 401), (None, 403)):
            answer = get(server, "/dir/", cookie, [basic("bob"), *JSON.items()])
            assert answer.status == status and token[:22] not in answer.text


def test_it_is_the_modules_even_behind_a_proxy():
    with harness.Backend() as backend, Server(ADMIN + f'ProxyPass "/" "http://127.0.0.1:{backend.port}/"\n') as server:
        assert found(server, sign_in(server, "bob"))


# -- what it finds ---------------------------------------------------------------------------------


def test_the_json_is_the_lists_and_the_user(site, admin):
    token = sign_in(site, agent=Browser(site).agent)
    answer = get(site, PAGE + "?user=alice", admin, JSON)
    assert set(answer.json()) == {"sessions", "next"} and answer.json()["next"] is None
    [session] = answer.json()["sessions"]
    assert set(session) == KEYS and session["id"] == token[:22] and session["user"] == "alice"
    assert session["device"] == "Firefox on Linux" and session["current"] is False
    [own] = get(site, PAGE + "?user=bob", admin, JSON).json()["sessions"]
    assert own["current"] is True and own["id"] == admin[:22]
    listed = get(site, "/sessions", token, JSON).json()["sessions"][0]
    assert {**listed, "current": False, "user": "alice"} == session


def test_newest_first_only_the_living_and_only_of_this_realm(site, admin):
    tokens = [sign_in(site, user) for user in ("alice", "bob", "alice", "alice", "alice")]
    for i, token in enumerate(tokens):
        make_older(site, token, (50, 20, 40, 30, 10)[i])
    site.sql("UPDATE managed_session SET expires_at = 1 WHERE session_id = ?", tokens[3][:22])
    site.sql("UPDATE managed_session SET realm = 'other' WHERE session_id = ?", tokens[4][:22])
    assert found(site, admin) == [t[:22] for t in (admin, tokens[1], tokens[2], tokens[0])]
    assert found(site, admin, "?user=alice") == [tokens[2][:22], tokens[0][:22]]
    for gone in tokens[3:]:
        assert found(site, admin, f"?id={gone[:22]}") == []


def test_of_a_user_byte_for_byte(site, admin):
    token = sign_in(site)
    assert found(site, admin, "?user=alice") == [token[:22]]
    for other in ("Alice", "alice%20", "%20alice", "alic", "alice%25", "al_ce", "%00alice", "nobody", "a" * 256, "%ff", "al%0aice", "'--"):
        answer = get(site, f"{PAGE}?user={other}", admin, JSON)
        assert answer.status == (400 if "%00" in other else 200)
        assert answer.status == 400 or answer.json() == {"sessions": [], "next": None}


def test_of_an_address_made_or_last_used_there(site, admin):
    made, used, both, other = (sign_in(site) for _ in range(4))
    place(site, made, "192.0.2.7", "198.51.100.1")
    place(site, used, "198.51.100.1", "192.0.2.7")
    place(site, both, "192.0.2.7", "192.0.2.7")
    place(site, other, "192.0.2.70", "2001:db8::7")
    assert sorted(found(site, admin, "?ip=192.0.2.7")) == sorted(t[:22] for t in (made, used, both))
    for typed in ("2001:db8::7", "2001:DB8:0:0::7", "2001:0db8:0000:0000:0000:0000:0000:0007"):
        assert found(site, admin, f"?ip={typed}") == [other[:22]]
    assert found(site, admin, "?ip=::ffff:192.0.2.70") == [other[:22]]
    for none in ("192.0.2.", "192.0.2.7%20", "192.0.2.%25", "%25", "x", "192.0.2.0/24", "%ff", "fe80::1%25", "1" * 3000):
        assert found(site, admin, f"?ip={none}") == []


def test_of_an_id(site, admin):
    token = sign_in(site)
    assert found(site, admin, f"?id={token[:22]}") == [token[:22]]
    for none in (token[:21], token[:22] + "A", token[:22].swapcase(), random_token()[:22], "%25", "'"):
        assert found(site, admin, f"?id={none}") == []


def test_one_thing_at_a_time_and_an_empty_field_is_none(site, admin):
    token = sign_in(site)
    assert found(site, admin, "?user=alice&ip=&id=&before=") == [token[:22]]
    for query in ("user=alice&ip=127.0.0.1", "user=alice&id=x", "ip=127.0.0.1&id=x", "user=alice&user=bob", "user=%zz", "x=%00"):
        assert get(site, f"{PAGE}?{query}", admin, JSON).status == 400


def fill(site, n: int, user: str = "carol", ip: str = "203.0.113.5", spread: int = 7) -> list[str]:
    """Sessions of one user, several in each second; their ids, in the order of the database, newest first."""
    now = int(time.time()) - 100
    for i in range(n):
        site.sql(f"INSERT INTO managed_session ({databases.COLUMNS}) VALUES (?, '', 'app.test', ?, ?, ?, ?, ?, ?, ?, '', NULL, 'form', 1)",
                 f"{'aB_-9'[i % 5]}{i:021d}", user, now - i // spread, now, now + 9000, now + 9000, ip, ip)
    return [row[0] for row in site.sql(
        "SELECT session_id FROM managed_session WHERE user_name = ? ORDER BY created_at DESC, session_id DESC", user)]


@pytest.mark.parametrize("query, first", [("", 2), ("?user=carol", 0), ("?ip=203.0.113.5", 0)])
def test_pages_of_fifty_each_session_on_one_of_them(site, admin, query, first):
    alice, ids = sign_in(site), fill(site, 120)
    expected = [*found(site, admin)[:2], *ids] if first else ids
    pages, url = [], PAGE + query
    while url:
        answer = get(site, url, admin, JSON).json()
        pages.append([s["id"] for s in answer["sessions"]])
        url = answer["next"]
        if len(pages) == 1:  # who comes and goes meanwhile moves nothing
            sign_in(site, "bob")
            site.sql("DELETE FROM managed_session WHERE session_id = ?", alice[:22])
    assert [len(p) for p in pages] == [50, 50, 20 + first]
    assert [i for p in pages for i in p] == expected


def test_fifty_are_one_page(site, admin):
    assert len(fill(site, 50)) == 50
    answer = get(site, PAGE + "?user=carol", admin, JSON).json()
    assert len(answer["sessions"]) == 50 and answer["next"] is None


def test_a_browser_leafs_through_them(site):
    site.sql("DELETE FROM managed_session")
    browser, ids = Browser(site), fill(site, 60, "carol & <b>dave</b>")
    browser.sign_in("bob")
    browser.go(PAGE + "?user=" + urllib.parse.quote("carol & <b>dave</b>"))
    reader = FormReader(browser.page.text)
    [link] = [a["href"] for tag, a in reader.tags if tag == "a" and a.get("rel") == "next"]
    shown = [f["id"] for f in reader.forms if f.get("action") == "revoke"]
    assert 20 < len(shown) <= 50 and len(browser.page.body) < 30_000, "as many as fit"
    assert shown == ids[:len(shown)] and link.startswith("?user=carol%20%26%20%3Cb%3Edave%3C/b%3E&before=")
    reader = FormReader(browser.go(PAGE + link).text)
    assert [f["id"] for f in reader.forms if f.get("action") == "revoke"] == ids[len(shown):]
    assert "Older sessions" not in reader.words and "b" not in {tag for tag, _ in reader.tags}


@pytest.mark.parametrize("before", ["x", "1", ".", "1.", "1.x", "-1.@ID@", "1x.@ID@", "1.@ID@x", "@ID@", "9999999999999.@ID@", "1.@ID@%00"])
def test_a_place_to_begin_that_is_none(site, admin, before):
    assert get(site, f"{PAGE}?before={before.replace('@ID@', admin[:22])}", admin, JSON).status == 400


def test_the_page(site):
    browser, other = Browser(site), Browser(site)
    site.sql("DELETE FROM managed_session")
    other.sign_in("alice")
    browser.sign_in("bob")
    place(site, other.token, "192.0.2.7", "2001:db8::7")
    reader = FormReader(browser.go(PAGE).text)
    buttons = [a["aria-labelledby"].split() for tag, a in reader.tags if tag == "button" and "aria-labelledby" in a]
    assert sorted(buttons) == sorted([f"e{t[:22]}", f"n{t[:22]}"] for t in (browser.token, other.token)), "each says whose session it ends"
    labels = [a["for"] for tag, a in reader.tags if tag == "label"]
    assert labels == ["user", "ip", "id"] and set(labels) <= {a.get("id") for tag, a in reader.tags if tag == "input"}
    assert {a["href"] for tag, a in reader.tags if tag == "a"} >= {"?user=alice", "?ip=192.0.2.7", "?ip=2001%3Adb8%3A%3A7"}
    assert "script" not in {tag for tag, _ in reader.tags} and reader.words.count("this device") == 1
    assert reader.words.count("Sign out") == 2 and other.token[:22] in " ".join(reader.words)
    assert "No sessions were found." in browser.go(PAGE + "?user=nobody").text
    assert "There are no older sessions." in browser.go(PAGE + f"?before=1.{browser.token[:22]}").text


@pytest.mark.parametrize("query", ["user", "ip", "id"])
def test_what_was_typed_is_shown_escaped(site, admin, query):
    text = "\"><b onclick='x'>{{csrf}}"
    answer = get(site, f"{PAGE}?{query}={urllib.parse.quote(text)}", admin)
    reader = FormReader(answer.text)
    assert answer.status == 200 and "b" not in {tag for tag, _ in reader.tags}
    assert text in {a.get("value") for tag, a in reader.tags if tag == "input"}


def test_names_and_places_are_shown_escaped(site, admin):
    fill(site, 1, "<b>&amp;\"'", "203.0.113.5")
    site.sql("UPDATE managed_session SET user_agent = ?, label = ?, auth_method = ? WHERE session_id = ?",
             "<i>agent", "<i>label", "<i>method", "a" + "0" * 21)
    for query in ("", "?user=" + urllib.parse.quote("<b>&amp;\"'"), "?confirm=user&user=" + urllib.parse.quote("<b>&amp;\"'")):
        reader = FormReader(get(site, PAGE + query, admin).text)
        assert not {"b", "i"} & {tag for tag, _ in reader.tags} and "<b>&amp;\"'" in "".join(reader.words)


# -- what it ends ----------------------------------------------------------------------------------


def test_one_by_the_page_and_back_to_the_same_search(site):
    site.sql("DELETE FROM managed_session")
    browser, alice, bystander = Browser(site), sign_in(site), sign_in(site)
    browser.sign_in("bob")
    browser.go(PAGE + "?user=alice")
    before = len(events(site))
    browser.submit(action="revoke", id=alice[:22])
    assert browser.url == PAGE + "?user=alice" and browser.page.status == 200 and alice[:22] not in browser.page.text
    assert not is_in(site, alice) and is_in(site, bystander) and is_in(site, browser.token)
    [event] = events(site)[before:]
    assert {k: event[k] for k in ("event", "user", "session", "by_user", "by_session", "scope", "count")} == {
        "event": "revoked", "user": "alice", "session": alice[:22], "by_user": "bob", "by_session": browser.token[:22],
        "scope": "one", "count": 1}


def test_after_an_act_by_a_url_that_is_no_search_the_whole_list_is_shown(site, admin):
    """By another page's form, say: what it is about stands in its fields."""
    alice = sign_in(site)
    answer = post(site, PAGE + "?user=alice&ip=127.0.0.1", {"action": "revoke", "id": alice[:22], "csrf": csrf(site, admin)}, admin)
    assert (answer.status, answer.location) == (303, PAGE) and not is_in(site, alice)


def test_all_of_a_user_after_a_page_that_says_how_many(site):
    site.sql("DELETE FROM managed_session")
    browser, tokens = Browser(site), [sign_in(site) for _ in range(3)]
    browser.sign_in("bob")
    reader = FormReader(browser.go(PAGE + "?user=alice").text)
    [link] = [a["href"] for tag, a in reader.tags if tag == "a" and "confirm" in a["href"]]
    assert "3 sessions end" in browser.go(PAGE + link).text and all(is_in(site, t) for t in tokens)
    before = len(events(site))
    browser.submit(action="revoke-user", user="alice")
    assert browser.url == PAGE + "?user=alice" and "No sessions were found." in browser.page.text
    assert not any(is_in(site, t) for t in tokens) and is_in(site, browser.token)
    [event] = events(site)[before:]
    assert (event["user"], event["by_user"], event["by_session"], event["scope"], event["count"]) == (
        "alice", "bob", browser.token[:22], "user", 3) and "session" not in event


def test_all_of_an_address_after_a_page_that_says_how_many(site):
    site.sql("DELETE FROM managed_session")
    browser, tokens = Browser(site), [sign_in(site) for _ in range(4)]
    for token, made, used in zip(tokens, "1121", "1212"):
        place(site, token, f"192.0.2.{made}", f"192.0.2.{used}")
    browser.sign_in("bob")
    assert "There are no sessions to sign out." in browser.go(PAGE + "?confirm=ip&ip=192.0.2.3").text
    assert "3 sessions end" in browser.go(PAGE + "?confirm=ip&ip=::ffff:192.0.2.2").text.replace("1 session", "")
    before = len(events(site))
    browser.submit(action="revoke-ip", ip="192.0.2.2")
    assert browser.url == PAGE + "?ip=192.0.2.2"
    assert [is_in(site, t) for t in tokens] == [True, False, False, False] and is_in(site, browser.token)
    [event] = events(site)[before:]
    assert (event["of_ip"], event["by_user"], event["scope"], event["count"]) == ("192.0.2.2", "bob", "ip", 3)
    assert "user" not in event and "session" not in event


@pytest.mark.parametrize("made, used", [("192.0.2.1", "192.0.2.2"), ("192.0.2.2", "192.0.2.1"), ("192.0.2.1", "192.0.2.1")])
def test_an_address_of_another_site_is_not_searched_counted_or_ended(site, admin, made, used):
    """Whether the session there was made at the address, or last used from it."""
    here, there = sign_in(site), sign_in(site)
    place(site, here, made, used)
    place(site, there, made, used)
    site.sql("UPDATE managed_session SET realm = 'other' WHERE session_id = ?", there[:22])
    assert found(site, admin, "?ip=192.0.2.1") == [here[:22]]
    assert "One session ends immediately" in get(site, PAGE + "?confirm=ip&ip=192.0.2.1", admin).text
    assert delete(site, admin, f"{PAGE}?scope=ip&ip=192.0.2.1").json() == {"revoked": 1}
    assert site.end_of(there) is None and not is_in(site, here)


def test_by_json(site, admin):
    tokens, elsewhere = [sign_in(site) for _ in range(5)], sign_in(site)
    for token in tokens[3:]:
        place(site, token, "192.0.2.9", "192.0.2.8")
    site.sql("UPDATE managed_session SET realm = 'other' WHERE session_id = ?", elsewhere[:22])
    assert delete(site, admin, f"{PAGE}/{tokens[0][:22]}").status == 204
    assert delete(site, admin, f"{PAGE}/{tokens[0][:22]}").status == 404
    assert delete(site, admin, f"{PAGE}?scope=ip&ip=192.0.2.8").json() == {"revoked": 2}
    assert delete(site, admin, f"{PAGE}?scope=user&user=alice").json() == {"revoked": 2}
    assert delete(site, admin, f"{PAGE}?scope=user&user=alice").json() == {"revoked": 0}
    assert delete(site, admin, f"{PAGE}/{elsewhere[:22]}").status == 404
    assert found(site, admin) == [admin[:22]] and site.rows() == 2
    assert [(e["scope"], e["count"]) for e in events(site)[-4:]] == [("one", 1), ("ip", 2), ("user", 2), ("user", 0)]


@pytest.mark.parametrize("how", ["one", "user", "ip"])
def test_the_administrators_own_session_ends_like_any_other(site, admin, how):
    place(site, admin, "192.0.2.7", "192.0.2.7")
    target = {"one": f"/{admin[:22]}", "user": "?scope=user&user=bob", "ip": "?scope=ip&ip=192.0.2.7"}[how]
    answer = delete(site, admin, PAGE + target)
    assert answer.status in (200, 204) and answer.clears() and not is_in(site, admin)


def test_all_of_the_realm_after_a_page_that_says_how_many(site):
    site.sql("DELETE FROM managed_session")
    browser, tokens, elsewhere = Browser(site), [sign_in(site) for _ in range(3)], sign_in(site)
    site.sql("UPDATE managed_session SET realm = 'other' WHERE session_id = ?", elsewhere[:22])
    browser.sign_in("bob")
    token = browser.token
    assert "?confirm=realm" in [a["href"] for tag, a in FormReader(browser.go(PAGE).text).tags if tag == "a"]
    assert "4 sessions end immediately." in browser.go(PAGE + "?confirm=realm").text and all(is_in(site, t) for t in [*tokens, token])
    before = len(events(site))
    assert browser.submit(action="revoke-realm", follow=False).clears()
    assert not any(is_in(site, t) for t in [*tokens, token]) and site.rows() == 1
    [event] = events(site)[before:]
    assert (event["by_user"], event["by_session"], event["scope"], event["count"]) == ("bob", token[:22], "realm", 4)
    assert "user" not in event and "session" not in event


def test_all_of_the_realm_by_json_in_batches(site, admin):
    columns = "secret_hash, realm, user_name, created_at, max_expires_at, expires_at, last_seen_at, created_ip, last_ip, user_agent, auth_method, persistent"
    for at in range(0, 2500, 100):
        values = " UNION ALL ".join(f"SELECT '{i:022d}' AS x" for i in range(at, at + 100))
        site._sql(f"INSERT INTO managed_session (session_id, {columns}) SELECT v.x, {columns} FROM managed_session, ({values}) v"
                  " WHERE session_id = ?", (admin[:22],))
    expired = sign_in(site)
    site.sql("UPDATE managed_session SET expires_at = created_at WHERE session_id = ?", expired[:22])
    site.forget_statements()
    answer = delete(site, admin, f"{PAGE}?scope=realm")
    assert answer.json() == {"revoked": 2501} and answer.clears() and site.rows() == 1
    assert site.statements().count("END_OF_REALM") == 4, "a thousand each, and one that finds none"
    assert delete(site, sign_in(site, "bob"), f"{PAGE}?scope=realm").json() == {"revoked": 1}


def test_all_of_the_realm_by_an_administrator_without_a_session(site):
    site.sql("DELETE FROM managed_session")
    token = sign_in(site)
    answer = request(site, "DELETE", "/basic?scope=realm", [basic("bob")])
    assert answer.json() == {"revoked": 1} and not answer.cookies() and not is_in(site, token)
    assert not post(site, "/basic", {"action": "revoke-realm"}, headers=[basic("bob"), ("Origin", "https://evil.test")]).status == 303


@pytest.mark.parametrize("query", ["confirm=realm&user=alice", "confirm=realm&ip=127.0.0.1", "confirm=all", "confirm=user", "confirm="])
def test_a_question_about_nothing_is_a_bad_request_or_the_list(site, admin, query):
    assert get(site, f"{PAGE}?{query}", admin).status == (200 if query == "confirm=" else 400)


@pytest.mark.parametrize("how", ["one", "user", "ip", "realm"])
def test_the_look_up_cache_forgets_whom_an_administrator_ends(how):
    with Server(ADMIN, extra="ManagedSessionCacheTTL 1h\n") as server:
        admin, tokens = sign_in(server, "bob"), [sign_in(server) for _ in range(2)]
        assert all(is_in(server, t) for t in [admin, *tokens] * 2)
        target = {"one": f"/{tokens[0][:22]}", "user": "?scope=user&user=alice", "ip": "?scope=ip&ip=127.0.0.1",
                  "realm": "?scope=realm"}[how]
        answer = delete(server, admin, PAGE + target)
        assert answer.status in (200, 204) and answer.clears() is (how in ("ip", "realm"))
        assert [is_in(server, t) for t in (admin, *tokens)] == {
            "one": [True, False, True], "user": [True, False, False], "ip": [False] * 3, "realm": [False] * 3}[how]


@pytest.mark.parametrize("query", [
    "scope=user", "scope=user&user=", "scope=ip", "scope=ip&user=alice", "scope=user&ip=127.0.0.1", "scope=all", "scope=",
    "user=alice", "scope=user&user=alice&ip=127.0.0.1", "scope=user&user=alice&scope=ip", "scope=all&user=alice", "scope=%00",
    "scope=realm&user=alice", "scope=realm&ip=127.0.0.1", "scope=realm&id=x", "scope=user&user=alice&kind=browser",
])
def test_a_scope_that_is_none_ends_nothing(site, admin, query):
    token = sign_in(site)
    assert delete(site, admin, f"{PAGE}?{query}").status == 400 and is_in(site, token)


@pytest.mark.parametrize("target", ["", "/", "/x", "/@ID@/", "/@ID@x", "/@ID@%20", "/@SWAPPED@", "/@ID@?scope=user&user=alice"])
def test_what_is_no_id_is_not_found(site, admin, target):
    token = sign_in(site)
    target = target.replace("@ID@", token[:22]).replace("@SWAPPED@", token[:22].swapcase())
    assert delete(site, admin, PAGE + target).status == 404 and is_in(site, token)


@pytest.mark.parametrize("target", ["/x", "/current", "/@ID@", "/@ID@/", "//x", "/x?user=alice"])
def test_below_it_there_is_no_page(site, admin, target):
    token = sign_in(site)
    assert get(site, PAGE + target.replace("@ID@", token[:22]), admin).status == 404
    assert get(site, PAGE + "/", admin).status == 200


@pytest.mark.parametrize("fields", [
    {}, {"action": "revoke"}, {"action": "revoke-user"}, {"action": "revoke-user", "user": ""}, {"action": "revoke-ip", "user": "alice"},
    {"action": "revoke-all"}, {"action": "revoke-others"}, {"action": "", "id": "x"}, {"action": "REVOKE-USER", "user": "alice"},
])
def test_a_form_without_a_known_action_ends_nothing(site, admin, fields):
    token = sign_in(site)
    assert act(site, admin, **fields).status == 400 and is_in(site, token) and is_in(site, admin)


@pytest.mark.parametrize("query", ["confirm=x", "confirm=user", "confirm=ip", "confirm=user&ip=127.0.0.1", "confirm=ip&user=alice",
                                   "confirm=ip&ip=x", "confirm=user&user=%ff", "confirm=user&user=" + "a" * 256], ids=range(8))
def test_there_is_nothing_to_confirm(site, admin, query):
    assert get(site, f"{PAGE}?{query}", admin).status == 400


# -- requests that are not for this page -------------------------------------------------------------


@pytest.mark.parametrize("query", ["?action=revoke-user&user=alice", "?scope=user&user=alice", "?confirm=user&user=alice",
                                   "?confirm=ip&ip=127.0.0.1"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_link_ends_nothing(site, admin, method, query):
    token = sign_in(site)
    answer = request(site, method, PAGE + query, {"Cookie": f"{COOKIE}={admin}"})
    assert answer.status == 200 and is_in(site, token) and is_in(site, admin)
    whole = request(site, "GET", PAGE + query, {"Cookie": f"{COOKIE}={admin}"})
    assert answer.headers["Content-Length"] == whole.headers["Content-Length"]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "OPTIONS", "PROPFIND", "FOO"])
def test_another_method_is_told_which_there_are(site, admin, method):
    answer = request(site, method, PAGE, {"Cookie": f"{COOKIE}={admin}"})
    assert answer.status == 405 and answer.headers["Allow"] == "GET, HEAD, POST, DELETE"


def test_a_form_needs_the_token_of_the_administrators_session(site, admin):
    token, right = sign_in(site), csrf(site, admin)
    others = csrf(site, sign_in(site, "bob"))
    same = [("Sec-Fetch-Site", "same-origin"), basic("bob")]
    for wrong in (None, "", "x", right[:-1], right[::-1], others, "A" * len(right)):
        assert act(site, admin, headers=same, csrf=wrong, action="revoke-user", user="alice").status == 403
    assert is_in(site, token)
    assert act(site, admin, csrf=right, action="revoke-user", user="alice").status == 303 and not is_in(site, token)


def test_a_form_whose_session_ends_while_it_is_sent_ends_nothing(site, admin):
    alice = sign_in(site)
    for fields in ({"action": "revoke-realm"}, {"action": "revoke-user", "user": "alice"}, {"action": "revoke", "id": alice[:22]}):
        stolen = sign_in(site, "bob")
        answer = act_slowly(site, PAGE, {"Cookie": f"{COOKIE}={stolen}", **JSON}, lambda: delete(site, admin, f"{PAGE}/{stolen[:22]}"),
                            csrf=csrf(site, stolen), **fields)
        assert (answer.status, answer.json()["code"]) == (401, "not_signed_in"), fields
    assert is_in(site, alice) and is_in(site, admin)


def test_an_administrator_of_another_auth_type_acts_without_a_session(site, admin):
    """A cookie that comes along does not count, whether its session is live or has ended."""
    alice, mine = sign_in(site), sign_in(site, "bob")
    headers = {"Cookie": f"{COOKIE}={mine}", **dict([basic("bob")])}
    answer = act_slowly(site, "/basic", headers, lambda: delete(site, admin, f"{PAGE}/{mine[:22]}"), action="revoke-user", user="alice")
    assert answer.status == 303 and not is_in(site, alice) and not is_in(site, mine)


SITES = [  # what the browser sends; whether a form passes with the token, and without one if there is none
    ([], True, False), ([("Sec-Fetch-Site", "same-origin")], True, True), ([("Sec-Fetch-Site", "none")], True, False),
    ([("Sec-Fetch-Site", "cross-site")], False, False), ([("Sec-Fetch-Site", "same-site")], False, False),
    ([("Sec-Fetch-Site", "")], False, False), ([("Origin", "@SELF@")], True, True), ([("Origin", "null")], False, False),
    ([("Origin", "http://evil.test")], False, False), ([("Origin", "@SELF@.evil.test")], False, False), ([("Origin", "")], False, False),
    ([("Sec-Fetch-Site", "cross-site"), ("Origin", "@SELF@")], False, False),
    ([("Sec-Fetch-Site", "none"), ("Origin", "@SELF@")], True, False),
]


@pytest.mark.parametrize("headers, with_token, without", SITES)
def test_a_form_from_another_site_ends_nothing(site, admin, headers, with_token, without):
    headers = [(n, v.replace("@SELF@", f"http://127.0.0.1:{site.port}")) for n, v in headers]
    token = sign_in(site)
    answer = post(site, "/basic", {"action": "revoke-user", "user": "alice"}, headers=[basic("bob"), *headers])
    assert answer.status == (303 if without else 403) and is_in(site, token) is (not without)
    token = sign_in(site)
    answer = act(site, admin, headers=headers, action="revoke-user", user="alice")
    assert answer.status == (303 if with_token else 403) and is_in(site, token) is (not with_token)
    token = sign_in(site)
    for target, who in ((PAGE, []), ("/basic", [basic("bob")])):
        answer = delete(site, admin, f"{target}/{token[:22]}", [*who, *headers])
        assert answer.status in ((204, 404) if with_token else (403,))
    assert is_in(site, token) is (not with_token)


@pytest.mark.parametrize("mode, dest, status", [("no-cors", "image", 403), ("cors", "empty", 403), ("navigate", "iframe", 403),
                                                ("navigate", "document", 200)])
def test_another_site_learns_nothing_by_embedding_it(site, admin, mode, dest, status):
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest}
    assert get(site, PAGE, admin, headers).status == status


@pytest.mark.parametrize("body, status", [
    (b"action=revoke-user&user=alice&user=bob", 400), (b"action=revoke-user&user=alice&x=%00", 400),
    (b"action=revoke-user&user=alice&x=" + b"A" * 17000, 413),
], ids=["twice", "NUL", "large"])
def test_a_form_that_is_damaged_ends_nothing(site, admin, body, status):
    token = sign_in(site)
    assert post(site, PAGE, b"csrf=" + csrf(site, admin).encode() + b"&" + body, admin).status == status
    assert is_in(site, token)


def test_responses_are_not_stored_by_any_cache(site, admin):
    token = sign_in(site)
    answers = [get(site, PAGE, admin), get(site, PAGE, admin, JSON), get(site, PAGE + "?confirm=user&user=alice", admin),
               get(site, PAGE + "?before=x", admin), get(site, PAGE), request(site, "PUT", PAGE, {"Cookie": f"{COOKIE}={admin}"}),
               act(site, admin, action="revoke", id=token[:22]), act(site, admin, csrf="x"), delete(site, admin, PAGE + "?scope=x"),
               delete(site, admin, PAGE + "/x"), delete(site, admin, PAGE + "?scope=user&user=alice"),
               get(site, "/basic", headers=[basic("bob")])]
    assert [a.status for a in answers] == [200, 200, 200, 400, 401, 405, 303, 403, 400, 404, 200, 200]
    for answer in answers:
        for name, pattern in harness.OWN_HEADERS.items():
            assert re.search(pattern, answer.headers.get(name, "")), (answer.status, name)


def test_a_search_is_no_act_and_one_statement(site, admin):
    before = len(events(site))
    for query, statement in (("", "NEWEST"), ("?user=alice", "NEWEST_OF_USER"), ("?ip=127.0.0.1", "NEWEST_OF_IP"),
                             (f"?id={admin[:22]}", "SHOW"), ("?confirm=user&user=alice", "COUNT"),
                             ("?confirm=ip&ip=127.0.0.1", "COUNT_OF_IP"), ("?state=ended", "NEWEST_ENDED")):
        site.forget_statements()
        assert get(site, PAGE + query, admin).status == 200
        assert site.statements()[-1] == statement and set(site.statements()[:-1]) <= {"FIND"}
    assert len(events(site)) == before


def test_an_older_table_without_its_indexes_does_as_well(site, admin):
    on = " ON managed_session" if site.database.driver == "mysql" else ""
    site.sql(f"DROP INDEX managed_session_newest{on}")  # the others are created only by administrators who search by address
    ids = fill(site, 60)
    assert found(site, admin, "?user=carol") == found(site, admin, "?ip=203.0.113.5") == ids[:50]
    assert found(site, admin) == [admin[:22], *ids[:49]]
    assert delete(site, admin, PAGE + "?scope=ip&ip=203.0.113.5").json() == {"revoked": 60}
    # From docs/administrators.md:
    document = (harness.pathlib.Path(__file__).parents[2] / "docs/administrators.md").read_text()
    created = re.findall(r"(?m)^(CREATE INDEX .*);$", document)
    assert len(created) == 3
    for statement in created:
        site.sql(statement)
    assert found(site, admin) == [admin[:22]]


def test_while_the_table_cannot_be_asked_it_says_so(site, admin):
    site.expect("MS0004", status_5xx=True)
    with site.broken_table():
        same = [basic("bob"), ("Sec-Fetch-Site", "same-origin")]
        answers = [get(site, "/basic" + query, headers=same) for query in ("", "?user=bob", "?ip=127.0.0.1", f"?id={admin[:22]}",
                                                                           "?confirm=user&user=bob", "?confirm=ip&ip=127.0.0.1")]
        answers += [post(site, "/basic", {"action": "revoke-user", "user": "bob"}, headers=same),
                    post(site, "/basic", {"action": "revoke", "id": admin[:22]}, headers=same)]
        answers += [delete(site, None, "/basic" + target, same) for target in ("?scope=ip&ip=127.0.0.1", f"/{admin[:22]}")]
    assert all(a.status == 503 and a.headers["Retry-After"] for a in answers)
    assert is_in(site, admin)

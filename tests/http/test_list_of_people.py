# SPDX-License-Identifier: Apache-2.0
"""The list as people use it: names of sessions, sessions that are over, groups, a password before anything is ended."""
import re
import time
import urllib.parse

import pytest

import harness
from harness import SITE, Browser, FormReader, Server, get, post, request, sign_in
from test_sessions_page import CHROME, FIREFOX, SAFARI, act, csrf, delete, is_in, listed

DAY = 86400
OLD_CHROME = CHROME.replace("141", "139")


@pytest.fixture(autouse=True)
def empty(server):
    if server.has_table():
        server.sql("DELETE FROM managed_session")


def words(server, token: str, target: str = "/sessions", headers=()) -> str:
    return " ".join(FormReader(get(server, target, token, headers).text).words)


def recently(server, token: str) -> str:
    """What stands under "Recently ended"; "" if that is not there."""
    return words(server, token).partition("Recently ended")[2]


# -- names --------------------------------------------------------------------------------------------


def test_a_session_gets_a_name_and_loses_it(server):
    mine, other = sign_in(server, agent=FIREFOX), sign_in(server, agent=SAFARI)
    answer = act(server, mine, action="rename", id=other[:22], name="  Kitchen tablet ")
    assert answer.status == 303 and "The name was saved." in words(server, mine, answer.location)
    assert {s["id"]: s["name"] for s in listed(server, mine)} == {mine[:22]: None, other[:22]: "Kitchen tablet"}
    assert "Kitchen tablet Safari 17 on iOS" in words(server, mine)
    act(server, mine, action="rename", id=other[:22], name="Kitchen tablet")
    act(server, mine, action="rename", id=other[:22], name="   ")
    assert [s["name"] for s in listed(server, mine)] == [None, None]


@pytest.mark.parametrize("sent, kept", [
    ("<b>x</b>&amp;'\"", "<b>x</b>&amp;'\""), ("x" * 41, "x" * 40), ("\u00e9" * 41, "\u00e9" * 40), ("\U0001f4f1" * 41, "\U0001f4f1" * 40),
    ("a\u202eb\u2066c\x1b[0m\nd", "abc[0md"), ("{{csrf}}[user]", "{{csrf}}[user]"), (" " * 50 + "late", "late"),
    ("x" * 39 + "  y", "x" * 39), ("\x00", None),
])
def test_a_name_is_kept_as_text_of_forty_characters(server, sent, kept):
    token = sign_in(server)
    answer = act(server, token, action="rename", id=token[:22], name=sent)
    assert answer.status == (303 if kept else 400)
    assert [s["name"] for s in listed(server, token)] == [kept]
    assert {t for t, _ in FormReader(get(server, "/sessions", token).text).tags} & {"b"} == set()
    assert not kept or kept in words(server, token)


def test_a_name_that_is_no_utf_8_is_made_so(server):
    token = sign_in(server)
    body = urllib.parse.urlencode({"csrf": csrf(server, token), "action": "rename", "id": token[:22]}) + "&name=a%FFb"
    headers = {"Cookie": f"{harness.COOKIE}={token}", "Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
    assert request(server, "POST", "/sessions", headers, body.encode()).status == 303
    assert [s["name"] for s in listed(server, token)] == ["a\ufffdb"]


def test_only_live_sessions_of_ones_own_get_a_name(server):
    mine, over, bobs = sign_in(server), sign_in(server), sign_in(server, "bob")
    delete(server, mine, f"/sessions/{over[:22]}")
    for id in (over[:22], bobs[:22], "A" * 22, "x", "' OR 1=1 --"):
        assert act(server, mine, action="rename", id=id, name="mine").location.endswith("done=gone")
    assert act(server, mine, action="rename", id=mine[:22], name="x", csrf="wrong").status == 403
    assert server.sql("SELECT COUNT(*) FROM managed_session WHERE name IS NOT NULL") == [(0,)]


def test_a_name_is_there_after_the_session_has_ended(server):
    mine, other = sign_in(server), sign_in(server, agent=SAFARI)
    act(server, mine, action="rename", id=other[:22], name="Kitchen tablet")
    answer = act(server, mine, action="revoke", id=other[:22])
    assert "Kitchen tablet was signed out." in words(server, mine, answer.location)
    assert "Kitchen tablet Safari 17 on iOS" in recently(server, mine)


# -- what has ended -----------------------------------------------------------------------------------


def test_what_has_ended_is_listed_the_last_one_first(server):
    here = sign_in(server, agent=FIREFOX)
    assert not recently(server, here)
    out, expired, of_limit, bobs = (sign_in(server, agent=a) for a in (SAFARI, CHROME, "curl/8.5.0", "Wget/1.21"))
    server.sql("UPDATE managed_session SET user_name = 'bob' WHERE session_id = ?", bobs[:22])
    post(server, "/logout", cookie=out)
    now = int(time.time())
    server.sql("UPDATE managed_session SET expires_at = ? WHERE session_id = ?", now - DAY, expired[:22])
    server.sql("UPDATE managed_session SET ended_at = ?, expires_at = ?, end_reason = 'evicted' WHERE session_id = ?",
               now - 2 * DAY, now - 2 * DAY, of_limit[:22])
    assert [w for w in re.findall(r"Safari 17 on iOS|Chrome 141 on Windows|curl 8|Wget|signed out|expired|too many sessions", recently(server, here))] == [
        "Safari 17 on iOS", "signed out", "Chrome 141 on Windows", "expired", "curl 8", "too many sessions"]
    server.sql("UPDATE managed_session SET ended_at = ?, expires_at = ? WHERE session_id = ?", now - 31 * DAY, now - 31 * DAY, of_limit[:22])
    assert "curl" not in recently(server, here)


def test_which_user_ended_it(server):
    here, other = sign_in(server), sign_in(server, agent=SAFARI)
    delete(server, here, f"/sessions/{other[:22]}")
    assert "ended from another of your sessions" in recently(server, here)
    server.sql("UPDATE managed_session SET ended_by = '<b>root</b>' WHERE session_id = ?", other[:22])
    assert "ended by <b>root</b>" in recently(server, here)
    server.sql("UPDATE managed_session SET ended_by = NULL, end_reason = 'by hand' WHERE session_id = ?", other[:22])
    assert re.search(r"\bended\b", recently(server, here))


@pytest.mark.parametrize("by", ["page", "script", "all others"])
def test_from_which_session_it_was_ended(server, by):
    here, other = sign_in(server, agent=FIREFOX), sign_in(server, agent=SAFARI)
    if by == "page":
        act(server, here, action="revoke", id=other[:22])
    elif by == "script":
        delete(server, here, f"/sessions/{other[:22]}")
    else:
        act(server, here, action="revoke-others")
    assert "ended from Firefox 130 on Linux" in recently(server, here)
    assert "von Firefox 130 unter Linux aus beendet" in get(server, "/sessions", here, {"Accept-Language": "de"}).text
    last = sign_in(server, agent=CHROME)
    post(server, "/logout", cookie=here)
    assert "ended from Firefox 130 on Linux" in recently(server, last), "also when that one has ended itself"
    server.sql("UPDATE managed_session SET name = 'Kitchen' WHERE session_id = ?", here[:22])
    assert "ended from Kitchen" in recently(server, last)


def test_the_session_that_ended_all_was_ended_from_nowhere_else(server):
    here, _ = sign_in(server, agent=FIREFOX), sign_in(server, agent=SAFARI)
    act(server, here, action="revoke-all")
    text = recently(server, sign_in(server, agent=CHROME))
    assert text.count("ended from Firefox 130 on Linux") == 1 and text.count("ended from another of your sessions") == 1


def test_no_session_is_named_that_may_not_have_been_it(server):
    """Another time, another user, two at once, a row that something else has written."""
    here, there, other, bobs = (sign_in(server, agent=FIREFOX), sign_in(server, agent=CHROME), sign_in(server, agent=SAFARI),
                                sign_in(server, "bob", agent=FIREFOX))
    delete(server, bobs, f"/sessions/{sign_in(server, 'bob')[:22]}")
    now = int(time.time())
    for when in (now, now - 100):
        server.sql("UPDATE managed_session SET ended_at = ?, expires_at = ?, end_reason = 'revoked', created_at = ? WHERE session_id = ?",
                   when, when, when - 1000, other[:22])
        assert "ended from another of your sessions" in recently(server, here)
    one, two = sign_in(server, agent=SAFARI), sign_in(server, agent=SAFARI)
    delete(server, here, f"/sessions/{one[:22]}"), delete(server, there, f"/sessions/{two[:22]}")
    server.sql("UPDATE managed_session SET ended_at = (SELECT MAX(m.ended_at) FROM (SELECT ended_at FROM managed_session) m),"
               " expires_at = (SELECT MAX(m.ended_at) FROM (SELECT ended_at FROM managed_session) m) WHERE session_id IN (?, ?)", one[:22], two[:22])
    assert "Firefox 130 on Linux" not in recently(server, here)


def test_a_long_history_is_read_and_shown_in_part(server):
    here = sign_in(server)
    for i in range(15):
        delete(server, here, f"/sessions/{sign_in(server, agent=SAFARI)[:22]}")
    assert recently(server, here).count("Safari 17 on iOS") == 10


@pytest.mark.parametrize("id", ["", "A" * 22, "<b>", "x" * 300])
def test_a_link_cannot_make_the_notice_name_anything(server, id):
    mine, bobs = sign_in(server), sign_in(server, "bob", agent=SAFARI)
    delete(server, bobs, f"/sessions/{bobs[:22]}")
    for each in (id, bobs[:22], mine[:22]):
        assert "The device was signed out." in words(server, mine, f"/sessions?done=one&id={urllib.parse.quote(each)}")


def test_failed_sign_ins_are_counted_until_the_next_good_one(server):
    here = sign_in(server)
    for name in ("alice", "ALICE", "bob"):
        post(server, "/login", {"username": name, "password": "wrong"})
    assert re.search(r"2 failed sign-ins 2 sign-ins with your user name have failed since your last one, the last on \d+ \w+ 20\d\d", recently(server, here))
    sign_in(server)
    assert "failed sign-in" not in words(server, here)
    post(server, "/login", {"username": "alice", "password": "wrong"})
    assert "One failed sign-in" in recently(server, here)


# -- where to change the password ---------------------------------------------------------------------


def test_the_password_is_changed_where_the_site_says():
    with Server(SITE + 'ManagedSessionPasswordURL "/account/password?from=list"\n') as server:
        here, other = sign_in(server), sign_in(server)
        for target in ("/sessions", act(server, here, action="revoke", id=other[:22]).location, "/sessions?done=others"):
            links = [attrs["href"] for tag, attrs in FormReader(get(server, target, here).text).tags if tag == "a"]
            assert links.count("/account/password?from=list") == (1 if target == "/sessions" else 2)


def test_without_such_a_page_the_sentence_stands_alone(server):
    text = get(server, "/sessions", sign_in(server)).text
    assert "Sign it out, then change your password." in text and "Change password" not in text


# -- one card for several -----------------------------------------------------------------------------


def groups(server, token: str) -> list[int]:
    return [int(n) for n in re.findall(r'<span class="mark">(\d+) sessions</span>', get(server, "/sessions", token).text)]


def test_sessions_of_one_browser_system_and_network_are_one_card(server):
    here = sign_in(server, agent=CHROME)
    chromes = [sign_in(server, agent=agent) for agent in (CHROME, OLD_CHROME, CHROME)]
    sign_in(server, agent=SAFARI)
    assert groups(server, here) == [3]
    assert {f["id"] for f in FormReader(get(server, "/sessions", here).text).forms} == {s["id"] for s in listed(server, here)}
    server.sql("UPDATE managed_session SET last_ip = '192.0.2.7' WHERE session_id = ?", chromes[0][:22])
    assert groups(server, here) == [2]
    act(server, here, action="rename", id=chromes[1][:22], name="Office")
    assert groups(server, here) == []


@pytest.mark.parametrize("ip, other, together", [
    ("192.0.2.1", "192.0.2.254", True), ("192.0.2.1", "192.0.3.1", False),
    ("2001:db8::1", "2001:db8::ffff", True), ("2001:db8::1", "2001:db8:0:1::1", False), ("", "x", False),
])
def test_a_network_is_a_24_or_a_64(server, ip, other, together):
    here = sign_in(server)
    for address in (ip, other):
        server.sql("UPDATE managed_session SET last_ip = ? WHERE session_id = ?", address, sign_in(server, agent=CHROME)[:22])
    assert groups(server, here) == ([2] if together else [])


def test_devices_without_a_name_are_together_only_if_they_call_themselves_the_same(server):
    here = sign_in(server)
    for agent in ("x1", "x2", "x2"):
        sign_in(server, agent=agent)
    assert groups(server, here) == [2]


def test_many_can_be_signed_out_from_above_the_list(server):
    here = sign_in(server)
    for n in range(1, 5):
        sign_in(server)
        page = get(server, "/sessions", here).text
        above = page.partition("<ul")[0]
        assert ("?confirm=others" in above) == (n >= 3)


# -- a password first ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def careful():
    with Server(SITE + "ManagedSessionConfirmAfter 5m\n") as server:
        yield server


def age(server, token: str, seconds: int) -> None:
    server.sql("UPDATE managed_session SET created_at = created_at - ? WHERE session_id = ?", seconds, token[:22])
    server.age_cache()


def test_viewing_is_free_and_ending_others_asks_for_the_password(careful):
    here, other = Browser(careful), sign_in(careful, agent=SAFARI)
    here.sign_in()
    age(careful, here.token, 301)
    assert "Safari 17 on iOS" in here.go("/sessions").text
    assert here.go("/sessions?confirm=others", follow=False).location == "/login?reauth=1&return=/sessions%3Fconfirm%3Dothers"
    here.go("/sessions")
    answer = here.submit(action="revoke", id=other[:22], follow=False)
    assert answer.status == 303 and answer.location == "/login?reauth=1&return=/sessions" and is_in(careful, other)
    here.go("/sessions")
    assert here.submit({"name": "x"}, False, action="rename", id=other[:22]).location == "/login?reauth=1&return=/sessions"
    for target in (f"/sessions/{other[:22]}", "/sessions?scope=others", "/sessions?scope=all"):
        answer = delete(careful, here.token, target)
        assert answer.status == 401 and "insufficient_user_authentication" in answer.headers["WWW-Authenticate"]
    assert is_in(careful, other) and [s["name"] for s in listed(careful, other)] == [None] * len(listed(careful, other))

    here.go("/login?reauth=1&return=/sessions")
    here.submit({"username": "alice", "password": "wonderland"})
    assert here.url == "/sessions"
    here.submit(action="revoke", id=other[:22])
    assert "Safari 17 on iOS was signed out." in here.page.text and not is_in(careful, other)


def test_a_name_is_given_after_a_fresh_sign_in_too(careful):
    token = sign_in(careful)
    age(careful, token, 301)
    body = {"Cookie": f"{harness.COOKIE}={token}", "Content-Type": "application/json"}
    answer = harness.request(careful, "PATCH", "/sessions/current", body, b'{"name": "mine"}')
    assert answer.status == 401 and "insufficient_user_authentication" in answer.headers["WWW-Authenticate"]
    assert [s["name"] for s in listed(careful, token) if s["current"]] == [None]


def test_each_location_may_have_its_own_time():
    lists = "".join(f'<Location "/{name}">\nSetHandler managed-session-list\nManagedSessionConfirmAfter {after}\n</Location>\n'
                    for name, after in (("free", "0"), ("late", "1h"), ("early", "1m")))
    with Server(SITE + "ManagedSessionConfirmAfter 5m\n" + lists, own_paths=["/free", "/late", "/early"]) as server:
        token = sign_in(server)
        sign_in(server)
        for seconds, statuses in ((120, [200, 200, 200, 303]), (240, [303, 200, 200, 303]), (3600, [303, 200, 303, 303])):
            age(server, token, seconds)
            assert [get(server, f"/{name}?confirm=others", token, harness.NAVIGATION).status
                    for name in ("sessions", "free", "late", "early")] == statuses


def test_ones_own_session_may_be_ended_without(careful):
    token = sign_in(careful)
    age(careful, token, 301)
    assert get(careful, "/sessions?confirm=all", token, harness.NAVIGATION).status == 303
    assert act(careful, token, action="revoke", id=token[:22]).clears()

# SPDX-License-Identifier: Apache-2.0
"""The administrators' page for the eye and for spreadsheets: a table, how many there are, what has ended, and a file."""
import csv
import io
import re
import urllib.parse

import pytest

from harness import JSON, FormReader, Server, get, post, request, sign_in
from test_admin_page import ADMIN, PAGE, fill, found

CSV = {"Accept": "text/csv"}


@pytest.fixture(scope="module")
def site():
    with Server(ADMIN) as running:
        yield running


@pytest.fixture()
def admin(site) -> str:
    if site.has_table():
        site.sql("DELETE FROM managed_session")
    return sign_in(site, "bob")


def words(answer) -> str:
    return " ".join(FormReader(answer.text).words)


def links(answer) -> set[str]:
    return {attrs["href"] for tag, attrs in FormReader(answer.text).tags if tag == "a"}


def rows(answer) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.body.decode("utf-8"), newline="")))


def test_the_head_says_what_the_page_is(site, admin):
    assert "<title>All sessions – app.test – Administration</title>" in get(site, PAGE, admin).text
    assert "app.test – Verwaltung" in get(site, PAGE, admin, {"Accept-Language": "de"}).text


def test_it_is_a_table_that_names_its_columns(site, admin):
    tags = [tag for tag, _ in FormReader(get(site, PAGE, admin).text).tags]
    assert tags.count("table") == 1 and [a.get("scope") for tag, a in FormReader(get(site, PAGE, admin).text).tags if tag == "th"] == [
        "col"] * 5 + ["row"]


def test_it_says_how_many_there_are(site, admin):
    assert "One session." in words(get(site, PAGE, admin))
    fill(site, 60)
    assert "61 sessions." in words(get(site, PAGE, admin)) and "60 sessions." in words(get(site, PAGE + "?user=carol", admin))
    assert "60 sessions." in words(get(site, PAGE + "?ip=203.0.113.5", admin)) and "sessions." not in words(get(site, PAGE + "?user=eve", admin))


def test_all_sessions_of_a_user_are_ended_by_a_button(site, admin):
    fill(site, 2)
    tags = FormReader(get(site, PAGE + "?user=carol", admin).text).tags
    assert [a.get("class") for tag, a in tags if tag == "a" and "confirm=user" in a["href"]] == ["button"]


# -- what has ended --------------------------------------------------------------------------------


def test_the_ended_ones_of_a_user_how_and_by_whom(site, admin):
    ended, gone = sign_in(site), sign_in(site)
    assert request(site, "DELETE", f"{PAGE}/{ended[:22]}", {"Cookie": f"__Host-session={admin}", **JSON}).status == 204
    post(site, "/logout", cookie=gone)
    page = get(site, PAGE + "?user=alice", admin)
    assert "?user=alice&state=ended" in links(page)
    page = get(site, PAGE + "?user=alice&state=ended", admin)
    assert "revoked" in words(page) and "ended by bob" in words(page) and "signed_out" in words(page) and "?user=alice" in links(page)
    answer = get(site, PAGE + "?user=alice&state=ended", admin, JSON).json()
    assert {s["id"]: (s["end_reason"], s["ended_by"]) for s in answer["sessions"]} == {
        ended[:22]: ("revoked", "bob"), gone[:22]: ("signed_out", None)}
    assert all(s["ended_at"] and "expires_at" not in s for s in answer["sessions"]) and found(site, admin, "?user=alice") == []


def test_of_all_users_of_this_site(site, admin):
    tokens = [sign_in(site, user) for user in ("alice", "bob", "alice", "alice")]
    for token in tokens[:3]:
        post(site, "/logout", cookie=token)
    site.sql("UPDATE managed_session SET ended_at = ended_at - 10 WHERE session_id = ?", tokens[1][:22])
    site.sql("UPDATE managed_session SET realm = 'other' WHERE session_id = ?", tokens[2][:22])
    answer = get(site, PAGE + "?state=ended", admin, JSON).json()
    assert [(s["id"], s["user"]) for s in answer["sessions"]] == [(tokens[0][:22], "alice"), (tokens[1][:22], "bob")]
    page = get(site, PAGE + "?state=ended", admin)
    assert "Ended sessions" in words(page) and "?user=alice&state=ended" in links(page) and "?" in links(page)
    assert "?state=ended" in links(get(site, PAGE, admin))


@pytest.mark.parametrize("query", ["?user=carol&state=ended", "?state=ended"])
def test_in_pages_of_fifty(site, admin, query):
    ids = fill(site, 70)
    assert request(site, "DELETE", f"{PAGE}?scope=user&user=carol", {"Cookie": f"__Host-session={admin}", **JSON}).json() == {"revoked": 70}
    seen, url = [], PAGE + query
    while url:
        answer = get(site, url, admin, JSON).json()
        seen.append([s["id"] for s in answer["sessions"]])
        url = answer["next"]
    assert [len(page) for page in seen] == [50, 20] and sorted(i for page in seen for i in page) == sorted(ids)


@pytest.mark.parametrize("query", ["state=ended&id=x", "state=ended&ip=192.0.2.1", "state=x&user=alice", "format=x", "state=ended&user=a&before=1"])
def test_a_query_that_means_nothing_is_refused(site, admin, query):
    assert get(site, f"{PAGE}?{query}", admin, JSON).status == 400


def test_the_page_has_as_many_as_fit(site, admin):
    """Long names make fewer; the link leads to the next one, so that none is left out."""
    tokens = [sign_in(site) for _ in range(60)]
    site.sql("UPDATE managed_session SET label = ?, name = ? WHERE user_name = 'alice'", "ä" * 255, "ö" * 40)
    for state, each in (("", "<button name"), ("state=ended", "<code>")):
        if state:
            for token in tokens:
                post(site, "/logout", cookie=token)
        url, shown = f"?user=alice&{state}".rstrip("&"), []
        while url:
            answer = get(site, PAGE + url, admin)
            assert len(answer.body) < 30_000
            shown.append(answer.text.count(each))
            url = next((a["href"] for tag, a in FormReader(answer.text).tags if tag == "a" and a.get("rel") == "next"), None)
        assert sum(shown) == 60 and len(shown) > 2 and min(shown[:-1]) >= 10, shown


def test_one_session_has_all_its_details_on_its_page(site, admin):
    token = sign_in(site, agent="Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0")
    assert f"?id={token[:22]}" in links(get(site, PAGE, admin))
    page = words(get(site, f"{PAGE}?id={token[:22]}", admin))
    for word in ("Firefox 130 on Linux", "rv:130.0", "user name and password", "Browser string", "Expires", "127.0.0.1", token[:22]):
        assert word in page
    assert "Browser string" not in words(get(site, PAGE, admin))


def test_the_ended_ones_of_a_user_are_found_by_a_form(site, admin):
    fields = FormReader(get(site, PAGE + "?state=ended", admin).text).forms
    assert {"state": "ended", "user": ""} in fields
    assert "?state=ended" in links(get(site, PAGE + "?user=alice&state=ended", admin))


# -- the file --------------------------------------------------------------------------------------


@pytest.mark.parametrize("query, headers", [("?format=csv", {}), ("", CSV), ("?user=&format=csv", JSON)])
def test_a_file_of_all_sessions(site, admin, query, headers):
    ids = fill(site, 130)
    answer = get(site, PAGE + query, admin, headers)
    assert answer.status == 200 and answer.headers["Content-Type"].startswith("text/csv") and answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="sessions.csv"' and "nosniff" in str(answer.headers)
    found = rows(answer)
    assert list(found[0]) == ["id", "user", "name", "device", "ip", "last_ip", "label", "method", "created_at", "last_seen_at", "expires_at"]
    assert [row["id"].lstrip("'") for row in found] == [admin[:22], *ids]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", found[0]["expires_at"])


def test_a_file_of_what_has_ended(site, admin):
    ended, left, other = sign_in(site), sign_in(site), sign_in(site, "bob")
    assert request(site, "DELETE", f"{PAGE}/{ended[:22]}", {"Cookie": f"__Host-session={admin}", **JSON}).status == 204
    for token in (left, other):
        post(site, "/logout", cookie=token)
    assert "?user=alice&state=ended&format=csv" in links(get(site, PAGE + "?user=alice&state=ended", admin))
    for query, headers, ids in (("?user=alice&state=ended&format=csv", {}, {ended[:22], left[:22]}),
                                ("?state=ended", CSV, {ended[:22], left[:22], other[:22]})):
        answer = get(site, PAGE + query, admin, headers)
        assert answer.headers["Content-Disposition"] == 'attachment; filename="ended-sessions.csv"'
        found = {row["id"].lstrip("'"): row for row in rows(answer)}
        assert set(found) == ids and list(found[ended[:22]])[-3:] == ["ended_at", "end_reason", "ended_by"]
        assert (found[ended[:22]]["end_reason"], found[ended[:22]]["ended_by"]) == ("revoked", "bob")
        assert (found[left[:22]]["end_reason"], found[left[:22]]["ended_by"]) == ("signed_out", "")
        assert "expires_at" not in found[left[:22]] and re.fullmatch(r"[-0-9T:]+Z", found[left[:22]]["ended_at"])


def test_a_long_file_of_what_has_ended(site, admin):
    ids = fill(site, 130)
    assert request(site, "DELETE", f"{PAGE}?scope=user&user=carol", {"Cookie": f"__Host-session={admin}", **JSON}).json() == {"revoked": 130}
    for query in ("?state=ended&format=csv", "?user=carol&state=ended&format=csv"):
        assert sorted(row["id"].lstrip("'") for row in rows(get(site, PAGE + query, admin))) == sorted(ids)


def test_a_file_is_read_once(site, admin):
    fill(site, 130)
    site.forget_statements()
    assert len(rows(get(site, PAGE + "?format=csv", admin))) == 131
    assert site.statements().count("NEWEST") == 3, "of fifty rows each"
    site.forget_statements()
    head = request(site, "HEAD", PAGE + "?format=csv", {"Cookie": f"__Host-session={admin}"})
    assert head.status == 200 and head.headers["Content-Type"].startswith("text/csv") and site.statements().count("NEWEST") == 1


def test_of_a_search(site, admin):
    ids = fill(site, 60)
    answer = get(site, PAGE + "?user=carol&format=csv", admin)
    assert [row["id"].lstrip("'") for row in rows(answer)] == ids
    assert rows(get(site, PAGE + "?user=nobody&format=csv", admin)) == []
    assert "?user=carol&format=csv" in links(get(site, PAGE + "?user=carol", admin))


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\uff1d1", "\uff0b1", "\uff0d1", "\uff201"])
def test_no_field_is_a_formula(site, admin, name):
    fill(site, 1, name)
    [row] = rows(get(site, f"{PAGE}?format=csv&user={urllib.parse.quote(name)}", admin))
    assert row["user"] == "'" + name


def test_quotes_commas_and_lines_stay_in_their_field(site, admin):
    fill(site, 1)
    label = 'a "b", c;\u2028d'
    site.sql("UPDATE managed_session SET label = ? WHERE user_name = 'carol'", label)
    [row] = rows(get(site, PAGE + "?user=carol&format=csv", admin))
    assert row["label"] == label and row["user"] == "carol" and row["name"] == ""


def test_only_an_administrator_gets_it_and_no_page_of_another_site(site, admin):
    site.expect("AH01630")
    assert get(site, PAGE + "?format=csv", sign_in(site)).status == 403 and get(site, PAGE + "?format=csv").status == 401
    assert get(site, PAGE + "?format=csv", admin, {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"}).status == 403


def test_without_a_database_there_is_no_file(site, admin):
    site.expect("MS000", status_5xx=True)
    with site.broken_table():
        assert get(site, PAGE + "?format=csv", admin).status == 503


def act(site, admin, query: str, **fields):
    """What the form at this address sends, and the page that follows."""
    form = FormReader(get(site, PAGE + query, admin).text).forms[-1]
    answer = post(site, PAGE + query, {"csrf": form["csrf"], **fields}, admin)
    assert answer.status == 303
    return answer.location, words(get(site, answer.location, admin))


def test_an_app_password_is_no_unknown_device(site, admin):
    """Until an app uses it nothing is known of a device."""
    never, used, tablet = sign_in(site), sign_in(site), sign_in(site)
    site.sql("UPDATE managed_session SET kind = 1, name = 'Calendar', user_agent = '' WHERE session_id = ?", never[:22])
    site.sql("UPDATE managed_session SET kind = 1, name = 'Backup', user_agent = 'curl/8.0' WHERE session_id = ?", used[:22])
    site.sql("UPDATE managed_session SET name = 'Tablet', user_agent = 'Firefox' WHERE session_id = ?", tablet[:22])
    page = words(get(site, PAGE + "?user=alice", admin))
    assert "Calendar , App password" in page and "Backup , App password, curl 8" in page and "Tablet , App" not in page and "Tablet ," in page
    assert "Calendar , App-Passwort" in words(get(site, PAGE + "?user=alice", admin, {"Accept-Language": "de"}))
    act(site, admin, "?confirm=user&user=alice", action="revoke-user", user="alice")
    assert "Calendar , App password" in words(get(site, PAGE + "?user=alice&state=ended", admin))


def test_the_page_to_confirm_looks_like_the_others(site, admin):
    page = get(site, PAGE + "?confirm=user&user=bob", admin)
    assert "– app.test – Administration</title>" in page.text and "/" in links(page)


def test_a_script_is_told_how_many_would_be_ended(site, admin):
    fill(site, 3)
    for query, n in (("confirm=user&user=carol", 3), ("confirm=ip&ip=203.0.113.5", 3), ("confirm=realm", 4), ("confirm=user&user=eve", 0)):
        answer = get(site, f"{PAGE}?{query}", admin, JSON)
        assert answer.status == 200 and answer.json() == {"count": n} and "json" in answer.headers["Content-Type"]
    assert get(site, f"{PAGE}?confirm=all", admin, JSON).json()["code"] == "invalid_query" and found(site, admin)


def test_to_end_one_leads_back_to_the_same_page_of_the_list(site, admin):
    fill(site, 110)
    [second] = [link for link in links(get(site, PAGE, admin)) if "before=" in link]
    [ident, *_] = found(site, admin, second)
    location, page = act(site, admin, second, action="revoke", id=ident)
    assert location == f"{PAGE}{second}" and ident not in page
    [first] = found(site, admin)[:1]
    assert first not in page

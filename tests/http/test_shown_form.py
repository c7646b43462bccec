# SPDX-License-Identifier: Apache-2.0
"""A double click on "Sign in" submits one form twice. The browser keeps one session, and the table has no other."""
import base64
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

import pytest

import databases
from harness import PASSWORDS, SITE, FormReader, Server, connect, get, post, sign_in
from test_two_hosts import Shared

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
ALICE = ("Authorization", "Basic " + base64.b64encode(b"alice:wonderland").decode())


@pytest.fixture(scope="module")
def shared():
    with Server(SITE + BASIC, extra="StartServers 2\n") as server:
        yield server


@pytest.fixture
def site(shared):
    shared.sql("DELETE FROM managed_session")
    return shared


def shown(server: Server, target: str = "/login") -> str:
    """The value of a form that the page shows now."""
    return FormReader(get(server, target).text).forms[0]["form"]


def submit(server: Server, form: str, user: str = "alice", cookie: str | None = None):
    return post(server, "/login", {"username": user, "password": PASSWORDS[user], "form": form}, cookie)


def is_live(server: Server, token: str) -> bool:
    return get(server, "/app/", token).status == 200


def test_the_second_submission_of_a_form_ends_the_session_of_the_first(site):
    form = shown(site)
    first = submit(site, form).token()
    assert is_live(site, first), "and is in the cache now"
    second = submit(site, form).token()
    assert is_live(site, second) and not is_live(site, first) and site.rows() == 1
    third = submit(site, form).token()
    assert is_live(site, third) and not is_live(site, second) and site.rows() == 1


def test_all_submissions_at_once_leave_one_session():
    with Server(SITE, extra="StartServers 2\n") as server, ThreadPoolExecutor(6) as clicks:
        server.expects_5xx = True  # the harness would miss rows that have ended by now
        for done in range(1, 9):
            form = shown(server)
            answers = list(clicks.map(lambda form: submit(server, form), 6 * [form]))
            assert {a.status for a in answers} == {303} and {a.location for a in answers} == {"/"}
            tokens = [a.token() for a in answers if a.headers.get_all("Set-Cookie")]
            assert [is_live(server, t) for t in tokens].count(True) == 1 and server.rows() == done


def test_the_submission_that_arrives_last_stays_whichever_is_done_first(site):
    """The first click is answered last: the browser has the cookie of the second, and no other is live."""
    form = shown(site)
    body = urllib.parse.urlencode({"username": "alice", "password": "wonderland", "form": form}).encode()
    head = (f"POST /login HTTP/1.1\r\nHost: 127.0.0.1:{site.port}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n").encode()
    with connect(site) as first:
        first.sendall(head)
        assert first.recv(65536).startswith(b"HTTP/1.1 100"), "it has arrived, and its body is read"
        second = submit(site, form).token()
        first.sendall(body)
        answer = b"".join(iter(lambda: first.recv(65536), b""))
    assert b"HTTP/1.1 303" in answer and b"Set-Cookie" not in answer
    assert is_live(site, second) and site.rows() == 1


def test_what_the_browser_presents_is_ended_as_before(site):
    form = shown(site)
    first = submit(site, form).token()
    second = submit(site, form, cookie=first).token()
    assert is_live(site, second) and site.rows() == 1


@pytest.mark.parametrize("value", ["", "x", 21 * "A", 23 * "A", 21 * "A" + "'", "\u00e9" * 11, "%' OR ''='"])
def test_a_value_of_another_form_counts_as_none(site, value):
    first, second = submit(site, value).token(), submit(site, value).token()
    assert is_live(site, first) and is_live(site, second) and site.rows() == 2


def test_two_forms_are_two_sign_ins_and_so_are_two_scripts(site):
    tokens = [submit(site, shown(site)).token(), submit(site, shown(site)).token(), sign_in(site), sign_in(site)]
    assert all(is_live(site, t) for t in tokens) and site.rows() == 4


def test_a_forms_value_ends_nothing_of_another_user(site):
    form = shown(site)
    of_alice, of_bob = submit(site, form).token(), submit(site, form, "bob").token()
    assert is_live(site, of_alice) and is_live(site, of_bob) and of_alice[:8] != of_bob[:8]


def test_a_forms_value_without_the_password_ends_nothing(site):
    form = shown(site)
    token = submit(site, form).token()
    assert post(site, "/login", {"username": "alice", "password": "wrong", "form": form}).status == 401
    assert is_live(site, token) and site.rows() == 1


def test_a_client_that_makes_the_value_up_does_not_choose_an_id(site):
    made_up = 22 * "A"
    tokens = [submit(site, made_up).token() for _ in range(3)]
    assert len({t[:22] for t in tokens}) == len({t[23:] for t in tokens}) == 3
    assert not any(made_up in t for t in tokens) and site.rows() == 1


def test_every_form_has_a_value_of_its_own_and_keeps_it_after_a_wrong_password(site):
    values = [shown(site) for _ in range(20)]
    assert len(set(values)) == 20
    again = post(site, "/login", {"username": "alice", "password": "wrong", "form": values[0]})
    assert again.status == 401 and FormReader(again.text).forms[0]["form"] == values[0]


def test_a_value_that_is_none_is_not_shown_again(site):
    again = post(site, "/login", {"username": "alice", "password": "wrong", "form": '"><script>'})
    assert again.status == 401 and "form" not in FormReader(again.text).forms[0]


def test_a_double_click_where_another_auth_type_lets_in(site):
    page = get(site, "/basic?return=/app/", None, [ALICE, ("Accept", "text/html")])
    action = next(a["action"] for tag, a in FormReader(page.text).tags if tag == "form")
    assert action.startswith("?return=/app/&form=")
    first, second = (post(site, "/basic" + action, {}, None, [ALICE]) for _ in range(2))
    assert first.location == second.location == "/app/"
    assert is_live(site, second.token()) and not is_live(site, first.token()) and site.rows() == 1


@pytest.mark.parametrize("what", ["refuse", "evict"])
def test_a_double_click_needs_no_room_for_two(what):
    with Server(SITE + f"ManagedSessionLimit 2 {what}\n") as server:
        other, form = sign_in(server), shown(server)
        submit(server, form)
        token = submit(server, form).token()
        assert is_live(server, token) and is_live(server, other) and server.rows() == 2


@pytest.mark.skipif(databases.NAME == "sqlite", reason="SQLite is one host's")
def test_the_second_click_may_reach_another_host():
    with Server(SITE) as here, Server(SITE, database=Shared(here)) as there:
        form = shown(here)
        submit(here, form)
        token = submit(there, form).token()
        assert is_live(here, token) and here.rows() == 1


def test_a_sign_in_without_the_value_costs_no_more(site):
    start = len(site.error_log())
    sign_in(site)
    assert "LIST_ALIKE" not in site.error_log()[start:]
    submit(site, shown(site))
    assert "statement: LIST_ALIKE" in site.error_log()[start:]

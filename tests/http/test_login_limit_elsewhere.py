# SPDX-License-Identifier: Apache-2.0
"""ManagedSessionLoginLimit if others check the password: another AuthType, and an application that reports failures."""
import base64
import hashlib
import http.client
import re
import secrets
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import DEADLINE, SITE, Backend, Server, get, post, sign_in

REMOTE_IP = "RemoteIPHeader X-Client\nRemoteIPInternalProxy 127.0.0.1\nManagedSessionLoginLimit 3 1h\n"
BASIC = '''<Location "/basic">
    SetHandler managed-session-login
    AuthType Basic
    AuthName "app"
    AuthBasicProvider file
    AuthUserFile "@ROOT@/passwords"
    Require valid-user
    ManagedSessionSignIn On
</Location>
'''
NOT_OURS = "AH01782|AH01617|AH01618|AH01790|AH01793|AH01794|AH01776"
pytestmark = pytest.mark.sqlite


def site(more: str, modules: str = "") -> Server:
    return Server(SITE + REMOTE_IP + more, modules=f"remoteip {modules}", own_paths=("/logout", "/sessions"))


def basic(server, user="alice", password="wrong", client="10.0.0.1", target="/basic", headers=()):
    server.expect(NOT_OURS)
    value = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    return get(server, target, headers=[("X-Client", client), ("Authorization", value), *headers])


def form(server, user="alice", password="wrong", client="10.0.9.9"):
    return post(server, "/login", {"username": user, "password": password}, headers=[("X-Client", client)]).status


# -- another AuthType -----------------------------------------------------------------------------

def test_wrong_passwords_of_a_window_count_with_those_of_the_form():
    with site(BASIC) as server:
        assert [basic(server, client=f"10.0.1.{i}").status for i in range(2)] == [401, 401]
        assert form(server) == 401
        refused = basic(server, password="wonderland", client="10.0.2.1")
        assert refused.status == 429 and 0 < int(refused.headers["Retry-After"]) <= 1200 and not refused.cookies()
        assert "WWW-Authenticate" not in refused.headers
        assert form(server, password="wonderland", client="10.0.2.2") == 429
        assert basic(server, "bob", "builder", "10.0.2.3").status == 303


def test_a_client_is_limited_with_any_names_it_sends():
    with site(BASIC) as server:
        assert [basic(server, f"user{i}").status for i in range(4)] == [401, 401, 401, 429]
        assert basic(server, "alice", "wonderland").status == 429
        assert basic(server, "alice", "wonderland", "10.0.0.2").status == 303


def test_success_is_no_failure_and_forgets_those_before():
    with site(BASIC) as server:
        for _ in range(3):
            assert [basic(server, client=f"10.0.3.{i}").status for i in range(2)] == [401, 401]
            assert basic(server, password="wonderland").status == 303
        assert [basic(server, password="wonderland").status for _ in range(6)] == [303] * 6


def test_a_browser_may_send_the_right_password_with_many_requests_at_once():
    with site(BASIC) as server, ThreadPoolExecutor(8) as browser:
        assert [basic(server, f"user{i}").status for i in range(2)] == [401, 401]
        answers = list(browser.map(lambda _: basic(server, "bob", "builder").status, range(3)))
        assert answers == [303] * 3


def test_wrong_passwords_sent_at_once_are_all_counted():
    with site(BASIC) as server, ThreadPoolExecutor(8) as attackers:
        statuses = list(attackers.map(lambda i: basic(server, f"user{i}").status, range(40)))
        assert statuses.count(401) <= 3 + 8 and statuses.count(429) >= 29
        assert basic(server, "alice", "wonderland").status == 429


def test_a_question_without_credentials_is_no_failure():
    with site(BASIC) as server:
        assert [get(server, "/basic", headers=[("X-Client", "10.0.0.1")]).status for _ in range(6)] == [401] * 6
        assert basic(server, password="wonderland").status == 303


@pytest.mark.parametrize("scheme, statuses", [("Negotiate", {401}), ("NTLM", {401}), ("Bearer", {401, 429})])
def test_steps_of_a_handshake_are_no_failures(scheme, statuses):
    with site(BASIC) as server:
        server.expect("AH01614|AH01615")
        answers = [get(server, "/basic", headers=[("X-Client", "10.0.0.1"), ("Authorization", f"{scheme} abc")]) for _ in range(6)]
        assert {a.status for a in answers} == statuses


def test_what_the_other_module_could_not_decide_is_no_failure():
    with site(BASIC.replace('"@ROOT@/passwords"', '"@ROOT@/passwords-to-come"')) as server:
        server.expect("AH01620|AH01796", status_5xx=True)
        assert [basic(server).status for _ in range(5)] == [500] * 5
        server.add_user("alice", "wonderland", "passwords-to-come")
        assert [basic(server).status for _ in range(2)] == [401] * 2
        assert basic(server, password="wonderland").status == 303


@pytest.mark.parametrize("value", ["Basic", "Basic ", "Basic !!!", "Basic YWxpY2U=", "Basic " + "A" * 4000, "Digest", 'Digest username="',
                                   'Digest username="a', "Digest " + "," * 500])
def test_odd_credentials_do_no_harm(value):
    with site(BASIC) as server:
        server.expect(NOT_OURS + "|AH01614|AH017|AH016")
        statuses = {get(server, "/basic", headers=[("X-Client", "10.0.0.1"), ("Authorization", value)]).status for _ in range(6)}
        assert statuses <= {400, 401, 429}


def test_failures_are_counted_and_logged_where_a_page_of_the_site_answers_them():
    with site(BASIC + 'ErrorDocument 401 /sorry.html\n') as server:
        server.write("htdocs/sorry.html", "sorry\n")
        answers = [basic(server, f"user{i}") for i in range(4)]
        assert [a.status for a in answers] == [401, 401, 401, 429] and answers[0].text == "sorry\n"
        lines = [line for line in server.new_log().splitlines() if "MS0112" in line]
        assert len(lines) == 3 and 'failed sign-in from 10.0.0.1 as user "user0" (Basic)' in lines[0]
        assert server.new_log().count('refused sign-in from 10.0.0.1 as user "user3" (Basic)') == 1


def test_places_that_are_no_sign_in_page_are_not_ours_to_limit():
    place = BASIC.replace("/basic", "/plain").replace("    SetHandler managed-session-login\n", "")
    with site(place) as server:
        server.write("htdocs/plain/index.html", "plain\n")
        assert [basic(server, target="/plain/").status for _ in range(6)] == [401] * 6
        assert basic(server, password="wonderland", target="/plain/").status == 200
        assert "MS0112" not in server.new_log() and form(server) == 401


DIGEST = '''<Location "/digest">
    SetHandler managed-session-login
    AuthType Digest
    AuthName "app"
    AuthDigestProvider file
    AuthUserFile "@ROOT@/digests"
    AuthDigestNonceLifetime @LIFE@
    Require valid-user
    ManagedSessionSignIn On
</Location>
'''


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def digest(server, nonce, password="wonderland", client="10.0.0.1", name='username="alice"', scheme="Digest "):
    server.expect(NOT_OURS)
    cnonce = secrets.token_hex(8)
    response = md5(":".join([md5(f"alice:app:{password}"), nonce, "00000001", cnonce, "auth", md5("GET:/digest")]))
    value = (f'{scheme}{name}, realm="app", nonce="{nonce}", uri="/digest", qop=auth, nc=00000001, cnonce="{cnonce}", '
             f'response="{response}", algorithm=MD5')
    return get(server, "/digest", headers=[("X-Client", client), ("Authorization", value)])


def nonce_of(server) -> str:
    return re.search(r'nonce="([^"]+)"', get(server, "/digest").headers["WWW-Authenticate"])[1]


def test_digest_counts_by_name_and_a_stale_nonce_does_not_count():
    with site(DIGEST.replace("@LIFE@", "-1"), modules="auth_digest") as server:
        server.write("digests", f"alice:app:{md5('alice:app:wonderland')}\n")
        nonce = nonce_of(server)
        assert digest(server, nonce).status == 303
        assert [digest(server, nonce, "wrong", f"10.0.4.{i}").status for i in range(4)] == [401, 401, 401, 429]
        assert form(server, password="wonderland") == 429


# mod_auth_digest accepts each of them.
@pytest.mark.parametrize("scheme, name", [
    ("Digest ", "username=alice"), ("Digest ", 'username ="alice"'), ("Digest ", 'username= "alice"'), ("Digest ", 'UserName="al\\ice"'),
    ("Digest ", 'n="username=", username="alice"'), ("Digest ", 'username="bob", username="alice"'), ("Digest\t", 'username="alice"'),
    ("Digest \t", 'username="alice"')])
def test_digest_counts_by_name_however_the_name_is_written(scheme, name):
    with site(DIGEST.replace("@LIFE@", "-1"), modules="auth_digest") as server:
        server.write("digests", f"alice:app:{md5('alice:app:wonderland')}\n")
        nonce = nonce_of(server)
        assert digest(server, nonce, name=name, scheme=scheme).status == 303
        assert [digest(server, nonce, "wrong", f"10.0.4.{i}", name, scheme).status for i in range(4)] == [401, 401, 401, 429]
        assert form(server, password="wonderland") == 429


def test_digest_without_a_name_counts_too():
    with site(DIGEST.replace("@LIFE@", "-1"), modules="auth_digest") as server:
        server.write("digests", f"alice:app:{md5('alice:app:wonderland')}\n")
        server.expect("AH01782")
        nonce = nonce_of(server)
        assert [digest(server, nonce, client=f"10.0.4.{i}", name="user=alice").status for i in range(4)] == [401, 401, 401, 429]
        assert digest(server, nonce).status == 303


@pytest.mark.parametrize("blanks", [" ", "  ", " \t", " \t \t"])
def test_blanks_before_the_name_of_basic_do_not_matter(blanks):
    with site(BASIC) as server:
        server.expect(NOT_OURS)

        def send(password: str, client: str) -> int:
            value = f"Basic{blanks}" + base64.b64encode(f"alice:{password}".encode()).decode()
            return get(server, "/basic", headers=[("X-Client", client), ("Authorization", value)]).status

        assert [send("wrong", f"10.0.1.{i}") for i in range(3)] == [401] * 3
        assert form(server, password="wonderland") == 429 and send("wonderland", "10.0.2.1") == 429
        assert form(server, "bob", "builder") == 303


def test_a_nonce_that_is_too_old_is_no_failure():
    with site(DIGEST.replace("@LIFE@", "1"), modules="auth_digest") as server:
        server.write("digests", f"alice:app:{md5('alice:app:wonderland')}\n")
        nonce, end = nonce_of(server), time.monotonic() + DEADLINE
        while "stale=true" not in digest(server, nonce).headers.get("WWW-Authenticate", "") and time.monotonic() < end:
            time.sleep(0.1)
        answers = [digest(server, nonce) for _ in range(6)]
        assert {a.status for a in answers} == {401} and all("stale=true" in a.headers["WWW-Authenticate"] for a in answers)
        assert digest(server, nonce_of(server)).status == 303


def test_a_flood_over_another_type_gets_503_beyond_the_share():
    one = "ServerLimit 1\nStartServers 1\nThreadsPerChild 4\nMaxRequestWorkers 4\nMinSpareThreads 1\nMaxSpareThreads 4\n"
    with Server(SITE + BASIC, extra=one, own_paths=("/logout", "/sessions")) as server, ThreadPoolExecutor(8) as flood:
        server.expect(NOT_OURS + "|AH00484", status_5xx=True)
        subprocess.run(["htpasswd", "-iB", "-C", "12", str(server.root / "passwords"), "carol"], input="secret", text=True, check=True,
                       capture_output=True)
        value = "Basic " + base64.b64encode(b"carol:secret").decode()
        assert post(server, "/login", {"username": "carol", "password": "secret"}).status == 303  # the cost has been measured now
        answers = list(flood.map(lambda _: get(server, "/basic", headers=[("Authorization", value)]), range(24)))
        assert {a.status for a in answers} == {303, 503} and all("Retry-After" in a.headers for a in answers if a.status == 503)
        assert get(server, "/basic", headers=[("Authorization", value)]).status == 303, "none is held"


# -- an application -------------------------------------------------------------------------------

USER, FAILED, END = "Managed-Session-User", "Managed-Session-Failed", "Managed-Session-End"


@pytest.fixture
def application():
    with Backend() as backend:
        more = f'''<Location "/on">
            ManagedSessionBackendLogin On
            ProxyPass "http://127.0.0.1:{backend.port}/"
        </Location>
        <Location "/off">
            ProxyPass "http://127.0.0.1:{backend.port}/"
        </Location>'''
        with site(more) as server:
            yield server


def app(server, query, client="10.0.0.1", where="/on/", cookie=None):
    return get(server, f"{where}?{query}", cookie, headers=[("X-Client", client)])


def test_failures_that_an_application_reports_count_by_name_and_client(application):
    server = application
    answers = [app(server, f"{FAILED}=alice", f"10.0.5.{i}") for i in range(3)]
    assert [a.status for a in answers] == [200] * 3 and not any(FAILED in a.headers for a in answers)
    assert form(server, password="wonderland") == 429
    assert [line.split("MS0112: ")[1].split(",")[0] for line in server.new_log().splitlines() if "MS0112" in line][0] == \
        'failed sign-in from 10.0.5.0 as user "alice" (backend)'
    assert [app(server, f"{FAILED}=%20", "10.0.6.1").status for _ in range(4)] == [200, 200, 200, 429]
    assert form(server, "bob", "builder", "10.0.6.1") == 429 and form(server, "bob", "builder", "10.0.6.2") == 303


def test_beyond_the_limit_right_and_wrong_look_alike_and_no_user_is_signed_in(application):
    server = application
    for i in range(3):
        app(server, f"{FAILED}=alice&Set-Cookie=app%3D1", f"10.0.5.{i}")
    wrong = app(server, f"{FAILED}=alice&Set-Cookie=app%3D1", "10.0.7.1")
    right = app(server, f"{USER}=alice&Set-Cookie=app%3D1", "10.0.7.2")
    for answer in (wrong, right):
        assert answer.status == 429 and int(answer.headers["Retry-After"]) > 0 and "Set-Cookie" not in answer.headers
        assert not any(name in answer.headers for name in (USER, FAILED)) and answer.headers["Cache-Control"] == "no-store"
    assert wrong.text == right.text and server.rows() == 0
    assert app(server, f"{USER}=bob", "10.0.7.3").token() and app(server, "X-A=b", "10.0.7.1").status == 200


CGI = """#!/bin/sh
printf 'Content-Type: text/plain\\nX-Welcome: %s\\nSet-Cookie: app=1\\nManaged-Session-%s: alice\\n\\n' "$QUERY_STRING" "$QUERY_STRING"
head -c 300000 /dev/zero | tr '\\0' x
"""


def test_a_program_with_much_to_say_is_cut_short_and_the_connection_stays_in_step():
    with site('ScriptAlias "/cgi" "@ROOT@/scripts/answer.sh"\n<Location "/cgi">\nManagedSessionBackendLogin On\n</Location>\n'
              '<Directory "@ROOT@/scripts">\nRequire all granted\n</Directory>\n') as server:
        server.write("scripts/answer.sh", CGI, 0o755)
        answers = [get(server, "/cgi?Failed", headers=[("X-Client", f"10.0.5.{i}")]) for i in range(4)]
        assert [a.status for a in answers] == [200, 200, 200, 429] and len(answers[0].body) == 300000
        right = get(server, "/cgi?User", headers=[("X-Client", "10.0.5.9")])
        assert right.status == 429 and right.text == answers[3].text and "X-Welcome" not in right.headers and not right.cookies()
        assert "Set-Cookie" not in right.headers and server.rows() == 0
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=DEADLINE)
        for _ in range(3):
            connection.request("GET", "/cgi?User", headers={"X-Client": "10.0.5.9"})
            response = connection.getresponse()
            assert response.status == 429 and len(response.read()) < 1000


def test_a_right_password_ends_the_row_of_failures(application):
    for _ in range(3):
        assert [app(application, f"{FAILED}=alice", f"10.0.5.{i}").status for i in range(2)] == [200, 200]
        assert app(application, f"{USER}=alice", "10.0.5.9").token()


def test_only_where_an_application_may_sign_in(application):
    assert [app(application, f"{FAILED}=alice", where="/off/").status for _ in range(6)] == [200] * 6
    answer = app(application, f"{FAILED}=alice", where="/off/")
    assert FAILED not in answer.headers and form(application, password="wonderland") == 303
    assert "MS0050: the application's header Managed-Session-Failed was ignored" in application.new_log()


@pytest.mark.parametrize("query, reason", [(f"{FAILED}=alice&{FAILED}=bob", "more than once"), (f"{FAILED}=a,b", "a comma"),
                                           (f"{FAILED}=alice&{USER}=bob", "it came with Managed-Session-Failed")])
def test_reports_that_contradict_themselves_sign_no_user_in(application, query, reason):
    answer = app(application, query)
    assert answer.status == 200 and not answer.cookies() and application.rows() == 0
    assert reason in application.new_log()


def test_signing_out_works_beyond_the_limit(application):
    server = application
    token = sign_in(server, "bob")
    for i in range(4):
        app(server, f"{FAILED}=bob", f"10.0.5.{i}")
    assert app(server, f"{END}=current", "10.0.5.1", cookie=token).clears() and server.rows() == 0


def test_sixty_sign_ins_a_minute(application):
    """The limit of sign-ins that succeed holds for applications, too; another spelling is another user."""
    statuses = []
    while len(statuses) < 200 and 429 not in statuses:
        statuses.append(app(application, f"{USER}=alice").status)
    assert set(statuses[:-1]) == {200} and statuses[-1] == 429 and 60 <= len(statuses) - 1 < 120
    assert app(application, f"{USER}=Alice").status == 200


def test_spellings_of_a_name_sign_in_three_hundred_times_a_minute(application):
    """A provider that ignores case would let one account sign in without limit."""
    names = ["bob", "Bob", "bOb", "boB", "BOb", "bOB", "BoB", "BOB"]
    statuses = [app(application, f"{USER}={name}").status for name in names for _ in range(55)]
    assert 300 <= statuses.count(200) < 440 and statuses[-1] == 429

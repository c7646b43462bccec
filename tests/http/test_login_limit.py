# SPDX-License-Identifier: Apache-2.0
"""ManagedSessionLoginLimit: wrong passwords are counted for a user name and for a client, on all children together."""
import pathlib
import re
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import harness
from harness import DEADLINE, EVENT, SITE, Server, get, post, sign_in

FORM_ID = re.compile('name="form" value="[^"]*"')
NOBODY = "Too many attempts"
REMOTE_IP = "RemoteIPHeader X-Client\nRemoteIPInternalProxy 127.0.0.1\n"  # a client's address, set by a header


def limited(limit: str, **options) -> Server:
    return Server(SITE + REMOTE_IP + f"ManagedSessionLoginLimit {limit}\n", modules="remoteip", **options)


def attempt(server, user="alice", password="wrong", client="10.0.0.1", cookie=None):
    return post(server, "/login", {"username": user, "password": password}, cookie, [("X-Client", client)])


def test_after_so_many_failures_even_the_right_password_waits():
    with limited("3 1h") as server:
        assert [attempt(server, client=f"10.0.1.{i}").status for i in range(4)] == [401, 401, 401, 429]
        answer = attempt(server, password="wonderland", client="10.0.2.1")
        assert answer.status == 429 and NOBODY in answer.text and not answer.cookies()
        assert 0 < int(answer.headers["Retry-After"]) <= 1200  # a third of the hour, when the first is forgotten
        assert attempt(server, "bob", "builder").status == 303, "another name is not concerned"
        assert server.rows() == 1


def test_it_is_forgotten_with_time():
    with limited("2 2s") as server:
        assert [attempt(server).status for _ in range(3)] == [401, 401, 429]
        end = time.monotonic() + DEADLINE
        while attempt(server, password="wonderland").status != 303:
            assert time.monotonic() < end
            time.sleep(0.2)


def test_a_client_is_limited_with_any_names_it_tries():
    with limited("3 1h") as server:
        assert [attempt(server, f"user{i}").status for i in range(4)] == [401, 401, 401, 429]
        assert attempt(server, "alice", "wonderland").status == 429
        assert attempt(server, "alice", "wonderland", "10.0.0.2").status == 303


@pytest.mark.parametrize("same, other", [("2001:db8:1:2::1 2001:db8:1:2:ffff::9", "2001:db8:1:3::1")])
def test_a_client_of_ipv6_is_its_network(same, other):
    with limited("3 1h") as server:
        clients = same.split()
        assert [attempt(server, f"user{i}", client=clients[i % 2]).status for i in range(4)] == [401, 401, 401, 429]
        assert attempt(server, "user9", client=other).status == 401


@pytest.mark.parametrize("name", ["ALICE", " alice ", "Alice", "al ice", "alic\u00e9", "ALI\u0308CE", "\uff41lice", "al\u200bice", "alice\u3000"])
def test_spellings_of_a_name_share_its_budget(name):
    with limited("2 1h") as server:
        assert attempt(server, name, client="10.0.0.1").status == 401
        assert [attempt(server, client=f"10.0.0.{i}").status for i in (2, 3)] == [401, 429]


def test_names_that_no_user_has_are_limited_alike():
    """The limit does not reveal which user names exist."""
    with limited("2 1h") as server:
        known = [attempt(server, "alice", client=f"10.0.1.{i}") for i in range(3)]
        unknown = [attempt(server, "nobody", client=f"10.0.2.{i}") for i in range(3)]
        assert [a.status for a in known] == [a.status for a in unknown] == [401, 401, 429]
        texts = [re.sub("alice|nobody", "a name", re.sub(r"in \d+ seconds", "later", FORM_ID.sub("", a.text))) for a in (known[2], unknown[2])]
        assert texts[0] == texts[1]


def test_success_forgets_the_name_and_gives_the_client_its_attempt_back():
    with limited("3 1h") as server:
        for _ in range(2):
            assert [attempt(server, client=f"10.0.3.{i}").status for i in range(2)] == [401, 401]
            assert attempt(server, password="wonderland").status == 303
        assert [attempt(server, password="wonderland").status for _ in range(6)] == [303] * 6


def test_a_signed_in_user_is_not_locked_out_by_what_others_try():
    with limited("2 1h") as server:
        token = sign_in(server)
        assert [attempt(server, client=f"10.0.4.{i}").status for i in range(3)] == [401, 401, 429]
        assert attempt(server, password="wonderland", client="10.0.5.1").status == 429
        assert attempt(server, password="wonderland", client="10.0.5.1", cookie=token).status == 303


def test_a_live_session_is_a_budget_of_its_own_and_no_freedom():
    """A stolen cookie does not let its thief guess the password."""
    with limited("3 1h") as server:
        token, other = sign_in(server), sign_in(server)
        guesses = [attempt(server, client=f"10.0.7.{i}", cookie=token).status for i in range(30)]
        assert guesses == [401] * 3 + [429] * 27
        assert attempt(server, password="wonderland", client="10.0.8.1", cookie=token).status == 429
        assert attempt(server, password="wonderland", client="10.0.8.2", cookie=other).status == 303
        assert attempt(server, "bob", "wrong", client="10.0.8.3", cookie=token).status == 401, "not bob's session"


def test_another_users_session_gives_no_budget():
    with limited("2 1h") as server:
        token = sign_in(server, "bob")
        assert [attempt(server, client=f"10.0.9.{i}").status for i in range(3)] == [401, 401, 429]
        assert attempt(server, client="10.0.9.9", cookie=token).status == 429


@pytest.mark.parametrize("known", [False, True])
def test_no_user_has_more_than_a_hundred_failures_in_a_row(known):
    """NIST SP 800-63B-4, 3.2.2, however high the limit is."""
    with limited("1000 1h") as server:
        token = sign_in(server) if known else None
        statuses = [attempt(server, client=f"10.1.{i}.1", cookie=token).status for i in range(102)]
        assert statuses == [401] * 100 + [429] * 2
        answer = attempt(server, password="wonderland", client="10.2.0.1", cookie=token)
        assert answer.status == 429 and 3600 < int(answer.headers["Retry-After"]) <= 86400
        assert attempt(server, "bob", "builder", "10.2.0.2").status == 303


def test_success_ends_a_row_of_failures():
    with limited("1000 1h") as server:
        for _ in range(2):
            assert {attempt(server, client=f"10.1.{i}.1").status for i in range(60)} == {401}
            assert attempt(server, password="wonderland", client="10.2.0.1").status == 303


@pytest.mark.parametrize("home, near, far", [
    ("192.0.2.7", "192.0.2.200", "192.0.3.7"), ("2001:db8:0:5::1", "2001:db8:0:5:1:2:3:4", "2001:db8:0:6::1"),
    ("2001:0:0:5::1", "2001::5:1:2:3:4", "2001:0:0:6::1")])
def test_a_network_in_which_the_user_had_a_session_is_not_locked_out(home, near, far):
    """An attacker from many addresses uses up what all share."""
    with limited("2 1h") as server:
        assert attempt(server, password="wonderland", client=home).status == 303
        assert [attempt(server, client=f"10.3.{i}.1").status for i in range(4)] == [401, 401, 429, 429]
        assert attempt(server, password="wonderland", client=far).status == 429
        assert attempt(server, password="wonderland", client=near).status == 303
        assert [attempt(server, client=f"10.4.{i}.1").status for i in range(3)] == [401, 401, 429]
        assert [attempt(server, client=near).status for _ in range(3)] == [401, 401, 429], "a budget, no freedom"


def test_only_a_budget_that_is_used_up_costs_a_query():
    with limited("2 1h") as server:
        attempt(server, client="10.5.0.1"), attempt(server, client="10.5.1.1")
        assert "PLACES" not in server.statements()
        assert attempt(server, client="10.5.2.1").status == 429 and server.statements().count("PLACES") == 1


def test_while_the_database_is_away_no_network_is_known():
    with limited("1 1h") as server:
        assert attempt(server, password="wonderland").status == 303
        assert attempt(server, client="10.5.0.1").status == 401
        server.expect("MS000|no such column|column .realm. does not exist|Unknown column")
        with server.broken_table():
            assert attempt(server, password="wonderland").status == 429
        assert attempt(server, password="wonderland").status == 303


# -- spellings that are users of their own --------------------------------------------------------

def with_a_twin(limit: str, expression: str = "") -> Server:
    """The provider compares bytes: Alice is another user than alice."""
    own_name = f'ManagedSessionUserName "{expression}"\n' if expression else ""
    server = Server(SITE.replace("AuthUserFile", own_name + "AuthUserFile") + REMOTE_IP + f"ManagedSessionLoginLimit {limit}\n", modules="remoteip")
    server.add_user("Alice", "twin")
    return server


# The last one has the same value for all names until a password was right.
@pytest.mark.parametrize("expression", ["", "%{env:AUTHENTICATE_NAME}the user"])
def test_success_of_another_spelling_renews_no_budget(expression):
    with with_a_twin("3 1h", expression) as server:
        guesses = []
        for i in range(4):
            guesses.append(attempt(server, client=f"10.6.{i}.1").status)
            attempt(server, "Alice", "twin", "10.6.9.1")
        assert guesses == [401, 401, 401, 429]


def test_success_of_another_spelling_ends_no_row_of_failures():
    with with_a_twin("1000 1h") as server:
        assert {attempt(server, client=f"10.1.{i}.1").status for i in range(60)} == {401}
        assert attempt(server, "Alice", "twin", "10.2.0.1").status == 303
        assert [attempt(server, client=f"10.2.{i}.2").status for i in range(52)] == [401] * 50 + [429] * 2, "ten of them are forgiven"


def test_a_row_of_another_spelling_keeps_no_user_out():
    with with_a_twin("1000 1h") as server:
        assert attempt(server, password="wonderland", client="10.2.0.1").status == 303
        assert [attempt(server, "ALICE", client=f"10.1.{i}.1").status for i in range(101)] == [401] * 100 + [429]
        assert attempt(server, password="wonderland", client="10.3.0.1").status == 429
        assert [attempt(server, password="wonderland", client=f"10.{i}.0.1").status for i in (2, 3)] == [303] * 2


def test_success_of_another_spelling_forgives_a_hundred_failures_of_a_row_a_day():
    with with_a_twin("1000 1h") as server:
        assert attempt(server, "Alice", "twin", "10.2.0.1").status == 303
        assert [attempt(server, client=f"10.1.{i}.1").status for i in range(101)] == [401] * 100 + [429]
        guesses = []
        for i in range(12):
            assert attempt(server, "Alice", "twin", "10.2.0.1").status == 303
            guesses.append([attempt(server, client=f"10.3.{i}.{k}").status for k in range(11)].count(401))
        assert guesses == [10] * 10 + [0] * 2, "the first success had nothing to forgive"


def test_the_session_of_another_spelling_gives_no_budget():
    with with_a_twin("2 1h") as server:
        token = post(server, "/login", {"username": "Alice", "password": "twin"}, headers=[("X-Client", "10.8.0.1")]).token()
        assert [attempt(server, client=f"10.7.{i}.1").status for i in range(3)] == [401, 401, 429]
        assert attempt(server, client="10.7.9.1", cookie=token).status == 429
        assert attempt(server, "Alice", "twin", "10.7.9.2", token).status == 303, "for the user of the session it is one"


def test_a_user_starts_afresh_beside_the_failures_of_another_spelling():
    with with_a_twin("4 1h") as server:
        assert [attempt(server, "ALICE", client=f"10.6.1.{i}").status for i in range(2)] == [401] * 2
        for i in range(5):
            assert attempt(server, client=f"10.6.2.{i}").status == 401
            assert attempt(server, password="wonderland", client="10.6.3.1").status == 303


def test_spellings_that_the_site_makes_one_user_start_afresh_together():
    with with_a_twin("4 1h", "%{tolower:%{REMOTE_USER}}") as server:
        for i in range(4):
            assert [attempt(server, name, client=f"10.6.2.{i}").status for name in ("ALICE", "alice")] == [401] * 2
            assert attempt(server, "Alice", "twin", "10.6.3.1").status == 303


# -- clients with the same address ----------------------------------------------------------------

def behind_a_proxy(server, user, password="wrong", header=("X-Forwarded-For", "198.51.100.7")):
    return post(server, "/login", {"username": user, "password": password}, headers=[header]).status


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded"])
def test_visitors_behind_a_proxy_are_not_one_client(header):
    """Ten failures of one client lock no other client out; one line names what to configure."""
    with Server(SITE.replace("ManagedSessionLoginLimit 0\n", "ManagedSessionLoginLimit 3 1h\n")) as server:
        value = (header, "for=198.51.100.7" if header == "Forwarded" else "198.51.100.7")
        assert {behind_a_proxy(server, f"user{i}", header=value) for i in range(10)} == {401}
        assert behind_a_proxy(server, "alice", "wonderland", value) == 303
        assert [behind_a_proxy(server, "bob", header=value) for _ in range(4)] == [401, 401, 401, 429], "by user still"
        lines = [line for line in server.new_log().splitlines() if "MS0111" in line]
        assert len(lines) == 1 and ":notice]" in lines[0] and "RemoteIPInternalProxy 127.0.0.1" in lines[0]


def test_no_header_helps_a_client_that_is_not_a_proxy():
    trusted = "RemoteIPHeader X-Forwarded-For\nRemoteIPInternalProxy 10.9.9.9\n"
    for setting in (trusted, "RequestHeader unset X-Forwarded-For early\n"):
        with Server(SITE + "ManagedSessionLoginLimit 3 1h\n" + setting, modules="remoteip") as server:
            assert [behind_a_proxy(server, f"user{i}") for i in range(4)] == [401] * 3 + [429]
            assert "MS0111" not in server.new_log()


def test_addresses_that_mod_remoteip_has_found_are_clients():
    trusted = "RemoteIPHeader X-Forwarded-For\nRemoteIPInternalProxy 127.0.0.1\n"
    with Server(SITE + "ManagedSessionLoginLimit 3 1h\n" + trusted, modules="remoteip") as server:
        assert [behind_a_proxy(server, f"user{i}") for i in range(4)] == [401] * 3 + [429]
        assert behind_a_proxy(server, "alice", "wonderland", ("X-Forwarded-For", "198.51.100.8")) == 303


# -- log lines ------------------------------------------------------------------------------------

def at_debians_level(config: str) -> Server:
    base = harness.BASE.replace("LogLevel info managed_session:trace8", "LogLevel warn")
    return Server(config, base=base, modules="remoteip")


def lines_of(server, number: str) -> list[str]:
    return [line for line in server.new_log().splitlines() if number in line]


def test_failures_and_refusals_are_logged_with_address_and_name_at_debians_level():
    with at_debians_level(SITE + REMOTE_IP + "ManagedSessionLoginLimit 2 1h\n") as server:
        began = time.monotonic()
        assert [attempt(server).status for _ in range(9)] == [401] * 2 + [429] * 7
        failed, refused = lines_of(server, "MS0112"), lines_of(server, "MS0113")
        assert len(failed) == 2 and all('failed sign-in from 10.0.0.1 as user "alice" (form)' in line for line in failed)
        assert 1 <= len(refused) <= 1 + time.monotonic() - began, "one a second"
        assert 'refused sign-in from 10.0.0.1 as user "alice"' in refused[0]
        assert attempt(server, client="10.0.0.2").status == 429
        refused = lines_of(server, "MS0113")
        others = [int(n) for n in re.findall(r"\((\d+) more were not logged\)", "\n".join(refused))]
        assert len(refused) + sum(others) == 8 and "10.0.0.2" in refused[-1]


def test_a_client_that_fails_all_the_time_does_not_fill_the_disk():
    with at_debians_level(SITE + REMOTE_IP) as server:
        assert {attempt(server, f"user{i}").status for i in range(40)} == {401}
        assert 10 <= len(lines_of(server, "MS0112")) < 40
        before = len(lines_of(server, "MS0112"))
        attempt(server, client="10.0.0.2")
        assert len(lines_of(server, "MS0112")) == before + 1, "another address is not kept back"


@pytest.mark.parametrize("name", [
    'x" (form)\\nMS0112: failed sign-in from 192.0.2.66 as user "y', "a b", 'a"b', "MS0112: failed sign-in from 192.0.2.66 as",
    "\u202e192.0.2.66", "a%20b", "a]b[c"])
def test_no_name_makes_a_line_of_its_own_or_names_another_address(name):
    with at_debians_level(SITE + REMOTE_IP) as server:
        assert attempt(server, name).status == 401
        line, = lines_of(server, "MS0112")
        assert " " not in line.split('as user "')[1].split('" (form)')[0] and "from 10.0.0.1 as" in line


FILTER = pathlib.Path(__file__).parents[2] / "conf/examples/fail2ban/managed-session.conf"
FORGED = "MS0112: failed sign-in from 192.0.2.66 as user \"x\" (form)"


def log_of_an_attack(folder: pathlib.Path) -> pathlib.Path:
    """Failures and refusals of two clients, one of which would like a third one to be banned; and a success."""
    config = SITE + REMOTE_IP + "ManagedSessionLoginLimit 3 1h\n" + 'RewriteEngine On\nRewriteRule "^/odd" - [F]\n'
    with at_debians_level(config) as server:
        attempt(server, "bob", "builder", "10.0.0.3")
        for _ in range(5):
            attempt(server, client="10.0.0.1")
        for name in ("alice", FORGED, f"x\" [client 192.0.2.66] {FORGED}"):
            fields = {"username": name, "password": "wrong"}
            post(server, "/login", fields, headers=[("X-Client", "2001:db8::7"), ("Referer", f"http://127.0.0.1:{server.port}/{FORGED}")])
        server.expect("AH|unescaped")
        get(server, f"/{FORGED}/../%00".replace(" ", "%20"), headers=[("Referer", f"] [managed_session:warn] [pid 1] [client 192.0.2.66] {FORGED}")])
        copy = folder / "error.log"
        copy.write_text(server.error_log())
    return copy


def test_the_filter_for_fail2ban_finds_each_address_and_no_forged_one(tmp_path):
    log = log_of_an_attack(tmp_path).read_text()
    pattern = re.search(r"(?m)^failregex = (.*)$", FILTER.read_text())[1].replace("<ADDR>", r"(\S+)")
    lines = [re.sub(r"^\[.*?\] ", "[] ", line) for line in log.splitlines()]
    found = [m[1] for line in lines if (m := re.search(pattern, line))]
    assert found == ["10.0.0.1"] * 4 + ["2001:db8::7"] * 3, log


@pytest.mark.skipif(not shutil.which("fail2ban-regex"), reason="fail2ban is not installed")
def test_fail2ban_itself_reads_it_so(tmp_path):
    log = log_of_an_attack(tmp_path)
    result = subprocess.run(["fail2ban-regex", "-o", "ip", str(log), str(FILTER)], capture_output=True, text=True)
    assert result.stdout.split() == ["10.0.0.1"] * 4 + ["2001:db8::7"] * 3, result.stdout + result.stderr + log.read_text()


def test_attempts_at_the_same_moment_are_no_way_around_it():
    with limited("5 1h", extra=EVENT) as server, ThreadPoolExecutor(16) as attackers:
        found = list(attackers.map(lambda i: attempt(server, client=f"10.0.6.{i}").status, range(32)))
        assert sorted(found) == [401] * 5 + [429] * 27


def test_a_refusal_is_an_event_and_ends_no_session():
    with limited("1 1h") as server:
        token = sign_in(server, "bob")
        assert [attempt(server).status for _ in range(2)] == [401, 429]
        assert 'sign_in_refused: user "alice"' in server.new_log() and "too many failed sign-ins" in server.new_log()
        assert get(server, "/app/", token).status == 200


def test_ten_in_five_minutes_unless_it_is_turned_off():
    with Server(SITE.replace("ManagedSessionLoginLimit 0\n", "")) as server:
        assert [post(server, "/login", {"username": "alice", "password": "no"}).status
                for _ in range(11)] == [401] * 10 + [429]
    with limited("0") as server:
        assert {attempt(server).status for _ in range(25)} == {401}


def test_hosts_with_different_realms_count_for_themselves():
    other = SITE + 'ManagedSessionLoginLimit 1 1h\n<VirtualHost *:@PORT@>\nServerName a.test\n</VirtualHost>\n' \
                   '<VirtualHost *:@PORT@>\nServerName b.test\n</VirtualHost>\n'
    with Server(other) as server:
        def at(host: str) -> int:
            return post(server, "/login", {"username": "alice", "password": "no"}, headers=[("Host", host)]).status

        assert [at("a.test"), at("a.test"), at("b.test"), at("b.test")] == [401, 429, 401, 429]

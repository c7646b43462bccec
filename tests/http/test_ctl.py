# SPDX-License-Identifier: Apache-2.0
"""managed-sessionctl: what an administrator does with sessions from a shell."""
import csv
import io
import json
import os
import pathlib
import re
import secrets
import shutil
import subprocess
import time
import unicodedata

import pytest

import databases
import debian_layout
import harness
from ctl import ENVIRONMENT, PROGRAM, Ctl, of, run
from harness import PASSWORDS, SITE, Server, eventually, get, request, sign_in

FOLDER = pathlib.Path(__file__).parents[2]
SQLITE = databases.NAME == "sqlite"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
sqlite_only = pytest.mark.sqlite
as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")


@pytest.fixture(scope="module")
def shared():
    with Server(SITE) as server:
        yield server


@pytest.fixture()
def site(shared):
    """Without any session."""
    shared.sql("SELECT 1")
    if get(shared, "/app/", harness.random_token()).status == 401:
        shared.sql("DELETE FROM managed_session")
    return shared


@pytest.fixture()
def ctl(site):
    return Ctl(site)


def is_in(server, token: str) -> bool:
    server.age_cache()
    return get(server, "/app/", token).status == 200


def ended(server) -> list[tuple]:
    return server.sql("SELECT user_name, end_reason, ended_by FROM managed_session WHERE ended_at IS NOT NULL ORDER BY user_name")


def age(server, token: str, seconds: int) -> None:
    server.sql("UPDATE managed_session SET created_at = created_at - ? WHERE session_id = ?", seconds, token[:22])


# -- reading --------------------------------------------------------------------------------------

def test_live_sessions_are_listed(ctl, site):
    alice, bob = sign_in(site, agent=FIREFOX), sign_in(site, "bob")
    result = ctl("list")
    assert result.status == 0 and re.search(rf"(?m)^{alice[:22]}  alice  Firefox on Linux  127\.0\.0\.1  .* ago .* in \d+h$", result.out)
    assert bob[:22] in result.out and alice[23:] not in result.out and not result.err
    assert bob[:22] not in ctl("list", "--user", "alice").out and alice[:22] in ctl("list", "--ip", "127.0.0.1").out
    assert ctl("list", "--limit", 1).out.count("\n") == 2


def test_nothing_found_is_a_status_of_its_own(ctl):
    for words in (["list"], ["list", "--user", "carol"], ["list", "--json"], ["history"], ["show", "A" * 22], ["show", "nonsense"], ["export"],
                  ["revoke", "--user", "carol", "--yes"], ["revoke", "A" * 22, "--yes"], ["erase", "--user", "carol", "--yes"]):
        assert ctl(*words).status == 1, words


def test_json_has_what_the_list_of_sessions_has(ctl, site):
    token = sign_in(site, agent=FIREFOX)
    [session] = ctl("list", "--json").json()["sessions"]
    own = get(site, "/sessions", token, headers=harness.JSON).json()["sessions"][0]
    for name in ("id", "device", "browser", "os", "ip", "last_ip", "label", "method", "created_at", "last_seen_at", "expires_at"):
        assert session[name] == own[name], name
    assert session["user"] == "alice" and session["state"] == "live" and session["ended_at"] is None


def test_one_session_is_shown_whole(ctl, site):
    token = sign_in(site, agent=FIREFOX)
    said = ctl("show", token[:22]).out
    assert re.search(r"(?m)^state +live$", said) and FIREFOX in said and re.search(r"(?m)^expires +\d{4}-\d\d-\d\d .*\(in ", said)
    ctl("revoke", token[:22], "--yes")
    said = ctl("show", token[:22]).out
    assert re.search(r"(?m)^end reason +revoked$", said) and re.search(r"(?m)^ended by +administrator$", said)
    assert ctl("show", token[:22], "--json").json()["state"] == "ended"


def test_history_says_why_sessions_have_ended(ctl, site):
    out, revoked, expired, live = (sign_in(site, user) for user in ("alice", "alice", "bob", "bob"))
    harness.post(site, "/logout", {}, out)
    ctl("revoke", revoked[:22], "--yes", "--by", "carol")
    site.sql("UPDATE managed_session SET expires_at = 1 WHERE session_id = ?", expired[:22])
    found = {s["id"]: (s["end_reason"], s["ended_by"], s["state"]) for s in ctl("history", "--json").json()["sessions"]}
    assert found == {out[:22]: ("signed_out", None, "ended"), revoked[:22]: ("revoked", "carol", "ended"), expired[:22]: (None, None, "expired")}
    table = ctl("history", "--user", "bob").out
    assert expired[:22] in table and "expired" in table and live[:22] not in table and out[:22] not in table


def test_an_app_password_is_told_from_a_browser(ctl, site):
    app, browser = sign_in(site), sign_in(site)
    site.sql("UPDATE managed_session SET kind = 1, name = 'Phone' WHERE session_id = ?", app[:22])
    assert re.search(rf"(?m)^{app[:22]}  alice  Phone .*  app +\d+s ago", ctl("list").out)
    assert not re.search(rf"(?m)^{browser[:22]}.* app ", ctl("list").out) and "  app " in ctl.on_terminal("list", width=80).out
    assert {s["id"]: s["kind"] for s in ctl("list", "--json").json()["sessions"]} == {app[:22]: "app", browser[:22]: "browser"}
    assert {row["id"]: row["kind"] for row in csv.DictReader(io.StringIO(ctl("export", "--format", "csv").out))} == {app[:22]: "app", browser[:22]: "browser"}
    assert re.search(r"(?m)^kind +app password$", ctl("show", app[:22]).out) and re.search(r"(?m)^kind +browser$", ctl("show", browser[:22]).out)
    ctl("revoke", "--user", "alice", "--yes")
    assert re.search(rf"(?m)^{app[:22]}.*  app ", ctl("history").out)


@pytest.mark.parametrize("words, question", [
    (["--user", "alice", "--older-than", "90d"], "Revoke 1 session of alice that began more than 90d ago? [y/N]"),
    (["--older-than", "36h"], "Revoke 1 session of the realm app.test that began more than 1d 12h ago? [y/N]"),
])
def test_the_question_repeats_the_age(ctl, site, words, question):
    token = sign_in(site)
    age(site, token, 91 * 86400), sign_in(site)
    result = ctl.on_terminal("revoke", *words, typed="n", width=120)
    assert question in result.out and result.status == 1 and is_in(site, token)


def test_statistics_count(ctl, site):
    sign_in(site), sign_in(site), ctl("revoke", sign_in(site, "bob")[:22], "--yes")
    stats = ctl("stats", "--json").json()
    assert stats == {"schema": 2, "live_sessions": 2, "users": 1, "ended_or_expired": 1, "begun_in_24h": 3, "begun_in_7d": 3}
    assert re.search(r"(?m)^live sessions +2$", ctl("stats").out) and databases.PASSWORD not in ctl("stats").out


def test_a_long_list_is_read_in_pages(ctl, site):
    rows = [(f"{i:022d}", "0" * 64, "app.test", f"user{i % 7}", 1000 + i // 3, 1000, 2 ** 40, 2 ** 40, "::1", "::1", "", None, "form", 1)
            for i in range(180)]
    for row in rows:
        site.sql(f"INSERT INTO managed_session ({databases.COLUMNS}) VALUES ({', '.join('?' * 14)})", *row)
    ids = [s["id"] for s in ctl("list", "--json").json()["sessions"]]
    assert ids == sorted((row[0] for row in rows), reverse=True)
    assert ctl("list").out.count("\n") == 181 and ctl("list", "--limit", 60).out.count("\n") == 61
    lines = [json.loads(line) for line in ctl("export").out.splitlines()]
    assert [line["id"] for line in lines] == ids and len(ctl("export", "--user", "user3").out.splitlines()) == 26
    assert ctl("revoke", "--older-than", "1d", "--yes", "--json").json() == {"revoked": 180}


# -- ending ---------------------------------------------------------------------------------------

def test_a_session_that_is_revoked_is_out(ctl, site):
    token, other = sign_in(site), sign_in(site)
    result = ctl("revoke", token[:22], "--yes")
    assert result.status == 0 and result.out.startswith("Revoked 1 session") and not is_in(site, token) and is_in(site, other)
    assert ended(site) == [("alice", "revoked", "administrator")]


@pytest.mark.parametrize("words", [["revoke", "--user", "alice"], ["revoke", "--all"], ["erase", "--user", "alice"]])
def test_a_host_that_has_the_session_in_its_memory_notices(words):
    """Its entry would answer for five minutes: the feed of ended sessions tells the host."""
    with Server(SITE + "ManagedSessionCacheTTL 1s\nManagedSessionCacheLife 5m\n") as server:
        token, other = sign_in(server), sign_in(server, "bob")
        assert get(server, "/app/", token).status == 200
        assert run(*words, "--yes", *of(server)).status == 0
        eventually(lambda: get(server, "/app/", token).status == 401, "that it is out")
        assert "--all" in words or get(server, "/app/", other).status == 200


@pytest.mark.parametrize("words, gone", [
    (["--user", "alice"], {"old", "new"}), (["--user", "alice", "--older-than", "1h"], {"old"}), (["--older-than", "1h"], {"old", "bob"}),
    (["--ip", "127.0.0.1", "--older-than", "1h"], {"old", "bob"}), (["--ip", "127.0.0.1"], {"old", "new", "bob"}), (["--all"], {"old", "new", "bob"}),
    (["--older-than", "9d"], set()),
])
def test_many_are_revoked_at_once(ctl, site, words, gone):
    tokens = {"old": sign_in(site), "new": sign_in(site), "bob": sign_in(site, "bob")}
    age(site, tokens["old"], 7200), age(site, tokens["bob"], 7200)
    dry = ctl("revoke", *words, "--dry-run", "--json")
    assert all(is_in(site, token) for token in tokens.values()) and (not gone or dry.json() == {"dry_run": True, "count": len(gone)})
    result = ctl("revoke", *words, "--yes", "--json")
    assert result.json() == {"revoked": len(gone)} and result.status == (0 if gone else 1)
    assert {name for name, token in tokens.items() if not is_in(site, token)} == gone


def test_one_of_a_users_sessions_may_be_spared(ctl, site):
    tokens = [sign_in(site) for _ in range(3)]
    assert ctl("revoke", "--user", "alice", "--except", tokens[1][:22], "--yes", "--json").json() == {"revoked": 2}
    assert [is_in(site, token) for token in tokens] == [False, True, False]


def test_an_id_that_is_wrong_is_named_and_the_others_are_revoked(ctl, site):
    token = sign_in(site)
    result = ctl("revoke", token[:22], "A" * 22, "x\033[31m", "--yes")
    assert result.status == 1 and "A" * 22 in result.err and "\033" not in result.err and not is_in(site, token)


def test_without_a_terminal_nothing_is_done_unless_yes_is_given(ctl, site):
    token = sign_in(site)
    for words in (["revoke", "--all"], ["revoke", token[:22]], ["erase", "--user", "alice"]):
        result = ctl(*words)
        assert result.status == 2 and "--yes" in result.err and is_in(site, token)


def test_a_person_is_asked(ctl, site):
    token = sign_in(site)
    result = ctl.on_terminal("revoke", "--user", "alice", typed="n")
    assert "Revoke 1 session of alice? [y/N]" in result.out and result.status == 1 and is_in(site, token)
    result = ctl.on_terminal("revoke", "--user", "alice", typed="y")
    assert "Revoked 1 session" in result.out and result.status == 0 and not is_in(site, token)


def test_everything_about_a_user_is_erased(ctl, site):
    tokens, bob = [sign_in(site) for _ in range(3)], sign_in(site, "bob")
    ctl("revoke", tokens[0][:22], tokens[1][:22], "--yes")
    ctl("revoke", bob[:22], "--yes", "--by", "alice")
    site.sql("UPDATE managed_session SET ended_at = ended_at - 4000, user_agent = ? WHERE session_id = ?", "alice's", tokens[1][:22])
    exported = ctl("export", "--user", "alice", "--ended").out.splitlines()
    assert len(exported) == 3 and ctl("erase", "--user", "alice", "--dry-run").status == 0
    assert len(site.sql("SELECT session_id FROM managed_session")) == 4
    assert ctl("erase", "--user", "alice", "--yes", "--json").json() == {"erased": 3}
    left = dict((row[0], row[1:]) for row in site.sql("SELECT session_id, user_name, created_ip, last_ip, user_agent, label, name, ended_by "
                                                      "FROM managed_session"))
    nothing = ("", "", "", "", None, None, None)
    assert left.pop(bob[:22])[-1] == "administrator"
    assert left == {tokens[0][:22]: nothing, tokens[2][:22]: nothing}, "their rows tell hosts that they ended"
    assert ctl("export", "--user", "alice", "--ended").status == 1
    assert not any(is_in(site, token) for token in tokens)


def test_purge_deletes_what_has_expired_and_what_ended_long_ago(ctl, site):
    live, expired, fresh, old = (sign_in(site) for _ in range(4))
    ctl("revoke", fresh[:22], old[:22], "--yes")
    site.sql("UPDATE managed_session SET expires_at = 1 WHERE session_id = ?", expired[:22])
    site.sql("UPDATE managed_session SET ended_at = ended_at - 8000 WHERE session_id = ?", old[:22])
    assert ctl("purge", "--dry-run", "--json").json() == {"dry_run": True, "count": 1}
    assert ctl("purge", "--yes", "--json").json() == {"deleted": 1}, "only what expired: the history is a month"
    assert ctl("purge", "--older-than", "2h", "--yes", "--json").json() == {"deleted": 1}
    assert ctl("purge", "--older-than", "0", "--yes").status == 0
    assert sorted(site.sql("SELECT session_id FROM managed_session")) == sorted([(live[:22],), (fresh[:22],)])


def test_an_old_id_that_begins_like_an_option_is_written_behind_two_dashes(ctl, site):
    token, old = sign_in(site), "-" + secrets.token_hex(11)[1:]
    site.sql("UPDATE managed_session SET session_id = ? WHERE session_id = ?", old, token[:22])
    assert run("show", *of(site), "--", old).status == 0 and run("revoke", *of(site), "--yes", "--", old).status == 0
    assert ended(site) == [("alice", "revoked", "administrator")]


# -- export ---------------------------------------------------------------------------------------

def test_csv_is_what_spreadsheets_read(ctl, site):
    token = sign_in(site, agent='=HYPERLINK("http://evil.test","x"), "y"')
    text = ctl("export", "--format", "csv").out
    [row] = csv.DictReader(io.StringIO(text, newline=""))
    assert row["id"] == token[:22] and row["user"] == "alice" and row["ended_at"] == ""
    assert row["user_agent"] == '\'=HYPERLINK("http://evil.test","x"), "y"'
    assert token[23:] not in text


def test_ended_sessions_are_exported_if_wanted(ctl, site):
    ctl("revoke", sign_in(site)[:22], "--yes")
    nothing = ctl("export")
    assert (nothing.status, nothing.out, nothing.err) == (1, "", "There are no such sessions.\n") == (1, "", ctl("list").err)
    assert json.loads(ctl("export", "--ended").out)["end_reason"] == "revoked"


# -- terminals ------------------------------------------------------------------------------------

def width_of(line: str) -> int:
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


@sqlite_only
@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
def test_tables_fit_the_terminal(ctl, site, width):
    sign_in(site, agent=FIREFOX)
    site.sql("UPDATE managed_session SET user_name = ?, last_ip = ?", "\u65e5\u672c\u8a9e" * 15, "2001:db8:1111:2222:3333:4444:5555:6666")
    lines = re.sub(r"\033\[\d+m", "", ctl.on_terminal("list", width=width).out).splitlines()
    assert len(lines) == 2 and all(width_of(line) <= width for line in lines), lines


@sqlite_only
def test_colours_are_for_terminals_that_want_them(ctl, site):
    sign_in(site)
    assert "\033[1m" in ctl.on_terminal("list").out
    assert "\033" not in ctl.on_terminal("list", NO_COLOR="1").out + ctl.on_terminal("list", TERM="dumb").out + ctl("list").out


@sqlite_only
def test_what_a_client_sent_cannot_write_to_the_terminal(ctl, site):
    token = sign_in(site)
    site.sql("UPDATE managed_session SET user_name = ?, user_agent = ?, label = ?", "al\033[2Jice", "\033]0;x\007curl/8", "\u202eevil\u009b31m")
    for words in (["list"], ["show", token[:22]], ["export"], ["export", "--format", "csv"], ["list", "--json"]):
        out = ctl(*words).out
        assert out and not re.search("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e]", out), words


@sqlite_only
@pytest.mark.slow
def test_long_work_shows_how_far_it_is(ctl, site):
    for start in range(0, 40000, 500):
        rows = ", ".join(f"('{i:022d}', '{'0' * 64}', 'app.test', 'u{i}', 1, 1, 1, 1, '', '', '', NULL, 'form', 0)" for i in range(start, start + 500))
        site.sql(f"INSERT INTO managed_session ({databases.COLUMNS}) VALUES {rows}")
    result = ctl.on_terminal("purge", "--yes")
    assert "Deleted 40000 rows." in result.out and re.search(r"Deleting \[#+\.*\] \d+%", result.out)


# -- finding the database -------------------------------------------------------------------------

HOSTS = "".join(f'<VirtualHost *:@PORT@>\nServerName {name}\nServerAlias www.{name}\n{SITE}</VirtualHost>\n' for name in ("one.test", "two.test"))


def test_several_realms_are_told_apart():
    with Server(HOSTS) as server:
        ctl = Ctl(server)
        token = harness.post(server, "/login", {"username": "alice", "password": PASSWORDS["alice"]}, headers=[("Host", "two.test")]).token()
        result = ctl("list")
        assert result.status == 2 and "one.test" in result.err and "two.test" in result.err and "--realm" in result.err
        assert token[:22] in ctl("list", "--realm", "two.test").out and token[:22] in ctl("list", "--host", "WWW.two.test").out
        assert ctl("list", "--host", "one.test").status == 1 and ctl("list", "--realm", "three.test").status == 2
        assert ctl("revoke", "--realm", "one.test", "--all", "--yes").status == 1 and ctl("purge").status == 0
        assert ctl("revoke", "--realm", "two.test", "--all", "--yes").status == 0


def test_options_may_name_the_database(site):
    token = sign_in(site)
    words = ["--driver", site.database.driver, "--params", site.params]
    assert token[:22] in run("list", *words, "--realm", "app.test").out
    assert run("list", *words, "--realm", "other.test").status == 1
    assert run("list", *words).status == 2 and run("stats", *words, "--realm", "app.test", "--table", "no_such").status == 3
    file = site.write("params", site.params + "\n", 0o600)
    assert token[:22] in run("list", "--driver", site.database.driver, "--params", f"@{file}", "--realm", "app.test").out


@sqlite_only
def test_the_dump_of_httpd_is_for_programs(site):
    command = [harness.HTTPD, "-f", f"{site.root}/httpd.conf", "-t"]
    done = subprocess.run([*command, "-D", "DUMP_MANAGED_SESSION"], capture_output=True, text=True, env=site.environment())
    [server] = json.loads(done.stdout)["managed_session"]["servers"]
    assert (server["driver"], server["realm"], server["table"], server["params"]) == ("sqlite3", "app.test", "managed_session", site.params)
    assert subprocess.run(command, capture_output=True, text=True, env=site.environment()).stdout == ""


@sqlite_only
def test_a_password_is_on_no_screen():
    """Neither in the dump, if a person calls for it, nor in messages of the tool about a database that is not there."""
    params = "host=127.0.0.1 port=1 user=web password=wonderland dbname=app connect_timeout=1"
    server = Server(SITE + f'DBDriver pgsql\nDBDParams "{params}"\nDBDInitSQL "SELECT 1 AS secret"\n')
    try:
        screen = subprocess.run(["script", "-qec", f"{harness.HTTPD} -f {server.root}/httpd.conf -t -D DUMP_MANAGED_SESSION", "/dev/null"],
                                capture_output=True, text=True, env=server.environment(), timeout=harness.DEADLINE).stdout
        assert "host=127.0.0.1" in screen and "wonderland" not in screen and "secret" not in screen
        for words in (["list"], ["check"], ["stats"]):
            result = run(*words, *of(server))
            assert result.status == 3 and "wonderland" not in result.out + result.err, result
        result = run("list", "--driver", "pgsql", "--params", "password=wonder land host=127.0.0.1", "--realm", "x")
        assert result.status == 3 and "wonder" not in result.err and "land" not in result.err
    finally:
        server.remove()


@sqlite_only
@pytest.mark.skipif(not debian_layout.package(), reason="Debian's package apache2 cannot be had here")
def test_debians_own_control_script_leads_to_the_database():
    """apache2ctl reads /etc/apache2/envvars first, without which httpd's configuration there is none."""
    layout = debian_layout.Layout()
    try:
        layout.enable("managed_session", "dbd", "authn_file", "proxy_http")
        layout.add_site((FOLDER / "conf/examples/form.conf").read_text().replace("/var/lib/managed-session", str(layout.root / "state")))
        result = run("list", "--httpd", layout.files / "usr/sbin/apache2ctl", **layout.environment(), APACHE_ENVVARS="/dev/null",
                     APACHE_HTTPD=harness.HTTPD)
        assert result.status == 3 and f"there is no database {layout.root}/state/sessions.db" in result.err, result
    finally:
        layout.remove()


@sqlite_only
@sqlite_only
@pytest.mark.parametrize("driver", ["pgsql", "mysql"])
def test_a_server_needs_no_dbdparams(tmp_path, driver):
    """mod_dbd connects without any: PostgreSQL's come from the environment."""
    httpd, host = tmp_path / "httpd", {"host": "one.test", "aliases": [], "driver": driver, "params": None, "init": [],
                                       "table": "managed_session", "realm": "one.test"}
    httpd.write_text(f"#!/bin/sh\necho '{json.dumps({'managed_session': {'servers': [host]}}, separators=(',', ':'))}'\n")
    httpd.chmod(0o755)
    result = run("list", "--httpd", httpd, PGHOST="/nowhere", PGUSER="web")
    assert result.status == 3 and result.err.count("\n") == 1, result


def test_a_configuration_that_is_wrong_is_httpds_to_explain():
    server = Server(SITE + "NoSuchDirective On\n")
    try:
        result = run("list", *of(server))
        assert result.status == 2 and "NoSuchDirective" in result.err and "--driver" in result.err
        assert run("list", "--httpd", "/no/such/httpd").status == 2
    finally:
        server.remove()


@sqlite_only
def test_without_sessions_there_is_nothing_to_manage():
    server = Server("", load_module=True)
    try:
        result = run("list", *of(server))
        assert result.status == 2 and "has sessions" in result.err
    finally:
        server.remove()


# -- whom it acts as ------------------------------------------------------------------------------

@sqlite_only
@as_root
def test_root_leaves_no_file_behind_that_locks_httpd_out(site, ctl):
    token = sign_in(site)
    assert ctl("revoke", token[:22], "--yes").status == 0
    assert {path.owner() for path in (site.root / "db").iterdir()} == {site.user}
    assert {path.stat().st_mode & 0o777 for path in (site.root / "db").iterdir()} == {0o600}
    sign_in(site)


@sqlite_only
@as_root
@pytest.mark.parametrize("command", ["list", "check"])
@pytest.mark.parametrize("is_there", [False, True])
def test_a_directory_that_httpd_cannot_write_is_named_with_the_command_that_corrects_it(command, is_there):
    """The sentence of MS0001: a database that httpd will never create is not missing yet only."""
    server = Server(SITE, base=harness.BASE.replace("@DB@", "@ROOT@/managed-session/sessions.db"))
    place = server.root / "managed-session"
    if is_there:
        place.mkdir(mode=0o755)
    try:
        result = run(command, *of(server))
        said = result.out + result.err
        assert result.status == 3 and "creates it" not in said and f"{place}/sessions.db, and httpd cannot create it" in said, result
        cure = re.search(rf"install -d -o {server.user} -g \S+ -m 700 {place}/?", said)[0]
        subprocess.run(cure.split(), check=True)
        result = run(command, *of(server))
        assert "httpd creates it when it starts" in result.out + result.err
        with server:
            sign_in(server)
            assert run(command, *of(server)).status == 0
    finally:
        server.remove()


@sqlite_only
@as_root
def test_before_httpd_has_run_there_is_no_database():
    server = Server(SITE)
    try:
        result = run("list", *of(server))
        assert result.status == 3 and "httpd creates it" in result.err and not list((server.root / "db").iterdir())
    finally:
        server.remove()


@sqlite_only
@as_root
def test_httpds_user_may_and_others_may_not(site):
    sign_in(site)
    words = ["--driver", "sqlite3", "--params", site.db, "--realm", "app.test"]
    (site.root).chmod(0o755)
    assert run("list", *words, user=site.user).status == 0
    (site.root / "db").chmod(0o755)
    result = run("list", *words, user="nobody")
    assert result.status == 3 and f'belongs to "{site.user}"' in result.err and "as root" in result.err
    (site.root / "db").chmod(0o700)
    assert run("list", *words, user="nobody").status == 3


@sqlite_only
@as_root
def test_a_database_of_root_is_refused(site, tmp_path):
    (tmp_path / "sessions.db").touch()
    result = run("list", "--driver", "sqlite3", "--params", tmp_path / "sessions.db", "--realm", "x")
    assert result.status == 3 and "belong to root" in result.err and [p.name for p in tmp_path.iterdir()] == ["sessions.db"]


@sqlite_only
@as_root
def test_a_link_does_not_choose_whom_root_becomes(site, tmp_path):
    harness.shutil.chown(tmp_path, site.user)
    (tmp_path / "of-nobody.db").touch()
    harness.shutil.chown(tmp_path / "of-nobody.db", "nobody")
    (tmp_path / "of-nobody.db").chmod(0o600)
    (tmp_path / "sessions.db").symlink_to(tmp_path / "of-nobody.db")
    tmp_path.parent.chmod(0o755)
    result = run("list", "--driver", "sqlite3", "--params", tmp_path / "sessions.db", "--realm", "x")
    assert result.status == 3 and (tmp_path / "of-nobody.db").stat().st_size == 0


# -- check and upgrade ----------------------------------------------------------------------------

def test_check_finds_nothing_wrong_with_a_server_that_works(ctl, site):
    sign_in(site)
    result = ctl("check")
    assert result.status == 0 and "wrong" not in result.out and result.out.count("ok") >= 7 and databases.PASSWORD not in result.out
    assert ctl("check", "--json").json()["ok"] is True


def test_check_says_what_is_wrong(ctl, site):
    sign_in(site), sign_in(site)
    site.sql("UPDATE managed_session SET expires_at = 1")
    result = ctl("check")
    assert result.status == 3 and "2 rows should have been deleted days ago" in result.out
    site.sql("UPDATE managed_session SET expires_at = ?, created_at = ?", int(time.time()) + 9999, int(time.time()) + 999)
    assert "2 sessions began in the future" in ctl("check").out


def test_check_tells_a_table_that_is_there_from_one_that_is_not():
    hosts = HOSTS.replace("ServerName two.test", "ServerName two.test\nManagedSessionTable not_there\nManagedSessionCreateTable Off")
    with Server(hosts) as server:
        server.expect("MS0002", status_5xx=True)
        result = Ctl(server)("check")
        assert result.status == 3 and "not_there" in result.err
        assert "the table managed_session has the newest schema" in result.out and "has schema 1" not in result.out


def test_check_changes_nothing(ctl, site):
    sign_in(site)
    before = site.sql("SELECT * FROM managed_session")
    ctl("check")
    assert site.sql("SELECT * FROM managed_session") == before


def test_an_older_table_is_upgraded():
    from test_schema_upgrade import NEW, columns, old_insert, old_table
    server = Server(SITE + "ManagedSessionCreateTable Off\n")
    try:
        old_table(server)
        ctl = Ctl(server)
        assert ctl("list").status == 1 and "upgrade-schema" in ctl("check").out
        old_insert(server, "carol"), old_insert(server, "dave")
        server.sql("UPDATE managed_session SET expires_at = 1 WHERE user_name = 'carol'")
        assert ctl("purge", "--yes", "--json").json() == {"deleted": 1}
        assert ctl("erase", "--user", "dave", "--yes", "--json").json() == {"erased": 1}
        assert ctl("upgrade-schema", "--dry-run").status == 0 and columns(server)[14:] == []
        result = ctl("upgrade-schema")
        assert result.status == 0 and "from schema 1 to 2" in result.out and columns(server)[14:] == NEW
        assert ctl("upgrade-schema").status == 0 and ctl("stats", "--json").json()["schema"] == 2
    finally:
        server.remove()


def test_a_table_that_is_missing_is_not_made():
    server = Server(SITE)
    try:
        if SQLITE:
            server.sql("PRAGMA journal_mode=WAL")
            harness.shutil.chown(server.db, server.user or os.getuid())
        result = run("list", *of(server))
        assert result.status == 3 and "is not there" in result.err
        with pytest.raises(Exception):
            server.sql("SELECT * FROM managed_session")
    finally:
        server.remove()


# -- usage ----------------------------------------------------------------------------------------

COMMANDS = ("list", "show", "revoke", "history", "purge", "stats", "export", "erase", "upgrade-schema", "check")


@sqlite_only
def test_help_names_every_command_and_each_has_its_own():
    said = run("--help").out
    for name in COMMANDS:
        assert re.search(rf"(?m)^  {name} +\w", said), name
        help_of = run(name, "--help")
        assert help_of.status == 0 and help_of.out.startswith(f"Usage: managed-sessionctl {name}") and "--realm" in help_of.out
        assert max(map(len, help_of.out.splitlines())) <= 110
    assert re.fullmatch(r"managed-sessionctl \d+\.\d+\.\d+\n", run("--version").out)


@sqlite_only
@pytest.mark.parametrize("words, said", [
    ([], "a command is needed"), (["nonsense"], 'no command "nonsense"'), (["list", "--nonsense"], "no option --nonsense"),
    (["list", "-x"], "no option -x"), (["list", "-xy"], "no option -x"), (["list", "--json=1"], "--json=1: this option takes no value"), (["show", "-" + "A" * 21], "-- -AAAAAAAAAAAAAAAAAAAAA"),
    (["revoke", "--" + "A" * 20, "--yes"], "-- --AAAAAAAAAAAAAAAAAAAA"),
    (["list", "--user"], "--user needs a value"), (["list", "--yes"], "list takes no --yes"), (["list", "x"], 'does not take "x"'),
    (["list", "--limit", "0"], "--limit takes"), (["list", "--limit", "3x"], "--limit takes"), (["list", "--ip", "nowhere"], "--ip takes"),
    (["list", "--user", "a", "--ip", "::1"], "do not go together"), (["list", "--user", ""], "--user takes"),
    (["revoke"], "which sessions"), (["revoke", "--all", "--user", "a"], "one of"), (["revoke", "--older-than", "soon"], "--older-than takes"),
    (["revoke", "--older-than", "90"], 'such as 90d, not "90"'), (["purge", "--older-than", "90"], "--older-than takes"),
    (["revoke", "--older-than", "0"], "--all revokes"), (["revoke", "--user", "a", "--older-than", "0s"], "--all revokes"),
    (["revoke", "--all", "--except", "A" * 22], "goes with --user"), (["revoke", "--user", "a", "--except", "x"], "--except takes"),
    (["revoke", "A" * 22, "--older-than", "1h"], "--older-than goes"), (["erase", "--yes"], "needs --user"), (["show"], "needs the id"),
    (["export", "--format", "xml"], "--format takes"), (["list", "--driver", "oracle"], "--driver takes"),
    (["list", "--driver", "sqlite3"], "go together"), (["list", "--table", "a b"], "--table takes"), (["revoke", "--all", "--by", ""], "--by takes"),
    (["list", "--driver", "sqlite3", "--params", "@/no/such/file"], "/no/such/file"),
])
def test_mistakes_are_named(site, words, said):
    result = run(*of(site), *words)
    assert result.status == 2 and said in result.err and not result.out, result


def options_of(command: str = "") -> set[str]:
    return set(re.findall(r"(?m)^  --([a-z-]+)", run(*([command] if command else []), "--help").out))


@sqlite_only
def test_the_man_page_has_every_command_and_option():
    page = (FOLDER / "ctl/managed-sessionctl.8").read_text()
    for command in COMMANDS:
        assert f"\n.It Cm {command}" in page and f"\n.Cm {command}\n" in page
        for option in options_of(command):
            assert f"\n.It Fl -{option}" in page, option
    assert set(re.findall(r"\n\.It Fl -([a-z-]+)", page)) == set().union(*map(options_of, COMMANDS)) | {"help", "version"}


@sqlite_only
@pytest.mark.skipif(not shutil.which("mandoc"), reason="mandoc is not installed")
def test_the_man_page_is_correct():
    done = subprocess.run(["mandoc", "-Tlint", "-Wstyle", FOLDER / "ctl/managed-sessionctl.8"], capture_output=True, text=True)
    assert not [line for line in done.stdout.splitlines() if "referenced manual not found" not in line]


COMPLETION = FOLDER / "ctl/completion"
CASES = [
    ([""], {*COMMANDS}), (["re"], {"revoke"}), (["list", "--u"], {"--user"}), (["purge", "--d"], {"--dry-run", "--define", "--driver"}),
    (["stats", "--driver", ""], {"sqlite3", "pgsql", "mysql"}), (["export", "--format", "c"], {"csv"}), (["list", "--user", ""], set()),
    (["show", ""], set()),
]


@sqlite_only
@pytest.mark.parametrize("words, offered", CASES)
def test_bash_completes(words, offered):
    line = " ".join(f"'{word}'" for word in ["managed-sessionctl", *words])
    script = f"source {COMPLETION}/managed-sessionctl.bash; COMP_WORDS=({line}); COMP_CWORD={len(words)}; _managed_sessionctl; " \
             "printf '%s\\n' \"${COMPREPLY[@]}\""
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, env={"PATH": f"{PROGRAM.parent}:{os.environ['PATH']}"})
    assert set(done.stdout.split()) == offered and not done.stderr


@sqlite_only
@pytest.mark.skipif(not shutil.which("zsh"), reason="zsh is not installed")
@pytest.mark.parametrize("words, offered", CASES)
def test_zsh_completes(words, offered):
    """Its completion system needs a terminal, so what it would be given is printed: it filters by what is typed."""
    line = " ".join(f"'{word}'" for word in ["managed-sessionctl", *words])
    script = ("compadd() { print -l -- $@ }; _files() { : }; _describe() { print -l -- ${(P)2%%:*} }; "
              f"words=({line}); CURRENT={len(words) + 1}; complete_it() {{ source {COMPLETION}/_managed-sessionctl }}; complete_it || true")
    done = subprocess.run(["zsh", "-f", "-c", script], capture_output=True, text=True, env={"PATH": f"{PROGRAM.parent}:{os.environ['PATH']}"})
    assert {word for word in done.stdout.split() if word.startswith(words[-1])} == offered and not done.stderr, done


@sqlite_only
def test_a_full_disk_is_no_success(ctl, site):
    sign_in(site)
    with open("/dev/full", "w") as full:
        done = subprocess.run([PROGRAM, "export", *of(site)], stdout=full, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
    assert done.returncode == 3 and "could not be written" in done.stderr
    assert request(site, "GET", "/").status == 200


@sqlite_only
def test_a_disk_that_is_full_from_some_line_on_is_no_success(ctl, site):
    """Also if that line is the last one."""
    for _ in range(12):
        sign_in(site)
        with open("/dev/full", "w") as full:
            assert subprocess.run([PROGRAM, "export", *of(site)], stdout=full, stderr=subprocess.DEVNULL, env=ENVIRONMENT).returncode == 3

# SPDX-License-Identifier: Apache-2.0
"""managed-sessionctl when something is in its way: a database that fails, a place that it may not read, a host that is not there."""
import os
import pty
import subprocess

import pytest

import faults
from ctl import ENVIRONMENT, PROGRAM, Ctl, of, run
from harness import HTTPD, SITE, Server, sign_in
from test_schema_upgrade import old_table

as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
COMMANDS = {
    "list": ["list"], "list of one": ["list", "--user", "alice"], "show": ["show", "@ID@"], "history": ["history"], "stats": ["stats"],
    "export": ["export", "--ended"], "revoke": ["revoke", "@ID@", "--yes"], "revoke all of one": ["revoke", "--user", "alice", "--yes"],
    "revoke everything": ["revoke", "--all", "--yes"], "purge": ["purge", "--yes"], "erase": ["erase", "--user", "alice", "--yes"],
}


@pytest.fixture(scope="module")
def site():
    with Server(SITE) as server:
        yield server


@pytest.mark.parametrize("command", COMMANDS)
def test_a_statement_that_fails_is_no_success(site, command):
    """Whichever it is: the status says so, and what the database said stands on standard error."""
    plan, ctl = faults.Faults(), Ctl(site)
    environment = plan.give_to(site).more_environment  # not httpd's: it runs
    for i in range(1, 20):
        alice, gone = sign_in(site), sign_in(site)
        site.sql("UPDATE managed_session SET expires_at = 1 WHERE session_id = ?", gone[:22])
        plan.plan(faults.FAIL, i, faults.EVER_AFTER, faults.STATEMENTS)
        result = ctl(*[word.replace("@ID@", alice[:22]) for word in COMMANDS[command]], **environment)
        if not plan.end():
            assert i > 1 and result.status == 0, result
            return
        assert result.status == 3 and "rejected the statement" in result.err, (i, result)
    raise AssertionError("that goes on without end")


def test_a_connection_that_is_lost_is_made_again(site):
    plan, alice = faults.Faults(), sign_in(site)
    environment = plan.give_to(site).more_environment
    plan.plan(faults.LOSE, 1, kinds=faults.STATEMENTS)
    result = Ctl(site)("list", **environment)
    assert plan.end() and result.status == 0 and alice[:22] in result.out


@pytest.mark.sqlite
def test_a_table_that_cannot_be_upgraded_is_no_success():
    """A view of another one, say."""
    server = old_table(Server(SITE + "ManagedSessionCreateTable Off\n"))
    try:
        server.sql("ALTER TABLE managed_session RENAME TO elsewhere")
        server.sql("CREATE VIEW managed_session AS SELECT * FROM elsewhere")
        result = Ctl(server)("upgrade-schema")
        assert result.status == 3 and "the table has not been upgraded" in result.err
    finally:
        server.remove()


@pytest.mark.sqlite
def test_an_export_to_a_file_shows_on_the_terminal_how_far_it_is(site):
    """Not between the lines, if both go there."""
    sign_in(site)
    mine, terminal = pty.openpty()
    try:
        done = subprocess.run([PROGRAM, "export", *of(site)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=terminal, env=ENVIRONMENT,
                              check=True)
        assert done.stdout.startswith(b'{"id":')
    finally:
        os.close(terminal)
        os.close(mine)


@pytest.mark.sqlite
def test_a_terminal_that_does_not_know_its_width_is_as_wide_as_columns(site):
    sign_in(site)
    lines = Ctl(site).on_terminal("list", width=0, COLUMNS="60", NO_COLOR="1").out.splitlines()
    assert len(lines) >= 2 and max(map(len, lines)) <= 60


@pytest.mark.sqlite
def test_check_names_what_fails(site):
    plan, ctl = faults.Faults(), Ctl(site)
    environment = plan.give_to(site).more_environment
    plan.plan(faults.FAIL, 1, faults.EVER_AFTER, faults.STATEMENTS)
    assert ctl("check", **environment).status == 3 and plan.end()
    plan.plan(faults.FAIL, 1, faults.EVER_AFTER, [faults.OPEN])
    result = ctl("check", **environment)
    assert result.status == 3 and plan.end() and "the database cannot be reached" in result.err + result.out


@pytest.mark.sqlite
def test_check_is_for_the_hosts_that_are_there():
    """Of hosts with files of several owners it looks at one: it can become another user once only."""
    hosts = "".join(f'<VirtualHost *:@PORT@>\nServerName {name}.test\nDBDriver sqlite3\nDBDParams "@ROOT@/db/{name}.db"\n</VirtualHost>\n'
                    for name in ("one", "two"))
    with Server(SITE + hosts) as server:
        ctl = Ctl(server)
        result = ctl("check")
        assert "not checked, choose it with --host: " in result.out
        assert "no virtual host with sessions is the one that you named" in (result := ctl("check", "--host", "three.test")).out
        assert result.status == 3
        assert ctl("check", "--host", "two.test").out.count("two.db") == 1
        assert run("check", "--httpd", "/bin/false").status == 2


@pytest.mark.sqlite
def test_what_httpd_is_started_with_chooses_the_section():
    with Server(SITE + "<IfDefine OTHER>\nManagedSessionRealm other.test\n</IfDefine>\n") as server:
        ctl = Ctl(server)
        assert "realm app.test" in ctl("check").out and "realm other.test" in ctl("check", "--define", "OTHER").out


@pytest.mark.sqlite
def test_statements_for_each_connection_are_run_for_this_one_too():
    with Server(SITE, extra='DBDInitSQL "CREATE TABLE IF NOT EXISTS connected (id INTEGER)"\n') as server:
        sign_in(server)
        server.sql("DROP TABLE connected")
        assert Ctl(server)("list").status == 0
        assert server.sql("SELECT * FROM connected") == []


@pytest.mark.sqlite
def test_a_file_is_named_by_its_absolute_path(site):
    result = run("list", "--driver", "sqlite3", "--params", "sessions.db", "--realm", "app.test")
    assert result.status in (2, 3) and "absolute path" in result.err
    result = run("check", "--driver", "sqlite3", "--params", "sessions.db", "--realm", "app.test")
    assert result.status == 3 and "absolute path" in result.out


@as_root
@pytest.mark.sqlite
def test_a_directory_that_a_user_may_not_enter_is_named(site):
    (site.root / "db").chmod(0o700)
    result = run("list", "--driver", "sqlite3", "--params", site.db, "--realm", "app.test", user="nobody")
    assert result.status == 3 and f'the user "nobody" may not reach {site.db}; run this as root' in result.err


@pytest.mark.sqlite
def test_the_end_of_the_input_is_a_no(site):
    alice = sign_in(site)
    result = Ctl(site).on_terminal("revoke", alice[:22], typed="\x04")
    assert "[y/N]" in result.out and site.end_of(alice) is None


@pytest.mark.sqlite
@pytest.mark.skipif(not HTTPD.startswith("/usr/"), reason="httpd is in another place")
def test_without_a_program_it_looks_for_httpds(site):
    """In the usual places, not along PATH, which may be another user's."""
    alice = sign_in(site)
    result = run("list", "--config", f"{site.root}/httpd.conf", PATH="/nowhere")
    assert result.status == 0 and alice[:22] in result.out

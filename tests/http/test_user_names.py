# SPDX-License-Identifier: Apache-2.0
"""One account is one user, however its name is typed: ManagedSessionUserName, and what configtest prints without it."""
import base64
import contextlib
import shutil
import subprocess

import pytest

import databases
from harness import SITE, Backend, Server, get, post, sign_in

CANONICAL = 'ManagedSessionUserName "%{env:AUTHENTICATE_NAME}"'
TYPED = "WHERE name = %s"
QUERY = {"sqlite": TYPED, "mysql": TYPED, "pgsql": "WHERE LOWER(name) = LOWER(%s)"}[databases.NAME]
COLUMN = {"sqlite": "VARCHAR(100) COLLATE NOCASE", "mysql": "VARCHAR(100)", "pgsql": "VARCHAR(100)"}[databases.NAME]
PASSWORD = "wonderland"


def dbd_site(more: str = CANONICAL, columns: str = "password, name") -> Server:
    """Users in the sessions' database, whose names it finds in any case; SITE with that provider."""
    provider = f'ManagedSessionAuthProvider dbd\nAuthDBDUserPWQuery "SELECT {columns} FROM users {QUERY}"\n{more}'
    config = SITE.replace('ManagedSessionAuthProvider file\n    AuthUserFile "@ROOT@/passwords"', provider)
    server = Server(config, modules="authn_dbd", extra="DBDMin 1\nDBDKeep 1\nDBDMax 4\n")
    line = subprocess.run(["htpasswd", "-niB", "-C", "4", "x"], input=PASSWORD, text=True, check=True, capture_output=True)
    with contextlib.closing(server.database.connect(server.params)) as db:
        databases.execute(db, f"CREATE TABLE users (name {COLUMN} PRIMARY KEY, password VARCHAR(100))", ())
        databases.execute(db, "INSERT INTO users VALUES (?, ?)", ("carol", line.stdout.strip().partition(":")[2]))
    if server.user and isinstance(server.database, databases.Sqlite):
        shutil.chown(server.db, server.user)
    return server


def users(server: Server) -> list[str]:
    return [databases.text_of(name) for name, in server.sql("SELECT user_name FROM managed_session ORDER BY created_at")]


def test_spellings_that_the_database_takes_for_one_account_are_one_user():
    with dbd_site() as server:
        tokens = [sign_in(server, name, PASSWORD) for name in ("carol", "CaRoL", "CAROL")]
        assert users(server) == ["carol"] * 3
        listed = get(server, "/sessions", tokens[0], [("Accept", "application/json")]).json()
        assert listed["user"] == "carol" and len(listed["sessions"]) == 3


def test_without_the_directive_they_are_users_of_their_own():
    """Why configtest warns."""
    with dbd_site(more="") as server:
        sign_in(server, "carol", PASSWORD), sign_in(server, "CAROL", PASSWORD)
        assert sorted(users(server)) == ["CAROL", "carol"]


def test_a_query_without_that_column_signs_no_user_in_and_the_log_says_why():
    with dbd_site(columns="password") as server:
        server.expect("MS0110")
        answer = post(server, "/login", {"username": "carol", "password": PASSWORD})
        assert answer.status == 403 and not answer.cookies() and server.rows() == 0
        assert "AuthDBDUserPWQuery does not return" in server.new_log()
        assert post(server, "/login", {"username": "carol", "password": "no"}).status == 401


def with_form(expression: str) -> Server:
    return Server(SITE.replace('"@ROOT@/passwords"', f'"@ROOT@/passwords"\n    ManagedSessionUserName "{expression}"'))


@pytest.mark.parametrize("expression, user", [
    ("%{tolower:%{REMOTE_USER}}@example.org", "alice@example.org"), ("%{toupper:%{REMOTE_USER}}", "ALICE"),
    ("%{REMOTE_USER}", "alice"), ("fixed", "fixed")])
@pytest.mark.sqlite
def test_the_value_of_the_expression_is_the_user(expression, user):
    with with_form(expression) as server:
        token = sign_in(server)
        assert users(server) == [user]
        assert get(server, "/sessions", token, [("Accept", "application/json")]).json()["user"] == user
        assert get(server, "/app/", token).status == 200


@pytest.mark.sqlite
def test_who_was_signed_in_still_is_after_a_sign_in_that_gave_no_user():
    expression = "%{reqenv:USER_OF_%{REMOTE_USER}}"
    with Server(with_user_variable(expression)) as server:
        server.expect("MS0110")
        token = sign_in(server)
        answer = post(server, "/login", {"username": "bob", "password": "builder"}, token)
        assert answer.status == 403 and not answer.cookies()
        assert get(server, "/sessions", token, [("Accept", "application/json")]).json()["user"] == "alice"


def with_user_variable(expression: str) -> str:
    return 'SetEnv unused 1\nSetEnvIf Host . USER_OF_alice=alice\n' + SITE.replace(
        '"@ROOT@/passwords"', f'"@ROOT@/passwords"\n    ManagedSessionUserName "{expression}"')


@pytest.mark.sqlite
def test_a_name_that_no_user_can_have_is_refused():
    with with_form("%{unescape:a%0ab}") as server:
        server.expect("MS0011")
        assert post(server, "/login", {"username": "alice", "password": "wonderland"}).status == 403
        assert server.rows() == 0


@pytest.mark.sqlite
def test_it_holds_for_another_authentication_type():
    basic = ("Authorization", "Basic " + base64.b64encode(b"alice:wonderland").decode())
    page = '''<Location "/basic">
        SetHandler managed-session-login
        ManagedSessionSignIn On
        AuthType Basic
        AuthName "app"
        AuthBasicProvider file
        AuthUserFile "@ROOT@/passwords"
        Require valid-user
        ManagedSessionUserName "%{toupper:%{REMOTE_USER}}"
    </Location>'''
    with Server(SITE + page, own_paths=("/logout", "/sessions")) as server:
        assert get(server, "/basic", headers=[basic]).status == 303
        assert users(server) == ["ALICE"]


@pytest.mark.sqlite
def test_it_holds_for_the_application_that_signs_in():
    with Backend() as backend:
        page = f'''<Location "/on">
            ManagedSessionBackendLogin On
            ManagedSessionUserName "%{{tolower:%{{REMOTE_USER}}}}"
            ProxyPass "http://127.0.0.1:{backend.port}/"
        </Location>'''
        with Server(SITE + page) as server:
            assert get(server, "/on/?Managed-Session-User=Alice").token()
            assert users(server) == ["alice"]


# -- configtest ---------------------------------------------------------------------------------

WARNING = "may take several spellings of a user name"
LDAP = 'AuthLDAPURL "ldap://127.0.0.1/o=x"'
ALIAS = f'<AuthnProviderAlias ldap staff>\n{LDAP}\n@ATTRIBUTE@\n</AuthnProviderAlias>\n'


def warnings(login: str, around: str = "", modules: str = "authn_dbd ldap authnz_ldap") -> list[str]:
    config = around + SITE.replace('ManagedSessionAuthProvider file', login)
    server = Server(config, modules=modules)
    try:
        result = server.configtest()
        assert result.returncode == 0, result.stderr
        return [line for line in (result.stderr + server.error_log()).splitlines() if WARNING in line]
    finally:
        server.remove()


@pytest.mark.sqlite
@pytest.mark.parametrize("login, around, says", [
    ("ManagedSessionAuthProvider dbd", "", "AUTHENTICATE_NAME"),
    ("ManagedSessionAuthProvider file dbd", "", "AUTHENTICATE_NAME"),
    (f"ManagedSessionAuthProvider ldap\n{LDAP}", "", "AuthLDAPRemoteUserAttribute"),
    ("ManagedSessionAuthProvider staff", ALIAS.replace("@ATTRIBUTE@", ""), "AuthLDAPRemoteUserAttribute"),
    ("AuthType Basic\nAuthName x\nAuthBasicProvider dbd\nRequire valid-user", "", "AUTHENTICATE_NAME"),
    ("ManagedSessionAuthProvider dbd", f'<Location "/logi">\n{CANONICAL}\n</Location>\n', "AUTHENTICATE_NAME"),
    ("ManagedSessionAuthProvider dbd", f'<VirtualHost *:1>\n<Location "/login">\nManagedSessionAuthProvider dbd\n{CANONICAL}\n'
     "</Location>\n</VirtualHost>\n", "AUTHENTICATE_NAME"),
    ("ManagedSessionAuthProvider file", '<VirtualHost *:1>\n<Location "/login">\nManagedSessionAuthProvider dbd\n</Location>\n</VirtualHost>\n',
     "AUTHENTICATE_NAME"),
    ("ManagedSessionAuthProvider dbd\n</Location>\n<Location /login2>\nManagedSessionAuthProvider dbd", "", "AUTHENTICATE_NAME")])
def test_configtest_warns_once_of_names_that_may_come_in_several_spellings(login, around, says):
    found = warnings(login, around)
    assert len(found) == 1 and says in found[0], found


@pytest.mark.sqlite
@pytest.mark.parametrize("login, around", [
    ("ManagedSessionAuthProvider file", ""),
    (f"ManagedSessionAuthProvider dbd\n{CANONICAL}", ""),
    (f"ManagedSessionAuthProvider ldap\n{LDAP}\nAuthLDAPRemoteUserAttribute uid", ""),
    ("ManagedSessionAuthProvider staff", ALIAS.replace("@ATTRIBUTE@", "AuthLDAPRemoteUserAttribute uid")),
    ("ManagedSessionAuthProvider dbd", f'<Location "/">\n{CANONICAL}\n</Location>\n'),
    ("ManagedSessionAuthProvider dbd", f'<IfModule dbd_module>\n<Location /login>\n{CANONICAL}\n</Location>\n</IfModule>\n'),
    (f"AuthType Basic\nAuthName x\nAuthBasicProvider dbd\nRequire valid-user\n{CANONICAL}", ""),
    ("ManagedSessionAuthProvider file", '<Location "/else">\nAuthType Basic\nAuthName x\nAuthBasicProvider dbd\nRequire valid-user\n</Location>\n')])
def test_configtest_is_silent_where_the_user_has_one_name(login, around):
    assert warnings(login, around) == []


@pytest.mark.sqlite
def test_it_may_not_stand_in_htaccess():
    with Server(SITE + '<Directory "@ROOT@/htdocs">\nAllowOverride All\n</Directory>') as server:
        server.expect("ManagedSessionUserName not allowed here", status_5xx=True)
        server.write("htdocs/ht/.htaccess", f"{CANONICAL}\n")
        assert get(server, "/ht/").status == 500

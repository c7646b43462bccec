# SPDX-License-Identifier: Apache-2.0
"""The author of an .htaccess file is not the administrator: no session begins by it, and nothing is shown or weakened by it."""
import base64

import pytest

from harness import SITE, Server, get, post, sign_in

pytestmark = pytest.mark.sqlite

FOLDER = """
<Directory "@ROOT@/htdocs">
    AllowOverride AuthConfig FileInfo Limit Indexes
</Directory>
<Directory "@ROOT@/htdocs/mallory">
    AllowOverride All
    Options +ExecCGI
    AddHandler cgi-script .cgi
</Directory>
"""
OWN_PASSWORDS = 'AuthType Basic\nAuthName x\nAuthUserFile "@ROOT@/evil"\nRequire valid-user\n'
MODULES = "authn_anon auth_digest cgid"
ANYBODY = "AuthType Basic\nAuthName x\nAuthBasicProvider anon\nAnonymous *\nAnonymous_MustGiveEmail Off\nRequire valid-user\n"
ADMIN = """
<Location "/admin">
    SetHandler managed-session-admin
    AuthType ManagedSession
    AuthName "admin"
    Require user bob
</Location>
"""


def basic(user: str, password: str = "evil") -> tuple[str, str]:
    return "Authorization", "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.fixture(scope="module")
def site():
    with Server(SITE + FOLDER + ADMIN, modules=MODULES, own_paths=("/logout", "/sessions")) as server:
        for name in ("bob", "admin"):
            server.add_user(name, "evil", "evil")
        yield server


@pytest.fixture
def htaccess(site):
    """Write one; it is gone after the test."""
    def write(text: str, folder: str = "mallory"):
        return site.write(f"htdocs/{folder}/.htaccess".replace("//", "/"), site.fill(text))
    yield write
    for path in (site.root / "htdocs").rglob(".htaccess"):
        path.unlink()


def test_no_user_signs_in_by_a_password_file_of_the_author(site, htaccess):
    htaccess("SetHandler managed-session-login\n" + OWN_PASSWORDS)
    answer = get(site, "/mallory/x", headers=[basic("admin")])
    assert answer.status == 403 and not answer.cookies() and site.rows() == 0
    assert "MS0101: no session begins at /mallory/x" in site.error_log()
    assert post(site, "/mallory/x", {"username": "admin", "password": "evil"}, headers=[basic("admin")]).status == 403
    assert site.rows() == 0


@pytest.mark.parametrize("directive", ["ManagedSessionAuthProvider file", "ManagedSessionSignIn On", "ManagedSessionHideCookie Off",
                                       '<If "true">\nManagedSessionSignIn On\n</If>', '<Files "x">\nManagedSessionAuthProvider file\n</Files>',
                                       '<If "true">\nManagedSessionHideCookie Off\n</If>'])
def test_what_makes_sessions_or_shows_them_is_not_allowed_there(site, htaccess, directive):
    site.expect("not allowed", status_5xx=True)
    htaccess("SetHandler managed-session-login\nAuthUserFile \"@ROOT@/evil\"\n" + directive + "\n")
    assert get(site, "/mallory/x").status == 500
    assert directive.split("ManagedSession")[1].split()[0] in site.new_log()


def test_a_list_of_allowed_directives_does_not_allow_it_either():
    config = '<Directory "@ROOT@/htdocs/mallory">\nAllowOverride None\nAllowOverrideList ManagedSessionAuthProvider ManagedSessionSignIn\n</Directory>\n'
    with Server(SITE + config) as server:
        server.expect("cannot occur within", status_5xx=True)
        server.write("htdocs/mallory/.htaccess", "ManagedSessionSignIn On\n")
        assert get(server, "/mallory/x").status == 500


def test_no_time_zone_is_loaded_while_threads_run():
    """Its TZ would be that of the whole process for a while, so its name is not even looked at."""
    config = '<Directory "@ROOT@/htdocs/mallory">\nAllowOverride None\nAllowOverrideList ManagedSessionTimeZone\n</Directory>\n'
    with Server(SITE + config) as server:
        server.expect("cannot occur within", status_5xx=True)
        server.write("htdocs/mallory/.htaccess", "ManagedSessionTimeZone Mars/Phobos\n")
        assert get(server, "/mallory/x").status == 500


@pytest.mark.parametrize("text", [
    OWN_PASSWORDS, ANYBODY, f'<If "true">\n{OWN_PASSWORDS}</If>\n', f'<If "true">\n{ANYBODY}</If>\n', f'<Files "login">\n{ANYBODY}</Files>\n', f'<Files "l?g*">\n{ANYBODY}</Files>\n',
    f'<FilesMatch "^log">\n<If "true">\n{ANYBODY}</If>\n</FilesMatch>\n', 'AuthUserFile "@ROOT@/evil"\n', '<If "true">\nAuthUserFile "@ROOT@/evil"\n</If>\n'])
def test_the_servers_own_sign_in_page_trusts_no_passwords_from_there(site, htaccess, text):
    """A section of the server's, but for <If>, comes after .htaccess; a directive that it lacks does not."""
    site.expect("AH0")
    htaccess(text, "")
    for user in ("admin", "bob"):
        for headers in ([], [basic(user)]):
            answer = post(site, "/login", {"username": user, "password": "evil"}, headers=headers)
            assert answer.status in (401, 403) and not answer.cookies()
        assert not get(site, "/login", headers=[basic(user)]).cookies()
    assert site.rows() == 0


def test_the_log_says_why():
    with Server(SITE + FOLDER + ADMIN, modules=MODULES) as server:
        bob = sign_in(server, "bob")
        server.write("htdocs/.htaccess", server.fill('AuthUserFile "@ROOT@/evil"\n'))
        answer = post(server, "/login", {"username": "alice", "password": "wonderland"})
        assert answer.status == 403 and "Sign-in is not set up at this address" in answer.text
        assert "MS0102: no session begins at /login: an .htaccess file has directives of mod_authn_file.c" in server.new_log()
        server.write("htdocs/.htaccess", '<If "true">\nRequire valid-user\n</If>\n')
        assert get(server, "/admin", bob).status == 403
        assert "MS0103: managed-session-admin shows nothing at /admin: an .htaccess file has directives of mod_authz_core.c" in server.new_log()


@pytest.mark.parametrize("text", [
    "Require all granted\n", "Order allow,deny\nAllow from all\n", '<Files "wp-login.php">\n' + OWN_PASSWORDS + "</Files>\n",
    '<Files "wp-*.php">\n' + OWN_PASSWORDS + "</Files>\n", "ErrorDocument 404 /index.html\n", 'Header set X-A b\n', "RewriteEngine On\nRewriteCond %{REQUEST_FILENAME} !-f\nRewriteRule . /index.html [L]\n",
    '<FilesMatch "\\.(inc|engine)$">\nRequire all denied\n</FilesMatch>\n', "ManagedSessionTitle Ours\n"])
def test_what_other_software_puts_there_hinders_no_user(site, htaccess, text):
    htaccess(text, "")
    token = sign_in(site, "bob")
    assert token and get(site, "/sessions", token).status == 200
    site.sql("DELETE FROM managed_session")


def test_another_auth_type_needs_a_word_of_the_servers_configuration():
    config = SITE + FOLDER + """
<Location "/basic">
    SetHandler managed-session-login
    AuthType Basic
    AuthName "x"
    AuthUserFile "@ROOT@/passwords"
    Require valid-user
</Location>
<Location "/allowed">
    SetHandler managed-session-login
    ManagedSessionSignIn On
    AuthType Basic
    AuthName "x"
    AuthUserFile "@ROOT@/passwords"
    Require valid-user
</Location>
<Location "/off">
    SetHandler managed-session-login
    ManagedSessionSignIn Off
    ManagedSessionAuthProvider file
    AuthUserFile "@ROOT@/passwords"
</Location>
"""
    with Server(config, modules=MODULES) as server:
        alice = basic("alice", "wonderland")
        assert get(server, "/basic", headers=[alice]).status == 403
        assert post(server, "/off", {"username": "alice", "password": "wonderland"}).status == 403
        assert server.rows() == 0
        assert get(server, "/allowed", headers=[alice]).token() and server.rows() == 1
        for text in (ANYBODY, f'<If "true">\n{ANYBODY}</If>\n', '<If "true">\nAuthUserFile "@ROOT@/evil"\n</If>\n', "AuthBasicProvider anon\nAnonymous *\n"):
            server.write("htdocs/.htaccess", server.fill(text))
            server.add_user("alice", "evil", "evil")
            for password in ("evil", "wonderland"):
                server.expect("AH0")
                answer = get(server, "/allowed", headers=[basic("alice", password)])
                assert answer.status in (401, 403) and not answer.cookies()
        assert server.rows() == 1


# -- the administrators' page --------------------------------------------------------------------------------

AS_ADMIN = 'SetHandler managed-session-admin\n'


@pytest.mark.parametrize("text", [
    AS_ADMIN + OWN_PASSWORDS, AS_ADMIN + ANYBODY, AS_ADMIN + "AuthType ManagedSession\nAuthName x\nRequire valid-user\n",
    'AddHandler managed-session-admin .x\nAuthType ManagedSession\nAuthName x\nRequire valid-user\n',
    f'<If "true">\n{AS_ADMIN}{OWN_PASSWORDS}</If>\n', f'<Files "a.x">\n{AS_ADMIN}{OWN_PASSWORDS}</Files>\n',
    'RewriteEngine On\nRewriteRule ^ - [H=managed-session-admin]\nAuthType ManagedSession\nAuthName x\nRequire valid-user\n'])
def test_an_administrators_page_of_the_author_shows_nothing(site, htaccess, text):
    site.expect("MS0080|AH0")
    token = sign_in(site, "alice")
    htaccess(text)
    site.write("htdocs/mallory/a.x", "x")
    for headers in ([], [basic("bob")], [("Accept", "application/json")], [("Accept", "application/json"), basic("bob")]):
        answer = get(site, "/mallory/a.x", token, headers)
        assert answer.status in (401, 403) and token[:22] not in answer.text


@pytest.mark.parametrize("text", [
    AS_ADMIN, 'SetHandler "managed-session-%{tolower:ADMIN}"\n', f'<If "true">\n{AS_ADMIN}</If>\n', f'<Files "a.x">\n{AS_ADMIN}</Files>\n',
    f'<Files "*.x">\n{AS_ADMIN}</Files>\n', "AddHandler managed-session-admin .x\n", '<If "true">\nAddHandler managed-session-admin .x\n</If>\n',
    "RewriteEngine On\nRewriteRule ^ - [H=managed-session-admin]\n"])
def test_nor_where_the_server_requires_a_user(text):
    """Each user may read the folder, and would be an administrator by its author's word."""
    folder = FOLDER + '<Directory "@ROOT@/htdocs/mallory">\nAuthType ManagedSession\nAuthName x\nRequire valid-user\n</Directory>\n'
    with Server(SITE + folder + ADMIN, own_paths=("/logout", "/sessions")) as server:
        alice, bob = sign_in(server, "alice"), sign_in(server, "bob")
        server.write("htdocs/mallory/a.x", "x")
        server.write("htdocs/.htaccess", "ErrorDocument 404 /index.html\n")
        assert get(server, "/mallory/a.x", alice).text == "x" and get(server, "/admin", bob).status == 200
        server.write("htdocs/mallory/.htaccess", text)
        for headers in ([], [("Accept", "application/json")]):
            answer = get(server, "/mallory/a.x", alice, headers)
            assert answer.status == 403 and bob[:22] not in answer.text and alice[:22] not in answer.text
        assert "MS0103: managed-session-admin shows nothing at /mallory/a.x: an .htaccess file has directives of core.c" in server.error_log()


@pytest.mark.parametrize("text", ['<If "true">\nRequire all granted\n</If>\n', '<If "true">\nRequire valid-user\n</If>\n',
                                  f'<If "true">\n{OWN_PASSWORDS}</If>\n', "Satisfy Any\n"])
def test_who_is_an_administrator_is_not_said_there(site, htaccess, text):
    site.expect("MS0080|MS0021|AH0")
    bob, alice = sign_in(site, "bob"), sign_in(site, "alice")
    assert get(site, "/admin", bob).status == 200
    htaccess(text, "")
    for token, headers in ((alice, []), (None, []), (alice, [basic("bob")]), (None, [basic("bob")])):
        answer = get(site, "/admin", token, headers)
        assert answer.status in (303, 401, 403) and bob[:22] not in answer.text


# -- cookie and user header ----------------------------------------------------------------------------------


PROGRAM = '#!/bin/sh\necho Content-Type: text/plain\necho\nenv\n'


@pytest.mark.parametrize("text", ["ManagedSessionHideCookie On\n", "ManagedSession Off\n", "ManagedSessionUserHeader none\n", "ManagedSessionUserHeader X-Other\n",
                                  "ManagedSessionLoginPage /mallory/page\n", "AuthType ManagedSession\nAuthName x\nRequire all granted\n",
                                  "AuthType None\nRequire all granted\n", "SetHandler cgi-script\n", "CGIPassAuth On\n"])
def test_programs_in_a_folder_see_no_cookie_and_no_forged_user(text):
    config = SITE + FOLDER + '<Directory "@ROOT@/htdocs">\nManagedSession On\nManagedSessionUserHeader X-Remote-User\n</Directory>\n'
    with Server(config, modules="cgid") as server:
        server.write("htdocs/mallory/x.cgi", PROGRAM, 0o755)
        server.write("htdocs/mallory/.htaccess", text)
        token = sign_in(server)
        seen = get(server, "/mallory/x.cgi", token, [("X-Remote-User", "admin"), ("X_Remote_User", "admin"), ("X.Remote.User", "admin")])
        assert seen.status == 200 and "HTTP_COOKIE" not in seen.text and "admin" not in seen.text

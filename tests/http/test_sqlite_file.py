# SPDX-License-Identifier: Apache-2.0
"""The files of a SQLite database: for httpd's user alone, and with advice that harms no other directory."""
import os
import re
import shutil
import stat

import pytest

from harness import SITE, Server, get, post, random_token, sign_in

pytestmark = pytest.mark.sqlite
as_root = pytest.mark.skipif(os.getuid() != 0, reason="httpd would run as the owner of the directory")


def modes(server) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in (server.root / "db").iterdir()}


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
@pytest.mark.parametrize("lines", ["", "ManagedSessionCreateTable Off\n", "DBDPersist Off\n"])
def test_the_files_are_for_httpd_alone(umask, lines):
    server = Server(SITE, extra=lines)
    server.umask = umask
    try:
        server.start()
        if "CreateTable" in lines:
            server.expect("MS000", status_5xx=True)
            get(server, "/app/", random_token())
        else:
            sign_in(server)
        found = modes(server)
        assert "sessions.db" in found and set(found.values()) == {0o600}, found
    finally:
        server.stop()
        server.remove()


@pytest.mark.parametrize("mode", [0o644, 0o666, 0o640])
def test_files_that_were_open_to_others_are_closed_and_the_log_has_a_line(mode):
    with Server(SITE) as server:
        token = sign_in(server)
        server.stop()
        for path in (server.root / "db").iterdir():
            path.chmod(mode)
        server.start()
        assert get(server, "/app/", token).status == 200
        assert set(modes(server).values()) == {0o600}
        assert re.search(rf"notice.*MS0150.*\(mode 0{mode:o}\)", server.error_log())


@as_root
def test_a_database_of_another_user_keeps_its_mode():
    server = Server(SITE)
    server.db.touch()
    os.chmod(server.db, 0o646)
    with server:
        sign_in(server)
        assert modes(server)["sessions.db"] == 0o646 and "MS0150" not in server.error_log()


def advice(params: str, prepare=lambda server: None) -> str:
    """The log line about a database that httpd cannot use."""
    server = Server(SITE)
    server.params = params.replace("@ROOT@", str(server.root))
    config = server.root / "httpd.conf"
    config.write_text(re.sub(r"DBDParams .*", f'DBDParams "{server.params}"', config.read_text()))
    prepare(server)
    with server:
        server.expect(r"MS000[1-4]|AH0062\d|AH0063\d|dbd:error", status_5xx=True)
        assert post(server, "/login", {"username": "alice", "password": "wonderland"}).status == 503
        line = re.search(r"MS000[12]:.*", server.error_log())[0]
        return line.replace(str(server.root), "@ROOT@").replace(f"{server.user}", "USER")


@as_root
@pytest.mark.parametrize("params, command", [
    ("/ms-test-none.db", "install -d -o USER -g USER -m 700 /var/lib/managed-session, and DBDParams"),
    ("/var/lib/ms-test-none.db", "install -d -o USER -g USER -m 700 /var/lib/managed-session, and DBDParams"),
    ("@ROOT@/none/sessions.db", "install -d -o USER -g USER -m 700 @ROOT@/none/"),
    ("@ROOT@/none or/so's/s.db", "install -d -o USER -g USER -m 700 '@ROOT@/none or/so'\\\\''s/'"),
    ("@ROOT@/managed-session/s.db", "install -d -o USER -g USER -m 700 @ROOT@/managed-session/"),
    ("@ROOT@/php/sessions/s.db", "install -d -o USER -g USER -m 700 /var/lib/managed-session, and DBDParams"),
])
def test_the_advice_changes_no_directory_that_is_not_for_sessions(params, command):
    def prepare(server):
        for name in ("managed-session", "php/sessions"):
            (server.root / name).mkdir(parents=True)

    line = advice(params, prepare)
    assert command in line and "chown" not in line and "mkdir" not in line, line


@as_root
@pytest.mark.parametrize("suffix", ["", "-wal"])
def test_a_file_that_httpd_may_not_write_is_named(suffix):
    def prepare(server):
        for name in {"", suffix}:
            path = server.root / f"db/sessions.db{name}"
            path.write_bytes(b"")
            path.chmod(0o600)
            if name != suffix:
                shutil.chown(path, server.user)

    line = advice("@ROOT@/db/sessions.db", prepare)
    assert f'The file "@ROOT@/db/sessions.db{suffix}" must be readable and writable by the user "USER"' in line, line
    assert "chown" not in line and "install" not in line

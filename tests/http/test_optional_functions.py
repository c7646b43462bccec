# SPDX-License-Identifier: Apache-2.0
"""What include/mod_managed_session.h offers to other modules, called by one (mod_probe.c)."""
import json
import pathlib
import subprocess
import urllib.parse

import pytest

from harness import PAGE, SITE, Server, get, sign_in

HERE = pathlib.Path(__file__).parent


def ask_apxs(name: str) -> str:
    return subprocess.run(["apxs", "-q", name], capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    module = tmp_path_factory.mktemp("probe") / "mod_probe.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", "-DLINUX", "-D_GNU_SOURCE", f"-I{HERE.parents[1]}/include",
                    *(f"-isystem{ask_apxs(name)}" for name in ("INCLUDEDIR", "APR_INCLUDEDIR", "APU_INCLUDEDIR")),
                    HERE / "mod_probe.c", "-o", module], check=True)
    for folder in (module, *module.parents[:3]):
        folder.chmod(0o755)
    return module


@pytest.fixture(scope="module")
def probe(module):
    config = SITE + 'ManagedSessionEventLog "@ROOT@/logs/events.log"\n' + f'LoadModule probe_module "{module}"\n' + '<Location "/probe">\nSetHandler probe\nManagedSession On\n</Location>\n' \
        '<Location "/theirs">\nAuthType Probe\nRequire user bob\n</Location>\n' \
        '<Location "/off">\nSetHandler probe\n</Location>\n<Location "/app/probe">\nSetHandler probe\n</Location>\n'
    with Server(config) as server:
        yield server


def ask(server, do: str, token: str | None = None, where: str = "/probe", **query):
    return get(server, f"{where}?" + urllib.parse.urlencode({"do": do, **query}), token)


@pytest.mark.parametrize("where", ["/probe", "/off", "/app/probe"])
def test_the_current_session(probe, where):
    """Also in places without sessions: the caller needs the result."""
    token = sign_in(probe)
    probe.forget_statements()
    assert ask(probe, "get,get", token, where).text == f"get 0 alice {token[:22]} app.test form 0 1\n" * 2
    assert probe.statements() == ["FIND"]


@pytest.mark.parametrize("cookie", [None, "nonsense", "A" * 22 + "." + "B" * 43])
def test_without_a_session(probe, cookie):
    assert ask(probe, "get", cookie).text == "get 0 -\n"


def test_a_subrequest_asks_for_the_same_session(probe):
    token = sign_in(probe)
    probe.forget_statements()
    assert ask(probe, "get,sub,get", token).text.count("alice") == 3 and probe.statements() == ["FIND"]


def test_a_session_is_made(probe):
    answer = ask(probe, "create,get", user="carol d'Arc \u00e4")
    token = answer.token()
    assert answer.text == "".join(f"{do} 0 carol d'Arc \u00e4 {token[:22]} app.test probe 0 1\n" for do in ("create", "get"))
    assert ask(probe, "get", token).text.startswith("get 0 carol d'Arc \u00e4 ")
    assert "Max-Age" not in answer.cookies()[0] and answer.headers["Cache-Control"] == "no-store"
    assert "Max-Age" in ask(probe, "create", user="carol", persistent=1).cookies()[0]


def test_a_new_session_ends_the_one_that_was_presented(probe):
    token = sign_in(probe)
    answer = ask(probe, "create", token, user="alice")
    assert len(answer.cookies()) == 1 and answer.token()[:22] != token[:22]
    assert ask(probe, "get", token).text == "get 0 -\n"


def test_made_twice_in_one_request_the_last_one_counts(probe):
    before = probe.rows()
    answer = ask(probe, "create,create", user="dora")
    assert len(answer.cookies()) == 1 and probe.rows() == before + 1
    assert ask(probe, "get", answer.token()).text.startswith("get 0 dora ")


@pytest.mark.parametrize("user", ["", "x" * 256, "a\nb", "a\x7fb", "\x80"])
def test_a_name_that_is_none_makes_nothing(probe, user):
    probe.expect("MS0011")
    before = probe.rows()
    raw = urllib.parse.quote(user.encode("latin-1"))
    answer = get(probe, f"/probe?do=create&user={raw}")
    assert answer.text == "create -1 -\n" and not answer.cookies() and probe.rows() == before


def test_sessions_are_revoked_one_or_all(probe):
    probe.sql("DELETE FROM managed_session")
    one, two, three, bob = sign_in(probe), sign_in(probe), sign_in(probe), sign_in(probe, "bob")
    assert ask(probe, "revoke", user="alice", id=one[:22]).text == "revoke 0 1\n"
    assert ask(probe, "revoke", user="alice", id=one[:22]).text == "revoke 0 0\n"
    assert ask(probe, "revoke", user="alice", id=bob[:22]).text == "revoke 0 0\n"
    assert ask(probe, "revoke", user="alice", id="nonsense").text == "revoke 0 0\n"
    assert ask(probe, "revoke", user="alice").text == "revoke 0 2\n"
    assert [get(probe, "/app/", t).status for t in (one, two, three, bob)] == [401, 401, 401, 200]
    assert 'revoked: user "alice"' in probe.new_log()


def test_revoking_the_session_at_hand_signs_out_by_the_same_response(probe):
    token = sign_in(probe)
    answer = ask(probe, "revoke,get", token, user="alice", id=token[:22])
    assert answer.text == "revoke 0 1\nget 0 -\n" and answer.clears()


@pytest.mark.parametrize("where, user", [("/app/probe", "bob"), ("/off", None)])
def test_who_ended_a_session_is_the_user_of_the_modules_request(probe, where, user):
    """Not its owner, and no user if the request has none."""
    one, bobs = sign_in(probe), sign_in(probe, "bob")
    assert ask(probe, "revoke", bobs if user else None, where, user="alice", id=one[:22]).text == "revoke 0 1\n"
    event = [json.loads(line) for line in (probe.root / "logs/events.log").read_text().splitlines()][-1]
    assert (event["event"], event["user"], event.get("by_user")) == ("revoked", "alice", user)
    assert event.get("by_session") == (bobs[:22] if user else None)
    assert probe.end_of(one) == ("revoked", user)


@pytest.mark.sqlite
def test_a_provider_that_cannot_check_a_password_is_none_for_the_form(module):
    server = Server(f'LoadModule probe_module "{module}"\n' + SITE.replace("AuthProvider file", "AuthProvider probe-digest"))
    result = server.configtest()
    server.remove()
    assert result.returncode != 0
    assert 'ManagedSessionAuthProvider: the provider "probe-digest" cannot check a password' in result.stderr


@pytest.mark.sqlite
def test_a_user_whom_another_auth_type_denies_gets_no_challenge_of_ours(probe):
    probe.expect("AH01631")
    probe.write("htdocs/theirs/index.html", PAGE)
    assert get(probe, "/theirs/", headers={"X-Probe-User": "bob"}).text == PAGE
    for headers in ({"X-Probe-User": "alice"}, {}):
        answer = get(probe, "/theirs/", sign_in(probe), headers)
        assert answer.status == 401 and "WWW-Authenticate" not in answer.headers and not answer.cookies()

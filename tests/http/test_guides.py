# SPDX-License-Identifier: Apache-2.0
"""The guides: a stock Debian takes each block of configuration as it stands, and what the guides promise of it is so."""
import base64
import json
import pathlib
import re
import shutil
import subprocess

import pytest

import ctl
import examples
import guides
import harness

pytestmark = pytest.mark.sqlite
DOCS = guides.FOLDER.parent
ROOT = DOCS.parent
# Modules of a site before it moves here.
OLD = {"from-mod-auth-form.md": {"auth_form", "session", "session_dbd"}}
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)]*))?\)")


def blocks() -> list:
    found = [(name, number, text) for name in guides.NAMES for number, text in enumerate(guides.blocks(name, "apache"), 1)]
    return [pytest.param(name, text, id=f"{name}-{number}") for name, number, text in found]


@pytest.mark.parametrize("name, text", blocks())
def test_a_stock_debian_takes_it(debian, name, text):
    modules = {"managed_session", *guides.modules(name), *OLD.get(name, ())}
    absent = [m for m in modules - {"managed_session"} if not pathlib.Path(harness.MODULES_DIR, f"mod_{m}.so").exists()]
    if absent:
        pytest.skip("not installed: " + ", ".join(absent))
    examples.add_certificate(debian.root / "site.pem")
    for there, here in examples.CERTIFICATES.items():
        text = text.replace(there, here.replace("@ROOT@", str(debian.root)).replace("@PORT@", "443"))
    debian.enable(*sorted(modules))
    debian.add_site(text)
    result = debian.configtest()
    assert result.returncode == 0 and "Syntax OK" in result.stderr, result.stderr


@pytest.mark.parametrize("name", guides.NAMES)
def test_the_readme_leads_to_it(name):
    assert f"(docs/guides/{name})" in (ROOT / "README.md").read_text()


def anchors(path: pathlib.Path) -> set[str]:
    """As code hosts make them of headings."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in re.findall(r"(?m)^#+ (.*)$", path.read_text())}


@pytest.mark.parametrize("name", guides.NAMES)
def test_its_links_lead_somewhere(name):
    page = guides.FOLDER / name
    for target, anchor in LINK.findall(page.read_text()):
        path = (page.parent / target).resolve() if target else page
        assert path.exists(), f"{name}: {target}"
        assert not anchor or anchor in anchors(path), f"{name}: {target}#{anchor}"


@pytest.mark.parametrize("name", guides.NAMES)
def test_it_names_messages_and_directives_that_there_are(name):
    text = (guides.FOLDER / name).read_text()
    numbers = set(re.findall(r"### (MS\d{4}):", (DOCS / "messages.md").read_text()))
    assert set(re.findall(r"MS\d{4}", text)) <= numbers
    directives = set(re.findall(r"\bManagedSession\w*", (DOCS / "directives.md").read_text()))
    assert set(re.findall(r"\bManagedSession\w*", text)) <= directives


def test_troubleshooting_covers_every_message():
    text = (guides.FOLDER / "troubleshooting.md").read_text()
    ranges = [(int(first), int(last)) for first, last in re.findall(r"MS(\d{4})–MS(\d{4})", text)]
    for number in re.findall(r"### MS(\d{4}):", (DOCS / "messages.md").read_text()):
        assert f"MS{number}" in text or any(first <= int(number) <= last for first, last in ranges), number


# ---- what they promise --------------------------------------------------------------------------


def site(text: str) -> harness.Server:
    return harness.Server(text.replace("/etc/apache2/htpasswd", "@ROOT@/passwords"))


def basic(user: str, password: str) -> dict:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def test_after_basic_scripts_go_on_and_browsers_get_the_form():
    with site(guides.after("from-basic.md", "After:")) as server:
        assert harness.get(server, "/app/", headers=basic("alice", "wonderland")).status == 200
        wrong = harness.get(server, "/app/", headers=basic("alice", "x"))
        assert wrong.status == 401 and wrong.headers["WWW-Authenticate"].startswith("Basic")
        visitor = harness.get(server, "/app/", headers=harness.NAVIGATION)
        assert visitor.status == 303 and visitor.location.startswith("/login?")
        assert harness.get(server, "/app/", harness.sign_in(server)).status == 200
        server.expect("AH01617")


def test_after_mod_auth_form_its_page_signs_in_and_leads_on():
    with site(guides.after("from-mod-auth-form.md", "After:")) as server:
        visitor = harness.get(server, "/app/?a=1", headers=harness.NAVIGATION)
        page = harness.get(server, visitor.location, headers=harness.NAVIGATION).location
        assert visitor.status == 303 and page == "/welcome/?return=/app/%3Fa%3D1"
        answer = harness.post(server, "/dologin", {"httpd_username": "alice", "httpd_password": "wonderland"})
        assert answer.location == "/app/" and harness.get(server, "/app/", answer.token()).status == 200
        fields = {"httpd_username": "alice", "httpd_password": "wonderland"}
        assert harness.post(server, page.replace("/welcome/", "/dologin"), fields).location == "/app/?a=1", "only if the page sends it on"
        failed = harness.post(server, "/dologin", {"httpd_username": "alice", "httpd_password": "x", "httpd_location": "/app/"})
        assert failed.location.startswith("/welcome/?") and "error=credentials" in failed.location


@pytest.mark.skipif(not shutil.which("jq"), reason="jq is not installed")
def test_what_the_event_log_names_is_ended_again():
    command = next(line for line in guides.after("backup.md", "## Restored", "sh").splitlines() if line.startswith("jq "))
    with harness.Server(harness.SITE + 'ManagedSessionEventLog "@ROOT@/logs/events.log"\nManagedSessionLimit 3 evict\n') as server:
        _, out, revoked, token = (harness.sign_in(server) for _ in range(4))
        harness.post(server, "/logout", {}, out)
        harness.request(server, "DELETE", f"/sessions/{revoked[:22]}", {"Cookie": f"{harness.COOKIE}={token}"})
        log = server.root / "logs/events.log"
        events = [json.loads(line) for line in log.read_text().splitlines()]
        assert {event["event"] for event in events} == {"sign_in", "evicted", "signed_out", "revoked"}
        assert set(re.findall(r'event == "(\w+)"', command)) == {e["event"] for e in events if "session" in e and e["event"] != "sign_in"}
        script = command.replace("/var/log/managed-session/events.log", str(log)).replace("sudo managed-sessionctl", "echo")
        said = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout
        assert said == f"revoke --yes -- {out[:22]} {revoked[:22]}\n"


def test_a_restored_copy_lets_no_old_session_in_after_its_last_command():
    """The commands of backup.md, with the places of this server."""
    backup, restore = guides.blocks("backup.md", "sh")[:2]
    with harness.Server() as server:
        revoked = harness.sign_in(server)
        script = re.sub(r"sudo (-u \S+ )?", "", backup).replace("/var/lib/managed-session/sessions.db", server.params)
        copy = server.root / "backup.db"
        subprocess.run(["sh", "-ec", script.replace("/var/lib/managed-session/backup.db", str(copy))], check=True)
        assert ctl.Ctl(server)("revoke", "--user", "alice", "--yes").status == 0 and harness.get(server, "/app/", revoked).status == 401
        server.stop()
        lines = [line.removeprefix("sudo ") for line in restore.splitlines()]
        assert [line.split()[0] for line in lines] == ["systemctl", "rm", "install", "managed-sessionctl", "systemctl"]
        for line in lines[1:3]:
            owner = f"-o {server.user} " if server.user else ""
            command = line.replace("-o www-data -g www-data ", owner).replace(" backup.db ", f" {copy} ")
            subprocess.run(command.replace("/var/lib/managed-session/sessions.db", server.params).split(), check=True)
        assert server.sql("SELECT COUNT(*) FROM managed_session WHERE ended_at IS NULL") == [(1,)]
        assert ctl.run(*lines[3].split()[1:], *ctl.of(server)).status == 0
        server.start()
        assert harness.get(server, "/app/", revoked).status == 401

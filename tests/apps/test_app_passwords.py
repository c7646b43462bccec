# SPDX-License-Identifier: Apache-2.0
"""Programs that know no form, as Debian has them, with app passwords that a user makes on the list and ends there."""
from __future__ import annotations

import contextlib
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys

import pytest

import examples
import harness

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import test_apps  # noqa: E402

# What a proxy in front that ends TLS sends: not all of the programs can be made to trust a certificate of this test.
TLS_IN_FRONT = '\nRequestHeader set X-Forwarded-Proto "https" early\n'


def make(server: harness.Server, name: str, user: str = "alice") -> str:
    """The user makes an app password; what the page shows."""
    browser = server.browser()
    browser.go("/login?return=/sessions")
    browser.submit({"username": user, "password": harness.PASSWORDS[user]})
    browser.go("/sessions?app=new")
    page = browser.submit({"name": name}, action="make-app").text
    return re.search(r'id="password" readonly value="([^"]+)"', page)[1]


def run(server: harness.Server, *command: str, stdin: str = "") -> subprocess.CompletedProcess:
    home = server.root / "home"
    home.mkdir(exist_ok=True)
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "GIT_TERMINAL_PROMPT": "0",
                   "GIT_CONFIG_NOSYSTEM": "1", "EMAIL": "someone@app.test"}
    return subprocess.run(command, input=stdin, env=environment, cwd=home, capture_output=True, text=True, timeout=60)


def private(server: harness.Server, name: str, text: str) -> pathlib.Path:
    path = server.write(name, text)
    path.chmod(stat.S_IRUSR | stat.S_IWUSR)
    return path


def needs(program: str, package: str) -> str:
    return shutil.which(program) or pytest.skip(f"{program} is not installed (apt-get install {package})")


# ---- calendars -----------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def radicale():
    with test_apps.radicale_with(lambda text: text + TLS_IN_FRONT) as server:
        yield server


VDIRSYNCER = """
[general]
status_path = "@HOME@/status"
[pair calendar]
a = "phone"
b = "server"
collections = ["from a", "from b"]
[storage phone]
type = "filesystem"
path = "@HOME@/phone"
fileext = ".ics"
[storage server]
type = "caldav"
url = "http://127.0.0.1:@PORT@/radicale/alice/"
username = "alice"
password = "@PASSWORD@"
"""


def event(uid: str) -> str:
    return ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:VEVENT\r\n"
            f"UID:{uid}\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260102T120000Z\r\nSUMMARY:{uid}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")


def test_vdirsyncer_syncs_until_the_password_is_ended(radicale):
    needs("vdirsyncer", "vdirsyncer")
    password = make(radicale, "laptop")
    home = radicale.root / "home"
    text = VDIRSYNCER.replace("@HOME@", str(home)).replace("@PORT@", str(radicale.port)).replace("@PASSWORD@", password)
    (home / "phone/work").mkdir(parents=True)
    (home / "phone/work/tea.ics").write_text(event("tea"))
    config = private(radicale, "home/config", text)
    sync = ["vdirsyncer", "-c", str(config)]
    done = run(radicale, *sync, "discover", stdin="y\n" * 9)
    assert done.returncode == 0, done.stderr
    done = run(radicale, *sync, "sync")
    assert done.returncode == 0, done.stderr
    assert any("tea" in path for path in test_apps.collections(radicale))
    [(agent, used)] = radicale.sql("SELECT user_agent, last_seen_at > created_at FROM managed_session WHERE session_id = ?", password[:22])
    assert "vdirsyncer" in agent and used
    before = test_apps.collections(radicale)
    test_apps.revoke(radicale, "alice", password)
    (home / "phone/work/late.ics").write_text(event("late"))
    done = run(radicale, *sync, "sync")
    assert done.returncode != 0 and re.search("401|Unauthorized", done.stderr)
    assert test_apps.collections(radicale) == before and (home / "phone/work/tea.ics").exists()


def test_cadaver_opens_the_folder_and_cannot_any_more(radicale):
    needs("cadaver", "cadaver")
    password = make(radicale, "cadaver")
    private(radicale, "home/.netrc", f"machine 127.0.0.1\nlogin alice\npassword {password}\n")
    test_apps.dav(radicale, "MKCALENDAR", "/alice/shown/", harness.sign_in(radicale))
    listed = run(radicale, "cadaver", f"http://127.0.0.1:{radicale.port}/radicale/alice/", stdin="ls\nquit\n")
    assert "shown" in listed.stdout, listed.stdout + listed.stderr
    test_apps.revoke(radicale, "alice", password)
    refused = run(radicale, "cadaver", f"http://127.0.0.1:{radicale.port}/radicale/alice/", stdin="\n\nls\nquit\n")
    assert "shown" not in refused.stdout


def test_curl_with_a_netrc_file_and_without(radicale):
    needs("curl", "curl")
    password = make(radicale, "curl")
    target = f"http://127.0.0.1:{radicale.port}/radicale/alice/"
    netrc = private(radicale, "home/curlrc", f"machine 127.0.0.1 login alice password {password}\n")
    command = ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-X", "PROPFIND", target]
    assert run(radicale, *command, "--netrc-file", str(netrc)).stdout == "207"
    assert run(radicale, *command).stdout == "401"
    assert run(radicale, *command, "--anyauth", "--netrc-file", str(netrc)).stdout == "207", "it answers the challenge"
    test_apps.revoke(radicale, "alice", password)
    assert run(radicale, *command, "--netrc-file", str(netrc)).stdout == "401"


# ---- git and curl, over TLS of httpd's own -------------------------------------------------------

TLS = """
Listen 127.0.0.1:@TLS@
<VirtualHost 127.0.0.1:@TLS@>
    SSLEngine On
    SSLCertificateFile "@ROOT@/certificate.pem"
</VirtualHost>
"""


@pytest.fixture(scope="module")
def git():
    """The usual server, and at tls_port the same over https, with a certificate that git and curl are told to trust."""
    if not shutil.which("git") or not os.path.exists("/usr/lib/git-core/git-http-backend"):
        pytest.skip("git is not installed (apt-get install git)")
    port = harness.free_port()
    server = harness.Server(test_apps.example("git.conf", **{"/srv/git": "@ROOT@/git", "/etc/gitweb.conf": "@ROOT@/gitweb.conf"})
                            + "ManagedSessionRealm app\n" + TLS.replace("@TLS@", str(port)), modules="ssl socache_shmcb")
    server.tls_port = port
    examples.add_certificate(server.write("certificate.pem", ""))
    server.write("gitweb.conf", "")
    assert run(server, "git", "init", "--quiet", "--bare", "--initial-branch=main", str(server.root / "git/tea.git")).returncode == 0
    if server.user:
        for path in [server.root / "git", *(server.root / "git").rglob("*")]:
            shutil.chown(path, server.user)
    with server:
        yield server


def test_curl_over_https_and_not_over_http(git):
    needs("curl", "curl")
    password = make(git, "curl")

    def status(scheme: str, port: int, typed: str) -> str:
        return run(git, "curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", f"{git.root}/certificate.pem",
                   "-u", f"alice:{typed}", f"{scheme}://127.0.0.1:{port}/git/tea.git/info/refs?service=git-upload-pack").stdout
    assert status("https", git.tls_port, password) == "200"
    assert status("https", git.tls_port, password[:-3] + "AAA") == status("https", git.tls_port, "wonderland") == "401"
    git.expect("MS0255")
    assert status("http", git.port, password) == "403"
    test_apps.revoke(git, "alice", password)
    assert status("https", git.tls_port, password) == "401"


def test_git_pushes_with_a_password_that_its_store_has_until_it_is_ended(git):
    password = make(git, "git on the laptop")
    private(git, "home/credentials", f"https://alice:{password}@127.0.0.1%3a{git.tls_port}\n")
    store = ["git", "-c", f"credential.helper=store --file={git.root}/home/credentials",
             "-c", f"http.sslCAInfo={git.root}/certificate.pem"]
    done = run(git, *store, "clone", "--quiet", f"https://127.0.0.1:{git.tls_port}/git/tea.git", "tea")
    assert done.returncode == 0, done.stderr
    tea = ["-C", str(git.root / "home/tea")]
    for command in (["checkout", "-q", "-B", "main"], ["commit", "-q", "--allow-empty", "-m", "Boil water"], ["push", "-q", "origin", "main"]):
        done = run(git, *store, *tea, *command)
        assert done.returncode == 0, done.stderr
    head = (git.root / "git/tea.git/refs/heads/main").read_text()
    test_apps.revoke(git, "alice", password)
    for command in (["commit", "-q", "--allow-empty", "-m", "Too late"], ["push", "-q", "origin", "main"]):
        done = run(git, *store, *tea, *command)
    assert done.returncode != 0
    assert (git.root / "git/tea.git/refs/heads/main").read_text() == head


# ---- a WebDAV drive ------------------------------------------------------------------------------

DRIVE = """
DavLockDB "@ROOT@/run/locks"
Alias "/drive" "@ROOT@/drive"
<Location "/drive">
    Dav On
    AuthType Basic
    AuthName "Drive"
    AuthBasicProvider managed-session
    Require session-kind app
</Location>
<Location "/sessions">
    ManagedSessionAppPasswords On
</Location>
"""


@pytest.fixture()
def drive():
    server = harness.Server(harness.SITE + DRIVE + TLS_IN_FRONT, modules="dav dav_fs")
    server.write("drive/tea.txt", "green\n")
    if server.user:
        shutil.chown(server.root / "drive", server.user)
    with server:
        yield server


@contextlib.contextmanager
def mounted(server: harness.Server, password: str):
    """The drive as a folder of this system, by davfs2, without its cache of names and attributes."""
    needs("mount.davfs", "davfs2")
    folder, url = server.root / "mounted", f"http://127.0.0.1:{server.port}/drive"
    folder.mkdir()
    cache = server.root / "cache"
    cache.mkdir()
    shutil.chown(cache, group="davfs2")
    cache.chmod(0o775)
    secrets = private(server, "davfs2.secrets", f'{folder} alice "{password}"\n')
    conf = private(server, "davfs2.conf", f"secrets {secrets}\ncache_dir {cache}\nuse_locks 0\nask_auth 0\n"
                                          "dir_refresh 0\nfile_refresh 0\ndelay_upload 0\nn_cookies 0\n")
    done = run(server, "mount", "-t", "davfs", "-o", f"conf={conf}", url, str(folder))
    if "fuse" in done.stderr.lower() or "permitted" in done.stderr:
        pytest.skip(f"this system mounts no file system of a program: {done.stderr}")
    assert done.returncode == 0, done.stderr
    try:
        yield folder
    finally:
        run(server, "umount", "-l", str(folder))


def test_davfs2_reads_and_writes_until_the_password_is_ended(drive):
    password = make(drive, "drive")
    with mounted(drive, password) as folder:
        assert (folder / "tea.txt").read_text() == "green\n"
        (folder / "note.txt").write_text("boil water\n")
        harness.eventually(lambda: (drive.root / "drive/note.txt").exists(), "the upload")
        test_apps.revoke(drive, "alice", password)
        with pytest.raises(OSError):
            (folder / "late.txt").write_text("too late\n")
            list(folder.iterdir())
        assert not (drive.root / "drive/late.txt").exists()

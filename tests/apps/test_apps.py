# SPDX-License-Identifier: Apache-2.0
"""Real applications behind the module, each configured by its file in conf/examples and run from its Debian package."""
from __future__ import annotations

import base64
import contextlib
import importlib.util
import http.client
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest

import harness
import processes

EXAMPLES = pathlib.Path(__file__).parents[2] / "conf/examples"
SPELLINGS = ["X-Remote-User", "x-remote-user", "X_Remote_User", "x_remote_user", "X-Remote_User", "X_REMOTE-USER"]


def example(name: str, **places: str) -> str:
    """A file of conf/examples, unchanged, except for addresses and paths."""
    text = (EXAMPLES / name).read_text()
    text = re.sub(r"(?m)^LoadModule .*\n", "", text)
    places |= {"/var/lib/managed-session/sessions.db": "@DB@", "/etc/apache2/htpasswd": "@ROOT@/passwords"}
    for there, here in places.items():
        assert there in text, f"{name} no longer says {there}"
        text = text.replace(there, here)
    return text


@contextlib.contextmanager
def application(command: list[str], port: int, log: pathlib.Path):
    """A process that listens on the port; ended with everything it started."""
    with open(log, "wb") as said:
        process = processes.start(command, stdout=said, stderr=subprocess.STDOUT,
                                  env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"})
    try:
        end = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert process.poll() is None and time.monotonic() < end, "did not start:\n" + log.read_text()
                time.sleep(0.05)
        yield process
    finally:
        processes.end(process, signal.SIGKILL)


def revoke(server: harness.Server, user: str, token: str) -> None:
    """At home, in another browser, the user ends that session."""
    home = server.browser()
    home.go("/login?return=/sessions")
    home.submit({"username": user, "password": harness.PASSWORDS[user]})
    assert home.submit(action="revoke", id=token[:22]).status == 200


# ---- Django -------------------------------------------------------------------------------------

DJANGO_SETTINGS = """
import pathlib
HERE = pathlib.Path(__file__).parent
SECRET_KEY = "only for this test"
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "mysite"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": HERE / "django.sqlite"}}
INSTALLED_APPS = ["django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes",
                  "django.contrib.sessions", "django.contrib.messages", "django.contrib.staticfiles"]
MIDDLEWARE = ["django.middleware.security.SecurityMiddleware",
              "django.contrib.sessions.middleware.SessionMiddleware",
              "django.middleware.common.CommonMiddleware",
              "django.middleware.csrf.CsrfViewMiddleware",
              "django.contrib.auth.middleware.AuthenticationMiddleware",
              "middleware.SignedInAtTheFrontMiddleware",
              "django.contrib.messages.middleware.MessageMiddleware"]
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.RemoteUserBackend"]
LOGIN_URL = "/login"
STATIC_URL = "/static/"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
              "OPTIONS": {"context_processors": ["django.template.context_processors.request",
                                                 "django.contrib.auth.context_processors.auth",
                                                 "django.contrib.messages.context_processors.messages"]}}]
"""

DJANGO_MIDDLEWARE = """
from django.contrib.auth.middleware import RemoteUserMiddleware

class SignedInAtTheFrontMiddleware(RemoteUserMiddleware):
    header = "HTTP_X_REMOTE_USER"
"""

DJANGO_SITE = """
from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template import engines
from django.urls import path

def hello(request):
    return HttpResponse("Hello, %s." % (request.user.get_username() or "stranger"))

def seen(request):
    return JsonResponse({"cookies": sorted(request.COOKIES), "header": request.META.get("HTTP_X_REMOTE_USER"),
                         "authorization": request.META.get("HTTP_AUTHORIZATION"), "host": request.get_host()})

PAGE = '''{{ user.username }} wrote: {{ notes|join:", " }}.
<form method="post"><input name="note" value="">{% csrf_token %}</form>'''

@login_required(redirect_field_name="return")
def notes(request):
    if request.method == "POST":
        request.session["notes"] = request.session.get("notes", []) + [request.POST["note"]]
        return redirect("/notes")
    page = engines["django"].from_string(PAGE)
    return HttpResponse(page.render({"notes": request.session.get("notes", [])}, request))

urlpatterns = [path("", hello), path("seen", seen), path("notes", notes), path("admin/", admin.site.urls)]
"""

DJANGO_SERVE = """
import os, sys, wsgiref.simple_server
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
from django.core.wsgi import get_wsgi_application
application = get_wsgi_application()
from django.core.management import call_command
from django.contrib.auth.models import User
call_command("migrate", verbosity=0)
User.objects.create_superuser("bob")
wsgiref.simple_server.make_server("127.0.0.1", int(sys.argv[1]), application).serve_forever()
"""


@pytest.fixture(scope="module")
def django():
    if not importlib.util.find_spec("django"):
        pytest.skip("Django is not installed (apt-get install python3-django)")
    port = harness.free_port()
    server = harness.Server(example("django.conf", **{"127.0.0.1:8000": f"127.0.0.1:{port}"}))
    for name, text in (("settings", DJANGO_SETTINGS), ("middleware", DJANGO_MIDDLEWARE), ("mysite", DJANGO_SITE),
                       ("serve", DJANGO_SERVE)):
        server.write(f"django/{name}.py", text)
    server.application_port = port
    with application([sys.executable, "-B", str(server.root / "django/serve.py"), str(port)], port,
                     server.root / "logs/django.log"), server:
        yield server


def write_note(browser: harness.Browser, note: str) -> harness.Answer:
    browser.go("/notes")
    assert browser.submit({"note": note}).status == 302
    return browser.go("/notes")


def test_django_sends_a_visitor_to_sign_in_and_back_to_the_page(django):
    browser = django.browser()
    assert browser.go("/").text == "Hello, stranger."
    sent = browser.go("/notes")
    assert (sent.status, sent.location) == (302, "/login?return=/notes")
    browser.go(sent.location)
    assert browser.submit({"username": "alice", "password": "wonderland"}).text.startswith("alice wrote: .")
    assert browser.url == "/notes"
    assert browser.go("/").text == "Hello, alice."


def test_django_keeps_its_own_session_and_form_tokens_beside_ours(django):
    browser = django.browser()
    browser.sign_in()
    assert write_note(browser, "milk").text.startswith("alice wrote: milk.")
    assert write_note(browser, "bread").text.startswith("alice wrote: milk, bread.")
    assert set(browser.jar) == {harness.COOKIE, "sessionid", "csrftoken"}
    del browser.jar["csrftoken"]
    assert browser.submit({"note": "forged"}).status == 403, "Django's protection against forged forms works"


def test_django_sees_the_user_and_the_host_but_not_our_cookie(django):
    browser = django.browser()
    browser.sign_in()
    browser.go("/notes")
    as_bob = {"Authorization": "Basic " + base64.b64encode(b"bob:builder").decode()}
    for headers in ({}, as_bob):
        assert browser.fetch("/seen", headers=headers).json() == {
            "cookies": ["csrftoken", "sessionid"], "header": "alice", "authorization": None,
            "host": f"127.0.0.1:{django.port}"}


def test_django_forgets_alice_when_bob_signs_in_on_the_same_browser(django):
    browser = django.browser()
    browser.sign_in()
    write_note(browser, "alice's own")
    hers = browser.jar["sessionid"]
    browser.sign_in("bob")
    assert browser.go("/").text == "Hello, bob."
    assert browser.go("/notes").text.startswith("bob wrote: .")
    assert browser.jar["sessionid"] != hers
    browser.sign_in()
    assert browser.go("/notes").text.startswith("alice wrote: .")


def test_django_does_not_know_the_user_after_sign_out(django):
    browser = django.browser()
    browser.sign_in()
    write_note(browser, "left behind")
    theirs = browser.jar["sessionid"]
    browser.go("/logout")
    assert browser.submit().text == "Hello, stranger."
    browser.jar["sessionid"] = theirs
    assert browser.go("/").text == "Hello, stranger.", "a Django session alone signs no user in"
    assert browser.go("/notes").status == 302


def test_djangos_admin_is_closed_to_visitors_and_asks_django_who_is_staff(django):
    browser = django.browser()
    assert browser.fetch("/admin/").status == 401
    assert browser.go("/admin/").status == 200 and browser.url == "/login?return=/admin/"
    answer = browser.submit({"username": "bob", "password": "builder"})
    assert "Site administration" in answer.text and browser.url == "/admin/"
    browser.sign_in()
    refused = browser.go("/admin/")
    assert refused.status == 302
    assert "authenticated as alice, but are not authorized" in browser.go(refused.location).text


def test_djangos_pages_are_kept_by_no_shared_cache(django):
    browser = django.browser()
    browser.sign_in("bob")
    page = browser.go("/admin/")
    assert "Cookie" in page.headers["Vary"] and "no-store" in page.headers["Cache-Control"]
    browser.go("/notes")
    page = browser.go("/notes")
    assert "Cookie" in page.headers["Vary"] and page.headers["Cache-Control"] == "private", "Django says nothing here"


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_django_would_believe_the_header_and_a_client_cannot_send_it(django, spelling):
    direct = http.client.HTTPConnection("127.0.0.1", django.application_port, timeout=20)
    direct.request("GET", "/", headers={spelling: "bob", "Host": f"127.0.0.1:{django.port}"})
    assert direct.getresponse().read() == b"Hello, bob.", "wsgiref folds - and _"
    direct.close()
    assert harness.get(django, "/", headers={spelling: "bob"}).text == "Hello, stranger."
    assert harness.get(django, "/", harness.random_token(), {spelling: "bob"}).text == "Hello, stranger."
    assert harness.get(django, "/notes", headers={spelling: "bob"}).status == 302
    assert harness.get(django, "/admin/", headers={spelling: "bob"}).status == 401
    alice = harness.sign_in(django)
    assert harness.get(django, "/", alice, {spelling: "bob"}).text == "Hello, alice."
    assert harness.get(django, "/", alice, [(spelling, "bob"), ("X-Remote-User", "bob")]).text == "Hello, alice."
    assert harness.get(django, "/", alice, [("Connection", f"close, {spelling}")]).text == "Hello, alice."


def test_django_turns_a_revoked_browser_away_at_its_next_request(django):
    library = django.browser()
    library.sign_in("bob")
    write_note(library, "bob's own")
    assert library.go("/admin/").status == 200
    token = library.token
    revoke(django, "bob", token)
    assert library.fetch("/admin/").status == 401
    assert library.go("/admin/", follow=False).location == "/login?return=/admin/"
    assert library.go("/").text == "Hello, stranger."
    assert library.go("/notes").status == 302


def test_django_takes_no_form_from_a_revoked_browser(django):
    library = django.browser()
    library.sign_in()
    library.go("/notes")
    revoke(django, "alice", library.token)
    assert library.submit({"note": "too late"}).location == "/login?return=/notes"


# ---- Radicale -----------------------------------------------------------------------------------

RADICALE = """
[server]
hosts = 127.0.0.1:@APPLICATION_PORT@
[auth]
type = http_x_remote_user
[rights]
type = owner_only
[storage]
filesystem_folder = @ROOT@/collections
[logging]
level = debug
"""

EVENT = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//test//EN
BEGIN:VEVENT
UID:tea
DTSTAMP:20260101T000000Z
DTSTART:20260102T150000Z
SUMMARY:Tea with the Hatter
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")

QUERY = """<?xml version="1.0"?>
<c:calendar-query xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav">
<d:prop><d:getetag/><c:calendar-data/></d:prop>
<c:filter><c:comp-filter name="VCALENDAR"/></c:filter></c:calendar-query>"""

PRINCIPAL = '<?xml version="1.0"?><d:propfind xmlns:d="DAV:"><d:prop><d:current-user-principal/></d:prop></d:propfind>'


@contextlib.contextmanager
def radicale_with(change=lambda text: text):
    if not shutil.which("radicale"):
        pytest.skip("Radicale is not installed (apt-get install radicale)")
    port = harness.free_port()
    server = harness.Server(change(example("radicale.conf", **{"127.0.0.1:5232": f"127.0.0.1:{port}"})))
    config = server.write("radicale.ini", server.fill(RADICALE).replace("@APPLICATION_PORT@", str(port)))
    command = [shutil.which("radicale"), "--config", str(config)]
    with application(command, port, server.root / "logs/radicale.log"), server:
        yield server


@pytest.fixture(scope="module")
def radicale():
    with radicale_with() as server:
        yield server


def dav(server: harness.Server, method: str, path: str, token: str | None = None, body: str | None = None,
        **headers: str) -> harness.Answer:
    """A calendar program's request."""
    pairs = [("User-Agent", "DAVx5/4.3 (okhttp)"), ("Accept", "*/*"), ("Depth", "1")]
    pairs += [(name.replace("_", "-"), value) for name, value in headers.items()]
    if body is not None:
        pairs.append(("Content-Type", "text/calendar" if body.startswith("BEGIN") else "application/xml"))
    if token:
        pairs.append(("Cookie", f"{harness.COOKIE}={token}"))
    return harness.request(server, method, "/radicale" + path, pairs, None if body is None else body.encode())


def collections(server: harness.Server) -> list[str]:
    return sorted(str(p) for p in (server.root / "collections").rglob("*") if ".Radicale" not in str(p))


@pytest.fixture(scope="module")
def alices_calendar(radicale):
    """Alice's session, in which a calendar with one event was made."""
    alice = harness.sign_in(radicale)
    assert dav(radicale, "MKCALENDAR", "/alice/work/", alice).status == 201
    assert dav(radicale, "PUT", "/alice/work/tea.ics", alice, EVENT).status == 201
    return alice


def test_radicale_keeps_the_calendar_of_who_is_signed_in(radicale, alices_calendar):
    assert "<href>/radicale/alice/</href>" in dav(radicale, "PROPFIND", "/", alices_calendar, PRINCIPAL, Depth="0").text
    listed = dav(radicale, "PROPFIND", "/alice/work/", alices_calendar)
    assert listed.status == 207 and "/radicale/alice/work/tea.ics" in listed.text
    found = dav(radicale, "REPORT", "/alice/work/", alices_calendar, QUERY)
    assert found.status == 207 and "Tea with the Hatter" in found.text
    event = dav(radicale, "GET", "/alice/work/tea.ics", alices_calendar)
    assert "SUMMARY:Tea with the Hatter" in event.text and "private" in event.headers["Cache-Control"]


def test_radicale_moves_and_deletes(radicale, alices_calendar):
    dav(radicale, "PUT", "/alice/work/other.ics", alices_calendar, EVENT.replace("UID:tea", "UID:other"))
    moved = dav(radicale, "MOVE", "/alice/work/other.ics", alices_calendar,
                Destination=f"http://127.0.0.1:{radicale.port}/radicale/alice/work/moved.ics")
    assert moved.status == 201
    assert dav(radicale, "DELETE", "/alice/work/moved.ics", alices_calendar).status == 200
    assert dav(radicale, "GET", "/alice/work/moved.ics", alices_calendar).status == 404


@pytest.mark.parametrize("method, path, body", [
    ("GET", "/alice/work/tea.ics", None), ("PROPFIND", "/alice/work/", None), ("REPORT", "/alice/work/", QUERY),
    ("PUT", "/alice/work/tea.ics", EVENT.replace("Tea", "Coffee")), ("DELETE", "/alice/work/tea.ics", None)])
def test_radicale_shows_bob_nothing_of_alices(radicale, alices_calendar, method, path, body):
    bob = harness.sign_in(radicale, "bob")
    assert dav(radicale, "PROPFIND", "/bob/", bob).status == 207
    before = collections(radicale)
    assert dav(radicale, method, path, bob, body).status == 403
    assert dav(radicale, method, path, bob, body, X_Remote_User="alice").status == 403
    basic = "Basic " + base64.b64encode(b"alice:x").decode()
    assert dav(radicale, method, path, bob, body, Authorization=basic).status == 403
    assert collections(radicale) == before
    assert "Tea with the Hatter" in dav(radicale, "GET", "/alice/work/tea.ics", alices_calendar).text


@pytest.mark.parametrize("accept", ["*/*", "text/html"])
@pytest.mark.parametrize("method, path, body", [
    ("PROPFIND", "/alice/work/", None), ("PROPFIND", "/", PRINCIPAL), ("REPORT", "/alice/work/", QUERY),
    ("MKCOL", "/alice/new/", None), ("MKCALENDAR", "/alice/new/", None), ("PUT", "/alice/work/new.ics", EVENT),
    ("DELETE", "/alice/work/tea.ics", None), ("PROPPATCH", "/alice/work/", "<x/>"), ("OPTIONS", "/", None),
    ("MOVE", "/alice/work/tea.ics", None)])
def test_a_calendar_program_without_a_session_gets_401_and_no_redirect(
        radicale, alices_calendar, method, path, body, accept):
    before = collections(radicale)
    answer = dav(radicale, method, path, None, body, Accept=accept)
    assert answer.status == 401 and answer.location is None
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="Calendars"'
    assert collections(radicale) == before


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_radicale_is_told_of_no_user_whom_a_client_names(radicale, alices_calendar, spelling):
    assert harness.request(radicale, "PROPFIND", "/radicale/alice/work/", {spelling: "alice"}).status == 401
    bob = harness.sign_in(radicale, "bob")
    answer = harness.request(radicale, "PROPFIND", "/radicale/alice/work/",
                             {spelling: "alice", "Cookie": f"{harness.COOKIE}={bob}"})
    assert answer.status == 403
    answer = harness.request(radicale, "PROPFIND", "/radicale/alice/work/", {
        "Connection": f"close, {spelling}", "Cookie": f"{harness.COOKIE}={alices_calendar}", "Depth": "1"})
    assert answer.status == 207


def test_a_password_of_basic_authentication_opens_nothing(radicale, alices_calendar):
    basic = "Basic " + base64.b64encode(b"alice:wonderland").decode()
    assert dav(radicale, "PROPFIND", "/alice/work/", None, None, Authorization=basic).status == 401


def test_a_browser_signs_in_and_arrives_at_radicales_own_page(radicale):
    browser = radicale.browser()
    browser.go("/radicale/")
    assert browser.url == "/login?return=/radicale/"
    sent = browser.submit({"username": "bob", "password": "builder"})
    assert sent.status == 302 and sent.location.endswith("/radicale/.web")
    while sent.status in (301, 302):
        sent = browser.go(re.sub(r"^http://[^/]+", "", sent.location))
    assert sent.status == 200 and "Radicale" in sent.text
    assert browser.go("/login").status == 200


@pytest.mark.parametrize("path", ["/.well-known/caldav", "/.well-known/carddav"])
def test_calendar_programs_find_radicale(radicale, path):
    answer = harness.request(radicale, "PROPFIND", path)
    assert answer.status == 301 and answer.location.endswith("/radicale/")


def test_radicale_refuses_a_revoked_session(radicale):
    lost = harness.sign_in(radicale)
    assert dav(radicale, "PROPFIND", "/alice/", lost).status == 207
    revoke(radicale, "alice", lost)
    before = collections(radicale)
    assert dav(radicale, "PROPFIND", "/alice/", lost).status == 401
    assert dav(radicale, "PUT", "/alice/work/late.ics", lost, EVENT).status == 401
    assert collections(radicale) == before


def test_programs_that_only_know_passwords_may_be_let_in_beside_sessions():
    """The lines of the example that are commented out."""
    with radicale_with(lambda text: re.sub(r"(?m)^    #(?! )", "    ", text)) as server:
        bob = harness.sign_in(server, "bob")
        asked = dav(server, "PROPFIND", "/", None, PRINCIPAL)
        assert asked.status == 401 and asked.headers.get_all("WWW-Authenticate") == ['Basic realm="Calendars"']
        basic, wrong = ("Basic " + base64.b64encode(word).decode() for word in (b"alice:wonderland", b"alice:builder"))
        found = dav(server, "PROPFIND", "/", None, PRINCIPAL, Authorization=basic, X_Remote_User="bob", Depth="0")
        assert found.status == 207 and "<href>/radicale/alice/</href>" in found.text
        server.expect("AH01617")
        assert dav(server, "PROPFIND", "/alice/", None, Authorization=wrong).status == 401
        assert "<href>/radicale/bob/</href>" in dav(server, "PROPFIND", "/", bob, PRINCIPAL, Depth="0").text
        assert dav(server, "PROPFIND", "/alice/", bob).status == 403
        assert server.browser().go("/radicale/", follow=False).location == "/login?return=/radicale/"


# ---- git and gitweb -----------------------------------------------------------------------------

HOOK = """#!/bin/sh
while read -r old new ref; do
    echo "$REMOTE_USER|$AUTH_TYPE|$MANAGED_SESSION_ID|${HTTP_COOKIE-no cookie}|$ref" >> pushes
done
"""

GITWEB = """
$projectroot = "@ROOT@/git";
$git_temp = "@ROOT@/run";
our $site_name = "Repositories, for $ENV{REMOTE_USER}";
"""


@pytest.fixture(scope="module", params=[("event", "cgid"), ("prefork", "cgi")], ids="-".join)
def git(request):
    """A server with an empty repository whose hook writes down who pushed."""
    if not shutil.which("git") or not os.path.exists("/usr/lib/git-core/git-http-backend"):
        pytest.skip("git is not installed (apt-get install git)")
    server = harness.Server(example("git.conf", **{"/srv/git": "@ROOT@/git", "/etc/gitweb.conf": "@ROOT@/gitweb.conf"}),
                            mpm=request.param[0])
    httpd_conf = (server.root / "httpd.conf").read_text()
    server.write("httpd.conf", re.sub(r'"(.*)/mod_cgid\.so"', rf'"\1/mod_{request.param[1]}.so"',
                                      httpd_conf.replace("cgid_module", request.param[1] + "_module")))
    server.write("gitweb.conf", server.fill(GITWEB))
    server.work = server.root / "work"
    server.work.mkdir()
    run(server, "init", "--quiet", "--bare", "--initial-branch=main", str(server.root / "git/tea.git"))
    server.write("git/tea.git/hooks/post-receive", HOOK, 0o755)
    server.write("git/tea.git/description", "How to make tea\n")
    if server.user:
        for path in [server.root / "git", *(server.root / "git").rglob("*")]:
            shutil.chown(path, server.user)
    with server:
        yield server


def run(server: harness.Server, *words: str, token: str | None = None, folder: pathlib.Path | None = None,
        may_fail: bool = False) -> subprocess.CompletedProcess:
    """The real git, which sends the session's cookie and never prompts for a password."""
    header = ["-c", f"http.extraHeader=Cookie: {harness.COOKIE}={token}"] if token else []
    environment = {"PATH": os.environ["PATH"], "HOME": str(server.work), "LANG": "C", "GIT_TERMINAL_PROMPT": "0",
                   "GIT_CONFIG_NOSYSTEM": "1", "EMAIL": "someone@app.test"}
    done = subprocess.run(["git", *header, *words], cwd=folder or server.work, env=environment,
                          capture_output=True, text=True, timeout=60)
    assert may_fail or done.returncode == 0, done.stderr
    return done


def url(server: harness.Server) -> str:
    return f"http://127.0.0.1:{server.port}/git/tea.git"


def clone(server: harness.Server, name: str, token: str | None) -> pathlib.Path:
    shutil.rmtree(server.work / name, ignore_errors=True)
    run(server, "clone", "--quiet", url(server), name, token=token)
    return server.work / name


def commit(server: harness.Server, folder: pathlib.Path, name: str, data: bytes = b"Boil water.\n") -> str:
    (folder / name).write_bytes(data)
    run(server, "checkout", "--quiet", "-B", "main", folder=folder)
    run(server, "add", name, folder=folder)
    run(server, "commit", "--quiet", "--message", f"Add {name}", folder=folder)
    return run(server, "rev-parse", "HEAD", folder=folder).stdout.strip()


def head(server: harness.Server) -> str:
    """Which commit the server has."""
    return (server.root / "git/tea.git/refs/heads/main").read_text().strip()


def pushes(server: harness.Server) -> list[str]:
    return (server.root / "git/tea.git/pushes").read_text().splitlines()


@pytest.fixture(scope="module")
def history(git):
    """Alice's session, in which the first commit was pushed."""
    alice = harness.sign_in(git)
    folder = clone(git, "first", alice)
    git.first = commit(git, folder, "README")
    run(git, "push", "--quiet", "origin", "main", token=alice, folder=folder)
    assert head(git) == git.first
    return alice


@pytest.mark.parametrize("user", ["alice", "bob"])
def test_git_clones_and_pushes_and_the_hook_knows_who(git, history, user):
    token = harness.sign_in(git, user)
    folder = clone(git, user, token)
    made = commit(git, folder, f"of-{user}")
    run(git, "push", "--quiet", "origin", "main", token=token, folder=folder)
    assert head(git) == made
    assert pushes(git)[-1] == f"{user}|ManagedSession|{token[:22]}|no cookie|refs/heads/main"


def test_git_pushes_much_at_once(git, history):
    """More than git keeps in memory, so that it sends its request in chunks."""
    folder = clone(git, "much", history)
    made = commit(git, folder, "picture", os.urandom(3 << 20))
    run(git, "push", "--quiet", "origin", "main", token=history, folder=folder)
    assert head(git) == made
    assert (clone(git, "much-again", history) / "picture").stat().st_size == 3 << 20


def test_git_uses_the_cookies_that_curl_has_kept(git, history):
    """As conf/examples/git.conf describes it."""
    if not shutil.which("curl"):
        pytest.skip("curl is not installed (apt-get install curl)")
    jar = git.work / "git-cookies"
    subprocess.run(["curl", "-sS", "-c", str(jar), "-d", "username=bob", "-d", "remember=1",
                    "--data-urlencode", "password@-", f"http://127.0.0.1:{git.port}/login"],
                   input=b"builder", check=True, capture_output=True, timeout=60)
    token = jar.read_text().split()[-1]
    harness.issued.add(token[23:].encode())
    run(git, "config", "--global", f"http.http://127.0.0.1:{git.port}/.cookieFile", str(jar))
    try:
        folder = clone(git, "by-file", None)
        commit(git, folder, "by-file")
        run(git, "push", "--quiet", "origin", "main", folder=folder)
    finally:
        (git.work / ".gitconfig").unlink()
    assert pushes(git)[-1] == f"bob|ManagedSession|{token[:22]}|no cookie|refs/heads/main"


@pytest.mark.parametrize("token", [None, harness.random_token(), "nonsense"])
def test_git_without_a_session_is_refused_and_sent_nowhere(git, history, token):
    before = len((git.root / "logs/access.log").read_text())
    refused = run(git, "ls-remote", url(git), token=token, may_fail=True)
    assert refused.returncode != 0 and "could not read Username" in refused.stderr
    asked = (git.root / "logs/access.log").read_text()[before:]
    assert '/info/refs?service=git-upload-pack HTTP/1.1" 401' in asked and "/login" not in asked


@pytest.mark.parametrize("header", ["REMOTE_USER: bob", "Remote-User: bob", "X-Remote-User: bob", "Auth-Type: Basic",
                                    "Authorization: Basic " + base64.b64encode(b"bob:builder").decode()])
def test_git_cannot_push_as_another_user(git, history, header):
    assert run(git, "-c", f"http.extraHeader={header}", "ls-remote", url(git), may_fail=True).returncode != 0
    folder = clone(git, "masked", history)
    commit(git, folder, "masked", header.encode() + os.urandom(4))
    run(git, "-c", f"http.extraHeader={header}", "push", "--quiet", "origin", "main", token=history, folder=folder)
    assert pushes(git)[-1].startswith(f"alice|ManagedSession|{history[:22]}|")


def test_git_is_refused_once_its_session_is_revoked(git, history):
    lost = harness.sign_in(git)
    folder = clone(git, "lost", lost)
    commit(git, folder, "too-late")
    before = head(git), pushes(git)
    revoke(git, "alice", lost)
    refused = run(git, "push", "origin", "main", token=lost, folder=folder, may_fail=True)
    assert refused.returncode != 0 and "could not read Username" in refused.stderr
    assert run(git, "fetch", token=lost, folder=folder, may_fail=True).returncode != 0
    assert (head(git), pushes(git)) == before


def test_a_push_posted_without_asking_first_is_refused(git, history):
    """Git requests the references before it pushes; a push by hand gets no further."""
    lost = harness.sign_in(git)
    revoke(git, "alice", lost)
    answer = harness.request(git, "POST", "/git/tea.git/git-receive-pack", {
        "Cookie": f"{harness.COOKIE}={lost}", "Content-Type": "application/x-git-receive-pack-request"}, b"0000")
    assert answer.status == 401 and answer.location is None


@pytest.fixture
def gitweb(git, history):
    if not os.path.exists("/usr/share/gitweb/gitweb.cgi"):
        pytest.skip("gitweb is not installed (apt-get install gitweb)")
    if subprocess.run(["perl", "-MCGI", "-e1"], capture_output=True).returncode:
        pytest.skip("gitweb's Perl module CGI is not installed (apt-get install libcgi-pm-perl)")
    return git


def test_gitweb_greets_who_signed_in(gitweb):
    browser = gitweb.browser()
    browser.go("/gitweb/")
    assert browser.url == "/login?return=/gitweb/"
    page = browser.submit({"username": "bob", "password": "builder"})
    assert browser.url == "/gitweb/" and page.status == 200
    assert "Repositories, for bob" in page.text and "tea.git" in page.text and "How to make tea" in page.text
    assert browser.go("/gitweb/static/gitweb.css").headers["Content-Type"] == "text/css"


def test_gitweb_comes_back_to_the_very_page_that_was_asked_for(gitweb):
    """Its addresses are full of semicolons, which must survive the way through the sign-in page."""
    browser = gitweb.browser()
    asked = f"/gitweb/?p=tea.git;a=commit;h={gitweb.first}"
    browser.go(asked)
    page = browser.submit({"username": "alice", "password": "wonderland"})
    assert browser.url == asked and "Add README" in page.text


def test_what_gitweb_would_let_shared_caches_keep_stays_private(gitweb):
    page = harness.get(gitweb, f"/gitweb/?p=tea.git;a=commit;h={gitweb.first}", harness.sign_in(gitweb))
    assert "Add README" in page.text
    assert "private" in page.headers["Cache-Control"] and "Cookie" in page.headers["Vary"]
    assert "Expires" not in page.headers, "gitweb said: in a day"


def test_gitweb_shows_a_revoked_browser_the_sign_in_page(gitweb):
    library = gitweb.browser()
    library.sign_in()
    assert "for alice" in library.go("/gitweb/").text
    revoke(gitweb, "alice", library.token)
    assert library.fetch("/gitweb/").status == 401
    assert library.go("/gitweb/?p=tea.git", follow=False).location == "/login?return=/gitweb/%3Fp%3Dtea.git"

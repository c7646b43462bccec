# SPDX-License-Identifier: Apache-2.0
"""A response may clear the cookie that its request presented, and no other: not the cookie of a sign-in made meanwhile, nor
that of another site on another port of the same host, which browsers send to both."""
import contextlib
import http.server
import threading
import time
import urllib.parse

import pytest

import harness
import serving
from harness import Server, get, post, random_token, sign_in

SLOW = """
ProxyPass "/optional/" "http://127.0.0.1:@BACKEND@/"
ProxyPass "/closed/" "http://127.0.0.1:@BACKEND@/"
ProxyPass "/refused" "http://127.0.0.1:@BACKEND@/refused"

<Location "/optional/">
    ManagedSession On
</Location>
<Location "/closed/">
    AuthType ManagedSession
    AuthName "closed"
    Require valid-user
    ManagedSessionBackendLogin On
    # A sign-in ends the session of these requests; their late answers must arrive all the same.
    ManagedSessionCutConnections Off
</Location>
<Location "/app">
    ErrorDocument 401 /refused
</Location>
"""


class SlowApplication(http.server.ThreadingHTTPServer):
    """Adds the headers of the query to each response, which it holds back until the test releases it."""

    daemon_threads = True

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.asked.set()
            assert self.server.may_answer.wait(harness.DEADLINE)
            self.send_response(200)
            for name, value in urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query):
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self.Handler)
        self.asked, self.may_answer = threading.Event(), threading.Event()
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def __exit__(self, *_) -> None:
        serving.stop(self)


@pytest.fixture(scope="module")
def slow():
    """The usual site with a slow application."""
    with SlowApplication() as application:
        config = harness.SITE + SLOW.replace("@BACKEND@", str(application.server_address[1]))
        with Server(config) as server:
            server.application = application
            yield server


@contextlib.contextmanager
def late(server, target: str, cookie: str):
    """A request whose answer leaves only after what is done here; a list that will have that answer."""
    application, answers = server.application, []
    application.asked.clear()
    application.may_answer.clear()
    thread = threading.Thread(target=lambda: answers.append(get(server, target, cookie)), daemon=True)
    thread.start()
    assert application.asked.wait(harness.DEADLINE)
    begun = time.monotonic()  # or earlier: the request has come to the application
    try:
        yield answers
        time.sleep(max(0.0, begun + 1.1 - time.monotonic()))  # a prompt answer comes within a second
    finally:
        application.may_answer.set()
        thread.join(harness.DEADLINE)


def sign_in_again(server, cookie: str) -> str:
    answer = post(server, "/login", {"username": "alice", "password": "wonderland"}, cookie)
    assert answer.status == 303
    return answer.token()


@pytest.mark.parametrize("target", ["/optional/", "/app/"], ids=["optional", "its error page is slow"])
def test_a_late_answer_to_a_dead_cookie_clears_nothing(slow, target):
    dead = random_token()
    with late(slow, target, dead) as answers:
        alive = sign_in_again(slow, dead)
    assert answers[0].cookies() == []
    assert get(slow, "/sessions", alive).status == 200


def test_a_late_sign_out_by_the_application_spares_the_session_begun_meanwhile(slow):
    first = sign_in(slow)
    with late(slow, "/closed/?Managed-Session-End=current", first) as answers:
        alive = sign_in_again(slow, first)
    assert answers[0].cookies() == []
    assert get(slow, "/sessions", alive).status == 200


def test_a_late_sign_out_by_the_application_of_the_session_in_use_clears_it(slow):
    token = sign_in(slow)
    with late(slow, "/closed/?Managed-Session-End=current", token) as answers:
        pass
    assert answers[0].clears() and get(slow, "/sessions", token).status == 401


def test_two_sites_on_two_ports_leave_each_other_s_cookie_alone():
    """Over plain http, where both use the default name."""
    config = "ManagedSessionCookieSecure Off\n" + harness.SITE + "<Location \"/optional\">\nManagedSession On\n</Location>\n"
    with Server(config) as here, Server(config) as there:
        answer = post(here, "/login", {"username": "alice", "password": "wonderland"})
        cookie = f"managed_session={answer.token('managed_session')}"
        for target in ("/login", "/optional/", "/", "/logout", "/login?return=/app/"):
            assert not get(there, target, cookie).headers.get_all("Set-Cookie")
        assert get(here, "/app/", cookie).status == 200


def test_an_application_keeps_its_own_cookie_called_session():
    """Flask's and Starlette's default name."""
    config = harness.SITE + "ManagedSessionCookieSecure Off\n" + """
        ProxyPass "/flask/" "http://127.0.0.1:@BACKEND@/"
        <Location "/flask/">
            ManagedSession On
        </Location>
    """
    with harness.Backend() as backend, Server(config.replace("@BACKEND@", str(backend.port))) as server:
        answer = get(server, "/flask/?Set-Cookie=session%3Dflask", "session=flask")
        assert ["cookie", "session=flask"] in answer.json()
        assert answer.headers.get_all("Set-Cookie") == ["session=flask"]


def test_the_cookie_is_cleared_where_a_session_is_required(slow):
    slow.application.may_answer.set()
    assert get(slow, "/closed/", random_token()).clears()

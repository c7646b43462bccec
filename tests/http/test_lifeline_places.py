# SPDX-License-Identifier: Apache-2.0
"""Open requests end with their session: every kind of application, TLS, HTTP/2, proxies in front, and when things go wrong."""
import contextlib
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import time

import pytest

import backends
import harness
from backends import WebSocket, WebSocketApplication
from harness import COOKIE, DEADLINE, JSON, SITE, TOOL, Server, eventually, get, request, sign_in
from open_ends import DATA, HEADERS, Client, Http2, SlowApplication

pytestmark = pytest.mark.sqlite

STATUS_204 = 0x89  # in the first byte of a response (RFC 7541, appendix A)
CURL = ["curl", "-sSk", "-N", "--no-progress-meter", "-m", str(DEADLINE)]
CONFIG = SITE + """
ManagedSessionEventLog "@ROOT@/logs/events"
ProxyPass "/app/slow/" "http://127.0.0.1:@SLOW@/"
ProxyPass "/app/socket" "http://127.0.0.1:@SOCKET@/" upgrade=websocket
"""


@contextlib.contextmanager
def running(config: str = CONFIG, files=None, **options):
    with SlowApplication() as slow, WebSocketApplication() as web_socket:
        server = Server(config.replace("@SLOW@", str(slow.port)).replace("@SOCKET@", str(web_socket.port)), own_paths=(), **options)
        server.slow, server.socket = slow, web_socket
        for name, text in (files or {}).items():
            server.write(name, text, 0o755)
        with server:
            server.expected_later.append(r"\[proxy(_\w+)?:error\]|cgid?:error\]")
            yield server


def revoke(server, token: str, id: str = "") -> None:
    assert request(server, "DELETE", f"/sessions/{id or token[:22]}", [("Cookie", f"{COOKIE}={token}"), *JSON.items()]).status == 204


def open_stream(server, token: str, **options) -> Client:
    client = Client(server, "/app/slow/silent", token, **options)
    assert server.slow.begun.acquire(timeout=DEADLINE)
    return client


# -- applications ----------------------------------------------------------------------------------

CGI = """#!/usr/bin/python3 -IB
import sys
import time
print("Content-Type: text/event-stream\\n", flush=True)
try:
    while True:
        print("data: 1\\n", flush=True)
        time.sleep(0.1)
except OSError:
    pass
"""
PHP = """<?php
header('Content-Type: text/event-stream');
while (!connection_aborted()) {
    echo str_pad("data: 1", 9000, "."); // less would stay in httpd's buffers
    flush();
    usleep(100000);
}
"""
WSGI = """
import time
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/event-stream")])
    yield b"data: 1\\n\\n"
    time.sleep(1 if "chatty" in environ["QUERY_STRING"] else 3600)
    yield b"data: 2\\n\\n"
"""


def check_stream(server, target: str) -> None:
    mine, other = sign_in(server), sign_in(server)
    with Client(server, target, mine) as cut, Client(server, target, other) as kept:
        cut.read_until(b"data: 1")
        kept.read_until(b"data: 1")
        revoke(server, other, mine[:22])
        cut.read_to_end()
        assert kept.is_open()
        revoke(server, other)
        kept.read_to_end()


def test_a_cgi_program_ends():
    with running(CONFIG + 'ScriptAlias "/app/cgi" "@ROOT@/scripts/stream.cgi"\n', {"scripts/stream.cgi": CGI}) as server:
        check_stream(server, "/app/cgi")
        eventually(lambda: not subprocess.run(["pgrep", "-f", f"{server.root}/scripts"], capture_output=True).stdout, "its end")


@pytest.mark.skipif(not backends.PHP_FPM, reason=backends.NO_PHP_FPM)
def test_a_php_script_ends():
    with backends.PhpFpm() as php:
        php.script.write_text(PHP)
        with running(CONFIG + f'Alias "/app/php" "{php.script}"\n<Files "echo.php">\nSetHandler "{php.handler}"\n</Files>\n',
                     modules="proxy_fcgi") as server:
            check_stream(server, "/app/php")
            check_stream(server, "/app/php")  # there are two workers: both are free again


@pytest.mark.skipif(not backends.UWSGI, reason=backends.NO_UWSGI)
def test_uwsgi_is_cut_while_it_is_silent():
    class Slow(backends.Uwsgi):
        def write(self, name, text):
            return super().write(name, WSGI)
    with Slow() as uwsgi, running(CONFIG + f'ProxyPass "/app/uwsgi" "uwsgi://127.0.0.1:{uwsgi.port}"\n', modules="proxy_uwsgi",
                                  extra="MaxRequestWorkers 16\nServerLimit 1\n") as server:
        token, other = sign_in(server), sign_in(server)
        with Client(server, "/app/uwsgi", token) as cut:
            cut.read_until(b"data: 1")
            revoke(server, other, token[:22])
            cut.read_to_end()
        # httpd's worker is free: it has logged the request.
        eventually(lambda: "GET /app/uwsgi" in (server.root / "logs/access.log").read_text(), "the end of the request")


# -- WebSocket -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site():
    with running() as server:
        yield server


def test_a_web_socket_client_that_does_not_answer_is_reset(site):
    mine, other = sign_in(site), sign_in(site)
    with WebSocket(site, "/app/socket", mine) as silent:
        silent.say("hello")
        revoke(site, other, mine[:22])
        with contextlib.suppress(ConnectionError):
            assert silent.stream.read() == b"\x88\x02\x03\xf0"


def test_the_application_gets_the_close_frame_of_the_client(site):
    mine, other = sign_in(site), sign_in(site)
    with WebSocket(site, "/app/socket", mine) as closing:
        closing.say("hello")
        revoke(site, other, mine[:22])
        assert backends.read_frame(closing.stream)[0] == 8
        closing.socket.sendall(b"\x88\x82" + bytes(4) + b"\x03\xf0")
        eventually(lambda: 8 in site.socket.opcodes, "the frame")


def test_in_the_middle_of_a_frame_it_is_reset():
    listener = socket.create_server(("127.0.0.1", 0))
    with running(CONFIG + f'ProxyPass "/app/half" "http://127.0.0.1:{listener.getsockname()[1]}/" upgrade=websocket\n') as server:
        mine, other = sign_in(server), sign_in(server)
        client = Client(server, "/app/half", mine, headers=[
            ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="),
            ("Sec-WebSocket-Version", "13")])
        application, _ = listener.accept()
        with listener, application, client:
            while b"\r\n\r\n" not in application.recv(65536):
                pass
            application.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x81\x05he")
            client.read_until(b"he")
            revoke(server, other, mine[:22])
            assert client.read_to_end() == 0


def test_a_connection_of_another_protocol_ends_without_a_web_sockets_frame():
    """After "Upgrade: chat" the bytes are the client's and the application's alone, also if they look like a frame."""
    listener = socket.create_server(("127.0.0.1", 0))
    with running(CONFIG + f'ProxyPass "/app/chat" "http://127.0.0.1:{listener.getsockname()[1]}/" upgrade=ANY\n') as server:
        mine, other = sign_in(server), sign_in(server)
        client = Client(server, "/app/chat", mine, headers=[("Upgrade", "chat"), ("Connection", "Upgrade")])
        application, _ = listener.accept()
        with listener, application, client:
            application.settimeout(DEADLINE)
            while b"\r\n\r\n" not in application.recv(65536):
                pass
            application.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: chat\r\nConnection: Upgrade\r\n\r\n\x81\x05hello")
            client.read_until(b"hello")
            revoke(server, other, mine[:22])
            assert client.read_to_end() == 0
            with contextlib.suppress(ConnectionError):
                assert application.recv(65536) == b""


# -- TLS and HTTP/2 --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                    "/CN=app.test", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"], check=True, capture_output=True)
    port = harness.free_port()
    with running(CONFIG + f"""
Listen 127.0.0.1:{port}
Protocols h2 h2c http/1.1
RemoteIPHeader X-Forwarded-For
RemoteIPInternalProxy 127.0.0.1
ManagedSessionRealm app
<VirtualHost *:{port}>
    SSLEngine On
    SSLCertificateFile "{folder}/cert.pem"
    SSLCertificateKeyFile "{folder}/key.pem"
</VirtualHost>
""", modules="ssl http2 socache_shmcb remoteip") as server:
        server.tls_port = port
        with open(server.write("htdocs/app/big", b""), "wb") as file:
            os.truncate(file.fileno(), 1 << 30)
        yield server


def unverified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def connect_tls(server) -> ssl.SSLSocket:
    return unverified().wrap_socket(socket.create_connection(("127.0.0.1", server.tls_port), DEADLINE))


@pytest.mark.parametrize("target", ["silent", "mute", "download", "upload"])
def test_over_tls(tls, target, monkeypatch):
    mine, other = sign_in(tls), sign_in(tls)
    upload = {"method": "POST", "headers": [("Content-Length", "1000000")], "body": bytes(0x20000)} if target == "upload" else {}
    with monkeypatch.context() as patch:
        patch.setattr(tls, "port", tls.tls_port)
        stream = Client(tls, f"/app/slow/{target}", mine, wrap=unverified().wrap_socket, **upload)
    with stream:
        assert tls.slow.begun.acquire(timeout=DEADLINE)
        assert stream.is_open()
        revoke(tls, other, mine[:22])
        stream.read_to_end()
        tls.slow.wait_for_end()


def test_a_web_socket_over_tls_gets_its_close_frame(tls, monkeypatch):
    mine, other = sign_in(tls), sign_in(tls)
    with monkeypatch.context() as patch:
        patch.setattr(harness, "connect", connect_tls)
        web_socket = WebSocket(tls, "/app/socket", mine)
    with web_socket:
        assert web_socket.say("hello") == "hello"
        revoke(tls, other, mine[:22])
        assert backends.read_frame(web_socket.stream) == (8, b"\x03\xf0")


def curl(server, token: str, target: str, *more: str) -> subprocess.Popen:
    return subprocess.Popen([*CURL, "--http2", "-H", f"Cookie: {COOKIE}={token}", f"https://127.0.0.1:{server.tls_port}{target}", *more],
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


@pytest.mark.parametrize("target", ["slow/silent", "slow/mute", "slow/download", "big"])
def test_over_http2(tls, target):
    mine, other = sign_in(tls), sign_in(tls)
    client = curl(tls, mine, f"/app/{target}", "-o", "/dev/null", *(["--limit-rate", "4M"] if target == "big" else []))
    if target.startswith("slow"):
        assert tls.slow.begun.acquire(timeout=DEADLINE)
    else:
        time.sleep(0.5)
    assert client.poll() is None
    revoke(tls, other, mine[:22])
    assert client.wait(DEADLINE) not in (0, 28), client.stdout.read()
    client.stdout.close()
    if target.startswith("slow"):
        tls.slow.wait_for_end()


def test_an_upload_over_http2(tls):
    mine, other = sign_in(tls), sign_in(tls)
    with Http2(tls) as client:
        client.request("/app/slow/upload", mine, "POST", parts=3 * [bytes(16000)])
        assert tls.slow.begun.acquire(timeout=DEADLINE)
        revoke(tls, other, mine[:22])
        with pytest.raises(ConnectionError):
            client.read_until(lambda: False)
        tls.slow.wait_for_end()


def test_a_revocation_over_the_same_connection_is_answered(tls):
    """A page that signs itself out while its event stream is open on the same HTTP/2 connection."""
    for _ in range(3):
        mine = sign_in(tls)
        with Http2(tls) as browser:
            stream = browser.request("/app/slow/stream", mine)
            browser.read_until(lambda: browser.parts(stream, DATA))
            assert tls.slow.begun.acquire(timeout=DEADLINE)
            revoking = browser.request(f"/sessions/{mine[:22]}", mine, "DELETE", [("accept", "application/json")])
            browser.read_until(lambda: browser.is_over(revoking))
            assert browser.parts(revoking, HEADERS)[0][0] == STATUS_204
            with pytest.raises(ConnectionError):
                browser.read_until(lambda: False)
        tls.slow.wait_for_end()


NO_SESSION = "/sessions/" + 22 * "A"


def revoke_again_and_again(connection: Http2, stream: int, token: str, headers=()) -> None:
    """Requests on the same connection that end sessions, one after the other until the stream is over."""
    end = time.monotonic() + DEADLINE
    while not connection.is_over(stream):
        assert time.monotonic() < end, "the stream of an ended session goes on"
        revoking = connection.request(NO_SESSION, token, "DELETE", [("accept", "application/json"), *headers])
        connection.read_until(lambda: connection.is_over(revoking))
        time.sleep(0.3)  # httpd serves 100 on one connection


def test_revocations_over_the_same_connection_keep_no_stream_open(tls):
    mine, other = sign_in(tls), sign_in(tls)
    with Http2(tls) as browser:
        stream = browser.request("/app/slow/stream?pause=0.1", mine)
        browser.read_until(lambda: browser.parts(stream, DATA))
        assert tls.slow.begun.acquire(timeout=DEADLINE)
        browser.request(NO_SESSION, other, "DELETE", [("accept", "application/json")])
        revoke(tls, other, mine[:22])
        with pytest.raises(ConnectionError):
            revoke_again_and_again(browser, stream, other)
        tls.slow.wait_for_end()


def test_behind_a_proxy_other_clients_revocations_keep_no_stream_open(tls):
    alice, other, bob = sign_in(tls), sign_in(tls), sign_in(tls, "bob")
    with Http2(tls) as proxy:
        stream = proxy.request("/app/slow/stream?pause=0.1", alice, headers=[("x-forwarded-for", "192.0.2.1")])
        proxy.read_until(lambda: proxy.parts(stream, DATA))
        assert tls.slow.begun.acquire(timeout=DEADLINE)
        bobs = [("x-forwarded-for", "192.0.2.2")]
        proxy.request(NO_SESSION, bob, "DELETE", [("accept", "application/json"), *bobs])
        revoke(tls, other, alice[:22])
        revoke_again_and_again(proxy, stream, bob, bobs)
        tls.slow.wait_for_end()


@pytest.mark.parametrize("target", ["stream?pause=0.1", "silent", "mute"])
def test_behind_a_proxy_other_clients_streams_of_the_same_connection_go_on(tls, target):
    alice, other, bob = sign_in(tls), sign_in(tls), sign_in(tls, "bob")
    with Http2(tls) as proxy:
        alices = proxy.request(f"/app/slow/{target}", alice, headers=[("x-forwarded-for", "192.0.2.1")])
        bobs = proxy.request("/app/slow/stream?pause=0.1", bob, headers=[("x-forwarded-for", "192.0.2.2")])
        assert tls.slow.begun.acquire(timeout=DEADLINE) and tls.slow.begun.acquire(timeout=DEADLINE)
        revoke(tls, other, alice[:22])
        proxy.read_until(lambda: proxy.is_over(alices))
        tls.slow.wait_for_end()
        before = len(proxy.parts(bobs, DATA))
        proxy.read_until(lambda: len(proxy.parts(bobs, DATA)) > before + 3)
        revoke(tls, bob)
        proxy.read_until(lambda: proxy.is_over(bobs))
        tls.slow.wait_for_end()


def test_a_kept_connection_of_a_proxy_is_cut_for_the_request_on_it_only(tls):
    alice, other, bob = sign_in(tls), sign_in(tls), sign_in(tls, "bob")
    with Client(tls, "/app/slow/small", alice, headers=[("X-Forwarded-For", "192.0.2.1"), ("Connection", "keep-alive")]) as proxy:
        proxy.read_until(b"hello")
        proxy.send("/app/slow/silent", bob, headers=[("X-Forwarded-For", "192.0.2.2")])
        assert tls.slow.begun.acquire(timeout=DEADLINE) and tls.slow.begun.acquire(timeout=DEADLINE)
        with open_stream(tls, alice) as stream:
            revoke(tls, other, alice[:22])
            stream.read_to_end()
            assert proxy.is_open()
        revoke(tls, bob)
        proxy.read_to_end()


def test_the_next_request_on_the_connection_to_the_application_goes_on():
    """mod_proxy has given the connection to bob's request while alice's client still reads the response slowly."""
    config = SITE + """
ManagedSessionEventLog "@ROOT@/logs/events"
ProxyPass "/app/one/" "http://127.0.0.1:@SLOW@/" max=1
SendBufferSize 4096
"""
    with running(config, extra="ServerLimit 1\nMaxRequestWorkers 16\nThreadsPerChild 16\n") as server:
        alice, other, bob = sign_in(server), sign_in(server), sign_in(server, "bob")
        with Client(server, "/app/one/kept", alice, buffer=2048) as slow, Client(server, "/app/one/silent", bob) as following:
            assert server.slow.begun.acquire(timeout=DEADLINE) and server.slow.begun.acquire(timeout=DEADLINE)
            first, second = server.slow.peers
            assert first == second, "they share it"
            revoke(server, other, alice[:22])
            eventually(lambda: "connections_cut" in (server.root / "logs/events").read_text(), "the cut")
            assert slow.read_to_end() < 20000
            assert following.is_open()
            revoke(server, bob)
            following.read_to_end()


def test_the_application_is_left_alone_while_an_error_page_takes_its_place():
    """ErrorDocument is a program that is silent. mod_proxy has closed the application's connection before."""
    config = SITE + """
ProxyPass "/app/slow/" "http://127.0.0.1:@SLOW@/"
ScriptAlias "/sorry" "@ROOT@/scripts/sorry.cgi"
<Location "/app/slow">
    ProxyErrorOverride On
    ErrorDocument 500 /sorry
</Location>
"""
    sorry = '#!/bin/sh\nwhile sleep 0.1; do [ -e "$0.speak" ] && break; done\necho "Content-Type: text/plain"; echo; echo sorry\n'
    with running(config, {"scripts/sorry.cgi": sorry}) as server:
        with Client(server, "/app/slow/broken", sign_in(server)) as waits:
            server.slow.wait_for_end()
            assert waits.is_open()
            server.write("scripts/sorry.cgi.speak", "")
            assert waits.read_to_end()


def test_the_application_is_cut_off_after_its_page_has_included_one_that_leads_elsewhere():
    """A program that answers with a path of the site is an internal redirect of the part, not of the page."""
    config = SITE + """
ProxyPass "/app/slow/" "http://127.0.0.1:@SLOW@/" timeout=300
ScriptAlias "/part" "@ROOT@/scripts/part.cgi"
<Location "/app/slow">
    Options +Includes
    SetOutputFilter INCLUDES
</Location>
"""
    with running(config, {"scripts/part.cgi": "#!/bin/sh\necho Location: /index.html\necho\n"}) as server:
        token = sign_in(server)
        with Client(server, "/app/slow/included", token) as cut:
            assert b"public page" in cut.read_until(b"public page")
            revoke(server, token)
            cut.read_to_end()
            server.slow.wait_for_end()


# -- when things go wrong --------------------------------------------------------------------------


@pytest.mark.skipif(bool(TOOL), reason="this tool wants to be before the C library itself")
def test_without_a_free_descriptor_the_request_goes_on(tmp_path_factory):
    folder = tmp_path_factory.mktemp("duplicates")
    for each in (folder, *folder.parents[:2]):
        each.chmod(0o755)
    subprocess.run(["cc", "-shared", "-fPIC", "-D_GNU_SOURCE", "-O1", "-o", folder / "none.so",
                    pathlib.Path(__file__).with_name("no_duplicates.c"), "-ldl"], check=True)
    with SlowApplication() as slow:
        server = Server(CONFIG.replace("@SLOW@", str(slow.port)).replace("@SOCKET@", "1"), own_paths=())
        server.slow = slow
        server.more_environment = {"LD_PRELOAD": str(folder / "none.so")}
        with server:
            mine, other = sign_in(server), sign_in(server)
            with open_stream(server, mine) as stream:
                for _ in range(20):
                    assert get(server, "/app/slow/small", other).text == "hello"
                revoke(server, other, mine[:22])
                assert stream.is_open()
            assert 1 <= server.error_log().count("MS0214") < 10
            slow.release.set()


def test_a_database_that_is_away_cuts_nothing(site):
    if not site.clock:
        pytest.skip("needs a clock that can be set")
    mine = sign_in(site)
    with open_stream(site, mine) as stream:
        with site.broken_table():
            site.expect("MS0004")
            for _ in range(3):
                site.clock.wait(6)
                time.sleep(0.3)
            assert stream.is_open()
            assert 1 <= site.new_log().count("MS0004") < 10
        site.clock.wait(6)
        revoke(site, mine)
        site.clock.wait(6)
        stream.read_to_end()
        site.slow.wait_for_end()


def test_without_a_cache_it_ends_as_well():
    with running(extra="ManagedSessionCacheTTL 0\n") as server:
        mine, other = sign_in(server), sign_in(server)
        with open_stream(server, mine) as cut, open_stream(server, other) as kept:
            revoke(server, other, mine[:22])
            if server.clock:
                eventually(lambda: server.clock.wait(6) or not cut.is_open(), "the end")
            cut.read_to_end()
            assert kept.is_open()
            server.slow.release.set()


def test_a_child_of_before_a_graceful_restart_cuts_too():
    with running(extra="ServerLimit 8\n") as server:
        mine, other = sign_in(server), sign_in(server)
        with open_stream(server, mine) as cut, open_stream(server, other) as kept:
            before = server.log_size()
            server.graceful()
            eventually(lambda: "resuming normal operations" in server.error_log(before), "the restart")
            assert cut.is_open()
            revoke(server, other, mine[:22])
            cut.read_to_end()
            assert kept.is_open()
            revoke(server, other)
            kept.read_to_end()


def test_after_a_child_was_killed_the_next_one_cuts():
    with running(without="cgid") as server:
        mine, other = sign_in(server), sign_in(server)
        server.expected_later.append("exit signal Killed")
        with open_stream(server, mine) as lost:
            for pid in server.children():
                os.kill(pid, signal.SIGKILL)
            lost.read_to_end()
        with open_stream(server, mine) as cut:
            revoke(server, other, mine[:22])
            cut.read_to_end()


def test_an_application_that_signs_its_user_out_is_heard_to_the_end(site):
    """The response with Managed-Session-End is not cut, long as it may be."""
    with SlowApplication() as slow, running(CONFIG + f"""
<Location "/app/own/">
    ManagedSessionBackendLogin On
    ProxyPass "http://127.0.0.1:{slow.port}/"
</Location>
""") as server:
        mine = sign_in(server)
        with Client(server, "/app/own/farewell", mine) as client:
            data = client.read_until(b"goodbye")
            assert b"Set-Cookie" in data
        assert get(server, "/app/", mine).status == 401

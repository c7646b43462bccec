# SPDX-License-Identifier: Apache-2.0
"""What a page has open when its session ends: the browser notices, connects again, and gets 401."""

import pytest

import harness
from backends import WebSocketApplication
from harness import SITE
from open_ends import SlowApplication
from pages import go, sign_in_by_form, wait

PAGE = """<!doctype html><title>open</title><script>
const log = [], socket = new WebSocket(location.origin.replace(/^http/, "ws") + "/app/socket"), events = new EventSource("/app/slow/stream");
socket.onopen = () => log.push("socket open");
socket.onclose = e => log.push("socket closed " + e.code);
events.onmessage = () => log.push("event");
events.onerror = () => log.push("events " + events.readyState);
</script>"""
CONNECTING, CLOSED = 0, 2  # readyState of an EventSource


@pytest.fixture(params=[("http", "Off"), ("https", "Off"), ("https", "On")], ids=["http", "https", "over-http2"])
def site(request, new_site):
    scheme, over_http2 = request.param
    with SlowApplication() as slow, WebSocketApplication() as web_socket, new_site(scheme, SITE + f"""
Protocols h2 http/1.1
H2WebSockets {over_http2}
ProxyPass "/app/slow/" "http://127.0.0.1:{slow.port}/"
ProxyPass "/app/socket" "http://127.0.0.1:{web_socket.port}/" upgrade=websocket
""", modules="http2") as running:
        running.expected_later.append(r"\[proxy(_\w+)?:error\]")
        running.write("htdocs/app/open.html", PAGE)
        yield running


def test_web_sockets_and_event_streams_end_and_do_not_come_back(browse, site):
    driver = browse()
    sign_in_by_form(driver, site)
    go(driver, site, "/app/open.html")

    def log():
        return driver.execute_script("return log")
    wait(lambda: {"socket open", "event"} <= set(log()), "both are open")
    other = site.sign_in()
    mine = driver.get_cookie(site.cookie)["value"]
    assert harness.request(site, "DELETE", f"/sessions/{mine[:22]}", [("Cookie", f"{site.cookie}={other}")]).status == 204
    wait(lambda: {"socket closed 1008", f"events {CONNECTING}"} <= set(log()), "both are closed")
    wait(lambda: f"events {CLOSED}" in log(), "the answer to the next attempt")


def test_a_page_that_signs_itself_out_gets_the_response(browse, site):
    driver = browse()
    sign_in_by_form(driver, site)
    go(driver, site, "/app/open.html")
    wait(lambda: {"socket open", "event"} <= set(driver.execute_script("return log")), "both are open")
    mine = driver.get_cookie(site.cookie)["value"]
    status = driver.execute_async_script(f"""
        const done = arguments[0];
        fetch("/sessions/{mine[:22]}", {{method: "DELETE", headers: {{Accept: "application/json"}}}})
            .then(response => done(response.status), done);""")
    assert status == 204
    wait(lambda: "socket closed 1008" in driver.execute_script("return log"), "it is closed")

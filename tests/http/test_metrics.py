# SPDX-License-Identifier: Apache-2.0
"""The handler managed-session-metrics, and what conf/examples has for Prometheus and Grafana."""
import json
import re
import shutil
import subprocess

import pytest

import examples
from harness import DEADLINE, SITE, Server, eventually, get, request, sign_in

pytestmark = pytest.mark.sqlite
METRICS = '<Location "/metrics">\nSetHandler managed-session-metrics\nRequire local\n</Location>\n'
STATUS = '<Location "/status">\nSetHandler server-status\n</Location>\n'
FOLDER = examples.FOLDER / "prometheus"
promtool = pytest.mark.skipif(not shutil.which("promtool"), reason="promtool (package prometheus) is not installed")


@pytest.fixture(scope="module")
def site():
    with Server(SITE + METRICS + STATUS, modules="status") as server:
        yield server


def samples(text: str) -> dict[str, int]:
    return {name: int(value) for name, value in re.findall(r"(?m)^([a-z_]+) (\d+)$", text)}


def test_counters_are_exposed_with_help_and_type(site):
    sign_in(site)
    answer = get(site, "/metrics")
    assert answer.status == 200 and answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "# HELP managed_session_sign_ins_total Sessions begun.\n# TYPE managed_session_sign_ins_total counter\n" in answer.text
    assert samples(answer.text)["managed_session_sign_ins_total"] >= 1
    assert re.search(r'(?m)^managed_session_build_info\{version="[0-9.]+"\} 1$', answer.text)


def test_each_counter_of_mod_status_is_among_them_and_each_has_a_help_line(site):
    there = re.findall(r"(?m)^ManagedSession(\w+): (\d+)$", get(site, "/status?auto").text)
    text = get(site, "/metrics").text
    names = {"managed_session" + re.sub(r"(?=[A-Z])", "_", name).lower() + "_total" for name, _ in there}
    assert names and names <= set(samples(text))
    for name in samples(text):
        assert re.search(rf"(?m)^# HELP {name} [A-Z].*\.$", text) and f"# TYPE {name} " in text


def test_no_query_is_made_and_no_cookie_set(site):
    token = sign_in(site)
    site.forget_statements()
    answer = get(site, "/metrics", token)
    assert answer.status == 200 and not site.statements() and not answer.headers.get_all("Set-Cookie")
    assert request(site, "HEAD", "/metrics").status == 200 and request(site, "POST", "/metrics").status == 405


def test_they_are_closed_unless_their_section_opens_them():
    with Server(SITE + METRICS.replace("Require local", "")) as server:
        answer = get(server, "/metrics")
        assert answer.status == 403 and "managed_session_" not in answer.text and "MS0225" in server.error_log()


@promtool
def test_promtool_has_nothing_to_say(site):
    said = subprocess.run(["promtool", "check", "metrics"], input=get(site, "/metrics").text, capture_output=True, text=True, timeout=DEADLINE)
    assert (said.returncode, said.stdout + said.stderr) == (0, "")


@promtool
def test_promtool_takes_the_example_and_its_alerts():
    said = subprocess.run(["promtool", "check", "config", FOLDER / "prometheus.yml"], capture_output=True, text=True, timeout=DEADLINE)
    assert said.returncode == 0 and "5 rules found" in said.stdout, said


def test_dashboard_and_alerts_name_metrics_that_there_are():
    with Server(SITE + METRICS + "ManagedSessionCacheTTL 30s\nManagedSessionCacheLife 5m\n") as server:
        eventually(lambda: "\nmanaged_session_feed_age_seconds " in get(server, "/metrics").text, "a read of the feed")
        known = set(re.findall(r"(?m)^(managed_session_\w+)[ {]", get(server, "/metrics").text))
    for file in ("grafana-dashboard.json", "managed-session-alerts.yml"):
        used = set(re.findall(r"managed_session_\w+", (FOLDER / file).read_text()))
        assert used and used <= known, file


def test_the_dashboard_shows_every_counter(site):
    shown = (FOLDER / "grafana-dashboard.json").read_text()
    left_out = {"managed_session_cleanup_runs_total"}
    assert set(samples(get(site, "/metrics").text)) - left_out <= set(re.findall(r"managed_session_\w+", shown))
    panels = json.loads(shown)["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_the_scrape_configuration_names_the_example_s_path():
    path = re.search(r"metrics_path: (\S+)", (FOLDER / "prometheus.yml").read_text())[1]
    assert f'<Location "{path}">' in (examples.FOLDER / "monitoring.conf").read_text()
    with examples.server("monitoring.conf") as server:
        assert "managed_session_lookups_total" in get(server, path).text
        assert get(server, "/managed-session-health").json()["status"] == "ok"

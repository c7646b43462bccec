# SPDX-License-Identifier: Apache-2.0
"""docs/openapi.yaml and docs/api.md: what they say is what the server does, and their examples run as they stand."""
import json
import re
import shutil
import subprocess

import pytest

import openapi
from harness import SITE, Server

pytestmark = pytest.mark.sqlite
DOCS = openapi.FILE.parent / "api.md"
FOR_CURL = SITE.replace("ManagedSessionLoginLimit", "ManagedSessionCookieSecure Off\nManagedSessionLoginLimit")  # curl keeps the rule of Secure


@pytest.fixture
def document():
    pytest.importorskip("yaml")
    pytest.importorskip("jsonschema")
    return openapi.document()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", DOCS.read_text(), re.M | re.S)


def references(item) -> set[str]:
    if isinstance(item, dict):
        return set().union(*(references(each) for each in item.values()), {item["$ref"]} if "$ref" in item else set())
    return set().union(*(references(each) for each in item)) if isinstance(item, list) else set()


def test_the_description_is_whole(document):
    """Each reference leads somewhere, each schema is one, each operation has a name of its own."""
    import jsonschema
    assert document["openapi"] == "3.1.0"
    for reference in references(document):
        assert openapi.resolved({"$ref": reference})
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    names = [o["operationId"] for path in document["paths"].values() for m, o in path.items() if m in ("get", "post", "patch", "delete")]
    assert len(names) == len(set(names)) == 9


def test_it_has_each_code_and_no_other(document):
    source = (openapi.FILE.parents[1] / "src/core/problem.c").read_text()
    assert set(document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"]) == set(re.findall(r'\{\d{3},\s*"(\w+)"', source))


@pytest.mark.parametrize("change", [{"id": "x"}, {"more": 1}, {"created_at": "now"}, {"current": None}, {"name": "x" * 41}])
def test_a_wrong_response_does_not_pass(document, change):
    import jsonschema
    session = {"id": "A" * 22, "kind": "browser", "current": True, "device": None, "browser": None, "os": None, "ip": None, "last_ip": None, "name": None,
               "label": None, "method": "form", "created_at": "2026-11-23T14:00:00Z", "last_seen_at": "2026-11-23T14:00:00Z",
               "expires_at": "2026-11-23T14:00:00Z", "user": "alice"}
    headers = {"Content-Type": "application/json; charset=utf-8", "ETag": '"x"'}
    openapi.check("GET", "/sessions/current", 200, headers, json.dumps(session).encode())
    with pytest.raises(jsonschema.ValidationError):
        openapi.check("GET", "/sessions/current", 200, headers, json.dumps({**session, **change}).encode())
    with pytest.raises(AssertionError):
        openapi.check("GET", "/sessions/current", 418, headers, json.dumps(session).encode())


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_the_examples_for_curl_run_as_they_stand(tmp_path):
    [script] = blocks("sh")
    with Server(FOR_CURL, own_paths=()) as server:
        script = script.replace("http://127.0.0.1:8080", f"http://127.0.0.1:{server.port}").replace("alias api='curl", "shopt -s expand_aliases\nalias api='curl")
        script = re.sub(r"^(api .*?)( +#.*)?$", r"\1 -w '\\n%{http_code}\\n'", script, flags=re.M)
        done = subprocess.run(["bash", "-e", "-c", script], capture_output=True, text=True, cwd=tmp_path, timeout=60)
        assert done.returncode == 0, done.stderr
        lines = done.stdout.split("\n")
        assert [int(line) for line in lines if re.fullmatch(r"\d{3}", line)] == [200, 200, 200, 200, 200, 200, 200, 204], done.stdout
        answers = [json.loads(line) for line in lines if line.startswith("{")]
        assert answers[0]["user"] == "alice" and answers[3]["name"] == "Kitchen tablet" and answers[-1] == {"revoked": 0}
        assert server.rows() == 0


@pytest.mark.skipif(not shutil.which("node"), reason="Node.js is not installed")
def test_the_examples_for_pages_run_as_they_stand(tmp_path):
    """In Node.js, with a cookie jar and an origin as a browser has them."""
    script = blocks("js")[0]
    assert "await fetch" in script
    with Server(SITE, own_paths=()) as server:
        browser = """
            let cookie = "";
            const site = "http://127.0.0.1:%d", plain = globalThis.fetch;
            globalThis.fetch = async (path, options) => {
              const response = await plain(site + path, {...options, headers: {...options.headers, cookie, "sec-fetch-site": "same-origin"}});
              cookie = response.headers.get("set-cookie")?.split(";")[0] ?? cookie;
              return response;
            };
        """ % server.port
        other = "await api('/login', json('POST', {username: 'alice', password: 'wonderland'})); cookie = '';\n"
        script = script.replace("const {user, session}", other + "const {user, session}")
        (tmp_path / "example.mjs").write_text(browser + script + "\nconsole.log(JSON.stringify({user, n: sessions.length}));\n")
        done = subprocess.run(["node", str(tmp_path / "example.mjs")], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout) == {"user": "alice", "n": 2} and server.rows() == 0


def test_each_example_of_json_is_what_the_description_says(document):
    [signed_in, problem] = [json.loads(text) for text in blocks("json")]
    assert set(signed_in) == set(document["components"]["schemas"]["SignedIn"]["required"])
    openapi.check("GET", "/sessions", 401, {"Content-Type": openapi.PROBLEM, "WWW-Authenticate": "x"}, json.dumps(problem).encode())

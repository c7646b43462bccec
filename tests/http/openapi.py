# SPDX-License-Identifier: Apache-2.0
"""docs/openapi.yaml as a check of responses: what a server says to scripts must be what the description says.

Without the packages python3-yaml and python3-jsonschema nothing is checked.
"""
from __future__ import annotations

import functools
import json
import pathlib
import re

try:
    import jsonschema
    import yaml
except ImportError:
    jsonschema = yaml = None

FILE = pathlib.Path(__file__).parents[2] / "docs/openapi.yaml"
PROBLEM = "application/problem+json"
seen: set[tuple[str, str, str]] = set()  # the operations and statuses that were checked


@functools.cache
def document() -> dict:
    return yaml.safe_load(FILE.read_text())


def resolved(item: dict) -> dict:
    while "$ref" in item:
        target = document()
        for part in item["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        item = target
    return item


@functools.cache
def validator(schema: str):
    """schema: as JSON. No members but those that are described."""
    return jsonschema.Draft202012Validator(
        {**json.loads(schema), "unevaluatedProperties": False, "components": document()["components"]},
        format_checker=jsonschema.FormatChecker())


def path_of(target: str) -> str | None:
    path = target.partition("?")[0]
    if path in document()["paths"]:
        return path
    return "/sessions/{id}" if re.fullmatch(r"/sessions/[^/]+/?", path) else None


def check(method: str, target: str, status: int, headers, body: bytes) -> None:
    """A response to a request for the usual pages. Others, HTML and HEAD are not looked at."""
    kind = headers.get("Content-Type", "").partition(";")[0]
    if not yaml or method == "HEAD" or kind not in ("application/json", PROBLEM):
        return
    path = path_of(target)
    operation = document()["paths"].get(path, {}).get(method.lower())
    if operation is None:  # of another page, or 405
        schema = {"$ref": "#/components/schemas/Problem"} if kind == PROBLEM else None
    else:
        response = resolved(operation["responses"].get(str(status), {}))
        assert response, f"{method} {path} {status} is not in {FILE.name}"
        assert kind in response.get("content", {}), f"{method} {path} {status}: {kind} is not in {FILE.name}"
        missing = [name for name in response.get("headers", {}) if name not in headers]
        assert not missing, f"{method} {path} {status} is without {missing}"
        schema = response["content"][kind]["schema"]
        seen.add((method, path, str(status)))
    if schema:
        validator(json.dumps(schema)).validate(json.loads(body))

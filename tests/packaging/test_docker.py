# SPDX-License-Identifier: Apache-2.0
"""The Dockerfile and compose.yaml without Docker: each command of theirs is run in plain Debian systems, and the site is visited.

PostgreSQL is Debian's, with the names and the password that compose.yaml gives to its image.
"""
import dataclasses
import json
import re
import shlex
import shutil

import pytest

import chroots

yaml = pytest.importorskip("yaml")
FOLDER = chroots.ROOT / "packaging/docker"
COMPOSE = yaml.safe_load((FOLDER / "compose.yaml").read_text())
RELEASES = {"debian:bookworm-slim": "bookworm"}


@dataclasses.dataclass
class Stage:
    """What one FROM begins."""
    name: str
    release: str
    steps: list[tuple[str, str]]


def stages() -> list[Stage]:
    text = re.sub(r"(?m)^\s*#.*\n", "", (FOLDER / "Dockerfile").read_text()).replace("\\\n", " ")
    found: list[Stage] = []
    for line in text.splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "FROM":
            image, _, name = rest.partition(" AS ")
            found.append(Stage(name, RELEASES[image], []))
        elif word:
            found[-1].steps.append((word, rest))
    return found


def copy(root: chroots.Chroot, arguments: list[str], folder: str, made: dict[str, chroots.Chroot]) -> None:
    """COPY SOURCE TARGET, from the checkout or from a stage. A source that ends in / is a folder of which the content is copied."""
    stage = made[arguments.pop(0).removeprefix("--from=")] if arguments[0].startswith("--from=") else None
    source, target = arguments
    there = target if target.startswith("/") else f"{folder}/{target}"
    if stage:
        root.put(stage.layer / "upper" / source.strip("/"), there)
    elif source == ".":
        root.put_checkout(there)
        for name in ("build", ".git"):  # as Dockerfile.dockerignore has it
            shutil.rmtree(root.layer / "upper" / there.strip("/") / name, ignore_errors=True)
    else:
        root.put(chroots.ROOT / source, there)


def build(stage: Stage, made: dict[str, chroots.Chroot]) -> tuple[chroots.Chroot, list[str]]:
    """The system that the stage makes, and its CMD."""
    root, folder, command = chroots.Chroot(stage.release), "/", []
    made[stage.name] = root
    for word, rest in stage.steps:
        if word == "RUN":
            root.run(rest, folder=folder)
        elif word == "COPY":
            copy(root, shlex.split(rest), folder, made)
        elif word == "WORKDIR":
            folder = rest
            root.run(f"mkdir -p {rest}")
        elif word == "CMD":
            command = json.loads(rest)
        else:
            assert word in ("EXPOSE", "STOPSIGNAL"), f"this test does not know {word}"
    return root, command


def environment(service: str) -> dict[str, str]:
    values = COMPOSE["services"][service].get("environment", {})
    return {name: re.sub(r"\$\{SESSIONS_DB_PASSWORD:\?[^}]*\}", "s3cret-of-the-test", value) for name, value in values.items()}


VISIT = """
sign_in() { curl -s -o /dev/null -w '%{http_code}\\n' -c /tmp/$1 -d username=alice -d password=wonderland http://localhost/login; }
page() { curl -s -b /tmp/$1 http://localhost/app/; }
eventually() { for _ in $(seq 100); do if "$@"; then return 0; fi; sleep 0.1; done; "$@"; }
eventually curl -s -o /dev/null http://localhost/login
eventually curl -s -o /dev/null http://127.0.0.1:3000/
test "$(sign_in library)" = 303 && test "$(sign_in home)" = 303
page library | grep "Hello, alice"
curl -s -X DELETE -b /tmp/home -H 'Sec-Fetch-Site: same-origin' 'http://localhost/sessions?scope=others' | grep '"revoked": *1'
! page library | grep "Hello, alice"
page home | grep "Hello, alice"
su postgres -c "psql -Atc 'SELECT count(*) FROM managed_session' sessions"
"""


def test_the_site_of_compose_works():
    if chroots.why_not():
        pytest.skip(chroots.why_not())
    made: dict[str, chroots.Chroot] = {}
    try:
        for stage in stages():
            web, command = build(stage, made)
        database = environment("db")
        for place in [*COMPOSE["services"]["web"]["volumes"], *COMPOSE["services"]["app"]["volumes"]]:
            source, target = place.split(":")[:2]
            web.put((FOLDER / source).resolve(), target)
        web.install("postgresql", "python3", "curl")
        web.run(f"""
            pg_ctlcluster 15 main start
            su postgres -c "psql -qc \\"CREATE ROLE {database['POSTGRES_USER']} LOGIN PASSWORD '{database['POSTGRES_PASSWORD']}'\\""
            su postgres -c "createdb -O {database['POSTGRES_USER']} {database['POSTGRES_DB']}"
            {COMPOSE['services']['db']['healthcheck']['test'][1].replace('pg_isready', 'pg_isready -h localhost')}
            echo '127.0.0.1 db localhost' >/etc/hosts
            {shlex.join(COMPOSE['services']['app']['command'])} 2>/dev/null &
            {shlex.join(command)} &
            """ + VISIT, network=False, **environment("web"))
    finally:
        for root in made.values():
            root.__exit__()


def test_compose_names_what_is_there():
    for service in COMPOSE["services"].values():
        for place in service.get("volumes", []):
            source = place.split(":")[0]
            assert source in COMPOSE["volumes"] or (FOLDER / source).resolve().exists(), source
    assert (FOLDER / COMPOSE["services"]["web"]["build"]["context"]).resolve() == chroots.ROOT
    assert all(port.startswith("127.0.0.1:") for port in COMPOSE["services"]["web"]["ports"])
    assert not re.search(r"password=\w", (FOLDER / "compose.yaml").read_text())

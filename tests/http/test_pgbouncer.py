# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL behind PgBouncer: connections are shared in three ways, and sessions work in each."""
import contextlib
import re
import signal

import pytest

import clusters
from clusters import SITE
from databases import PostgreSQL
from harness import JSON, PAGE, TOOL, Server, get, post, random_token, request, sign_in
from load import Load

WHY_NOT = clusters.missing("postgresql", "pgbouncer", "libaprutil1-dbd-pgsql", "python3-psycopg2")
pytestmark = [pytest.mark.sqlite, pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT),
              pytest.mark.skipif(bool(TOOL), reason="too slow under this tool")]
AWAY = r"AH00161|AH00286|AH00484|MS000\d|AH006\d\d|dbd|AH10159"
# As a session holds a server's connection for good in session mode, there must be one for each of httpd's;
# in the others two do for all.
SIZES = {"session": 20, "transaction": 2, "statement": 2}
POOL = "DBDMin 4\nDBDKeep 6\nDBDMax 8\n"


@pytest.fixture(scope="module")
def behind():
    instance = PostgreSQL()
    yield instance
    instance.remove()


@contextlib.contextmanager
def bouncer_before(behind, mode: str, settings: str = ""):
    bouncer = clusters.PgBouncer(behind, mode, f"default_pool_size = {SIZES[mode]}\n{settings}")
    try:
        yield bouncer
    finally:
        bouncer.remove()


@pytest.fixture(params=SIZES)
def bouncer(behind, request):
    with bouncer_before(behind, request.param) as running:
        yield running


@pytest.fixture
def site(bouncer):
    with Server(SITE + POOL + "ManagedSessionTouchInterval 1\n", database=bouncer) as running:
        yield running


def test_the_library_story(site):
    library, home = sign_in(site), sign_in(site, remember="1")
    assert get(site, "/app/", library).headers["User"] == "alice"
    listed = get(site, "/sessions", home, JSON).json()["sessions"]
    assert {session["id"] for session in listed} == {library[:22], home[:22]}
    assert request(site, "DELETE", f"/sessions/{library[:22]}", {"Cookie": f"__Host-session={home}"}).status == 204
    answer = get(site, "/app/", library)
    assert answer.status == 401 and answer.clears()
    assert get(site, "/app/", home).text == PAGE
    assert post(site, "/logout", cookie=home).status == 303
    assert get(site, "/app/", home).status == 401
    assert site.rows() == 0


@pytest.mark.parametrize("bouncer", ["session", "transaction"], indirect=True)
def test_many_visitors_while_the_pooler_and_the_database_are_restarted(bouncer, site):
    out = sign_in(site)
    tokens = {user: sign_in(site, user) for user in ("alice", "bob")}
    assert post(site, "/logout", cookie=out).status == 303
    site.expect(AWAY, status_5xx=True)
    with Load(site, out=out, times=6, **tokens) as load:
        load.another(200)
        servers, clients = bouncer.count("SERVERS"), bouncer.count("CLIENTS")
        for each in (bouncer, bouncer.behind):
            each.stop(signal.SIGKILL if each is bouncer else signal.SIGTERM)
            load.another(503)
            each.start()
            load.another(200)
    assert not load.wrong, load.wrong[:5]
    assert clients >= 4 and (servers >= 4 if bouncer.mode == "session" else servers <= 2), "shared or not"


def with_options(site: Server) -> Server:
    config = site.root / "httpd.conf"
    config.write_text(config.read_text().replace(site.params, f"{site.params} options='-c statement_timeout=7h'"))
    return site


def test_what_bounds_a_statement_stands_with_the_database(behind):
    """PgBouncer can be configured to ignore `options`, which it does not pass on."""
    with bouncer_before(behind, "transaction", "ignore_startup_parameters = options") as bouncer:
        site = with_options(Server(SITE, database=bouncer))
        behind.administer(f"ALTER DATABASE t{behind.made} SET statement_timeout = '300ms'")
        with site:
            token = sign_in(site)
            with contextlib.closing(behind.connect(behind.params(f"t{behind.made}"))) as other:
                other.autocommit = False
                other.cursor().execute("LOCK TABLE managed_session IN ACCESS EXCLUSIVE MODE")
                site.expect(r"MS000\d.*statement timeout", status_5xx=True)
                answer = get(site, "/app/", token)
                assert answer.status == 503 and answer.headers["Retry-After"] and not answer.cookies()
            assert get(site, "/app/", token).status == 200


def test_a_pooler_that_refuses_options_is_a_database_that_is_away(behind):
    with bouncer_before(behind, "transaction") as bouncer:
        with with_options(Server(SITE, database=bouncer)) as site:
            site.expect(AWAY, status_5xx=True)
            answer = get(site, "/app/", random_token())
            assert answer.status == 503 and not answer.cookies()
            assert re.search("unsupported startup parameter(: options| in options)", site.error_log())  # 1.18, 1.24

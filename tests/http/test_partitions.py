# SPDX-License-Identifier: Apache-2.0
"""A table of PostgreSQL that is partitioned by expiry, as in docs/scaling.md: the statements are the same."""
import contextlib
import re
import time

import pytest

import clusters
from clusters import SITE
from databases import PostgreSQL
from harness import TOOL, Server, eventually, get, post, sign_in

WHY_NOT = clusters.missing("postgresql", "libaprutil1-dbd-pgsql", "python3-psycopg2")
pytestmark = [pytest.mark.sqlite, pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT),
              pytest.mark.skipif(bool(TOOL), reason="too slow under this tool")]
DAY = 86400
IDLE = "ManagedSessionIdleTimeout 1d\nManagedSessionCreateTable Off\n"


@pytest.fixture(scope="module")
def database():
    instance = PostgreSQL()
    yield instance
    instance.remove()


def partition(site, days: int) -> None:
    """One for what has expired and one for each of the next days."""
    with contextlib.closing(site.database.connect(site.params)) as connection:
        cursor = connection.cursor()
        schema = clusters.SCHEMA.read_text().replace("PRIMARY KEY,", "NOT NULL,")
        end = ", PRIMARY KEY (session_id, expires_at)) PARTITION BY RANGE (expires_at);"
        cursor.execute(re.sub(r"\n\);", end, schema, count=1))
        today = int(time.time()) // DAY * DAY
        bounds = ["MINVALUE", *(today + n * DAY for n in range(days + 1))]
        for n, (begin, end) in enumerate(zip(bounds, bounds[1:])):
            cursor.execute(f"CREATE TABLE of_{n} PARTITION OF managed_session FOR VALUES FROM ({begin}) TO ({end})")


def test_a_session_moves_on_as_it_is_used_and_ends_where_it_is(database):
    site = Server(SITE + IDLE, database=database)
    partition(site, 3)
    with site:
        token, other = sign_in(site, remember="1"), sign_in(site)
        where = "SELECT tableoid::regclass::text FROM managed_session WHERE session_id = ?"
        # a day's idle time begun 20 hours ago ends today or tomorrow; the touch makes that a day from now
        site.sql("UPDATE managed_session SET last_seen_at = last_seen_at - ?, expires_at = ? WHERE session_id = ?",
                 DAY, int(time.time()) // DAY * DAY + DAY - 1, token[:22])
        assert site.sql(where, token[:22]) == [("of_1",)]
        assert get(site, "/app/", token).status == 200
        eventually(lambda: site.sql(where, token[:22]) == [("of_2",)], "a touch, which follows the answer")
        listed = get(site, "/sessions", token, {"Accept": "application/json"}).json()["sessions"]
        assert {session["id"] for session in listed} == {token[:22], other[:22]}
        assert post(site, "/logout", cookie=token).status == 303
        assert get(site, "/app/", token).status == 401
        assert site.rows() == 1


def test_without_a_partition_for_it_no_user_signs_in(database):
    site = Server(SITE + IDLE, database=database)
    partition(site, 0)
    with site:
        site.expect("MS0004.*no partition of relation", status_5xx=True)
        answer = post(site, "/login", {"username": "alice", "password": "wonderland"})
        assert answer.status == 503 and answer.headers["Retry-After"] and not answer.cookies()

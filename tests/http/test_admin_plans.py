# SPDX-License-Identifier: Apache-2.0
"""All that administrators search, count and end is found through an index, on each database and on every page of the list."""
import re
import time

import pytest

from databases import COLUMNS, schema_file
from harness import Server, eventually, get, request, sign_in
from test_admin_page import ADMIN, COOKIE, PAGE
from test_two_hosts import Shared

ROWS = 100_000
BUSY, QUIET = "198.51.100.1", "192.7.0.7"  # half of all sessions are made behind one address
VALUES = {
    "sqlite3": ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})", "printf('%022d', i)", "n"),
    "pgsql": ("", "lpad(i::text, 22, '0')", "generate_series(1, {rows}) AS i"),
    "mysql": ("", "LPAD(i, 22, '0')", "(SELECT seq AS i FROM seq_1_to_{rows}) AS n"),
}
FILL = """
INSERT INTO managed_session ({columns}) {head}
SELECT {id}, '', 'app.test', {user}, {now} - i * 13 % 1000000, {now}, {now} + 90000, {now} + 90000,
       CASE WHEN i % 2 = 0 THEN '198.51.100.1' ELSE {ip} END, CASE WHEN i % 2 = 0 THEN '198.51.100.1' ELSE {ip} END,
       'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0', NULL, 'form', 1 FROM {source}
"""


def fill(server) -> None:
    driver = server.database.driver
    head, id_, source = (part.format(rows=ROWS) for part in VALUES[driver])

    def text(*parts: str) -> str:
        return f"CONCAT({', '.join(parts)})" if driver == "mysql" else " || ".join(parts)

    def whole(divided: str) -> str:
        return f"FLOOR({divided})" if driver == "mysql" else f"({divided})"

    ip = text("'192.'", "(i % 200)", "'.'", f"({whole('i / 200')} % 200)", "'.7'")
    server.sql(FILL.format(columns=COLUMNS, head=head, id=id_, source=source, now=int(time.time()), user=text("'user'", whole("i / 3")), ip=ip))


@pytest.fixture(scope="module", params=[False, True], ids=["", "analyzed"])
def filled(request):
    """SQLite has statistics only if its administrator makes them; the others make theirs by themselves."""
    with Server(ADMIN + "ManagedSessionCleanupInterval 0\nManagedSessionLimit 2 evict\n") as server:
        if request.param and server.database.driver != "sqlite3":
            pytest.skip("it analyzes by itself")
        server.admin = sign_in(server, "bob")
        server.check_secrets()
        server.check_secrets = lambda: None  # not again, in a file of this size
        fill(server)
        for statement in schema_file("search-by-ip.sql"):
            server.sql(statement)
        if request.param or server.database.driver != "sqlite3":
            server.sql({"sqlite3": "ANALYZE", "pgsql": "VACUUM ANALYZE managed_session", "mysql": "ANALYZE TABLE managed_session"}
                       [server.database.driver])
        yield server


def statements(server) -> dict[str, str]:
    return {name: re.sub(r"%(s|lld)", "?", text) for name, text in re.findall(r"prepared (\w+): (.*)", server.error_log())}


def steps(server, statement: str, *args) -> list[str]:
    """What the database would do, one line for each time it reads the table."""
    driver = server.database.driver
    rows = server.sql({"sqlite3": "EXPLAIN QUERY PLAN ", "pgsql": "EXPLAIN ", "mysql": "EXPLAIN "}[driver] + statement, *args)
    if driver == "mysql":
        return [f"{row[3]} {row[5]}" for row in rows if row[2] == "managed_session"]
    lines = [str(row[3] if driver == "sqlite3" else row[0]) for row in rows]
    return [line for line in lines if re.search(r"Scan.* (on|using) |managed_session", line) and "Cond" not in line]


def test_no_page_and_no_act_reads_the_whole_table(filled):
    realm, now = "app.test", int(time.time())
    deep = (now - 500_000, now - 500_000, "0" * 22)
    top = (2**63 - 1, 2**63 - 1, "")
    for query in ("", "?user=user7", f"?ip={QUIET}", "?state=ended", "?confirm=user&user=user7", f"?confirm=ip&ip={QUIET}"):
        assert get(filled, PAGE + query, filled.admin).status == 200
    for query in ("?scope=user&user=nobody", "?scope=ip&ip=203.0.113.1", f"/{'0' * 21}7"):
        assert request(filled, "DELETE", PAGE + query, {"Cookie": f"{COOKIE}={filled.admin}"}).status in (200, 204)
    found = statements(filled)
    once_more = (realm,) if found["NEWEST"].count("?") == 6 else ()  # MariaDB's has it twice
    cases = [("NEWEST", (realm, now, *place, *once_more), "newest") for place in (top, deep)]
    cases += [("NEWEST_OF_USER", (realm, "user7", now, *place), "user") for place in (top, deep)]
    cases += [("NEWEST_OF_IP", (realm, QUIET, now, *place) * 2, "made used") for place in (top, deep)]
    cases += [("NEWEST_OF_IP", (realm, BUSY, now, *place) * 2, "made used newest") for place in (top, deep)]
    cases += [("NEWEST_ENDED", (realm, *place, now), "ended") for place in (top, deep)]
    end = ("revoked", "bob")
    cases += [("COUNT", (realm, "user7", now), "user"), ("COUNT_OF_IP", (realm, QUIET, now) * 2 + (QUIET,), "made used"),
              ("END_OF_IP", end + (realm, QUIET, now) * 2, "made used"), ("END_ALL", (*end, realm, "user7", now), "user")]
    for name, args, indexes in cases:
        plan = steps(filled, found[name], *args)
        assert plan, name
        for step in plan:
            assert not re.search(r"Seq Scan|SCAN managed_session|^ALL|^index ", step), (name, plan)
        used = set(re.findall(r"managed_session_([a-z]+)", " ".join(plan)))
        assert used and used <= set(indexes.split()), (name, plan)
        assert "newest" in indexes or used == set(indexes.split()), (name, plan)


def test_a_page_from_the_depths_is_entered_where_it_begins(filled):
    """Not by reading all pages before it: MariaDB would, with the statement of the others."""
    now, found = int(time.time()), statements(filled)
    get(filled, PAGE, filled.admin)
    once_more = ("app.test",) if found["NEWEST"].count("?") == 6 else ()
    plan = " ".join(steps(filled, found["NEWEST"], "app.test", now, now - 500_000, now - 500_000, "0" * 22, *once_more))
    entered = {"sqlite3": r"realm=\? AND created_at<\?", "pgsql": "Index Scan Backward using managed_session_newest", "mysql": "^range"}
    assert re.search(entered[filled.database.driver], plan), plan


def test_the_search_by_address_works_without_its_indexes():
    """conf/schema/search-by-ip.sql is optional: what it serves is slower without it, and otherwise the same."""
    with Server(ADMIN + "ManagedSessionCleanupInterval 0\n") as server:
        admin = sign_in(server, "bob")
        server.check_secrets()
        server.check_secrets = lambda: None
        fill(server)
        for statement in schema_file("search-by-ip.sql"):
            index = re.search(r"INDEX (\w+)", statement)[1]
            assert index not in str(server.sql({"sqlite3": "SELECT name FROM sqlite_master", "pgsql": "SELECT indexname FROM pg_indexes",
                                                "mysql": "SHOW INDEX FROM managed_session"}[server.database.driver]))
        found = get(server, PAGE + f"?ip={QUIET}", admin, {"Accept": "application/json"}).json()["sessions"]
        assert found and len(found) == server.sql("SELECT COUNT(*) FROM managed_session WHERE created_ip = ?", QUIET)[0][0]
        ended = request(server, "DELETE", PAGE + f"?scope=ip&ip={QUIET}", {"Cookie": f"{COOKIE}={admin}"})
        assert ended.json() == {"revoked": len(found)}
        assert len(get(server, PAGE + f"?ip={BUSY}", admin, {"Accept": "application/json"}).json()["sessions"]) == 50


def test_what_reads_live_sessions_does_not_read_past_ended_ones(filled):
    """They are kept for a month, and may be the most."""
    realm, now, driver = "app.test", int(time.time()), filled.database.driver
    filled.sql("UPDATE managed_session SET ended_at = ?, expires_at = ? WHERE created_at % 8 <> 0 AND user_name <> 'bob'", now - 9, now - 9)
    if driver != "sqlite3":
        filled.sql({"pgsql": "VACUUM ANALYZE managed_session", "mysql": "ANALYZE TABLE managed_session"}[driver])
    top, once_more = (2**63 - 1, 2**63 - 1, ""), (realm,) if driver == "mysql" else ()
    end = ("revoked", "bob")
    cases = {"CLEANUP": ((now, 1000, now)[:2 if driver == "mysql" else 3], "ended" if driver == "mysql" else "expires"),
             "CLEANUP_ENDED": ((now - 99, 1000, now - 99)[:2 if driver == "mysql" else 3], "ended"),
             # MariaDB counts rows that are not purged yet, in one index more than in the other.
             "NEWEST": ((realm, now, *top, *once_more), "newest ended" if driver == "mysql" else "newest"),
             "COUNT": ((realm, "user7", now), "user"),
             "END_OF_REALM": ((*end, realm, now, 1000, now)[:5 if driver == "mysql" else 6],
                              {"sqlite3": "newest", "pgsql": "newest expires", "mysql": "ended"}[driver])}
    with Server(ADMIN + "ManagedSessionCleanupInterval 1s\n", database=Shared(filled)) as other:
        eventually(lambda: "CLEANUP_ENDED" in statements(other), "a run of the cleanup")
        admin = sign_in(other, "bob")
        get(other, PAGE, admin), get(other, PAGE + "?confirm=user&user=user7", admin)
        before = {name: steps(filled, statements(other)[name], *args) for name, (args, _) in cases.items() if name != "END_OF_REALM"}
        # With no live session left any index of those is good enough.
        request(other, "DELETE", PAGE + "?scope=realm", {"Cookie": f"{COOKIE}={admin}"})
        plans = {**before, "END_OF_REALM": steps(filled, statements(other)["END_OF_REALM"], *cases["END_OF_REALM"][0])}
    for name, plan in plans.items():
        used = set(re.findall(r"managed_session_([a-z]+)", " ".join(plan))) - {"pkey"}
        assert used and used <= set(cases[name][1].split()), (name, plan)
        assert not re.search(r"Seq Scan|SCAN managed_session|^ALL|^index ", " ".join(plan)), (name, plan)


def test_a_sign_in_does_not_read_the_ended_sessions_of_its_user(filled):
    """A user, a program maybe, has signed in and out ten thousand times this month."""
    realm, now, driver = "app.test", int(time.time()), filled.database.driver
    filled.sql("UPDATE managed_session SET ended_at = NULL, expires_at = ?, max_expires_at = ?", now + 90000, now + 90000)
    filled.sql("UPDATE managed_session SET user_name = 'often', ended_at = created_at, expires_at = created_at WHERE created_at % 10 = 1")
    if driver != "sqlite3":
        filled.sql({"pgsql": "VACUUM ANALYZE managed_session", "mysql": "ANALYZE TABLE managed_session"}[driver])
    for _ in range(3):  # one more than may be, for EVICT
        sign_in(filled, "alice")
    found, of_user = statements(filled), (realm, "often", now)
    cases = {"LATEST": (100, *of_user), "EVICT": ("evicted", None, *of_user, "0" * 22, *of_user, "0" * 22, *of_user, now, 100)}
    for name, args in cases.items():
        plan = steps(filled, found[name], *args)
        assert set(re.findall(r"managed_session_([a-z_]+)|(PRIMARY)", " ".join(plan))) == {("user", "")}, (name, plan)
        assert not re.search(r"Seq Scan|SCAN managed_session", " ".join(plan)), (name, plan)
        if driver == "sqlite3":
            assert all(re.search(r"ended_at=\?|\(session_id=\?\)", step) for step in plan), (name, plan)

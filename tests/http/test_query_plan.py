# SPDX-License-Identifier: Apache-2.0
"""With a million sessions in SQLite every statement of a request finds its rows through an index."""
import re
import time

import pytest

from databases import COLUMNS, schema_file
from harness import COOKIE, SITE, Server, get, post, request, sign_in

pytestmark = pytest.mark.sqlite
ROWS = 1_000_000
ADMIN = """
<Location "/admin">
    SetHandler managed-session-admin
    AuthType ManagedSession
    Require user alice
</Location>
"""
FILL = f"""
INSERT INTO managed_session ({COLUMNS})
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
SELECT printf('%022d', i), '', 'app.test', 'user' || (i / 3), ?2, ?2 + i % 1000, ?2 + 3600 + i % 100000, ?2 + 200000,
       '192.0.2.1', '192.0.2.1', 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0', NULL, 'form', 1 FROM n
"""


@pytest.fixture(scope="module")
def filled():
    config = SITE + ADMIN + "ManagedSessionLimit 20 evict\nManagedSessionTouchInterval 1s\nManagedSessionCleanupInterval 1s\n"
    with Server(config) as server:
        tokens = [sign_in(server, form=22 * chr(65 + i)) for i in range(20)]
        for i in range(21):  # one more than may be, for EVICT
            sign_in(server, "bob", form=22 * chr(65 + i))
        server.sql("UPDATE managed_session SET last_seen_at = last_seen_at - 10")
        server.check_secrets()
        server.check_secrets = lambda: None  # not again, in a file of this size
        server.expect("MS0004.*CLEANUP")  # which finds the table locked meanwhile
        for statement in schema_file("search-by-ip.sql"):
            server.sql(statement)
        server.sql(FILL, ROWS, int(time.time()))
        server.tokens = tokens
        yield server


def statements(server) -> dict[str, str]:
    """Every statement that the module has prepared on this server, as it stands in the log."""
    return {name: re.sub(r"%(s|lld)", "?", text)
            for name, text in re.findall(r"prepared (\w+): (.*)", server.error_log())}


def plan(server, statement: str) -> str:
    blanks = [0] * statement.count("?")
    return "\n".join(row[3] for row in server.sql("EXPLAIN QUERY PLAN " + statement, *blanks))


def test_no_statement_reads_the_whole_table(filled):
    token = filled.tokens[0]
    listed = get(filled, "/sessions", token, {"Accept": "application/json"}).json()["sessions"]
    assert len(listed) == 20
    for query in ("", "?user=user5", "?ip=192.0.2.1", "?state=ended", "?confirm=user&user=user5", "?confirm=ip&ip=192.0.2.2", "?confirm=realm"):
        assert get(filled, "/admin" + query, token, {"Accept": "application/json"}).status == 200
    ended = request(filled, "DELETE", "/admin?scope=ip&ip=192.0.2.2", {"Cookie": f"{COOKIE}={token}"})
    assert ended.json() == {"revoked": 0}
    csrf = re.search(r'name="csrf" value="([^"]+)"', get(filled, "/sessions", token).text)[1]
    for fields in ({"action": "rename", "id": filled.tokens[1][:22], "name": "Kitchen"}, {"action": "revoke", "id": filled.tokens[1][:22]}, {"action": "revoke-others"}, {"action": "revoke-all"}):
        assert post(filled, "/sessions", {"csrf": csrf, **fields}, token).status == 303
    end = time.monotonic() + 20
    wanted = {"FIND", "LIST", "END", "END_OTHERS", "END_ALL", "INSERT", "TOUCH", "EVICT", "CLEANUP",
              "NEWEST", "NEWEST_OF_USER", "NEWEST_OF_IP", "NEWEST_ENDED", "COUNT", "COUNT_OF_IP", "END_OF_IP", "LATEST", "COUNT_OF_REALM", "LIST_ENDED", "RENAME"}
    while not wanted <= set(statements(filled)) and time.monotonic() < end:
        time.sleep(0.1)
    found = statements(filled)
    assert wanted <= set(found)
    for name in sorted(wanted - {"INSERT"}):
        steps = plan(filled, found[name])
        # A subquery's few rows are scanned; the table never is.
        assert re.search("SEARCH managed_session USING|MULTI-INDEX OR", steps) and "SCAN managed_session" not in steps, (name, steps)
    assert "SEARCH managed_session USING INDEX sqlite_autoindex_managed_session_1 (session_id=?)" in plan(filled, found["FIND"])


def test_a_request_is_one_statement_and_so_is_a_list(filled):
    token = sign_in(filled)
    filled.forget_statements()
    assert get(filled, "/app/", token).status == 200
    assert filled.statements() == ["FIND"]
    filled.forget_statements()
    get(filled, "/sessions", token)
    assert [s for s in filled.statements() if s not in ("TOUCH", "CLEANUP")] == ["FIND", "LIST", "LIST_ENDED"]

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The statements, and what differs between SQLite, PostgreSQL and MariaDB/MySQL. Each statement is
 * complete in itself: there are no transactions, so nothing is left open when a child is killed.
 */
#include "db/sql.h"

#include <string.h>
#include <apr_strings.h>

#define NEWEST_LIMIT " LIMIT 51" /* MS_NEWEST_MAX */

#define EIGHT "%s, %s, %s, %s, %s, %s, %s, %s"

#define LIST_ORDER " last_seen_at DESC, created_at DESC, session_id"

/* A page of the newest sessions begins after the last one of the page before. The first comparison
 * of created_at lets an index be used. */
#define NEWEST \
    " AND {live}" \
    " AND created_at <= %lld AND (created_at < %lld OR session_id < %s)" \
    " ORDER BY created_at DESC, session_id DESC" NEWEST_LIMIT

/* The same without regard to what is live. */
#define OLDER \
    " AND created_at <= %lld AND (created_at < %lld OR session_id < %s)" \
    " ORDER BY created_at DESC, session_id DESC" NEWEST_LIMIT

/* The database's clock in epoch seconds, rounded down: rounded to the nearest second, a moment may
 * lie in the future. */
#define SQLITE_CLOCK "CAST((julianday('now') - 2440587.5) * 86400 AS INTEGER)"
#define PGSQL_CLOCK  "CAST(FLOOR(EXTRACT(EPOCH FROM statement_timestamp())) AS BIGINT)"
#define MYSQL_CLOCK  "UNIX_TIMESTAMP()"

/* A list of touches, as a table. */
#define SQLITE_TOUCHES \
    "(SELECT json_extract(value, '$.id') AS id, json_extract(value, '$.ip') AS ip," \
    " json_extract(value, '$.seen') AS seen, json_extract(value, '$.due') AS due," \
    " json_extract(value, '$.expires') AS expires FROM json_each(%s)) AS touch"
#define TOUCHES \
    "json_to_recordset(CAST(%s AS json)) AS touch" \
    "(id CHAR(22), ip VARCHAR(45), seen BIGINT, due BIGINT, expires BIGINT)"
#define MYSQL_TOUCHES \
    "JSON_TABLE(%s, '$[*]' COLUMNS (id CHAR(22) CHARACTER SET ascii PATH '$.id'," \
    " ip VARCHAR(45) CHARACTER SET ascii PATH '$.ip', seen BIGINT PATH '$.seen'," \
    " due BIGINT PATH '$.due', expires BIGINT PATH '$.expires')) AS touch"

#define TOUCH "UPDATE {table} SET last_seen_at = %lld, last_ip = %s, expires_at = %lld"
#define TOUCH_COUNTS \
    "{live_when_seen} AND last_seen_at <= touch.due AND max_expires_at >= touch.expires"

/* Every process that uses the table keeps the same sessions: the newest (created_at, then id), and
 * of the others those used last. So several sign-ins at once end the same ones, and none of them
 * ends the newest. "created_at + 0" keeps SQLite from the index that is in that order. The
 * subqueries within subqueries are for MySQL, which does not read a table that it changes, and
 * accepts no LIMIT directly within IN. OFFSET needs a LIMIT on SQLite and MySQL. */
#define EXCESS \
    " AND {live}{browser} AND session_id <> %s AND session_id IN" \
    " (SELECT session_id FROM (SELECT session_id FROM {table}" \
    " WHERE realm = %s AND user_name = %s AND {live}{browser} AND session_id <> %s" \
    " ORDER BY CASE WHEN session_id = (SELECT session_id FROM {table}" \
    " WHERE realm = %s AND user_name = %s AND {live}{browser} AND created_at + 0 <= %lld" \
    " ORDER BY created_at + 0 DESC, session_id DESC LIMIT 1) THEN 0 ELSE 1 END," \
    " last_seen_at DESC, created_at DESC, session_id DESC" \
    " LIMIT 9223372036854775807 OFFSET %lld) AS excess)"

static const struct {
    const char *name;
    const char *text;
} statements[MS_SQL_N] = {
    [MS_SQL_PROBE] = {"PROBE", "SELECT {all} FROM {table} WHERE 1 = 0"},
    [MS_SQL_FIND] = {"FIND", "SELECT {found} FROM {table}"
                             " WHERE session_id = %s AND realm = %s AND {live}"},
    [MS_SQL_FIND_ANY] = {"FIND_ANY", "SELECT {found_any} FROM {table}"
                                     " WHERE session_id IN (" EIGHT ")"
                                     " AND realm = %s AND {live}"},
    [MS_SQL_FIND_MANY] = {"FIND_MANY", "SELECT {found_any} FROM {table}"
                                       " WHERE session_id IN (" EIGHT ", " EIGHT ", " EIGHT
                                       ", " EIGHT ", " EIGHT ", " EIGHT ")"
                                       " AND realm = %s AND {live}"},
    [MS_SQL_SHOW] = {"SHOW", "SELECT {columns} FROM {table}"
                             " WHERE session_id = %s AND realm = %s AND {live}"},
    [MS_SQL_INSERT] = {"INSERT", "INSERT INTO {table} ({all}) VALUES ({values})"},
    [MS_SQL_LIST] = {"LIST", "SELECT {columns} FROM {table}"
                             " WHERE realm = %s AND user_name = %s AND {live}"
                             " ORDER BY CASE WHEN session_id = %s THEN 0 ELSE 1 END," LIST_ORDER
                             " LIMIT %lld OFFSET %lld"},
    [MS_SQL_LIST_BROWSERS] = {"LIST_BROWSERS",
                              "SELECT {columns} FROM {table}"
                              " WHERE realm = %s AND user_name = %s AND {live}{browser}"
                              " ORDER BY CASE WHEN session_id = %s THEN 0 ELSE 1 END," LIST_ORDER
                              " LIMIT %lld OFFSET %lld"},
    [MS_SQL_LIST_ALIKE] = {"LIST_ALIKE", "SELECT {columns} FROM {table}"
                                         " WHERE realm = %s AND user_name = %s AND {live}"
                                         " AND SUBSTR(session_id, 1, 8) = %s"},
    [MS_SQL_LIST_AFTER] = {"LIST_AFTER", "SELECT {columns} FROM {table}"
                                         " WHERE realm = %s AND user_name = %s AND {live}"
                                         " AND session_id <> %s AND (last_seen_at < %lld"
                                         " OR (last_seen_at = %lld AND (created_at < %lld"
                                         " OR (created_at = %lld AND session_id > %s))))"
                                         " ORDER BY" LIST_ORDER " LIMIT %lld"},
    /* Each half goes along the index of the user and ends at its limit. The two are joined by when
     * the session ended: an end moves expires_at to that time. */
    [MS_SQL_LIST_ENDED] = {"LIST_ENDED",
                           "SELECT {columns} FROM (SELECT {columns} FROM (SELECT {columns}"
                           " FROM {table} WHERE realm = %s AND user_name = %s"
                           " AND {ended_at} >= %lld AND {ended_at} <= %lld"
                           " AND ({ended_at} < %lld OR session_id < %s) AND NOT ({live})"
                           " ORDER BY {ended_at} DESC, session_id DESC LIMIT %lld) AS ended"
                           " UNION SELECT {columns} FROM (SELECT {columns} FROM {table}"
                           " WHERE realm = %s AND user_name = %s AND {expired}"
                           " AND expires_at >= %lld AND expires_at <= %lld"
                           " AND (expires_at < %lld OR session_id < %s)"
                           " ORDER BY expires_at DESC, session_id DESC LIMIT %lld) AS expired)"
                           " AS past ORDER BY expires_at DESC, session_id DESC LIMIT %lld"},
    [MS_SQL_RENAME] = {"RENAME", "UPDATE {table} SET name = %s WHERE realm = %s AND user_name = %s"
                                 " AND {live} AND session_id = %s"},
    [MS_SQL_END] = {"END", "{end} WHERE realm = %s AND user_name = %s"
                           " AND {live} AND session_id = %s"},
    [MS_SQL_END_OTHERS] = {"END_OTHERS", "{end} WHERE realm = %s AND user_name = %s"
                                         " AND {live} AND session_id <> %s"},
    [MS_SQL_END_ALL] = {"END_ALL", "{end} WHERE realm = %s AND user_name = %s"
                                   " AND {live}"},
    [MS_SQL_END_BROWSERS] = {"END_BROWSERS", "{end} WHERE realm = %s AND user_name = %s"
                                             " AND {live}{browser}"},
    [MS_SQL_END_OTHER_BROWSERS] = {"END_OTHER_BROWSERS",
                                   "{end} WHERE realm = %s AND user_name = %s"
                                   " AND {live}{browser} AND session_id <> %s"},
    [MS_SQL_LIST_APPS] = {"LIST_APPS", "SELECT {columns} FROM {table}"
                                       " WHERE realm = %s AND user_name = %s AND {live}{app}"
                                       " ORDER BY" LIST_ORDER " LIMIT %lld"},
    /* No row is updated if the session has ended, or was touched by another request meanwhile. */
    [MS_SQL_TOUCH] = {"TOUCH", TOUCH " WHERE session_id = %s AND realm = %s AND {live}"
                                     " AND last_seen_at <= %lld AND max_expires_at >= %lld"},
    /* Of touches that were queued: ids are unique in a table, and these were looked up in a realm.
     */
    [MS_SQL_TOUCH_BY_ID] = {"TOUCH_BY_ID",
                            TOUCH " WHERE session_id = %s AND {live}"
                                  " AND last_seen_at <= %lld AND max_expires_at >= %lld"},
    /* The same for all touches of a list. A row that another transaction has locked is left out: to
     * wait for it would keep the feed waiting, and two statements that lock several rows in
     * different orders would wait for each other. */
    [MS_SQL_TOUCH_MANY] =
        {"TOUCH_MANY",
         "UPDATE {table} SET last_seen_at = mine.seen, last_ip = mine.ip, expires_at = mine.until"
         " FROM (SELECT touch.id, touch.ip, touch.seen, touch.expires AS until FROM " TOUCHES
         " JOIN {table} AS held ON held.session_id = touch.id WHERE " TOUCH_COUNTS
         " FOR NO KEY UPDATE OF held SKIP LOCKED) AS mine WHERE session_id = mine.id"},
    [MS_SQL_TOUCHED] = {"TOUCHED", "SELECT session_id, last_seen_at FROM " TOUCHES
                                   " JOIN {table} ON session_id = touch.id"
                                   " WHERE last_seen_at = touch.seen AND {live_when_seen}"},
    [MS_SQL_TOUCH_APP] = {"TOUCH_APP",
                          "UPDATE {table} SET last_seen_at = %lld, last_ip = %s, user_agent = %s"
                          " WHERE session_id = %s AND realm = %s AND {live}"
                          " AND last_seen_at <= %lld"},
    [MS_SQL_COUNT] = {"COUNT", "SELECT COUNT(*) FROM {table} WHERE realm = %s AND user_name = %s"
                               " AND {live}"},
    [MS_SQL_COUNT_BROWSERS] = {"COUNT_BROWSERS", "SELECT COUNT(*) FROM {table} WHERE realm = %s"
                                                 " AND user_name = %s AND {live}{browser}"},
    [MS_SQL_COUNT_APPS] = {"COUNT_APPS", "SELECT COUNT(*) FROM {table} WHERE realm = %s"
                                         " AND user_name = %s AND {live}{app}"},
    [MS_SQL_COUNT_APPS_NAMED] = {"COUNT_APPS_NAMED",
                                 "SELECT COUNT(*) FROM {table} WHERE realm = %s"
                                 " AND user_name = %s AND {live}{app} AND name = %s"
                                 " AND session_id <> %s"},
    /* When the newest was created, if there are that many; else 0. */
    [MS_SQL_LATEST] = {"LATEST", "SELECT CASE WHEN COUNT(*) >= %lld THEN MAX(created_at) ELSE 0 END"
                                 " FROM {table} WHERE realm = %s AND user_name = %s"
                                 " AND {live}{browser}"},
    [MS_SQL_EVICT] = {"EVICT", "{end} WHERE realm = %s AND user_name = %s" EXCESS},
    [MS_SQL_END_OVER] = {"END_OVER", "{end} WHERE session_id = %s AND realm = %s"
                                     " AND {live}"
                                     " AND (SELECT n FROM (SELECT COUNT(*) AS n FROM {table}"
                                     " WHERE realm = %s AND user_name = %s AND {live}{browser})"
                                     " AS live) > %lld"},
    [MS_SQL_END_OVER_APPS] = {"END_OVER_APPS",
                              "{end} WHERE session_id = %s AND realm = %s AND {live}"
                              " AND (SELECT n FROM (SELECT COUNT(*) AS n FROM {table}"
                              " WHERE realm = %s AND user_name = %s AND {live}{app})"
                              " AS live) > %lld"},
    [MS_SQL_CLEANUP] = {"CLEANUP", "DELETE FROM {table} WHERE session_id IN"
                                   " (SELECT session_id FROM (SELECT session_id FROM {table}"
                                   " WHERE {expired} ORDER BY expires_at LIMIT %lld) AS dead)"
                                   " AND {expired}"},
    [MS_SQL_CLEANUP_ENDED] = {"CLEANUP_ENDED",
                              "DELETE FROM {table} WHERE session_id IN"
                              " (SELECT session_id FROM (SELECT session_id FROM {table}"
                              " WHERE {ended_at} <= %lld ORDER BY {ended_at} LIMIT %lld) AS dead)"
                              " AND {ended_at} <= %lld"},
    [MS_SQL_NEWEST] = {"NEWEST", "SELECT {columns} FROM {table} WHERE realm = %s" NEWEST},
    /* "+ 0": a user has few sessions, so the index of the user is to be used, not the one in that
       order. */
    [MS_SQL_NEWEST_OF_USER] =
        {"NEWEST_OF_USER", "SELECT {columns} FROM {table}"
                           " WHERE realm = %s AND user_name = %s AND {live}"
                           " AND created_at + 0 <= %lld AND (created_at < %lld OR session_id < %s)"
                           " ORDER BY created_at + 0 DESC, session_id DESC" NEWEST_LIMIT},
    /* Each half ends at its limit: every row may have the address of a proxy. */
    [MS_SQL_NEWEST_OF_IP] = {"NEWEST_OF_IP",
                             "SELECT {columns} FROM (SELECT {columns} FROM (SELECT {columns}"
                             " FROM {table}"
                             " WHERE realm = %s AND created_ip = %s" NEWEST ") AS made"
                             " UNION SELECT {columns} FROM (SELECT {columns} FROM {table}"
                             " WHERE realm = %s AND last_ip = %s" NEWEST ") AS used) AS newest"
                             " ORDER BY created_at DESC, session_id DESC" NEWEST_LIMIT},
    /* Only those that were ended. Along the index of ended rows, of all realms: CASE keeps SQLite
     * from an index of the realm, which would read all its rows. */
    [MS_SQL_NEWEST_ENDED] =
        {"NEWEST_ENDED",
         "SELECT {columns} FROM {table} WHERE CASE WHEN realm = %s THEN 1 ELSE 0 END = 1"
         " AND {ended_at} <= %lld"
         " AND ({ended_at} < %lld OR session_id < %s)"
         " AND NOT ({live})"
         " ORDER BY {ended_at} DESC, session_id DESC" NEWEST_LIMIT},
    [MS_SQL_COUNT_OF_IP] = {"COUNT_OF_IP", "SELECT (SELECT COUNT(*) FROM {table}"
                                           " WHERE realm = %s AND created_ip = %s AND {live})"
                                           " + (SELECT COUNT(*) FROM {table}"
                                           " WHERE realm = %s AND last_ip = %s AND {live}"
                                           " AND created_ip <> %s)"},
    [MS_SQL_COUNT_OF_REALM] = {"COUNT_OF_REALM", "SELECT COUNT(*) FROM {table}"
                                                 " WHERE realm = %s AND {live}"},
    /* In batches: a statement that ends a million sessions would hold its locks for minutes. Not by
     * the realm a second time: SQLite would read all of it for each batch. */
    [MS_SQL_END_OF_REALM] = {"END_OF_REALM",
                             "{end} WHERE session_id IN"
                             " (SELECT session_id FROM (SELECT session_id FROM {table}"
                             " WHERE realm = %s AND {live}"
                             " ORDER BY created_at, session_id LIMIT %lld) AS batch)"
                             " AND {live}"},
    [MS_SQL_END_OF_IP] = {"END_OF_IP", "{end}"
                                       " WHERE (realm = %s AND created_ip = %s AND {live})"
                                       " OR (realm = %s AND last_ip = %s AND {live})"},
    /* Of live and ended sessions. A user has few addresses that one pattern matches. */
    [MS_SQL_PLACES] = {"PLACES", "SELECT created_ip FROM {table} WHERE realm = %s"
                                 " AND user_name IN (%s, %s) AND created_ip LIKE %s"
                                 " UNION SELECT last_ip FROM {table} WHERE realm = %s"
                                 " AND user_name IN (%s, %s) AND last_ip LIKE %s LIMIT 256"},
    /* One writer at a time, so no transaction numbers are needed. The version changes when another
     * connection has written. */
    [MS_SQL_FEED_CLOCK] = {"FEED_CLOCK", "SELECT {clock}, 0, 0, 0, data_version, 0"
                                         " FROM pragma_data_version"},
    /* Of all realms. One more than are applied. */
    [MS_SQL_FEED_ENDED] = {"FEED_ENDED", "SELECT session_id, {ended_at} FROM {table}"
                                         " WHERE {ended_at} >= %lld LIMIT 10001"},
    [MS_SQL_ROW] = {"ROW", "SELECT {columns} FROM {table} WHERE session_id = %s AND realm = %s"},
    [MS_SQL_ROWS] = {"ROWS", "SELECT {columns} FROM {table} WHERE realm = %s" OLDER},
    [MS_SQL_ROWS_OF_USER] =
        {"ROWS_OF_USER", "SELECT {columns} FROM {table} WHERE realm = %s AND user_name = %s"
                         " AND created_at + 0 <= %lld AND (created_at < %lld OR session_id < %s)"
                         " ORDER BY created_at + 0 DESC, session_id DESC" NEWEST_LIMIT},
    [MS_SQL_COUNT_ROWS] = {"COUNT_ROWS", "SELECT COUNT(*) FROM {table} WHERE realm = %s"},
    [MS_SQL_COUNT_ROWS_OF_USER] = {"COUNT_ROWS_OF_USER", "SELECT COUNT(*) FROM {table}"
                                                         " WHERE realm = %s AND user_name = %s"},
    [MS_SQL_COUNT_USERS] = {"COUNT_USERS", "SELECT COUNT(DISTINCT user_name) FROM {table}"
                                           " WHERE realm = %s AND {live}"},
    [MS_SQL_COUNT_SINCE] = {"COUNT_SINCE", "SELECT COUNT(*) FROM {table}"
                                           " WHERE realm = %s AND created_at >= %lld"},
    [MS_SQL_COUNT_OLDER] = {"COUNT_OLDER", "SELECT COUNT(*) FROM {table}"
                                           " WHERE realm = %s AND {live} AND created_at < %lld"},
    [MS_SQL_COUNT_EXPIRED] = {"COUNT_EXPIRED", "SELECT COUNT(*) FROM {table} WHERE {expired}"},
    [MS_SQL_COUNT_ENDED] = {"COUNT_ENDED", "SELECT COUNT(*) FROM {table}"
                                           " WHERE {ended_at} <= %lld"},
    [MS_SQL_COUNT_ENDED_BY] = {"COUNT_ENDED_BY", "SELECT COUNT(*) FROM {table}"
                                                 " WHERE realm = %s AND ended_by = %s"},
    [MS_SQL_END_OLDER] = {"END_OLDER", "{end} WHERE session_id IN"
                                       " (SELECT session_id FROM (SELECT session_id FROM {table}"
                                       " WHERE realm = %s AND {live} AND created_at < %lld"
                                       " ORDER BY created_at, session_id LIMIT %lld) AS batch)"
                                       " AND realm = %s AND {live} AND created_at < %lld"},
    [MS_SQL_ERASE] = {"ERASE", "DELETE FROM {table} WHERE realm = %s AND user_name = %s"
                               " AND NOT ({live})"},
    /* Hosts notice the end of a session by its row, so one that has just ended stays for a while,
     * without anything about its user. */
    [MS_SQL_ERASE_FRESH] = {"ERASE_FRESH",
                            "UPDATE {table} SET user_name = %s, created_ip = %s, last_ip = %s,"
                            " user_agent = %s, label = NULL, name = NULL, ended_by = NULL,"
                            " created_at = ended_at, last_seen_at = ended_at"
                            " WHERE realm = %s AND user_name = %s AND ended_at > %lld"},
    [MS_SQL_ERASE_ENDED_BY] = {"ERASE_ENDED_BY", "UPDATE {table} SET ended_by = %s"
                                                 " WHERE realm = %s AND ended_by = %s"},
};

/*
 * SQLite has no server whose defaults apply: what a connection does not set is as SQLite was built.
 * WAL lets readers go on during a write. The busy timeout is small on purpose: apr_dbd waits in
 * it under a mutex that all threads of the process share.
 */
static const char *const sqlite_setup[] = {"PRAGMA busy_timeout=50", "PRAGMA journal_mode=WAL",
                                           "PRAGMA synchronous=NORMAL", NULL};

/*
 * Ended rows are kept for long, so what reads live sessions must not read past them: they are not
 * in the index, or ended_at is in it before what is read in order. In a table that was upgraded
 * such an index stands beside that of schema 1 with the same name, which hosts of before still use.
 */
#define CREATE     "CREATE INDEX IF NOT EXISTS {table}"
#define ON_USER    " ON {table} (realm, user_name, ended_at)"
#define ON_EXPIRES " ON {table} (expires_at) WHERE ended_at IS NULL"
#define ON_ENDED   " ON {table} (ended_at) WHERE ended_at IS NOT NULL"
#define ON_NEWEST  " ON {table} (realm, created_at, session_id)"
#define ON_LIVE    ON_NEWEST " WHERE ended_at IS NULL"

/* The same for SQLite and PostgreSQL. */
static const char *const standard_ddl[] = {"CREATE TABLE IF NOT EXISTS {table} ({definitions})",
                                           CREATE "_user" ON_USER,
                                           CREATE "_expires" ON_EXPIRES,
                                           CREATE "_ended" ON_ENDED,
                                           CREATE "_newest" ON_NEWEST,
                                           CREATE "_newest_live" ON_LIVE,
                                           NULL};

static const char *const sqlite_add_indexes[] = {CREATE "_ended" ON_ENDED, CREATE "_user_2" ON_USER,
                                                 CREATE "_expires_2" ON_EXPIRES,
                                                 CREATE "_newest_live" ON_LIVE, NULL};

#define CREATE_SOON "SET LOCAL lock_timeout = '1s'; " CREATE
static const char *const pgsql_add_indexes[] = {
    CREATE_SOON "_ended" ON_ENDED, CREATE_SOON "_user_2" ON_USER,
    CREATE_SOON "_expires_2" ON_EXPIRES, CREATE_SOON "_newest_live" ON_LIVE, NULL};

/* MySQL reads the whole table for a change whose rows a subquery names, but has a LIMIT of its own.
 * The order is that of an index, so that no more rows are read and locked. */
static const char mysql_cleanup[] = "DELETE FROM {table} WHERE {expired}"
                                    " ORDER BY {ended_at}, expires_at LIMIT %lld";

static const char mysql_cleanup_ended[] = "DELETE FROM {table} WHERE {ended_at} <= %lld"
                                          " ORDER BY {ended_at} LIMIT %lld";

static const char mysql_end_of_realm[] = "{end} WHERE realm = %s AND {live}"
                                         " ORDER BY {ended_at}, expires_at LIMIT %lld";

/* With "realm = %s" MariaDB would read all pages before this one too. */
static const char mysql_newest[] =
    "SELECT {columns} FROM {table} WHERE realm >= %s AND {live}"
    " AND created_at <= %lld AND (created_at < %lld OR session_id < %s) AND realm <= %s"
    " ORDER BY realm DESC, created_at DESC, session_id DESC" NEWEST_LIMIT;

/* In the order of the whole index. An end sets both times to the same. */
static const char mysql_newest_ended[] =
    "SELECT {columns} FROM {table} WHERE CASE WHEN realm = %s THEN 1 ELSE 0 END = 1 AND {ended_at} <= %lld"
    " AND ({ended_at} < %lld OR session_id < %s) AND NOT ({live})"
    " ORDER BY {ended_at} DESC, expires_at DESC, session_id DESC" NEWEST_LIMIT;

static const char mysql_rows[] =
    "SELECT {columns} FROM {table} WHERE realm >= %s"
    " AND created_at <= %lld AND (created_at < %lld OR session_id < %s) AND realm <= %s"
    " ORDER BY realm DESC, created_at DESC, session_id DESC" NEWEST_LIMIT;

static const char mysql_end_older[] = "{end} WHERE realm = %s AND {live} AND created_at < %lld"
                                      " ORDER BY created_at, session_id LIMIT %lld";

/* A replica lags, and is read-only as a rule. */
static const char mysql_feed_clock[] =
    "SELECT {clock}, 0, 0, CRC32(CONCAT(@@hostname, '/', @@port, '/', @@server_id)), 0,"
    " CASE WHEN CAST(@@read_only AS CHAR) IN ('0', 'OFF') THEN 0 ELSE 1 END";

/* The transactions that were not committed when the statement began have numbers from xmin on. */
static const char pgsql_feed_clock[] =
    "SELECT {clock}, txid_snapshot_xmin(s), txid_snapshot_xmax(s),"
    " CAST(EXTRACT(EPOCH FROM pg_postmaster_start_time()) * 1000 AS BIGINT), 0,"
    " CASE WHEN pg_is_in_recovery() THEN 1 ELSE 0 END FROM txid_current_snapshot() AS s";

/* By the ids, which are few: the index of the user would read all of them once more. */
static const char sqlite_evict[] = "{end} WHERE +realm = %s AND +user_name = %s" EXCESS;

/* SQLite has one writer at a time. */
static const char sqlite_touch_many[] =
    "UPDATE {table} SET last_seen_at = touch.seen, last_ip = touch.ip, expires_at = touch.expires"
    " FROM " SQLITE_TOUCHES " WHERE session_id = touch.id AND " TOUCH_COUNTS;

static const char sqlite_touched[] = "SELECT session_id, last_seen_at FROM " SQLITE_TOUCHES
                                     " CROSS JOIN {table} WHERE session_id = touch.id"
                                     " AND last_seen_at = touch.seen AND {live_when_seen}";

/* Rows are locked in the order of the list. */
static const char mysql_touch_many[] =
    "UPDATE " MYSQL_TOUCHES " STRAIGHT_JOIN {table} ON session_id = touch.id"
    " SET last_seen_at = touch.seen, last_ip = touch.ip, expires_at = touch.expires"
    " WHERE " TOUCH_COUNTS;

static const char mysql_touched[] = "SELECT session_id, last_seen_at FROM " MYSQL_TOUCHES
                                    " STRAIGHT_JOIN {table} ON session_id = touch.id"
                                    " WHERE last_seen_at = touch.seen AND {live_when_seen}";

static const char *const sqlite_own[MS_SQL_N] = {[MS_SQL_EVICT] = sqlite_evict,
                                                 [MS_SQL_TOUCH_MANY] = sqlite_touch_many,
                                                 [MS_SQL_TOUCHED] = sqlite_touched};

static const char *const pgsql_own[MS_SQL_N] = {[MS_SQL_FEED_CLOCK] = pgsql_feed_clock};

static const char *const mysql_own[MS_SQL_N] = {[MS_SQL_FEED_CLOCK] = mysql_feed_clock,
                                                [MS_SQL_TOUCH_MANY] = mysql_touch_many,
                                                [MS_SQL_TOUCHED] = mysql_touched,
                                                [MS_SQL_CLEANUP] = mysql_cleanup,
                                                [MS_SQL_CLEANUP_ENDED] = mysql_cleanup_ended,
                                                [MS_SQL_END_OF_REALM] = mysql_end_of_realm,
                                                [MS_SQL_NEWEST] = mysql_newest,
                                                [MS_SQL_NEWEST_ENDED] = mysql_newest_ended,
                                                [MS_SQL_ROWS] = mysql_rows,
                                                [MS_SQL_END_OLDER] = mysql_end_older};

/*
 * Settings that our statements rely on, and that an administrator, a database or a role may have
 * changed: each statement is a transaction of its own that sees what is committed, and text is
 * UTF-8. A server that is read-only stays so: the administrator decides that, and users who are
 * signed in stay signed in. A setting is changed only if it differs: behind a pooler such as
 * PgBouncer another client may use the connection next.
 */
static const char *const pgsql_setup[] = {
    "SELECT set_config(v.name, v.value, false) FROM (VALUES ('client_encoding', 'UTF8'),"
    " ('default_transaction_isolation', 'read committed'), ('transform_null_equals', 'off'))"
    " AS v(name, value) WHERE current_setting(v.name) <> v.value",
    NULL};

/* An encoding in which bytes are not checked, or characters are missing: lengths and comparisons
 * would differ. */
static const char pgsql_unfit[] =
    "SELECT getdatabaseencoding() WHERE getdatabaseencoding() <> 'UTF8'";

static const char mysql_mode[] =
    "SET SESSION sql_mode ="
    " TRIM(BOTH ',' FROM REPLACE(CONCAT(',', @@SESSION.sql_mode, ','), ',EMPTY_STRING_IS_NULL,', ','))";

/*
 * The same on MySQL. Without autocommit nothing would ever be committed. sql_safe_updates refuses
 * statements, sql_select_limit cuts results, and EMPTY_STRING_IS_NULL makes comparisons with ''
 * unknown. The rest of sql_mode is left as it is, since others may share the connection: no
 * statement here has a string, a quoted name, an operator or a division in it that a mode could
 * change.
 */
static const char *const mysql_setup[] = {"SET SESSION autocommit = 1",
                                          "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
                                          "SET SESSION sql_safe_updates = 0, sql_big_selects = 1",
                                          "SET SESSION sql_select_limit = 18446744073709551615",
                                          mysql_mode,
                                          NULL};

#define OF_USER   " (realm, user_name, ended_at)"
#define OF_ENDED  " (ended_at, expires_at)"
#define OF_NEWEST " (realm, created_at, session_id)"
#define OF_LIVE   " (ended_at, realm, created_at, session_id)"

static const char *const mysql_ddl[] = {"CREATE TABLE IF NOT EXISTS {table} ({definitions},"
                                        " KEY {table}_user" OF_USER ","
                                        " KEY {table}_ended" OF_ENDED ","
                                        " KEY {table}_newest" OF_NEWEST ","
                                        " KEY {table}_newest_live" OF_LIVE
                                        ") ENGINE=InnoDB ROW_FORMAT=DYNAMIC",
                                        NULL};

#define ADD_KEY "ALTER TABLE {table} ADD KEY {table}"
static const char *const mysql_add_indexes[] = {
    ADD_KEY "_ended" OF_ENDED, ADD_KEY "_user_2" OF_USER, ADD_KEY "_newest_live" OF_LIVE, NULL};

static const char *const no_statements[] = {NULL};

/* A lock that an upgrade waits for keeps all others waiting behind it, so it waits a second at
 * most. On PostgreSQL a string of statements is one transaction, and a connection that is shared
 * through a pooler keeps nothing of it. */
static const char *const mysql_upgrade_begin[] = {"SET SESSION lock_wait_timeout = 1", NULL};
static const char *const mysql_upgrade_end[] = {"SET SESSION lock_wait_timeout = DEFAULT", NULL};

/* A node of a Galera cluster has then applied what others have committed. Other servers do not know
 * the variable. */
static const char *const mysql_poll_begin[] = {
    "SET @managed_session_wait = @@SESSION.wsrep_sync_wait,"
    " SESSION wsrep_sync_wait = @@SESSION.wsrep_sync_wait | 1",
    NULL};
static const char *const mysql_poll_end[] = {"SET SESSION wsrep_sync_wait = @managed_session_wait",
                                             NULL};

static const ms_dialect dialects[] = {
    {.driver = "sqlite3",
     .clock = SQLITE_CLOCK,
     .poll_begin = no_statements,
     .poll_end = no_statements,
     .setup = sqlite_setup,
     .ddl = standard_ddl,
     .schema_file = "conf/schema/sqlite.sql",
     .upgrade_begin = no_statements,
     .add_column = "ALTER TABLE {table} ADD COLUMN {definition}",
     .add_indexes = sqlite_add_indexes,
     .upgrade_end = no_statements,
     .upgrade_file = "conf/schema/upgrade-2-sqlite.sql",
     .own = sqlite_own},
    {.driver = "pgsql",
     .clock = PGSQL_CLOCK,
     .poll_begin = no_statements,
     .poll_end = no_statements,
     .setup = pgsql_setup,
     .unfit = pgsql_unfit,
     .ddl = standard_ddl,
     .schema_file = "conf/schema/postgresql.sql",
     .upgrade_begin = no_statements,
     .add_column = "SET LOCAL lock_timeout = '1s';"
                   " ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {definition}",
     .add_indexes = pgsql_add_indexes,
     .upgrade_end = no_statements,
     .upgrade_file = "conf/schema/upgrade-2-postgresql.sql",
     .socket = "PQsocket",
     .own = pgsql_own},
    {.driver = "mysql",
     .clock = MYSQL_CLOCK,
     .poll_begin = mysql_poll_begin,
     .poll_end = mysql_poll_end,
     .setup = mysql_setup,
     .is_mysql = 1,
     .ddl = mysql_ddl,
     .schema_file = "conf/schema/mysql.sql",
     .upgrade_begin = mysql_upgrade_begin,
     .add_column = "ALTER TABLE {table} ADD COLUMN {definition}",
     .add_indexes = mysql_add_indexes,
     .upgrade_end = mysql_upgrade_end,
     .upgrade_file = "conf/schema/upgrade-2-mysql.sql",
     .socket = "mysql_get_socket",
     .own = mysql_own},
};

const char *ms_sql_name(ms_sql which)
{
    return statements[which].name;
}

const char *ms_sql_text(const ms_dialect *dialect, ms_sql which)
{
    return dialect && dialect->own[which] ? dialect->own[which] : statements[which].text;
}

/*
 * What differs between the schemas. Ended rows are kept since schema 2: a session is ended by an
 * UPDATE. Its absolute end is moved too, because a touch of the version before, which knows no
 * ended_at, compares with that. A live row has no ended_at: hosts' clocks differ, and one may be
 * set back. For the same reason the database says when a session ended: the feed reads on from
 * there. Before, ended rows are not there, and {ended_at} selects what has expired for so long.
 */
static const struct {
    const char *live, *expired, *ended_at, *end, *browser, *app;
    int end_args; /* how many placeholders {end} has */
} by_schema[] = {
    {"expires_at > %lld", "expires_at <= %lld", "expires_at", "DELETE FROM {table}", "",
     " AND 1 = 0", 0},
    {"ended_at IS NULL AND expires_at > %lld", "ended_at IS NULL AND expires_at <= %lld",
     "ended_at",
     "UPDATE {table} SET ended_at = {clock}, end_reason = %s, ended_by = NULLIF(%s, user_name),"
     " expires_at = {clock}, max_expires_at = {clock}",
     " AND kind = 0", " AND kind = 1", MS_SQL_END_ARGS},
};

_Static_assert(sizeof(by_schema) / sizeof(by_schema[0]) == MS_SCHEMA, "each schema has its row");

int ms_sql_skipped_args(ms_sql which, int schema)
{
    return strncmp(statements[which].text, "{end}", 5) == 0
               ? MS_SQL_END_ARGS - by_schema[schema - 1].end_args
               : 0;
}

/* Replaces each mark of the text, such as "{table}". */
static const char *replace(apr_pool_t *p, const char *text, const char *mark, const char *value)
{
    const char *out = "", *at;

    while ((at = strstr(text, mark)) != NULL) {
        out = apr_pstrcat(p, out, apr_pstrmemdup(p, text, (apr_size_t)(at - text)), value, NULL);
        text = at + strlen(mark);
    }
    return apr_pstrcat(p, out, text, NULL);
}

const char *ms_sql_for_table(apr_pool_t *p, const ms_dialect *dialect, const char *sql, int schema,
                             const char *table)
{
    const struct {
        const char *mark, *value;
    } marks[] = {{"{live}", by_schema[schema - 1].live},
                 {"{live_when_seen}", replace(p, by_schema[schema - 1].live, "%lld", "touch.seen")},
                 {"{expired}", by_schema[schema - 1].expired},
                 {"{ended_at}", by_schema[schema - 1].ended_at},
                 {"{end}", by_schema[schema - 1].end},
                 {"{browser}", by_schema[schema - 1].browser},
                 {"{app}", by_schema[schema - 1].app},
                 {"{clock}", dialect ? dialect->clock : SQLITE_CLOCK},
                 {"{all}", ms_columns_names(p, MS_COLUMNS_ALL, schema)},
                 {"{columns}", ms_columns_names(p, MS_COLUMNS_ROW, schema)},
                 {"{found}", ms_columns_names(p, MS_COLUMNS_FOUND, schema)},
                 {"{found_any}", ms_columns_names(p, MS_COLUMNS_FOUND_ANY, schema)},
                 {"{values}", ms_columns_values(p, schema)},
                 {"{definitions}", ms_columns_definitions(p, dialect && dialect->is_mysql)},
                 {"{table}", table}};

    for (apr_size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        sql = replace(p, sql, marks[i].mark, marks[i].value);
    }
    return sql;
}

const char *ms_sql_add_column(apr_pool_t *p, const ms_dialect *dialect, const ms_column *column,
                              const char *table)
{
    const char *definition = ms_columns_definition(p, column, dialect->is_mysql);

    return replace(p, replace(p, dialect->add_column, "{definition}", definition), "{table}",
                   table);
}

const ms_dialect *ms_sql_dialect(const char *driver)
{
    for (apr_size_t i = 0; i < sizeof(dialects) / sizeof(dialects[0]); i++) {
        if (strcmp(dialects[i].driver, driver) == 0) {
            return &dialects[i];
        }
    }
    return NULL;
}

const char *ms_sql_drivers(apr_pool_t *p)
{
    const char *names = dialects[0].driver;

    for (apr_size_t i = 1; i < sizeof(dialects) / sizeof(dialects[0]); i++) {
        names = apr_pstrcat(p, names, ", ", dialects[i].driver, NULL);
    }
    return names;
}

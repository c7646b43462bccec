/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The statements, and what SQLite, PostgreSQL and MariaDB/MySQL say differently. Each statement is
 * complete in itself: there are no transactions, so nothing is left open when a child is killed.
 */
#include "db/sql.h"

#include <string.h>
#include <apr_strings.h>

#define COLUMNS                                                                                    \
    "session_id, secret_hash, user_name, created_at, last_seen_at, expires_at, max_expires_at, "   \
    "created_ip, last_ip, user_agent, label, auth_method, persistent"

/* What a request needs of its session, and no more. */
#define FOUND_COLUMNS                                                                              \
    "secret_hash, user_name, created_at, last_seen_at, expires_at, max_expires_at, auth_method, "  \
    "persistent"

#define NEWEST_LIMIT " LIMIT 51" /* MS_NEWEST_MAX */

#define LIST_ORDER " last_seen_at DESC, created_at DESC, session_id"

/* A page of the newest sessions begins behind the last one of the page before. The first comparison
 * of created_at is what an index can be entered with. */
#define NEWEST                                                                                     \
    " AND expires_at > %lld"                                                                       \
    " AND created_at <= %lld AND (created_at < %lld OR session_id < %s)"                           \
    " ORDER BY created_at DESC, session_id DESC" NEWEST_LIMIT

static const struct {
    const char *name;
    const char *text;
} statements[MS_SQL_N] = {
    [MS_SQL_PROBE] = {"PROBE", "SELECT " COLUMNS ", realm FROM {table} WHERE 1 = 0"},
    [MS_SQL_FIND] = {"FIND", "SELECT " FOUND_COLUMNS " FROM {table}"
                             " WHERE session_id = %s AND realm = %s AND expires_at > %lld"},
    [MS_SQL_FIND_ANY] = {"FIND_ANY", "SELECT session_id, " FOUND_COLUMNS " FROM {table}"
                                     " WHERE session_id IN (%s, %s, %s, %s, %s, %s, %s, %s)"
                                     " AND realm = %s AND expires_at > %lld"},
    [MS_SQL_SHOW] = {"SHOW", "SELECT " COLUMNS " FROM {table}"
                             " WHERE session_id = %s AND realm = %s AND expires_at > %lld"},
    [MS_SQL_INSERT] =
        {"INSERT", "INSERT INTO {table} (session_id, secret_hash, realm, user_name, created_at,"
                   " last_seen_at, expires_at, max_expires_at, created_ip, last_ip, user_agent,"
                   " label, auth_method, persistent)"
                   " VALUES (%s, %s, %s, %s, %lld, %lld, %lld, %lld, %s, %s, %s, %s, %s, %lld)"},
    [MS_SQL_LIST] = {"LIST", "SELECT " COLUMNS " FROM {table}"
                             " WHERE realm = %s AND user_name = %s AND expires_at > %lld"
                             " ORDER BY CASE WHEN session_id = %s THEN 0 ELSE 1 END," LIST_ORDER
                             " LIMIT %lld OFFSET %lld"},
    [MS_SQL_LIST_ALIKE] = {"LIST_ALIKE",
                           "SELECT " COLUMNS " FROM {table}"
                           " WHERE realm = %s AND user_name = %s AND expires_at > %lld"
                           " AND SUBSTR(session_id, 1, 8) = %s"},
    [MS_SQL_LIST_AFTER] = {"LIST_AFTER",
                           "SELECT " COLUMNS " FROM {table}"
                           " WHERE realm = %s AND user_name = %s AND expires_at > %lld"
                           " AND session_id <> %s AND (last_seen_at < %lld"
                           " OR (last_seen_at = %lld AND (created_at < %lld"
                           " OR (created_at = %lld AND session_id > %s))))"
                           " ORDER BY" LIST_ORDER " LIMIT %lld"},
    [MS_SQL_END] = {"END", "DELETE FROM {table} WHERE realm = %s AND user_name = %s"
                           " AND expires_at > %lld AND session_id = %s"},
    [MS_SQL_END_OTHERS] = {"END_OTHERS", "DELETE FROM {table} WHERE realm = %s AND user_name = %s"
                                         " AND expires_at > %lld AND session_id <> %s"},
    [MS_SQL_END_ALL] = {"END_ALL", "DELETE FROM {table} WHERE realm = %s AND user_name = %s"
                                   " AND expires_at > %lld"},
    /* No row: ended meanwhile, or touched by another request; either way there is nothing to do. */
    [MS_SQL_TOUCH] = {"TOUCH",
                      "UPDATE {table} SET last_seen_at = %lld, last_ip = %s, expires_at = %lld"
                      " WHERE session_id = %s AND realm = %s AND expires_at > %lld"
                      " AND last_seen_at <= %lld AND max_expires_at >= %lld"},
    [MS_SQL_COUNT] = {"COUNT", "SELECT COUNT(*) FROM {table} WHERE realm = %s AND user_name = %s"
                               " AND expires_at > %lld"},
    /* When the newest was created, if there are that many; else 0. */
    [MS_SQL_LATEST] = {"LATEST", "SELECT CASE WHEN COUNT(*) >= %lld THEN MAX(created_at) ELSE 0 END"
                                 " FROM {table} WHERE realm = %s AND user_name = %s"
                                 " AND expires_at > %lld"},
    /* Every client of the table keeps the same sessions: the newest (created_at, then id), and of
     * the others those used last. So several sign-ins at once delete the same ones, and none of
     * them deletes the newest. "created_at + 0" keeps SQLite from the index that is in that order.
     * The subqueries within subqueries are for MySQL, which reads no table that it is deleting
     * from, and takes no LIMIT directly within IN. */
    [MS_SQL_EVICT] = {"EVICT", "DELETE FROM {table} WHERE realm = %s AND user_name = %s"
                               " AND expires_at > %lld AND session_id <> %s AND session_id NOT IN"
                               " (SELECT session_id FROM (SELECT session_id FROM {table}"
                               " WHERE realm = %s AND user_name = %s AND expires_at > %lld"
                               " AND session_id <> %s"
                               " ORDER BY CASE WHEN session_id = (SELECT session_id FROM {table}"
                               " WHERE realm = %s AND user_name = %s AND expires_at > %lld"
                               " AND created_at + 0 <= %lld"
                               " ORDER BY created_at + 0 DESC, session_id DESC LIMIT 1)"
                               " THEN 0 ELSE 1 END,"
                               " last_seen_at DESC, created_at DESC, session_id DESC"
                               " LIMIT %lld) AS kept)"},
    [MS_SQL_END_OVER] = {"END_OVER", "DELETE FROM {table} WHERE session_id = %s AND realm = %s"
                                     " AND (SELECT n FROM (SELECT COUNT(*) AS n FROM {table}"
                                     " WHERE realm = %s AND user_name = %s AND expires_at > %lld)"
                                     " AS live) > %lld"},
    [MS_SQL_CLEANUP] = {"CLEANUP",
                        "DELETE FROM {table} WHERE session_id IN"
                        " (SELECT session_id FROM (SELECT session_id FROM {table}"
                        " WHERE expires_at <= %lld ORDER BY expires_at LIMIT %lld) AS dead)"
                        " AND expires_at <= %lld"},
    [MS_SQL_NEWEST] = {"NEWEST", "SELECT " COLUMNS " FROM {table} WHERE realm = %s" NEWEST},
    /* "+ 0": a user has few sessions, so her own index is to be used, not the one in that order. */
    [MS_SQL_NEWEST_OF_USER] =
        {"NEWEST_OF_USER", "SELECT " COLUMNS " FROM {table}"
                           " WHERE realm = %s AND user_name = %s AND expires_at > %lld"
                           " AND created_at + 0 <= %lld AND (created_at < %lld OR session_id < %s)"
                           " ORDER BY created_at + 0 DESC, session_id DESC" NEWEST_LIMIT},
    /* Each half ends at its limit: there may be a proxy's address on every row. */
    [MS_SQL_NEWEST_OF_IP] = {"NEWEST_OF_IP",
                             "SELECT " COLUMNS " FROM (SELECT " COLUMNS " FROM (SELECT " COLUMNS
                             " FROM {table}"
                             " WHERE realm = %s AND created_ip = %s" NEWEST ") AS made"
                             " UNION SELECT " COLUMNS " FROM (SELECT " COLUMNS " FROM {table}"
                             " WHERE realm = %s AND last_ip = %s" NEWEST ") AS used) AS newest"
                             " ORDER BY created_at DESC, session_id DESC" NEWEST_LIMIT},
    [MS_SQL_COUNT_OF_IP] = {"COUNT_OF_IP",
                            "SELECT (SELECT COUNT(*) FROM {table}"
                            " WHERE realm = %s AND created_ip = %s AND expires_at > %lld)"
                            " + (SELECT COUNT(*) FROM {table}"
                            " WHERE realm = %s AND last_ip = %s AND expires_at > %lld"
                            " AND created_ip <> %s)"},
    [MS_SQL_COUNT_OF_REALM] = {"COUNT_OF_REALM", "SELECT COUNT(*) FROM {table}"
                                                 " WHERE realm = %s AND expires_at > %lld"},
    /* In batches: a statement that ends a million sessions would hold its locks for minutes. */
    [MS_SQL_END_OF_REALM] = {"END_OF_REALM",
                             "DELETE FROM {table} WHERE session_id IN"
                             " (SELECT session_id FROM (SELECT session_id FROM {table}"
                             " WHERE realm = %s AND expires_at > %lld"
                             " ORDER BY created_at, session_id LIMIT %lld) AS batch)"
                             " AND realm = %s AND expires_at > %lld"},
    [MS_SQL_END_OF_IP] = {"END_OF_IP",
                          "DELETE FROM {table}"
                          " WHERE (realm = %s AND created_ip = %s AND expires_at > %lld)"
                          " OR (realm = %s AND last_ip = %s AND expires_at > %lld)"},
    /* Of live and ended sessions. A user has few addresses that one pattern matches. */
    [MS_SQL_PLACES] = {"PLACES", "SELECT created_ip FROM {table} WHERE realm = %s"
                                 " AND user_name IN (%s, %s) AND created_ip LIKE %s"
                                 " UNION SELECT last_ip FROM {table} WHERE realm = %s"
                                 " AND user_name IN (%s, %s) AND last_ip LIKE %s LIMIT 256"},
};

/*
 * SQLite has no defaults of a server: what a connection does not set is as SQLite was built.
 * WAL lets readers go on while one writes. The busy timeout is small on purpose: apr_dbd waits in
 * it under a mutex that all threads of the process share.
 */
static const char *const sqlite_setup[] = {"PRAGMA busy_timeout=50", "PRAGMA journal_mode=WAL",
                                           "PRAGMA synchronous=NORMAL", NULL};

static const char *const sqlite_ddl[] = {
    "CREATE TABLE IF NOT EXISTS {table} ("
    " session_id CHAR(22) PRIMARY KEY,"
    " secret_hash CHAR(64) NOT NULL,"
    " realm VARCHAR(255) NOT NULL,"
    " user_name VARCHAR(255) NOT NULL,"
    " created_at BIGINT NOT NULL,"
    " last_seen_at BIGINT NOT NULL,"
    " expires_at BIGINT NOT NULL,"
    " max_expires_at BIGINT NOT NULL,"
    " created_ip VARCHAR(45) NOT NULL,"
    " last_ip VARCHAR(45) NOT NULL,"
    " user_agent VARCHAR(512) NOT NULL,"
    " label VARCHAR(255),"
    " auth_method VARCHAR(32) NOT NULL,"
    " persistent SMALLINT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS {table}_user ON {table} (realm, user_name)",
    "CREATE INDEX IF NOT EXISTS {table}_expires ON {table} (expires_at)",
    "CREATE INDEX IF NOT EXISTS {table}_newest ON {table} (realm, created_at, session_id)",
    "CREATE INDEX IF NOT EXISTS {table}_made ON {table}"
    " (realm, created_ip, created_at, session_id)",
    "CREATE INDEX IF NOT EXISTS {table}_used ON {table} (realm, last_ip, created_at, session_id)",
    NULL};

/* MySQL reads the whole table for a DELETE whose rows a subquery names, but has a LIMIT of its own.
 */
static const char mysql_cleanup[] = "DELETE FROM {table} WHERE expires_at <= %lld"
                                    " ORDER BY expires_at LIMIT %lld";

static const char mysql_end_of_realm[] =
    "DELETE FROM {table} WHERE realm = %s AND expires_at > %lld"
    " ORDER BY created_at, session_id LIMIT %lld";

/* With "realm = %s" MariaDB would read all pages before this one too. */
static const char mysql_newest[] =
    "SELECT " COLUMNS " FROM {table} WHERE realm >= %s AND expires_at > %lld"
    " AND created_at <= %lld AND (created_at < %lld OR session_id < %s) AND realm <= %s"
    " ORDER BY realm DESC, created_at DESC, session_id DESC" NEWEST_LIMIT;

static const char *const mysql_own[MS_SQL_N] = {[MS_SQL_CLEANUP] = mysql_cleanup,
                                                [MS_SQL_END_OF_REALM] = mysql_end_of_realm,
                                                [MS_SQL_NEWEST] = mysql_newest};
static const char *const no_own[MS_SQL_N] = {NULL};

/*
 * What an administrator, a database or a role may have set otherwise, and our statements rely on:
 * each is a transaction of its own that sees what is committed, and text is UTF-8. A server that
 * only reads stays so: that is an administrator's decision, and users who are signed in remain so.
 * Set only if it differs: behind a pooler such as PgBouncer the connection may be another client's
 * next.
 */
static const char *const pgsql_setup[] = {
    "SELECT set_config(v.name, v.value, false) FROM (VALUES ('client_encoding', 'UTF8'),"
    " ('default_transaction_isolation', 'read committed'), ('transform_null_equals', 'off'))"
    " AS v(name, value) WHERE current_setting(v.name) <> v.value",
    NULL};

/* Bytes that are not checked, or characters that not every user has: lengths and comparisons would
 * be other ones. */
static const char pgsql_unfit[] =
    "SELECT getdatabaseencoding() WHERE getdatabaseencoding() <> 'UTF8'";

/*
 * The same on MySQL. Without autocommit nothing would ever be committed. sql_safe_updates refuses
 * statements, sql_select_limit cuts results, and EMPTY_STRING_IS_NULL makes comparisons with ''
 * unknown. The rest of sql_mode is left as it is, since others may share the connection: no
 * statement here has a string, a quoted name, an operator or a division in it that a mode could
 * change.
 */
static const char *const mysql_setup[] = {
    "SET SESSION autocommit = 1",
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    "SET SESSION sql_safe_updates = 0, sql_big_selects = 1",
    "SET SESSION sql_select_limit = 18446744073709551615",
    "SET SESSION sql_mode ="
    " TRIM(BOTH ',' FROM REPLACE(CONCAT(',', @@SESSION.sql_mode, ','), ',EMPTY_STRING_IS_NULL,', ','))",
    NULL};

static const char *const pgsql_ddl[] = {
    "CREATE TABLE IF NOT EXISTS {table} ("
    " session_id CHAR(22) PRIMARY KEY,"
    " secret_hash CHAR(64) NOT NULL,"
    " realm VARCHAR(255) NOT NULL,"
    " user_name VARCHAR(255) NOT NULL,"
    " created_at BIGINT NOT NULL,"
    " last_seen_at BIGINT NOT NULL,"
    " expires_at BIGINT NOT NULL,"
    " max_expires_at BIGINT NOT NULL,"
    " created_ip VARCHAR(45) NOT NULL,"
    " last_ip VARCHAR(45) NOT NULL,"
    " user_agent VARCHAR(512) NOT NULL,"
    " label VARCHAR(255),"
    " auth_method VARCHAR(32) NOT NULL,"
    " persistent SMALLINT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS {table}_user ON {table} (realm, user_name)",
    "CREATE INDEX IF NOT EXISTS {table}_expires ON {table} (expires_at)",
    "CREATE INDEX IF NOT EXISTS {table}_newest ON {table} (realm, created_at, session_id)",
    "CREATE INDEX IF NOT EXISTS {table}_made ON {table}"
    " (realm, created_ip, created_at, session_id)",
    "CREATE INDEX IF NOT EXISTS {table}_used ON {table} (realm, last_ip, created_at, session_id)",
    NULL};

/*
 * Text from visitors is kept as bytes: MySQL's text compares "Alice", "alice" and "alice " as one
 * by its default collation, and even its binary ones ignore blanks at the end. Bytes also do not
 * depend on the connection's character set. Four bytes for each of 255 and 512 characters.
 */
static const char *const mysql_ddl[] = {
    "CREATE TABLE IF NOT EXISTS {table} ("
    " session_id CHAR(22) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY,"
    " secret_hash CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,"
    " realm VARBINARY(1020) NOT NULL,"
    " user_name VARBINARY(1020) NOT NULL,"
    " created_at BIGINT NOT NULL,"
    " last_seen_at BIGINT NOT NULL,"
    " expires_at BIGINT NOT NULL,"
    " max_expires_at BIGINT NOT NULL,"
    " created_ip VARCHAR(45) CHARACTER SET ascii NOT NULL,"
    " last_ip VARCHAR(45) CHARACTER SET ascii NOT NULL,"
    " user_agent VARBINARY(2048) NOT NULL,"
    " label VARBINARY(1020),"
    " auth_method VARCHAR(32) CHARACTER SET ascii NOT NULL,"
    " persistent SMALLINT NOT NULL,"
    " KEY {table}_user (realm, user_name),"
    " KEY {table}_expires (expires_at),"
    " KEY {table}_newest (realm, created_at, session_id),"
    " KEY {table}_made (realm, created_ip, created_at, session_id),"
    " KEY {table}_used (realm, last_ip, created_at, session_id)"
    ") ENGINE=InnoDB ROW_FORMAT=DYNAMIC",
    NULL};

static const ms_dialect dialects[] = {
    {"sqlite3", sqlite_setup, NULL, sqlite_ddl, "conf/schema/sqlite.sql", NULL, no_own},
    {"pgsql", pgsql_setup, pgsql_unfit, pgsql_ddl, "conf/schema/postgresql.sql", "PQsocket",
     no_own},
    {"mysql", mysql_setup, NULL, mysql_ddl, "conf/schema/mysql.sql", "mysql_get_socket", mysql_own},
};

const char *ms_sql_name(ms_sql which)
{
    return statements[which].name;
}

const char *ms_sql_text(const ms_dialect *dialect, ms_sql which)
{
    return dialect && dialect->own[which] ? dialect->own[which] : statements[which].text;
}

const char *ms_sql_for_table(apr_pool_t *p, const char *sql, const char *table)
{
    static const char mark[] = "{table}";
    const char *at;
    char *out = apr_pstrdup(p, "");

    while ((at = strstr(sql, mark)) != NULL) {
        out = apr_pstrcat(p, out, apr_pstrmemdup(p, sql, (apr_size_t)(at - sql)), table, NULL);
        sql = at + sizeof(mark) - 1;
    }
    return apr_pstrcat(p, out, sql, NULL);
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

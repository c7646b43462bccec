/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <apr_file_io.h>
#include "db/sql.h"

static const char *const drivers[] = {"sqlite3", "pgsql", "mysql"};

/* The kinds of a statement's placeholders, "s" and "l"; fails if there is another. */
static const char *placeholders(apr_pool_t *p, const char *sql)
{
    const char *kinds = "";

    for (const char *c = strchr(sql, '%'); c; c = strchr(c + 1, '%')) {
        if (strncmp(c, "%lld", 4) != 0 && strncmp(c, "%s", 2) != 0) {
            fail_msg("no placeholder of ours: %s", c);
        }
        kinds = apr_pstrcat(p, kinds, c[1] == 's' ? "s" : "l", NULL);
    }
    return kinds;
}

static void each_driver_of_ours_has_a_dialect(void **state)
{
    for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
        const ms_dialect *dialect = ms_sql_dialect(drivers[i]);

        assert_non_null(dialect);
        assert_string_equal(dialect->driver, drivers[i]);
        assert_non_null(dialect->setup);
        assert_non_null(dialect->ddl[0]);
    }
    assert_string_equal(ms_sql_drivers(*state), "sqlite3, pgsql, mysql");
    assert_null(ms_sql_dialect("oracle"));
    assert_null(ms_sql_dialect("SQLite3"));
    assert_null(ms_sql_dialect("sqlite"));
    assert_null(ms_sql_dialect(""));
}

static const char *statement(apr_pool_t *p, ms_sql which, int schema)
{
    return ms_sql_for_table(p, NULL, ms_sql_text(NULL, which), schema, "sessions");
}

#define ENDED "ss" /* MS_SQL_END_ARGS: why, by which user */

/* One placeholder for each argument that sql.h lists and the callers pass. */
static const struct {
    ms_sql which;
    const char *name, *kinds;
} passed_args[] = {
    {MS_SQL_PROBE, "PROBE", ""},
    {MS_SQL_FIND, "FIND", "ssl"},
    {MS_SQL_FIND_ANY, "FIND_ANY", "ssssssss" /* MS_FIND_MAX ids */ "sl"},
    {MS_SQL_FIND_MANY, "FIND_MANY",
     "ssssssssssssssssssssssss"
     "ssssssssssssssssssssssss" /* MS_FIND_MANY_MAX ids */ "sl"},
    {MS_SQL_SHOW, "SHOW", "ssl"},
    {MS_SQL_INSERT, "INSERT", "ssssllllsssssl" /* since schema 2: */ "lsssl"},
    {MS_SQL_LIST, "LIST", "sslsll"},
    {MS_SQL_LIST_BROWSERS, "LIST_BROWSERS", "sslsll"},
    {MS_SQL_LIST_APPS, "LIST_APPS", "ssll"},
    {MS_SQL_LIST_ALIKE, "LIST_ALIKE", "ssls"},
    {MS_SQL_LIST_AFTER, "LIST_AFTER", "sslsllllsl"},
    {MS_SQL_LIST_ENDED, "LIST_ENDED",
     "sslllsll"
     "ssllllsl"
     "l"},
    {MS_SQL_RENAME, "RENAME", "sssls"},
    {MS_SQL_END, "END", ENDED "ssls"},
    {MS_SQL_END_OTHERS, "END_OTHERS", ENDED "ssls"},
    {MS_SQL_END_ALL, "END_ALL", ENDED "ssl"},
    {MS_SQL_END_OTHER_BROWSERS, "END_OTHER_BROWSERS", ENDED "ssls"},
    {MS_SQL_END_BROWSERS, "END_BROWSERS", ENDED "ssl"},
    {MS_SQL_TOUCH, "TOUCH", "lslsslll"},
    {MS_SQL_TOUCH_APP, "TOUCH_APP", "lssssll"},
    {MS_SQL_TOUCH_BY_ID, "TOUCH_BY_ID", "lslslll"},
    {MS_SQL_TOUCH_MANY, "TOUCH_MANY", "s"},
    {MS_SQL_TOUCHED, "TOUCHED", "s"},
    {MS_SQL_COUNT, "COUNT", "ssl"},
    {MS_SQL_COUNT_BROWSERS, "COUNT_BROWSERS", "ssl"},
    {MS_SQL_COUNT_APPS, "COUNT_APPS", "ssl"},
    {MS_SQL_COUNT_APPS_NAMED, "COUNT_APPS_NAMED", "sslss"},
    {MS_SQL_LATEST, "LATEST", "lssl"},
    {MS_SQL_EVICT, "EVICT", ENDED "sslssslssslll"},
    {MS_SQL_END_OVER, "END_OVER", ENDED "sslssll"},
    {MS_SQL_END_OVER_APPS, "END_OVER_APPS", ENDED "sslssll"},
    {MS_SQL_CLEANUP, "CLEANUP", "lll"},
    {MS_SQL_CLEANUP_ENDED, "CLEANUP_ENDED", "lll"},
    {MS_SQL_NEWEST, "NEWEST", "sllls"},
    {MS_SQL_NEWEST_OF_USER, "NEWEST_OF_USER", "ssllls"},
    {MS_SQL_NEWEST_OF_IP, "NEWEST_OF_IP",
     "ssllls"
     "ssllls"},
    {MS_SQL_NEWEST_ENDED, "NEWEST_ENDED", "sllsl"},
    {MS_SQL_PLACES, "PLACES", "ssssssss"},
    {MS_SQL_FEED_CLOCK, "FEED_CLOCK", ""},
    {MS_SQL_FEED_ENDED, "FEED_ENDED", "l"},
    {MS_SQL_COUNT_OF_IP, "COUNT_OF_IP", "sslssls"},
    {MS_SQL_COUNT_OF_REALM, "COUNT_OF_REALM", "sl"},
    {MS_SQL_END_OF_REALM, "END_OF_REALM", ENDED "slll"},
    {MS_SQL_END_OF_IP, "END_OF_IP", ENDED "sslssl"},
    {MS_SQL_ROW, "ROW", "ss"},
    {MS_SQL_ROWS, "ROWS", "slls"},
    {MS_SQL_ROWS_OF_USER, "ROWS_OF_USER", "sslls"},
    {MS_SQL_COUNT_ROWS, "COUNT_ROWS", "s"},
    {MS_SQL_COUNT_ROWS_OF_USER, "COUNT_ROWS_OF_USER", "ss"},
    {MS_SQL_COUNT_USERS, "COUNT_USERS", "sl"},
    {MS_SQL_COUNT_SINCE, "COUNT_SINCE", "sl"},
    {MS_SQL_COUNT_OLDER, "COUNT_OLDER", "sll"},
    {MS_SQL_COUNT_EXPIRED, "COUNT_EXPIRED", "l"},
    {MS_SQL_COUNT_ENDED, "COUNT_ENDED", "l"},
    {MS_SQL_COUNT_ENDED_BY, "COUNT_ENDED_BY", "ss"},
    {MS_SQL_END_OLDER, "END_OLDER", ENDED "slllsll"},
    {MS_SQL_ERASE, "ERASE", "ssl"},
    {MS_SQL_ERASE_FRESH, "ERASE_FRESH", "ssssssl"},
    {MS_SQL_ERASE_ENDED_BY, "ERASE_ENDED_BY", "sss"},
};

static void placeholders_are_what_callers_pass(void **state)
{
    assert_int_equal(sizeof(passed_args) / sizeof(passed_args[0]), MS_SQL_N);
    for (size_t i = 0; i < MS_SQL_N; i++) {
        const ms_sql which = passed_args[i].which;

        assert_string_equal(ms_sql_name(which), passed_args[i].name);
        assert_string_equal(placeholders(*state, statement(*state, which, MS_SCHEMA)),
                            passed_args[i].kinds);
    }
}

/* Arguments are made for the newest schema. Those of an older one are the first of them; an end,
 * which is a DELETE there, leaves out the first. */
static void an_older_table_takes_a_part_of_the_same_arguments(void **state)
{
    assert_string_equal(placeholders(*state, statement(*state, MS_SQL_INSERT, 1)),
                        "ssssllllsssssl");
    for (int which = 0; which < MS_SQL_N; which++) {
        const char *old = placeholders(*state, statement(*state, which, 1));

        assert_memory_equal(old,
                            placeholders(*state, statement(*state, which, MS_SCHEMA)) +
                                ms_sql_skipped_args(which, 1),
                            strlen(old));
        assert_int_equal(ms_sql_skipped_args(which, MS_SCHEMA), 0);
    }
    for (int i = 1; i < ms_columns_n; i++) {
        assert_true(ms_columns[i].schema >= ms_columns[i - 1].schema);
    }
}

/* Older code does not name the column in its INSERT and must go on working. */
static void a_new_column_is_nullable_or_has_a_default(void **state)
{
    (void)state;
    for (int i = 0; i < ms_columns_n; i++) {
        if (ms_columns[i].schema > 1) {
            assert_true(strstr(ms_columns[i].type, "DEFAULT") ||
                        !strstr(ms_columns[i].type, "NOT NULL"));
            /* In a table that lacks it, all sessions are of kind 0. */
            assert_int_equal(ms_columns[i].is_for_request, strcmp(ms_columns[i].name, "kind") == 0);
        }
    }
}

/* A statement of one dialect gets the arguments of the others, with one more or less at the end.
 */
static void a_dialects_own_statement_takes_the_same_arguments(void **state)
{
    static const char *const passed[MS_SQL_N] = {[MS_SQL_EVICT] = ENDED "sslssslssslll",
                                                 [MS_SQL_CLEANUP] = "lll",
                                                 [MS_SQL_CLEANUP_ENDED] = "lll",
                                                 [MS_SQL_END_OF_REALM] = ENDED "slll",
                                                 [MS_SQL_NEWEST] = "slllss",
                                                 [MS_SQL_NEWEST_ENDED] = "sllsl",
                                                 [MS_SQL_ROWS] = "sllss",
                                                 [MS_SQL_END_OLDER] = ENDED "slllsll",
                                                 [MS_SQL_FEED_CLOCK] = "",
                                                 [MS_SQL_TOUCH_MANY] = "s",
                                                 [MS_SQL_TOUCHED] = "s"};

    for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
        const ms_dialect *dialect = ms_sql_dialect(drivers[i]);

        for (int which = 0; which < MS_SQL_N; which++) {
            const char *sql = ms_sql_text(dialect, which);

            if (dialect->own[which]) {
                const char *kinds = placeholders(
                    *state, ms_sql_for_table(*state, dialect, sql, MS_SCHEMA, "sessions"));

                assert_ptr_equal(sql, dialect->own[which]);
                assert_non_null(passed[which]);
                assert_memory_equal(passed[which], kinds, strlen(kinds));
            }
            else {
                assert_ptr_equal(sql, ms_sql_text(NULL, which));
            }
        }
    }
    assert_non_null(ms_sql_dialect("mysql")->own[MS_SQL_CLEANUP]);
}

/* Values are passed by placeholders only: a statement contains no quote, semicolon or comment. */
static void no_statement_has_a_value_within(void **state)
{
    (void)state;
    for (int which = 0; which < MS_SQL_N; which++) {
        assert_null(strpbrk(ms_sql_text(NULL, which), "'\"`;\\?"));
        assert_null(strstr(ms_sql_text(NULL, which), "--"));
        assert_null(strstr(ms_sql_text(NULL, which), "/*"));
    }
}

static int count_of(const char *text, const char *part)
{
    int n = 0;

    for (const char *at = strstr(text, part); at; at = strstr(at + 1, part)) {
        n++;
    }
    return n;
}

static int is_of_many_touches(int which)
{
    return which == MS_SQL_TOUCH_MANY || which == MS_SQL_TOUCHED;
}

/* A session belongs to one realm and counts until it expires or is ended. The exceptions are listed
 * here. The clocks of hosts differ: by this host's clock an ended session may not have expired. */
static void all_but_the_clean_up_keep_to_a_realm_and_the_living(void **state)
{
    for (int which = 0; which < MS_SQL_TOOL_FIRST; which++) {
        const char *sql = statement(*state, which, MS_SCHEMA);

        if (which == MS_SQL_PROBE || which == MS_SQL_INSERT || which == MS_SQL_CLEANUP ||
            which == MS_SQL_CLEANUP_ENDED || which == MS_SQL_FEED_CLOCK ||
            which == MS_SQL_FEED_ENDED || is_of_many_touches(which)) {
            continue;
        }
        assert_true(which == MS_SQL_TOUCH_BY_ID || strstr(sql, "realm = %s"));
        if (which != MS_SQL_PLACES) { /* where a user has been before */
            const int live = count_of(sql, "ended_at IS NULL AND expires_at > %lld");

            assert_true(live > 0);
            assert_int_equal(live, count_of(sql, "expires_at > %lld"));
            assert_int_equal(live, count_of(statement(*state, which, 1), "expires_at > %lld"));
        }
    }
}

/* Each of them at its own time. Of any realm: ids are unique in a table. */
static void touches_in_a_batch_keep_to_the_living(void **state)
{
    for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
        const ms_dialect *dialect = ms_sql_dialect(drivers[i]);
        const char *sql = ms_sql_for_table(*state, dialect, ms_sql_text(dialect, MS_SQL_TOUCH_MANY),
                                           MS_SCHEMA, "sessions");

        assert_int_equal(count_of(sql, "ended_at IS NULL AND expires_at > touch.seen"
                                       " AND last_seen_at <= touch.due"
                                       " AND max_expires_at >= touch.expires"),
                         1);
    }
}

/* An ended row has expired too, and is kept for longer. */
static void the_sweep_of_expired_rows_leaves_ended_ones(void **state)
{
    for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
        const ms_dialect *dialect = ms_sql_dialect(drivers[i]);
        const char *expired = ms_sql_for_table(
            *state, dialect, ms_sql_text(dialect, MS_SQL_CLEANUP), MS_SCHEMA, "sessions");
        const char *ended = ms_sql_for_table(
            *state, dialect, ms_sql_text(dialect, MS_SQL_CLEANUP_ENDED), MS_SCHEMA, "sessions");

        assert_int_equal(count_of(expired, "expires_at <= %lld"),
                         count_of(expired, "ended_at IS NULL AND expires_at <= %lld"));
        assert_true(count_of(expired, "expires_at <= %lld") > 0);
        assert_true(count_of(ended, "ended_at <= %lld") > 0);
        assert_int_equal(count_of(ended, "expires_at"), 0);
    }
}

/* Nothing but the cleanup deletes rows; in an older table an end has no columns to go to. */
static void an_end_is_an_update_of_what_is_live(void **state)
{
    static const ms_sql ends[] = {MS_SQL_END,       MS_SQL_END_OTHERS, MS_SQL_END_ALL,
                                  MS_SQL_EVICT,     MS_SQL_END_OVER,   MS_SQL_END_OF_REALM,
                                  MS_SQL_END_OF_IP, MS_SQL_END_OLDER};

    for (int which = 0; which < MS_SQL_N; which++) {
        if (which != MS_SQL_CLEANUP && which != MS_SQL_CLEANUP_ENDED && which != MS_SQL_ERASE) {
            assert_null(strstr(statement(*state, which, MS_SCHEMA), "DELETE"));
        }
    }
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        const char *sql = statement(*state, ends[i], MS_SCHEMA);

        assert_ptr_equal(strstr(sql, "UPDATE sessions SET ended_at = CAST("), sql);
        sql = statement(*state, ends[i], 1);
        assert_ptr_equal(strstr(sql, "DELETE FROM sessions WHERE "), sql);
        assert_int_equal(ms_sql_skipped_args(ends[i], 1), MS_SQL_END_ARGS);
    }
}

static void a_page_of_the_newest_has_its_limit(void **state)
{
    static const ms_sql pages[] = {MS_SQL_NEWEST,       MS_SQL_NEWEST_OF_USER, MS_SQL_NEWEST_OF_IP,
                                   MS_SQL_NEWEST_ENDED, MS_SQL_ROWS,           MS_SQL_ROWS_OF_USER};
    const char *limit = apr_psprintf(*state, " LIMIT %d", MS_NEWEST_MAX);

    for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
        for (size_t j = 0; j < sizeof(pages) / sizeof(pages[0]); j++) {
            const char *sql = ms_sql_text(ms_sql_dialect(drivers[i]), pages[j]);

            assert_string_equal(sql + strlen(sql) - strlen(limit), limit);
            assert_non_null(strstr(sql, "session_id < %s"));
        }
    }
}

/* SQL without its comments, and with blanks only where words meet. */
static const char *squeezed(apr_pool_t *p, const char *sql)
{
    char *out = apr_pcalloc(p, strlen(sql) + 1), *to = out;

    for (; *sql; sql++) {
        if (strncmp(sql, "--", 2) == 0) {
            sql += strcspn(sql, "\n") - 1;
        }
        else if (!strchr(" \n", *sql)) {
            to -= to > out && to[-1] == ' ' && strchr(");,", *sql);
            *to++ = *sql;
        }
        else if (to > out && !strchr(" (,;", to[-1])) {
            *to++ = ' ';
        }
    }
    return out;
}

static const char *file(apr_pool_t *p, const char *name)
{
    apr_file_t *opened;
    apr_finfo_t info;
    char *text;
    apr_size_t n;

    if (apr_file_open(&opened, name, APR_READ, 0, p) != APR_SUCCESS ||
        apr_file_info_get(&info, APR_FINFO_SIZE, opened) != APR_SUCCESS) {
        fail_msg("no %s", name);
    }
    n = (apr_size_t)info.size;
    text = apr_pcalloc(p, n + 1);
    assert_int_equal(apr_file_read_full(opened, text, n, NULL), APR_SUCCESS);
    apr_file_close(opened);
    return squeezed(p, text);
}

static void the_schema_files_are_what_the_module_does(void **state)
{
    for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
        const ms_dialect *dialect = ms_sql_dialect(drivers[i]);
        const char *text = file(*state, dialect->schema_file);

        for (const char *const *ddl = dialect->ddl; *ddl; ddl++) {
            const char *sql = squeezed(
                *state, ms_sql_for_table(*state, dialect, *ddl, MS_SCHEMA, "managed_session"));

            if (!strstr(text, sql)) {
                fail_msg("%s lacks %s\nin\n%s", dialect->schema_file, sql, text);
            }
        }
    }
}

static void the_upgrade_files_add_each_new_column_and_index(void **state)
{
    for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
        const ms_dialect *dialect = ms_sql_dialect(drivers[i]);
        const char *text = file(*state, dialect->upgrade_file);

        for (const char *const *add = dialect->add_indexes; *add; add++) {
            const char *sql = squeezed(
                *state, ms_sql_for_table(*state, dialect, *add, MS_SCHEMA, "managed_session"));
            const char *on = strstr(sql, "managed_session_");

            if (!strstr(text, apr_pstrcat(*state, on, ";", NULL))) {
                fail_msg("%s lacks %s", dialect->upgrade_file, on);
            }
        }
        for (int j = 0; j < ms_columns_n; j++) {
            const char *sql = ms_sql_add_column(*state, dialect, &ms_columns[j], "managed_session");
            const char *alter =
                apr_pstrcat(*state, squeezed(*state, strstr(sql, "ALTER")), ";", NULL);

            if (!strstr(text, alter) != (ms_columns[j].schema == 1)) {
                fail_msg("%s: %s", dialect->upgrade_file, alter);
            }
        }
    }
}

static void the_table_has_the_columns_of_an_insert_in_their_order(void **state)
{
    const char *insert = strchr(statement(*state, MS_SQL_INSERT, MS_SCHEMA), '(') + 1;
    const char *end = strchr(insert, ')');

    for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
        const ms_dialect *dialect = ms_sql_dialect(drivers[i]);
        const char *ddl = ms_sql_for_table(*state, dialect, dialect->ddl[0], MS_SCHEMA, "sessions");
        char *last, *columns = apr_pstrmemdup(*state, insert, (apr_size_t)(end - insert));
        int n = 0;

        for (char *c = apr_strtok(columns, ", ", &last); c; c = apr_strtok(NULL, ", ", &last)) {
            ddl = strstr(ddl, apr_pstrcat(*state, n ? ", " : "(", c, " ", NULL));
            if (!ddl) {
                fail_msg("%s has no %s in its place", drivers[i], c);
            }
            n++;
        }
        assert_int_equal(n, 19);
    }
}

static void every_mark_becomes_the_table(void **state)
{
    static const struct {
        const char *sql, *made;
    } cases[] = {{"", ""},
                 {"SELECT 1", "SELECT 1"},
                 {"{table}", "sessions"},
                 {"{table}{table}", "sessionssessions"},
                 {"a {table}_user b {table} c", "a sessions_user b sessions c"},
                 {"{table", "{table"},
                 {"{ table} {Table} table}", "{ table} {Table} table}"},
                 {"{{table}}", "{sessions}"}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_string_equal(ms_sql_for_table(*state, NULL, cases[i].sql, 1, "sessions"),
                            cases[i].made);
    }
    assert_string_equal(ms_sql_for_table(*state, NULL, "a {table}", 1, "{table}"), "a {table}");
    for (int which = 0; which < MS_SQL_N; which++) {
        const char *sql = statement(*state, which, MS_SCHEMA);

        assert_true(strstr(sql, " sessions") || which == MS_SQL_FEED_CLOCK);
        assert_null(strpbrk(sql, "{}"));
    }
    for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
        for (const char *const *ddl = ms_sql_dialect(drivers[i])->ddl; *ddl; ddl++) {
            assert_null(strstr(*ddl, "managed_session"));
            assert_null(strpbrk(ms_sql_for_table(*state, NULL, *ddl, 1, "sessions"), "{}"));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_driver_of_ours_has_a_dialect),
        TEST(placeholders_are_what_callers_pass),
        TEST(an_older_table_takes_a_part_of_the_same_arguments),
        TEST(a_new_column_is_nullable_or_has_a_default),
        TEST(the_schema_files_are_what_the_module_does),
        TEST(the_upgrade_files_add_each_new_column_and_index),
        TEST(a_dialects_own_statement_takes_the_same_arguments),
        TEST(no_statement_has_a_value_within),
        TEST(all_but_the_clean_up_keep_to_a_realm_and_the_living),
        TEST(touches_in_a_batch_keep_to_the_living),
        TEST(the_sweep_of_expired_rows_leaves_ended_ones),
        TEST(an_end_is_an_update_of_what_is_live),
        TEST(a_page_of_the_newest_has_its_limit),
        TEST(the_table_has_the_columns_of_an_insert_in_their_order),
        TEST(every_mark_becomes_the_table),
    };

    return RUN(tests);
}

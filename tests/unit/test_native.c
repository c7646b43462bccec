/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <unistd.h>
#include <apr_dbd.h>
#include <apr_file_io.h>
#include <apr_thread_proc.h>
#include <apr_time.h>
#include "db/native.h"
#include "db/write_lock.h"

typedef struct database {
    apr_pool_t *p, *scratch;
    const char *path;
    const apr_dbd_driver_t *driver;
    apr_dbd_t *handle;
    ms_native *native;
    ms_native_stmt *stmt;
} database;

/* ---- helpers --------------------------------------------------------------------------------- */

static database open_one(apr_pool_t *parent, const char *path)
{
    database d = {.path = path, .scratch = parent};

    apr_pool_create(&d.p, parent);
    assert_int_equal(apr_dbd_init(parent), APR_SUCCESS);
    assert_int_equal(apr_dbd_get_driver(parent, "sqlite3", &d.driver), APR_SUCCESS);
    assert_int_equal(apr_dbd_open(d.driver, parent, path, &d.handle), APR_SUCCESS);
    d.native = ms_native_attach(d.p, d.driver, d.handle);
    assert_non_null(d.native);
    ms_native_set_up(d.native);
    return d;
}

static const char *new_path(apr_pool_t *p)
{
    char *path = apr_pstrdup(p, "/tmp/ms-native-XXXXXX");
    apr_file_t *file;

    assert_int_equal(apr_file_mktemp(&file, path, 0, p), APR_SUCCESS);
    return path;
}

static database open_new(apr_pool_t *p)
{
    return open_one(p, new_path(p));
}

static void close_one(database *d)
{
    apr_pool_destroy(d->p); /* statements first, as in mod_dbd */
    assert_int_equal(apr_dbd_close(d->driver, d->handle), APR_SUCCESS);
}

static void close_last(database *d)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};

    close_one(d);
    for (size_t i = 0; i < COUNT(suffixes); i++) {
        char name[64];

        apr_snprintf(name, sizeof(name), "%s%s", d->path, suffixes[i]);
        unlink(name);
    }
}

static void by_apr(const database *d, const char *sql)
{
    int rows;

    assert_int_equal(apr_dbd_query(d->driver, d->handle, &rows, sql), 0);
}

typedef struct seen {
    int rows, fail_at;
    apr_status_t text_rv, number_rv;
    char text[64];
    apr_int64_t number;
} seen;

static int look(void *seenv, const ms_cells *cells)
{
    seen *s = seenv;
    const char *text = NULL;

    s->rows++;
    s->text_rv = cells->text(cells, 0, &text);
    apr_cpystrn(s->text, text ? text : "", sizeof(s->text));
    s->number_rv = cells->number(cells, 1, &s->number);
    return s->rows == s->fail_at;
}

static int run(database *d, const char *sql, const void **args, seen *s, apr_int64_t *changed)
{
    ms_native_call call = {.p = d->scratch,
                           .which = MS_SQL_FIND,
                           .sql = sql,
                           .args = args,
                           .each = s ? look : NULL,
                           .baton = s};
    const int rv = ms_native_run(d->native, &d->stmt, &call);

    if (changed) {
        *changed = call.changed;
    }
    return rv;
}

/* ---- statements ------------------------------------------------------------------------------ */

static void placeholders_become_those_of_the_library(void **state)
{
    const char *sql = "UPDATE t SET a = %lld, b = %s WHERE c = %s", *kinds;

    assert_string_equal(ms_native_text(*state, sql, 0, &kinds),
                        "UPDATE t SET a = ?, b = ? WHERE c = ?");
    assert_string_equal(kinds, "nss");
    assert_string_equal(ms_native_text(*state, sql, 1, &kinds),
                        "UPDATE t SET a = $1, b = $2 WHERE c = $3");
    assert_string_equal(kinds, "nss");
    assert_string_equal(ms_native_text(*state, "SELECT 1", 1, &kinds), "SELECT 1");
    assert_string_equal(kinds, "");
}

static void without_a_library_everything_is_left_to_apr(void **state)
{
    database d = open_new(*state);
    ms_native_stmt *none = NULL;
    ms_native_call call = {.p = *state, .which = MS_SQL_FIND, .sql = "SELECT 1"};

    assert_int_equal(ms_native_run(NULL, &none, &call), MS_NATIVE_DECLINED);
    ms_native_forget(NULL, &none);
    ms_native_set_up(NULL);
    close_last(&d);
}

static void values_come_back_as_they_were_written(void **state)
{
    static const apr_int64_t numbers[] = {0, 1, -1, 1764096000, APR_INT64_MAX, APR_INT64_MIN};
    database d = open_new(*state);

    by_apr(&d, "CREATE TABLE t (a TEXT, b BIGINT)");
    for (size_t i = 0; i < COUNT(numbers); i++) {
        const void *args[] = {"G\xC3\xB6"
                              "del ' OR 1=1 --",
                              &numbers[i]};
        apr_int64_t changed;
        seen s = {0};

        assert_int_equal(run(&d, "INSERT INTO t VALUES (%s, %lld)", args, NULL, &changed), 0);
        assert_int_equal(changed, 1);
        ms_native_forget(d.native, &d.stmt);
        assert_int_equal(run(&d, "SELECT a, b FROM t WHERE b = %lld", args + 1, &s, NULL), 0);
        assert_int_equal(s.rows, 1);
        assert_string_equal(s.text, args[0]);
        assert_true(s.number == numbers[i]);
        ms_native_forget(d.native, &d.stmt);
    }
    close_last(&d);
}

static void null_and_values_of_another_type_are_told_apart(void **state)
{
    static const struct {
        const char *value, *text;
        apr_status_t rv;
        apr_int64_t number;
    } cases[] = {
        {"NULL, NULL", "", APR_ENOENT, 0},         {"'', 0", "", APR_SUCCESS, 0},
        {"7, '12 apples'", "7", APR_SUCCESS, 12},  {"1.5, 'apples'", "1.5", APR_SUCCESS, 0},
        {"x'6869', 1e3", "hi", APR_SUCCESS, 1000}, {"x'', x'3132'", "", APR_SUCCESS, 12}};
    database d = open_new(*state);

    for (size_t i = 0; i < COUNT(cases); i++) {
        seen s = {0};

        assert_int_equal(
            run(&d, apr_pstrcat(*state, "SELECT ", cases[i].value, NULL), NULL, &s, NULL), 0);
        ms_native_forget(d.native, &d.stmt);
        assert_int_equal(s.number_rv, cases[i].rv);
        assert_int_equal(s.text_rv, cases[i].rv);
        assert_string_equal(s.text, cases[i].text);
        assert_true(s.number == cases[i].number);
    }
    close_last(&d);
}

static void a_missing_argument_is_null(void **state)
{
    static const apr_int64_t two = 2;
    const void *args[] = {NULL, &two}, *other[] = {"x", NULL};
    database d = open_new(*state);
    seen s = {0};

    assert_int_equal(run(&d, "SELECT %s, %lld", args, &s, NULL), 0);
    assert_int_equal(s.text_rv, APR_ENOENT);
    assert_true(s.number == 2);
    assert_int_equal(run(&d, "SELECT %s, %lld", other, &s, NULL), 0);
    assert_string_equal(s.text, "x");
    assert_int_equal(s.number_rv, APR_ENOENT);
    close_last(&d);
}

static void a_row_that_cannot_be_read_fails_and_the_statement_can_be_run_again(void **state)
{
    database d = open_new(*state);
    seen s = {.fail_at = 2};

    assert_int_not_equal(
        run(&d, "SELECT 'a', 1 UNION SELECT 'b', 2 UNION SELECT 'c', 3", NULL, &s, NULL), 0);
    assert_int_equal(s.rows, 2);
    s = (seen){0};
    assert_int_equal(run(&d, NULL, NULL, &s, NULL), 0);
    assert_int_equal(s.rows, 3);
    by_apr(&d, "CREATE TABLE t (a)"); /* no transaction was left open */
    close_last(&d);
}

static void a_change_counts_its_own_rows(void **state)
{
    const char *end = "DELETE FROM t WHERE a = %s";
    const void *x[] = {"x"}, *y[] = {"y"};
    database d = open_new(*state);
    apr_int64_t changed = -1;

    by_apr(&d, "CREATE TABLE t (a)");
    by_apr(&d, "INSERT INTO t VALUES ('x'), ('x'), ('z')");
    assert_int_equal(run(&d, end, y, NULL, &changed), 0);
    assert_int_equal(changed, 0);
    assert_int_equal(run(&d, end, x, NULL, &changed), 0);
    assert_int_equal(changed, 2);
    assert_int_equal(run(&d, end, x, NULL, &changed), 0);
    assert_int_equal(changed, 0);
    close_last(&d);
}

static void a_prepared_statement_outlives_a_change_of_the_schema(void **state)
{
    database d = open_new(*state), other;
    seen s = {0};

    by_apr(&d, "CREATE TABLE t (a, b)");
    by_apr(&d, "INSERT INTO t VALUES ('x', 1)");
    assert_int_equal(run(&d, "SELECT a, b FROM t", NULL, &s, NULL), 0);
    other = open_one(*state, d.path);
    by_apr(&other, "ALTER TABLE t ADD COLUMN c");
    by_apr(&other, "CREATE INDEX i ON t (a)");
    assert_int_equal(run(&d, NULL, NULL, &s, NULL), 0);
    assert_int_equal(s.rows, 2);
    by_apr(&other, "DROP TABLE t");
    assert_int_not_equal(run(&d, NULL, NULL, &s, NULL), 0);
    close_one(&other);
    close_last(&d);
}

static void a_statement_that_is_wrong_is_an_error(void **state)
{
    database d = open_new(*state);

    assert_int_not_equal(run(&d, "SELECT a FROM nowhere", NULL, &(seen){0}, NULL), 0);
    assert_null(d.stmt);
    assert_non_null(strstr(apr_dbd_error(d.driver, d.handle, 1), "nowhere"));
    close_last(&d);
}

/* ---- locks ----------------------------------------------------------------------------------- */

static void *APR_THREAD_FUNC commit_later(apr_thread_t *thread, void *dv)
{
    (void)thread;
    apr_sleep(apr_time_from_msec(200));
    by_apr(dv, "COMMIT");
    return NULL;
}

static void a_writer_waits_for_another_program(void **state)
{
    database d = open_new(*state), other;
    apr_thread_t *thread;
    apr_status_t rv;
    apr_int64_t changed = 0;

    by_apr(&d, "CREATE TABLE t (a)");
    other = open_one(*state, d.path);
    by_apr(&other, "BEGIN IMMEDIATE");
    apr_thread_create(&thread, NULL, commit_later, &other, *state);
    assert_int_equal(run(&d, "INSERT INTO t VALUES (1)", NULL, NULL, &changed), 0);
    assert_int_equal(changed, 1);
    apr_thread_join(&rv, thread);
    close_one(&other);
    close_last(&d);
}

static void a_writer_gives_up_and_the_connection_works_on(void **state)
{
    database d = open_new(*state), other;

    by_apr(&d, "CREATE TABLE t (a)");
    other = open_one(*state, d.path);
    by_apr(&other, "BEGIN IMMEDIATE");
    assert_int_not_equal(run(&d, "INSERT INTO t VALUES (1)", NULL, NULL, NULL), 0);
    by_apr(&other, "COMMIT");
    assert_int_equal(run(&d, NULL, NULL, NULL, NULL), 0);
    close_one(&other);
    close_last(&d);
}

static void a_transaction_of_another_user_of_the_connection_is_not_waited_for(void **state)
{
    database d;
    ms_write_lock *lock;

    assert_int_equal(ms_write_lock_init(*state), APR_SUCCESS);
    d = open_new(*state);
    lock = ms_write_lock_of(d.path);
    assert_true(ms_write_lock_take(lock, 0)); /* another writer, which waits for the transaction */
    by_apr(&d, "CREATE TABLE t (a)");
    by_apr(&d, "BEGIN IMMEDIATE");
    assert_int_equal(run(&d, "INSERT INTO t VALUES (1)", NULL, NULL, NULL), 0);
    by_apr(&d, "COMMIT");
    ms_write_lock_release(lock);
    close_last(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(placeholders_become_those_of_the_library),
        TEST(without_a_library_everything_is_left_to_apr),
        TEST(values_come_back_as_they_were_written),
        TEST(null_and_values_of_another_type_are_told_apart),
        TEST(a_missing_argument_is_null),
        TEST(a_row_that_cannot_be_read_fails_and_the_statement_can_be_run_again),
        TEST(a_change_counts_its_own_rows),
        TEST(a_prepared_statement_outlives_a_change_of_the_schema),
        TEST(a_statement_that_is_wrong_is_an_error),
        TEST(a_writer_waits_for_another_program),
        TEST(a_writer_gives_up_and_the_connection_works_on),
        TEST(a_transaction_of_another_user_of_the_connection_is_not_waited_for),
    };

    return RUN(tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite without apr_dbd: no process-wide mutex, no conversion to text, and waits of our own if the
 * database is locked. apr_dbd_sqlite3 waits 100 ms each time, which is a hundred times as long as a
 * write takes.
 *
 * What is declared here is part of SQLite's stable interface (sqlite.org/capi3ref.html), so its
 * header is not needed to compile.
 */
#include "db/native.h"

#include <stddef.h>
#include <string.h>
#include <apr_strings.h>
#include <apr_time.h>
#include "core/clock.h"
#include "db/write_lock.h"

#define OK           0
#define ROW          100
#define DONE         101
#define FAILED       1 /* SQLITE_ERROR */
#define TYPE_NULL    5
#define STATIC       NULL /* the argument outlives the statement's execution */
#define TO_THE_END   (-1) /* as a length */
#define PATIENCE     2000 /* milliseconds that a statement waits for a lock */
#define IMPATIENCE   50   /* the same of what goes through apr_dbd, which holds its mutex */
#define PAUSE_LEAST  1000 /* microseconds between two tries */
#define PAUSE_MOST   4000
#define SAME_LIBRARY "SELECT sqlite_source_id()"

typedef struct sqlite3 sqlite3;
typedef struct sqlite3_stmt sqlite3_stmt;
typedef void destructor(void *);

typedef struct library {
    const char *(*sourceid)(void);
    int (*threadsafe)(void);
    int (*get_autocommit)(sqlite3 *);
    int (*busy_handler)(sqlite3 *, int (*)(void *, int), void *);
    const char *(*db_filename)(sqlite3 *, const char *);
    int (*changes)(sqlite3 *);
    int (*prepare_v2)(sqlite3 *, const char *, int, sqlite3_stmt **, const char **);
    int (*bind_text)(sqlite3_stmt *, int, const char *, int, destructor *);
    int (*bind_int64)(sqlite3_stmt *, int, long long);
    int (*bind_null)(sqlite3_stmt *, int);
    int (*step)(sqlite3_stmt *);
    int (*column_type)(sqlite3_stmt *, int);
    const unsigned char *(*column_text)(sqlite3_stmt *, int);
    long long (*column_int64)(sqlite3_stmt *, int);
    int (*reset)(sqlite3_stmt *);
    int (*finalize)(sqlite3_stmt *);
} library;

/* A row without its braces: versions of clang-format differ about braces in macros. */
#define SYMBOL(name) "sqlite3_" #name, offsetof(library, name)

static const ms_native_symbol symbols[] = {
    {SYMBOL(sourceid)},    {SYMBOL(get_autocommit)}, {SYMBOL(threadsafe)}, {SYMBOL(busy_handler)},
    {SYMBOL(db_filename)}, {SYMBOL(changes)},        {SYMBOL(prepare_v2)}, {SYMBOL(bind_text)},
    {SYMBOL(bind_int64)},  {SYMBOL(bind_null)},      {SYMBOL(step)},       {SYMBOL(column_type)},
    {SYMBOL(column_text)}, {SYMBOL(column_int64)},   {SYMBOL(reset)},      {SYMBOL(finalize)}};

typedef struct sqlite_native {
    ms_native base;
    library lib;
    sqlite3 *db;
    apr_pool_t *p;
    ms_write_lock *lock;    /* or NULL */
    int is_patient;         /* a statement of ours is being executed */
    int is_waiting;         /* it has met a lock already, or waited for its turn */
    apr_int64_t busy_since; /* ms_clock_steady_ms() */
} sqlite_native;

struct ms_native_stmt {
    sqlite_native *native;
    sqlite3_stmt *stmt;
    const char *kinds; /* of the arguments: see ms_native_text() */
};

typedef struct sqlite_cells {
    ms_cells base;
    const library *lib;
    sqlite3_stmt *stmt;
} sqlite_cells;

/* ---- locks ----------------------------------------------------------------------------------- */

/* Those that wait for the same lock must not try in step. */
static apr_interval_time_t pause_length(void)
{
    return PAUSE_LEAST + apr_time_now() % (PAUSE_MOST - PAUSE_LEAST);
}

/* Called by SQLite with 0 tries when a lock is first met, with more while it is still there. A
 * statement of ours may meet several, and waits for all of them together. */
static int on_busy(void *nativev, int tries)
{
    sqlite_native *native = nativev;
    const apr_int64_t now = ms_clock_steady_ms();

    if (tries == 0 && !native->is_waiting) {
        native->busy_since = now;
        native->is_waiting = native->is_patient;
    }
    if (now - native->busy_since >= (native->is_patient ? PATIENCE : IMPATIENCE)) {
        return 0;
    }
    apr_sleep(pause_length());
    return 1;
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* The type is looked at only if the value alone does not tell: each call takes a mutex. */
static apr_status_t cell_text(const ms_cells *cells, int column, const char **text)
{
    const sqlite_cells *row = (const sqlite_cells *)cells;

    *text = (const char *)row->lib->column_text(row->stmt, column);
    if (*text) {
        return APR_SUCCESS;
    }
    return row->lib->column_type(row->stmt, column) == TYPE_NULL ? APR_ENOENT : APR_ENOMEM;
}

static apr_status_t cell_number(const ms_cells *cells, int column, apr_int64_t *number)
{
    const sqlite_cells *row = (const sqlite_cells *)cells;

    *number = row->lib->column_int64(row->stmt, column);
    return *number || row->lib->column_type(row->stmt, column) != TYPE_NULL ? APR_SUCCESS
                                                                            : APR_ENOENT;
}

/* ---- statements ------------------------------------------------------------------------------ */

static apr_status_t finalize(void *stmtv)
{
    ms_native_stmt *s = stmtv;

    s->native->lib.finalize(s->stmt);
    return APR_SUCCESS;
}

static void forget(ms_native *native, ms_native_stmt *s)
{
    apr_pool_cleanup_run(((sqlite_native *)native)->p, s, finalize);
}

static int prepare(sqlite_native *native, const ms_native_call *call, ms_native_stmt **stmt)
{
    ms_native_stmt *s = apr_pcalloc(native->p, sizeof(*s));
    const char *kinds, *text = ms_native_text(call->p, call->sql, 0, &kinds);
    const int rv = native->lib.prepare_v2(native->db, text, TO_THE_END, &s->stmt, NULL);

    if (rv != OK) {
        return rv;
    }
    s->native = native;
    s->kinds = apr_pstrdup(native->p, kinds);
    apr_pool_cleanup_register(native->p, s, finalize, apr_pool_cleanup_null);
    *stmt = s;
    return OK;
}

static int bind_all(const library *lib, const ms_native_stmt *s, const void *const *args)
{
    int rv = OK;

    for (int i = 0; s->kinds[i] && rv == OK; i++) {
        if (!args[i]) {
            rv = lib->bind_null(s->stmt, i + 1);
        }
        else if (s->kinds[i] == 's') {
            rv = lib->bind_text(s->stmt, i + 1, args[i], TO_THE_END, STATIC);
        }
        else {
            rv = lib->bind_int64(s->stmt, i + 1, *(const apr_int64_t *)args[i]);
        }
    }
    return rv;
}

static int execute(sqlite_native *native, const ms_native_stmt *s, ms_native_call *call)
{
    const library *lib = &native->lib;
    const sqlite_cells row = {{cell_text, cell_number}, lib, s->stmt};
    int rv = bind_all(lib, s, call->args);

    if (rv == OK) {
        while ((rv = lib->step(s->stmt)) == ROW && call->each) {
            if (call->each(call->baton, &row.base)) {
                return FAILED;
            }
        }
    }
    if (rv == DONE && !call->each) {
        call->changed = lib->changes(native->db);
    }
    return rv == DONE ? 0 : rv;
}

/* Not within a transaction of another user of the connection, which has SQLite's lock already. */
static int take_turn(sqlite_native *native)
{
    if (!native->lock || !native->lib.get_autocommit(native->db)) {
        return 0;
    }
    native->is_waiting = 1;
    native->busy_since = ms_clock_steady_ms();
    return ms_write_lock_take(native->lock, PATIENCE);
}

static int run_once(sqlite_native *native, ms_native_stmt **stmt, ms_native_call *call)
{
    int rv = *stmt ? OK : prepare(native, call, stmt);

    if (rv == OK) {
        rv = execute(native, *stmt, call);
        native->lib.reset((*stmt)->stmt); /* at once: until then the transaction is not over */
    }
    return rv;
}

static int run(ms_native *nativev, ms_native_stmt **stmt, ms_native_call *call)
{
    sqlite_native *native = (sqlite_native *)nativev;
    const int is_change = !call->each;
    int has_turn, rv;

    native->is_patient = 1;
    has_turn = is_change && take_turn(native);
    rv = run_once(native, stmt, call);
    if (has_turn) {
        ms_write_lock_release(native->lock);
    }
    native->is_patient = 0;
    native->is_waiting = 0;
    return rv;
}

static int covers(ms_sql which)
{
    (void)which;
    return 1;
}

/* ---- connections ----------------------------------------------------------------------------- */

/* A handle must not be given to another copy of the library: its structs may differ. */
static int is_same_library(const library *lib, apr_pool_t *p, const apr_dbd_driver_t *driver,
                           apr_dbd_t *handle)
{
    apr_dbd_results_t *res = NULL;
    apr_dbd_row_t *row = NULL;
    apr_pool_t *scratch;
    const char *id = NULL;
    int is_same;

    apr_pool_create(&scratch, p);
    if (apr_dbd_select(driver, scratch, handle, &res, SAME_LIBRARY, 1) == 0 &&
        apr_dbd_get_row(driver, scratch, res, &row, 1) == 0) {
        id = apr_dbd_get_entry(driver, row, 0);
    }
    is_same = id && strcmp(id, lib->sourceid()) == 0;
    apr_pool_destroy(scratch);
    return is_same;
}

/* Absolute; "" for a database in memory. */
static const char *file_of(const sqlite_native *native)
{
    const char *path = native->lib.db_filename(native->db, "main");

    return path ? path : "";
}

/* The connection is closed after our memory has been freed. */
static apr_status_t detach(void *nativev)
{
    sqlite_native *native = nativev;

    native->lib.busy_handler(native->db, NULL, NULL);
    return APR_SUCCESS;
}

static ms_native *attach(apr_pool_t *p, const apr_dbd_driver_t *driver, apr_dbd_t *handle)
{
    sqlite_native *native = apr_pcalloc(p, sizeof(*native));

    if (!ms_native_find(symbols, sizeof(symbols) / sizeof(symbols[0]), &native->lib, p) ||
        !native->lib.threadsafe() || !is_same_library(&native->lib, p, driver, handle)) {
        return NULL;
    }
    native->base.api = &ms_native_sqlite;
    native->db = apr_dbd_native_handle(driver, handle);
    native->p = p;
    native->lock = ms_write_lock_of(file_of(native));
    apr_pool_cleanup_register(p, native, detach, apr_pool_cleanup_null);
    return &native->base;
}

static void set_up(ms_native *nativev)
{
    sqlite_native *native = (sqlite_native *)nativev;

    native->lib.busy_handler(native->db, on_busy, native); /* takes the place of busy_timeout */
}

const ms_native_api ms_native_sqlite = {"sqlite3", attach, covers, run, forget, set_up};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements that go to a database's own client library, past apr_dbd: apr_dbd_sqlite3 makes text
 * of every value, under a mutex of the whole process, and apr_dbd_pgsql sends the text of a
 * statement each time. mod_dbd's pool, its connections and their settings stay as they are.
 *
 * The library is the one that the driver has loaded into the process; it is not linked against, so
 * a site needs only that of its database. If its functions are not found, or the connection belongs
 * to another copy of it, everything goes through apr_dbd.
 */
#ifndef MS_NATIVE_H
#define MS_NATIVE_H

#include <apr_dbd.h>
#include "db/sql.h"

/** The values of a row, until the next one is read. A driver extends it. */
typedef struct ms_cells ms_cells;
struct ms_cells {
    /* APR_ENOENT: NULL in the table. Any other error: the value could not be read. */
    apr_status_t (*text)(const ms_cells *cells, int column, const char **text);
    apr_status_t (*number)(const ms_cells *cells, int column, apr_int64_t *number);
};

/** Called for each row. Returns 0; or 1 if the row could not be read, which ends the statement. */
typedef int ms_each_row_fn(void *baton, const ms_cells *cells);

/** One execution of a statement. */
typedef struct ms_native_call {
    apr_pool_t *p; /* for what is needed during the call */
    ms_sql which;
    const char *sql;      /* with apr_dbd's placeholders, %s and %lld */
    const void **args;    /* const char * or const apr_int64_t *; NULL: NULL */
    ms_each_row_fn *each; /* NULL: it returns no rows */
    void *baton;
    int is_long;         /* it may return thousands of rows */
    apr_int64_t changed; /* out: the rows that were changed */
} ms_native_call;

#define MS_NATIVE_DECLINED (-1) /* nothing was executed: use apr_dbd */

typedef struct ms_native ms_native;           /* a connection; each library extends it */
typedef struct ms_native_stmt ms_native_stmt; /* a statement prepared on it */

typedef struct ms_native_api {
    const char *driver; /* apr_dbd's name for it */
    /* NULL: the connection cannot be used. */
    ms_native *(*attach)(apr_pool_t *p, const apr_dbd_driver_t *driver, apr_dbd_t *handle);
    int (*covers)(ms_sql which);
    /* *stmt is NULL until it is prepared. Returns 0, MS_NATIVE_DECLINED, or an error code whose
     * text apr_dbd_error() returns. */
    int (*run)(ms_native *native, ms_native_stmt **stmt, ms_native_call *call);
    /* NULL: a statement that has failed can be executed again. */
    void (*forget)(ms_native *native, ms_native_stmt *stmt);
    void (*set_up)(ms_native *native); /* after the dialect's settings; or NULL */
} ms_native_api;

struct ms_native {
    const ms_native_api *api;
};

extern const ms_native_api ms_native_sqlite, ms_native_pgsql;

/**
 * A connection that is new, or that the driver has made again.
 * @param p  lives as long as the connection, and is destroyed before it is closed
 * @return NULL: everything goes through apr_dbd
 */
ms_native *ms_native_attach(apr_pool_t *p, const apr_dbd_driver_t *driver, apr_dbd_t *handle);

/**
 * Run a statement. native may be NULL.
 * @param stmt  in and out: the place of this statement among those prepared on the connection
 */
int ms_native_run(ms_native *native, ms_native_stmt **stmt, ms_native_call *call);

/** The dialect's settings have been made on the connection. native may be NULL. */
void ms_native_set_up(ms_native *native);

/** A statement failed: prepare it again next time, if that is of use. native may be NULL. */
void ms_native_forget(ms_native *native, ms_native_stmt **stmt);

/* ---- for the libraries' files -----------------------------------------------------------------
 */

typedef struct ms_native_symbol {
    const char *name;
    apr_size_t offset; /* of the pointer to the function, in the caller's struct */
} ms_native_symbol;

/** Find functions of the client library. Returns whether all are there. */
int ms_native_find(const ms_native_symbol *symbols, int n, void *functions, apr_pool_t *p);

/**
 * A statement as the library reads it.
 * @param is_numbered  placeholders are $1, $2, and not ?
 * @param kinds        out: for each argument 's' for text or 'n' for a number; in p
 */
const char *ms_native_text(apr_pool_t *p, const char *sql, int is_numbered, const char **kinds);

#endif

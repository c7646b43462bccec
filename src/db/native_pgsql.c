/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PostgreSQL's hot statements, prepared by name: the server parses and plans them once for each
 * connection. apr_dbd's own named statements do not do: they declare text as varchar, and the index
 * of a CHAR column is not used for that.
 *
 * A pooler may give each statement another connection to the server. It then does not know the name
 * (26000), or another client has used it already (42P05). From then on this connection sends its
 * statements as text, through apr_dbd. A name holds a digest of the text: if a statement of that
 * name is there, it is the same.
 *
 * What is declared here is part of libpq's stable interface (PostgreSQL manual, chapter libpq), so
 * its header is not needed to compile.
 */
#include "db/native.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "core/sha256.h"

#define CONNECTION_OK  0
#define TRANS_IDLE     0
#define COMMAND_OK     1
#define TUPLES_OK      2
#define FAILED         7   /* PGRES_FATAL_ERROR */
#define DIAG_SQLSTATE  'C' /* PG_DIAG_SQLSTATE */
#define NAME_DIGITS    16  /* of the digest, in hexadecimal */
#define ARGS_MAX       (MS_FIND_MAX + 4)
#define UNKNOWN_NAME   "26000"
#define DUPLICATE_NAME "42P05"
#define OTHER_RESULT   "0A000" /* "cached plan must not change result type" */

typedef struct pg_conn pg_conn;
typedef struct pg_result pg_result;

typedef struct library {
    int (*status)(const pg_conn *);
    int (*transactionStatus)(const pg_conn *);
    pg_result *(*prepare)(pg_conn *, const char *, const char *, int, const unsigned int *);
    pg_result *(*execPrepared)(pg_conn *, const char *, int, const char *const *, const int *,
                               const int *, int);
    int (*resultStatus)(const pg_result *);
    char *(*resultErrorField)(const pg_result *, int);
    int (*ntuples)(const pg_result *);
    int (*getisnull)(const pg_result *, int, int);
    char *(*getvalue)(const pg_result *, int, int);
    char *(*cmdTuples)(pg_result *);
    void (*clear)(pg_result *);
} library;

/* A row without its braces: versions of clang-format differ about braces in macros. */
#define SYMBOL(name) "PQ" #name, offsetof(library, name)

static const ms_native_symbol symbols[] = {
    {SYMBOL(status)},       {SYMBOL(transactionStatus)}, {SYMBOL(prepare)}, {SYMBOL(execPrepared)},
    {SYMBOL(resultStatus)}, {SYMBOL(resultErrorField)},  {SYMBOL(ntuples)}, {SYMBOL(getisnull)},
    {SYMBOL(getvalue)},     {SYMBOL(cmdTuples)},         {SYMBOL(clear)}};

typedef struct pg_native {
    ms_native base;
    library lib;
    pg_conn *conn;
    apr_pool_t *p;
    int is_off; /* names are not kept: everything goes through apr_dbd */
    int names;  /* how many have been used: one that has failed is not used again */
} pg_native;

struct ms_native_stmt {
    const char *sql; /* of the call that prepared it: another one if the table was upgraded */
    const char *name;
    const char *kinds; /* of the arguments: see ms_native_text() */
};

typedef struct pg_cells {
    ms_cells base;
    const library *lib;
    const pg_result *result;
    int row;
} pg_cells;

/* ---- rows ------------------------------------------------------------------------------------ */

static apr_status_t cell_text(const ms_cells *cells, int column, const char **text)
{
    const pg_cells *row = (const pg_cells *)cells;

    if (row->lib->getisnull(row->result, row->row, column)) {
        return APR_ENOENT;
    }
    *text = row->lib->getvalue(row->result, row->row, column);
    return APR_SUCCESS;
}

static apr_status_t cell_number(const ms_cells *cells, int column, apr_int64_t *number)
{
    const char *text;
    const apr_status_t rv = cell_text(cells, column, &text);

    if (rv == APR_SUCCESS) {
        *number = apr_strtoi64(text, NULL, 10);
    }
    return rv;
}

/* ---- statements ------------------------------------------------------------------------------ */

static int is_success(const library *lib, const pg_result *result)
{
    const int status = lib->resultStatus(result); /* of NULL, too */

    return status == COMMAND_OK || status == TUPLES_OK;
}

static int has_state(const library *lib, const pg_result *result, const char *state)
{
    const char *its = result ? lib->resultErrorField(result, DIAG_SQLSTATE) : NULL;

    return its && strcmp(its, state) == 0;
}

/* Whether the server has rejected the statement. Otherwise libpq could not send it, or could not
 * read the response, which may still come. */
static int has_any_state(const library *lib, const pg_result *result)
{
    return result && lib->resultErrorField(result, DIAG_SQLSTATE) != NULL;
}

/* Ends with a number, since a name whose plan has become useless stays taken. */
static const char *make_name(pg_native *native, apr_pool_t *p, const char *text)
{
    const ms_sha256_part part = {text, strlen(text)};
    unsigned char digest[MS_SHA256_LEN];
    char digits[NAME_DIGITS + 1];

    ms_sha256(p, &part, 1, digest);
    for (int i = 0; i < NAME_DIGITS / 2; i++) {
        apr_snprintf(digits + 2 * i, 3, "%02x", digest[i]);
    }
    return apr_psprintf(native->p, "ms_%s_%d", digits, native->names++);
}

/* The types of the arguments are left to the server, which takes those of the columns. */
static int prepare(pg_native *native, const ms_native_call *call, ms_native_stmt **stmt)
{
    const library *lib = &native->lib;
    const char *kinds, *text = ms_native_text(call->p, call->sql, 1, &kinds);
    const char *name = make_name(native, call->p, text);
    pg_result *result = lib->prepare(native->conn, name, text, 0, NULL);
    const int is_prepared = is_success(lib, result), is_rejected = has_any_state(lib, result);

    lib->clear(result);
    if (!is_prepared) {
        native->is_off = 1;
        return is_rejected ? MS_NATIVE_DECLINED : FAILED;
    }
    *stmt = apr_pcalloc(native->p, sizeof(**stmt));
    (*stmt)->sql = call->sql;
    (*stmt)->name = name;
    (*stmt)->kinds = apr_pstrdup(native->p, kinds);
    return 0;
}

static int read_rows(const library *lib, const pg_result *result, const ms_native_call *call)
{
    pg_cells cells = {{cell_text, cell_number}, lib, result, 0};
    const int n = call->each ? lib->ntuples(result) : 0;

    for (; cells.row < n; cells.row++) {
        if (call->each(call->baton, &cells.base)) {
            return 1;
        }
    }
    return 0;
}

/* Nothing has been executed if the server does not know the statement, or has no plan for it. */
static int on_error(pg_native *native, ms_native_stmt **stmt, const pg_result *result)
{
    const int is_unknown = has_state(&native->lib, result, UNKNOWN_NAME);

    if (!is_unknown && !has_state(&native->lib, result, OTHER_RESULT)) {
        return FAILED;
    }
    native->is_off |= is_unknown;
    *stmt = NULL;
    return MS_NATIVE_DECLINED;
}

static int execute(pg_native *native, ms_native_stmt **stmt, ms_native_call *call)
{
    const library *lib = &native->lib;
    const char *values[ARGS_MAX];
    const char *kinds = (*stmt)->kinds;
    int n = 0, rv;
    pg_result *result;

    for (; kinds[n]; n++) {
        values[n] =
            kinds[n] == 's' || !call->args[n]
                ? call->args[n]
                : apr_psprintf(call->p, "%" APR_INT64_T_FMT, *(const apr_int64_t *)call->args[n]);
    }
    result = lib->execPrepared(native->conn, (*stmt)->name, n, values, NULL, NULL, 0);
    if (is_success(lib, result)) {
        call->changed = atoi(lib->cmdTuples(result));
        rv = read_rows(lib, result, call);
    }
    else {
        rv = on_error(native, stmt, result);
    }
    lib->clear(result);
    return rv;
}

/* The server keeps a statement until the connection ends, also one that has failed. So it is used
 * again: one more for each failure would fill the server's memory. An error would end a transaction
 * that another user of the connection has begun. */
static int run(ms_native *nativev, ms_native_stmt **stmt, ms_native_call *call)
{
    pg_native *native = (pg_native *)nativev;
    int rv;

    if (native->is_off || native->lib.transactionStatus(native->conn) != TRANS_IDLE) {
        return MS_NATIVE_DECLINED;
    }
    rv = *stmt && (*stmt)->sql == call->sql ? 0 : prepare(native, call, stmt);
    return rv ? rv : execute(native, stmt, call);
}

/* What almost every request needs; other statements may need other plans for other arguments. */
static int covers(ms_sql which)
{
    return which == MS_SQL_FIND || which == MS_SQL_FIND_ANY || which == MS_SQL_TOUCH;
}

/* ---- connections ----------------------------------------------------------------------------- */

static ms_native *attach(apr_pool_t *p, const apr_dbd_driver_t *driver, apr_dbd_t *handle)
{
    pg_native *native = apr_pcalloc(p, sizeof(*native));

    if (!ms_native_find(symbols, sizeof(symbols) / sizeof(symbols[0]), &native->lib, p)) {
        return NULL;
    }
    native->base.api = &ms_native_pgsql;
    native->conn = apr_dbd_native_handle(driver, handle);
    native->p = p;
    return &native->base;
}

const ms_native_api ms_native_pgsql = {"pgsql", attach, covers, run, NULL, NULL};

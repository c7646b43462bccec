/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order in which columns are read is that of the list in columns.c, as is the order in which
 * statements name them. Values are copied at once: on MySQL a value does not live longer than the
 * next row.
 */
#include "db/result.h"

#include <apr_strings.h>
#include <http_log.h>
#include "core/log_limit.h"
#include "db/store_private.h"

APLOG_USE_MODULE(managed_session);

typedef struct row_reader {
    const ms_connection *c;
    apr_dbd_row_t *row;
    int column; /* the next one, by its place in the statement */
    int broken; /* a column that may not be NULL is */
    int failed; /* one could not be read: the connection broke, say */
} row_reader;

static int read_value(row_reader *reader, apr_dbd_type_e type, void *value)
{
    const apr_status_t rv =
        apr_dbd_datum_get(reader->c->dbd->driver, reader->row, reader->column++, type, value);

    reader->failed |= rv != APR_SUCCESS && rv != APR_ENOENT;
    return rv == APR_SUCCESS;
}

static const char *read_text(row_reader *reader, int is_nullable)
{
    const char *text = NULL;

    if (!read_value(reader, APR_DBD_TYPE_STRING, &text) || !text) {
        reader->broken |= !is_nullable;
        return NULL;
    }
    return apr_pstrdup(reader->c->ctx->p, text);
}

static apr_int64_t read_number(row_reader *reader, int is_nullable)
{
    apr_int64_t number = 0;

    reader->broken |= !read_value(reader, APR_DBD_TYPE_LONGLONG, &number) && !is_nullable;
    return number;
}

static void read_column(row_reader *reader, const ms_column *column, ms_row *row)
{
    void *field = (char *)row + column->offset;

    if (column->kind == MS_COLUMN_TEXT) {
        *(const char **)field = read_text(reader, column->is_nullable);
    }
    else if (column->kind == MS_COLUMN_FLAG) {
        *(int *)field = read_number(reader, column->is_nullable) != 0;
    }
    else {
        *(apr_int64_t *)field = read_number(reader, column->is_nullable);
    }
}

/* A text that is not read, and is never NULL in a whole row, is "". */
static void skip_column(const ms_column *column, ms_row *row)
{
    if (column->kind == MS_COLUMN_TEXT && !column->is_nullable) {
        *(const char **)(void *)((char *)row + column->offset) = "";
    }
}

/* *found is NULL if a value is missing that must be there. Returns whether all could be read. */
static int judge(const row_reader *reader, const ms_row *row, const ms_row **found)
{
    const ms_store *store = reader->c->ctx->store;
    const char *suffix = reader->broken && !reader->failed
                             ? ms_log_limit_suffix(MS_LOG_BROKEN_ROW, reader->c->ctx->p)
                             : NULL;

    if (suffix) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, store->server,
                     "MS0006: a row of table \"%s\" has NULL where there must be a value; it is "
                     "not a session%s",
                     store->table, suffix);
    }
    *found = reader->broken ? NULL : row;
    return !reader->failed;
}

static int read_set(const ms_connection *c, apr_dbd_row_t *dbd_row, ms_column_set set,
                    const ms_row **found)
{
    ms_row *row = apr_pcalloc(c->ctx->p, sizeof(*row));
    row_reader reader = {c, dbd_row, 0, 0, 0};

    for (int i = 0; i < ms_columns_n; i++) {
        if (ms_columns_has(set, c->schema, &ms_columns[i])) {
            read_column(&reader, &ms_columns[i], row);
        }
        else {
            skip_column(&ms_columns[i], row);
        }
    }
    return judge(&reader, row, found);
}

static int read_row(const ms_connection *c, apr_dbd_row_t *dbd_row, const ms_row **found)
{
    return read_set(c, dbd_row, MS_COLUMNS_ROW, found);
}

static int read_found(const ms_connection *c, apr_dbd_row_t *dbd_row, const ms_row **found)
{
    return read_set(c, dbd_row, MS_COLUMNS_FOUND, found);
}

static int read_found_any(const ms_connection *c, apr_dbd_row_t *dbd_row, const ms_row **found)
{
    return read_set(c, dbd_row, MS_COLUMNS_FOUND_ANY, found);
}

static int read_place(const ms_connection *c, apr_dbd_row_t *dbd_row, const ms_row **found)
{
    ms_row *row = apr_pcalloc(c->ctx->p, sizeof(*row));
    row_reader reader = {c, dbd_row, 0, 0, 0};

    row->last_ip = read_text(&reader, 0);
    return judge(&reader, row, found);
}

typedef int read_fn(const ms_connection *c, apr_dbd_row_t *dbd_row, const ms_row **found);

static int select_with(read_fn *read, ms_connection *c, apr_dbd_prepared_t *statement,
                       const void **args, apr_array_header_t *rows)
{
    apr_dbd_results_t *res = NULL;
    apr_dbd_row_t *dbd_row = NULL;
    apr_pool_t *scratch;
    int rv, n;

    apr_array_clear(rows);
    apr_pool_create(&scratch, c->ctx->p);
    /* Random access: the other mode hides errors on PostgreSQL, and sleeps where no row comes. */
    rv = apr_dbd_pbselect(c->dbd->driver, scratch, c->dbd->handle, &res, statement, 1, args);
    n = rv == 0 && res ? apr_dbd_num_tuples(c->dbd->driver, res) : 0;
    for (int i = 1; i <= n; i++) {
        const ms_row *row;

        if (apr_dbd_get_row(c->dbd->driver, scratch, res, &dbd_row, i) != 0 ||
            !read(c, dbd_row, &row)) {
            rv = 1; /* it was counted, so this is no "no such row" */
            break;
        }
        if (row) {
            APR_ARRAY_PUSH(rows, const ms_row *) = row;
        }
    }
    apr_pool_destroy(scratch);
    return rv;
}

int ms_result_rows(ms_connection *c, apr_dbd_prepared_t *statement, const void **args, void *rows)
{
    return select_with(read_row, c, statement, args, rows);
}

int ms_result_found(ms_connection *c, apr_dbd_prepared_t *statement, const void **args, void *rows)
{
    return select_with(read_found, c, statement, args, rows);
}

int ms_result_found_any(ms_connection *c, apr_dbd_prepared_t *statement, const void **args,
                        void *rows)
{
    return select_with(read_found_any, c, statement, args, rows);
}

int ms_result_places(ms_connection *c, apr_dbd_prepared_t *statement, const void **args, void *rows)
{
    return select_with(read_place, c, statement, args, rows);
}

int ms_result_number(ms_connection *c, apr_dbd_prepared_t *statement, const void **args,
                     void *result)
{
    apr_dbd_results_t *res = NULL;
    apr_dbd_row_t *dbd_row = NULL;
    apr_pool_t *scratch;
    int rv;

    apr_pool_create(&scratch, c->ctx->p);
    rv = apr_dbd_pbselect(c->dbd->driver, scratch, c->dbd->handle, &res, statement, 1, args);
    if (rv == 0 && (apr_dbd_get_row(c->dbd->driver, scratch, res, &dbd_row, 1) != 0 ||
                    apr_dbd_datum_get(c->dbd->driver, dbd_row, 0, APR_DBD_TYPE_LONGLONG, result) !=
                        APR_SUCCESS)) {
        rv = 1;
    }
    apr_pool_destroy(scratch);
    return rv;
}

int ms_result_change(ms_connection *c, apr_dbd_prepared_t *statement, const void **args,
                     void *result)
{
    int rows = 0;
    const int rv =
        apr_dbd_pbquery(c->dbd->driver, c->ctx->p, c->dbd->handle, &rows, statement, args);

    /* Looked at only after success: SQLite leaves an older statement's count on failure. */
    *(apr_int64_t *)result = rv == 0 && rows > 0 ? rows : 0;
    return rv;
}

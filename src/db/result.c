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
    const ms_cells *cells;
    int column; /* the next one, by its place in the statement */
    int broken; /* a column that may not be NULL is */
    int failed; /* one could not be read: the connection broke, say */
} row_reader;

static int is_read(row_reader *reader, apr_status_t rv)
{
    reader->failed |= rv != APR_SUCCESS && rv != APR_ENOENT;
    return rv == APR_SUCCESS;
}

static const char *read_text(row_reader *reader, int is_nullable)
{
    const char *text = NULL;

    if (!is_read(reader, reader->cells->text(reader->cells, reader->column++, &text)) || !text) {
        reader->broken |= !is_nullable;
        return NULL;
    }
    return apr_pstrdup(reader->c->ctx->p, text);
}

static apr_int64_t read_number(row_reader *reader, int is_nullable)
{
    apr_int64_t number = 0;

    reader->broken |=
        !is_read(reader, reader->cells->number(reader->cells, reader->column++, &number)) &&
        !is_nullable;
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

static int read_set(const ms_connection *c, const ms_cells *cells, ms_column_set set,
                    const ms_row **found)
{
    ms_row *row = apr_pcalloc(c->ctx->p, sizeof(*row));
    row_reader reader = {c, cells, 0, 0, 0};

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

static int read_row(const ms_connection *c, const ms_cells *cells, const ms_row **found)
{
    return read_set(c, cells, MS_COLUMNS_ROW, found);
}

static int read_found(const ms_connection *c, const ms_cells *cells, const ms_row **found)
{
    return read_set(c, cells, MS_COLUMNS_FOUND, found);
}

static int read_found_any(const ms_connection *c, const ms_cells *cells, const ms_row **found)
{
    return read_set(c, cells, MS_COLUMNS_FOUND_ANY, found);
}

static int read_place(const ms_connection *c, const ms_cells *cells, const ms_row **found)
{
    ms_row *row = apr_pcalloc(c->ctx->p, sizeof(*row));
    row_reader reader = {c, cells, 0, 0, 0};

    row->last_ip = read_text(&reader, 0);
    return judge(&reader, row, found);
}

typedef int read_fn(const ms_connection *c, const ms_cells *cells, const ms_row **found);

/* ---- by apr_dbd ------------------------------------------------------------------------------ */

typedef struct dbd_cells {
    ms_cells base;
    const apr_dbd_driver_t *driver;
    apr_dbd_row_t *row;
} dbd_cells;

static apr_status_t cell_text(const ms_cells *cells, int column, const char **text)
{
    const dbd_cells *row = (const dbd_cells *)cells;

    return apr_dbd_datum_get(row->driver, row->row, column, APR_DBD_TYPE_STRING, (void *)text);
}

static apr_status_t cell_number(const ms_cells *cells, int column, apr_int64_t *number)
{
    const dbd_cells *row = (const dbd_cells *)cells;

    return apr_dbd_datum_get(row->driver, row->row, column, APR_DBD_TYPE_LONGLONG, number);
}

static int read_results(const ms_connection *c, apr_pool_t *scratch, apr_dbd_results_t *res,
                        const ms_native_call *call)
{
    dbd_cells cells = {{cell_text, cell_number}, c->dbd->driver, NULL};
    const int n = res ? apr_dbd_num_tuples(c->dbd->driver, res) : 0;

    for (int i = 1; i <= n; i++) {
        if (apr_dbd_get_row(c->dbd->driver, scratch, res, &cells.row, i) != 0 ||
            call->each(call->baton, &cells.base)) {
            return 1; /* it was counted, so this is no "no such row" */
        }
    }
    return 0;
}

/* MySQL's driver tells the end of the rows from an error. */
static int read_in_order(const ms_connection *c, apr_pool_t *scratch, apr_dbd_results_t *res,
                         const ms_native_call *call)
{
    dbd_cells cells = {{cell_text, cell_number}, c->dbd->driver, NULL};
    int got;

    while ((got = apr_dbd_get_row(c->dbd->driver, scratch, res, &cells.row, -1)) == 0) {
        if (call->each(call->baton, &cells.base)) {
            return 1;
        }
    }
    return got != -1;
}

static int select_by_dbd(const ms_connection *c, apr_dbd_prepared_t *statement,
                         const ms_native_call *call)
{
    /* Random access: the other mode hides errors on PostgreSQL, and sleeps where no row comes. But
     * MySQL's driver counts to each row from the first one. */
    const int in_order = call->is_long && ms_connection_dialect(c)->is_mysql;
    apr_dbd_results_t *res = NULL;
    apr_pool_t *scratch;
    int rv;

    apr_pool_create(&scratch, call->p);
    rv = apr_dbd_pbselect(c->dbd->driver, scratch, c->dbd->handle, &res, statement, !in_order,
                          call->args);
    if (rv == 0) {
        rv = in_order ? read_in_order(c, scratch, res, call) : read_results(c, scratch, res, call);
    }
    apr_pool_destroy(scratch);
    return rv;
}

static int change_by_dbd(const ms_connection *c, apr_dbd_prepared_t *statement,
                         ms_native_call *call)
{
    int rows = 0;
    const int rv =
        apr_dbd_pbquery(c->dbd->driver, call->p, c->dbd->handle, &rows, statement, call->args);

    /* Looked at only after success: SQLite leaves an older statement's count on failure. */
    call->changed = rv == 0 && rows > 0 ? rows : 0;
    return rv;
}

/* ---- by either ------------------------------------------------------------------------------- */

static int run(ms_connection *c, ms_native_call *call)
{
    apr_dbd_prepared_t *statement;
    int rv = ms_connection_run(c, call);

    if (rv != MS_NATIVE_DECLINED) {
        return rv;
    }
    statement = ms_connection_statement(c, call->which, &rv);
    if (!statement) {
        return rv;
    }
    return call->each ? select_by_dbd(c, statement, call) : change_by_dbd(c, statement, call);
}

typedef struct row_list {
    read_fn *read;
    const ms_connection *c;
    apr_array_header_t *rows;
} row_list;

static int add_row(void *listv, const ms_cells *cells)
{
    const row_list *list = listv;
    const ms_row *row;

    if (!list->read(list->c, cells, &row)) {
        return 1;
    }
    if (row) {
        APR_ARRAY_PUSH(list->rows, const ms_row *) = row;
    }
    return 0;
}

static int select_with(read_fn *read, ms_connection *c, ms_sql which, const void **args, void *rows)
{
    row_list list = {read, c, rows};

    apr_array_clear(rows);
    return run(c,
               &(ms_native_call){
                   .p = c->ctx->p, .which = which, .args = args, .each = add_row, .baton = &list});
}

int ms_result_rows(ms_connection *c, ms_sql which, const void **args, void *rows)
{
    return select_with(read_row, c, which, args, rows);
}

int ms_result_found(ms_connection *c, ms_sql which, const void **args, void *rows)
{
    return select_with(read_found, c, which, args, rows);
}

int ms_result_found_any(ms_connection *c, ms_sql which, const void **args, void *rows)
{
    return select_with(read_found_any, c, which, args, rows);
}

int ms_result_places(ms_connection *c, ms_sql which, const void **args, void *rows)
{
    return select_with(read_place, c, which, args, rows);
}

typedef struct one_number {
    apr_int64_t *number;
    int is_there;
} one_number;

static int take_number(void *onev, const ms_cells *cells)
{
    one_number *one = onev;

    one->is_there = cells->number(cells, 0, one->number) == APR_SUCCESS;
    return !one->is_there;
}

int ms_result_number(ms_connection *c, ms_sql which, const void **args, void *result)
{
    one_number one = {result, 0};
    const int rv = run(
        c, &(ms_native_call){
               .p = c->ctx->p, .which = which, .args = args, .each = take_number, .baton = &one});

    return rv || one.is_there ? rv : 1;
}

int ms_result_change(ms_connection *c, ms_sql which, const void **args, void *result)
{
    ms_native_call call = {.p = c->ctx->p, .which = which, .args = args};
    const int rv = run(c, &call);

    *(apr_int64_t *)result = rv == 0 ? call.changed : 0;
    return rv;
}

/* ---- the feed -------------------------------------------------------------------------------- */

typedef struct ended_list {
    const ms_connection *c;
    apr_array_header_t *ended;
} ended_list;

static int add_ended(void *listv, const ms_cells *cells)
{
    const ended_list *list = listv;
    row_reader reader = {list->c, cells, 0, 0, 0};
    ms_ended *one = apr_array_push(list->ended);

    one->id = read_text(&reader, 0);
    one->at = read_number(&reader, 0);
    return reader.broken || reader.failed;
}

int ms_result_ended(ms_connection *c, ms_sql which, const void **args, void *ended)
{
    ended_list list = {c, ended};

    apr_array_clear(ended);
    return run(c, &(ms_native_call){.p = c->ctx->p,
                                    .which = which,
                                    .args = args,
                                    .each = add_ended,
                                    .baton = &list,
                                    .is_long = 1});
}

typedef struct one_clock {
    const ms_connection *c;
    ms_feed_clock *clock;
    int is_there;
} one_clock;

static int take_clock(void *onev, const ms_cells *cells)
{
    one_clock *one = onev;
    ms_feed_clock *clock = one->clock;
    apr_int64_t *const fields[] = {&clock->now,    &clock->oldest,  &clock->next,
                                   &clock->server, &clock->version, &clock->is_standby};
    row_reader reader = {one->c, cells, 0, 0, 0};

    for (apr_size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        *fields[i] = read_number(&reader, 0);
    }
    one->is_there = !reader.broken && !reader.failed;
    return !one->is_there;
}

int ms_result_feed_clock(ms_connection *c, ms_sql which, const void **args, void *clock)
{
    one_clock one = {c, clock, 0};
    const int rv = run(
        c, &(ms_native_call){
               .p = c->ctx->p, .which = which, .args = args, .each = take_clock, .baton = &one});

    return rv || one.is_there ? rv : 1;
}

int ms_result_of(ms_connection *c, ms_sql which, const void **args, ms_result_fn *execute,
                 void *result)
{
    const int rv = execute(c, which, args + ms_sql_skipped_args(which, c->schema), result);

    if (rv) {
        ms_connection_forget(c, which);
    }
    return rv;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs statements, by the client library or by apr_dbd, and reads what they return: rows as ms_row,
 * numbers, counts of changed rows.
 */
#ifndef MS_RESULT_H
#define MS_RESULT_H

#include "db/connection.h"
#include "db/feed_window.h"

/**
 * Run a statement on a connection and read what it returns.
 * @param result out: see below
 * @return 0, or apr_dbd's code, or 1 if a row that was counted could not be read
 */
typedef int ms_result_fn(ms_connection *c, ms_sql which, const void **args, void *result);

/* result: an apr_array_header_t of const ms_row *, whose rows live in the context's pool. A row
 * with NULL where there must be a value is logged and left out. */
ms_result_fn ms_result_rows;      /* of MS_COLUMNS_ROW */
ms_result_fn ms_result_found;     /* of MS_COLUMNS_FOUND: all else is "" or 0 */
ms_result_fn ms_result_found_any; /* of MS_COLUMNS_FOUND_ANY, too */
ms_result_fn ms_result_places;    /* of one column, an address: last_ip */

/* result: an apr_array_header_t of ms_ended. */
typedef struct ms_ended {
    const char *id;
    apr_int64_t at;
} ms_ended;
ms_result_fn ms_result_ended;

/* result: an ms_feed_clock. */
ms_result_fn ms_result_feed_clock;

/* result: an apr_int64_t, the one value of the one row; the rows that were changed. */
ms_result_fn ms_result_number;
ms_result_fn ms_result_change;

/**
 * Run a statement on the store's table, as the store does: on another connection if one broke.
 * @param args  as listed beside the statement in sql.h
 */
apr_status_t ms_store_run(const ms_db_ctx *ctx, ms_sql which, const void **args,
                          ms_result_fn *execute, void *result);

/** Prepare a statement if need be, run it, and forget it if it failed. Returns as an ms_result_fn.
 */
int ms_result_of(ms_connection *c, ms_sql which, const void **args, ms_result_fn *execute,
                 void *result);

#endif

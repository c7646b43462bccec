/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/rows.h"

#include <apr_strings.h>
#include "db/result.h"
#include "db/store_private.h"

#define FRESH \
    3600 /* seconds: as long as the cleanup keeps the row of an ended session at least \
          */
#define ERASED "administrator" /* in place of an erased user who has ended sessions of others */

static apr_status_t number(const ms_db_ctx *ctx, ms_sql which, const void **args, apr_int64_t *n)
{
    *n = 0;
    return ms_store_run(ctx, which, args, ms_result_number, n);
}

apr_status_t ms_rows_find(const ms_db_ctx *ctx, const char *id, const ms_row **row)
{
    const void *args[] = {id, ctx->store->realm};
    apr_array_header_t *rows = apr_array_make(ctx->p, 1, sizeof(const ms_row *));
    const apr_status_t rv = ms_store_run(ctx, MS_SQL_ROW, args, ms_result_rows, rows);

    *row = rv == APR_SUCCESS && rows->nelts == 1 ? APR_ARRAY_IDX(rows, 0, const ms_row *) : NULL;
    return rv;
}

static apr_status_t read_page(const ms_db_ctx *ctx, const ms_walk *walk, apr_array_header_t *rows)
{
    const char *realm = ctx->store->realm, *id = walk->before_id ? walk->before_id : "";
    const apr_int64_t before = walk->before_id ? walk->before : APR_INT64_MAX;

    if (walk->user) {
        const void *args[] = {realm, walk->user, &before, &before, id};

        return ms_store_run(ctx, MS_SQL_ROWS_OF_USER, args, ms_result_rows, rows);
    }
    const void *args[] = {realm, &before, &before, id, realm};

    return ms_store_run(ctx, MS_SQL_ROWS, args, ms_result_rows, rows);
}

apr_status_t ms_rows_next(const ms_db_ctx *ctx, ms_walk *walk, apr_array_header_t **rows)
{
    apr_status_t rv;

    *rows = apr_array_make(ctx->p, MS_NEWEST_MAX, sizeof(const ms_row *));
    rv = read_page(ctx, walk, *rows);
    if (rv == APR_SUCCESS && (*rows)->nelts > 0) {
        const ms_row *last = APR_ARRAY_IDX(*rows, (*rows)->nelts - 1, const ms_row *);

        walk->before = last->created_at;
        walk->before_id = last->id;
    }
    return rv;
}

apr_status_t ms_rows_count(const ms_db_ctx *ctx, const char *user, apr_int64_t *n)
{
    const void *args[] = {ctx->store->realm, user};

    return number(ctx, user ? MS_SQL_COUNT_ROWS_OF_USER : MS_SQL_COUNT_ROWS, args, n);
}

apr_status_t ms_rows_count_users(const ms_db_ctx *ctx, apr_int64_t now, apr_int64_t *n)
{
    const void *args[] = {ctx->store->realm, &now};

    return number(ctx, MS_SQL_COUNT_USERS, args, n);
}

apr_status_t ms_rows_count_since(const ms_db_ctx *ctx, apr_int64_t since, apr_int64_t *n)
{
    const void *args[] = {ctx->store->realm, &since};

    return number(ctx, MS_SQL_COUNT_SINCE, args, n);
}

apr_status_t ms_rows_count_older(const ms_db_ctx *ctx, apr_int64_t before, apr_int64_t now,
                                 apr_int64_t *n)
{
    const void *args[] = {ctx->store->realm, &now, &before};

    return number(ctx, MS_SQL_COUNT_OLDER, args, n);
}

apr_status_t ms_rows_count_dead(const ms_db_ctx *ctx, int schema, apr_int64_t expired,
                                apr_int64_t ended, apr_int64_t *n)
{
    const void *for_expired[] = {&expired}, *for_ended[] = {&ended};
    apr_int64_t more = 0;
    apr_status_t rv = number(ctx, MS_SQL_COUNT_EXPIRED, for_expired, n);

    if (rv == APR_SUCCESS && schema >= 2) {
        rv = number(ctx, MS_SQL_COUNT_ENDED, for_ended, &more);
        *n += more;
    }
    return rv;
}

apr_status_t ms_rows_count_ended_by(const ms_db_ctx *ctx, int schema, const char *user,
                                    apr_int64_t *n)
{
    const void *args[] = {ctx->store->realm, user};

    *n = 0;
    return schema < 2 ? APR_SUCCESS : number(ctx, MS_SQL_COUNT_ENDED_BY, args, n);
}

static apr_status_t erase_fresh(const ms_db_ctx *ctx, const char *user, apr_int64_t now,
                                apr_int64_t *erased)
{
    const apr_int64_t after = now - FRESH;
    const void *args[] = {"", "", "", "", ctx->store->realm, user, &after};

    return ms_store_run(ctx, MS_SQL_ERASE_FRESH, args, ms_result_change, erased);
}

apr_status_t ms_rows_erase(const ms_db_ctx *ctx, int schema, const char *user, apr_int64_t now,
                           apr_int64_t *erased)
{
    const void *args[] = {ctx->store->realm, user, &now};
    apr_int64_t fresh = 0;
    apr_status_t rv = schema < 2 ? APR_SUCCESS : erase_fresh(ctx, user, now, &fresh);

    *erased = 0;
    if (rv == APR_SUCCESS) {
        rv = ms_store_run(ctx, MS_SQL_ERASE, args, ms_result_change, erased);
    }
    *erased += fresh;
    return rv;
}

apr_status_t ms_rows_erase_ended_by(const ms_db_ctx *ctx, int schema, const char *user,
                                    apr_int64_t *changed)
{
    const void *args[] = {ERASED, ctx->store->realm, user};

    *changed = 0;
    return schema < 2 ? APR_SUCCESS
                      : ms_store_run(ctx, MS_SQL_ERASE_ENDED_BY, args, ms_result_change, changed);
}

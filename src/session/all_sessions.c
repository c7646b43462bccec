/* SPDX-License-Identifier: Apache-2.0 */
/*
 * These queries never use the look-up cache: it has no addresses and no labels.
 */
#include "session/all_sessions.h"

#include <string.h>
#include "core/clock.h"
#include "session/request_state.h"

apr_status_t ms_all_sessions_search(request_rec *r, apr_pool_t *p, const ms_search *search,
                                    apr_array_header_t **rows)
{
    ms_db_ctx ctx = ms_request_db_ctx(r);

    ctx.p = p;
    return ms_store_newest(&ctx, search, ms_clock_now(), rows);
}

apr_status_t ms_all_sessions_ended(request_rec *r, apr_pool_t *p, const char *user,
                                   const ms_ended_part *part, apr_array_header_t **rows)
{
    ms_db_ctx ctx = ms_request_db_ctx(r);

    ctx.p = p;
    return user ? ms_store_list_ended(&ctx, user, ms_clock_now(), part, rows)
                : ms_store_newest_ended(&ctx, part->before, part->before_id, ms_clock_now(), rows);
}

apr_status_t ms_all_sessions_find(request_rec *r, const char *id, const ms_row **row)
{
    const ms_db_ctx ctx = ms_request_db_ctx(r);

    *row = NULL;
    return ms_token_is_id(id, strlen(id)) ? ms_store_show(&ctx, id, ms_clock_now(), row)
                                          : APR_SUCCESS;
}

apr_status_t ms_all_sessions_count(request_rec *r, const char *user, const char *ip, apr_int64_t *n)
{
    const ms_db_ctx ctx = ms_request_db_ctx(r);

    if (!user && !ip) {
        return ms_store_count_of_realm(&ctx, ms_clock_now(), n);
    }
    return user ? ms_store_count(&ctx, user, ms_clock_now(), n)
                : ms_store_count_of_ip(&ctx, ip, ms_clock_now(), n);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * By the id alone: the secret was compared in the first look-up, and an id is never used twice.
 */
#include "session/second_lookup.h"

#include "core/clock.h"
#include "session/request_state.h"

apr_status_t ms_second_lookup(request_rec *r, const ms_row **row)
{
    const ms_db_ctx ctx = ms_request_db_ctx(r);
    const ms_row *still;
    apr_status_t rv = ms_request_session(r, row);

    if (!*row) {
        return rv;
    }
    rv = ms_store_find(&ctx, (*row)->id, ms_clock_now(), &still);
    if (rv == APR_SUCCESS && still) {
        return APR_SUCCESS;
    }
    if (rv == APR_SUCCESS) {
        ms_request_adopt(ms_request_get(r), NULL, NULL);
    }
    *row = NULL;
    return rv;
}

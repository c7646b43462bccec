/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client that presents several live sessions is not signed in, but signing out ends them all.
 */
#include "session/sign_out.h"

#include "core/clock.h"
#include "http/counters.h"
#include "session/events.h"
#include "session/lifeline.h"
#include "session/request_state.h"

apr_status_t ms_sign_out_presented(request_rec *r, ms_end_reason reason, apr_int64_t *revoked)
{
    const ms_request *request = ms_request_get(r);
    apr_status_t rv = APR_SUCCESS;

    *revoked = 0;
    if (request->live_n > 0) {
        ms_lifeline_leave(r);
    }
    for (int i = 0; rv == APR_SUCCESS && i < request->live_n; i++) {
        const ms_db_ctx ctx = ms_request_db_ctx(r);
        const ms_scope scope = {.kind = MS_SCOPE_ID,
                                .user = request->live[i]->user,
                                .id = request->live[i]->id,
                                .reason = reason};
        apr_int64_t n;

        rv = ms_cached_store_revoke(&ctx, &scope, ms_clock_now(), &n);
        *revoked += n;
    }
    return rv;
}

static void note(request_rec *r, const ms_row *row)
{
    const ms_event event = ms_event_of("signed_out", row->user, row->id);

    ms_event_write(r, &event);
    ms_count(MS_COUNT_SIGN_OUTS, 1);
}

apr_status_t ms_sign_out(request_rec *r)
{
    ms_request *request = ms_request_get(r);
    apr_int64_t revoked;
    const ms_row *row;
    apr_status_t rv = ms_request_session(r, &row);

    if (ms_request_is_app(request)) {
        return APR_SUCCESS; /* the app signs in with each request; its user ends it on the list */
    }
    if (rv == APR_SUCCESS) {
        rv = ms_sign_out_presented(r, MS_END_SIGNED_OUT, &revoked);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (row) {
        note(r, row);
    }
    ms_request_adopt(request, NULL, NULL);
    if (revoked > 0 ||
        (ms_request_is_prompt(r) && ms_request_read_cookies(request)->untried == 0)) {
        ms_request_put_cookie(r, NULL, 0);
    }
    return APR_SUCCESS;
}

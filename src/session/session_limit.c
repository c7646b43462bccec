/* SPDX-License-Identifier: Apache-2.0 */
/*
 * There is no lock that works on all three databases. So the limit is also enforced after the
 * insert: of several sign-ins at once the last one sees all rows, and there are never more than the
 * limit.
 */
#include "session/session_limit.h"

#include <string.h>
#include "http/counters.h"
#include "session/events.h"
#include "session/request_state.h"

#define LOW_LIMIT 16 /* of sessions */

int ms_session_limit_presented(request_rec *r, const char *user)
{
    const ms_request *request = ms_request_get(r);
    int n = 0;

    for (int i = 0; i < request->live_n; i++) {
        n += strcmp(request->live[i]->user, user) == 0;
    }
    return n;
}

static apr_status_t check_room(request_rec *r, const ms_server_conf *conf,
                               const ms_shown_form *form, const ms_row *row)
{
    const ms_db_ctx ctx = ms_request_db_ctx(r);
    apr_int64_t n = 0, replaced = 0;
    apr_status_t rv = form ? ms_shown_form_count(r, form, &replaced) : APR_SUCCESS;

    if (rv == APR_SUCCESS) {
        rv = ms_store_count_kind(&ctx, row->user, MS_KIND_BROWSER, row->created_at, &n);
    }
    replaced += ms_session_limit_presented(r, row->user);
    return rv == APR_SUCCESS && n - replaced >= conf->limit ? APR_ENOSPC : rv;
}

/*
 * The newest session of a user stays, by created_at. If the user is at the limit and signs in twice
 * in a second, the second session must be the newer one: it is dated a second after the first. If
 * the limit is low, each is dated so: the first of a few sign-ins in one second must end first.
 * With a high limit their order matters little.
 */
static apr_status_t date_as_newest(request_rec *r, const ms_server_conf *conf, ms_row *row,
                                   int *is_at_limit)
{
    const ms_db_ctx ctx = ms_request_db_ctx(r);
    const int is_low = conf->limit <= LOW_LIMIT;
    apr_int64_t latest = 0;
    const apr_status_t rv =
        ms_store_latest(&ctx, row->user, row->last_seen_at, is_low ? 1 : conf->limit, &latest);

    *is_at_limit = latest > 0 && !is_low;
    if (rv == APR_SUCCESS && latest >= row->created_at) {
        row->created_at = latest + 1;
    }
    return rv;
}

apr_status_t ms_session_limit_prepare(request_rec *r, const ms_shown_form *form, ms_row *row,
                                      int *is_at_limit)
{
    const ms_server_conf *conf = ms_server_conf_get(r->server);

    *is_at_limit = 0;
    if (!conf->limit) {
        return APR_SUCCESS;
    }
    return conf->limit_refuses ? check_room(r, conf, form, row)
                               : date_as_newest(r, conf, row, is_at_limit);
}

static void note_evicted(request_rec *r, const ms_row *row, apr_int64_t n)
{
    ms_event event = ms_event_of("evicted", row->user, NULL);

    event.by_session = row->id;
    event.count = n;
    ms_event_write(r, &event);
    ms_count(MS_COUNT_EVICTIONS, n);
}

static apr_status_t refuse(request_rec *r, const ms_server_conf *conf, const ms_row *row)
{
    const ms_db_ctx ctx = ms_request_db_ctx(r);
    const ms_scope scope = {.kind = MS_SCOPE_OVER,
                            .user = row->user,
                            .id = row->id,
                            .limit = conf->limit + ms_session_limit_presented(r, row->user),
                            .reason = MS_END_EVICTED};
    apr_int64_t n;
    const apr_status_t rv = ms_cached_store_revoke(&ctx, &scope, row->created_at, &n);

    return rv == APR_SUCCESS && n > 0 ? APR_ENOSPC : rv;
}

/* A statement that changes nothing has its turn among the writers, too: a user who has room is only
 * counted. Counted after the row was inserted, since others may sign in at the same time. */
static apr_status_t is_over(request_rec *r, const ms_server_conf *conf, const ms_row *row,
                            int *over)
{
    const ms_db_ctx ctx = ms_request_db_ctx(r);
    apr_int64_t n = 0;
    const apr_status_t rv =
        ms_store_count_kind(&ctx, row->user, MS_KIND_BROWSER, row->last_seen_at, &n);

    *over = n > conf->limit;
    return rv;
}

static apr_status_t evict(request_rec *r, const ms_server_conf *conf, const ms_row *row)
{
    const ms_db_ctx ctx = ms_request_db_ctx(r);
    const ms_request *request = ms_request_get(r);
    const ms_scope scope = {.kind = MS_SCOPE_EXCESS,
                            .user = row->user,
                            .except = request->live_n == 1 ? request->live[0]->id : NULL,
                            .limit = conf->limit,
                            .reason = MS_END_EVICTED};
    apr_int64_t n;
    const apr_status_t rv = ms_cached_store_revoke(&ctx, &scope, row->last_seen_at, &n);

    if (n > 0) {
        note_evicted(r, row, n);
    }
    return rv;
}

static apr_status_t evict_if_over(request_rec *r, const ms_server_conf *conf, const ms_row *row,
                                  int is_at_limit)
{
    int over = is_at_limit;
    const apr_status_t rv = over ? APR_SUCCESS : is_over(r, conf, row, &over);

    return rv == APR_SUCCESS && over ? evict(r, conf, row) : rv;
}

apr_status_t ms_session_limit_enforce(request_rec *r, const ms_row *row, int is_at_limit)
{
    const ms_server_conf *conf = ms_server_conf_get(r->server);

    if (!conf->limit) {
        return APR_SUCCESS;
    }
    return conf->limit_refuses ? refuse(r, conf, row) : evict_if_over(r, conf, row, is_at_limit);
}

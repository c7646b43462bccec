/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The user is always that of the session in force, never one that a caller names.
 */
#include "session/own_sessions.h"

#include <string.h>
#include <apr_strings.h>
#include "core/clock.h"
#include "core/utf8.h"
#include "session/request_state.h"
#include "session/session_name.h"

apr_status_t ms_own_sessions_list(request_rec *r, const ms_list_part *part,
                                  apr_array_header_t **rows)
{
    const ms_row *current;
    const apr_status_t rv = ms_request_session(r, &current);
    ms_list_part own = *part;
    ms_db_ctx ctx;

    *rows = NULL;
    if (!current) {
        return rv;
    }
    ctx = ms_request_db_ctx(r);
    own.first = current->id;
    return ms_store_list(&ctx, current->user, ms_clock_now(), &own, rows);
}

apr_status_t ms_own_sessions_show(request_rec *r, const char *id, const ms_row **row)
{
    const ms_row *current;
    apr_status_t rv = ms_request_session(r, &current);
    ms_db_ctx ctx;

    *row = NULL;
    if (!current || !ms_token_is_id(id, strlen(id))) {
        return rv;
    }
    ctx = ms_request_db_ctx(r);
    rv = ms_store_show(&ctx, id, ms_clock_now(), row);
    if (*row && strcmp((*row)->user, current->user) != 0) {
        *row = NULL;
    }
    return rv;
}

apr_status_t ms_own_sessions_count(request_rec *r, int apps_only, apr_int64_t *n)
{
    const ms_row *current;
    const apr_status_t rv = ms_request_session(r, &current);
    ms_db_ctx ctx;

    *n = 0;
    if (!current) {
        return rv;
    }
    ctx = ms_request_db_ctx(r);
    return apps_only ? ms_store_count_kind(&ctx, current->user, MS_KIND_APP, ms_clock_now(), n)
                     : ms_store_count(&ctx, current->user, ms_clock_now(), n);
}

apr_status_t ms_own_sessions_apps(request_rec *r, apr_array_header_t **rows)
{
    const ms_row *current;
    const apr_status_t rv = ms_request_session(r, &current);
    ms_db_ctx ctx;

    *rows = NULL;
    if (!current) {
        return rv;
    }
    ctx = ms_request_db_ctx(r);
    return ms_store_list_apps(&ctx, current->user, ms_clock_now(), MS_APPS_MAX, rows);
}

static apr_status_t count_named(request_rec *r, const char *name, const char *except,
                                apr_int64_t *n)
{
    const ms_row *current;
    const apr_status_t rv = ms_request_session(r, &current);
    ms_db_ctx ctx;

    *n = 0;
    if (!current) {
        return rv;
    }
    ctx = ms_request_db_ctx(r);
    return ms_store_count_apps_named(&ctx, current->user, name, except, ms_clock_now(), n);
}

apr_status_t ms_own_sessions_check_app_name(request_rec *r, const char *name, const char *id)
{
    const ms_row *row = NULL;
    apr_int64_t n;
    apr_status_t rv = id ? ms_own_sessions_show(r, id, &row) : APR_SUCCESS;

    if (rv != APR_SUCCESS || (id && (!row || row->kind != MS_KIND_APP))) {
        return rv;
    }
    if (!name) {
        return APR_EINVAL;
    }
    rv = count_named(r, name, id, &n);
    return rv == APR_SUCCESS && n > 0 ? APR_EEXIST : rv;
}

apr_status_t ms_own_sessions_ended(request_rec *r, const ms_ended_part *part,
                                   apr_array_header_t **rows)
{
    const ms_row *current;
    const apr_status_t rv = ms_request_session(r, &current);
    ms_db_ctx ctx;

    *rows = NULL;
    if (!current) {
        return rv;
    }
    ctx = ms_request_db_ctx(r);
    return ms_store_list_ended(&ctx, current->user, ms_clock_now(), part, rows);
}

apr_status_t ms_own_sessions_rename(request_rec *r, const char *id, const char *name, int *renamed)
{
    const char *fit = ms_session_name_fit(r->pool, name);
    const ms_row *current;
    apr_status_t rv = ms_request_session(r, &current);
    ms_db_ctx ctx;

    *renamed = 0;
    if (!current || !ms_token_is_id(id, strlen(id))) {
        return rv;
    }
    rv = ms_own_sessions_check_app_name(r, fit, id);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    ctx = ms_request_db_ctx(r);
    return ms_store_rename(&ctx, current->user, id, fit, ms_clock_now(), renamed);
}

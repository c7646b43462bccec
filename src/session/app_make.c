/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The limit and the name are checked before the insert, and once more after it: two of the same
 * moment see each other's rows then, and may both be refused. The session that makes the password
 * is looked up after the insert, too: a statement that ends all sessions of the user ends the row
 * with them if it begins later, and is seen here if it was done before. No password has been shown
 * by then.
 */
#include "session/app_make.h"

#include <apr_crypto.h>
#include <apr_strings.h>
#include "core/clock.h"
#include "core/token.h"
#include "http/respond.h"
#include "session/events.h"
#include "session/own_sessions.h"
#include "session/second_lookup.h"
#include "session/session_name.h"
#include "session/sign_in_limit.h"
#include "session/request_state.h"

#define METHOD "app"

static ms_row *new_row(request_rec *r, const ms_token *token, const char *name, const char *user)
{
    const apr_int64_t now = ms_clock_now();
    ms_row *row = apr_pcalloc(r->pool, sizeof(*row));
    char *hash = apr_palloc(r->pool, MS_HASH_LEN + 1);

    ms_token_hash(token, hash, r->pool);
    row->id = apr_pstrdup(r->pool, token->id);
    row->secret_hash = hash;
    row->user = user;
    row->created_at = row->last_seen_at = now;
    row->expires_at = row->max_expires_at = now + ms_server_conf_get(r->server)->app_lifetime;
    row->created_ip = row->last_ip = r->useragent_ip;
    row->user_agent = ""; /* until the app uses it */
    row->auth_method = METHOD;
    row->persistent = 1;
    row->name = name;
    row->kind = MS_KIND_APP;
    return row;
}

static apr_status_t check_room(const ms_db_ctx *ctx, const ms_row *row, int limit)
{
    apr_int64_t n = 0;
    const apr_status_t rv =
        limit ? ms_store_count_kind(ctx, row->user, MS_KIND_APP, row->created_at, &n) : APR_SUCCESS;

    return rv == APR_SUCCESS && limit && n >= limit ? APR_ENOSPC : rv;
}

static apr_status_t keep_limit(const ms_db_ctx *ctx, const ms_row *row, int limit)
{
    const ms_scope scope = {.kind = MS_SCOPE_OVER,
                            .user = row->user,
                            .id = row->id,
                            .limit = limit,
                            .is_app = 1,
                            .reason = MS_END_EVICTED};
    apr_int64_t n = 0;
    const apr_status_t rv =
        limit ? ms_cached_store_revoke(ctx, &scope, row->created_at, &n) : APR_SUCCESS;

    return rv == APR_SUCCESS && n > 0 ? APR_ENOSPC : rv;
}

static apr_status_t take_back(const ms_db_ctx *ctx, const ms_row *row, ms_end_reason reason)
{
    const ms_scope scope = {
        .kind = MS_SCOPE_ID, .user = row->user, .id = row->id, .reason = reason};
    apr_int64_t revoked;

    return ms_cached_store_revoke(ctx, &scope, row->created_at, &revoked);
}

static apr_status_t keep_name(const ms_db_ctx *ctx, const ms_row *row)
{
    apr_int64_t n;
    apr_status_t rv =
        ms_store_count_apps_named(ctx, row->user, row->name, row->id, row->created_at, &n);

    if (rv == APR_SUCCESS && n > 0) {
        rv = take_back(ctx, row, MS_END_EVICTED);
    }
    return rv == APR_SUCCESS && n > 0 ? APR_EEXIST : rv;
}

/* The row lives no longer than the session that makes it, if that ends meanwhile. */
static apr_status_t check_maker(request_rec *r, const ms_db_ctx *ctx, const ms_row *row)
{
    const ms_row *current;
    apr_status_t rv = ms_second_lookup(r, &current);

    if (!current) {
        const apr_status_t taken = take_back(ctx, row, MS_END_REVOKED);

        rv = rv == APR_SUCCESS ? taken : rv;
    }
    return rv == APR_SUCCESS && !current ? APR_EACCES : rv;
}

/* An insert that another step undoes counts, too: its row stays as an ended one. */
static apr_status_t insert(request_rec *r, const ms_db_ctx *ctx, const ms_row *row)
{
    apr_uint64_t key;
    const apr_int64_t wait = ms_sign_in_limit_take_app(r, row->user, &key);
    apr_status_t rv;

    if (wait) {
        ms_respond_retry_after(r, wait);
        return APR_EBUSY;
    }
    rv = ms_store_insert_app(ctx, row);
    if (rv != APR_SUCCESS) {
        ms_sign_in_limit_give_app_back(r, key);
    }
    return rv;
}

static apr_status_t store(request_rec *r, const ms_row *row)
{
    const ms_db_ctx ctx = ms_request_db_ctx(r);
    const int limit = ms_server_conf_get(r->server)->app_limit;
    apr_status_t rv = check_room(&ctx, row, limit);

    if (rv == APR_SUCCESS) {
        rv = insert(r, &ctx, row);
    }
    if (rv == APR_SUCCESS) {
        rv = keep_limit(&ctx, row, limit);
    }
    if (rv == APR_SUCCESS) {
        rv = keep_name(&ctx, row);
    }
    return rv == APR_SUCCESS ? check_maker(r, &ctx, row) : rv;
}

static void note(request_rec *r, const ms_row *row, const ms_row *current)
{
    ms_event event = ms_event_of("app_password_made", row->user, row->id);

    event.by_session = current->id;
    ms_event_write(r, &event);
}

apr_status_t ms_app_make(request_rec *r, const char *name, const ms_row **row,
                         const char **password)
{
    const char *fit = ms_session_name_fit(r->pool, name);
    const ms_row *current, *made;
    ms_token token;
    apr_status_t rv = ms_request_session(r, &current);

    *row = NULL;
    if (rv == APR_SUCCESS) {
        rv = current ? ms_own_sessions_check_app_name(r, fit, NULL) : APR_EINVAL;
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = ms_token_make(&token);
    if (rv == APR_SUCCESS) {
        made = new_row(r, &token, fit, current->user);
        rv = store(r, made);
    }
    if (rv == APR_SUCCESS) {
        char *text = apr_palloc(r->pool, MS_TOKEN_LEN + 1);

        ms_token_format(&token, text);
        *password = text;
        *row = made;
        note(r, made, current);
    }
    apr_crypto_memzero(&token, sizeof(token));
    return rv;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sign-in leaves everything done or nothing: the row is inserted first, then the limit holds,
 * then the sessions that the browser presented end; if one of these fails, the row is revoked.
 */
#include "session/sign_in.h"

#include <string.h>
#include <apr_crypto.h>
#include <apr_strings.h>
#include "core/clock.h"
#include "core/device.h"
#include "http/limited_log.h"
#include "core/network.h"
#include "core/utf8.h"
#include "http/counters.h"
#include "http/request_chain.h"
#include "http/respond.h"
#include "http/user_agent.h"
#include "session/events.h"
#include "session/known_device.h"
#include "session/plain_http.h"
#include "session/request_state.h"
#include "session/session_limit.h"
#include "session/session_name.h"
#include "session/shown_form.h"
#include "session/sign_in_limit.h"
#include "session/sign_in_log.h"
#include "session/sign_out.h"
#include "session/touch.h"
#include "session/user_name.h"

#define LABEL_MAX 255

/* Who signs in and how, and the token of the new session. */
typedef struct sign_in {
    const char *user;
    const char *method;
    const ms_sign_in_wish *wish;
    const ms_shown_form *form; /* NULL: it was no form of ours, or the form has no value */
    ms_token token;
} sign_in;

/* ---- the row --------------------------------------------------------------------------------- */

static int is_remembered(const ms_server_conf *conf, int wanted)
{
    return conf->remember == MS_REMEMBER_ON || (conf->remember == MS_REMEMBER_ASK && wanted);
}

/* NULL: none is configured, it is empty, or it cannot be evaluated. */
static const char *configured_label(request_rec *r)
{
    const ap_expr_info_t *expr = ms_dir_conf_get(r)->label;
    const char *error = NULL, *label = expr ? ap_expr_str_exec(r, expr, &error) : NULL;

    if (error) {
        ms_limited_log(r, MS_LOG_LABEL, APLOG_WARNING, "MS0012: ManagedSessionLabel: %s", error);
        return NULL;
    }
    return label && *label ? label : NULL;
}

static const char *label_for(request_rec *r, apr_pool_t *p, const char *wanted)
{
    const char *label = wanted ? wanted : configured_label(r);

    return label ? apr_pstrdup(p, ms_utf8_storable(p, label, LABEL_MAX)) : NULL;
}

static apr_int64_t life_of(const ms_server_conf *conf, int persistent, apr_int64_t wanted)
{
    apr_int64_t life = conf->lifetime;

    if (!persistent && conf->transient_lifetime < life) {
        life = conf->transient_lifetime;
    }
    return wanted > 0 && wanted < life ? wanted : life;
}

static ms_row *new_row(request_rec *r, apr_pool_t *p, const sign_in *who)
{
    const ms_server_conf *conf = ms_server_conf_get(r->server);
    const apr_int64_t now = ms_clock_now();
    ms_row *row = apr_pcalloc(p, sizeof(*row));
    char *hash = apr_palloc(p, MS_HASH_LEN + 1);

    ms_token_hash(&who->token, hash, p);
    row->persistent = is_remembered(conf, who->wish->remember);
    row->id = apr_pstrdup(p, who->token.id);
    row->secret_hash = hash;
    row->user = apr_pstrdup(p, who->user);
    row->created_at = now;
    row->last_seen_at = now;
    row->max_expires_at = now + life_of(conf, row->persistent, who->wish->life);
    row->expires_at = ms_touch_expires(conf, now, row->max_expires_at);
    row->created_ip = r->useragent_ip;
    row->last_ip = r->useragent_ip;
    row->user_agent = ms_user_agent_of(r, p);
    row->auth_method = apr_pstrdup(p, ms_utf8_storable(p, who->method, MS_METHOD_MAX));
    row->label = label_for(r, p, who->wish->label);
    row->name = who->wish->name ? ms_session_name_fit(p, who->wish->name) : NULL;
    return row;
}

/* ---- store ----------------------------------------------------------------------------------- */

static void take_back(const ms_db_ctx *ctx, const ms_row *row, ms_end_reason reason)
{
    const ms_scope scope = {
        .kind = MS_SCOPE_ID, .user = row->user, .id = row->id, .reason = reason};
    apr_int64_t n;

    ms_cached_store_revoke(ctx, &scope, row->last_seen_at, &n);
}

/* A user who signs in again, and only that one, goes on with what the session before was for. */
static ms_end_reason reason_of_presented(request_rec *r, const ms_row *row)
{
    const ms_request *request = ms_request_get(r);

    return request->reauthenticates && ms_session_limit_presented(r, row->user) == request->live_n
               ? MS_END_REAUTHENTICATED
               : MS_END_REPLACED;
}

/* Everything is done and the row is in the table, or neither. */
static apr_status_t store_new(request_rec *r, const ms_db_ctx *ctx, const ms_shown_form *form,
                              ms_row *row)
{
    apr_int64_t revoked;
    int is_at_limit;
    apr_status_t rv = ms_session_limit_prepare(r, form, row, &is_at_limit);

    if (rv == APR_SUCCESS) {
        rv = ms_store_insert(ctx, row);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = form ? ms_shown_form_keep_last(r, form, row) : APR_SUCCESS;
    if (rv == APR_SUCCESS) {
        rv = ms_session_limit_enforce(r, row, is_at_limit);
    }
    if (rv == APR_SUCCESS) {
        rv = ms_sign_out_presented(r, reason_of_presented(r, row), &revoked);
    }
    if (rv != APR_SUCCESS) {
        take_back(ctx, row, rv == APR_EEXIST ? MS_END_REPLACED : MS_END_REVOKED);
    }
    return rv;
}

static void note_sign_in(request_rec *r, const ms_row *made, int known_device)
{
    ms_event event = ms_event_of("sign_in", made->user, made->id);

    event.method = made->auth_method;
    event.new_device = !known_device;
    ms_event_write(r, &event);
    ms_count(MS_COUNT_SIGN_INS, 1);
}

static void note_over_limit(request_rec *r, const ms_row *row)
{
    ms_event event = ms_event_of("sign_in_refused", row->user, NULL);

    event.method = row->auth_method;
    event.reason = "limit of sessions";
    event.period = MS_EVENT_PERIOD;
    ms_event_write(r, &event);
    ms_count(MS_COUNT_REFUSALS, 1);
}

/* The row is in the table: the client has the session from now on. */
static void adopt(request_rec *r, const ms_row *row, const ms_token *token)
{
    ms_request *request = ms_request_get(r);

    request->forgets_pages |= request->live_n > ms_session_limit_presented(r, row->user);
    ms_request_adopt(request, row, token);
    /* It was last seen now; created_at may be later, see session_limit.c. */
    ms_request_put_cookie(r, token, row->persistent ? row->max_expires_at - row->last_seen_at : 0);
}

static apr_status_t begin(request_rec *r, const sign_in *who, const ms_row **row)
{
    const ms_db_ctx ctx = ms_request_db_ctx(r);
    ms_row *made = new_row(r, ctx.p, who);
    const int known_device = !ms_events_wanted(r->server) || ms_known_device_is(&ctx, made);
    const apr_status_t rv = store_new(r, &ctx, who->form, made);

    if (rv == APR_SUCCESS) {
        adopt(r, made, &who->token);
        note_sign_in(r, made, known_device);
        *row = made;
    }
    else if (rv == APR_ENOSPC) {
        note_over_limit(r, made);
    }
    return rv;
}

/* ---- may the user sign in? ------------------------------------------------------------------- */

static void log_bad_user(request_rec *r, const char *user)
{
    ms_limited_log(r, MS_LOG_BAD_USER, APLOG_ERR,
                   "MS0011: \"%s\" cannot be the name of a user: it must be 1 to 255 characters "
                   "of UTF-8 without control characters, and without blanks around it if "
                   "ManagedSessionUserHeader is used; no session began",
                   user);
}

static apr_status_t check_user(request_rec *r, const char *user)
{
    if (ms_user_name_is_valid(r, user)) {
        return APR_SUCCESS;
    }
    log_bad_user(r, user ? user : "");
    return APR_EINVAL;
}

static apr_status_t begin_within_limit(request_rec *r, const sign_in *who, const ms_row **row)
{
    apr_uint64_t key;
    const apr_int64_t wait = ms_sign_in_limit_take_session(r, who->user, &key);
    apr_status_t rv;

    if (wait) {
        ms_sign_in_log_refused(r, who->user, who->method, MS_REFUSED_SESSIONS, key);
        ms_respond_retry_after(r, wait);
        return APR_EBUSY;
    }
    rv = begin(r, who, row);
    if (rv != APR_SUCCESS) {
        ms_sign_in_limit_give_session_back(key);
    }
    return rv == APR_EEXIST ? APR_SUCCESS : rv;
}

static apr_status_t begin_from_form(request_rec *r, sign_in *who, const ms_row **row)
{
    const char *realm = ms_server_conf_get(r->server)->realm;
    ms_shown_form *form = apr_palloc(r->pool, sizeof(*form));
    apr_status_t rv = ms_token_make(&who->token);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (ms_shown_form_read(r->pool, who->wish->shown_form, realm, who->user, form)) {
        ms_shown_form_mark(form, ms_request_chain_first(r)->request_time, &who->token);
        who->form = form;
    }
    rv = begin_within_limit(r, who, row);
    apr_crypto_memzero(&who->token, sizeof(who->token));
    return rv;
}

void ms_sign_in_replaces_stale(request_rec *r)
{
    ms_request_get(r)->reauthenticates = 1;
}

apr_status_t ms_sign_in(request_rec *r, const char *user, const char *method,
                        const ms_sign_in_wish *wish, const ms_row **row)
{
    sign_in who = {.method = method, .wish = wish};
    const ms_row *presented;
    apr_status_t rv;

    *row = NULL;
    if (ms_plain_http_drops_cookie(r)) {
        return APR_EACCES;
    }
    who.user = ms_user_name_of(r, user);
    rv = who.user || !user ? check_user(r, who.user) : APR_EINVAL;
    if (rv == APR_SUCCESS) {
        rv = ms_request_session(r, &presented);
    }
    if (rv == APR_SUCCESS) {
        rv = begin_from_form(r, &who, row);
    }
    if (rv == APR_SUCCESS) {
        ms_plain_http_note_sign_in(r);
    }
    return rv;
}

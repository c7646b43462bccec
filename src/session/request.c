/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is ambiguous means "not signed in": a token of another form, a secret that does not match,
 * two live sessions at once. A database error is neither: it has a status of its own, which every
 * caller passes on.
 */
#include "session/request.h"

#include <stddef.h>
#include <string.h>
#include <apr_crypto.h>
#include "config/runtime.h"
#include "core/clock.h"
#include "core/form_token.h"
#include "http/limited_log.h"
#include "http/request_chain.h"
#include "session/events.h"
#include "session/request_state.h"
#include "session/user_name.h"

#define CLEAR_WITHIN apr_time_from_sec(1)

_Static_assert(MS_COOKIE_TOKENS_MAX <= MS_FIND_MAX, "one statement looks them all up");

static apr_status_t wipe(void *requestv)
{
    ms_request *request = requestv;

    apr_crypto_memzero(&request->token, sizeof(request->token));
    if (request->cookies) {
        apr_crypto_memzero(request->cookies, sizeof(*request->cookies));
    }
    return APR_SUCCESS;
}

static void wipe_at_end(ms_request *request)
{
    if (!request->is_wiped) {
        request->is_wiped = 1;
        apr_pool_cleanup_register(request->pool, request, wipe, apr_pool_cleanup_null);
    }
}

static ms_request *make(request_rec *first, const char *cookie_header)
{
    ms_request *request = apr_palloc(first->pool, sizeof(*request));

    memset(request, 0, offsetof(ms_request, token));
    request->pool = first->pool;
    request->cookie_header = cookie_header;
    request->cookie_name = ms_server_conf_get(first->server)->cookie.name;
    ap_set_module_config(first->request_config, &managed_session_module, request);
    return request;
}

ms_request *ms_request_get(request_rec *r)
{
    ms_request *request = ms_request_peek(r);

    if (!request) {
        request_rec *first = ms_request_chain_first(r);

        request = make(first, apr_table_get(first->headers_in, "Cookie"));
    }
    return request;
}

void ms_request_keep_cookie(request_rec *r, const char *header)
{
    if (r->main || r->prev) {
        ms_request_get(r);
    }
    else if (!ms_request_peek(r)) {
        make(r, header);
    }
}

const ms_cookie_found *ms_request_read_cookies(ms_request *request)
{
    if (!request->cookies) {
        request->cookies = apr_palloc(request->pool, sizeof(*request->cookies));
        wipe_at_end(request);
        ms_cookie_find(request->cookie_header, request->cookie_name, request->cookies);
    }
    return request->cookies;
}

ms_db_ctx ms_request_db_ctx(request_rec *r)
{
    return ms_store_ctx(ms_runtime_get(r->server)->store, r, ms_request_chain_first(r)->pool);
}

/* ---- look-up --------------------------------------------------------------------------------- */

static void note_two_sessions(request_rec *r, const ms_request *request)
{
    ms_event event = ms_event_of("two_sessions", request->live[0]->user, request->live[0]->id);

    event.reason = "cookies of different sessions";
    event.period = MS_EVENT_PERIOD;
    if (ms_events_wanted(r->server)) { /* the line below is the one for the error log */
        ms_event_write(r, &event);
    }
    ms_limited_log(r, MS_LOG_TWO_SESSIONS, APLOG_WARNING,
                   "MS0010: the request carries %d live sessions in cookies of one name, of "
                   "users \"%s\" and \"%s\"; it counts as signed out",
                   request->live_n, request->live[0]->user, request->live[1]->user);
}

static void log_untried(request_rec *r, const ms_request *request)
{
    ms_limited_log(r, MS_LOG_MANY_COOKIES, APLOG_WARNING,
                   "MS0130: the request carries %d cookies of the name \"%s\", which another "
                   "host of this domain may have planted; the first %d are no live sessions, "
                   "the others were not looked up. A name that begins with __Host- cannot be "
                   "planted",
                   request->cookies->n + request->cookies->untried,
                   ms_server_conf_get(r->server)->cookie.name, request->cookies->n);
}

/* Several cookies of our name have been planted by another host or path. If one of them is a live
 * session it is used; if two are, the client is not signed in. So a planted cookie neither signs
 * the client out nor puts it into another user's session. */
static void settle(request_rec *r, ms_request *request)
{
    if (request->live_n == 1) {
        request->row = request->live[0];
    }
    else if (request->live_n > 1) {
        note_two_sessions(r, request);
    }
    else if (request->cookies->untried > 0) {
        log_untried(r, request);
    }
}

static int has_valid_name(request_rec *r, const ms_lookup *found)
{
    return found->is_cached ? ms_user_name_fits_header(r, found->row->user)
                            : ms_user_name_is_valid(r, found->row->user);
}

static apr_status_t resolve(request_rec *r, ms_request *request)
{
    const ms_db_ctx ctx = ms_request_db_ctx(r);
    const ms_server_conf *conf = ms_server_conf_get(r->server);
    ms_lookup found[MS_COOKIE_TOKENS_MAX];
    const apr_status_t rv =
        ms_cached_store_find(&ctx, request->cookies->tokens, request->cookies->n, ms_clock_now(),
                             conf->cache_ttl, conf->cache_life, found);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    for (int i = 0; i < request->cookies->n; i++) {
        if (found[i].row && found[i].row->kind == MS_KIND_BROWSER && has_valid_name(r, &found[i])) {
            request->token = request->cookies->tokens[i];
            request->found = found[i];
            request->live[request->live_n++] = found[i].row;
        }
    }
    settle(r, request);
    return APR_SUCCESS;
}

apr_status_t ms_request_session(request_rec *r, const ms_row **row)
{
    ms_request *request = ms_request_get(r);

    if (!request->resolved) {
        request->resolved = 1;
        if (ms_request_read_cookies(request)->n > 0) {
            request->status = resolve(r, request);
        }
    }
    *row = request->row;
    return request->status;
}

static int is_our_type(const char *auth_type)
{
    return strcmp(auth_type, MS_AUTH_TYPE) == 0 || ap_cstr_casecmp(auth_type, MS_AUTH_TYPE) == 0;
}

const ms_row *ms_request_session_of_user(request_rec *r)
{
    const ms_row *row;

    if (!r->ap_auth_type || !is_our_type(r->ap_auth_type) ||
        ms_request_session(r, &row) != APR_SUCCESS) {
        return NULL;
    }
    return row;
}

int ms_request_presents(const ms_request *request, const char *id)
{
    for (int i = 0; i < request->live_n; i++) {
        if (strcmp(request->live[i]->id, id) == 0) {
            return 1;
        }
    }
    return 0;
}

void ms_request_adopt(ms_request *request, const ms_row *row, const ms_token *token)
{
    request->resolved = 1;
    request->status = APR_SUCCESS;
    request->row = row;
    request->is_app = 0;
    request->touched = 1; /* it is new, or gone */
    request->live[0] = row;
    request->live_n = row ? 1 : 0;
    if (token) {
        wipe_at_end(request);
        request->token = *token;
    }
}

void ms_request_use_app(ms_request *request, const ms_lookup *found)
{
    wipe_at_end(request);
    request->resolved = 1;
    request->status = APR_SUCCESS;
    request->is_app = 1;
    request->token = *found->token;
    request->found = *found;
    request->found.token = &request->token;
    request->row = found->row;
}

/* ---- cookie ---------------------------------------------------------------------------------- */

void ms_request_put_cookie(request_rec *r, const ms_token *token, apr_int64_t max_age)
{
    request_rec *first = ms_request_chain_first(r);
    char value[MS_TOKEN_LEN + 1] = "";

    if (token) {
        ms_token_format(token, value);
    }
    ms_request_get(r)->set_cookie = ms_cookie_format(
        first->pool, &ms_server_conf_get(r->server)->cookie, token ? value : NULL, max_age);
    ms_request_get(r)->forgets_pages |= !token;
}

void ms_request_refused(request_rec *r)
{
    ms_request *request = ms_request_get(r);
    const ms_cookie_found *cookies = ms_request_read_cookies(request);

    if (request->resolved && !request->is_app && request->status == APR_SUCCESS &&
        request->live_n == 0 && cookies->n > 0 && cookies->untried == 0) {
        request->may_clear = 1;
    }
}

int ms_request_is_prompt(request_rec *r)
{
    const apr_interval_time_t age = apr_time_now() - ms_request_chain_first(r)->request_time;

    return age >= 0 && age < CLEAR_WITHIN;
}

void ms_request_settle_cookie(request_rec *r, const ms_request *request)
{
    if (request->may_clear && !request->set_cookie && ms_request_is_prompt(r)) {
        ms_request_put_cookie(r, NULL, 0);
    }
}

void ms_request_drop_session(request_rec *r)
{
    ms_request_adopt(ms_request_get(r), NULL, NULL);
    ms_request_put_cookie(r, NULL, 0);
}

/* ---- forms ----------------------------------------------------------------------------------- */

const char *ms_request_form_token(request_rec *r)
{
    const ms_request *request = ms_request_get(r);

    return request->row
               ? ms_form_token_make(r->pool, &request->token, ms_server_conf_get(r->server)->realm)
               : NULL;
}

int ms_request_form_token_check(request_rec *r, const char *token)
{
    const ms_request *request = ms_request_get(r);

    return request->row && ms_form_token_check(r->pool, token, &request->token,
                                               ms_server_conf_get(r->server)->realm);
}

/* ---- fields ---------------------------------------------------------------------------------- */

const ms_row *ms_request_row(const ms_request *request)
{
    return request->row;
}

int ms_request_is_app(const ms_request *request)
{
    return request && request->is_app;
}

apr_status_t ms_request_status(const ms_request *request)
{
    return request->status;
}

int ms_request_cookies(ms_request *request)
{
    return ms_request_read_cookies(request)->seen;
}

int ms_request_tokens(ms_request *request)
{
    return ms_request_read_cookies(request)->n;
}

const char *ms_request_credentials(const ms_request *request)
{
    return request->credentials;
}

void ms_request_set_credentials(ms_request *request, const char *credentials)
{
    request->credentials = credentials;
}

void ms_request_enter_handler(request_rec *r)
{
    ms_request *request = ms_request_peek(r);

    if (request) {
        request->is_with_handler = 1;
    }
}

int ms_request_is_before_handler(const ms_request *request)
{
    return !request->is_with_handler;
}

void ms_request_leave_handler(ms_request *request)
{
    request->is_with_handler = 0;
}

apr_int64_t ms_request_stale_after(const ms_request *request)
{
    return request->stale_after;
}

void ms_request_set_stale_after(ms_request *request, apr_int64_t seconds)
{
    request->stale_after = seconds;
}

/* An error of a subrequest is not that of the request it was made for. */
static int has_problem(const ms_request *request, const request_rec *r)
{
    return request->problem && request->problem_main == r->main;
}

ms_problem ms_request_problem(const ms_request *request, const request_rec *r)
{
    return has_problem(request, r) ? request->problem : MS_PROBLEM_NONE;
}

void ms_request_set_problem(ms_request *request, const request_rec *r, ms_problem which)
{
    request->problem = which;
    request->problem_main = r->main;
}

int ms_request_problem_is_sent(const ms_request *request, const request_rec *r)
{
    return request->is_problem_sent && has_problem(request, r);
}

void ms_request_problem_send(ms_request *request, const request_rec *r, ms_problem which)
{
    ms_request_set_problem(request, r, which);
    request->is_problem_sent = 1;
}

ms_dependence ms_request_dependence(const ms_request *request)
{
    return request->depends;
}

void ms_request_depend(ms_request *request, ms_dependence least)
{
    if (request->depends < least) {
        request->depends = least;
    }
}

const char *ms_request_set_cookie(const ms_request *request)
{
    return request->set_cookie;
}

int ms_request_forgets_pages(const ms_request *request)
{
    return request->forgets_pages;
}

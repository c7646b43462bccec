/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions as the rest of the module knows them. Whatever is unclear here is "nobody": a token of
 * another form, a secret that does not match, two live sessions at once; but "the database could
 * not be asked" is neither somebody nor nobody, and is told apart all the way up.
 */
#include "session/session.h"

#include <string.h>
#include <apr_crypto.h>
#include <apr_strings.h>
#include <http_log.h>
#include <http_request.h>
#include "core/clock.h"
#include "http/respond.h"
#include "http/counters.h"
#include "core/device.h"
#include "session/events.h"
#include "core/log_limit.h"
#include "session/sign_in_limit.h"
#include "core/network.h"
#include "pages/page.h"
#include "session/plain_http.h"
#include "session/sign_in_log.h"
#include "session/shown_form.h"
#include "core/utf8.h"
#include "session/user_name.h"
#include "http/request_chain.h"

APLOG_USE_MODULE(managed_session);

#define USER_AGENT_MAX 512
#define LABEL_MAX      255
#define KNOWN_DEVICES  20 /* sessions that are compared with a new one */
#define CLEAR_WITHIN   apr_time_from_sec(1)

_Static_assert(MS_COOKIE_TOKENS_MAX <= MS_FIND_MAX, "one statement looks them all up");

static apr_status_t wipe(void *requestv)
{
    ms_request *request = requestv;

    apr_crypto_memzero(&request->token, sizeof(request->token));
    apr_crypto_memzero(&request->cookies, sizeof(request->cookies));
    return APR_SUCCESS;
}

ms_request *ms_request_peek(request_rec *r)
{
    return ap_get_module_config(ms_request_chain_first(r)->request_config, &managed_session_module);
}

ms_request *ms_request_get(request_rec *r)
{
    request_rec *first = ms_request_chain_first(r);
    ms_request *request = ap_get_module_config(first->request_config, &managed_session_module);

    if (!request) {
        request = apr_pcalloc(first->pool, sizeof(*request));
        ms_cookie_find(apr_table_get(first->headers_in, "Cookie"),
                       ms_server_conf_get(first->server)->cookie.name, &request->cookies);
        apr_pool_cleanup_register(first->pool, request, wipe, apr_pool_cleanup_null);
        ap_set_module_config(first->request_config, &managed_session_module, request);
    }
    return request;
}

static ms_db_ctx db_ctx_of(request_rec *r)
{
    return ms_store_ctx(ms_server_conf_get(r->server)->store, r, ms_request_chain_first(r)->pool);
}

static void set_cookie(request_rec *r, const ms_token *token, apr_int64_t max_age)
{
    request_rec *first = ms_request_chain_first(r);
    char value[MS_TOKEN_LEN + 1] = "";

    if (token) {
        ms_token_format(token, value);
    }
    ms_request_get(r)->set_cookie = ms_cookie_format(
        first->pool, &ms_server_conf_get(r->server)->cookie, token ? value : NULL, max_age);
    ms_request_get(r)->forget_pages |= !token;
}

/* Whoever reads a header takes the blanks around it away, and might see another user. */
int ms_session_is_user(request_rec *r, const char *name)
{
    const int in_header = ms_server_conf_get(r->server)->user_headers->nelts > 0;

    return ms_utf8_is_user_name(name) &&
           !(in_header && (name[0] == ' ' || name[strlen(name) - 1] == ' '));
}

/* ---- find ------------------------------------------------------------------------------------ */

static void log_two_sessions(request_rec *r, const ms_request *request)
{
    const char *skipped = ms_log_limit_suffix(MS_LOG_TWO_SESSIONS, r->pool);

    if (skipped) {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r,
                      "MS0010: the request carries %d live sessions in cookies of one name, of "
                      "users \"%s\" and \"%s\"; it counts as signed out%s",
                      request->live_n, request->live[0]->user, request->live[1]->user, skipped);
    }
}

static void log_untried(request_rec *r, const ms_request *request)
{
    const char *skipped = ms_log_limit_suffix(MS_LOG_MANY_COOKIES, r->pool);

    if (skipped) {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r,
                      "MS0130: the request carries %d cookies of the name \"%s\", which another "
                      "host of this domain may have planted; the first %d are no live sessions, "
                      "the others were not looked up. A name that begins with __Host- cannot be "
                      "planted%s",
                      request->cookies.n + request->cookies.untried,
                      ms_server_conf_get(r->server)->cookie.name, request->cookies.n, skipped);
    }
}

/* Several cookies of our name can only be somebody's doing: one live session among them is used,
 * two are nobody, so that a planted cookie neither locks anyone out nor takes anyone over. */
static void settle(request_rec *r, ms_request *request)
{
    if (request->live_n == 1) {
        request->row = request->live[0];
    }
    else if (request->live_n > 1) {
        log_two_sessions(r, request);
    }
    else if (request->cookies.untried > 0) {
        log_untried(r, request);
    }
}

static apr_status_t resolve(request_rec *r, ms_request *request)
{
    const ms_db_ctx ctx = db_ctx_of(r);
    ms_lookup found[MS_COOKIE_TOKENS_MAX];
    const apr_status_t rv =
        ms_cached_store_find(&ctx, request->cookies.tokens, request->cookies.n, ms_clock_now(),
                             ms_server_conf_get(r->server)->cache_ttl, found);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    for (int i = 0; i < request->cookies.n; i++) {
        if (found[i].row && ms_session_is_user(r, found[i].row->user)) {
            request->token = request->cookies.tokens[i];
            request->found = found[i];
            request->live[request->live_n++] = found[i].row;
        }
    }
    settle(r, request);
    return APR_SUCCESS;
}

apr_status_t ms_session_current(request_rec *r, const ms_row **row)
{
    ms_request *request = ms_request_get(r);

    if (!request->resolved) {
        request->resolved = 1;
        if (request->cookies.n > 0) {
            request->status = resolve(r, request);
        }
    }
    *row = request->row;
    return request->status;
}

void ms_session_refused(request_rec *r)
{
    const ms_request *request = ms_request_get(r);

    if (request->resolved && request->status == APR_SUCCESS && request->live_n == 0 &&
        request->cookies.n > 0 && request->cookies.untried == 0) {
        ms_request_get(r)->may_clear = 1;
    }
}

/* Whether so little time has gone by since the request came that no sign-in came between. */
static int is_prompt(request_rec *r)
{
    const apr_interval_time_t age = apr_time_now() - ms_request_chain_first(r)->request_time;

    return age >= 0 && age < CLEAR_WITHIN;
}

void ms_session_settle_cookie(request_rec *r)
{
    ms_request *request = ms_request_get(r);

    if (request->may_clear && !request->set_cookie && is_prompt(r)) {
        set_cookie(r, NULL, 0);
    }
}

/* ---- begin --------------------------------------------------------------------------- */

/* When a session ends if it is not used again. */
static apr_int64_t idle_end(const ms_server_conf *conf, apr_int64_t now, apr_int64_t absolute_end)
{
    const apr_int64_t idle_at = now + conf->idle_timeout;

    return conf->idle_timeout > 0 && idle_at < absolute_end ? idle_at : absolute_end;
}

static int is_remembered(const ms_server_conf *conf, int asked)
{
    return conf->remember == MS_REMEMBER_ON || (conf->remember == MS_REMEMBER_ASK && asked);
}

/* NULL where none is configured, or it cannot be worked out, or is empty. */
static const char *label_for(request_rec *r, apr_pool_t *p)
{
    const ap_expr_info_t *expr = ms_dir_conf_get(r)->label;
    const char *error = NULL, *label = expr ? ap_expr_str_exec(r, expr, &error) : NULL;

    if (error) {
        const char *suffix = ms_log_limit_suffix(MS_LOG_LABEL, r->pool);

        if (suffix) {
            ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r, "MS0012: ManagedSessionLabel: %s%s",
                          error, suffix);
        }
        return NULL;
    }
    return label && *label ? apr_pstrdup(p, ms_utf8_storable(p, label, LABEL_MAX)) : NULL;
}

static ms_row *new_row(request_rec *r, apr_pool_t *p, const ms_token *token, const char *user,
                       const char *method, int remember)
{
    const ms_server_conf *conf = ms_server_conf_get(r->server);
    const apr_int64_t now = ms_clock_now();
    apr_int64_t life = conf->lifetime;
    ms_row *row = apr_pcalloc(p, sizeof(*row));
    char *hash = apr_palloc(p, MS_HASH_LEN + 1);

    ms_token_hash(token, hash, p);
    row->persistent = is_remembered(conf, remember);
    if (!row->persistent && conf->transient_lifetime < life) {
        life = conf->transient_lifetime;
    }
    row->id = apr_pstrdup(p, token->id);
    row->secret_hash = hash;
    row->user = apr_pstrdup(p, user);
    row->created_at = now;
    row->last_seen_at = now;
    row->max_expires_at = now + life;
    row->expires_at = idle_end(conf, now, row->max_expires_at);
    row->created_ip = r->useragent_ip;
    row->last_ip = r->useragent_ip;
    row->user_agent = ms_device_describe(
        p, apr_table_get(r->headers_in, "User-Agent"), apr_table_get(r->headers_in, "Sec-CH-UA"),
        apr_table_get(r->headers_in, "Sec-CH-UA-Platform"), USER_AGENT_MAX);
    row->auth_method = apr_pstrdup(p, ms_utf8_storable(p, method, MS_METHOD_MAX));
    row->label = label_for(r, p);
    return row;
}

/* What the browser presented must not live on beside the new session: it may have been planted. */
static apr_status_t end_presented(const ms_db_ctx *ctx, const ms_request *request,
                                  apr_int64_t *ended)
{
    const apr_int64_t now = ms_clock_now();

    *ended = 0;
    for (int i = 0; i < request->live_n; i++) {
        apr_int64_t n;
        const apr_status_t rv =
            ms_cached_store_end(ctx, request->live[i]->user, request->live[i]->id, now, &n);

        if (rv != APR_SUCCESS) {
            return rv;
        }
        *ended += n;
    }
    return APR_SUCCESS;
}

static void adopt(ms_request *request, const ms_row *row, const ms_token *token)
{
    request->resolved = 1;
    request->status = APR_SUCCESS;
    request->row = row;
    request->touched = 1; /* it is new, or gone */
    request->live[0] = row;
    request->live_n = row ? 1 : 0;
    if (token) {
        request->token = *token;
    }
}

static int presented_of(const ms_request *request, const char *user)
{
    int n = 0;

    for (int i = 0; i < request->live_n; i++) {
        n += strcmp(request->live[i]->user, user) == 0;
    }
    return n;
}

static int is_presented(const ms_request *request, const char *id)
{
    for (int i = 0; i < request->live_n; i++) {
        if (strcmp(request->live[i]->id, id) == 0) {
            return 1;
        }
    }
    return 0;
}

/* How many sessions the form has made that the browser did not present. */
static apr_status_t count_of_form(request_rec *r, const ms_db_ctx *ctx, const ms_shown_form *form,
                                  apr_int64_t *n)
{
    apr_array_header_t *rows;
    apr_status_t rv;

    *n = 0;
    if (!form) {
        return APR_SUCCESS;
    }
    rv = ms_shown_form_sessions(ctx, form, ms_clock_now(), &rows);
    for (int i = 0; rv == APR_SUCCESS && i < rows->nelts; i++) {
        *n += !is_presented(ms_request_get(r), APR_ARRAY_IDX(rows, i, const ms_row *)->id);
    }
    return rv;
}

/* Before anything is written: does the user have room for one more, in place of those that the
 * browser presented and those of the same form? */
static apr_status_t check_room(request_rec *r, const ms_db_ctx *ctx, const ms_shown_form *form,
                               const ms_row *made)
{
    const ms_server_conf *conf = ms_server_conf_get(r->server);
    apr_int64_t n = 0, of_form;
    apr_status_t rv;

    if (!conf->limit || !conf->limit_refuses) {
        return APR_SUCCESS;
    }
    rv = count_of_form(r, ctx, form, &of_form);
    if (rv == APR_SUCCESS) {
        rv = ms_store_count(ctx, made->user, made->created_at, &n);
    }
    if (rv == APR_SUCCESS &&
        n - of_form - presented_of(ms_request_get(r), made->user) >= conf->limit) {
        rv = APR_ENOSPC;
    }
    return rv;
}

/*
 * Of a user's sessions the newest stays, which is told by created_at. If the user is at the limit
 * and signs in twice in a second, the second session must be the newer one: it is dated a second
 * after the first.
 */
static apr_status_t date_as_newest(request_rec *r, const ms_db_ctx *ctx, ms_row *made)
{
    const ms_server_conf *conf = ms_server_conf_get(r->server);
    apr_int64_t latest = 0;
    apr_status_t rv = APR_SUCCESS;

    if (conf->limit && !conf->limit_refuses) {
        rv = ms_store_latest(ctx, made->user, made->last_seen_at, conf->limit, &latest);
    }
    if (rv == APR_SUCCESS && latest >= made->created_at) {
        made->created_at = latest + 1;
    }
    return rv;
}

/*
 * After the insert: several sign-ins may have found room at once. There is no lock that three
 * databases share; but the last of them sees them all, so there are never more than the limit.
 * The session that the browser presented does not count: it is ended next, once nothing else can
 * fail.
 */
static apr_status_t enforce_limit(request_rec *r, const ms_db_ctx *ctx, const ms_row *made)
{
    const ms_server_conf *conf = ms_server_conf_get(r->server);
    const ms_request *request = ms_request_get(r);
    apr_int64_t n = 0;
    apr_status_t rv = APR_SUCCESS;

    if (conf->limit && conf->limit_refuses) {
        rv = ms_cached_store_end_over(ctx, made, made->created_at,
                                      conf->limit + presented_of(request, made->user), &n);
        rv = rv == APR_SUCCESS && n > 0 ? APR_ENOSPC : rv;
    }
    else if (conf->limit) {
        rv = ms_cached_store_evict(ctx, made->user,
                                   request->live_n == 1 ? request->live[0]->id : NULL,
                                   made->last_seen_at, conf->limit, &n);
        if (n > 0) {
            ms_event event = ms_event_of("evicted", made->user, NULL);

            event.by_session = made->id;
            event.count = n;
            ms_event_write(r, &event);
            ms_count(MS_COUNT_EVICTIONS, n);
        }
    }
    return rv;
}

/*
 * After the insert: of a form's sessions the one submitted last stays. Several submissions at once
 * do this at once, and the last of them to insert its row sees all rows. A session that the browser
 * presented is ended next, once nothing else can fail.
 * @return APR_EEXIST: a later submission has its session already, so this one must end
 */
static apr_status_t keep_last_of_form(request_rec *r, const ms_db_ctx *ctx,
                                      const ms_shown_form *form, const ms_row *made)
{
    apr_array_header_t *rows;
    apr_int64_t n;
    int is_last = 1;
    apr_status_t rv = ms_shown_form_sessions(ctx, form, ms_clock_now(), &rows);

    for (int i = 0; rv == APR_SUCCESS && i < rows->nelts; i++) {
        const char *id = APR_ARRAY_IDX(rows, i, const ms_row *)->id;
        const ms_scope scope = {.kind = MS_SCOPE_ID, .user = made->user, .id = id};

        if (ms_shown_form_is_later(form, id, made->id)) {
            is_last = 0;
        }
        else if (strcmp(id, made->id) != 0 && !is_presented(ms_request_get(r), id)) {
            rv = ms_cached_store_revoke(ctx, &scope, ms_clock_now(), &n);
        }
    }
    return rv == APR_SUCCESS && !is_last ? APR_EEXIST : rv;
}

/* The row is in the table and everything else done, or neither. */
static apr_status_t store_new(request_rec *r, const ms_db_ctx *ctx, const ms_shown_form *form,
                              ms_row *made)
{
    apr_int64_t ended;
    apr_status_t rv = check_room(r, ctx, form, made);

    if (rv == APR_SUCCESS) {
        rv = date_as_newest(r, ctx, made);
    }
    if (rv == APR_SUCCESS) {
        rv = ms_store_insert(ctx, made);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = form ? keep_last_of_form(r, ctx, form, made) : APR_SUCCESS;
    if (rv == APR_SUCCESS) {
        rv = enforce_limit(r, ctx, made);
    }
    if (rv == APR_SUCCESS) {
        rv = end_presented(ctx, ms_request_get(r), &ended);
    }
    if (rv != APR_SUCCESS) {
        ms_cached_store_end(ctx, made->user, made->id, made->last_seen_at, &ended);
    }
    return rv;
}

static void log_bad_user(request_rec *r, const char *user)
{
    const char *suffix = ms_log_limit_suffix(MS_LOG_BAD_USER, r->pool);

    if (suffix) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "MS0011: \"%s\" cannot be the name of a user: it must be 1 to 255 characters "
                      "of UTF-8 without control characters, and without blanks around it where "
                      "ManagedSessionUserHeader is used; nobody was signed in%s",
                      user, suffix);
    }
}

static apr_status_t check_user(request_rec *r, const char *user)
{
    if (ms_session_is_user(r, user)) {
        return APR_SUCCESS;
    }
    log_bad_user(r, user ? user : "");
    return APR_EINVAL;
}

/* Whether the user's newest sessions in the table, live or expired, have one of this browser,
 * system and network. Asked for the event log alone. */
static int is_known_device(request_rec *r, const ms_db_ctx *ctx, const ms_row *made)
{
    const ms_list_part newest = {.limit = KNOWN_DEVICES};
    apr_array_header_t *rows;
    ms_device here, there;

    if (!ms_events_wanted(r->server) ||
        ms_store_list(ctx, made->user, 0, &newest, &rows) != APR_SUCCESS) {
        return 1;
    }
    ms_device_name(ctx->p, made->user_agent, &here);
    for (int i = 0; i < rows->nelts; i++) {
        const ms_row *row = APR_ARRAY_IDX(rows, i, const ms_row *);

        ms_device_name(ctx->p, row->user_agent, &there);
        if (strcmp(here.name, there.name) == 0 &&
            ms_network_is_same(ctx->p, made->created_ip, row->last_ip)) {
            return 1;
        }
    }
    return 0;
}

static void note_sign_in(request_rec *r, const ms_row *made, int known_device)
{
    ms_event event = ms_event_of("sign_in", made->user, made->id);

    event.method = made->auth_method;
    event.new_device = !known_device;
    ms_event_write(r, &event);
    ms_count(MS_COUNT_SIGN_INS, 1);
}

static apr_status_t begin_with(request_rec *r, const ms_token *token, const ms_shown_form *form,
                               const char *user, const char *method, int remember,
                               const ms_row **row)
{
    const ms_db_ctx ctx = db_ctx_of(r);
    ms_row *made = new_row(r, ctx.p, token, user, method, remember);
    const int known_device = is_known_device(r, &ctx, made);
    const apr_status_t rv = store_new(r, &ctx, form, made);

    if (rv == APR_SUCCESS) {
        ms_request *request = ms_request_get(r);

        request->forget_pages |= request->live_n > presented_of(request, made->user);
        adopt(request, made, token);
        set_cookie(r, token, made->persistent ? made->max_expires_at - made->created_at : 0);
        note_sign_in(r, made, known_device);
        *row = made;
    }
    else if (rv == APR_ENOSPC) {
        ms_event event = ms_event_of("sign_in_refused", made->user, NULL);

        event.method = made->auth_method;
        event.reason = "limit of sessions";
        event.period = MS_EVENT_PERIOD;
        ms_event_write(r, &event);
        ms_count(MS_COUNT_REFUSALS, 1);
    }
    return rv;
}

static apr_status_t begin_within_limit(request_rec *r, const ms_token *token,
                                       const ms_shown_form *form, const char *user,
                                       const char *method, int remember, const ms_row **row)
{
    apr_uint64_t key;
    const apr_int64_t wait = ms_sign_in_limit_take_session(r, user, &key);
    apr_status_t rv;

    if (wait) {
        ms_sign_in_log_refused(r, user, method, MS_REFUSED_SESSIONS, key);
        ms_respond_retry_after(r, wait);
        return APR_EBUSY;
    }
    rv = begin_with(r, token, form, user, method, remember, row);
    if (rv != APR_SUCCESS) {
        ms_sign_in_limit_give_session_back(key);
    }
    return rv == APR_EEXIST ? APR_SUCCESS : rv;
}

static apr_status_t begin_from_form(request_rec *r, const char *shown_form, const char *user,
                                    const char *method, int remember, const ms_row **row)
{
    const char *realm = ms_server_conf_get(r->server)->realm;
    ms_shown_form form;
    ms_token token;
    const int has_form = ms_shown_form_read(r->pool, shown_form, realm, user, &form);
    apr_status_t rv = ms_token_make(&token);

    if (rv == APR_SUCCESS) {
        if (has_form) {
            ms_shown_form_mark(&form, ms_request_chain_first(r)->request_time, &token);
        }
        rv = begin_within_limit(r, &token, has_form ? &form : NULL, user, method, remember, row);
    }
    apr_crypto_memzero(&token, sizeof(token));
    return rv;
}

apr_status_t ms_session_begin(request_rec *r, const char *user, const char *method, int remember,
                              const char *shown_form, const ms_row **row)
{
    const ms_row *presented;
    const char *name;
    apr_status_t rv;

    *row = NULL;
    if (ms_plain_http_drops_cookie(r)) {
        return APR_EACCES;
    }
    name = ms_user_name_of(r, user);
    rv = name || !user ? check_user(r, name) : APR_EINVAL;
    if (rv == APR_SUCCESS) {
        rv = ms_session_current(r, &presented);
    }
    if (rv == APR_SUCCESS) {
        rv = begin_from_form(r, shown_form, name, method, remember, row);
    }
    if (rv == APR_SUCCESS) {
        ms_plain_http_note_sign_in(r);
    }
    return rv;
}

/* ---- touch ------------------------------------------------------------------------------------
 */

/* Often enough that a session in use is not taken for idle, whatever the interval says. */
static apr_int64_t touch_interval(const ms_server_conf *conf)
{
    const apr_int64_t tenth = conf->idle_timeout / 10;

    if (conf->idle_timeout > 0 && tenth < conf->touch_interval) {
        return tenth > 0 ? tenth : 1;
    }
    return conf->touch_interval;
}

void ms_session_touch(request_rec *r)
{
    const ms_server_conf *conf = ms_server_conf_get(r->server);
    ms_request *request = ms_request_peek(r);
    const apr_int64_t now = ms_clock_now(), interval = touch_interval(conf);
    apr_int64_t touched;
    ms_db_ctx ctx;

    if (!request || !request->row || request->touched ||
        now - request->row->last_seen_at < interval || ms_store_is_touch_paused(conf->store, now)) {
        return;
    }
    request->touched = 1;
    ctx = db_ctx_of(r);
    /* Not much is lost if this fails, and the store has logged it. */
    if (ms_cached_store_touch(&ctx, &request->found, r->useragent_ip, now,
                              idle_end(conf, now, request->row->max_expires_at), interval,
                              &touched) == APR_SUCCESS) {
        ms_count(MS_COUNT_TOUCHES, touched);
    }
}

int ms_session_is_touch_urgent(request_rec *r)
{
    const ms_server_conf *conf = ms_server_conf_get(r->server);
    const ms_request *request = ms_request_peek(r);

    return conf->idle_timeout > 0 && request && request->row &&
           request->row->expires_at - ms_clock_now() < conf->idle_timeout / 2;
}

/* ---- end --------------------------------------------------------------------------------------
 */

static void sign_out_here(request_rec *r)
{
    adopt(ms_request_get(r), NULL, NULL);
    set_cookie(r, NULL, 0);
}

apr_status_t ms_session_end_current(request_rec *r)
{
    ms_request *request = ms_request_get(r);
    apr_int64_t ended = 0;
    const ms_row *row;
    apr_status_t rv = ms_session_current(r, &row);

    if (rv == APR_SUCCESS && request->live_n > 0) {
        const ms_db_ctx ctx = db_ctx_of(r);

        rv = end_presented(&ctx, request, &ended);
    }
    if (rv == APR_SUCCESS) {
        if (row) {
            const ms_event event = ms_event_of("signed_out", row->user, row->id);

            ms_event_write(r, &event);
            ms_count(MS_COUNT_SIGN_OUTS, 1);
        }
        adopt(request, NULL, NULL);
        if (ended > 0 || (is_prompt(r) && request->cookies.untried == 0)) {
            set_cookie(r, NULL, 0);
        }
    }
    return rv;
}

static void note_revoked(request_rec *r, const char *user, const char *by, const char *id,
                         apr_int64_t n)
{
    const ms_row *current = ms_request_get(r)->row;
    ms_event event = ms_event_of("revoked", user, id);

    event.by_user = by;
    event.by_session = current ? current->id : NULL;
    event.count = n;
    ms_event_write(r, &event);
    ms_count(MS_COUNT_REVOCATIONS, n);
}

apr_status_t ms_session_revoke(request_rec *r, const char *id, apr_int64_t *ended)
{
    const ms_row *row;
    apr_status_t rv = ms_session_current(r, &row);

    *ended = 0;
    if (rv == APR_SUCCESS && row && ms_token_is_id(id, strlen(id))) {
        const ms_db_ctx ctx = db_ctx_of(r);

        rv = ms_cached_store_end(&ctx, row->user, id, ms_clock_now(), ended);
        if (rv == APR_SUCCESS && *ended > 0) {
            note_revoked(r, row->user, row->user, id, *ended);
        }
        if (rv == APR_SUCCESS && strcmp(id, row->id) == 0) {
            sign_out_here(r);
        }
    }
    return rv;
}

apr_status_t ms_session_revoke_all(request_rec *r, int others_only, apr_int64_t *ended)
{
    const ms_row *row;
    apr_status_t rv = ms_session_current(r, &row);

    *ended = 0;
    if (rv == APR_SUCCESS && row) {
        const ms_db_ctx ctx = db_ctx_of(r);

        rv = ms_cached_store_end_all(&ctx, row->user, others_only ? row->id : NULL, ms_clock_now(),
                                     ended);
        if (rv == APR_SUCCESS) {
            note_revoked(r, row->user, row->user, NULL, *ended);
            if (!others_only) {
                sign_out_here(r);
            }
        }
    }
    return rv;
}

apr_status_t ms_session_list(request_rec *r, const ms_list_part *part, apr_array_header_t **rows)
{
    const ms_row *current;
    apr_status_t rv = ms_session_current(r, &current);

    *rows = NULL;
    if (rv == APR_SUCCESS && current) {
        const ms_db_ctx ctx = db_ctx_of(r);
        ms_list_part own = *part;

        own.first = current->id;
        rv = ms_store_list(&ctx, current->user, ms_clock_now(), &own, rows);
    }
    return rv;
}

apr_status_t ms_session_show(request_rec *r, const char *id, const ms_row **row)
{
    const ms_row *current;
    apr_status_t rv = ms_session_current(r, &current);

    *row = NULL;
    if (rv == APR_SUCCESS && current) {
        rv = ms_session_admin_find(r, id, row);
        if (*row && strcmp((*row)->user, current->user) != 0) {
            *row = NULL;
        }
    }
    return rv;
}

apr_status_t ms_session_count(request_rec *r, apr_int64_t *n)
{
    const ms_row *current;
    apr_status_t rv = ms_session_current(r, &current);

    *n = 0;
    if (rv == APR_SUCCESS && current) {
        const ms_db_ctx ctx = db_ctx_of(r);

        rv = ms_store_count(&ctx, current->user, ms_clock_now(), n);
    }
    return rv;
}

/* ---- for administrators -----------------------------------------------------------------------
 */

const ms_row *ms_session_admin_own(request_rec *r)
{
    const ms_row *row;

    if (!r->ap_auth_type || ap_cstr_casecmp(r->ap_auth_type, MS_AUTH_TYPE) != 0 ||
        ms_session_current(r, &row) != APR_SUCCESS) {
        return NULL;
    }
    return row;
}

apr_status_t ms_session_admin_search(request_rec *r, const ms_search *search,
                                     apr_array_header_t **rows)
{
    const ms_db_ctx ctx = db_ctx_of(r);

    return ms_store_newest(&ctx, search, ms_clock_now(), rows);
}

apr_status_t ms_session_admin_find(request_rec *r, const char *id, const ms_row **row)
{
    const ms_db_ctx ctx = db_ctx_of(r);

    *row = NULL;
    return ms_token_is_id(id, strlen(id)) ? ms_store_show(&ctx, id, ms_clock_now(), row)
                                          : APR_SUCCESS;
}

apr_status_t ms_session_admin_count(request_rec *r, const char *user, const char *ip,
                                    apr_int64_t *n)
{
    const ms_db_ctx ctx = db_ctx_of(r);

    if (!user && !ip) {
        return ms_store_count_of_realm(&ctx, ms_clock_now(), n);
    }
    return user ? ms_store_count(&ctx, user, ms_clock_now(), n)
                : ms_store_count_of_ip(&ctx, ip, ms_clock_now(), n);
}

static void note_admin(request_rec *r, ms_event event, const char *scope, apr_int64_t n)
{
    const ms_row *own = ms_session_admin_own(r);

    event.by_user = r->user;
    event.by_session = own ? own->id : NULL;
    event.scope = scope;
    event.count = n;
    ms_event_write(r, &event);
    ms_count(MS_COUNT_REVOCATIONS, n);
}

apr_status_t ms_session_admin_end(request_rec *r, const char *id, apr_int64_t *ended)
{
    const ms_db_ctx ctx = db_ctx_of(r);
    const ms_row *own = ms_session_admin_own(r), *row;
    apr_status_t rv = ms_session_admin_find(r, id, &row);

    *ended = 0;
    if (rv == APR_SUCCESS && row) {
        rv = ms_cached_store_end(&ctx, row->user, id, ms_clock_now(), ended);
    }
    if (rv == APR_SUCCESS && *ended > 0) {
        note_admin(r, ms_event_of("revoked", row->user, id), "one", *ended);
        if (own && strcmp(own->id, id) == 0) {
            sign_out_here(r);
        }
    }
    return rv;
}

apr_status_t ms_session_admin_end_user(request_rec *r, const char *user, apr_int64_t *ended)
{
    const ms_db_ctx ctx = db_ctx_of(r);
    const ms_row *own = ms_session_admin_own(r);
    const apr_status_t rv = ms_cached_store_end_all(&ctx, user, NULL, ms_clock_now(), ended);

    if (rv == APR_SUCCESS) {
        note_admin(r, ms_event_of("revoked", user, NULL), "user", *ended);
        if (own && strcmp(own->user, user) == 0) {
            sign_out_here(r);
        }
    }
    return rv;
}

apr_status_t ms_session_admin_end_realm(request_rec *r, apr_int64_t *ended)
{
    const ms_db_ctx ctx = db_ctx_of(r);
    const ms_row *own = ms_session_admin_own(r);
    const apr_status_t rv = ms_cached_store_end_of_realm(&ctx, ms_clock_now(), ended);

    if (rv == APR_SUCCESS || *ended > 0) {
        note_admin(r, ms_event_of("revoked", NULL, NULL), "realm", *ended);
    }
    if (rv == APR_SUCCESS && own) {
        sign_out_here(r);
    }
    return rv;
}

apr_status_t ms_session_admin_end_ip(request_rec *r, const char *ip, apr_int64_t *ended)
{
    const ms_db_ctx ctx = db_ctx_of(r);
    const ms_row *own = ms_session_admin_own(r), *still;
    const apr_status_t rv = ms_cached_store_end_of_ip(&ctx, ip, ms_clock_now(), ended);
    ms_event event = ms_event_of("revoked", NULL, NULL);

    if (rv == APR_SUCCESS) {
        event.of_ip = ip;
        note_admin(r, event, "ip", *ended);
    }
    if (rv == APR_SUCCESS && own &&
        ms_store_find(&ctx, own->id, ms_clock_now(), &still) == APR_SUCCESS && !still) {
        sign_out_here(r);
    }
    return rv;
}

/* ---- for other modules ----------------------------------------------------------------------- */

static const managed_session_t *as_public(request_rec *r, const ms_row *row)
{
    managed_session_t *session;

    if (!row) {
        return NULL;
    }
    session = apr_pcalloc(ms_request_chain_first(r)->pool, sizeof(*session));
    session->id = row->id;
    session->user = row->user;
    session->realm = ms_server_conf_get(r->server)->realm;
    session->auth_method = row->auth_method;
    session->created_at = row->created_at;
    session->expires_at = row->expires_at;
    session->persistent = row->persistent;
    return session;
}

static apr_status_t managed_session_get(request_rec *r, const managed_session_t **session)
{
    ms_request *request = ms_request_get(r);
    const ms_row *row;
    const apr_status_t rv = ms_session_current(r, &row);

    if (request->depends == MS_DEPENDS_NOT) {
        request->depends = MS_DEPENDS_OPTIONALLY;
    }
    *session = as_public(r, row);
    return rv;
}

static apr_status_t managed_session_create(request_rec *r, const char *user, const char *method,
                                           int persistent, const managed_session_t **session)
{
    const ms_row *row;
    const apr_status_t rv = ms_session_begin(r, user, method, persistent, NULL, &row);

    *session = as_public(r, row);
    return rv;
}

static apr_status_t managed_session_revoke(request_rec *r, const char *user, const char *id,
                                           apr_int64_t *revoked)
{
    const ms_db_ctx ctx = db_ctx_of(r);
    const ms_row *current;
    apr_status_t rv = ms_session_current(r, &current);

    *revoked = 0;
    if (rv != APR_SUCCESS || !ms_utf8_is_user_name(user) ||
        (id && !ms_token_is_id(id, strlen(id)))) {
        return rv;
    }
    rv = id ? ms_cached_store_end(&ctx, user, id, ms_clock_now(), revoked)
            : ms_cached_store_end_all(&ctx, user, NULL, ms_clock_now(), revoked);
    if (rv == APR_SUCCESS && *revoked > 0) {
        note_revoked(r, user, r->user, id, *revoked);
        if (current && strcmp(current->user, user) == 0 && (!id || strcmp(current->id, id) == 0)) {
            sign_out_here(r);
        }
    }
    return rv;
}

void ms_session_register_functions(void)
{
    APR_REGISTER_OPTIONAL_FN(managed_session_get);
    APR_REGISTER_OPTIONAL_FN(managed_session_create);
    APR_REGISTER_OPTIONAL_FN(managed_session_revoke);
}

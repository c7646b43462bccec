/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Search and revoke sessions of any user. Access is decided by the configuration; without a
 * required user the page refuses everyone. The forms of an administrator with a session carry its
 * token. For one whom another module authenticated there is no secret to derive a token from; then
 * the browser's headers must show that the form comes from this origin.
 */
#include "pages/admin.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <http_log.h>
#include <http_protocol.h>
#include "core/clock.h"
#include "http/form_body.h"
#include "config/config.h"
#include "core/form.h"
#include "access/htaccess.h"
#include "access/own_pages.h"
#include "access/recheck.h"
#include "core/log_limit.h"
#include "http/origin.h"
#include "pages/page.h"
#include "session/revoke.h"
#include "session/all_sessions.h"
#include "session/request.h"
#include "pages/sessions.h"
#include "pages/view.h"
#include "http/respond.h"
#include "core/address.h"
#include "core/percent.h"
#include "core/utf8.h"

APLOG_USE_MODULE(managed_session);

#define PAGE     (MS_NEWEST_MAX - 1)
#define TIME_MAX 12 /* digits */

/* A search as the query string has it: at most one of user, address and id. */
typedef struct query {
    const char *user;
    const char *ip;
    const char *id;
    const char *confirm; /* what is about to be revoked, "user", "ip" or "realm"; or NULL */
    apr_int64_t before;
    const char *before_id; /* NULL: the first page */
} query;

static json_t *text_of(request_rec *r, const char *text)
{
    return json_string(ms_utf8_storable(r->pool, text, 255));
}

/* ---- what is asked for -----------------------------------------------------------------------
 */

/* A field that was left empty counts as absent. */
static const char *field(const apr_table_t *fields, const char *name)
{
    const char *value = apr_table_get(fields, name);

    return value && *value ? value : NULL;
}

/* "<created_at>.<id>" of the last session of the page before. */
static int read_before(query *q, const char *text)
{
    const apr_size_t digits = strspn(text, "0123456789");

    if (digits == 0 || digits > TIME_MAX || text[digits] != '.' ||
        !ms_token_is_id(text + digits + 1, strlen(text + digits + 1))) {
        return 0;
    }
    q->before = apr_atoi64(text);
    q->before_id = text + digits + 1;
    return 1;
}

static int read_query(request_rec *r, query *q)
{
    const char *args = r->args ? r->args : "", *before;
    apr_table_t *fields;

    memset(q, 0, sizeof(*q));
    if (ms_form_parse(r->pool, args, strlen(args), &fields)) {
        return 0;
    }
    q->user = field(fields, "user");
    q->ip = field(fields, "ip");
    q->id = field(fields, "id");
    q->confirm = field(fields, "confirm");
    before = field(fields, "before");
    return !!q->user + !!q->ip + !!q->id <= 1 && (!before || read_before(q, before));
}

static const char *parameter(request_rec *r, const char *name, const char *value)
{
    return value ? apr_pstrcat(r->pool, name, "=", ms_percent_encode(r->pool, value), NULL) : "";
}

/* The query string of a search, "" for all sessions. */
static const char *search_args(request_rec *r, const query *q)
{
    return apr_pstrcat(r->pool, parameter(r, "user", q->user), parameter(r, "ip", q->ip),
                       parameter(r, "id", q->id), NULL);
}

static const char *url_of(request_rec *r, const char *args)
{
    return apr_pstrcat(r->pool, ms_percent_encode(r->pool, r->uri), *args ? "?" : "", args, NULL);
}

/* ---- the model -------------------------------------------------------------------------------
 */

static apr_status_t search(request_rec *r, const query *q, apr_array_header_t **rows)
{
    const ms_search wanted = {q->user, q->ip ? ms_address_canonical(r->pool, q->ip) : NULL,
                              q->before, q->before_id};
    const ms_row *row = NULL;
    apr_status_t rv = APR_SUCCESS;

    *rows = apr_array_make(r->pool, 1, sizeof(const ms_row *));
    if (q->id) {
        rv = ms_all_sessions_find(r, q->id, &row);
        if (row) {
            APR_ARRAY_PUSH(*rows, const ms_row *) = row;
        }
        return rv;
    }
    if ((q->user && !ms_utf8_is_user_name(q->user)) || (q->ip && !wanted.ip)) {
        return APR_SUCCESS; /* no such user or address exists; a database might reject the text */
    }
    return ms_all_sessions_search(r, &wanted, rows);
}

/* The query string of the next page; NULL if there is none. */
static const char *next_args(request_rec *r, const query *q, apr_array_header_t *rows)
{
    const char *same = search_args(r, q);
    const ms_row *last;

    if (rows->nelts <= PAGE) {
        return NULL;
    }
    rows->nelts = PAGE;
    last = APR_ARRAY_IDX(rows, PAGE - 1, const ms_row *);
    return apr_psprintf(r->pool, "%s%sbefore=%" APR_INT64_T_FMT ".%s", same, *same ? "&" : "",
                        last->created_at, last->id);
}

static json_t *sessions_model(request_rec *r, const apr_array_header_t *rows)
{
    const ms_row *own = ms_request_session_of_user(r);
    json_t *sessions = json_array();

    for (int i = 0; i < rows->nelts; i++) {
        const ms_row *row = APR_ARRAY_IDX(rows, i, const ms_row *);
        json_t *model = ms_sessions_model(r, row, own);

        json_object_set_new(model, "user", text_of(r, row->user));
        json_array_append_new(sessions, model);
    }
    return sessions;
}

/* ---- GET -------------------------------------------------------------------------------------
 */

static void add_token(request_rec *r, json_t *model)
{
    const char *csrf = ms_request_session_of_user(r) ? ms_request_form_token(r, "") : NULL;

    if (csrf) {
        json_object_set_new(model, "csrf", json_string(csrf));
    }
}

static void add_words(request_rec *r, json_t *sessions, const apr_array_header_t *rows)
{
    for (int i = 0; i < rows->nelts; i++) {
        const ms_row *row = APR_ARRAY_IDX(rows, i, const ms_row *);
        json_t *model = json_array_get(sessions, (size_t)i);

        ms_view_add_words(r, model, row, ms_clock_now());
        json_object_set_new(model, "user_query", json_string(parameter(r, "user", row->user)));
        json_object_set_new(model, "ip_query", json_string(parameter(r, "ip", row->created_ip)));
        json_object_set_new(model, "last_ip_query", json_string(parameter(r, "ip", row->last_ip)));
    }
}

static int send_page(request_rec *r, const query *q, json_t *sessions,
                     const apr_array_header_t *rows, const char *next)
{
    json_t *model = ms_page_model(r);
    const char *scope = q->user ? "user" : q->ip ? "ip" : NULL;

    ms_page_set_heading(r, model, "All sessions");
    add_words(r, sessions, rows);
    json_object_set_new(model, "sessions", sessions);
    json_object_set_new(model, "admin", text_of(r, r->user));
    json_object_set_new(model, "search_user", text_of(r, q->user));
    json_object_set_new(model, "search_ip", text_of(r, q->ip));
    json_object_set_new(model, "search_id", text_of(r, q->id));
    json_object_set_new(model, "searched", json_boolean(q->user || q->ip || q->id));
    json_object_set_new(model, "later", json_boolean(q->before_id != NULL));
    if (next) {
        json_object_set_new(model, "next", json_string(next));
    }
    if (rows->nelts > 0 && !q->id && !scope) {
        json_object_set_new(model, "end_realm", json_true());
    }
    if (scope && rows->nelts > 0) {
        json_object_set_new(model, "whose", text_of(r, q->user ? q->user : q->ip));
        json_object_set_new(model, "of_user", json_boolean(q->user != NULL));
        json_object_set_new(
            model, "end_all",
            json_string(apr_pstrcat(r->pool, "confirm=", scope, "&", search_args(r, q), NULL)));
    }
    add_token(r, model);
    return ms_page_send(r, HTTP_OK, "admin.html", model);
}

static int show(request_rec *r, const query *q)
{
    apr_array_header_t *rows;
    json_t *sessions;
    const char *next;

    if (search(r, q, &rows) != APR_SUCCESS) {
        return ms_page_unavailable(r);
    }
    next = next_args(r, q, rows);
    sessions = sessions_model(r, rows);
    if (ms_own_pages_wants_json(r)) {
        return ms_page_send_json(
            r, HTTP_OK,
            json_pack("{s:o, s:s?}", "sessions", sessions, "next", next ? url_of(r, next) : NULL));
    }
    return send_page(r, q, sessions, rows, next);
}

/* *name: the field of the form that names what is revoked. *value: NULL for the realm. Returns 0 if
 * the query names nothing that can be revoked. */
static int read_confirm(request_rec *r, const query *q, const char **name, const char **value)
{
    *value = NULL;
    if (strcmp(q->confirm, "realm") == 0) {
        *name = "of_realm";
        return !q->user && !q->ip && !q->id;
    }
    *name = q->user ? "of_user" : "of_ip";
    if (strcmp(q->confirm, "user") == 0) {
        *value = q->user;
    }
    else if (strcmp(q->confirm, "ip") == 0 && q->ip) {
        *value = ms_address_canonical(r->pool, q->ip);
    }
    return *value && ms_utf8_is_user_name(*value);
}

/* The page to confirm that many sessions are revoked: it shows how many. */
static int confirm(request_rec *r, const query *q)
{
    const char *name, *value;
    apr_int64_t n = 0;
    json_t *model;

    if (!read_confirm(r, q, &name, &value)) {
        return ms_page_bad_form(r, HTTP_BAD_REQUEST);
    }
    if (ms_all_sessions_count(r, q->user, value, &n) != APR_SUCCESS) {
        return ms_page_unavailable(r);
    }
    model = ms_page_model(r);
    ms_page_set_heading(r, model, "Sign out?");
    if (value) {
        json_object_set_new(model, "whose", json_string(value));
    }
    json_object_set_new(model, name, value ? json_string(value) : json_true());
    json_object_set_new(model, "count", json_integer(n));
    json_object_set_new(model, "back", json_string(search_args(r, q)));
    add_token(r, model);
    return ms_page_send(r, HTTP_OK, "admin_confirm.html", model);
}

int ms_admin_get(request_rec *r)
{
    query q;

    if (!read_query(r, &q)) {
        return ms_page_bad_form(r, HTTP_BAD_REQUEST);
    }
    return q.confirm ? confirm(r, &q) : show(r, &q);
}

/* ---- the end of sessions ---------------------------------------------------------------------
 */

static apr_status_t end_scope(request_rec *r, ms_scope scope, apr_int64_t *ended)
{
    return ms_session_revoke(r, MS_ACTOR_ADMINISTRATOR, &scope, ended);
}

static apr_status_t end_one(request_rec *r, const char *id, apr_int64_t *ended)
{
    return end_scope(r, (ms_scope){.kind = MS_SCOPE_ID, .id = id}, ended);
}

static apr_status_t end_user(request_rec *r, const char *user, apr_int64_t *ended)
{
    return end_scope(r, (ms_scope){.kind = MS_SCOPE_USER, .user = user}, ended);
}

static apr_status_t end_ip(request_rec *r, const char *text, apr_int64_t *ended)
{
    const char *ip = ms_address_canonical(r->pool, text);

    *ended = 0;
    return ip ? end_scope(r, (ms_scope){.kind = MS_SCOPE_IP, .ip = ip}, ended) : APR_SUCCESS;
}

static apr_status_t end_realm(request_rec *r, apr_int64_t *ended)
{
    return end_scope(r, (ms_scope){.kind = MS_SCOPE_REALM}, ended);
}

/* A form of the page: revokes what it names. *q becomes the search to go back to. */
static int act(request_rec *r, const apr_table_t *fields, query *q)
{
    const char *action = apr_table_get(fields, "action"), *id = field(fields, "id"),
               *user = field(fields, "user"), *ip = field(fields, "ip");
    apr_int64_t ended;
    apr_status_t rv;

    if (action && id && strcmp(action, "revoke") == 0) {
        rv = end_one(r, id, &ended);
    }
    else if (action && user && strcmp(action, "revoke-user") == 0) {
        rv = end_user(r, user, &ended);
        *q = (query){.user = user};
    }
    else if (action && ip && strcmp(action, "revoke-ip") == 0) {
        rv = end_ip(r, ip, &ended);
        *q = (query){.ip = ip};
    }
    else if (action && strcmp(action, "revoke-realm") == 0) {
        rv = end_realm(r, &ended);
        *q = (query){0};
    }
    else {
        return ms_page_bad_form(r, HTTP_BAD_REQUEST);
    }
    if (rv != APR_SUCCESS) {
        return ms_page_unavailable(r);
    }
    return ms_page_redirect(r, url_of(r, search_args(r, q)));
}

static int is_own_form(request_rec *r, const apr_table_t *fields)
{
    if (ms_request_session_of_user(r)) {
        return ms_request_form_token_check(r, "", apr_table_get(fields, "csrf"));
    }
    return ms_origin_is_same(r, ms_config_origins(r));
}

int ms_admin_post(request_rec *r)
{
    apr_table_t *fields;
    const int status = ms_form_body_read(r, &fields);
    query q;

    if (status != OK) {
        return ms_page_bad_form(r, status);
    }
    if (!is_own_form(r, fields)) {
        return ms_request_session_of_user(r) ? ms_page_stale_form(r) : ms_page_cross_site(r);
    }
    if (!read_query(r, &q)) {
        memset(&q, 0, sizeof(q));
    }
    return act(r, fields, &q);
}

/* ---- DELETE: the JSON interface --------------------------------------------------------------
 */

static int delete_many(request_rec *r)
{
    const char *scope, *user, *ip;
    apr_table_t *fields;
    apr_int64_t ended;
    apr_status_t rv;

    if (ms_form_parse(r->pool, r->args, strlen(r->args), &fields)) {
        return ms_page_status(r, HTTP_BAD_REQUEST);
    }
    scope = field(fields, "scope");
    user = field(fields, "user");
    ip = field(fields, "ip");
    if (scope && user && !ip && strcmp(scope, "user") == 0) {
        rv = end_user(r, user, &ended);
    }
    else if (scope && ip && !user && strcmp(scope, "ip") == 0) {
        rv = end_ip(r, ip, &ended);
    }
    else if (scope && !user && !ip && strcmp(scope, "realm") == 0) {
        rv = end_realm(r, &ended);
    }
    else {
        return ms_page_status(r, HTTP_BAD_REQUEST);
    }
    if (rv != APR_SUCCESS) {
        return ms_page_unavailable(r);
    }
    return ms_page_send_revoked(r, ended);
}

static int delete_one(request_rec *r, const char *id)
{
    apr_int64_t ended = 0;

    if (end_one(r, id, &ended) != APR_SUCCESS) {
        return ms_page_unavailable(r);
    }
    return ms_page_status(r, ended > 0 ? HTTP_NO_CONTENT : HTTP_NOT_FOUND);
}

/* The last segment of the path is taken for an id: no directive names the path of this page. */
int ms_admin_delete(request_rec *r)
{
    const char *slash = strrchr(r->uri, '/'), *id = slash ? slash + 1 : "";
    const int has_args = r->args && *r->args;

    ms_respond_leave_body_unread(r);
    if (has_args && !ms_token_is_id(id, strlen(id))) {
        return delete_many(r);
    }
    return has_args ? ms_page_status(r, HTTP_NOT_FOUND) : delete_one(r, id);
}

/* ----------------------------------------------------------------------------------------------
 */

static void log_open_page(request_rec *r)
{
    const char *suffix = ms_log_limit_suffix(MS_LOG_OPEN_ADMIN, r->pool);

    if (suffix) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "MS0080: " MS_HANDLER_ADMIN
                      " shows nothing, since not everybody who comes here must be a user; give its "
                      "location an AuthType and a line such as \"Require user admin\", and no "
                      "\"Satisfy Any\"%s",
                      suffix);
    }
}

/* The author of an .htaccess file could become any administrator by a password file. */
static int is_from_htaccess(request_rec *r)
{
    const char *module = ms_htaccess_sets(r, MS_OWN_REQUIRE), *suffix;

    if (!module && !ms_htaccess_gives_handler(r)) {
        return 0;
    }
    suffix = ms_log_limit_suffix(MS_LOG_HTACCESS_ADMIN, r->pool);
    if (suffix) {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r,
                      "MS0103: " MS_HANDLER_ADMIN
                      " shows nothing at %s: an .htaccess file has directives of %s there; write "
                      "who is an administrator into the server's own configuration%s",
                      r->uri, module ? module : "core.c", suffix);
    }
    return 1;
}

static int refuse(request_rec *r)
{
    ms_respond_leave_body_unread(r);
    if (ms_own_pages_wants_json(r)) {
        return ms_page_send_json(r, HTTP_FORBIDDEN,
                                 json_pack("{s:s}", "error", "no user is required here"));
    }
    return ms_page_message(r, HTTP_FORBIDDEN, "This page is not available",
                           "No administrators are configured. See the server's error log.");
}

int ms_admin_check(request_rec *r)
{
    if (!ms_recheck_user_is_required(r)) {
        log_open_page(r);
        return refuse(r);
    }
    return is_from_htaccess(r) ? refuse(r) : DECLINED;
}

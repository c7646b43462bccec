/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Search and revoke sessions of any user. The forms of an administrator with a session carry its
 * token. For one whom another module authenticated there is no secret to derive a token from; then
 * the browser's headers must show that the form comes from this origin.
 */
#include "pages/admin.h"

#include <string.h>
#include <apr_strings.h>
#include <http_protocol.h>
#include "access/own_pages.h"
#include "config/config.h"
#include "core/address.h"
#include "core/clock.h"
#include "core/form.h"
#include "core/percent.h"
#include "core/utf8.h"
#include "http/form_body.h"
#include "http/origin.h"
#include "http/respond.h"
#include "pages/admin_export.h"
#include "pages/admin_search.h"
#include "pages/page.h"
#include "pages/scope.h"
#include "pages/sessions.h"
#include "pages/view.h"
#include "session/all_sessions.h"
#include "session/request.h"

static json_t *text_of(request_rec *r, const char *text)
{
    return json_string(ms_utf8_storable(r->pool, text, 255));
}

static const char *url_of(request_rec *r, const char *args)
{
    return apr_pstrcat(r->pool, ms_percent_encode(r->pool, r->uri), *args ? "?" : "", args, NULL);
}

/* ---- the model -------------------------------------------------------------------------------
 */

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
    const char *csrf = ms_request_session_of_user(r) ? ms_request_form_token(r) : NULL;

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
        json_object_set_new(model, "user_query",
                            json_string(ms_admin_search_parameter(r, "user", row->user)));
        json_object_set_new(model, "ip_query",
                            json_string(ms_admin_search_parameter(r, "ip", row->created_ip)));
        json_object_set_new(model, "last_ip_query",
                            json_string(ms_admin_search_parameter(r, "ip", row->last_ip)));
    }
}

/* The page says at its head what it is: it looks like that of the user's own sessions. */
static json_t *page_model(request_rec *r)
{
    const ms_language *language = ms_page_language(r);
    json_t *model = ms_page_model(r);
    const char *site = json_string_value(json_object_get(model, "title"));

    json_object_set_new(
        model, "title",
        json_string(apr_pstrcat(r->pool, site ? site : "", " \xE2\x80\x93 ",
                                ms_language_text(language, "Administration"), NULL)));
    json_object_set_new(model, "wide", json_true());
    return model;
}

static json_t *url_args(request_rec *r, const char *args, const char *more)
{
    return json_string(apr_pstrcat(r->pool, args, *args ? "&" : "", more, NULL));
}

static json_t *list_model(request_rec *r, const ms_admin_search *q, json_t *sessions,
                          const apr_array_header_t *rows, const char *next, apr_int64_t total)
{
    json_t *model = page_model(r);
    const char *scope = q->user ? "user" : q->ip ? "ip" : NULL, *same = ms_admin_search_args(r, q);

    ms_page_set_heading(r, model, "All sessions");
    add_words(r, sessions, rows);
    json_object_set_new(model, "sessions", sessions);
    json_object_set_new(model, "has_sessions", json_boolean(rows->nelts > 0));
    json_object_set_new(model, "total", json_integer(total));
    if (rows->nelts > 0) {
        json_object_set_new(model, "csv", url_args(r, same, "format=csv"));
    }
    if (!q->ip && !q->id) {
        json_object_set_new(model, "ended", url_args(r, same, "state=ended"));
    }
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
        json_object_set_new(model, "end_all",
                            json_string(apr_pstrcat(r->pool, "confirm=", scope, "&",
                                                    ms_admin_search_args(r, q), NULL)));
    }
    add_token(r, model);
    return model;
}

/* How many the search has in all; counted only if there is more than this page. */
static apr_status_t count(request_rec *r, const ms_admin_search *q, int shown, const char *next,
                          apr_int64_t *total)
{
    const char *ip = q->ip ? ms_address_canonical(r->pool, q->ip) : NULL;

    *total = shown;
    return next || (q->before_id && shown > 0) ? ms_all_sessions_count(r, q->user, ip, total)
                                               : APR_SUCCESS;
}

static int send_page(request_rec *r, const ms_admin_search *q, json_t *sessions,
                     const apr_array_header_t *rows, const char *next)
{
    apr_int64_t total;

    if (count(r, q, rows->nelts, next, &total) != APR_SUCCESS) {
        json_decref(sessions);
        return ms_page_unavailable(r);
    }
    return ms_page_send(r, HTTP_OK, "admin.html", list_model(r, q, sessions, rows, next, total));
}

static int send_json(request_rec *r, json_t *sessions, const char *next)
{
    return ms_page_send_json(
        r, HTTP_OK,
        json_pack("{s:o, s:s?}", "sessions", sessions, "next", next ? url_of(r, next) : NULL));
}

static int show(request_rec *r, const ms_admin_search *q)
{
    apr_array_header_t *rows;
    json_t *sessions;
    const char *next;

    if (ms_admin_search_run(r, q, &rows, &next) != APR_SUCCESS) {
        return ms_page_unavailable(r);
    }
    sessions = sessions_model(r, rows);
    return ms_own_pages_wants_json(r) ? send_json(r, sessions, next)
                                      : send_page(r, q, sessions, rows, next);
}

/* Live sessions have an end that is to come; of these it is the time they ended. */
static void add_end(request_rec *r, json_t *session, const ms_row *row)
{
    const json_t *ended_at = json_object_get(session, "expires_at");

    json_object_set(session, "ended_at", (json_t *)ended_at);
    json_object_del(session, "expires_at");
    json_object_set_new(session, "end_reason",
                        row->end_reason ? text_of(r, row->end_reason) : json_null());
    json_object_set_new(session, "ended_by",
                        row->ended_by ? text_of(r, row->ended_by) : json_null());
}

static int send_ended(request_rec *r, const ms_admin_search *q, json_t *sessions,
                      const apr_array_header_t *rows, const char *next)
{
    json_t *model = page_model(r);

    ms_page_set_heading(r, model, "Ended sessions");
    add_words(r, sessions, rows);
    for (int i = 0; i < rows->nelts; i++) {
        const ms_row *row = APR_ARRAY_IDX(rows, i, const ms_row *);

        json_t *session = json_array_get(sessions, (size_t)i);

        json_object_set_new(session, "ended_text", json_string(ms_page_date(r, row->expires_at)));
        json_object_set(session, "by", json_object_get(session, "ended_by"));
    }
    json_object_set_new(model, "sessions", sessions);
    json_object_set_new(model, "has_sessions", json_boolean(rows->nelts > 0));
    json_object_set_new(model, "whose", q->user ? text_of(r, q->user) : json_null());
    json_object_set_new(model, "live", json_string(ms_admin_search_args(r, q)));
    json_object_set_new(model, "next", next ? json_string(next) : json_null());
    return ms_page_send(r, HTTP_OK, "admin_ended.html", model);
}

static int show_ended(request_rec *r, const ms_admin_search *q)
{
    apr_array_header_t *rows;
    json_t *sessions;
    const char *next;

    if (ms_admin_search_ended(r, q, &rows, &next) != APR_SUCCESS) {
        return ms_page_unavailable(r);
    }
    sessions = sessions_model(r, rows);
    for (int i = 0; i < rows->nelts; i++) {
        add_end(r, json_array_get(sessions, (size_t)i), APR_ARRAY_IDX(rows, i, const ms_row *));
    }
    return ms_own_pages_wants_json(r) ? send_json(r, sessions, next)
                                      : send_ended(r, q, sessions, rows, next);
}

/* *name: the field of the form that names what is revoked. *value: NULL for the realm. Returns 0 if
 * the query names nothing that can be revoked. */
static int read_confirm(request_rec *r, const ms_admin_search *q, const char **name,
                        const char **value)
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
static int confirm(request_rec *r, const ms_admin_search *q)
{
    const char *name, *value;
    apr_int64_t n = 0;
    json_t *model;

    if (!read_confirm(r, q, &name, &value)) {
        return ms_page_bad_query(r);
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
    json_object_set_new(model, "back", json_string(ms_admin_search_args(r, q)));
    add_token(r, model);
    return ms_page_send(r, HTTP_OK, "admin_confirm.html", model);
}

int ms_admin_get(request_rec *r)
{
    ms_admin_search q;

    if (!ms_admin_search_read(r, &q)) {
        return ms_page_bad_query(r);
    }
    if (q.confirm) {
        return confirm(r, &q);
    }
    if (q.is_ended) {
        return show_ended(r, &q);
    }
    return ms_admin_export_is_wanted(r, &q) ? ms_admin_export_send(r, &q) : show(r, &q);
}

/* ---- POST and DELETE ------------------------------------------------------------------------
 */

/* The search to go back to. */
static ms_admin_search search_after(const ms_scope *done, const apr_table_t *fields,
                                    const ms_admin_search *before)
{
    switch (done->kind) {
    case MS_SCOPE_ID:
        return *before;
    case MS_SCOPE_USER:
        return (ms_admin_search){.user = done->user};
    case MS_SCOPE_IP:
        return (ms_admin_search){.ip = ms_form_field(fields, "ip")};
    default:
        return (ms_admin_search){0};
    }
}

static int act(request_rec *r, const apr_table_t *fields)
{
    ms_admin_search before = {0}, after;
    apr_int64_t revoked;
    ms_scope scope;

    if (!ms_scope_of_form(r, MS_ACTOR_ADMINISTRATOR, fields, &scope)) {
        return ms_page_bad_body(r, HTTP_BAD_REQUEST);
    }
    if (ms_scope_revoke(r, MS_ACTOR_ADMINISTRATOR, &scope, &revoked) != APR_SUCCESS) {
        return ms_page_unavailable(r);
    }
    if (!ms_admin_search_read(r, &before)) {
        before = (ms_admin_search){0};
    }
    after = search_after(&scope, fields, &before);
    return ms_page_redirect(r, url_of(r, ms_admin_search_args(r, &after)));
}

static int is_own_form(request_rec *r, const apr_table_t *fields)
{
    if (ms_request_session_of_user(r)) {
        return ms_request_form_token_check(r, apr_table_get(fields, "csrf"));
    }
    return ms_origin_is_same(r, ms_config_origins(r));
}

int ms_admin_post(request_rec *r)
{
    apr_table_t *fields;
    const int status = ms_form_body_read(r, &fields);

    if (status != OK) {
        return ms_page_bad_body(r, status);
    }
    if (!is_own_form(r, fields)) {
        return ms_request_session_of_user(r) ? ms_page_stale_form(r) : ms_page_cross_site(r);
    }
    return act(r, fields);
}

/* The last segment of the path is taken for an id: no directive names the path of this page. */
int ms_admin_delete(request_rec *r)
{
    const char *slash = strrchr(r->uri, '/'), *id = slash ? slash + 1 : "";
    const int has_args = r->args && *r->args;

    ms_respond_leave_body_unread(r);
    if (has_args && !ms_token_is_id(id, strlen(id))) {
        return ms_scope_delete_many(r, MS_ACTOR_ADMINISTRATOR);
    }
    return has_args ? ms_page_refuse(r, MS_PROBLEM_NOT_FOUND)
                    : ms_scope_delete_one(r, MS_ACTOR_ADMINISTRATOR, id);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTML and JSON come out of one model; the page adds what only a form needs. Whose sessions are
 * shown and ended is decided by the session that asks, never by anything in the request.
 */
#include "sessions_page.h"

#include <string.h>
#include <apr_strings.h>
#include <http_log.h>
#include <http_protocol.h>
#include "body.h"
#include "config.h"
#include "device.h"
#include "form.h"
#include "gate.h"
#include "origin.h"
#include "page.h"
#include "session.h"
#include "sessions_view.h"
#include "text.h"

APLOG_USE_MODULE(managed_session);

#define ALLOWED "GET, HEAD, POST, DELETE"

/* ---- the model ------------------------------------------------------------------------------- */

static json_t *text_or_null(const char *text)
{
    json_t *value = text ? json_string(text) : NULL;

    return value ? value : json_null();
}

static json_t *time_of(request_rec *r, apr_int64_t epoch)
{
    return json_string(ms_text_time(r->pool, epoch));
}

json_t *ms_session_model(request_rec *r, const ms_row *row, const ms_row *current)
{
    json_t *model = json_object();
    ms_device device;

    ms_device_name(r->pool, row->user_agent, &device);
    json_object_set_new(model, "id", json_string(row->id));
    json_object_set_new(model, "current",
                        json_boolean(current && strcmp(row->id, current->id) == 0));
    json_object_set_new(model, "device", text_or_null(device.name));
    json_object_set_new(model, "browser", text_or_null(device.browser));
    json_object_set_new(model, "os", text_or_null(device.os));
    json_object_set_new(model, "ip", text_or_null(row->created_ip));
    json_object_set_new(model, "last_ip", text_or_null(row->last_ip));
    json_object_set_new(model, "label", text_or_null(row->label));
    json_object_set_new(model, "method", text_or_null(row->auth_method));
    json_object_set_new(model, "created_at", time_of(r, row->created_at));
    json_object_set_new(model, "last_seen_at", time_of(r, row->last_seen_at));
    json_object_set_new(model, "expires_at", time_of(r, row->expires_at));
    return model;
}

static json_t *list_model(request_rec *r, const ms_row *current, const apr_array_header_t *rows)
{
    json_t *model = json_object(), *sessions = json_array();

    for (int i = 0; i < rows->nelts; i++) {
        json_array_append_new(sessions,
                              ms_session_model(r, APR_ARRAY_IDX(rows, i, const ms_row *), current));
    }
    json_object_set_new(model, "user", json_string(current->user));
    json_object_set_new(model, "sessions", sessions);
    return model;
}

/* ---- GET ------------------------------------------------------------------------------------- */

static int wants_json(request_rec *r)
{
    return ms_text_prefers(apr_table_get(r->headers_in, "Accept"), "application/json", "text/html");
}

static int show_list(request_rec *r, const ms_row *current)
{
    apr_array_header_t *rows;
    json_t *list;

    if (ms_session_list(r, &rows) != APR_SUCCESS) {
        return ms_page_unavailable(r);
    }
    list = list_model(r, current, rows);
    apr_table_mergen(r->headers_out, "Vary", "Accept");
    if (wants_json(r)) {
        return ms_page_send_json(r, HTTP_OK, list);
    }
    return ms_sessions_view(r, list, rows);
}

/* ---- POST: the page's forms ------------------------------------------------------------------ */

static int go_back(request_rec *r, const char *query)
{
    const char *list = ms_text_escape_query(r->pool, r->uri), *page = ms_sessions_page_asked(r);

    page = page ? apr_pstrcat(r->pool, *query ? "&" : "?", "page=", page, NULL) : "";
    return ms_page_redirect(r, apr_pstrcat(r->pool, list, query, page, NULL));
}

/* What it was is asked before it is gone. */
static int revoke_one(request_rec *r, const char *id)
{
    apr_array_header_t *rows;
    const char *agent = NULL;
    apr_int64_t ended;

    if (ms_session_list(r, &rows) != APR_SUCCESS) {
        return ms_page_unavailable(r);
    }
    for (int i = 0; rows && i < rows->nelts; i++) {
        const ms_row *row = APR_ARRAY_IDX(rows, i, const ms_row *);

        agent = strcmp(row->id, id) == 0 ? row->user_agent : agent;
    }
    if (ms_session_revoke(r, id, &ended) != APR_SUCCESS) {
        return ms_page_unavailable(r);
    }
    if (!ms_request_get(r)->row) {
        return go_back(r, ""); /* it was this one */
    }
    return go_back(r, ended > 0 && agent ? ms_sessions_notice_device(r, agent)
                                         : ms_sessions_notice_gone(r));
}

static int revoke_many(request_rec *r, int others_only)
{
    apr_int64_t ended;

    if (ms_session_revoke_all(r, others_only, &ended) != APR_SUCCESS) {
        return ms_page_unavailable(r);
    }
    return go_back(r, others_only && ended > 0 ? ms_sessions_notice_others(r, ended) : "");
}

static int act(request_rec *r, const apr_table_t *fields)
{
    const char *action = apr_table_get(fields, "action"), *id = apr_table_get(fields, "id");

    if (action && id && strcmp(action, "revoke") == 0) {
        return revoke_one(r, id);
    }
    if (action && strcmp(action, "revoke-others") == 0) {
        return revoke_many(r, 1);
    }
    if (action && strcmp(action, "revoke-all") == 0) {
        return revoke_many(r, 0);
    }
    return ms_page_bad_form(r, HTTP_BAD_REQUEST);
}

static int handle_post(request_rec *r)
{
    apr_table_t *fields;
    const int status = ms_body_read_form(r, &fields);

    if (status != OK) {
        return ms_page_bad_form(r, status);
    }
    if (!ms_csrf_check(r->pool, apr_table_get(fields, "csrf"), &ms_request_get(r)->token,
                       ms_server_conf_get(r->server)->realm)) {
        return ms_page_stale_form(r);
    }
    return act(r, fields);
}

/* ---- DELETE: the JSON interface ---------------------------------------------------------------
 */

static int delete_many(request_rec *r)
{
    apr_table_t *query;
    const char *scope;
    apr_int64_t ended;

    if (ms_form_parse(r->pool, r->args, strlen(r->args), &query)) {
        return ms_page_status(r, HTTP_BAD_REQUEST);
    }
    scope = apr_table_get(query, "scope");
    if (!scope || (strcmp(scope, "others") != 0 && strcmp(scope, "all") != 0)) {
        return ms_page_status(r, HTTP_BAD_REQUEST);
    }
    if (ms_session_revoke_all(r, strcmp(scope, "others") == 0, &ended) != APR_SUCCESS) {
        return ms_page_unavailable(r);
    }
    return ms_page_send_json(r, HTTP_OK, json_pack("{s:I}", "revoked", (json_int_t)ended));
}

/* One answer for an id that is another's, gone or nonsense, so that nothing can be learned from it.
 */
static int delete_one(request_rec *r, const char *id)
{
    apr_int64_t ended = 0;

    if (ms_session_revoke(r, id, &ended) != APR_SUCCESS) {
        return ms_page_unavailable(r);
    }
    return ms_page_status(r, ended > 0 ? HTTP_NO_CONTENT : HTTP_NOT_FOUND);
}

/* What follows the list's own path, "/<id>" say; "" for the list itself. Where no
 * ManagedSessionListURL says which path that is, whatever stands last is taken for an id. */
static const char *path_below(request_rec *r)
{
    const char *list = ms_dir_conf_get(r)->list_url, *path = list ? ms_gate_path_of(list) : NULL;
    const apr_size_t len = path ? strcspn(path, "?#") : 0;
    const char *slash;

    if (len > 1 && strncmp(r->uri, path, len) == 0 && (!r->uri[len] || r->uri[len] == '/')) {
        return r->uri + len;
    }
    slash = strrchr(r->uri, '/');
    return slash && ms_token_is_id(slash + 1, strlen(slash + 1)) ? slash : "";
}

static int handle_delete(request_rec *r)
{
    const char *below = path_below(r);

    ms_leave_body_unread(r);
    if (*below) {
        return r->args && *r->args ? ms_page_status(r, HTTP_NOT_FOUND) : delete_one(r, below + 1);
    }
    return r->args && *r->args ? delete_many(r) : ms_page_wrong_method(r, "GET, HEAD, POST");
}

/* ---------------------------------------------------------------------------------------------- */

/* Where there is no page to sign in to, in the look of the others; a script gets the status alone.
 */
static int challenge(request_rec *r)
{
    const int status = ms_gate_challenge(r);

    if (status != HTTP_UNAUTHORIZED || r->method_number == M_DELETE || wants_json(r)) {
        return status;
    }
    return ms_page_message(r, status, "You are not signed in",
                           "This page is for those who are signed in.");
}

int ms_sessions_page_answer(request_rec *r)
{
    const ms_row *current;

    if (r->method_number != M_GET && r->method_number != M_POST && r->method_number != M_DELETE) {
        return ms_page_wrong_method(r, ALLOWED);
    }
    if (r->method_number == M_GET ? ms_is_foreign_embed(r) : ms_is_cross_site(r)) {
        return ms_page_cross_site(
            r); /* before anybody is known, so that it tells nothing of that */
    }
    ms_request_get(r)->depends = MS_DEPENDS_ENTIRELY;
    if (ms_session_current(r, &current) != APR_SUCCESS) {
        return ms_page_unavailable(r);
    }
    if (!current) {
        return challenge(r);
    }
    switch (r->method_number) {
    case M_POST:
        return handle_post(r);
    case M_DELETE:
        return handle_delete(r);
    default:
        return show_list(r, current);
    }
}

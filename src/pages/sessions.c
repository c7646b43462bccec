/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTML and JSON are made from one model; the page adds what a form needs. The user comes from the
 * session of the request, never from its fields.
 */
#include "pages/sessions.h"

#include <string.h>
#include <apr_strings.h>
#include <http_log.h>
#include <http_protocol.h>
#include "http/form_body.h"
#include "config/config.h"
#include "core/form.h"
#include "access/challenge.h"
#include "access/own_pages.h"
#include "http/origin.h"
#include "pages/devices.h"
#include "pages/page.h"
#include "pages/scope.h"
#include "session/own_sessions.h"
#include "session/request.h"
#include "pages/view.h"
#include "http/respond.h"
#include "core/clock.h"
#include "core/percent.h"

APLOG_USE_MODULE(managed_session);

#define JSON_MAX 200 /* sessions in one answer */

/* ---- the model ------------------------------------------------------------------------------- */

static json_t *text_or_null(const char *text)
{
    json_t *value = text ? json_string(text) : NULL;

    return value ? value : json_null();
}

static json_t *time_of(request_rec *r, apr_int64_t epoch)
{
    return json_string_nocheck(ms_clock_rfc3339(r->pool, epoch));
}

json_t *ms_sessions_model(request_rec *r, const ms_row *row, const ms_row *current)
{
    json_t *model = json_object();
    const ms_device *device = ms_devices_get(r, row->user_agent);

    json_object_set_new_nocheck(model, "id", json_string(row->id));
    json_object_set_new_nocheck(model, "current",
                                json_boolean(current && strcmp(row->id, current->id) == 0));
    json_object_set_new_nocheck(model, "device", text_or_null(device->name));
    json_object_set_new_nocheck(model, "browser", text_or_null(device->browser));
    json_object_set_new_nocheck(model, "os", text_or_null(device->os));
    json_object_set_new_nocheck(model, "ip", text_or_null(row->created_ip));
    json_object_set_new_nocheck(model, "last_ip", text_or_null(row->last_ip));
    json_object_set_new_nocheck(model, "name", text_or_null(row->name));
    json_object_set_new_nocheck(model, "label", text_or_null(row->label));
    json_object_set_new_nocheck(model, "method", text_or_null(row->auth_method));
    json_object_set_new_nocheck(model, "created_at", time_of(r, row->created_at));
    json_object_set_new_nocheck(model, "last_seen_at", time_of(r, row->last_seen_at));
    json_object_set_new_nocheck(model, "expires_at", time_of(r, row->expires_at));
    return model;
}

json_t *ms_sessions_models(request_rec *r, const apr_array_header_t *rows)
{
    const ms_row *current = ms_request_row(ms_request_get(r));
    json_t *sessions = json_array();

    for (int i = 0; i < rows->nelts; i++) {
        json_array_append_new(
            sessions, ms_sessions_model(r, APR_ARRAY_IDX(rows, i, const ms_row *), current));
    }
    return sessions;
}

/* ---- GET ------------------------------------------------------------------------------------- */

/* "<last seen>.<created>.<id>" of the last session of the part before. */
static int read_cursor(const char *text, ms_list_part *part)
{
    char *end;

    part->seen = apr_strtoi64(text, &end, 10);
    if (end == text || *end != '.' || *text == '-') {
        return 0;
    }
    text = end + 1;
    part->created = apr_strtoi64(text, &end, 10);
    if (end == text || *end != '.' || *text == '-') {
        return 0;
    }
    part->after = end + 1;
    return ms_token_is_id(part->after, strlen(part->after));
}

/* ?limit=&cursor= */
static int read_part(request_rec *r, ms_list_part *part)
{
    const char *args = r->args ? r->args : "", *limit, *cursor;
    apr_table_t *query;
    char *end;

    *part = (ms_list_part){.limit = JSON_MAX};
    if (ms_form_parse(r->pool, args, strlen(args), &query)) {
        return 1; /* not a query of this page */
    }
    limit = apr_table_get(query, "limit");
    cursor = apr_table_get(query, "cursor");
    if (limit) {
        part->limit = apr_strtoi64(limit, &end, 10);
        if (end == limit || *end || part->limit < 1 || part->limit > JSON_MAX) {
            return 0;
        }
    }
    return !cursor || read_cursor(cursor, part);
}

/* The URL of the next part. */
static const char *next_url(request_rec *r, apr_int64_t limit, const ms_row *last)
{
    return apr_psprintf(
        r->pool,
        "%s?limit=%" APR_INT64_T_FMT "&cursor=%" APR_INT64_T_FMT ".%" APR_INT64_T_FMT ".%s",
        ms_percent_encode(r->pool, r->uri), limit, last->last_seen_at, last->created_at, last->id);
}

/* The last row in the order of the list. The current session is first and outside that order; if it
 * is the only row, the next part begins at the top. */
static const ms_row *last_used(request_rec *r, const apr_array_header_t *rows,
                               const ms_row *current)
{
    static const char before_all[] = "----------------------";
    const ms_row *last = APR_ARRAY_IDX(rows, rows->nelts - 1, const ms_row *);
    ms_row *start;

    if (strcmp(last->id, current->id) != 0) {
        return last;
    }
    start = apr_pcalloc(r->pool, sizeof(*start));
    start->id = before_all;
    start->last_seen_at = start->created_at = APR_INT64_MAX;
    return start;
}

static int send_list(request_rec *r, const ms_row *current)
{
    const char *next = NULL;
    apr_array_header_t *rows;
    ms_list_part part;
    json_t *list;
    int limit;

    if (!read_part(r, &part)) {
        return ms_page_status(r, HTTP_BAD_REQUEST);
    }
    limit = (int)part.limit++; /* one more tells that there is another part */
    if (ms_own_sessions_list(r, &part, &rows) != APR_SUCCESS) {
        return ms_page_unavailable(r);
    }
    if (rows->nelts > limit) {
        rows->nelts = limit;
        next = next_url(r, limit, last_used(r, rows, current));
    }
    list = json_object();
    json_object_set_new_nocheck(list, "user", json_string(current->user));
    json_object_set_new_nocheck(list, "sessions", ms_sessions_models(r, rows));
    if (next) {
        json_object_set_new_nocheck(list, "next", json_string(next));
    }
    return ms_page_send_json(r, HTTP_OK, list);
}

static int show_list(request_rec *r, const ms_row *current)
{
    return ms_own_pages_wants_json(r) ? send_list(r, current) : ms_view_send(r);
}

/* ---- POST: the page's forms ------------------------------------------------------------------ */

/* done: the notice that the page shows then; NULL: none. id: the session that it is about, or NULL.
 */
static int go_back(request_rec *r, const char *done, const char *id)
{
    const char *list = ms_percent_encode(r->pool, r->uri), *page = ms_view_page_asked(r);

    done = done ? apr_pstrcat(r->pool, "?done=", done, id ? "&id=" : NULL, id, NULL) : "";
    page = page ? apr_pstrcat(r->pool, *done ? "&" : "?", "page=", page, NULL) : "";
    return ms_page_redirect(r, apr_pstrcat(r->pool, list, done, page, NULL));
}

/* The notice that says what happened; NULL: the user is signed out, or the list is as before. */
static const char *notice(request_rec *r, const ms_scope *scope, apr_int64_t revoked)
{
    if (!ms_request_row(ms_request_get(r))) {
        return NULL;
    }
    if (scope->kind == MS_SCOPE_ID) {
        return revoked > 0 ? MS_VIEW_DONE_ONE : MS_VIEW_DONE_GONE;
    }
    return revoked > 0 ? MS_VIEW_DONE_OTHERS : NULL;
}

/* The user's own session is ended without it, as by the sign-out page. */
static int confirm(request_rec *r, const ms_scope *scope)
{
    const ms_row *current = ms_request_row(ms_request_get(r));

    return scope->kind == MS_SCOPE_ID && current && strcmp(scope->id, current->id) == 0
               ? DECLINED
               : ms_sessions_confirm(r);
}

static int is_naming(const apr_table_t *fields)
{
    const char *action = apr_table_get(fields, "action");

    return action && strcmp(action, "rename") == 0 && apr_table_get(fields, "id");
}

static int name_session(request_rec *r, const apr_table_t *fields)
{
    const char *name = apr_table_get(fields, "name");
    const int status = ms_sessions_confirm(r);
    int renamed;

    if (status != DECLINED) {
        return status;
    }
    if (ms_own_sessions_rename(r, apr_table_get(fields, "id"), name ? name : "", &renamed) !=
        APR_SUCCESS) {
        return ms_page_unavailable(r);
    }
    return go_back(r, renamed ? MS_VIEW_DONE_NAMED : MS_VIEW_DONE_GONE, NULL);
}

static int revoke_sessions(request_rec *r, const apr_table_t *fields)
{
    const char *done;
    apr_int64_t revoked;
    ms_scope scope;
    int status;

    if (!ms_scope_of_form(r, MS_ACTOR_SELF, fields, &scope)) {
        return ms_page_bad_form(r, HTTP_BAD_REQUEST);
    }
    status = confirm(r, &scope);
    if (status != DECLINED) {
        return status;
    }
    if (ms_scope_revoke(r, MS_ACTOR_SELF, &scope, &revoked) != APR_SUCCESS) {
        return ms_page_unavailable(r);
    }
    done = notice(r, &scope, revoked);
    return go_back(r, done, done && strcmp(done, MS_VIEW_DONE_ONE) == 0 ? scope.id : NULL);
}

static int act(request_rec *r, const apr_table_t *fields)
{
    return is_naming(fields) ? name_session(r, fields) : revoke_sessions(r, fields);
}

static int handle_post(request_rec *r)
{
    apr_table_t *fields;
    const int status = ms_form_body_read(r, &fields);

    if (status != OK) {
        return ms_page_bad_form(r, status);
    }
    if (!ms_request_form_token_check(r, apr_table_get(fields, "csrf"))) {
        return ms_page_stale_form(r);
    }
    return act(r, fields);
}

/* ---- DELETE: the JSON interface ---------------------------------------------------------------
 */

/* The path after that of the list, such as "/<id>"; "" for the list itself. Without
 * ManagedSessionListURL the last segment is the id if it has the form of one. */
static const char *path_below(request_rec *r)
{
    const ms_url *list = ms_config_list_url(r);
    const char *path = list ? list->path : NULL;
    const apr_size_t len = path ? strlen(path) : 0;
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
    const ms_scope scope = {.kind = *below ? MS_SCOPE_ID : MS_SCOPE_USER,
                            .id = *below ? below + 1 : NULL};
    const int status = confirm(r, &scope);

    ms_respond_leave_body_unread(r);
    if (status != DECLINED) {
        return status;
    }
    if (*below) {
        return r->args && *r->args ? ms_page_status(r, HTTP_NOT_FOUND)
                                   : ms_scope_delete_one(r, MS_ACTOR_SELF, below + 1);
    }
    return r->args && *r->args ? ms_scope_delete_many(r, MS_ACTOR_SELF)
                               : ms_page_wrong_method(r, "GET, HEAD, POST");
}

/* ---------------------------------------------------------------------------------------------- */

/* If there is no sign-in page to redirect to: a page in the same style. A script gets the status
 * only.
 */
static int challenge(request_rec *r)
{
    const int status = ms_challenge(r);

    if (status != HTTP_UNAUTHORIZED || r->method_number == M_DELETE || ms_own_pages_wants_json(r)) {
        return status;
    }
    return ms_page_message(r, status, "You are not signed in", "Sign in to see this page.");
}

int ms_sessions_confirm(request_rec *r)
{
    const apr_int64_t after = ms_server_conf_get(r->server)->confirm_after;
    const ms_row *current = ms_request_row(ms_request_get(r));
    const char *login;

    if (!after || !current || ms_clock_now() - current->created_at <= after) {
        return DECLINED;
    }
    ms_request_set_stale_after(ms_request_get(r), after);
    login = r->method_number == M_POST && !ms_own_pages_wants_json(r) ? ms_challenge_login_url(r)
                                                                      : NULL;
    return login ? ms_page_redirect(r, login) : challenge(r);
}

/* DECLINED if there is a session, else the answer. Called after the request's origin was checked:
 * an answer before that must not depend on the user. */
static int require_session(request_rec *r, const ms_row **current)
{
    ms_request_depend(ms_request_get(r), MS_DEPENDS_ENTIRELY);
    if (ms_request_session(r, current) != APR_SUCCESS) {
        return ms_page_unavailable(r);
    }
    return *current ? DECLINED : challenge(r);
}

int ms_sessions_get(request_rec *r)
{
    const ms_row *current;
    const int status = require_session(r, &current);

    return status == DECLINED ? show_list(r, current) : status;
}

int ms_sessions_post(request_rec *r)
{
    const ms_row *current;
    const int status = require_session(r, &current);

    return status == DECLINED ? handle_post(r) : status;
}

int ms_sessions_delete(request_rec *r)
{
    const ms_row *current;
    const int status = require_session(r, &current);

    return status == DECLINED ? handle_delete(r) : status;
}

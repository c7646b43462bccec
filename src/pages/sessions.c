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
#include "http/json_client.h"
#include "config/config.h"
#include "core/form.h"
#include "access/challenge.h"
#include "access/own_pages.h"
#include "http/origin.h"
#include "pages/apps.h"
#include "pages/devices.h"
#include "pages/list_json.h"
#include "pages/list_path.h"
#include "pages/logout.h"
#include "pages/page.h"
#include "pages/page_body.h"
#include "pages/scope.h"
#include "session/own_sessions.h"
#include "session/request.h"
#include "pages/view.h"
#include "http/respond.h"
#include "core/clock.h"
#include "core/percent.h"

APLOG_USE_MODULE(managed_session);

#define EXPIRED "expired" /* the end_reason of a session that was not ended */

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
    json_object_set_new_nocheck(model, "kind",
                                json_string_nocheck(row->kind == MS_KIND_APP ? "app" : "browser"));
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

json_t *ms_sessions_ended_models(request_rec *r, const apr_array_header_t *rows)
{
    json_t *sessions = json_array();

    for (int i = 0; i < rows->nelts; i++) {
        const ms_row *row = APR_ARRAY_IDX(rows, i, const ms_row *);
        json_t *model = ms_sessions_model(r, row, NULL);

        json_object_set_new_nocheck(model, "ended_at", time_of(r, row->expires_at));
        json_object_set_new_nocheck(model, "end_reason",
                                    json_string(row->end_reason ? row->end_reason : EXPIRED));
        json_object_set_new_nocheck(model, "ended_by", text_or_null(row->ended_by));
        json_array_append_new(sessions, model);
    }
    return sessions;
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

/* ---- POST: the page's forms ------------------------------------------------------------------ */

/* done: the notice that the page shows then; NULL: none. id: the session that it is about, or NULL.
 */
static int go_back(request_rec *r, const char *done, const char *id)
{
    const char *list = ms_percent_encode(r->pool, r->uri), *place = ms_view_place_asked(r);

    done = done ? apr_pstrcat(r->pool, "?done=", done, id ? "&id=" : NULL, id, NULL) : "";
    place = *place ? apr_pstrcat(r->pool, *done ? "&" : "?", place, NULL) : "";
    return ms_page_redirect(r, apr_pstrcat(r->pool, list, done, place, NULL));
}

/* The notice that says what happened; NULL: the list is as before. */
static const char *notice(const ms_scope *scope, apr_int64_t revoked)
{
    if (scope->kind == MS_SCOPE_ID) {
        return revoked > 0 ? MS_VIEW_DONE_ONE : MS_VIEW_DONE_GONE;
    }
    return revoked > 0 ? MS_VIEW_DONE_OTHERS : NULL;
}

/* The window is signed out: the list would only lead it to the sign-in page, without a word. */
static int go_out(request_rec *r, const ms_scope *scope)
{
    const char *url = ms_logout_way_out(r, scope->kind == MS_SCOPE_USER);

    return url ? ms_page_redirect(r, url) : go_back(r, NULL, NULL);
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

int ms_sessions_refuse_name(request_rec *r, apr_status_t rv)
{
    switch (rv) {
    case APR_ENOTIMPL:
        return ms_page_refuse(r, MS_PROBLEM_OLD_TABLE);
    case APR_EINVAL:
        return ms_page_refuse(r, MS_PROBLEM_BAD_NAME);
    case APR_EEXIST:
        return ms_page_refuse(r, MS_PROBLEM_APP_NAME);
    default:
        return ms_page_unavailable(r);
    }
}

static int name_session(request_rec *r, const apr_table_t *fields)
{
    const char *name = apr_table_get(fields, "name");
    const int status = ms_sessions_confirm(r);
    apr_status_t rv;
    int renamed;

    if (status != DECLINED) {
        return status;
    }
    rv = ms_own_sessions_rename(r, apr_table_get(fields, "id"), name ? name : "", &renamed);
    if (rv != APR_SUCCESS) {
        return ms_sessions_refuse_name(r, rv);
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
        return ms_page_bad_body(r, HTTP_BAD_REQUEST);
    }
    status = confirm(r, &scope);
    if (status != DECLINED) {
        return status;
    }
    if (ms_scope_revoke(r, MS_ACTOR_SELF, &scope, &revoked) != APR_SUCCESS) {
        return ms_page_unavailable(r);
    }
    if (!ms_request_row(ms_request_get(r))) {
        return go_out(r, &scope);
    }
    done = notice(&scope, revoked);
    return go_back(r, done, done && strcmp(done, MS_VIEW_DONE_ONE) == 0 ? scope.id : NULL);
}

static int act(request_rec *r, const apr_table_t *fields)
{
    if (ms_apps_is_making(fields)) {
        return ms_apps_make(r, fields);
    }
    return is_naming(fields) ? name_session(r, fields) : revoke_sessions(r, fields);
}

static int handle_post(request_rec *r, const ms_row *current)
{
    apr_table_t *fields;
    int status;

    if (ms_json_client_sends(r)) {
        return ms_apps_make_by_json(r, current);
    }
    status = ms_page_body_form(r, current, &fields);
    if (status != DECLINED) {
        return status;
    }
    if (!ms_request_form_token_check(r, apr_table_get(fields, "csrf"))) {
        return ms_page_stale_form(r);
    }
    return act(r, fields);
}

/* ---- who, and what of the list --------------------------------------------------------------- */

int ms_sessions_require_fresh(request_rec *r, apr_int64_t after)
{
    const ms_row *current = ms_request_row(ms_request_get(r));
    const char *login;

    if (after < 1 || !current || ms_clock_now() - current->created_at <= after) {
        return DECLINED;
    }
    ms_request_set_stale_after(ms_request_get(r), after);
    login = r->method_number == M_POST && !ms_json_client_is(r) ? ms_challenge_login_url(r) : NULL;
    return login ? ms_page_redirect(r, login) : ms_page_challenge(r);
}

apr_int64_t ms_sessions_confirm_after(const request_rec *r)
{
    return ms_dir_conf_get(r)->confirm_after;
}

int ms_sessions_confirm(request_rec *r)
{
    return ms_sessions_require_fresh(r, ms_sessions_confirm_after(r));
}

/* DECLINED if there is a session, else the answer. Called after the request's origin was checked:
 * an answer before that must not depend on the user. */
static int require_session(request_rec *r, const ms_row **current)
{
    ms_request_depend(ms_request_get(r), MS_DEPENDS_ENTIRELY);
    if (ms_request_session(r, current) != APR_SUCCESS) {
        return ms_page_unavailable(r);
    }
    return *current ? DECLINED : ms_page_challenge(r);
}

static int not_found(request_rec *r)
{
    ms_respond_leave_body_unread(r);
    return ms_page_refuse(r, MS_PROBLEM_NOT_FOUND);
}

/* DECLINED if there is a session, and the URL is that of the list or of one of its sessions; else
 * the answer. */
static int begin(request_rec *r, const ms_row **current, ms_list_path *path)
{
    int status;

    *path = (ms_list_path){.what = MS_LIST_NOTHING};
    status = require_session(r, current);
    if (!*current) {
        return status;
    }
    *path = ms_list_path_read(r, (*current)->id);
    return path->what == MS_LIST_NOTHING ? not_found(r) : DECLINED;
}

/* ---- the methods ----------------------------------------------------------------------------- */

/* One session has no page of its own: a window is led to the list. */
static int show_one(request_rec *r, const ms_row *current, const ms_list_path *path)
{
    const ms_row *row;

    if (!ms_json_client_prefers_html(r)) {
        return ms_list_json_send_one(r, current, path);
    }
    if (ms_own_sessions_show(r, path->id, &row) != APR_SUCCESS) {
        return ms_page_unavailable(r);
    }
    return row ? ms_page_redirect(r, ms_percent_encode(r->pool, path->list)) : not_found(r);
}

int ms_sessions_get(request_rec *r)
{
    const ms_row *current;
    ms_list_path path;
    const int status = begin(r, &current, &path);

    if (status != DECLINED) {
        return status;
    }
    if (path.what == MS_LIST_ONE) {
        return show_one(r, current, &path);
    }
    return ms_own_pages_wants_json(r) ? ms_list_json_send(r, current, &path) : ms_view_send(r);
}

/* No page has a form for one session. */
int ms_sessions_post(request_rec *r)
{
    const ms_row *current;
    ms_list_path path;
    const int status = begin(r, &current, &path);

    if (status != DECLINED) {
        return status;
    }
    if (path.what == MS_LIST_WHOLE) {
        return handle_post(r, current);
    }
    return ms_form_body_is_sent(r) ? not_found(r) : ms_page_wrong_method(r, MS_LIST_ONE_METHODS);
}

int ms_sessions_patch(request_rec *r)
{
    const ms_row *current;
    ms_list_path path;
    int status = begin(r, &current, &path);

    if (status != DECLINED) {
        return status;
    }
    if (path.what == MS_LIST_WHOLE) {
        return ms_page_wrong_method(r, "GET, HEAD, POST, DELETE");
    }
    status = ms_sessions_confirm(r);
    if (status != DECLINED) {
        ms_respond_leave_body_unread(r);
        return status;
    }
    return ms_list_json_rename(r, current, &path);
}

static int end_by_json(request_rec *r, const ms_list_path *path)
{
    const int is_one = path->what == MS_LIST_ONE;
    const ms_scope scope = {.kind = is_one ? MS_SCOPE_ID : MS_SCOPE_USER, .id = path->id};
    const int status = confirm(r, &scope);

    if (status != DECLINED) {
        return status;
    }
    return is_one ? ms_scope_delete_one(r, MS_ACTOR_SELF, path->id)
                  : ms_scope_delete_many(r, MS_ACTOR_SELF);
}

int ms_sessions_delete(request_rec *r)
{
    const int has_query = r->args && *r->args;
    const ms_row *current;
    ms_list_path path;
    const int status = begin(r, &current, &path);

    if (status != DECLINED) {
        return status;
    }
    ms_respond_leave_body_unread(r);
    if (path.has_slash || (path.what == MS_LIST_ONE && has_query)) {
        return not_found(r); /* what ends a session is written exactly */
    }
    if (path.what == MS_LIST_WHOLE && !has_query) {
        return ms_page_wrong_method(r, "GET, HEAD, POST");
    }
    return end_by_json(r, &path);
}

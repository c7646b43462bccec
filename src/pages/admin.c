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
#include "config/own_path.h"
#include "core/address.h"
#include "core/form.h"
#include "core/percent.h"
#include "core/utf8.h"
#include "http/origin.h"
#include "http/respond.h"
#include "pages/admin_export.h"
#include "pages/admin_search.h"
#include "pages/admin_view.h"
#include "pages/page.h"
#include "pages/page_body.h"
#include "pages/scope.h"
#include "pages/sessions.h"
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

static int send_json(request_rec *r, json_t *sessions, const char *next)
{
    return ms_page_send_json(
        r, HTTP_OK,
        json_pack("{s:o, s:s?}", "sessions", sessions, "next", next ? url_of(r, next) : NULL));
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

static int show(request_rec *r, const ms_admin_search *q)
{
    apr_array_header_t *rows;
    json_t *sessions;
    const char *next;

    if (ms_admin_search_run(r, q, &rows, &next) != APR_SUCCESS) {
        return ms_page_unavailable(r);
    }
    sessions = sessions_model(r, rows);
    for (int i = 0; q->is_ended && i < rows->nelts; i++) {
        add_end(r, json_array_get(sessions, (size_t)i), APR_ARRAY_IDX(rows, i, const ms_row *));
    }
    return ms_own_pages_wants_json(r) ? send_json(r, sessions, next)
                                      : ms_admin_view_send(r, q, sessions, rows, next);
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
    if (ms_own_pages_wants_json(r)) {
        return ms_page_send_json(r, HTTP_OK, json_pack("{s:I}", "count", (json_int_t)n));
    }
    model = ms_page_model(r);
    ms_admin_view_add_title(r, model);
    ms_page_set_heading(r, model, "Sign out?");
    if (value) {
        json_object_set_new(model, "whose", json_string(value));
    }
    json_object_set_new(model, name, value ? json_string(value) : json_true());
    json_object_set_new(model, "count", json_integer(n));
    json_object_set_new(model, "back", json_string(ms_admin_search_args(r, q)));
    ms_admin_view_add_token(r, model);
    return ms_page_send(r, HTTP_OK, "admin_confirm.html", model);
}

/* There is nothing below this page. If a pattern gives it, its path is not known. */
static int is_below(request_rec *r)
{
    const char *path = ms_own_path(r, MS_HANDLER_ADMIN), *rest = path ? r->uri + strlen(path) : "";

    return rest[strspn(rest, "/")] != '\0';
}

int ms_admin_get(request_rec *r)
{
    ms_admin_search q;

    if (is_below(r)) {
        return ms_page_refuse(r, MS_PROBLEM_NOT_FOUND);
    }
    if (!ms_admin_search_read(r, &q)) {
        return ms_page_bad_query(r);
    }
    if (q.confirm) {
        return confirm(r, &q);
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
    return ms_page_redirect(r, url_of(r, ms_admin_search_here(r, &after)));
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
    const ms_row *current = ms_request_session_of_user(r);
    apr_table_t *fields;
    const int status = ms_page_body_form(r, current, &fields);

    if (status != DECLINED) {
        return status;
    }
    if (!is_own_form(r, fields)) {
        return current ? ms_page_stale_form(r) : ms_page_cross_site(r);
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

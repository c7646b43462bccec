/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One session has all its details on a page of its own (?id=), so that a row is short. The page
 * stays below 30 KB: long names and addresses make it shorter by some rows.
 */
#include "pages/admin_view.h"

#include <string.h>
#include <apr_strings.h>
#include "core/address.h"
#include "core/clock.h"
#include "core/utf8.h"
#include "pages/page.h"
#include "pages/view.h"
#include "session/all_sessions.h"
#include "session/request.h"

#define ROWS_BYTES 22500 /* the rest of the page needs about 7 KB */

static json_t *text_of(request_rec *r, const char *text)
{
    return json_string(ms_utf8_storable(r->pool, text, 255));
}

void ms_admin_view_add_token(request_rec *r, json_t *model)
{
    const char *csrf = ms_request_session_of_user(r) ? ms_request_form_token(r) : NULL;

    if (csrf) {
        json_object_set_new(model, "csrf", json_string(csrf));
    }
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void set_query(request_rec *r, json_t *model, const char *name, const char *parameter,
                      const char *value)
{
    json_object_set_new(model, name, json_string(ms_admin_search_parameter(r, parameter, value)));
}

/* An app password that was never used has no device. */
static void add_app(json_t *session, const ms_row *row)
{
    if (row->kind == MS_KIND_APP) {
        json_object_set_new(session, "app", json_true());
        if (!*row->user_agent) {
            json_object_set_new(session, "words", json_null());
        }
    }
}

static void add_words(request_rec *r, const ms_admin_search *q, json_t *session, const ms_row *row)
{
    ms_view_add_words(r, session, row, ms_clock_now());
    add_app(session, row);
    set_query(r, session, "user_query", "user", row->user);
    set_query(r, session, "last_ip_query", "ip", row->last_ip);
    if (strcmp(row->created_ip, row->last_ip) != 0) {
        set_query(r, session, "ip_query", "ip", row->created_ip);
    }
    if (q->is_ended) {
        json_object_set_new(session, "ended_text", json_string(ms_page_date(r, row->expires_at)));
        json_object_set(session, "by", json_object_get(session, "ended_by"));
    }
}

/* How many of them fit. */
static int add_all_words(request_rec *r, const ms_admin_search *q, json_t *sessions,
                         const apr_array_header_t *rows)
{
    const char *template = q->is_ended ? "admin_ended_row.html" : "admin_row.html";
    apr_size_t bytes = 0;
    int n = 0;

    for (; n < rows->nelts; n++) {
        json_t *session = json_array_get(sessions, (size_t)n);

        add_words(r, q, session, APR_ARRAY_IDX(rows, n, const ms_row *));
        bytes += ms_page_length(r, template, session);
        if (n > 0 && bytes > ROWS_BYTES) {
            break;
        }
    }
    return n;
}

static const char *cut(request_rec *r, const ms_admin_search *q, json_t *sessions,
                       apr_array_header_t *rows, const char *next)
{
    const int n = add_all_words(r, q, sessions, rows);

    if (n == rows->nelts) {
        return next;
    }
    rows->nelts = n;
    while (json_array_size(sessions) > (size_t)n) {
        json_array_remove(sessions, json_array_size(sessions) - 1);
    }
    return ms_admin_search_after(r, q, APR_ARRAY_IDX(rows, n - 1, const ms_row *));
}

/* ---- the page -------------------------------------------------------------------------------- */

static json_t *url_args(request_rec *r, const char *args, const char *more)
{
    return json_string(apr_pstrcat(r->pool, args, *args ? "&" : "", more, NULL));
}

/* It looks like the page of the user's own sessions. */
void ms_admin_view_add_title(request_rec *r, json_t *model)
{
    const ms_language *language = ms_page_language(r);
    const char *site = json_string_value(json_object_get(model, "title"));

    json_object_set_new(
        model, "title",
        json_string(apr_pstrcat(r->pool, site ? site : "", " \xE2\x80\x93 ",
                                ms_language_text(language, "Administration"), NULL)));
    ms_page_add_home(r, model);
}

static json_t *page_model(request_rec *r, const ms_admin_search *q, json_t *sessions,
                          const char *next)
{
    const char *same = ms_admin_search_args(r, q);
    json_t *model = ms_page_model(r);

    ms_admin_view_add_title(r, model);
    json_object_set_new(model, "admin_style", json_true());
    json_object_set_new(model, "sessions", sessions);
    json_object_set_new(model, "has_sessions", json_boolean(json_array_size(sessions) > 0));
    json_object_set_new(model, "searched", json_boolean(*same));
    json_object_set_new(model, "later", json_boolean(q->before_id != NULL));
    json_object_set_new(model, "search_user", text_of(r, q->user));
    json_object_set_new(model, "search_ip", text_of(r, q->ip));
    json_object_set_new(model, "search_id", text_of(r, q->id));
    json_object_set_new(model, "next", next ? json_string(next) : json_null());
    if (json_array_size(sessions) > 0) {
        json_object_set_new(
            model, "csv", url_args(r, same, q->is_ended ? "state=ended&format=csv" : "format=csv"));
    }
    return model;
}

/* The button that ends all that was found. */
static void add_end_all(request_rec *r, const ms_admin_search *q, json_t *model)
{
    const char *scope = q->user ? "user" : q->ip ? "ip" : NULL;

    if (!scope) {
        json_object_set_new(model, "end_realm", json_boolean(!q->id));
        return;
    }
    json_object_set_new(model, "whose", text_of(r, q->user ? q->user : q->ip));
    json_object_set_new(model, "of_user", json_boolean(q->user != NULL));
    json_object_set_new(model, "end_all",
                        json_string(apr_pstrcat(r->pool, "confirm=", scope, "&",
                                                ms_admin_search_args(r, q), NULL)));
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

static int send_live(request_rec *r, const ms_admin_search *q, json_t *model, apr_int64_t total)
{
    ms_page_set_heading(r, model, "All sessions");
    json_object_set_new(model, "total", json_integer(total));
    json_object_set_new(model, "admin", text_of(r, r->user));
    json_object_set_new(model, "one", json_boolean(q->id != NULL));
    if (!q->ip && !q->id) {
        json_object_set_new(model, "ended", url_args(r, ms_admin_search_args(r, q), "state=ended"));
    }
    if (total > 0) {
        add_end_all(r, q, model);
    }
    ms_admin_view_add_token(r, model);
    return ms_page_send(r, HTTP_OK, "admin.html", model);
}

static int send_ended(request_rec *r, const ms_admin_search *q, json_t *model)
{
    ms_page_set_heading(r, model, "Ended sessions");
    json_object_set_new(model, "whose", q->user ? text_of(r, q->user) : json_null());
    json_object_set_new(model, "live", json_string(ms_admin_search_args(r, q)));
    return ms_page_send(r, HTTP_OK, "admin_ended.html", model);
}

int ms_admin_view_send(request_rec *r, const ms_admin_search *q, json_t *sessions,
                       apr_array_header_t *rows, const char *next)
{
    apr_int64_t total = 0;

    next = cut(r, q, sessions, rows, next);
    if (!q->is_ended && count(r, q, rows->nelts, next, &total) != APR_SUCCESS) {
        json_decref(sessions);
        return ms_page_unavailable(r);
    }
    return q->is_ended ? send_ended(r, q, page_model(r, q, sessions, next))
                       : send_live(r, q, page_model(r, q, sessions, next), total);
}

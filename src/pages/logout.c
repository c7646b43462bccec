/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A link or an image must not sign a user out, so GET changes nothing. The sign-out button of an
 * application may post here without a token: the headers of the browser show its origin.
 */
#include "pages/logout.h"

#include <string.h>
#include <apr_strings.h>
#include <http_protocol.h>
#include "access/own_pages.h"
#include "core/percent.h"
#include "http/form_body.h"
#include "http/json_client.h"
#include "http/request_chain.h"
#include "http/respond.h"
#include "config/config.h"
#include "config/own_path.h"
#include "pages/page.h"
#include "pages/ways_on.h"
#include "session/request.h"
#include "session/sign_out.h"

/* Marks for tests/catalogues.py a message that is translated elsewhere. */
#define MESSAGE(text) (text)

/* Queries of the page that confirms a sign-out. */
#define DONE_QUERY     "done=out"
#define DONE_ALL_QUERY "done=all"

static void show_form(request_rec *r, json_t *model, const ms_row *row)
{
    const ms_url *list = ms_config_list_url(r);

    ms_page_set_heading(r, model, "Sign out?");
    json_object_set_new(model, "user", json_string(row->user));
    json_object_set_new(model, "csrf", json_string(ms_request_form_token(r)));
    if (ms_request_chain_error_status(r)) { /* the browser shows another URL */
        json_object_set_new(model, "action", json_string(ms_percent_encode(r->pool, r->uri)));
    }
    if (list) {
        json_object_set_new(model, "list_url", json_string(list->text));
    }
}

static void show_signed_out(request_rec *r, json_t *model)
{
    const ms_url *login = ms_config_login_url(r);
    const int everywhere = r->args && strcmp(r->args, DONE_ALL_QUERY) == 0,
              done = everywhere || (r->args && strcmp(r->args, DONE_QUERY) == 0);

    ms_page_set_heading(r, model, "You are signed out");
    json_object_set_new(model, "done", json_boolean(done));
    json_object_set_new(model, "everywhere", json_boolean(everywhere));
    if (login) {
        ms_ways_on_add(r, model, login->text, done ? MESSAGE("Sign in again") : MESSAGE("Sign in"));
    }
    ms_ways_on_add(r, model, ms_config_landing(r), MESSAGE("Go to the site"));
}

/* As an ErrorDocument the page keeps the status of the error. */
static int is_for_script(request_rec *r)
{
    return ms_own_pages_wants_json(r) && !ms_request_chain_error_status(r);
}

int ms_logout_get(request_rec *r)
{
    json_t *model;
    const ms_row *row;

    if (ms_request_session(r, &row) != APR_SUCCESS) {
        return ms_page_unavailable(r);
    }
    if (is_for_script(r)) {
        return ms_page_wrong_method(r, "POST, DELETE");
    }
    model = ms_page_model(r);
    if (row) {
        show_form(r, model, row);
    }
    else {
        show_signed_out(r, model);
    }
    return ms_page_send(r, HTTP_OK, "logout.html", model);
}

/* ---- where a sign-out leads -------------------------------------------------------------------
 */

static const char *with_query(request_rec *r, const char *url, const char *query)
{
    return apr_pstrcat(r->pool, url, strchr(url, '?') ? "&" : "?", query, NULL);
}

/* The configuration need not name the page: it has a place all the same. */
static const char *page_url(request_rec *r)
{
    const ms_url *url = ms_config_logout_url(r);
    const char *path = url ? NULL : ms_own_path_elsewhere(r, MS_HANDLER_LOGOUT);

    return url ? url->text : path ? ms_percent_encode(r->pool, path) : NULL;
}

static const char *way_out(request_rec *r, const char *page, const char *query)
{
    const ms_url *landing = ms_dir_conf_get(r)->landing_url;

    if (landing) {
        return landing->text;
    }
    return page ? with_query(r, page, query) : NULL;
}

const char *ms_logout_way_out(request_rec *r, int everywhere)
{
    return way_out(r, page_url(r), everywhere ? DONE_ALL_QUERY : DONE_QUERY);
}

/* ---------------------------------------------------------------------------------------------- */

static int end_session(request_rec *r)
{
    if (ms_sign_out(r) != APR_SUCCESS) {
        return ms_page_unavailable(r);
    }
    if (ms_json_client_is(r)) {
        return ms_page_status(r, HTTP_NO_CONTENT);
    }
    return ms_page_redirect(r, way_out(r, ms_percent_encode(r->pool, r->uri), DONE_QUERY));
}

int ms_logout_post(request_rec *r)
{
    const char *csrf;
    apr_table_t *fields;
    const ms_row *row;
    int status;

    status = ms_form_body_read(r, &fields);
    if (status != OK) {
        return ms_page_bad_body(r, status);
    }
    if (ms_request_session(r, &row) != APR_SUCCESS) {
        return ms_page_unavailable(r);
    }
    csrf = apr_table_get(fields, "csrf");
    if (row && csrf && !ms_request_form_token_check(r, csrf)) {
        return ms_page_stale_form(r);
    }
    return end_session(r);
}

int ms_logout_delete(request_rec *r)
{
    ms_respond_leave_body_unread(r);
    return end_session(r);
}

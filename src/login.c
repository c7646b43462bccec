/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The form is shown, checked, and answered with a new session or with itself. A wrong name and a
 * wrong password get one answer.
 */
#include "login.h"

#include <string.h>
#include <apr_crypto.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include "body.h"
#include "config.h"
#include "counters.h"
#include "events.h"
#include "form.h"
#include "gate.h"
#include "login_limit.h"
#include "origin.h"
#include "page.h"
#include "password.h"
#include "session.h"
#include "text.h"

APLOG_USE_MODULE(managed_session);

#define METHOD_FORM "form"

/* What the visitor typed; "" where nothing was. */
typedef struct sign_in {
    const char *user;
    const char *password;
    const char *back; /* a checked path, or NULL */
    int remember;
} sign_in;

static const char *landing(request_rec *r)
{
    const char *url = ms_dir_conf_get(r)->landing_url;

    return url ? url : "/";
}

static const char *from_query(request_rec *r, const char *name)
{
    apr_table_t *query;

    if (!r->args || ms_form_parse(r->pool, r->args, strlen(r->args), &query)) {
        return NULL;
    }
    return apr_table_get(query, name);
}

static const char *back_from_query(request_rec *r)
{
    return ms_text_return_path(r->pool, from_query(r, "return"));
}

static void show_signed_in(request_rec *r, json_t *model, const char *back)
{
    const ms_row *row;

    if (ms_session_current(r, &row) != APR_SUCCESS || !row) {
        return;
    }
    /* Sent here because her sign-in is too long ago for what she asked: "continue" would lead here.
     */
    if (from_query(r, "reauth")) {
        json_object_set_new(model, "reauth", json_true());
        if (!json_object_get(model, "username")) {
            json_object_set_new(model, "username", json_string(row->user));
        }
    }
    else {
        json_object_set_new(
            model, "signed_in",
            json_pack("{s:s, s:s}", "user", row->user, "continue", back ? back : landing(r)));
    }
}

/* status: 401 where what she typed was wrong. */
static int show_form(request_rec *r, int status, const sign_in *typed)
{
    json_t *model = ms_page_model(r);

    if (typed->back) {
        json_object_set_new(model, "return", json_string(typed->back));
    }
    if (*typed->user) {
        json_object_set_new(model, "username", json_string(typed->user));
    }
    json_object_set_new(model, "wrong", json_boolean(status == HTTP_UNAUTHORIZED));
    if (ms_server_conf_get(r->server)->remember == MS_REMEMBER_ASK) {
        json_object_set_new(model, "remember_ask", json_true());
    }
    show_signed_in(r, model, typed->back);
    if (status == HTTP_UNAUTHORIZED) {
        ms_gate_note_challenge(r, r->headers_out);
    }
    return ms_page_send(r, status, "login.html", model);
}

static int finish(request_rec *r, const char *user, const char *method, int remember,
                  const char *back)
{
    const ms_row *row;
    const apr_status_t rv = ms_session_begin(r, user, method, remember, &row);

    if (rv == APR_EINVAL) {
        return ms_page_message(
            r, HTTP_FORBIDDEN, "You could not be signed in",
            "This user name cannot be used here. Please tell the administrator.");
    }
    if (rv == APR_ENOSPC) {
        return ms_page_message(
            r, HTTP_FORBIDDEN, "Too many devices",
            "You are signed in on as many devices as is allowed here. Sign out on "
            "one of them, then try again.");
    }
    if (rv != APR_SUCCESS) {
        return ms_page_unavailable(r);
    }
    return ms_page_redirect(r, back ? back : landing(r));
}

static int is_complete(const sign_in *typed)
{
    return typed->user && typed->password && (!*typed->user || ms_text_is_user(typed->user)) &&
           strlen(typed->password) <= MS_PASSWORD_MAX;
}

static void note(request_rec *r, const char *what, const char *user, const char *reason)
{
    ms_event event = ms_event_of(what, user, NULL);

    event.method = METHOD_FORM;
    event.reason = reason;
    ms_event_write(r, &event);
}

static int turn_away(request_rec *r, const char *user, apr_int64_t wait)
{
    note(r, "sign_in_refused", user, "too many failed sign-ins");
    ms_count(MS_COUNT_REFUSALS, 1);
    apr_table_setn(r->headers_out, "Retry-After", apr_psprintf(r->pool, "%" APR_INT64_T_FMT, wait));
    return ms_page_message(r, HTTP_TOO_MANY_REQUESTS, "Too many attempts",
                           "There were too many failed sign-ins with this user name or from here. "
                           "Wait some minutes, then try again.");
}

static int answer_to(request_rec *r, const sign_in *typed, const ms_attempt *attempt)
{
    const char *user = NULL;

    switch (ms_password_check(r, typed->user, typed->password, &user)) {
    case MS_PASSWORD_RIGHT:
        ms_login_limit_was_right(r, attempt);
        return finish(r, user, METHOD_FORM, typed->remember, typed->back);
    case MS_PASSWORD_UNKNOWN:
        ms_login_limit_was_nothing(r, attempt);
        return ms_page_unavailable(r);
    default:
        note(r, "sign_in_failed", typed->user, NULL);
        ms_count(MS_COUNT_FAILURES, 1);
        return show_form(r, HTTP_UNAUTHORIZED, typed);
    }
}

static int check_and_finish(request_rec *r, const sign_in *typed)
{
    const ms_row *current;
    ms_attempt attempt;
    apr_int64_t wait;

    if (!*typed->user || !*typed->password) {
        return show_form(r, HTTP_UNAUTHORIZED, typed);
    }
    if (ms_session_current(r, &current) != APR_SUCCESS) {
        return ms_page_unavailable(r);
    }
    wait = ms_login_limit_take(r, typed->user, current ? current->user : NULL, &attempt);
    return wait ? turn_away(r, typed->user, wait) : answer_to(r, typed, &attempt);
}

static int is_ticked(const char *value)
{
    return value && *value && strcmp(value, "0") != 0 && ap_cstr_casecmp(value, "off") != 0;
}

static int handle_post(request_rec *r)
{
    apr_table_t *fields;
    sign_in typed;
    int status;

    if (ms_is_cross_site(r)) {
        return ms_page_cross_site(r);
    }
    status = ms_body_read_form(r, &fields);
    if (status != OK) {
        return ms_page_bad_form(r, status);
    }
    typed.user = apr_table_get(fields, "username");
    typed.password = apr_table_get(fields, "password");
    typed.remember = is_ticked(apr_table_get(fields, "remember"));
    typed.back = ms_text_return_path(r->pool, apr_table_get(fields, "return"));
    if (!is_complete(&typed)) {
        return ms_page_bad_form(r, HTTP_BAD_REQUEST);
    }
    return check_and_finish(r, &typed);
}

/* The AuthType of this location, where it is another module's and that module has let a user in. */
static const char *foreign_auth_type(request_rec *r)
{
    const char *type = ap_auth_type(r);

    return type && r->user && !ms_gate_is_error_page(r) &&
                   ap_cstr_casecmp(type, MS_AUTH_TYPE) != 0 &&
                   (!r->ap_auth_type || ap_cstr_casecmp(r->ap_auth_type, MS_AUTH_TYPE) != 0)
               ? type
               : NULL;
}

/* A visitor may be led here from another site (an OpenID provider, say), but no image or frame may
 * sign her in: credentials that a browser sends by itself would be enough for that. */
static int handle_foreign(request_rec *r, const char *auth_type)
{
    const int is_get = r->method_number == M_GET;

    if (is_get ? ms_is_foreign_embed(r) : ms_is_cross_site(r)) {
        return ms_page_cross_site(r);
    }
    ms_leave_body_unread(r);
    return finish(r, r->user, auth_type, 0, back_from_query(r));
}

int ms_login_handler(request_rec *r)
{
    const char *foreign;

    if (!ms_gate_claims(r, MS_HANDLER_LOGIN)) {
        return DECLINED;
    }
    if (r->method_number != M_GET && r->method_number != M_POST) {
        return ms_page_wrong_method(r, "GET, HEAD, POST");
    }
    foreign = foreign_auth_type(r);
    if (foreign && !*r->user) {
        return OK; /* mod_auth_openidc's way to say that it has sent a page of its own */
    }
    if (foreign) {
        return r->header_only ? ms_page_status(r, HTTP_NO_CONTENT) : handle_foreign(r, foreign);
    }
    if (r->method_number == M_POST) {
        return handle_post(r);
    }
    return show_form(r, HTTP_OK, &(sign_in){"", "", back_from_query(r), 0});
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sign-in page: shows the form, checks a submitted one, and decides which of the other login_
 * files answers.
 */
#include "pages/login.h"

#include <string.h>
#include "http/origin.h"
#include "access/challenge.h"
#include "access/intent.h"
#include "access/own_pages.h"
#include "access/password.h"
#include "access/return_url.h"
#include "config/config.h"
#include "core/utf8.h"
#include "http/json_body.h"
#include "http/json_client.h"
#include "http/request_chain.h"
#include "http/respond.h"
#include "pages/login_foreign.h"
#include "pages/login_form.h"
#include "pages/login_place.h"
#include "pages/page.h"
#include "session/plain_http.h"
#include "session/request.h"
#include "session/shown_form.h"
#include "session/sign_in_limit.h"
#include "session/sign_in_log.h"

#define METHOD_FORM "form"

static int is_complete(const ms_login_typed *typed)
{
    return typed->user && typed->password && (!*typed->user || ms_utf8_is_user_name(typed->user)) &&
           strlen(typed->password) <= MS_PASSWORD_MAX;
}

static int turn_away(request_rec *r, const ms_login_typed *typed, const ms_sign_in_ticket *attempt,
                     apr_int64_t wait)
{
    ms_sign_in_log_refused(r, typed->user, METHOD_FORM, MS_REFUSED_FAILURES, attempt->full);
    ms_respond_retry_after(r, wait);
    return ms_login_form_fail(r, MS_LOGIN_LIMITED, typed);
}

static int answer_to(request_rec *r, const ms_login_typed *typed, const ms_sign_in_ticket *attempt)
{
    ms_login_typed right = *typed;

    switch (ms_password_check(r, typed->user, typed->password, &right.user)) {
    case MS_PASSWORD_RIGHT:
        ms_sign_in_limit_was_right(r, attempt);
        return ms_login_form_finish(r, &right, METHOD_FORM);
    case MS_PASSWORD_BUSY:
        ms_sign_in_limit_was_nothing(r, attempt);
        ms_respond_retry_after(r, MS_RETRY_AFTER);
        return ms_login_form_fail(r, MS_LOGIN_BUSY, typed);
    case MS_PASSWORD_NO_PROVIDER:
        ms_sign_in_limit_was_nothing(r, attempt);
        return ms_dir_conf_get(r)->login_page ? ms_login_form_fail(r, MS_LOGIN_UNAVAILABLE, typed)
                                              : ms_login_place_refuse(r);
    case MS_PASSWORD_UNKNOWN:
        ms_sign_in_limit_was_nothing(r, attempt);
        return ms_login_form_fail(r, MS_LOGIN_UNAVAILABLE, typed);
    default:
        ms_sign_in_log_failed(r, typed->user, METHOD_FORM);
        return ms_login_form_fail(r, MS_LOGIN_WRONG, typed);
    }
}

static int check_and_finish(request_rec *r, const ms_login_typed *typed)
{
    const ms_row *current;
    ms_sign_in_ticket attempt;
    apr_int64_t wait;

    if (!*typed->user || !*typed->password) {
        return ms_login_form_fail(r, MS_LOGIN_WRONG, typed);
    }
    if (ms_request_session(r, &current) != APR_SUCCESS) {
        return ms_login_form_fail(r, MS_LOGIN_UNAVAILABLE, typed);
    }
    wait = ms_sign_in_limit_take(r, typed->user, &attempt);
    return wait ? turn_away(r, typed, &attempt, wait) : answer_to(r, typed, &attempt);
}

static int is_ticked(const char *value)
{
    static const char *const no[] = {"", "0", "off", "no", "false"};

    for (apr_size_t i = 0; value && i < sizeof(no) / sizeof(no[0]); i++) {
        if (ap_cstr_casecmp(value, no[i]) == 0) {
            return 0;
        }
    }
    return value != NULL;
}

static int handle_post(request_rec *r)
{
    const ms_form_fields *names = ms_config_form_fields(r);
    apr_table_t *fields;
    ms_login_typed typed = {"", "", NULL, 0, NULL};
    const char *back;
    int status;

    if (ms_plain_http_drops_cookie(r)) { /* before a password is checked */
        return ms_login_form_fail(r, MS_LOGIN_PLAIN_HTTP, &typed);
    }
    typed.back = ms_login_form_back(r);
    status = ms_json_body_read_fields(r, &fields);
    if (status != OK) {
        return ms_dir_conf_get(r)->login_page && !ms_json_client_is(r)
                   ? ms_login_form_fail(r, MS_LOGIN_BAD_FORM, &typed)
                   : ms_page_bad_body(r, status);
    }
    typed.user = apr_table_get(fields, names->user);
    typed.password = apr_table_get(fields, names->password);
    typed.shown_form = apr_table_get(fields, "form");
    typed.remember = is_ticked(apr_table_get(fields, "remember"));
    back = ms_return_url_checked(r, apr_table_get(fields, names->back));
    typed.back = back ? back : typed.back; /* a static page cannot repeat it in its form */
    if (!is_complete(&typed)) {
        return ms_login_form_fail(r, MS_LOGIN_BAD_FORM, &typed);
    }
    return check_and_finish(r, &typed);
}

/* ---- showing the form ------------------------------------------------------------------------ */

/* The way back: "return", or the URL that an ErrorDocument is shown at. */
static const char *back_of_visitor(request_rec *r)
{
    const char *back = ms_login_form_back(r);

    return back || !ms_request_chain_error_status(r) || !ms_return_url_was_get(r)
               ? back
               : ms_return_url_make(r, NULL);
}

static int is_strict(request_rec *r)
{
    return ms_server_conf_get(r->server)->cookie.same_site == MS_SAMESITE_STRICT &&
           ms_origin_is_navigation(r) && !ms_login_form_query(r, "reauth");
}

/* A browser does not send a cookie of SameSite=Strict with a navigation from another site or a
 * mail; it does with one from our own page. */
static int may_have_cookie(request_rec *r)
{
    return ms_request_cookies(ms_request_get(r)) == 0 && !ms_login_form_query(r, "again") &&
           ms_intent_to_sign_in(r) == MS_INTENT_UNKNOWN;
}

static int go_on_strictly(request_rec *r, const char *back)
{
    return ms_page_go_on(
        r, ms_login_form_add_query(r->pool, ms_login_form_own_url(r, back), "again", "1"));
}

/* A user who is signed in was sent here only because the cookie was not sent. */
static int is_back_strictly(request_rec *r)
{
    const ms_row *row;

    return ms_login_form_query(r, "return") && ms_request_session(r, &row) == APR_SUCCESS && row;
}

/* A script has no use for the form. One that is signed out may have been redirected here in place
 * of its data; one that is signed in has taken the wrong method. */
static int answer_script(request_rec *r)
{
    const ms_row *row;

    if (ms_request_session(r, &row) != APR_SUCCESS) {
        return ms_page_unavailable(r);
    }
    if (row && !ms_login_form_query(r, "reauth")) {
        return ms_page_wrong_method(r, "POST");
    }
    ms_challenge_set_header(r, r->headers_out);
    return ms_page_refuse(r, row ? MS_PROBLEM_NOT_FRESH : MS_PROBLEM_NOT_SIGNED_IN);
}

/* The page is an ErrorDocument: the response keeps the status of the error. DECLINED: the form. */
static int answer_script_in_error(request_rec *r, int error)
{
    if (!ms_json_client_is(r)) {
        return DECLINED;
    }
    return error == HTTP_UNAUTHORIZED ? ms_page_refuse(r, MS_PROBLEM_NOT_SIGNED_IN)
           : error == HTTP_FORBIDDEN  ? ms_page_refuse(r, MS_PROBLEM_FORBIDDEN)
                                      : DECLINED;
}

/* DECLINED: the page is for a browser. */
static int answer_for_script(request_rec *r)
{
    const int error = ms_request_chain_error_status(r);

    if (error) {
        return answer_script_in_error(r, error);
    }
    return ms_own_pages_wants_json(r) ? answer_script(r) : DECLINED;
}

static int handle_get(request_rec *r)
{
    const char *back = back_of_visitor(r);
    const int status = answer_for_script(r);

    if (status != DECLINED) {
        return status;
    }
    if (is_strict(r) && may_have_cookie(r)) {
        return go_on_strictly(r, back);
    }
    if (is_strict(r) && is_back_strictly(r)) {
        return ms_page_redirect(r, back ? back : ms_config_landing(r));
    }
    if (ms_dir_conf_get(r)->login_page) {
        return ms_login_form_go_to_own_page(r, NULL, back);
    }
    return ms_login_form_show(r, &(ms_login_typed){"", "", back, 0, ms_shown_form_value(r->pool)});
}

/* ---------------------------------------------------------------------------------------------- */

int ms_login_check(request_rec *r)
{
    const char *foreign = ms_login_foreign_type(r);

    if (foreign && !*r->user) {
        return OK; /* mod_auth_openidc has sent a page of its own */
    }
    if (foreign && r->header_only) {
        return ms_page_status(r, HTTP_NO_CONTENT);
    }
    if (!foreign && r->method_number != M_POST) {
        return DECLINED;
    }
    return ms_login_place_allows(r, foreign ? MS_OWN_AUTH_TYPE : MS_OWN_PASSWORDS)
               ? DECLINED
               : ms_login_place_refuse(r);
}

int ms_login_get(request_rec *r)
{
    const char *foreign = ms_login_foreign_type(r);

    return foreign ? ms_login_foreign_get(r, foreign) : handle_get(r);
}

int ms_login_post(request_rec *r)
{
    const char *foreign = ms_login_foreign_type(r);

    return foreign ? ms_login_foreign_begin(r, foreign) : handle_post(r);
}

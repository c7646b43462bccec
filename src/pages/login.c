/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The form is shown, checked, and answered with a new session or with itself. A wrong name and a
 * wrong password get one answer.
 */
#include "pages/login.h"

#include <string.h>
#include <apr_crypto.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include "http/respond.h"
#include "http/form_body.h"
#include "access/provider_chain.h"
#include "config/config.h"
#include "core/form.h"
#include "access/challenge.h"
#include "access/htaccess.h"
#include "access/intent.h"
#include "core/log_limit.h"
#include "session/sign_in_limit.h"
#include "http/origin.h"
#include "pages/page.h"
#include "access/password.h"
#include "access/return_url.h"
#include "session/plain_http.h"
#include "session/request.h"
#include "session/sign_in.h"
#include "session/sign_in_log.h"
#include "session/shown_form.h"
#include "core/utf8.h"
#include "session/user_name.h"
#include "http/request_chain.h"
#include "core/percent.h"

APLOG_USE_MODULE(managed_session);

#define METHOD_FORM "form"
/* Three times as much, if all is escaped, is within MS_FORM_BODY_MAX. */
#define BACK_FIELD_MAX 4096

/* What the visitor typed; "" where nothing was. */
typedef struct sign_in {
    const char *user;
    const char *password;
    const char *back; /* checked, see return_url.h; or NULL */
    int remember;
    const char *shown_form; /* see shown_form.h; not checked, or NULL */
} sign_in;

static const char *landing(request_rec *r)
{
    const ms_url *url = ms_dir_conf_get(r)->landing_url;

    return url ? url->text : "/";
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
    return ms_return_url_checked(r, from_query(r, "return"));
}

static const char *with_query(apr_pool_t *p, const char *url, const char *name, const char *value)
{
    return apr_pstrcat(p, url, strchr(url, '?') ? "&" : "?", name, "=", ms_percent_encode(p, value),
                       NULL);
}

static void show_signed_in(request_rec *r, json_t *model, const char *back)
{
    const ms_row *row;

    if (ms_request_session(r, &row) != APR_SUCCESS || !row) {
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

/* The sign-in page as the page of an error: the browser shows another address. */
static const char *own_url(request_rec *r, const char *back)
{
    const char *url = ms_percent_encode(r->pool, r->uri);

    return back ? with_query(r->pool, url, "return", back) : url;
}

/* Longer ones are in the page's own address, which the form posts to. */
static int fits_form(const char *back)
{
    return strlen(back) <= BACK_FIELD_MAX;
}

static json_t *form_model(request_rec *r, const sign_in *typed)
{
    json_t *model = ms_page_model(r);

    ms_page_set_heading(r, model, "Sign in");
    if (typed->shown_form && ms_token_is_id(typed->shown_form, strlen(typed->shown_form))) {
        json_object_set_new(model, "form", json_string(typed->shown_form));
    }
    if (typed->back && fits_form(typed->back)) {
        json_object_set_new(model, "return", json_string(typed->back));
    }
    if (ms_request_chain_error_status(r)) {
        json_object_set_new(model, "action", json_string(own_url(r, typed->back)));
    }
    if (*typed->user) {
        json_object_set_new(model, "username", json_string(typed->user));
    }
    if (ms_server_conf_get(r->server)->remember == MS_REMEMBER_ASK) {
        json_object_set_new(model, "remember_ask", json_true());
    }
    show_signed_in(r, model, typed->back);
    return model;
}

static int show_form(request_rec *r, const sign_in *typed)
{
    const int error = ms_request_chain_error_status(r);

    return ms_page_send(r, error ? error : HTTP_OK, "login.html", form_model(r, typed));
}

static int show_wrong(request_rec *r, const sign_in *typed)
{
    json_t *model = form_model(r, typed);

    json_object_set_new(model, "wrong", json_true());
    ms_challenge_set_header(r, r->headers_out);
    return ms_page_send(r, HTTP_UNAUTHORIZED, "login.html", model);
}

/* ---- failures -------------------------------------------------------------------------------- */

/* Why nobody was signed in. */
typedef enum {
    WRONG,
    LIMITED,
    UNAVAILABLE,
    BAD_NAME,
    TOO_MANY_DEVICES,
    BAD_FORM,
    PLAIN_HTTP,
    BUSY,
    TOO_OFTEN
} failure;

/* The site's own page in place of the form, told in its query what the form would have shown. */
static int go_to_own_page(request_rec *r, const char *error, const char *back)
{
    const char *url = ms_dir_conf_get(r)->login_page->text;

    if (error) {
        url = with_query(r->pool, url, "error", error);
    }
    if (from_query(r, "reauth")) {
        url = with_query(r->pool, url, "reauth", "1");
    }
    if (back) {
        url = with_query(r->pool, url, "return", back);
    }
    return ms_page_redirect(r, url);
}

static int show_failure(request_rec *r, failure why, const sign_in *typed)
{
    switch (why) {
    case WRONG:
        return show_wrong(r, typed);
    case LIMITED:
        return ms_page_message(r, HTTP_TOO_MANY_REQUESTS, "Too many attempts",
                               "Too many sign-ins have failed. Wait a few minutes and try again.");
    case TOO_OFTEN:
        return ms_page_message(r, HTTP_TOO_MANY_REQUESTS, "Too many attempts",
                               "You have signed in too often. Wait a minute and try again.");
    case BUSY:
        return ms_page_message(r, HTTP_SERVICE_UNAVAILABLE, "Please try again in a moment",
                               "Too many people are signing in right now.");
    case BAD_NAME:
        return ms_page_message(r, HTTP_FORBIDDEN, "You could not be signed in",
                               "This user name cannot be used here. Contact the administrator.");
    case TOO_MANY_DEVICES:
        return ms_page_message(
            r, HTTP_FORBIDDEN, "Too many devices",
            "You have reached the limit of devices. Sign out on one of them and try again.");
    case BAD_FORM:
        return ms_page_bad_form(r, HTTP_BAD_REQUEST);
    case PLAIN_HTTP:
        ms_respond_leave_body_unread(r);
        return ms_page_message(
            r, HTTP_FORBIDDEN, "This connection is not secure",
            "This page was opened without encryption. Open it with https:// and try again. If that fails, contact the administrator.");
    default:
        return ms_page_unavailable(r);
    }
}

static int fail(request_rec *r, failure why, const sign_in *typed)
{
    /* These words are documented in docs/pages.md. */
    static const char *const words[] = {[WRONG] = "credentials",        [LIMITED] = "limit",
                                        [UNAVAILABLE] = "unavailable",  [BAD_NAME] = "name",
                                        [TOO_MANY_DEVICES] = "devices", [BAD_FORM] = "form",
                                        [BUSY] = "unavailable",         [TOO_OFTEN] = "limit"};

    /* A fault of the configuration: the site's own page has no words for it. */
    if (why != PLAIN_HTTP && ms_dir_conf_get(r)->login_page && r->method_number == M_POST) {
        return go_to_own_page(r, words[why], typed->back);
    }
    return show_failure(r, why, typed);
}

/* ---- signing in ------------------------------------------------------------------------------ */

static int finish(request_rec *r, const sign_in *who, const char *method)
{
    const ms_row *row;

    switch (ms_sign_in(r, who->user, method, who->remember, who->shown_form, &row)) {
    case APR_SUCCESS:
        return ms_page_redirect(r, who->back ? who->back : landing(r));
    case APR_EINVAL:
        return fail(r, BAD_NAME, who);
    case APR_ENOSPC:
        return fail(r, TOO_MANY_DEVICES, who);
    case APR_EACCES:
        return fail(r, PLAIN_HTTP, who);
    case APR_EBUSY:
        return fail(r, TOO_OFTEN, who);
    default:
        return fail(r, UNAVAILABLE, who);
    }
}

static int is_complete(const sign_in *typed)
{
    return typed->user && typed->password && (!*typed->user || ms_utf8_is_user_name(typed->user)) &&
           strlen(typed->password) <= MS_PASSWORD_MAX;
}

static int turn_away(request_rec *r, const sign_in *typed, const ms_sign_in_ticket *attempt,
                     apr_int64_t wait)
{
    ms_sign_in_log_refused(r, typed->user, METHOD_FORM, MS_REFUSED_FAILURES, attempt->full);
    ms_respond_retry_after(r, wait);
    return fail(r, LIMITED, typed);
}

static int answer_to(request_rec *r, const sign_in *typed, const ms_sign_in_ticket *attempt)
{
    sign_in right = *typed;

    switch (ms_password_check(r, typed->user, typed->password, &right.user)) {
    case MS_PASSWORD_RIGHT:
        ms_sign_in_limit_was_right(r, attempt);
        return finish(r, &right, METHOD_FORM);
    case MS_PASSWORD_BUSY:
        ms_sign_in_limit_was_nothing(r, attempt);
        ms_respond_retry_after(r, MS_RETRY_AFTER);
        return fail(r, BUSY, typed);
    case MS_PASSWORD_UNKNOWN:
        ms_sign_in_limit_was_nothing(r, attempt);
        return fail(r, UNAVAILABLE, typed);
    default:
        ms_sign_in_log_failed(r, typed->user, METHOD_FORM);
        return fail(r, WRONG, typed);
    }
}

static int check_and_finish(request_rec *r, const sign_in *typed)
{
    const ms_row *current;
    ms_sign_in_ticket attempt;
    apr_int64_t wait;

    if (!*typed->user || !*typed->password) {
        return fail(r, WRONG, typed);
    }
    if (ms_request_session(r, &current) != APR_SUCCESS) {
        return fail(r, UNAVAILABLE, typed);
    }
    wait = ms_sign_in_limit_take(r, typed->user, &attempt);
    return wait ? turn_away(r, typed, &attempt, wait) : answer_to(r, typed, &attempt);
}

static int is_ticked(const char *value)
{
    return value && *value && strcmp(value, "0") != 0 && ap_cstr_casecmp(value, "off") != 0;
}

static int handle_post(request_rec *r)
{
    apr_table_t *fields;
    sign_in typed = {"", "", NULL, 0, NULL};
    const char *back;
    int status;

    if (ms_plain_http_drops_cookie(r)) { /* before a password is checked, and more are sent */
        return fail(r, PLAIN_HTTP, &typed);
    }
    typed.back = back_from_query(r);
    status = ms_form_body_read(r, &fields);
    if (status != OK) {
        return ms_dir_conf_get(r)->login_page ? fail(r, BAD_FORM, &typed)
                                              : ms_page_bad_form(r, status);
    }
    typed.user = apr_table_get(fields, "username");
    typed.password = apr_table_get(fields, "password");
    typed.shown_form = apr_table_get(fields, "form");
    typed.remember = is_ticked(apr_table_get(fields, "remember"));
    back = ms_return_url_checked(r, apr_table_get(fields, "return"));
    typed.back =
        back ? back : typed.back; /* a page that is a plain file cannot repeat it in its form */
    if (!is_complete(&typed)) {
        return fail(r, BAD_FORM, &typed);
    }
    return check_and_finish(r, &typed);
}

/* ---- showing the form ------------------------------------------------------------------------ */

/* Where the visitor came from: "return", or the address that an ErrorDocument stands at. */
static const char *back_of_visitor(request_rec *r)
{
    const char *back = back_from_query(r);

    return back || !ms_request_chain_error_status(r) || !ms_return_url_was_get(r)
               ? back
               : ms_return_url_make(r, NULL);
}

static int is_strict(request_rec *r)
{
    return ms_server_conf_get(r->server)->cookie.same_site == MS_SAMESITE_STRICT &&
           ms_is_navigation(r) && !from_query(r, "reauth");
}

/* A browser keeps a cookie of SameSite=Strict back from a navigation that begins at another site,
 * in a mail say; a navigation that begins at our own page has it. */
static int may_have_cookie(request_rec *r)
{
    return ms_request_cookies(ms_request_get(r)) == 0 && !from_query(r, "again") &&
           ms_intent_to_sign_in(r) == MS_INTENT_UNKNOWN;
}

static int go_on_strictly(request_rec *r, const char *back)
{
    const int error = ms_request_chain_error_status(r);

    return ms_page_go_on(r, error ? error : HTTP_OK,
                         with_query(r->pool, own_url(r, back), "again", "1"));
}

/* One who turns out to be signed in was sent here for want of the cookie alone. */
static int is_back_strictly(request_rec *r)
{
    const ms_row *row;

    return from_query(r, "return") && ms_request_session(r, &row) == APR_SUCCESS && row;
}

static int handle_get(request_rec *r)
{
    const char *back = back_of_visitor(r);

    if (is_strict(r) && may_have_cookie(r)) {
        return go_on_strictly(r, back);
    }
    if (is_strict(r) && is_back_strictly(r)) {
        return ms_page_redirect(r, back ? back : landing(r));
    }
    if (ms_dir_conf_get(r)->login_page) {
        return go_to_own_page(r, NULL, back);
    }
    return show_form(r, &(sign_in){"", "", back, 0, ms_shown_form_value(r->pool)});
}

/* ---- another AuthType ------------------------------------------------------------------------ */

/* The AuthType of this location, where it is another module's and that module has let a user in. */
static const char *foreign_auth_type(request_rec *r)
{
    const char *type = ap_auth_type(r);

    return type && r->user && !ms_request_chain_error_status(r) &&
                   ap_cstr_casecmp(type, MS_AUTH_TYPE) != 0 &&
                   (!r->ap_auth_type || ap_cstr_casecmp(r->ap_auth_type, MS_AUTH_TYPE) != 0)
               ? type
               : NULL;
}

/* The form's value is in the query: the body of a request that another AuthType let in is not read.
 * The path is left to the browser, which may know this page by another one (a front proxy). */
static const char *continue_query(request_rec *r)
{
    const char *form = ms_shown_form_value(r->pool);

    return form && !from_query(r, "form")
               ? with_query(r->pool, apr_pstrcat(r->pool, "?", r->args, NULL), "form", form)
               : NULL;
}

/* One button: a form of our own page, which only the visitor can send. */
static int ask_to_continue(request_rec *r)
{
    const char *query = continue_query(r);
    json_t *model = ms_page_model(r);

    ms_page_set_heading(r, model, "Sign in");
    json_object_set_new(model, "user", json_string(ms_user_name_guess(r, r->user)));
    if (query) {
        json_object_set_new(model, "query", json_string(query));
    }
    return ms_page_send(r, HTTP_OK, "continue.html", model);
}

static int begin_foreign(request_rec *r, const char *auth_type)
{
    ms_respond_leave_body_unread(r);
    ms_provider_chain_end(r);
    return finish(r, &(sign_in){r->user, "", back_from_query(r), 0, from_query(r, "form")},
                  auth_type);
}

/* No image, frame or guess of the browser may sign anybody in: what it sends by itself would be
 * enough for that. */
static int handle_foreign_get(request_rec *r, const char *auth_type)
{
    switch (ms_intent_to_sign_in(r)) {
    case MS_INTENT_OWN:
        return begin_foreign(r, auth_type);
    case MS_INTENT_UNKNOWN:
        return ms_provider_chain_ends_here(r) ? begin_foreign(r, auth_type) : ask_to_continue(r);
    default:
        return ms_page_message(r, HTTP_FORBIDDEN, "Nothing was changed",
                               "Open this page in a new window to sign in.");
    }
}

/* ---- where sessions may begin ---------------------------------------------------------------- */

static int may_begin(const ms_dir_conf *conf)
{
    return conf->sign_in == MS_UNSET ? conf->providers != NULL : conf->sign_in;
}

static void log_no_sign_in(request_rec *r)
{
    const char *suffix = ms_log_limit_suffix(MS_LOG_NO_SIGN_IN, r->pool);

    if (suffix) {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r,
                      "MS0101: no session begins at %s: give its location "
                      "ManagedSessionAuthProvider or, if another AuthType guards it, "
                      "\"ManagedSessionSignIn On\", in the server's own configuration%s",
                      r->uri, suffix);
    }
}

static void log_htaccess(request_rec *r, const char *module)
{
    const char *suffix = ms_log_limit_suffix(MS_LOG_HTACCESS_SIGN_IN, r->pool);

    if (suffix) {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r,
                      "MS0102: no session begins at %s: an .htaccess file has directives of %s, "
                      "which could name any user; move them to the server's own configuration%s",
                      r->uri, module, suffix);
    }
}

/* Only if the server's own configuration says so, and how users are known here. */
static int is_sign_in_place(request_rec *r, ms_own how)
{
    const char *module = ms_htaccess_sets(r, how);

    if (!may_begin(ms_dir_conf_get(r))) {
        log_no_sign_in(r);
        return 0;
    }
    if (module) {
        log_htaccess(r, module);
    }
    return !module;
}

static int refuse_place(request_rec *r)
{
    ms_respond_leave_body_unread(r);
    return ms_page_message(r, HTTP_FORBIDDEN, "You could not be signed in",
                           "Sign-in is not set up at this address. Contact the administrator.");
}

int ms_login_check(request_rec *r)
{
    const char *foreign = foreign_auth_type(r);

    if (foreign && !*r->user) {
        return OK; /* mod_auth_openidc's way to say that it has sent a page of its own */
    }
    if (foreign && r->header_only) {
        return ms_page_status(r, HTTP_NO_CONTENT);
    }
    if (!foreign && r->method_number != M_POST) {
        return DECLINED;
    }
    return is_sign_in_place(r, foreign ? MS_OWN_AUTH_TYPE : MS_OWN_PASSWORDS) ? DECLINED
                                                                              : refuse_place(r);
}

int ms_login_get(request_rec *r)
{
    const char *foreign = foreign_auth_type(r);

    return foreign ? handle_foreign_get(r, foreign) : handle_get(r);
}

int ms_login_post(request_rec *r)
{
    const char *foreign = foreign_auth_type(r);

    return foreign ? begin_foreign(r, foreign) : handle_post(r);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything that the sign-in page answers: the form, the reason of a failure, the way on. A wrong
 * name and a wrong password get one answer. If the site has a page of its own, it gets the reason
 * in its query.
 */
#include "pages/login_form.h"

#include <string.h>
#include <apr_strings.h>
#include "access/challenge.h"
#include "access/return_url.h"
#include "config/config.h"
#include "core/form.h"
#include "core/percent.h"
#include "core/token.h"
#include "core/utf8.h"
#include "http/json_client.h"
#include "http/request_chain.h"
#include "http/respond.h"
#include "pages/login_foreign.h"
#include "pages/page.h"
#include "pages/sessions.h"
#include "pages/ways_on.h"
#include "session/request.h"
#include "session/sign_in.h"

/* Three times as much, if all is escaped, is within MS_BODY_MAX. */
#define BACK_FIELD_MAX 4096

const char *ms_login_form_query(request_rec *r, const char *name)
{
    apr_table_t *query;

    if (!r->args || ms_form_parse(r->pool, r->args, strlen(r->args), &query)) {
        return NULL;
    }
    return apr_table_get(query, name);
}

const char *ms_login_form_back(request_rec *r)
{
    return ms_return_url_checked(r, ms_login_form_query(r, "return"));
}

const char *ms_login_form_add_query(apr_pool_t *p, const char *url, const char *name,
                                    const char *value)
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
    /* The last sign-in is too old for the place (session-fresh): "Continue" would lead back here.
     */
    if (ms_login_form_query(r, "reauth")) {
        json_object_set_new(model, "reauth", json_true());
        if (!json_object_get(model, "username")) {
            json_object_set_new(model, "username", json_string(row->user));
        }
    }
    else {
        json_object_set_new(model, "signed_in",
                            json_pack("{s:s, s:s}", "user", row->user, "continue",
                                      back ? back : ms_config_landing(r)));
    }
}

/* As an ErrorDocument the page is shown at another address. */
const char *ms_login_form_own_url(request_rec *r, const char *back)
{
    const char *url = ms_percent_encode(r->pool, r->uri);

    return back ? ms_login_form_add_query(r->pool, url, "return", back) : url;
}

/* A longer one is in the page's own URL, which the form posts to. */
static int fits_form(const char *back)
{
    return strlen(back) <= BACK_FIELD_MAX;
}

static void add_field_names(request_rec *r, json_t *model)
{
    const ms_form_fields *names = ms_config_form_fields(r);

    json_object_set_new(model, "user_field", json_string(names->user));
    json_object_set_new(model, "password_field", json_string(names->password));
    json_object_set_new(model, "return_field", json_string(names->back));
}

#define PLACE_MAX 60 /* characters */

/* The way back as the visitor knows it: without the query, and not longer than a line. It is ASCII.
 */
static const char *place_of(request_rec *r, const char *back)
{
    const apr_size_t len = strcspn(back, "?#");

    return len <= PLACE_MAX ? apr_pstrmemdup(r->pool, back, len)
                            : apr_psprintf(r->pool, "%.*s\xE2\x80\xA6", PLACE_MAX - 1, back);
}

static void add_place(request_rec *r, json_t *model, const char *back)
{
    if (back && strcmp(back, "/") != 0 && strcmp(back, ms_config_landing(r)) != 0) {
        json_object_set_new(model, "place", json_string(place_of(r, back)));
    }
}

static json_t *form_model(request_rec *r, const ms_login_typed *typed)
{
    const ms_url *help = ms_config_help_url(r);
    json_t *model = ms_page_model(r);

    ms_page_set_heading(r, model, "Sign in");
    add_field_names(r, model);
    if (typed->shown_form && ms_token_is_id(typed->shown_form, strlen(typed->shown_form))) {
        json_object_set_new(model, "form", json_string(typed->shown_form));
    }
    if (typed->back && fits_form(typed->back)) {
        json_object_set_new(model, "return", json_string(typed->back));
    }
    if (ms_request_chain_error_status(r)) {
        json_object_set_new(model, "action", json_string(ms_login_form_own_url(r, typed->back)));
    }
    if (typed->user && ms_utf8_is_user_name(typed->user)) {
        json_object_set_new(model, "username", json_string(typed->user));
    }
    if (ms_server_conf_get(r->server)->remember == MS_REMEMBER_ASK) {
        json_object_set_new(model, "remember_ask", json_true());
    }
    if (help) {
        json_object_set_new(model, "help", json_string(help->text));
    }
    add_place(r, model, typed->back);
    show_signed_in(r, model, typed->back);
    return model;
}

int ms_login_form_show(request_rec *r, const ms_login_typed *typed)
{
    return ms_page_send(r, HTTP_OK, "login.html", form_model(r, typed));
}

static int show_wrong(request_rec *r, const ms_login_typed *typed)
{
    json_t *model;

    ms_challenge_set_header(r, r->headers_out);
    if (ms_json_client_is(r)) {
        return ms_page_refuse(r, MS_PROBLEM_WRONG_CREDENTIALS);
    }
    model = form_model(r, typed);
    json_object_set_new(model, "wrong", json_true());
    return ms_page_send(r, HTTP_UNAUTHORIZED, "login.html", model);
}

/* ---- failures -------------------------------------------------------------------------------- */

/* The page of the site, in place of the form. Its query has what the form would have shown. */
int ms_login_form_go_to_own_page(request_rec *r, const char *error, const char *back)
{
    const char *url = ms_dir_conf_get(r)->login_page->text;

    if (error) {
        url = ms_login_form_add_query(r->pool, url, "error", error);
    }
    if (ms_login_form_query(r, "reauth")) {
        url = ms_login_form_add_query(r->pool, url, "reauth", "1");
    }
    if (back) {
        url = ms_login_form_add_query(r->pool, url, "return", back);
    }
    return ms_page_redirect(r, url);
}

/* The form once more, with the name that was typed: the visitor need not go back. */
static int show_again(request_rec *r, ms_problem problem, const ms_login_typed *typed)
{
    const ms_problem_words *why = ms_problem_get(problem);
    const ms_language *language = ms_page_language(r);
    json_t *model = form_model(r, typed);

    json_object_set_new(model, "reason",
                        json_pack("{s:s, s:s}", "title", ms_language_text(language, why->heading),
                                  "text", ms_language_text(language, why->text)));
    ms_page_add_wait(r, model);
    ms_ways_on_add_site(r, model);
    return ms_page_send(r, why->status, "login.html", model);
}

static ms_problem problem_of(const request_rec *r, ms_login_failure why)
{
    static const ms_problem problems[] = {[MS_LOGIN_LIMITED] = MS_PROBLEM_ATTEMPTS,
                                          [MS_LOGIN_UNAVAILABLE] = MS_PROBLEM_UNAVAILABLE,
                                          [MS_LOGIN_BAD_NAME] = MS_PROBLEM_USER_NAME,
                                          [MS_LOGIN_TOO_MANY_DEVICES] = MS_PROBLEM_SESSION_LIMIT,
                                          [MS_LOGIN_BAD_FORM] = MS_PROBLEM_BAD_FORM,
                                          [MS_LOGIN_BUSY] = MS_PROBLEM_BUSY,
                                          [MS_LOGIN_TOO_OFTEN] = MS_PROBLEM_SIGN_INS};

    return why == MS_LOGIN_BAD_FORM && ms_json_client_sends(r) ? MS_PROBLEM_BAD_JSON
                                                               : problems[why];
}

static int show_failure(request_rec *r, ms_login_failure why, const ms_login_typed *typed)
{
    switch (why) {
    case MS_LOGIN_WRONG:
        return show_wrong(r, typed);
    case MS_LOGIN_PLAIN_HTTP:
        ms_respond_leave_body_unread(r);
        return ms_page_refuse(r, MS_PROBLEM_NOT_SECURE);
    case MS_LOGIN_UNAVAILABLE:
        ms_respond_retry_after(r, MS_RETRY_AFTER);
        break;
    default:
        break;
    }
    /* There is no form for a user whom another AuthType let in. */
    return ms_login_foreign_type(r) || ms_json_client_is(r)
               ? ms_page_refuse(r, problem_of(r, why))
               : show_again(r, problem_of(r, why), typed);
}

int ms_login_form_fail(request_rec *r, ms_login_failure why, const ms_login_typed *typed)
{
    /* These words are documented in docs/pages.md. */
    static const char *const words[] = {
        [MS_LOGIN_WRONG] = "credentials",        [MS_LOGIN_LIMITED] = "limit",
        [MS_LOGIN_UNAVAILABLE] = "unavailable",  [MS_LOGIN_BAD_NAME] = "name",
        [MS_LOGIN_TOO_MANY_DEVICES] = "devices", [MS_LOGIN_BAD_FORM] = "form",
        [MS_LOGIN_BUSY] = "unavailable",         [MS_LOGIN_TOO_OFTEN] = "limit"};

    /* A fault of the configuration: there is no word for it in docs/pages.md. */
    if (why != MS_LOGIN_PLAIN_HTTP && ms_dir_conf_get(r)->login_page &&
        r->method_number == M_POST && !ms_json_client_is(r)) {
        return ms_login_form_go_to_own_page(r, words[why], typed->back);
    }
    return show_failure(r, why, typed);
}

/* ---- the way on ------------------------------------------------------------------------------ */

/* row is NULL if a later submission of the form has made the session. */
static int lead_on(request_rec *r, const ms_row *row, const char *back)
{
    return ms_json_client_is(r)
               ? ms_page_send_json(r, HTTP_OK,
                                   json_pack("{s:s*, s:o*, s:s}", "user", row ? row->user : NULL,
                                             "session", row ? ms_sessions_model(r, row, row) : NULL,
                                             "return", back))
               : ms_page_redirect(r, back);
}

int ms_login_form_finish(request_rec *r, const ms_login_typed *who, const char *method)
{
    const ms_sign_in_wish wish = {.remember = who->remember, .shown_form = who->shown_form};
    const ms_row *row;

    if (ms_login_form_query(r, "reauth")) {
        ms_sign_in_replaces_stale(r);
    }
    switch (ms_sign_in(r, who->user, method, &wish, &row)) {
    case APR_SUCCESS:
        return lead_on(r, row, who->back ? who->back : ms_config_landing(r));
    case APR_EINVAL:
        return ms_login_form_fail(r, MS_LOGIN_BAD_NAME, who);
    case APR_ENOSPC:
        return ms_login_form_fail(r, MS_LOGIN_TOO_MANY_DEVICES, who);
    case APR_EACCES:
        return ms_login_form_fail(r, MS_LOGIN_PLAIN_HTTP, who);
    case APR_EBUSY:
        return ms_login_form_fail(r, MS_LOGIN_TOO_OFTEN, who);
    default:
        return ms_login_form_fail(r, MS_LOGIN_UNAVAILABLE, who);
    }
}

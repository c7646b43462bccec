/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sign-in where another AuthType guards the page. What the browser sends by itself is enough for
 * that AuthType, so a GET begins a session only if the user meant to sign in; else a button does.
 */
#include "pages/login_foreign.h"

#include <apr_strings.h>
#include <http_core.h>
#include "access/intent.h"
#include "access/own_pages.h"
#include "access/provider_chain.h"
#include "config/config.h"
#include "http/request_chain.h"
#include "http/respond.h"
#include "pages/login_form.h"
#include "pages/page.h"
#include "session/shown_form.h"
#include "session/user_name.h"

const char *ms_login_foreign_type(request_rec *r)
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

    return form && !ms_login_form_query(r, "form")
               ? ms_login_form_add_query(r->pool, apr_pstrcat(r->pool, "?", r->args, NULL), "form",
                                         form)
               : NULL;
}

/* A button: a form of our own page, which only the user can submit. */
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

int ms_login_foreign_begin(request_rec *r, const char *auth_type)
{
    ms_respond_leave_body_unread(r);
    ms_provider_chain_end(r);
    return ms_login_form_finish(
        r, &(ms_login_typed){r->user, "", ms_login_form_back(r), 0, ms_login_form_query(r, "form")},
        auth_type);
}

/* An image, a frame or a prefetch must not sign a user in, although the browser sends what the
 * AuthType needs. */
int ms_login_foreign_get(request_rec *r, const char *auth_type)
{
    switch (ms_intent_to_sign_in(r)) {
    case MS_INTENT_OWN:
        return ms_login_foreign_begin(r, auth_type);
    case MS_INTENT_UNKNOWN:
        if (ms_provider_chain_ends_here(r)) {
            return ms_login_foreign_begin(r, auth_type);
        }
        return ms_own_pages_wants_json(r) ? ms_page_refuse(r, MS_PROBLEM_NO_INTENT)
                                          : ask_to_continue(r);
    default:
        return ms_page_refuse(r, MS_PROBLEM_NO_INTENT);
    }
}

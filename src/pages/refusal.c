/* SPDX-License-Identifier: Apache-2.0 */
/*
 * httpd runs the hook insert_error_filter when it has decided to write an error page of its own: no
 * ErrorDocument leads elsewhere. Then ap_custom_response() replaces the text. A response of an
 * application does not come here, and an error status of its handler is left alone.
 */
#include "pages/refusal.h"

#include <http_core.h>
#include <http_protocol.h>
#include "access/authn.h"
#include "access/challenge.h"
#include "access/own_pages.h"
#include "config/config.h"
#include "core/cache_headers.h"
#include "http/json_client.h"
#include "pages/page.h"
#include "pages/ways_on.h"
#include "session/request.h"

/* Marks for tests/catalogues.py a message that is translated elsewhere. */
#define MESSAGE(text) (text)

/* By the site ("ErrorDocument 403 default" too), or by ap_custom_response(). */
static int has_other_text(request_rec *r)
{
    const core_request_config *request = ap_get_core_module_config(r->request_config);
    const core_dir_config *dir = ap_get_core_module_config(r->per_dir_config);
    const int i = ap_index_of_response(r->status);

    return (request->response_code_strings && request->response_code_strings[i]) ||
           (dir->response_code_exprs && apr_hash_get(dir->response_code_exprs, &i, sizeof(i)));
}

static int is_refused_here(request_rec *r)
{
    const ms_request *request = ms_request_peek(r);

    return request && ms_request_is_before_handler(request) &&
           ms_authn_is_our_type(ap_auth_type(r));
}

/* That server shows a page of its own. */
static int is_for_a_server(request_rec *r)
{
    return ms_own_pages_is_check(r) && ms_dir_conf_get(r)->check_redirects != 1;
}

static json_t *forbidden(request_rec *r, const ms_row *row)
{
    json_t *model = ms_page_message_model(r, MESSAGE("You may not open this page"),
                                          MESSAGE("It is not open to you. If you need it, "
                                                  "contact the administrator."));
    const char *login = ms_challenge_login_url(r);

    if (row) {
        json_object_set_new(model, "user", json_string(row->user));
    }
    if (login) {
        ms_ways_on_add(r, model, login,
                       row ? MESSAGE("Sign in as another user") : MESSAGE("Sign in"));
    }
    return model;
}

static json_t *not_signed_in(request_rec *r)
{
    const int is_stale = ms_request_stale_after(ms_request_get(r)) > 0;
    json_t *model = ms_page_message_model(r, MESSAGE("You are not signed in"),
                                          is_stale ? MESSAGE("Please sign in again to continue.")
                                                   : MESSAGE("Sign in to see this page."));

    ms_ways_on_add_sign_in(r, model);
    return model;
}

static json_t *unavailable(request_rec *r)
{
    json_t *model = ms_page_message_model(r, MESSAGE("Please try again in a moment"),
                                          MESSAGE("Sessions are unavailable right now. Nothing was "
                                                  "changed."));

    ms_page_add_wait(r, model);
    return model;
}

/* NULL: there is nothing to say about that status. */
static json_t *model_of(request_rec *r)
{
    const ms_row *row;
    const int is_known = ms_request_session(r, &row) == APR_SUCCESS;

    switch (r->status) {
    case HTTP_UNAUTHORIZED:
        return not_signed_in(r);
    case HTTP_FORBIDDEN:
        return forbidden(r, row);
    case HTTP_SERVICE_UNAVAILABLE:
        return is_known ? NULL : unavailable(r);
    default:
        return NULL;
    }
}

void ms_refusal_explain(request_rec *r)
{
    json_t *model;

    if (r->header_only || !is_refused_here(r) || is_for_a_server(r) ||
        !ms_json_client_prefers_html(r) || has_other_text(r)) {
        return;
    }
    model = model_of(r);
    if (model) {
        ms_ways_on_add_site(r, model);
        ms_page_put_in_place(r, r->status, model);
        ms_cache_headers_vary_by(r->err_headers_out, "Accept");
        ms_cache_headers_vary_by(r->err_headers_out, "Accept-Language");
    }
}

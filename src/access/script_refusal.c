/* SPDX-License-Identifier: Apache-2.0 */
/*
 * httpd looks for the text of an error page after the insert_error_filter hook, and has set the
 * type of an HTML page by then: the text is given to it in the hook, and the type is corrected
 * later by the response filter.
 */
#include "access/script_refusal.h"

#include <string.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_protocol.h>
#include <mod_core.h> /* ap_response_code_string() */
#include "access/authn.h"
#include "config/config.h"
#include "core/cache_headers.h"
#include "http/json_client.h"
#include "session/request.h"

void ms_script_refusal_note(request_rec *r, ms_problem which)
{
    ms_request_set_problem(ms_request_get(r), r, which);
}

const char *ms_script_refusal_login_url(request_rec *r, ms_problem which)
{
    const ms_url *login = ms_config_login_url(r);

    if (!login || ms_problem_get(which)->status != HTTP_UNAUTHORIZED) {
        return NULL;
    }
    return which == MS_PROBLEM_NOT_FRESH
               ? apr_pstrcat(r->pool, login->text, strchr(login->text, '?') ? "&" : "?", "reauth=1",
                             NULL)
               : login->text;
}

/* A Require line has denied the request: httpd itself makes it a 403. */
static int is_denied(request_rec *r, const ms_request *request)
{
    return r->status == HTTP_FORBIDDEN && ms_request_is_before_handler(request) &&
           ms_authn_is_our_type(ap_auth_type(r));
}

/* The problem of this response; MS_PROBLEM_NONE: another module's error, or httpd's own. */
static ms_problem problem_of(request_rec *r)
{
    const ms_request *request = ms_request_peek(r);
    const ms_problem which = request ? ms_request_problem(request, r) : MS_PROBLEM_NONE;

    if (which && ms_problem_get(which)->status == r->status) {
        return which;
    }
    return request && is_denied(r, request) ? MS_PROBLEM_FORBIDDEN : MS_PROBLEM_NONE;
}

void ms_script_refusal_send(request_rec *r)
{
    const ms_problem which = problem_of(r);
    const char *text;

    if (!which || !ms_json_client_is(r) ||
        ap_response_code_string(r, ap_index_of_response(r->status))) {
        return;
    }
    text = ms_problem_json(r->pool, which, ms_script_refusal_login_url(r, which));
    if (text) {
        ap_custom_response(r, r->status, text);
        ms_request_problem_send(ms_request_get(r), r, which);
        ms_cache_headers_vary_by(r->err_headers_out, "Accept");
    }
}

void ms_script_refusal_set_type(request_rec *r)
{
    const ms_request *request = ms_request_peek(r);

    if (request && ms_request_problem_is_sent(request, r)) {
        ap_set_content_type(r, MS_PROBLEM_TYPE);
    }
}

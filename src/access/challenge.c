/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Only a navigation is redirected: a script would take the sign-in page for its data. The sign-in
 * page cannot be shown in a frame, so a frame gets a page with a link that opens the whole window.
 */
#include "access/challenge.h"

#include <string.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_protocol.h>
#include "access/authn.h"
#include "access/forwarded.h"
#include "access/own_pages.h"
#include "access/script_refusal.h"
#include "access/return_url.h"
#include "config/config.h"
#include "http/limited_log.h"
#include "http/origin.h"
#include "http/request_chain.h"
#include "http/respond.h"
#include "session/request.h"
#include "core/percent.h"

/* ---- the sign-in page's URL ------------------------------------------------------------------ */

static const char *with_query(request_rec *r, const char *url, const char *query)
{
    return apr_pstrcat(r->pool, url, strchr(url, '?') ? "&" : "?", query, NULL);
}

/* httpd would reject a longer URL, and the visitor could not sign in at all. */
static int is_too_long(const request_rec *r, const char *url)
{
    return strlen(url) + sizeof("GET  HTTP/1.1") > (apr_size_t)r->server->limit_req_line;
}

/* With the way back to this request if that fits. */
static const char *login_url(request_rec *r, const ms_url *login)
{
    const char *back = ms_return_url_make(r, login), *url = login->text, *with_return;

    if (ms_request_stale_after(ms_request_get(r))) {
        url = with_query(r, url, "reauth=1");
    }
    if (!back) {
        return url;
    }
    with_return =
        with_query(r, url, apr_pstrcat(r->pool, "return=", ms_percent_encode(r->pool, back), NULL));
    return is_too_long(r, with_return) ? url : with_return;
}

const char *ms_challenge_login_url(request_rec *r)
{
    const ms_url *login = ms_config_login_url(r);

    return login && !ms_return_url_is_of_request(r, login) ? login_url(r, login) : NULL;
}

/* ---- the answer ------------------------------------------------------------------------------ */

void ms_challenge_set_header(request_rec *r, apr_table_t *headers)
{
    const char *realm = ap_auth_name(r), *why = "";
    const apr_int64_t stale_after = ms_request_stale_after(ms_request_get(r));

    if (!realm) {
        realm = ms_server_conf_get(r->server)->realm;
    }
    if (stale_after) { /* the same parameters as RFC 9470, section 3, for OAuth */
        why = apr_psprintf(
            r->pool, ", error=\"insufficient_user_authentication\", max_age=%" APR_INT64_T_FMT,
            stale_after);
    }
    apr_table_setn(headers, "WWW-Authenticate",
                   apr_pstrcat(r->pool, MS_AUTH_TYPE " realm=\"", ap_escape_quotes(r->pool, realm),
                               "\"", why, NULL));
    if (ms_dir_conf_get(r)->app_bearer == 1) { /* RFC 6750, section 3 */
        apr_table_addn(
            headers, "WWW-Authenticate",
            apr_pstrcat(r->pool, "Bearer realm=\"", ap_escape_quotes(r->pool, realm), "\"", NULL));
    }
}

static void log_closed_login(request_rec *r, const char *login)
{
    ms_limited_log(r, MS_LOG_CLOSED_LOGIN, APLOG_ERR,
                   "MS0020: ManagedSessionLoginURL %s is itself closed to visitors who are not "
                   "signed in; give its location \"SetHandler " MS_HANDLER_LOGIN
                   "\", or \"Require all granted\"",
                   login);
}

/* Whether the response is that of a page of ours. That of managed-session-check is the response of
 * the page that the client requested. */
static int is_own_page(request_rec *r)
{
    return ms_own_pages_is_set(r) && !ms_own_pages_is_check(r);
}

static int is_in_frame(request_rec *r)
{
    const char *dest = apr_table_get(r->headers_in, "Sec-Fetch-Dest");

    return dest && strcmp(dest, "document") != 0 && !is_own_page(r);
}

int ms_challenge_is_navigation(request_rec *r)
{
    ms_forwarded asked;

    if (!ms_own_pages_is_check(r)) {
        return ms_origin_is_navigation(r);
    }
    asked = ms_forwarded_read(r);
    return ms_forwarded_is_get(&asked) && !ms_forwarded_is_websocket(r) &&
           ms_origin_has_navigation_headers(r);
}

/* A server that takes no redirect makes its own of this header. */
static int redirect(request_rec *r, const char *url)
{
    if (!ms_own_pages_is_check(r) || ms_dir_conf_get(r)->check_redirects == 1) {
        return ms_respond_redirect(r, url);
    }
    apr_table_setn(r->err_headers_out, "Managed-Session-Login-URL", url);
    ms_challenge_set_header(r, r->err_headers_out);
    return HTTP_UNAUTHORIZED;
}

ms_problem ms_challenge_problem(request_rec *r)
{
    return ms_request_stale_after(ms_request_get(r)) ? MS_PROBLEM_NOT_FRESH
                                                     : MS_PROBLEM_NOT_SIGNED_IN;
}

int ms_challenge(request_rec *r)
{
    const ms_url *login = ms_challenge_is_navigation(r) ? ms_config_login_url(r) : NULL;

    ms_respond_refuse(r, HTTP_UNAUTHORIZED, 0);
    ms_request_refused(r);
    ms_script_refusal_note(r, ms_challenge_problem(r));
    if (is_own_page(r)) {
        ms_respond_status(r, HTTP_UNAUTHORIZED);
    }
    if (login && ms_return_url_is_of_request(r, login)) { /* a redirect would never end */
        log_closed_login(r, login->text);
    }
    else if (login && !is_in_frame(r)) {
        return redirect(r, login_url(r, login));
    }
    else if (login) {
        ms_own_pages_lead_out_of_frame(r, HTTP_UNAUTHORIZED, login_url(r, login));
    }
    ms_challenge_set_header(r, r->err_headers_out);
    return HTTP_UNAUTHORIZED;
}

int ms_challenge_unavailable(request_rec *r)
{
    ms_script_refusal_note(r, MS_PROBLEM_UNAVAILABLE);
    return ms_respond_refuse(r, HTTP_SERVICE_UNAVAILABLE, MS_RETRY_AFTER);
}

int ms_challenge_on_note_auth_failure(request_rec *r, const char *auth_type)
{
    if (!ms_authn_is_our_type(auth_type)) {
        return DECLINED;
    }
    ms_challenge_set_header(r, r->err_headers_out);
    return OK;
}

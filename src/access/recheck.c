/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ap_run_access_checker_ex() with r->user NULL returns DECLINED if and only if nothing but a user
 * is missing. ap_run_auth_checker() decides about the user that r has. Both call these hooks again:
 * a note marks the inner call, which must return DECLINED.
 */
#include "access/recheck.h"

#include <http_config.h>
#include <http_core.h>
#include <http_request.h>
#include "access/app_password.h"
#include "access/authn.h"
#include "access/challenge.h"
#include "access/own_pages.h"
#include "access/script_refusal.h"
#include "access/visitors.h"
#include "config/config.h"
#include "http/limited_log.h"
#include "http/request_chain.h"
#include "http/respond.h"
#include "session/request.h"

/**
 * Run a hook of httpd's again.
 * @param note  a literal that marks the inner call
 */
static int run_again(request_rec *r, const char *note, int (*hook)(request_rec *r))
{
    int status;

    apr_table_setn(r->notes, note, "1");
    status = hook(r);
    apr_table_unset(r->notes, note);
    return status;
}

/*
 * Sign-in and sign-out are open to visitors also inside a protected tree. Everything else that the
 * tree requires (an address, for example) still holds.
 */
int ms_recheck_on_access_checker_ex(request_rec *r)
{
    static const char inner[] = "managed_session_asked";
    int status;

    /* With our AuthType, the access checker has made the request's state. */
    if (r->user || !ms_request_peek(r) || !ms_authn_is_our_type(ap_auth_type(r)) ||
        apr_table_get(r->notes, inner) || !ms_visitors_may_enter(r)) {
        return DECLINED;
    }
    status = run_again(r, inner, ap_run_access_checker_ex);
    if (status == DECLINED) {
        ms_visitors_let_in(r);
        return OK;
    }
    return status;
}

/* Our AuthType, or that of app passwords with a user of ours. */
static int is_of_session(request_rec *r)
{
    return ms_authn_is_our_type(ap_auth_type(r)) ||
           (ms_authn_is_our_type(r->ap_auth_type) && ms_app_password_is_here(r));
}

/*
 * If a Require line (an expression with REMOTE_USER, for example) rejects a user who is signed in,
 * httpd would send a challenge; but another sign-in does not help, so it is 403.
 */
int ms_recheck_on_auth_checker(request_rec *r)
{
    static const char inner[] = "managed_session_authorizing";
    int status;

    if (!r->user || !is_of_session(r) || apr_table_get(r->notes, inner)) {
        return DECLINED;
    }
    status = run_again(r, inner, ap_run_auth_checker);
    if (status == HTTP_UNAUTHORIZED) {
        apr_table_unset(r->err_headers_out, "WWW-Authenticate");
        status = HTTP_FORBIDDEN;
    }
    return status;
}

/* ---- "Satisfy Any" --------------------------------------------------------------------------- */

static void log_satisfy_any(request_rec *r)
{
    ms_limited_log(r, MS_LOG_SATISFY_ANY, APLOG_ERR,
                   "MS0021: \"Satisfy Any\" beside AuthType " MS_AUTH_TYPE
                   " would let every visitor in; use <RequireAny> with Require lines instead");
}

static int refuse_satisfy_any(request_rec *r)
{
    log_satisfy_any(r);
    ms_script_refusal_note(r, MS_PROBLEM_FORBIDDEN);
    ms_respond_leave_body_unread(r);
    return ms_own_pages_is_set(r) ? ms_respond_status(r, HTTP_FORBIDDEN) : HTTP_FORBIDDEN;
}

/*
 * "Satisfy Any" (mod_access_compat) lets in a request that no access hook refused, and never looks
 * for its user. With our AuthType that would be every request, so the decision is made here.
 */
int ms_recheck_on_fixups(request_rec *r)
{
    const ms_row *row;

    if (ap_satisfies(r) != SATISFY_ANY || !ms_authn_is_our_type(ap_auth_type(r))) {
        return DECLINED;
    }
    if (ms_visitors_may_enter(r)) {
        if (!r->user) {
            ms_visitors_let_in(r);
        }
        return DECLINED;
    }
    if (ms_request_session(r, &row) != APR_SUCCESS) {
        return ms_challenge_unavailable(r);
    }
    if (!row || !r->user) {
        return refuse_satisfy_any(r);
    }
    if (ap_run_auth_checker(r) == OK) {
        return DECLINED;
    }
    ms_script_refusal_note(r, MS_PROBLEM_FORBIDDEN);
    return HTTP_FORBIDDEN;
}

int ms_recheck_user_is_required(request_rec *r)
{
    char *user = r->user;
    int status;

    if (!user || ap_satisfies(r) == SATISFY_ANY || ms_request_chain_error_status(r) ||
        (ms_authn_is_our_type(r->ap_auth_type) && !ms_authn_is_our_type(ap_auth_type(r)))) {
        return 0;
    }
    r->user = NULL;
    status = ap_run_access_checker_ex(r);
    r->user = user;
    return status == DECLINED;
}

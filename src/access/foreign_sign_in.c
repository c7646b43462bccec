/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The attempt is counted before the other module is called. If httpd goes on to authorize the user,
 * the password was right. If the response is 401, it was wrong. Any other response proves nothing.
 */
#include "access/foreign_sign_in.h"

#include <string.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_protocol.h>
#include "access/app_password.h"
#include "access/authn.h"
#include "access/own_pages.h"
#include "access/password_share.h"
#include "http/credentials.h"
#include "access/script_refusal.h"
#include "core/digest_user.h"
#include "http/respond.h"
#include "session/request.h"
#include "session/sign_in_limit.h"
#include "session/sign_in_log.h"

#define STATE_KEY "managed_session_foreign_login"

typedef struct state {
    ms_sign_in_ticket attempt;
    const char *user; /* as sent; NULL: not known */
    const char *type;
    int number; /* in the share of password checks */
    int is_open;
} state;

/* ---- what the client sent ---------------------------------------------------------------------
 */

static const char *user_of_basic(apr_pool_t *p, const char *encoded)
{
    const char *user, *password;

    ms_credentials_decode_basic(p, encoded, &user, &password);
    return user;
}

/* Without a name they have a budget, too, so that all credentials of this kind count somewhere. */
static const char *user_of_digest(apr_pool_t *p, const char *list)
{
    const char *user = ms_digest_user(p, list);

    return user ? user : "";
}

/* A 401 is a step of these schemes' handshake (RFC 4559, 5), not a failure. */
static int is_handshake(const char *credentials)
{
    return ms_credentials_of_scheme(credentials, "Negotiate") ||
           ms_credentials_of_scheme(credentials, "NTLM");
}

static const char *user_of(apr_pool_t *p, const char *credentials)
{
    const char *basic = ms_credentials_of_scheme(credentials, "Basic"),
               *digest = ms_credentials_of_scheme(credentials, "Digest");

    return basic ? user_of_basic(p, basic) : digest ? user_of_digest(p, digest) : NULL;
}

/* ---- before and after the other module --------------------------------------------------------
 */

static state *state_of(request_rec *r)
{
    void *found = NULL;

    if (ms_request_peek(r)) { /* begin() has made it: most requests have none */
        apr_pool_userdata_get(&found, STATE_KEY, r->pool);
    }
    return found;
}

static apr_status_t leave_share(void *statev)
{
    state *s = statev;

    ms_password_share_leave(s->number);
    s->number = -1;
    return APR_SUCCESS;
}

static int begin(request_rec *r, const char *type, const char *credentials)
{
    state *s = apr_pcalloc(r->pool, sizeof(*s));
    apr_int64_t wait;

    s->user = user_of(r->pool, credentials);
    s->type = type;
    wait = ms_sign_in_limit_take_late(r, s->user, &s->attempt);
    if (wait) {
        ms_sign_in_log_refused(r, s->user, type, MS_REFUSED_FAILURES, s->attempt.full);
        ms_script_refusal_note(r, MS_PROBLEM_ATTEMPTS);
        return ms_respond_refuse(r, HTTP_TOO_MANY_REQUESTS, wait);
    }
    if (ms_password_share_enter(r, &s->number) != OK) {
        ms_sign_in_limit_was_nothing(r, &s->attempt);
        ms_script_refusal_note(r, MS_PROBLEM_BUSY);
        return ms_respond_refuse(r, HTTP_SERVICE_UNAVAILABLE, MS_RETRY_AFTER);
    }
    s->is_open = 1;
    ms_request_get(r); /* see state_of() */
    apr_pool_cleanup_register(r->pool, s, leave_share, apr_pool_cleanup_null);
    apr_pool_userdata_setn(s, STATE_KEY, NULL, r->pool);
    return DECLINED;
}

/* A sign-in page; or a place whose real password counts beside app passwords. */
static int is_sign_in(request_rec *r)
{
    return ms_own_pages_foreign_use(r) == MS_FOREIGN_SIGN_IN || ms_app_password_leaves_to_others(r);
}

int ms_foreign_sign_in_on_check_authn(request_rec *r)
{
    const char *type = ap_auth_type(r), *credentials;

    if (r->main || !type || ms_authn_is_our_type(type)) {
        return DECLINED;
    }
    credentials = apr_table_get(r->headers_in, "Authorization");
    if (!credentials || is_handshake(credentials) || !is_sign_in(r) || state_of(r)) {
        return DECLINED;
    }
    return begin(r, type, credentials);
}

int ms_foreign_sign_in_on_auth_checker(request_rec *r)
{
    state *s = r->user && !r->main ? state_of(r) : NULL;

    if (s && s->is_open) {
        s->is_open = 0;
        leave_share(s);
        ms_sign_in_limit_was_right(r, &s->attempt);
    }
    return DECLINED;
}

/* RFC 7616, 3.3: the password was right, and the nonce too old. */
static int is_stale(request_rec *r)
{
    const char *challenge = apr_table_get(r->err_headers_out, "WWW-Authenticate");

    return challenge && ap_strcasestr(challenge, "stale=true");
}

static void was_wrong(request_rec *r, state *s)
{
    s->is_open = 0;
    leave_share(s);
    if (is_stale(r)) {
        ms_sign_in_limit_was_nothing(r, &s->attempt);
    }
    else {
        ms_sign_in_limit_was_wrong(r, &s->attempt);
        ms_sign_in_log_failed(r, s->user, s->type);
    }
}

/* Before a response is sent: the 401 itself, or the ErrorDocument for it. */
void ms_foreign_sign_in_on_response(request_rec *r)
{
    request_rec *failed = r->main ? NULL : r;
    state *s;

    while (failed && failed->status != HTTP_UNAUTHORIZED) {
        failed = failed->prev;
    }
    s = failed ? state_of(r) : NULL;
    if (s && s->is_open) {
        was_wrong(failed, s);
    }
}

int ms_foreign_sign_in_on_log_transaction(request_rec *r)
{
    state *s = state_of(r);

    if (s && s->is_open) {
        s->is_open = 0;
        leave_share(s);
        ms_sign_in_limit_was_nothing(r, &s->attempt);
    }
    return DECLINED;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mod_auth_basic knows "wrong" and "error" only. So a password is checked before it runs, when 403,
 * 429 and 503 can be sent, and the provider repeats the result.
 */
#include "access/app_password.h"

#include <stdlib.h>
#include <ap_provider.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>
#include <mod_auth.h>
#include "access/authn.h"
#include "access/challenge.h"
#include "access/own_pages.h"
#include "config/config.h"
#include "http/credentials.h"
#include "http/limited_log.h"
#include "http/origin.h"
#include "http/respond.h"
#include "session/app_session.h"
#include "session/request.h"

#define NOTE_REFUSED "managed-session-bearer" /* the status, until the challenge */

/* ---- where ----------------------------------------------------------------------------------- */

static int is_basic(request_rec *r)
{
    const char *type = ap_auth_type(r);

    return type && ap_cstr_casecmp(type, "Basic") == 0;
}

int ms_app_password_is_here(request_rec *r)
{
    return ms_dir_conf_get(r)->basic > MS_BASIC_OTHERS && is_basic(r);
}

/* A page of ours that no app may open. Forward auth decides by its Require lines. */
static int is_page_for_browsers(request_rec *r)
{
    const ms_own_page *page = ms_own_pages_configured(r);

    return page && !page->any;
}

static const char *basic_of(request_rec *r)
{
    return ms_credentials_of_scheme(apr_table_get(r->headers_in, "Authorization"), "Basic");
}

static int has_form(const char *password)
{
    ms_token token;

    return ms_token_parse_typed(password, &token);
}

int ms_app_password_leaves_to_others(request_rec *r)
{
    const char *basic, *user, *password;

    if (ms_dir_conf_get(r)->basic != MS_BASIC_APPS_AND_OTHERS || !is_basic(r)) {
        return 0;
    }
    basic = basic_of(r);
    if (!basic) {
        return 0;
    }
    ms_credentials_decode_basic(r->pool, basic, &user, &password);
    return !has_form(password);
}

/* ---- the answer ------------------------------------------------------------------------------ */

static int answer(request_rec *r, int status)
{
    switch (status) {
    case HTTP_SERVICE_UNAVAILABLE:
        return ms_challenge_unavailable(r);
    case HTTP_FORBIDDEN:
        ms_limited_log(r, MS_LOG_APP_PLAIN_HTTP, APLOG_WARNING,
                       "MS0255: an app password was refused: it came over plain http, where others "
                       "can read it. Serve this site over TLS; a proxy that ends TLS in front must "
                       "send X-Forwarded-Proto; on a trusted network, set "
                       "ManagedSessionCookieSecure Off");
        break;
    default:
        break;
    }
    return ms_respond_refuse(r, status, 0);
}

/* ---- AuthType Basic -------------------------------------------------------------------------- */

/* Browsers get the form: in their window for user and password an app password is of no use. But if
 * their sessions do not count here, the form would lead back here without end. */
static int challenge(request_rec *r)
{
    if (ms_dir_conf_get(r)->on != 0 && ms_challenge_is_navigation(r)) {
        return ms_challenge(r);
    }
    ms_respond_refuse(r, HTTP_UNAUTHORIZED, 0);
    ms_request_refused(r);
    ap_note_auth_failure(r);
    return HTTP_UNAUTHORIZED;
}

static int check_basic(request_rec *r, const char *basic)
{
    const char *user, *password;
    int status;

    ms_credentials_decode_basic(r->pool, basic, &user, &password);
    if (ms_dir_conf_get(r)->basic == MS_BASIC_APPS_AND_OTHERS && !has_form(password)) {
        return DECLINED;
    }
    status = ms_app_session_check(r, user, password);
    if (status == OK) {
        return DECLINED; /* mod_auth_basic goes on with the provider */
    }
    return status == HTTP_UNAUTHORIZED ? challenge(r) : answer(r, status);
}

int ms_app_password_on_check_authn(request_rec *r)
{
    const char *basic;
    const ms_row *row;
    int status;

    if (!ms_app_password_is_here(r)) {
        return DECLINED;
    }
    ms_authn_depend(r, MS_DEPENDS_ENTIRELY);
    if (is_page_for_browsers(r)) {
        return DECLINED; /* the provider refuses */
    }
    status = ms_app_password_refused(r);
    if (status != DECLINED) {
        return status;
    }
    if (ms_request_stale_after(ms_request_get(r))) {
        return ms_challenge(r);
    }
    basic = basic_of(r);
    if (basic) {
        return check_basic(r, basic);
    }
    if (ms_dir_conf_get(r)->on != 0 && ms_request_session(r, &row) != APR_SUCCESS) {
        return ms_challenge_unavailable(r);
    }
    return challenge(r);
}

/* ---- the provider ---------------------------------------------------------------------------- */

static authn_status refuse_own_page(request_rec *r)
{
    ms_limited_log(r, MS_LOG_APP_OWN_PAGE, APLOG_WARNING,
                   "MS0256: an app password was refused at %s: the module's own pages are for "
                   "browsers. Take \"" MS_AUTHN_PROVIDER "\" out of their providers",
                   r->uri);
    return AUTH_DENIED;
}

static authn_status check_password(request_rec *r, const char *user, const char *password)
{
    int status;

    if (!has_form(password)) {
        return AUTH_USER_NOT_FOUND;
    }
    if (is_page_for_browsers(r)) {
        return refuse_own_page(r);
    }
    ms_authn_depend(r, MS_DEPENDS_ENTIRELY);
    status = ms_app_session_check(r, user, password);
    if (status == OK) {
        ms_authn_set_user(r, ms_request_row(ms_request_get(r)));
        return AUTH_GRANTED;
    }
    return status == HTTP_SERVICE_UNAVAILABLE ? AUTH_GENERAL_ERROR : AUTH_DENIED;
}

void ms_app_password_register(apr_pool_t *p)
{
    static const authn_provider provider = {.check_password = check_password};

    ap_register_auth_provider(p, AUTHN_PROVIDER_GROUP, MS_AUTHN_PROVIDER, AUTHN_PROVIDER_VERSION,
                              &provider, AP_AUTH_INTERNAL_PER_CONF);
}

/* ---- Bearer ---------------------------------------------------------------------------------- */

static const char *bearer_of(request_rec *r)
{
    return ms_dir_conf_get(r)->app_bearer == 1 && !is_page_for_browsers(r)
               ? ms_credentials_of_scheme(apr_table_get(r->headers_in, "Authorization"), "Bearer")
               : NULL;
}

void ms_app_password_identify(request_rec *r)
{
    const char *bearer = bearer_of(r);
    int status;

    apr_table_unset(r->notes, NOTE_REFUSED);
    if (!bearer) {
        return;
    }
    ms_authn_depend(r, MS_DEPENDS_ENTIRELY);
    status = ms_app_session_check(r, NULL, bearer);
    if (status == OK) {
        ms_authn_set_user(r, ms_request_row(ms_request_get(r)));
    }
    else {
        apr_table_setn(r->notes, NOTE_REFUSED, apr_itoa(r->pool, status));
    }
}

/* RFC 6750, section 3. */
static int challenge_bearer(request_rec *r)
{
    const char *realm = ap_auth_name(r);

    if (!realm) {
        realm = ms_server_conf_get(r->server)->realm;
    }
    apr_table_setn(r->err_headers_out, "WWW-Authenticate",
                   apr_pstrcat(r->pool, "Bearer realm=\"", ap_escape_quotes(r->pool, realm),
                               "\", error=\"invalid_token\"", NULL));
    return ms_respond_refuse(r, HTTP_UNAUTHORIZED, 0);
}

int ms_app_password_refused(request_rec *r)
{
    const char *refused = apr_table_get(r->notes, NOTE_REFUSED);
    const int status = refused ? atoi(refused) : OK;

    if (status == OK) {
        return DECLINED;
    }
    return status == HTTP_UNAUTHORIZED ? challenge_bearer(r) : answer(r, status);
}

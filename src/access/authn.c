/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The access_checker hook only identifies; httpd's own Require lines decide, and where they want a
 * user and there is none, httpd comes back to check_authn, which challenges. Everything here may
 * run several times for one client request (subrequests, internal redirects,
 * ap_some_authn_required), depends on per-directory configuration only, and asks the database once.
 */
#include "access/authn.h"

#include <string.h>
#include <apr_strings.h>
#include <ap_provider.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>
#include <mod_auth.h>
#include "http/respond.h"
#include "config/config.h"
#include "access/door.h"
#include "core/log_limit.h"
#include "http/origin.h"
#include "pages/page.h"
#include "access/authz.h"
#include "access/return_url.h"
#include "session/session.h"
#include "core/text.h"
#include "http/request_chain.h"

APLOG_USE_MODULE(managed_session);

#define ENV_ID "MANAGED_SESSION_ID"

/* What r->ap_auth_type is set to, which is then known by its address. */
static const char our_type[] = MS_AUTH_TYPE;

static int is_our_type(const char *auth_type)
{
    return auth_type && (auth_type == our_type || ap_cstr_casecmp(auth_type, our_type) == 0);
}

void ms_authn_depend(request_rec *r, ms_dependence how)
{
    ms_request *request = ms_request_get(r);

    if (request->depends < how) {
        request->depends = how;
    }
}

/* ---- identify -------------------------------------------------------------------------------- */

/* A sign-in page of another AuthType's must see that module's user, not the one signed in already;
 * and so must the administrators' page. */
static int is_foreign_page(request_rec *r, const char *auth_type)
{
    return auth_type && !is_our_type(auth_type) &&
           (ms_door_leads_to(r, MS_HANDLER_LOGIN) || ms_door_leads_to(r, MS_HANDLER_ADMIN));
}

/* A page of another site's may open a WebSocket to anywhere, and reads what comes: the browser's
 * cookie must not be enough, unless cookies were opened to other sites on purpose. */
static int is_foreign_websocket(request_rec *r)
{
    const char *upgrade = apr_table_get(r->headers_in, "Upgrade");

    return upgrade && ap_find_token(r->pool, upgrade, "websocket") &&
           ms_origin_is_cross(r, ms_config_origins(r)) &&
           ms_server_conf_get(r->server)->cookie.same_site != MS_SAMESITE_NONE;
}

static int identify(request_rec *r)
{
    const char *auth_type = ap_auth_type(r);
    const int required = is_our_type(auth_type);
    const ms_row *row;

    if ((!required && ms_dir_conf_get(r)->on != 1) || is_foreign_page(r, auth_type)) {
        return DECLINED;
    }
    ms_request_get(r)->stale_after = 0; /* of another location, in this request's history */
    ms_authn_depend(r, required ? MS_DEPENDS_ENTIRELY : MS_DEPENDS_OPTIONALLY);
    if (ms_session_current(r, &row) == APR_SUCCESS && row && !is_foreign_websocket(r)) {
        r->user = (char *)row->user;
        r->ap_auth_type = (char *)our_type;
    }
    return DECLINED;
}

/* ---- challenge ------------------------------------------------------------------------------- */

/* Whether this request asks for the sign-in page itself, so that sending it there would never end.
 */
static int is_login_url(request_rec *r, const request_rec *first, const ms_url *url)
{
    return url->path && first->uri && strcmp(first->uri, url->path) == 0 &&
           ms_return_is_same_site(r, url);
}

static const char *with_query(request_rec *r, const char *url, const char *query)
{
    return apr_pstrcat(r->pool, url, strchr(url, '?') ? "&" : "?", query, NULL);
}

/* An address that is longer than httpd takes would keep the visitor out; then the way back is lost.
 */
static int is_too_long(const request_rec *r, const char *url)
{
    return strlen(url) + sizeof("GET  HTTP/1.1") > (apr_size_t)r->server->limit_req_line;
}

const char *ms_authn_login_url(request_rec *r)
{
    const ms_url *login = ms_dir_conf_get(r)->login_url;
    const char *back, *url, *with_return;

    if (!login) {
        return NULL;
    }
    back = ms_return_of(r, login);
    url = ms_request_get(r)->stale_after ? with_query(r, login->text, "reauth=1") : login->text;
    if (!back) {
        return url;
    }
    with_return = with_query(
        r, url, apr_pstrcat(r->pool, "return=", ms_text_escape_query(r->pool, back), NULL));
    return is_too_long(r, with_return) ? url : with_return;
}

void ms_authn_note_challenge(request_rec *r, apr_table_t *headers)
{
    const char *realm = ap_auth_name(r), *why = "";
    const apr_int64_t stale_after = ms_request_get(r)->stale_after;

    if (!realm) {
        realm = ms_server_conf_get(r->server)->realm;
    }
    if (stale_after) { /* as RFC 9470, section 3, has it for OAuth */
        why = apr_psprintf(
            r->pool, ", error=\"insufficient_user_authentication\", max_age=%" APR_INT64_T_FMT,
            stale_after);
    }
    apr_table_setn(headers, "WWW-Authenticate",
                   apr_pstrcat(r->pool, MS_AUTH_TYPE " realm=\"", ap_escape_quotes(r->pool, realm),
                               "\"", why, NULL));
}

static int note_auth_failure(request_rec *r, const char *auth_type)
{
    if (!is_our_type(auth_type)) {
        return DECLINED;
    }
    ms_authn_note_challenge(r, r->err_headers_out);
    return OK;
}

static void log_closed_login(request_rec *r, const char *login)
{
    const char *suffix = ms_log_limit_suffix(MS_LOG_CLOSED_LOGIN, r->pool);

    if (suffix) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "MS0020: ManagedSessionLoginURL %s is itself closed to visitors who are not "
                      "signed in; give its location \"SetHandler " MS_HANDLER_LOGIN
                      "\", or \"Require all granted\"%s",
                      login, suffix);
    }
}

/* The sign-in page is in no frame, so a redirect to it would show an error of the browser's. */
static int is_in_frame(request_rec *r)
{
    const char *dest = apr_table_get(r->headers_in, "Sec-Fetch-Dest");

    return dest && strcmp(dest, "document") != 0 && !ms_door_leads_to_us(r);
}

int ms_authn_challenge(request_rec *r)
{
    const ms_url *login = ms_dir_conf_get(r)->login_url;

    ms_respond_leave_body_unread(r);
    ms_session_refused(r);
    apr_table_setn(r->err_headers_out, "Cache-Control", "no-store");
    if (ms_door_leads_to_us(r)) {
        ms_page_status(r, HTTP_UNAUTHORIZED);
    }
    if (login && ms_is_navigation(r) &&
        is_login_url(r, ms_request_chain_before_redirects(r), login)) {
        log_closed_login(r, login->text);
    }
    else if (login && ms_is_navigation(r) && !is_in_frame(r)) {
        apr_table_setn(r->headers_out, "Location", ms_authn_login_url(r));
        return HTTP_SEE_OTHER;
    }
    else if (login && ms_is_navigation(r)) {
        ms_page_lead_out_of_frame(r, HTTP_UNAUTHORIZED, ms_authn_login_url(r));
    }
    ms_authn_note_challenge(r, r->err_headers_out);
    return HTTP_UNAUTHORIZED;
}

static int unavailable(request_rec *r)
{
    return ms_respond_refuse(r, HTTP_SERVICE_UNAVAILABLE, MS_RETRY_AFTER);
}

static void log_foreign_websocket(request_rec *r, const ms_row *row)
{
    const char *suffix = ms_log_limit_suffix(MS_LOG_FOREIGN_WEBSOCKET, r->pool),
               *origin = apr_table_get(r->headers_in, "Origin");

    if (suffix) {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r,
                      "MS0022: a page of \"%s\" tried to open a WebSocket to \"%s\" as user "
                      "\"%s\"; if that is an origin of this site, list it in "
                      "ManagedSessionOrigin%s",
                      origin ? origin : "another site", ms_origin_own(r), row->user, suffix);
    }
}

static int authenticate(request_rec *r)
{
    const ms_row *row;

    if (!is_our_type(ap_auth_type(r))) {
        return DECLINED;
    }
    ms_authn_depend(r, MS_DEPENDS_ENTIRELY);
    if (ms_session_current(r, &row) != APR_SUCCESS) {
        return unavailable(r);
    }
    if (!row || ms_request_get(r)->stale_after) {
        return ms_authn_challenge(r);
    }
    if (is_foreign_websocket(r)) {
        log_foreign_websocket(r, row);
        return HTTP_FORBIDDEN;
    }
    r->user = (char *)row->user;
    r->ap_auth_type = (char *)our_type;
    return OK;
}

/*
 * Sign-in and sign-out are open to visitors even where they lie within a protected tree. Whatever
 * else that tree requires (an address, say) still holds: httpd answers DECLINED exactly where
 * nothing but a user is missing.
 */
static int open_own_doors(request_rec *r)
{
    static const char asked[] = "managed_session_asked";
    int answer;

    if (r->user || !is_our_type(ap_auth_type(r)) || apr_table_get(r->notes, asked) ||
        !ms_door_may_open(r)) {
        return DECLINED;
    }
    apr_table_setn(r->notes, asked, "1");
    answer = ap_run_access_checker_ex(r);
    apr_table_unset(r->notes, asked);
    if (answer != DECLINED) {
        return answer;
    }
    ms_door_open(r);
    return OK;
}

/*
 * Where a Require line (an expression that names REMOTE_USER, say) turns down a user who is known,
 * httpd would ask for another one; but whoever has a session is told that it is not enough.
 */
static int authorize(request_rec *r)
{
    static const char asked[] = "managed_session_authorizing";
    int answer;

    if (!r->user || !is_our_type(ap_auth_type(r)) || apr_table_get(r->notes, asked)) {
        return DECLINED;
    }
    apr_table_setn(r->notes, asked, "1");
    answer = ap_run_auth_checker(r);
    apr_table_unset(r->notes, asked);
    if (answer != HTTP_UNAUTHORIZED) {
        return answer;
    }
    apr_table_unset(r->err_headers_out, "WWW-Authenticate");
    return HTTP_FORBIDDEN;
}

/* ---- what was decided, once more; and the environment -----------------------------------------
 */

static void log_satisfy_any(request_rec *r)
{
    const char *suffix = ms_log_limit_suffix(MS_LOG_SATISFY_ANY, r->pool);

    if (suffix) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "MS0021: \"Satisfy Any\" beside AuthType " MS_AUTH_TYPE
                      " would let everybody in; use <RequireAny> with Require lines instead%s",
                      suffix);
    }
}

/*
 * "Satisfy Any" (mod_access_compat) lets a request in that no access hook refused, without ever
 * asking for its user. Beside our AuthType that would be everybody.
 */
static int decide_again(request_rec *r)
{
    const ms_row *row;

    if (ap_satisfies(r) != SATISFY_ANY || !is_our_type(ap_auth_type(r))) {
        return OK;
    }
    if (ms_door_may_open(r)) {
        if (!r->user) {
            ms_door_open(r);
        }
        return OK;
    }
    if (ms_session_current(r, &row) != APR_SUCCESS) {
        return unavailable(r);
    }
    if (!row || !r->user) {
        log_satisfy_any(r);
        ms_respond_leave_body_unread(r);
        return ms_door_leads_to_us(r) ? ms_page_status(r, HTTP_FORBIDDEN) : HTTP_FORBIDDEN;
    }
    return ap_run_auth_checker(r) == OK ? OK : HTTP_FORBIDDEN;
}

static void set_environment(request_rec *r, const ms_row *row)
{
    apr_table_setn(r->subprocess_env, ENV_ID, row->id);
    apr_table_setn(r->subprocess_env, "MANAGED_SESSION_AUTH_TIME",
                   apr_off_t_toa(r->pool, row->created_at));
    apr_table_setn(r->subprocess_env, "MANAGED_SESSION_EXPIRES",
                   apr_off_t_toa(r->pool, row->expires_at));
    apr_table_setn(r->subprocess_env, "MANAGED_SESSION_AUTH_METHOD", row->auth_method);
}

static int fixups(request_rec *r)
{
    const int decision = decide_again(r);
    const ms_row *row;

    if (decision != OK) {
        return decision;
    }
    if (r->user && is_our_type(r->ap_auth_type) && ms_session_current(r, &row) == APR_SUCCESS &&
        row) {
        set_environment(r, row);
    }
    return DECLINED;
}

int ms_authn_is_error_page(const request_rec *r)
{
    return ms_request_chain_error_status(r) != 0;
}

int ms_authn_demands_user(request_rec *r)
{
    char *user = r->user;
    int answer;

    if (!user || ap_satisfies(r) == SATISFY_ANY || ms_authn_is_error_page(r) ||
        (is_our_type(r->ap_auth_type) && !is_our_type(ap_auth_type(r)))) {
        return 0;
    }
    /* As if nobody were known: httpd answers DECLINED exactly where nothing but a user is missing.
     */
    r->user = NULL;
    answer = ap_run_access_checker_ex(r);
    r->user = user;
    return answer == DECLINED;
}

void ms_authn_keep_user(request_rec *r)
{
    const ms_row *row;

    if (!r->user && apr_table_get(r->subprocess_env, ENV_ID) &&
        ms_session_current(r, &row) == APR_SUCCESS && row) {
        r->user = (char *)row->user;
        r->ap_auth_type = (char *)our_type;
    }
}

void ms_authn_register_hooks(apr_pool_t *p)
{
    /* FIRST: the hooks of mod_access_compat and mod_ssl may refuse, and then later ones do not run.
     */
    ap_hook_check_access(identify, NULL, NULL, APR_HOOK_FIRST, AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_check_access_ex(open_own_doors, NULL, NULL, APR_HOOK_MIDDLE, AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_check_authn(authenticate, NULL, NULL, APR_HOOK_FIRST, AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_check_authz(authorize, NULL, NULL, APR_HOOK_FIRST, AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_note_auth_failure(note_auth_failure, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_fixups(fixups, NULL, NULL, APR_HOOK_FIRST);
    ms_authz_register(p);
}

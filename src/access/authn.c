/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The access_checker hook only identifies the user. httpd's own Require lines decide; if they
 * require a user and there is none, httpd calls check_authn, which sends a challenge. All of this
 * may run several times for one client request (subrequests, internal redirects,
 * ap_some_authn_required). It depends on per-directory configuration only, and the database is
 * queried once.
 */
#include "access/authn.h"

#include <string.h>
#include <http_config.h>
#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>
#include "access/app_password.h"
#include "access/challenge.h"
#include "access/forwarded.h"
#include "access/own_pages.h"
#include "access/websocket.h"
#include "config/config.h"
#include "http/respond.h"

/* The value of r->ap_auth_type; its address is enough to recognise it. */
static const char our_type[] = MS_AUTH_TYPE;

int ms_authn_is_our_type(const char *auth_type)
{
    return auth_type && (auth_type == our_type || strcmp(auth_type, our_type) == 0 ||
                         ap_cstr_casecmp(auth_type, our_type) == 0);
}

void ms_authn_set_user(request_rec *r, const ms_row *row)
{
    r->user = (char *)row->user;
    r->ap_auth_type = (char *)our_type;
}

void ms_authn_depend(request_rec *r, ms_dependence how)
{
    ms_request_depend(ms_request_get(r), how);
}

/* The sign-in page and the administrators' page of another AuthType must see that module's user,
 * not the one who is signed in already. */
static int is_for_foreign_user(request_rec *r, const char *auth_type)
{
    return auth_type && !ms_authn_is_our_type(auth_type) &&
           ms_own_pages_foreign_use(r) != MS_FOREIGN_IGNORED;
}

/* Our pages imply ManagedSession On: the log names their user, and Require lines know him. Below
 * another AuthType those lines are about its users. */
static int is_on(request_rec *r, const char *auth_type)
{
    const int on = ms_dir_conf_get(r)->on;
    const ms_own_page *page = on ? ms_own_pages_configured(r) : NULL;

    if (page && page->is_for_machines) {
        return 0;
    }
    return on == 1 || (page && !auth_type) || (on == MS_UNSET && ms_app_password_is_here(r));
}

int ms_authn_on_access_checker(request_rec *r)
{
    const char *auth_type = ap_auth_type(r);
    const int required = ms_authn_is_our_type(auth_type);
    ms_request *request;
    const ms_row *row;

    if (ms_own_pages_is_check_by_url(r) && ms_forwarded_check(r) != DECLINED) {
        return ms_respond_refuse(r, HTTP_FORBIDDEN, 0);
    }
    if ((!required && !is_on(r, auth_type)) || is_for_foreign_user(r, auth_type)) {
        return DECLINED;
    }
    request = ms_request_get(r);
    ms_request_set_stale_after(request, 0); /* of another location, in this request's history */
    if (!r->main) {
        ms_request_leave_handler(request);
    }
    ms_request_depend(request, required ? MS_DEPENDS_ENTIRELY : MS_DEPENDS_OPTIONALLY);
    if (ms_request_session(r, &row) != APR_SUCCESS || ms_request_is_app(request)) {
        row = NULL; /* the app signs in again, where another location has other rules */
    }
    if (row && !ms_websocket_is_cross_origin(r)) {
        ms_authn_set_user(r, row);
    }
    else if (!row) {
        ms_app_password_identify(r);
    }
    return DECLINED;
}

int ms_authn_on_check_authn(request_rec *r)
{
    const ms_row *row;
    int status;

    if (!ms_authn_is_our_type(ap_auth_type(r))) {
        return ms_app_password_on_check_authn(r);
    }
    ms_authn_depend(r, MS_DEPENDS_ENTIRELY);
    status = ms_app_password_refused(r);
    if (status != DECLINED) {
        return status;
    }
    if (ms_request_session(r, &row) != APR_SUCCESS) {
        return ms_challenge_unavailable(r);
    }
    if (row && ms_request_is_app(ms_request_get(r))) {
        return r->user ? OK : ms_challenge(r); /* not with a password for another location */
    }
    if (!row || ms_request_stale_after(ms_request_get(r))) {
        return ms_challenge(r);
    }
    if (ms_websocket_is_cross_origin(r)) {
        return ms_websocket_refuse(r, row->user);
    }
    ms_authn_set_user(r, row);
    return OK;
}

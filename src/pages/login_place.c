/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where sessions may begin: only if the server's own configuration allows it, since the author of
 * an .htaccess file could name any user by a password file of their own.
 */
#include "pages/login_place.h"

#include "config/config.h"
#include "http/limited_log.h"
#include "http/respond.h"
#include "pages/page.h"

static int may_begin(const ms_dir_conf *conf)
{
    return conf->sign_in == MS_UNSET ? conf->providers != NULL : conf->sign_in;
}

static void log_no_sign_in(request_rec *r)
{
    ms_limited_log(r, MS_LOG_NO_SIGN_IN, APLOG_WARNING,
                   "MS0101: no session begins at %s: give its location "
                   "ManagedSessionAuthProvider or, if another AuthType guards it, "
                   "\"ManagedSessionSignIn On\", in the server's own configuration",
                   r->uri);
}

static void log_htaccess(request_rec *r, const char *module)
{
    ms_limited_log(r, MS_LOG_HTACCESS_SIGN_IN, APLOG_WARNING,
                   "MS0102: no session begins at %s: an .htaccess file has directives of %s, "
                   "which could name any user; move them to the server's own configuration",
                   r->uri, module);
}

int ms_login_place_allows(request_rec *r, ms_own how)
{
    const char *module = ms_htaccess_sets(r, how);

    if (!may_begin(ms_dir_conf_get(r))) {
        log_no_sign_in(r);
        return 0;
    }
    if (module) {
        log_htaccess(r, module);
    }
    return !module;
}

int ms_login_place_refuse(request_rec *r)
{
    ms_respond_leave_body_unread(r);
    return ms_page_refuse(r, MS_PROBLEM_NO_SIGN_IN);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access is decided by the configuration. Without a required user the page refuses everyone; so it
 * does if an .htaccess file, whose author is no administrator, could name one.
 */
#include "pages/admin_access.h"

#include "access/htaccess.h"
#include "access/own_pages.h"
#include "access/recheck.h"
#include "config/config.h"
#include "http/limited_log.h"
#include "http/respond.h"
#include "pages/page.h"

static void log_open_page(request_rec *r)
{
    ms_limited_log(r, MS_LOG_OPEN_ADMIN, APLOG_ERR,
                   "MS0080: " MS_HANDLER_ADMIN
                   " shows nothing, since its location also admits visitors who are not signed in; "
                   "give it an AuthType and a line such as \"Require user admin\", and no "
                   "\"Satisfy Any\"");
}

/* The author of an .htaccess file could become any administrator by a password file. */
static int is_from_htaccess(request_rec *r)
{
    const char *module = ms_htaccess_sets(r, MS_OWN_REQUIRE);

    if (!module && !ms_htaccess_gives_handler(r)) {
        return 0;
    }
    ms_limited_log(r, MS_LOG_HTACCESS_ADMIN, APLOG_WARNING,
                   "MS0103: " MS_HANDLER_ADMIN
                   " shows nothing at %s: an .htaccess file has directives of %s there; move the "
                   "page's AuthType and Require lines to the server's own configuration",
                   r->uri, module ? module : "core.c");
    return 1;
}

static int refuse(request_rec *r)
{
    ms_respond_leave_body_unread(r);
    return ms_page_refuse(r, MS_PROBLEM_NO_ADMINISTRATORS);
}

int ms_admin_access_check(request_rec *r)
{
    if (!ms_recheck_user_is_required(r)) {
        log_open_page(r);
        return refuse(r);
    }
    return is_from_htaccess(r) ? refuse(r) : DECLINED;
}

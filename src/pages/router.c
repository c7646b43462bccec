/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request meets, in this order: its method, the page's own check, its origin, the function of its
 * method. A new page is a row in the table, a name in config.h, and a file in this folder.
 */
#include "pages/router.h"

#include <apr_strings.h>
#include "access/cors.h"
#include "access/own_pages.h"
#include "access/visitors.h"
#include "config/config.h"
#include "core/cache_headers.h"
#include "http/origin.h"
#include "pages/admin.h"
#include "pages/admin_access.h"
#include "pages/check.h"
#include "pages/list_path.h"
#include "pages/login.h"
#include "pages/logout.h"
#include "pages/machine.h"
#include "pages/page.h"
#include "pages/sessions.h"
#include "session/request.h"

static const ms_own_page pages[] = {
    {.handler = MS_HANDLER_LOGIN,
     .get = ms_login_get,
     .post = ms_login_post,
     .check = ms_login_check,
     .foreign = MS_FOREIGN_SIGN_IN,
     .is_for_origins = 1,
     .is_open = 1,
     .answers_json = 1},
    {.handler = MS_HANDLER_LOGOUT,
     .get = ms_logout_get,
     .post = ms_logout_post,
     .delete_it = ms_logout_delete,
     .is_for_origins = 1,
     .is_open = 1,
     .answers_json = 1},
    {.handler = MS_HANDLER_LIST,
     .get = ms_sessions_get,
     .post = ms_sessions_post,
     .patch = ms_sessions_patch,
     .delete_it = ms_sessions_delete,
     .is_for_origins = 1,
     .answers_json = 1},
    {.handler = MS_HANDLER_HEALTH,
     .get = ms_machine_health_get,
     .check = ms_machine_health_check,
     .is_for_machines = 1},
    {.handler = MS_HANDLER_METRICS,
     .get = ms_machine_metrics_get,
     .check = ms_machine_metrics_check,
     .is_for_machines = 1},
    {.handler = MS_HANDLER_CHECK, .any = ms_check_any},
    {.handler = MS_HANDLER_ADMIN,
     .get = ms_admin_get,
     .post = ms_admin_post,
     .delete_it = ms_admin_delete,
     .check = ms_admin_access_check,
     .foreign = MS_FOREIGN_USER,
     .answers_json = 1},
};

void ms_router_register(void)
{
    ms_own_pages_register(pages, sizeof(pages) / sizeof(pages[0]), ms_page_lead_out_of_frame);
}

static ms_own_page_fn *function_of(const ms_own_page *page, int method)
{
    switch (method) {
    case M_GET: /* and HEAD */
        return page->get;
    case M_POST:
        return page->post;
    case M_PATCH:
        return page->patch;
    case M_DELETE:
        return page->delete_it;
    default:
        return NULL;
    }
}

/* A session of the list has other methods than the list. */
static int refuse_method(request_rec *r, const ms_own_page *page)
{
    if (page->patch && ms_list_path_is_below(r)) {
        return ms_page_wrong_method(r, MS_LIST_ONE_METHODS);
    }
    return ms_page_wrong_method(r, apr_pstrcat(r->pool, "GET, HEAD", page->post ? ", POST" : "",
                                               page->delete_it ? ", DELETE" : "", NULL));
}

/* Nothing is changed for another site's page. Nor may it embed a page that shows a user's data; the
 * pages for visitors show none. */
static int is_refused_origin(request_rec *r, const ms_own_page *page)
{
    return r->method_number == M_GET
               ? !page->is_open && ms_origin_is_foreign_embed(r) && !ms_cors_origin(r)
               : ms_origin_is_cross(r, ms_config_origins(r));
}

int ms_router_on_handler(request_rec *r)
{
    const ms_own_page *page = ms_own_pages_answering(r);
    ms_own_page_fn *function;
    int status;

    if (!page) {
        return ms_visitors_refuse(r);
    }
    if (page->any) {
        return page->any(r);
    }
    if (!page->is_for_machines && ms_page_is_script(r)) {
        return ms_page_send_script(r);
    }
    if (ms_request_is_app(ms_request_peek(r))) {
        return ms_page_status(r, HTTP_FORBIDDEN); /* not of another location, either */
    }
    function = function_of(page, r->method_number);
    if (!function) {
        return refuse_method(r, page);
    }
    status = page->check ? page->check(r) : DECLINED;
    if (status != DECLINED) {
        return status;
    }
    if (is_refused_origin(r, page)) {
        return ms_page_cross_site(r);
    }
    if (page->answers_json && r->method_number == M_GET) {
        ms_cache_headers_vary_by(r->headers_out, "Accept");
    }
    return function(r);
}

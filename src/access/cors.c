/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The headers are in err_headers_out, which httpd sends with each response, also with errors. The
 * origin is repeated as it was sent: "*" is not possible with credentials, and "null" is many
 * origins.
 */
#include "access/cors.h"

#include <apr_strings.h>
#include "access/own_pages.h"
#include "config/config.h"
#include "http/origin.h"

#define MAX_AGE "600" /* seconds that a browser keeps the answer to a preflight */

static int is_listed(request_rec *r, const char *text)
{
    ms_web_origin origin;

    return ms_web_origin_parse(r->pool, text, &origin) &&
           ms_origin_is_listed(ms_config_origins(r), &origin);
}

/* NULL: there is no page, it is not for scripts, or no origin is listed. */
static const ms_own_page *page_for_origins(request_rec *r)
{
    const ms_own_page *page = ms_config_origins(r) ? ms_own_pages_configured(r) : NULL;

    return page && page->is_for_origins ? page : NULL;
}

const char *ms_cors_origin(request_rec *r)
{
    const char *origin = apr_table_get(r->headers_in, "Origin");

    return origin && page_for_origins(r) && is_listed(r, origin) ? origin : NULL;
}

static int is_preflight(request_rec *r)
{
    return r->method_number == M_OPTIONS &&
           apr_table_get(r->headers_in, "Access-Control-Request-Method") != NULL;
}

static int answer_preflight(request_rec *r, const ms_own_page *page)
{
    apr_table_t *t = r->err_headers_out;

    apr_table_setn(t, "Access-Control-Allow-Methods",
                   apr_pstrcat(r->pool, "GET, HEAD", page->post ? ", POST" : "",
                               page->patch ? ", PATCH" : "", page->delete_it ? ", DELETE" : "",
                               NULL));
    apr_table_setn(t, "Access-Control-Allow-Headers",
                   "Accept, Content-Type, If-None-Match, X-Requested-With");
    apr_table_setn(t, "Access-Control-Max-Age", MAX_AGE);
    apr_table_setn(t, "Cache-Control", "no-store");
    return HTTP_NO_CONTENT;
}

int ms_cors_on_translate_name(request_rec *r)
{
    const ms_own_page *page;
    const char *origin;

    if (r->main || r->prev || !ms_own_pages_is_set(r)) {
        return DECLINED;
    }
    page = page_for_origins(r);
    if (!page) {
        return DECLINED;
    }
    apr_table_mergen(r->err_headers_out, "Vary", "Origin");
    origin = ms_cors_origin(r);
    if (!origin) {
        return DECLINED;
    }
    apr_table_setn(r->err_headers_out, "Access-Control-Allow-Origin", origin);
    apr_table_setn(r->err_headers_out, "Access-Control-Allow-Credentials", "true");
    apr_table_setn(r->err_headers_out, "Access-Control-Expose-Headers", "ETag, Retry-After");
    return is_preflight(r) ? answer_preflight(r, page) : DECLINED;
}

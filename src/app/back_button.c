/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Over TLS, Clear-Site-Data is enough. Over plain http browsers ignore it, but they drop a page
 * with no-store when a cookie with HttpOnly changes. If a cookie was set on the way to the page and
 * is deleted now (a user signs in and out again), Chromium sees no change. So a second cookie is
 * set and deleted.
 */
#include "app/back_button.h"

#include <apr_strings.h>
#include "core/cache_headers.h"
#include "config/config.h"
#include "http/origin.h"
#include "session/plain_http.h"

static void change_a_cookie(request_rec *r)
{
    ms_cookie_attrs attrs = ms_server_conf_get(r->server)->cookie;

    attrs.name = apr_pstrcat(r->pool, attrs.name, "_ended", NULL);
    apr_table_addn(r->err_headers_out, "Set-Cookie", ms_cookie_format(r->pool, &attrs, "1", 0));
    apr_table_addn(r->err_headers_out, "Set-Cookie", ms_cookie_format(r->pool, &attrs, NULL, 0));
}

static int is_browser(const request_rec *r)
{
    return apr_table_get(r->headers_in, "Sec-Fetch-Site") || ms_plain_http_is_likely(r);
}

void ms_back_button_forget(request_rec *r)
{
    apr_table_mergen(r->err_headers_out, "Clear-Site-Data", "\"cache\"");
    if (is_browser(r)) {
        change_a_cookie(r);
    }
}

const char *ms_back_button_cache_control(request_rec *r, const char *value)
{
    return ms_origin_is_navigation(r) ? ms_cache_headers_no_store(r->pool, value) : value;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * httpd drops r->headers_out when it answers with a status or an ErrorDocument, and sends
 * r->err_headers_out always. So what must be on every response is set in the latter.
 */
#include "http/respond.h"

#include <string.h>
#include <apr_strings.h>

void ms_respond_retry_after(request_rec *r, apr_int64_t seconds)
{
    apr_table_setn(r->err_headers_out, "Retry-After",
                   apr_psprintf(r->pool, "%" APR_INT64_T_FMT, seconds));
}

void ms_respond_no_store(request_rec *r)
{
    apr_table_setn(r->err_headers_out, "Cache-Control", "no-store");
}

void ms_respond_leave_body_unread(request_rec *r)
{
    const char *length = apr_table_get(r->headers_in, "Content-Length");

    if (apr_table_get(r->headers_in, "Transfer-Encoding") || (length && strcmp(length, "0") != 0)) {
        r->connection->keepalive = AP_CONN_CLOSE;
    }
}

int ms_respond_refuse(request_rec *r, int status, apr_int64_t wait)
{
    ms_respond_leave_body_unread(r);
    ms_respond_no_store(r);
    if (wait) {
        ms_respond_retry_after(r, wait);
    }
    return status;
}

int ms_respond_redirect(request_rec *r, const char *url)
{
    ms_respond_no_store(r);
    apr_table_setn(r->headers_out, "Location", url);
    return HTTP_SEE_OTHER;
}

void ms_respond_set_headers(request_rec *r, apr_table_t *t, const char *policy, const char *opener)
{
    apr_table_t *other = t == r->headers_out ? r->err_headers_out : r->headers_out;
    const char *const headers[][2] = {
        {"Cache-Control", "no-store"},
        {"Content-Security-Policy", policy},
        {"X-Content-Type-Options", "nosniff"},
        {"X-Frame-Options", "DENY"},
        {"Referrer-Policy", "same-origin"},
        {"Cross-Origin-Opener-Policy", opener},
        {"Cross-Origin-Resource-Policy", "same-origin"},
    };

    for (apr_size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        if (headers[i][1]) {
            apr_table_unset(other, headers[i][0]);
            apr_table_setn(t, headers[i][0], headers[i][1]);
        }
    }
    apr_table_setn(r->subprocess_env, "no-gzip", "1");
    apr_table_setn(r->subprocess_env, "no-brotli", "1");
    r->no_cache = 1;
    r->no_local_copy = 1;
}

/* httpd's own error pages have no style sheet; a site's ErrorDocument may have one. */
int ms_respond_status(request_rec *r, int status)
{
    ms_respond_set_headers(r, r->err_headers_out,
                           "default-src 'none'; style-src 'self'; img-src 'self' data:; "
                           "base-uri 'none'; frame-ancestors 'none'",
                           "same-origin");
    return status;
}

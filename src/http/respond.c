/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err_headers_out: httpd drops headers_out when it replaces a response by an error page.
 */
#include "http/respond.h"

#include <apr_strings.h>

void ms_respond_retry_after(request_rec *r, apr_int64_t seconds)
{
    apr_table_setn(r->err_headers_out, "Retry-After",
                   apr_psprintf(r->pool, "%" APR_INT64_T_FMT, seconds));
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Headers of proxied applications are in headers_out, those of CGI and FastCGI in err_headers_out,
 * where httpd has joined a header that was sent twice with a comma.
 */
#include "app/app_header.h"

#include <apr_strings.h>
#include "http/limited_log.h"

static int count_value(void *headerv, const char *key, const char *value)
{
    ms_app_header *t = headerv;

    (void)key;
    t->value = value;
    t->n++;
    return 1;
}

ms_app_header ms_app_header_take(request_rec *r, const char *name)
{
    ms_app_header t = {name, NULL, 0};

    apr_table_do(count_value, &t, r->headers_out, name, NULL);
    apr_table_do(count_value, &t, r->err_headers_out, name, NULL);
    if (t.n > 0) {
        t.value = apr_pstrdup(r->pool, t.value);
        apr_table_unset(r->headers_out, name);
        apr_table_unset(r->err_headers_out, name);
    }
    return t;
}

void ms_app_header_ignore(request_rec *r, const char *name, const char *why)
{
    ms_limited_log(r, MS_LOG_IGNORED_HEADER, APLOG_WARNING,
                   "MS0050: the application's header %s was ignored: %s", name, why);
}

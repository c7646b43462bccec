/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A browser's navigation names text/html in Accept; what names neither type is told by what it
 * sends.
 */
#include "http/json_client.h"

#include <string.h>
#include "core/accept.h"
#include "core/problem.h"

#define HTML "text/html"
#define JSON "application/json"

int ms_json_client_prefers(const request_rec *r)
{
    const char *accept = apr_table_get(r->headers_in, "Accept");

    return ms_accept_prefers(accept, JSON, HTML) ||
           ms_accept_prefers(accept, MS_PROBLEM_TYPE, HTML);
}

int ms_json_client_prefers_html(const request_rec *r)
{
    return ms_accept_prefers(apr_table_get(r->headers_in, "Accept"), HTML, JSON);
}

int ms_json_client_sends(const request_rec *r)
{
    const char *type = apr_table_get(r->headers_in, "Content-Type");
    const apr_size_t len = sizeof(JSON) - 1;

    return type && ap_cstr_casecmpn(type, JSON, len) == 0 &&
           (!type[len] || type[len] == ';' || type[len] == ' ' || type[len] == '\t');
}

int ms_json_client_is(const request_rec *r)
{
    return ms_json_client_prefers(r) || ((ms_json_client_sends(r) || r->method_number == M_DELETE ||
                                          r->method_number == M_PATCH) &&
                                         !ms_json_client_prefers_html(r));
}

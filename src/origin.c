/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Headers that a page's script cannot forge decide; where a browser is too old to send them,
 * Origin.
 */
#include "origin.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_uri.h>
#include <http_core.h>
#include <http_protocol.h>

static const char *header(const request_rec *r, const char *name)
{
    return apr_table_get(r->headers_in, name);
}

int ms_is_navigation(const request_rec *r)
{
    const char *mode = header(r, "Sec-Fetch-Mode"), *accept;

    if (r->method_number != M_GET || r->main) {
        return 0;
    }
    if (mode) {
        return strcmp(mode, "navigate") == 0;
    }
    accept = header(r, "Accept");
    return accept && ap_strcasestr(accept, "text/html") && !header(r, "X-Requested-With");
}

static apr_port_t port_or_default(const char *port, int https)
{
    return port && *port ? (apr_port_t)atoi(port) : https ? 443 : 80;
}

/* "host:port" of the Host header; a missing port is the scheme's. */
static int is_own_host(const request_rec *r, const char *origin_host, apr_port_t origin_port,
                       int https)
{
    char *host, *scope;
    const char *named = header(r, "Host");
    apr_port_t port = 0;

    if (!named || apr_parse_addr_port(&host, &scope, &port, named, r->pool) != APR_SUCCESS ||
        !host || scope) {
        return 0;
    }
    return ap_cstr_casecmp(host, origin_host) == 0 &&
           (port ? port : port_or_default(NULL, https)) == origin_port;
}

static int is_own_origin(const request_rec *r, const char *origin)
{
    apr_uri_t uri;
    const char *host;
    int https;

    if (apr_uri_parse(r->pool, origin, &uri) != APR_SUCCESS || !uri.scheme || !uri.hostname ||
        uri.user || uri.password || (uri.path && *uri.path) || uri.query || uri.fragment) {
        return 0;
    }
    https = ap_cstr_casecmp(uri.scheme, "https") == 0;
    if (!https && ap_cstr_casecmp(uri.scheme, "http") != 0) {
        return 0;
    }
    /* Without TLS here, a proxy in front may have taken it off, so that either scheme may be ours.
     */
    if (!https && strcmp(ap_http_scheme(r), "https") == 0) {
        return 0;
    }
    host = uri.hostname;
    return is_own_host(r, host, port_or_default(uri.port_str, https), https);
}

int ms_is_cross_site(const request_rec *r)
{
    const char *site = header(r, "Sec-Fetch-Site"), *origin = header(r, "Origin");

    if (site) {
        return strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0;
    }
    return origin && !is_own_origin(r, origin);
}

int ms_is_same_origin(const request_rec *r)
{
    const char *site = header(r, "Sec-Fetch-Site"), *origin = header(r, "Origin");

    if (site) {
        return strcmp(site, "same-origin") == 0;
    }
    return origin && is_own_origin(r, origin);
}

int ms_is_foreign_embed(const request_rec *r)
{
    const char *site = header(r, "Sec-Fetch-Site"), *mode = header(r, "Sec-Fetch-Mode"),
               *dest = header(r, "Sec-Fetch-Dest");

    if (!site || strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0) {
        return 0;
    }
    return !mode || strcmp(mode, "navigate") != 0 || (dest && strcmp(dest, "document") != 0);
}

void ms_leave_body_unread(request_rec *r)
{
    const char *length = header(r, "Content-Length");

    if (header(r, "Transfer-Encoding") || (length && strcmp(length, "0") != 0)) {
        r->connection->keepalive = AP_CONN_CLOSE;
    }
}

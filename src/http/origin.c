/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decided by the headers that a script in a page cannot set (Sec-Fetch-*) and, for browsers that do
 * not send them, by Origin.
 */
#include "http/origin.h"

#include <string.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_protocol.h>
#include "http/limited_log.h"

static const char *header(const request_rec *r, const char *name)
{
    return apr_table_get(r->headers_in, name);
}

static int accepts_html(const char *accept)
{
    static const char html[] = "text/html";

    /* Browsers name it first. */
    return strncmp(accept, html, strlen(html)) == 0 || ap_strcasestr(accept, html);
}

int ms_origin_has_navigation_headers(const request_rec *r)
{
    const char *mode = header(r, "Sec-Fetch-Mode"), *accept;

    if (mode) {
        return strcmp(mode, "navigate") == 0;
    }
    accept = header(r, "Accept");
    return accept && accepts_html(accept) && !header(r, "X-Requested-With");
}

int ms_origin_is_navigation(const request_rec *r)
{
    return r->method_number == M_GET && !r->main && ms_origin_has_navigation_headers(r);
}

/* ---- the site's origins ---------------------------------------------------------------------- */

/* If httpd has no TLS, a proxy in front of it may have: then both schemes are possible. */
static int is_possible_scheme(const request_rec *r, const ms_web_origin *origin)
{
    return origin->https || strcmp(ap_http_scheme(r), "https") != 0;
}

static int is_host(const request_rec *r, const char *named, const ms_web_origin *origin)
{
    ms_web_origin own;

    return named && ms_web_origin_of_host(r->pool, named, origin->https, &own) &&
           ms_web_origin_equal(&own, origin);
}

/* The Host header that the nearest proxy received, if mod_remoteip trusts that proxy; mod_remoteip
 * has replaced the client's address then. Proxies append to the list, so only the last name is
 * reliable. */
static const char *forwarded_host(const request_rec *r)
{
    const char *hosts = header(r, "X-Forwarded-Host"), *last;

    if (!hosts || r->useragent_addr == r->connection->client_addr) {
        return NULL;
    }
    last = strrchr(hosts, ',');
    last = last ? last + 1 : hosts;
    return last + strspn(last, " \t");
}

/* ServerName, if UseCanonicalName On makes it the name of the site. */
static int is_canonical(const request_rec *r, const ms_web_origin *origin)
{
    const core_dir_config *core = ap_get_core_module_config(r->per_dir_config);
    const server_rec *s = r->server;
    ms_web_origin own = {origin->https, s->server_hostname, s->port};

    if (core->use_canonical_name != USE_CANONICAL_NAME_ON ||
        (s->server_scheme && strcmp(s->server_scheme, origin->https ? "https" : "http") != 0)) {
        return 0;
    }
    own.port = own.port ? own.port : ms_web_origin_default_port(origin->https);
    return own.port == origin->port && ap_cstr_casecmp(own.host, origin->host) == 0;
}

int ms_origin_is_listed(const apr_array_header_t *listed, const ms_web_origin *origin)
{
    for (int i = 0; listed && i < listed->nelts; i++) {
        if (ms_web_origin_equal(&APR_ARRAY_IDX(listed, i, ms_web_origin), origin)) {
            return 1;
        }
    }
    return 0;
}

int ms_origin_is_here(const request_rec *r, const ms_web_origin *origin)
{
    return is_possible_scheme(r, origin) &&
           (is_host(r, header(r, "Host"), origin) || is_host(r, forwarded_host(r), origin) ||
            is_canonical(r, origin));
}

int ms_origin_is_ours(const request_rec *r, const apr_array_header_t *listed,
                      const ms_web_origin *origin)
{
    return ms_origin_is_listed(listed, origin) || ms_origin_is_here(r, origin);
}

static int is_own(const request_rec *r, const apr_array_header_t *listed, const char *text)
{
    ms_web_origin origin;

    return ms_web_origin_parse(r->pool, text, &origin) && ms_origin_is_ours(r, listed, &origin);
}

static int is_listed(const request_rec *r, const apr_array_header_t *listed, const char *text)
{
    ms_web_origin origin;

    return text && ms_web_origin_parse(r->pool, text, &origin) &&
           ms_origin_is_listed(listed, &origin);
}

/* ---- where a request comes from -------------------------------------------------------------- */

/* With Sec-Fetch-Site the browser has compared the origins itself, by the host that it sees: only
 * ManagedSessionOrigin can add to that. */
int ms_origin_is_cross(const request_rec *r, const apr_array_header_t *listed)
{
    const char *site = header(r, "Sec-Fetch-Site"), *origin = header(r, "Origin");

    if (site) {
        return strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0 &&
               !is_listed(r, listed, origin);
    }
    return origin && !is_own(r, listed, origin);
}

int ms_origin_is_same(const request_rec *r, const apr_array_header_t *listed)
{
    const char *site = header(r, "Sec-Fetch-Site"), *origin = header(r, "Origin");

    if (site) {
        return strcmp(site, "same-origin") == 0;
    }
    return origin && is_own(r, listed, origin);
}

int ms_origin_is_foreign_embed(const request_rec *r)
{
    const char *site = header(r, "Sec-Fetch-Site"), *mode = header(r, "Sec-Fetch-Mode"),
               *dest = header(r, "Sec-Fetch-Dest");

    if (!site || strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0) {
        return 0;
    }
    return !mode || strcmp(mode, "navigate") != 0 || (dest && strcmp(dest, "document") != 0);
}

static const char *quoted(const request_rec *r, const char *name)
{
    const char *value = header(r, name);

    return value ? apr_pstrcat(r->pool, "\"", value, "\"", NULL) : "none";
}

const char *ms_origin_own(const request_rec *r)
{
    const char *host = forwarded_host(r);

    host = host ? host : header(r, "Host");
    return apr_pstrcat(r->pool, ap_http_scheme(r), "://", host ? host : r->server->server_hostname,
                       NULL);
}

void ms_origin_log_refusal(request_rec *r)
{
    ms_limited_log(r, MS_LOG_FOREIGN_REQUEST, APLOG_WARNING,
                   "MS0140: %s %s was refused with 403, since it does not come from a page of "
                   "\"%s\": Sec-Fetch-Site: %s, Origin: %s; if that is an origin of this site, "
                   "list it in ManagedSessionOrigin",
                   r->method, r->uri, ms_origin_own(r), quoted(r, "Sec-Fetch-Site"),
                   quoted(r, "Origin"));
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of a whole URL behind its origin must obey the rules of a path (text.h), so that no
 * proxy or application there finds another host in it.
 */
#include "access/return_url.h"

#include <string.h>
#include <apr_strings.h>
#include <http_core.h>
#include "config/config.h"
#include "http/origin.h"
#include "http/request_chain.h"
#include "core/local_path.h"

static const char *checked_path(request_rec *r, const char *path)
{
    return ms_local_path_check(r->pool,
                               *path == '/' ? path : apr_pstrcat(r->pool, "/", path, NULL));
}

const char *ms_return_url_checked(request_rec *r, const char *text)
{
    ms_web_origin origin;
    const char *rest, *path;

    if (!text || !ms_web_origin_of_url(r->pool, text, &origin, &rest)) {
        return ms_local_path_check(r->pool, text);
    }
    path = ms_origin_is_listed(ms_config_origins(r), &origin) ? checked_path(r, rest) : NULL;
    return path ? apr_pstrcat(r->pool, ms_web_origin_text(r->pool, &origin), path, NULL) : NULL;
}

int ms_return_url_is_here(request_rec *r, const ms_url *url)
{
    return !url->origin || ms_origin_is_here(r, url->origin) ||
           (ap_cstr_casecmp(url->origin->host, r->server->server_hostname) == 0 &&
            url->origin->port == ap_get_server_port(r));
}

/* A proxy in front may have ended TLS, so an origin of this host that is listed takes precedence.
 */
static const char *own_origin(request_rec *r)
{
    const apr_array_header_t *listed = ms_server_conf_get(r->server)->origins;

    for (int i = 0; listed && i < listed->nelts; i++) {
        const ms_web_origin *origin = &APR_ARRAY_IDX(listed, i, ms_web_origin);

        if (ms_origin_is_here(r, origin)) {
            return ms_web_origin_text(r->pool, origin);
        }
    }
    return ms_origin_own(r);
}

/* The path and query of a request line's target, which may be a whole URL (RFC 9112, 3.2.2); NULL:
 * it has none. */
static const char *path_of(const char *target)
{
    const char *host = strstr(target, "://");

    return target[0] == '/' || !host ? target : strchr(host + 3, '/');
}

int ms_return_url_was_get(const request_rec *r)
{
    const char *line = ms_request_chain_before_redirects(r)->the_request;

    return line && (strncmp(line, "GET ", 4) == 0 || strncmp(line, "HEAD ", 5) == 0);
}

/* From the request line: httpd has decoded the path of parsed_uri by now. */
const char *ms_return_url_make(request_rec *r, const ms_url *login_url)
{
    const char *path = path_of(ms_request_chain_before_redirects(r)->unparsed_uri);

    path = path ? checked_path(r, path) : NULL;
    return !path || !login_url || ms_return_url_is_here(r, login_url)
               ? path
               : apr_pstrcat(r->pool, own_origin(r), path, NULL);
}

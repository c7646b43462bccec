/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of a whole URL behind its origin must obey the rules of a path (text.h), so that no
 * proxy or application there finds another host in it.
 */
#include "access/return_url.h"

#include <string.h>
#include <apr_strings.h>
#include <http_core.h>
#include "access/forwarded.h"
#include "access/own_pages.h"
#include "config/config.h"
#include "http/limited_log.h"
#include "http/origin.h"
#include "http/request_chain.h"
#include "core/local_path.h"
#include "core/percent.h"

static const char *checked_path(request_rec *r, const char *path)
{
    return ms_local_path_check(r->pool,
                               *path == '/' ? path : apr_pstrcat(r->pool, "/", path, NULL));
}

/* httpd takes some bytes in a request line that no URL has. */
static int is_in_no_url(unsigned char byte)
{
    return byte > 0x7E || byte == '"' || byte == '<' || byte == '>';
}

/* The path and query that a client requested. */
static const char *requested_path(request_rec *r, const char *target)
{
    return checked_path(r, ms_percent_encode_bytes(r->pool, target, is_in_no_url));
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

/* ---- what a client requested of another server ----------------------------------------------- */

/* Whether a configured URL leads to the site that the client sees. */
static int is_of_asked_site(request_rec *r, const ms_forwarded *asked, const ms_url *url)
{
    if (!url || !url->origin) {
        return 1;
    }
    return asked->origin ? ms_web_origin_equal(url->origin, asked->origin)
                         : ms_return_url_is_here(r, url);
}

static void log_unlisted(request_rec *r, const ms_web_origin *origin)
{
    const char *text = origin ? ms_web_origin_text(r->pool, origin) : "of the site";

    ms_limited_log(r, MS_LOG_UNLISTED_ORIGIN, APLOG_WARNING,
                   "MS0262: a visitor is sent to sign in without a way back, since the origin %s "
                   "is not listed in ManagedSessionOrigin; if it is one of this site, list it",
                   text);
}

static const char *way_back_to_asked(request_rec *r, const ms_url *login_url)
{
    const ms_forwarded asked = ms_forwarded_read(r);
    const char *path = asked.target ? requested_path(r, asked.target) : NULL;

    if (path && asked.origin && ms_origin_is_listed(ms_config_origins(r), asked.origin)) {
        return apr_pstrcat(r->pool, ms_web_origin_text(r->pool, asked.origin), path, NULL);
    }
    if (path && !is_of_asked_site(r, &asked, login_url)) {
        log_unlisted(r, asked.origin);
        return NULL;
    }
    return path;
}

static int is_path_of_asked(request_rec *r, const ms_url *url)
{
    const ms_forwarded asked = ms_forwarded_read(r);
    const apr_size_t len = strlen(url->path);

    return asked.target && strcspn(asked.target, "?") == len &&
           strncmp(asked.target, url->path, len) == 0 && is_of_asked_site(r, &asked, url);
}

/* ---------------------------------------------------------------------------------------------- */

int ms_return_url_is_of_request(request_rec *r, const ms_url *url)
{
    const request_rec *first = ms_request_chain_before_redirects(r);

    if (!url->path) {
        return 0;
    }
    if (ms_own_pages_is_check(r)) {
        return is_path_of_asked(r, url);
    }
    return first->uri && strcmp(first->uri, url->path) == 0 && ms_return_url_is_here(r, url);
}

/* From the request line: httpd has decoded the path of parsed_uri by now. */
const char *ms_return_url_make(request_rec *r, const ms_url *login_url)
{
    const char *path;

    if (ms_own_pages_is_check(r)) {
        return way_back_to_asked(r, login_url);
    }
    path = path_of(ms_request_chain_before_redirects(r)->unparsed_uri);
    path = path ? requested_path(r, path) : NULL;
    return !path || !login_url || ms_return_url_is_here(r, login_url)
               ? path
               : apr_pstrcat(r->pool, own_origin(r), path, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A header that a proxy adds to the client's own of that name has two values, and httpd joins them
 * with ", ": so a comma or a blank where none belongs is a client that tries to name another
 * request. All that is not clear is refused, and so is what two headers tell differently.
 */
#include "access/forwarded.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_protocol.h>
#include "access/own_pages.h"
#include "config/config.h"
#include "core/peers.h"
#include "http/limited_log.h"
#include "http/origin.h"

static const char *header(const request_rec *r, const char *name)
{
    return apr_table_get(r->headers_in, name);
}

/* ---- the values ------------------------------------------------------------------------------ */

/* A token (RFC 9110, 5.6.2). */
static int is_method(const char *text)
{
    const char *c = text;

    while (apr_isalnum(*c) || (*c && strchr("!#$%&'*+-.^_`|~", *c))) {
        c++;
    }
    return c > text && !*c;
}

/* A path with or without a query (RFC 9112, 3.2.1). In a query, browsers leave "\" as it is. */
static int is_target(const char *text)
{
    const apr_size_t path = strcspn(text, "?");

    if (text[0] != '/' || text[1] == '/' || memchr(text, '\\', path)) {
        return 0;
    }
    for (const char *c = text; *c; c++) {
        if ((unsigned char)*c <= ' ' || *c == 0x7f || *c == '#') {
            return 0;
        }
    }
    return 1;
}

/* Traefik says ws and wss for WebSockets. Returns 0 if it is no scheme. */
static int read_scheme(const char *text, int *https)
{
    *https = ap_cstr_casecmp(text, "https") == 0 || ap_cstr_casecmp(text, "wss") == 0;
    return *https || ap_cstr_casecmp(text, "http") == 0 || ap_cstr_casecmp(text, "ws") == 0;
}

/* ---- one header after the other -------------------------------------------------------------- */

/* Headers that tell the same must not differ. Returns 0 if they do, or if value is not valid. */
static int take_text(const char **field, const char *value, int is_valid)
{
    if (!is_valid || (*field && strcmp(*field, value) != 0)) {
        return 0;
    }
    *field = value;
    return 1;
}

static int take_method(request_rec *r, ms_forwarded *f, const char *value)
{
    (void)r;
    return take_text(&f->method, value, is_method(value));
}

static int take_target(request_rec *r, ms_forwarded *f, const char *value)
{
    (void)r;
    return take_text(&f->target, value, is_target(value));
}

static int take_origin(ms_forwarded *f, const ms_web_origin *origin)
{
    if (f->origin && !ms_web_origin_equal(f->origin, origin)) {
        return 0;
    }
    f->origin = origin;
    return 1;
}

/* A path, or the whole URL. */
static int take_url(request_rec *r, ms_forwarded *f, const char *value)
{
    ms_web_origin *origin = apr_palloc(r->pool, sizeof(*origin));
    const char *rest;

    if (*value == '/') {
        return take_target(r, f, value);
    }
    if (!ms_web_origin_of_url(r->pool, value, origin, &rest) || !take_origin(f, origin)) {
        return 0;
    }
    return take_target(r, f, *rest == '/' ? rest : apr_pstrcat(r->pool, "/", rest, NULL));
}

/* Without a scheme it is that of this request. */
static int take_host(request_rec *r, ms_forwarded *f, const char *value)
{
    const char *scheme = header(r, "X-Forwarded-Proto");
    ms_web_origin *origin = apr_palloc(r->pool, sizeof(*origin));
    int https;

    return read_scheme(scheme ? scheme : ap_http_scheme(r), &https) &&
           ms_web_origin_of_host(r->pool, value, https, origin) && take_origin(f, origin);
}

static int take_scheme(request_rec *r, ms_forwarded *f, const char *value)
{
    int https;

    (void)r, (void)f;
    return read_scheme(value, &https);
}

static const struct {
    const char *name;
    int (*take)(request_rec *r, ms_forwarded *f, const char *value);
} headers[] = {
    {"X-Forwarded-Method", take_method}, {"X-Original-Method", take_method},
    {"X-Forwarded-Uri", take_target},    {"X-Original-URI", take_target},
    {"X-Original-URL", take_url},        {"X-Forwarded-Proto", take_scheme},
    {"X-Forwarded-Host", take_host},
};

/* ---- the request ----------------------------------------------------------------------------- */

/* Envoy puts the path of the section before that of the client's request. */
static const char *below_section(const request_rec *r)
{
    const char *section = ms_dir_conf_get(r)->check_section, *target = r->unparsed_uri;
    const apr_size_t len = section ? strlen(section) : 0;

    return len > 1 && section[len - 1] != '/' && strncmp(target, section, len) == 0 &&
                   is_target(target + len)
               ? target + len
               : NULL;
}

ms_forwarded ms_forwarded_read(request_rec *r)
{
    ms_forwarded f = {NULL, NULL, NULL, NULL};

    for (apr_size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        const char *value = header(r, headers[i].name);

        if (value && !headers[i].take(r, &f, value)) {
            f.unclear = headers[i].name;
            return f;
        }
    }
    f.method = f.method ? f.method : r->method;
    f.target = f.target ? f.target : below_section(r);
    return f;
}

static int refuse_peer(request_rec *r)
{
    ms_limited_log(r, MS_LOG_FOREIGN_PEER, APLOG_WARNING,
                   "MS0260: %s was refused with 403: the connection comes from %s, which "
                   "ManagedSessionCheckPeers does not list here; if that is your proxy, add this "
                   "address to it",
                   r->uri, r->connection->client_ip ? r->connection->client_ip : "a unix socket");
    return HTTP_FORBIDDEN;
}

static int refuse_unclear(request_rec *r, const char *name)
{
    ms_limited_log(r, MS_LOG_UNCLEAR_FORWARDED, APLOG_WARNING,
                   "MS0261: %s was refused with 403: %s: \"%s\" has no clear meaning, or another "
                   "header contradicts it; the proxy must replace this header of its clients, and "
                   "not add to it",
                   r->uri, name, header(r, name));
    return HTTP_FORBIDDEN;
}

int ms_forwarded_check(request_rec *r)
{
    const char *unclear;

    /* Not r->useragent_addr, which mod_remoteip takes from a header. */
    if (!ms_peers_has(ms_dir_conf_get(r)->check_peers, r->connection->client_addr)) {
        return refuse_peer(r);
    }
    unclear = ms_forwarded_read(r).unclear;
    return unclear ? refuse_unclear(r, unclear) : DECLINED;
}

int ms_forwarded_is_get(const ms_forwarded *forwarded)
{
    return strcmp(forwarded->method, "GET") == 0 || strcmp(forwarded->method, "HEAD") == 0;
}

/* ---- WebSockets ------------------------------------------------------------------------------ */

int ms_forwarded_is_websocket(request_rec *r)
{
    const char *upgrade = header(r, "Upgrade"), *mode = header(r, "Sec-Fetch-Mode");

    return header(r, "Sec-WebSocket-Key") || header(r, "Sec-WebSocket-Version") ||
           (upgrade && ap_find_token(r->pool, upgrade, "websocket")) ||
           (mode && strcmp(mode, "websocket") == 0);
}

int ms_forwarded_is_cross_origin(request_rec *r)
{
    const ms_forwarded forwarded = ms_forwarded_read(r);
    const char *text = header(r, "Origin");
    ms_web_origin origin;

    if (!forwarded.origin || !text || header(r, "Sec-Fetch-Site")) {
        return ms_origin_is_cross(r, ms_config_origins(r));
    }
    return !ms_web_origin_parse(r->pool, text, &origin) ||
           !(ms_web_origin_equal(&origin, forwarded.origin) ||
             ms_origin_is_listed(ms_config_origins(r), &origin));
}

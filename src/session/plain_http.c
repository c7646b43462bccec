/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Origin is set by the browser itself, so it decides. Without it there are only hints, which are
 * enough for a log line: browsers send Sec-Fetch-Site over TLS only, and most proxies that end TLS
 * set a header.
 */
#include "session/plain_http.h"

#include <string.h>
#include <http_protocol.h>
#include "config/config.h"
#include "http/limited_log.h"
#include "http/origin.h"

#define CURES \
    "serve this site over TLS or, on a trusted network, set ManagedSessionCookieSecure Off"

static int is_cookie_secure(const request_rec *r)
{
    return ms_server_conf_get(r->server)->cookie.secure;
}

static int is_tls_here(const request_rec *r)
{
    return strcmp(ap_http_scheme(r), "https") == 0;
}

int ms_plain_http_drops_cookie(request_rec *r)
{
    const char *text = apr_table_get(r->headers_in, "Origin");
    ms_web_origin origin;

    if (!text || !is_cookie_secure(r) || is_tls_here(r) ||
        !ms_web_origin_parse(r->pool, text, &origin) || origin.https ||
        ms_web_origin_is_loopback(&origin) || !ms_origin_is_here(r, &origin)) {
        return 0;
    }
    ms_limited_log(r, MS_LOG_PLAIN_HTTP, APLOG_ERR,
                   "MS0142: a sign-in at \"%s\" was refused: the session cookie is Secure, and "
                   "browsers drop such a cookie over plain http; " CURES,
                   text);
    return 1;
}

static int has_word(const request_rec *r, const char *name, const char *word)
{
    const char *value = apr_table_get(r->headers_in, name);

    return value && ap_strcasestr(value, word);
}

static int is_tls_in_front(const request_rec *r)
{
    return apr_table_get(r->headers_in, "Sec-Fetch-Site") ||
           has_word(r, "X-Forwarded-Proto", "https") || has_word(r, "Forwarded", "proto=https") ||
           has_word(r, "Forwarded", "proto=\"https") || has_word(r, "X-Forwarded-Ssl", "on") ||
           has_word(r, "Front-End-Https", "on");
}

static int is_for_loopback(const request_rec *r)
{
    const char *host = apr_table_get(r->headers_in, "Host");
    ms_web_origin origin;

    return !host || !ms_web_origin_of_host(r->pool, host, 0, &origin) ||
           ms_web_origin_is_loopback(&origin);
}

int ms_plain_http_shows_secret(const request_rec *r)
{
    return is_cookie_secure(r) && !is_tls_here(r) && !is_tls_in_front(r);
}

int ms_plain_http_is_likely(const request_rec *r)
{
    return !is_tls_here(r) && !is_tls_in_front(r) && !is_for_loopback(r);
}

void ms_plain_http_note_sign_in(request_rec *r)
{
    if (!is_cookie_secure(r) || !ms_plain_http_is_likely(r) || !ms_origin_is_navigation(r)) {
        return;
    }
    ms_limited_log(
        r, MS_LOG_MAYBE_PLAIN_HTTP, APLOG_WARNING,
        "MS0143: a session began at \"%s\" over plain http, as far as this server can see. "
        "If no proxy in front ends TLS, the browser drops the Secure session cookie "
        "and the user has to sign in again and again: " CURES,
        ms_origin_own(r));
}

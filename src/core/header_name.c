/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names are compared character by character, without a copy: this runs for each header of each
 * request.
 */
#include "core/header_name.h"

#include <apr_lib.h>
#include <apr_strings.h>

/* The next character that counts, 0 at the end. */
static int next_char(const char **at)
{
    const char *c = *at;

    if (!*c || apr_isalnum(*c)) {
        *at = *c ? c + 1 : c;
        return apr_tolower(*c);
    }
    while (*c && !apr_isalnum(*c)) {
        c++;
    }
    *at = c;
    return *c ? '-' : 0;
}

static const char *skip_separators(const char *name)
{
    while (*name && !apr_isalnum(*name)) {
        name++;
    }
    return name;
}

int ms_header_name_is_same(const char *a, const char *b)
{
    int x, y;

    a = skip_separators(a);
    b = skip_separators(b);
    do {
        x = next_char(&a);
        y = next_char(&b);
    } while (x == y && x);
    return x == y;
}

/* Whether the name begins with a word and a separator. */
static int has_prefix(const char *name, const char *prefix)
{
    int x, y;

    name = skip_separators(name);
    do {
        y = next_char(&prefix);
        x = y ? next_char(&name) : 0;
    } while (x == y && x);
    return !y && next_char(&name) == '-';
}

int ms_header_name_is_reserved(const char *name)
{
    /* X-Forwarded-User, -Email, -Groups and their like are names of users in wide use, and stay. */
    static const char *const names[] = {
        /* framing and content (RFC 9112, 6; RFC 9110, 8) */
        "Transfer-Encoding", "TE", "Trailer", "Trailers", "MIME-Version",
        /* connection (RFC 9110, 7.6 and 7.8; RFC 9113, 3.2) */
        "Connection", "Keep-Alive", "Upgrade", "HTTP2-Settings", "Via", "Max-Forwards", "Expect",
        /* routing */
        "Host", "Forwarded", "X-Forwarded", "X-Forwarded-For", "X-Forwarded-Host",
        "X-Forwarded-Proto", "X-Forwarded-Protocol", "X-Forwarded-Port", "X-Forwarded-Server",
        "X-Forwarded-By", "X-Forwarded-Scheme", "X-Forwarded-Ssl", "X-Forwarded-Prefix",
        "X-Forwarded-Path", "X-Forwarded-Uri", "X-Forwarded-Method", "X-Real-IP", "X-Client-IP",
        "X-Cluster-Client-IP", "True-Client-IP", "CF-Connecting-IP", "X-Original-URL",
        "X-Original-URI", "X-Original-Host", "X-Original-Method", "X-Rewrite-URL", "X-HTTP-Method",
        "X-HTTP-Method-Override", "X-Method-Override", "Alt-Used", "Destination", "Depth",
        "Overwrite", "Lock-Token", "Timeout",
        /* conditions and parts (RFC 9110, 13 and 14; RFC 4918, 10.4) */
        "If", "Range", "Request-Range", "Date", "Cache-Control", "Pragma",
        /* credentials and cookies; CGI's HTTP_PROXY is a setting of many libraries */
        "Authorization", "Proxy", "Cookie", "Cookie2", "Set-Cookie", "Set-Cookie2",
        /* the browser and the page that it comes from */
        "Origin", "Referer", "User-Agent", "Accept", "X-Requested-With", NULL};
    static const char *const prefixes[] = {"Content",        "If", "Proxy", "Sec", "Accept",
                                           "Access-Control", NULL};

    for (const char *const *each = names; *each; each++) {
        if (ms_header_name_is_same(name, *each)) {
            return 1;
        }
    }
    for (const char *const *each = prefixes; *each; each++) {
        if (has_prefix(name, *each)) {
            return 1;
        }
    }
    return 0;
}

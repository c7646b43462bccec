/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apr_uri_parse() is not used: it accepts more than browsers send, and cuts the port to 16 bits
 * without a check, so that port 65616 would be port 80.
 */
#include "core/web_origin.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>

#define HOST_MAX 255

apr_port_t ms_web_origin_default_port(int https)
{
    return https ? 443 : 80;
}

/* The length of the host that text begins with; 0: there is none. */
static apr_size_t host_length(const char *text)
{
    apr_size_t len = 0;

    if (*text == '[') {
        len = strspn(text + 1, "0123456789abcdefABCDEF:.");
        return len > 1 && text[len + 1] == ']' ? len + 2 : 0;
    }
    while (apr_isalnum(text[len]) || (text[len] && strchr("-._", text[len]))) {
        len++;
    }
    return len <= HOST_MAX ? len : 0;
}

/* ":port" or nothing. Returns where it ends; NULL: it is not a port. */
static const char *read_port(const char *text, int https, apr_port_t *port)
{
    unsigned long n = 0;
    const char *digit = text + 1;

    *port = ms_web_origin_default_port(https);
    if (*text != ':') {
        return text;
    }
    if (*digit == '0') {
        return NULL;
    }
    for (; apr_isdigit(*digit) && n <= 65535; digit++) {
        n = n * 10 + (unsigned long)(*digit - '0');
    }
    if (n == 0 || n > 65535) {
        return NULL;
    }
    *port = (apr_port_t)n;
    return digit;
}

static const char *read_host_and_port(apr_pool_t *p, const char *text, int https,
                                      ms_web_origin *origin)
{
    const apr_size_t len = host_length(text);
    const char *end = len ? read_port(text + len, https, &origin->port) : NULL;
    char *host;

    if (!end) {
        return NULL;
    }
    host = apr_pstrmemdup(p, text, len);
    for (char *c = host; *c; c++) {
        *c = (char)apr_tolower(*c);
    }
    origin->host = host;
    origin->https = https;
    return end;
}

int ms_web_origin_of_url(apr_pool_t *p, const char *url, ms_web_origin *origin, const char **rest)
{
    const int https = strncasecmp(url, "https://", 8) == 0;

    if (!https && strncasecmp(url, "http://", 7) != 0) {
        return 0;
    }
    *rest = read_host_and_port(p, url + (https ? 8 : 7), https, origin);
    return *rest && (!**rest || strchr("/?#", **rest));
}

int ms_web_origin_parse(apr_pool_t *p, const char *text, ms_web_origin *origin)
{
    const char *rest;

    return ms_web_origin_of_url(p, text, origin, &rest) && !*rest;
}

int ms_web_origin_of_host(apr_pool_t *p, const char *text, int https, ms_web_origin *origin)
{
    const char *end = read_host_and_port(p, text, https, origin);

    return end && !*end;
}

const char *ms_web_origin_text(apr_pool_t *p, const ms_web_origin *origin)
{
    const char *port = origin->port == ms_web_origin_default_port(origin->https)
                           ? ""
                           : apr_psprintf(p, ":%u", origin->port);

    return apr_pstrcat(p, origin->https ? "https://" : "http://", origin->host, port, NULL);
}

int ms_web_origin_equal(const ms_web_origin *a, const ms_web_origin *b)
{
    return a->https == b->https && a->port == b->port && strcmp(a->host, b->host) == 0;
}

int ms_web_origin_is_loopback(const ms_web_origin *origin)
{
    const char *host = origin->host, *end = host + strlen(host);

    if (strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0) {
        return 1;
    }
    if (end - host > 10 && strcmp(end - 10, ".localhost") == 0) {
        return 1;
    }
    return strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == strlen(host);
}

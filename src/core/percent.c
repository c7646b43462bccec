/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns percent-encoding. Characters are ASCII in any locale.
 */
#include "core/percent.h"

#include <string.h>
#include <apr_escape.h>
#include <apr_strings.h>

/* RFC 3986, section 2.3 */
#define UNRESERVED "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"

const char *ms_percent_decode(apr_pool_t *p, const char *text, apr_size_t len, int plus)
{
    char *decoded;
    apr_status_t rv;

    if (memchr(text, '\0', len)) {
        return NULL;
    }
    decoded = apr_pstrmemdup(p, text, len);
    rv = apr_unescape_url(decoded, decoded, APR_ESCAPE_STRING, NULL, NULL, plus, NULL);
    return rv == APR_SUCCESS || rv == APR_NOTFOUND ? decoded : NULL;
}

const char *ms_percent_encode_bytes(apr_pool_t *p, const char *text,
                                    int (*must_escape)(unsigned char byte))
{
    static const char hex[] = "0123456789ABCDEF";
    char *escaped = apr_palloc(p, 3 * strlen(text) + 1), *out = escaped;

    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        if (must_escape(byte)) {
            *out++ = '%';
            *out++ = hex[byte >> 4];
            *out++ = hex[byte & 0x0F];
        }
        else {
            *out++ = *text;
        }
    }
    *out = '\0';
    return escaped;
}

static int must_escape_in_query(unsigned char byte)
{
    return !strchr(UNRESERVED "/", byte);
}

const char *ms_percent_encode(apr_pool_t *p, const char *text)
{
    return ms_percent_encode_bytes(p, text, must_escape_in_query);
}

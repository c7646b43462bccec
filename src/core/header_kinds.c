/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs for each response of a server that uses sessions.
 */
#include "core/header_kinds.h"

/* The bit that makes a letter lower-case. Other characters may take the place of a letter, too. */
#define LOWER 0x20

static int kind_of(const char *name)
{
    const int second = name[0] ? name[1] | LOWER : 0;

    switch (name[0] | LOWER) {
    case 'm':
        return second == 'a' ? MS_HEADER_MANAGED : 0;
    case 's': /* Set-Cookie, Surrogate-Control */
        return second == 'e' ? MS_HEADER_SET_COOKIE : second == 'u' ? MS_HEADER_CACHING : 0;
    case 'v':
        return second == 'a' ? MS_HEADER_VARY : 0;
    case 'c': /* Cache-Control, CDN-Cache-Control, Cloudflare-CDN-Cache-Control; not Content-... */
        return second != 'o' ? MS_HEADER_CACHING : 0;
    case 'e': /* Expires, Edge-Control; not ETag */
        return second != 't' ? MS_HEADER_CACHING : 0;
    case 'p': /* Pragma */
    case 'x': /* X-Accel-Expires, X-LiteSpeed-Cache-Control */
        return MS_HEADER_CACHING;
    default:
        return 0;
    }
}

int ms_header_kinds(const apr_table_t *headers)
{
    const apr_array_header_t *entries = apr_table_elts(headers);
    int kinds = 0;

    for (int i = 0; i < entries->nelts; i++) {
        kinds |= kind_of(APR_ARRAY_IDX(entries, i, apr_table_entry_t).key);
    }
    return kinds;
}

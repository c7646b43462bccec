/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs for each response of a server that uses sessions.
 */
#include "core/header_kinds.h"

/* Two letters as a number. With the bit that makes them lower-case, other characters may take the
 * place of a letter, too. */
#define LETTERS(a, b) (((a) | 0x20) << 8 | (b) | 0x20)

static int kind_of(const char *name)
{
    if (!name[0]) {
        return 0;
    }
    switch (LETTERS((unsigned char)name[0], (unsigned char)name[1])) {
    case LETTERS('m', 'a'):
        return MS_HEADER_MANAGED;
    case LETTERS('s', 'e'):
        return MS_HEADER_SET_COOKIE;
    case LETTERS('v', 'a'):
        return MS_HEADER_VARY;
    case LETTERS('c', 'a'): /* Cache-Control */
    case LETTERS('c', 'd'): /* CDN-Cache-Control */
    case LETTERS('c', 'l'): /* Cloudflare-CDN-Cache-Control */
    case LETTERS('e', 'x'): /* Expires */
    case LETTERS('e', 'd'): /* Edge-Control */
    case LETTERS('p', 'r'): /* Pragma */
    case LETTERS('s', 'u'): /* Surrogate-Control */
    case LETTERS('x', '-'): /* X-Accel-Expires, X-LiteSpeed-Cache-Control */
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

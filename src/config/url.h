/* SPDX-License-Identifier: Apache-2.0 */
/*
 * URLs of directives, parsed once when the directive is read.
 */
#ifndef MS_URL_H
#define MS_URL_H

#include <apr_pools.h>
#include "core/web_origin.h"

typedef struct ms_url {
    const char *text;            /* as configured: a path on this host, or a whole URL */
    const char *path;            /* without query and fragment; NULL: a whole URL without a path */
    const ms_web_origin *origin; /* NULL: a path on this host */
} ms_url;

/**
 * Parse a URL that browsers are sent to: a path that begins with one "/", or a whole http(s) URL,
 * in printable ASCII without characters that could split a header or an attribute (RFC 3986).
 * @return allocated from p; NULL: text is not such a URL
 */
const ms_url *ms_url_parse(apr_pool_t *p, const char *text);

/** What "none" sets: it takes an inherited URL back. It has no text. */
extern const ms_url ms_url_none;

/** A URL of the configuration; NULL: no URL is set, or "none" is. */
static inline const ms_url *ms_url_set(const ms_url *url)
{
    return url == &ms_url_none ? NULL : url;
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Cookie and Set-Cookie headers (RFC 6265, sections 4 and 5.2): find and remove tokens
 * in the first, write the second. Knows apr only.
 *
 * httpd's own ap_cookie_read() is not used: it splits at commas too, so that a sibling host
 * could plant a "__Host-" cookie inside the value of another, and ap_cookie_write() logs the value.
 */
#ifndef MS_COOKIE_H
#define MS_COOKIE_H

#include <apr_pools.h>
#include <apr_tables.h>
#include "core/token.h"

#define MS_COOKIE_TOKENS_MAX 8

typedef enum { MS_SAMESITE_LAX, MS_SAMESITE_STRICT, MS_SAMESITE_NONE } ms_samesite;

/* The attributes of all cookies of a server. A cookie is cleared only with the same ones. */
typedef struct ms_cookie_attrs {
    const char *name;
    const char *domain; /* NULL: host-only */
    const char *path;
    ms_samesite same_site;
    int secure;
} ms_cookie_attrs;

typedef struct ms_cookie_found {
    ms_token tokens[MS_COOKIE_TOKENS_MAX];
    int n;       /* the first eight different well-formed tokens */
    int untried; /* further well-formed tokens */
    int seen;    /* cookies of that name, of any form */
} ms_cookie_found;

/**
 * Look for the cookie of that name.
 * @param header  the value of the Cookie header, or NULL
 */
void ms_cookie_find(const char *header, const char *name, ms_cookie_found *found);

/**
 * The header without the cookies of that name; all others byte for byte, in their order.
 * @return header itself if the name does not occur; "" if no other cookie is left; else a part of
 *         header, or in p
 */
const char *ms_cookie_strip(apr_pool_t *p, const char *header, const char *name);

/** The same, but a cookie of that name stays unless its value has the form of a token. */
const char *ms_cookie_strip_tokens(apr_pool_t *p, const char *header, const char *name);

/**
 * A Set-Cookie value (RFC 6265, section 4.1.1).
 * @param value    NULL clears the cookie
 * @param max_age  seconds; 0 leaves Max-Age out, so that the cookie ends with the browser
 */
const char *ms_cookie_format(apr_pool_t *p, const ms_cookie_attrs *attrs, const char *value,
                             apr_int64_t max_age);

/** Whether a Set-Cookie value is for the cookie of that name, as a browser would read it. */
int ms_cookie_is_named(const char *set_cookie, const char *name);

/**
 * Whether a text is the name of a domain for the Domain attribute, with or without a dot before it.
 * Browsers reject a cookie with any other, such as a URL. "_" is in names of hosts within
 * companies.
 */
int ms_cookie_is_domain(const char *text);

/**
 * Check that the attributes fit the prefix of the name: __Host-, __Secure-, __Http- and
 * __Host-Http- (RFC 6265bis, section 4.1.3).
 * @return NULL if they do, else a sentence that says what to write instead, in p
 */
const char *ms_cookie_check(apr_pool_t *p, const ms_cookie_attrs *attrs);

#endif

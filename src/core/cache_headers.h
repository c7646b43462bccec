/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cache-Control (RFC 9111, section 5.2.2) and Vary of answers that depend on the user. A response
 * has two tables of headers, headers_out and err_headers_out, both of which are sent. Knows apr
 * only.
 */
#ifndef MS_CACHE_HEADERS_H
#define MS_CACHE_HEADERS_H

#include <apr_pools.h>
#include <apr_tables.h>

/** Add a header's name to Vary, unless it is there. */
void ms_cache_headers_vary_by(apr_table_t *out, const char *name);

/** Add "Cookie" to Vary, unless it or "*" is there. */
void ms_cache_headers_vary(apr_pool_t *p, apr_table_t *out, apr_table_t *err);

/**
 * The value of Cache-Control, all lines joined.
 * @return static or in p; "": there is none, but Expires; NULL: there is neither
 */
const char *ms_cache_headers_get(apr_pool_t *p, const apr_table_t *out, const apr_table_t *err);

/** Whether a value allows shared caches: public or s-maxage (RFC 9111, sections 5.2.2.9
 * and 5.2.2.10).
 */
int ms_cache_headers_is_shared(const char *cache_control);

/**
 * The value for an answer that belongs to one user: public and s-maxage are left out, and private
 * is added unless no-store or private is there.
 * @param cache_control  the application's value; NULL or "": none, so "private, no-cache" is
 * returned
 * @return static or in p
 */
const char *ms_cache_headers_private(apr_pool_t *p, const char *cache_control);

/** Whether a value has no-store. NULL has not. */
int ms_cache_headers_is_no_store(const char *cache_control);

/**
 * The value with no-store, so that the browser does not keep the page for its Back button, unless
 * the application lets the browser use it again for some time (max-age).
 * @return cache_control itself, or in p
 */
const char *ms_cache_headers_no_store(apr_pool_t *p, const char *cache_control);

/** Set Cache-Control, once, and remove other headers for caches (Expires, Surrogate-Control ...).
 */
void ms_cache_headers_set(apr_table_t *out, apr_table_t *err, const char *cache_control);

#endif

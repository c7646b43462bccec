/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cache-Control (RFC 9111, 5.2.2) and Vary of answers that depend on who asked. A response has two
 * tables of headers, both of which are sent. Knows apr only.
 */
#ifndef MS_SHM_CACHE_HEADERS_H
#define MS_SHM_CACHE_HEADERS_H

#include <apr_pools.h>
#include <apr_tables.h>

/** Add "Cookie" to Vary, unless it or "*" is there. */
void ms_cache_headers_vary(apr_pool_t *p, apr_table_t *out, apr_table_t *err);

/** What Cache-Control says, all lines joined; NULL where neither it nor Expires says anything. */
const char *ms_cache_headers_get(apr_pool_t *p, const apr_table_t *out, const apr_table_t *err);

/** Whether that names shared caches: public or s-maxage (RFC 9111, 5.2.2.9 and 5.2.2.10). */
int ms_shm_cache_is_shared(apr_pool_t *p, const char *said);

/**
 * What was said, fit for one user's answer: public and s-maxage are left out and private is added,
 * unless no-store or private stands there already; "private, no-cache" where nothing is said.
 * @param said  NULL: nothing was said
 */
const char *ms_cache_headers_private(apr_pool_t *p, const char *said);

/** Whether this value of Cache-Control, NULL for none, has no-store. */
int ms_shm_cache_is_no_store(apr_pool_t *p, const char *said);

/** This value, and that the browser must not keep the page for its Back button either, unless the
 * application lets the browser use it again for some time (max-age). */
const char *ms_shm_cache_no_store(apr_pool_t *p, const char *said);

/** Say that, once, and remove what else speaks to caches (Expires, Surrogate-Control and such). */
void ms_cache_headers_set(apr_table_t *out, apr_table_t *err, const char *cache_control);

#endif

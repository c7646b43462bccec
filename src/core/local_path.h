/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths that a visitor is sent back to. Knows apr only.
 */
#ifndef MS_LOCAL_PATH_H
#define MS_LOCAL_PATH_H

#include <apr_pools.h>

/**
 * Check a path, with or without a query, that a visitor is sent back to after sign-in (see the
 * "return" rule in docs/security.md). It must lead to this host by the URL Standard
 * (https://url.spec.whatwg.org/, 4.4), as it is and percent-decoded once and twice: it begins with
 * exactly one slash, also after its dots are resolved, and has no control character and no raw
 * backslash.
 * @param url  from the visitor's request; NULL is refused
 * @return the URL, percent-encoded as far as a Location header needs it, in p; NULL: refused
 */
const char *ms_local_path_check(apr_pool_t *p, const char *url);

#endif

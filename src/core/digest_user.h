/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The user name in credentials of the Digest scheme (RFC 7616, section 3.4). Knows apr only.
 */
#ifndef MS_DIGEST_USER_H
#define MS_DIGEST_USER_H

#include <apr_pools.h>

/**
 * Read the name as mod_auth_digest does, which accepts more than the RFC: a limit by name must not
 * be avoided with a list that only one of both understands.
 * @param list  what follows "Digest"
 * @return in p, without quotes and escapes; NULL: there is no such parameter
 */
const char *ms_digest_user(apr_pool_t *p, const char *list);

#endif

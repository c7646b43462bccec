/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arguments of Require about sessions: managed-session (any live session), session-fresh (begun
 * a short time ago) and session-method (begun by one of the named methods).
 */
#ifndef MS_AUTHZ_H
#define MS_AUTHZ_H

#include <apr_pools.h>

/** Register the authorization providers; from register_hooks. */
void ms_authz_register(apr_pool_t *p);

#endif

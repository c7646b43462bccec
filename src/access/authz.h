/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Require lines can ask of a session: managed-session (any that is live), session-fresh
 * (begun a short time ago) and session-method (begun in one of certain ways).
 */
#ifndef MS_AUTHZ_H
#define MS_AUTHZ_H

#include <apr_pools.h>

/** Register the authorization providers; from register_hooks. */
void ms_authz_register(apr_pool_t *p);

#endif

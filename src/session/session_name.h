/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The name that a user, or an application, gives a session.
 */
#ifndef MS_SESSION_NAME_H
#define MS_SESSION_NAME_H

#include <apr_pools.h>

/** Make a name fit to store: without blanks at its ends, MS_NAME_MAX characters at most.
 * @return in p; NULL: nothing is left of it */
const char *ms_session_name_fit(apr_pool_t *p, const char *name);

#endif

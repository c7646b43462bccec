/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client says it is, as a row of the table has it.
 */
#ifndef MS_USER_AGENT_H
#define MS_USER_AGENT_H

#include <httpd.h>

/** User-Agent, completed from the client hints, fit to store; never NULL. Lives in p. */
const char *ms_user_agent_of(request_rec *r, apr_pool_t *p);

#endif

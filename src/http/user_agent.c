/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Only the headers that browsers send without being requested to.
 */
#include "http/user_agent.h"

#include "core/device.h"

#define USER_AGENT_MAX 512 /* characters */

const char *ms_user_agent_of(request_rec *r, apr_pool_t *p)
{
    return ms_device_describe(p, apr_table_get(r->headers_in, "User-Agent"),
                              apr_table_get(r->headers_in, "Sec-CH-UA"),
                              apr_table_get(r->headers_in, "Sec-CH-UA-Platform"), USER_AGENT_MAX);
}

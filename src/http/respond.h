/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parts of a response that any layer may set, whether or not it sends the response.
 */
#ifndef MS_RESPOND_H
#define MS_RESPOND_H

#include <httpd.h>

#define MS_RETRY_AFTER 5 /* seconds that a client should wait while the database is away */

/** Set Retry-After (RFC 9110, section 10.2.3) on the response of this request, errors included. */
void ms_respond_retry_after(request_rec *r, apr_int64_t seconds);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Headers from applications: no cookie of ours, and what caches are told of answers that
 * depend on the user. (To applications: request_headers.h.)
 */
#ifndef MS_RESPONSE_FILTER_H
#define MS_RESPONSE_FILTER_H

#include <httpd.h>

void ms_response_filter_register_hooks(void);

#endif

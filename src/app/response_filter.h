/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The headers of responses: the session cookie comes from this module alone, and an application
 * signs users in and out (backend_login.h). For the headers of requests see request_headers.h.
 */
#ifndef MS_RESPONSE_FILTER_H
#define MS_RESPONSE_FILTER_H

#include <httpd.h>

/** Register the output filter; from register_hooks. */
void ms_response_filter_register(void);

/** Before the handler, and before an error's response: add the filter to a request of ours. */
void ms_response_filter_add(request_rec *r);

/* Hooks, named for their phase. */
int ms_response_filter_on_translate_name(request_rec *r);

#endif

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

/* Hooks, named for their phase. */
int ms_response_filter_on_translate_name(request_rec *r);
void ms_response_filter_on_insert_filter(request_rec *r);
void ms_response_filter_on_insert_error_filter(request_rec *r);

#endif

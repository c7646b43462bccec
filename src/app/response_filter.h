/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Headers from applications: no cookie of ours, and what caches are told of answers that
 * depend on the user. (To applications: request_headers.h.)
 */
#ifndef MS_RESPONSE_FILTER_H
#define MS_RESPONSE_FILTER_H

#include <httpd.h>

/** Register the output filters; from register_hooks. */
void ms_response_filter_register(void);

/* Hooks, named for their phase. */
void ms_response_filter_on_optional_fn_retrieve(void);
int ms_response_filter_on_translate_name(request_rec *r);
void ms_response_filter_on_insert_filter(request_rec *r);
void ms_response_filter_on_insert_error_filter(request_rec *r);

#endif

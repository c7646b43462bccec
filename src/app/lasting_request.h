/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which requests last, so that their connection must be cut when their session ends (lifeline.h):
 * those whose body the client sends meanwhile, those that wait for an application, and responses
 * that are long or come in parts. A file that is sent at once is none of them and costs nothing.
 */
#ifndef MS_LASTING_REQUEST_H
#define MS_LASTING_REQUEST_H

#include <httpd.h>
#include <util_filter.h>

/** Register the filter; from register_hooks. */
void ms_lasting_request_register(void);

/** Before the handler: enter a request that may last. */
void ms_lasting_request_enter(request_rec *r);

/**
 * The first part of a response is about to be sent, by a filter of the request. May add a filter
 * behind that one.
 * @return APR_SUCCESS; else the response must end here: its session has ended meanwhile
 */
apr_status_t ms_lasting_request_begin(request_rec *r, const apr_bucket_brigade *bb);

/* Hook, named for its phase. */
int ms_lasting_request_on_proxy_create_req(request_rec *r, request_rec *to_application);

#endif

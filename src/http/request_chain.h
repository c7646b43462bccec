/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The requests that led to a request inside httpd: internal redirects (r->prev), such as an
 * ErrorDocument or mod_dir's index file, and the requests around a subrequest (r->main).
 */
#ifndef MS_REQUEST_CHAIN_H
#define MS_REQUEST_CHAIN_H

#include <httpd.h>

/** The request that the client sent. State that is kept once for each client request belongs to
 * it, and to its pool. */
request_rec *ms_request_chain_first(request_rec *r);

/** The request before all internal redirects. For a subrequest that is one inside httpd too. */
const request_rec *ms_request_chain_before_redirects(const request_rec *r);

/** The status of the error that an internal redirect to an ErrorDocument reports; 0: r is not an
 * error page. */
int ms_request_chain_error_status(const request_rec *r);

#endif

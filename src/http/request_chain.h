/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The requests that led to a request inside httpd: internal redirects (r->prev), such as an
 * ErrorDocument or mod_dir's index file, and the requests around a subrequest (r->main). In part
 * inline, since most hooks begin with a look at the first request.
 */
#ifndef MS_REQUEST_CHAIN_H
#define MS_REQUEST_CHAIN_H

#include <httpd.h>

/** The request that the client sent. State that is kept once for each client request belongs to
 * it, and to its pool. */
static inline request_rec *ms_request_chain_first(request_rec *r)
{
    while (r->main || r->prev) {
        r = r->prev ? r->prev : r->main;
    }
    return r;
}

/** The request before all internal redirects. For a subrequest that is one inside httpd too. */
const request_rec *ms_request_chain_before_redirects(const request_rec *r);

/** The status of the error that an internal redirect to an ErrorDocument reports; 0: r is not an
 * error page. */
int ms_request_chain_error_status(const request_rec *r);

#endif

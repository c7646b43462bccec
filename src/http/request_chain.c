/* SPDX-License-Identifier: Apache-2.0 */
/*
 * httpd links each request to the one that caused it. A request has r->prev or r->main, or neither
 * if the client sent it.
 */
#include "http/request_chain.h"

const request_rec *ms_request_chain_before_redirects(const request_rec *r)
{
    while (r->prev) {
        r = r->prev;
    }
    return r;
}

int ms_request_chain_error_status(const request_rec *r)
{
    for (r = r->prev; r; r = r->prev) {
        if (r->status != HTTP_OK) {
            return r->status;
        }
    }
    return 0;
}

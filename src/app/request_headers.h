/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an application is sent in a request's headers: the user's name from us alone, no credentials
 * of another user beside it, and no session cookie.
 */
#ifndef MS_REQUEST_HEADERS_H
#define MS_REQUEST_HEADERS_H

#include <httpd.h>

/**
 * Set ManagedSessionUserHeader, if there is one, and remove each other spelling of it. Subrequests
 * and internal redirects may have changed user and place, so it is done before each handler.
 */
void ms_request_headers_set_user(request_rec *r);

/** Whether the module takes part in this request. Handlers and AuthType imply it, without any
 * directive of ours. */
int ms_request_headers_is_ours(request_rec *r);

/* Hooks, named for their phase. */
int ms_request_headers_on_post_read_request(request_rec *r);
int ms_request_headers_on_fixups_first(request_rec *r);
int ms_request_headers_on_fixups_last(request_rec *r); /* and mod_proxy's own fixups */
int ms_request_headers_on_handler(request_rec *r);

#endif

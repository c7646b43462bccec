/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The headers of requests to applications: the user's name comes from this module alone, and no
 * credentials of another user are beside it.
 */
#ifndef MS_REQUEST_HEADERS_H
#define MS_REQUEST_HEADERS_H

#include <httpd.h>

/**
 * Set ManagedSessionUserHeader, if it is configured, and remove each other spelling of it. Called
 * before each handler, since subrequests and internal redirects may change user and location.
 */
void ms_request_headers_set_user(request_rec *r);

/** Whether the module takes part in this request. Our handlers and our AuthType imply it, also
 * without any ManagedSession directive. */
int ms_request_headers_is_ours(request_rec *r);

/** After authentication: remove credentials that may be those of another user than the session's.
 */
void ms_request_headers_remove_credentials(request_rec *r);

/* Hooks, named for their phase. */
int ms_request_headers_on_post_read_request(request_rec *r);
int ms_request_headers_on_fixups_last(request_rec *r); /* and mod_proxy's own fixups */

#endif

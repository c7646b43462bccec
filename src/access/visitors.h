/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far the sign-in and sign-out pages are open to visitors (requests without a user) in a
 * location that requires a user, and nothing else in it.
 */
#ifndef MS_VISITORS_H
#define MS_VISITORS_H

#include <httpd.h>

/**
 * Whether a visitor may use the page that this request is for: GET, HEAD or POST of a page that is
 * open. The same holds for the request that a subrequest serves (WebDAV uses GET to look up what it
 * writes to).
 */
int ms_visitors_may_enter(request_rec *r);

/** Note that a visitor was let in for the sake of one of our pages. */
void ms_visitors_let_in(request_rec *r);

/**
 * When no page of ours has answered: close the location again.
 * @return DECLINED; HTTP_FORBIDDEN for a request that ms_visitors_let_in() was called for
 */
int ms_visitors_refuse(request_rec *r);

#endif

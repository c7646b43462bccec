/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way back from the sign-in page: which values of "return" are accepted, and the value that a
 * challenge sends. A path is of this host. Several sites with one sign-in host need a whole URL, of
 * an origin that ManagedSessionOrigin lists there.
 */
#ifndef MS_RETURN_URL_H
#define MS_RETURN_URL_H

#include <httpd.h>
#include "config/url.h"

/**
 * Check where a visitor may be sent back to.
 * @param text  the value of "return"; NULL is refused
 * @return the same, fit for a Location header, in r->pool; NULL: refused
 */
const char *ms_return_url_checked(request_rec *r, const char *text);

/** Whether a configured URL (a path or a whole URL) is of the site that the request is for. */
int ms_return_url_is_here(request_rec *r, const ms_url *url);

/** Whether the client requested the path of a configured URL. */
int ms_return_url_is_of_request(request_rec *r, const ms_url *url);

/**
 * The address of the client's request, as "return" for that sign-in page: a path, or a whole URL if
 * the page is on another host. Of managed-session-check it is what the client requested of the
 * other server: a whole URL if its origin is listed in ManagedSessionOrigin.
 * @param login_url  NULL: a page of this host
 * @return in r->pool; NULL: it is not a possible "return"
 */
const char *ms_return_url_make(request_rec *r, const ms_url *login_url);

/** Whether the client's request was a GET or HEAD. r->method of an ErrorDocument is always GET. */
int ms_return_url_was_get(const request_rec *r);

#endif

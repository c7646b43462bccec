/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way back from the sign-in page: what "return" may say, and what the gate writes into it. A
 * path is of this host. Several sites with one sign-in host need a whole URL, of an origin that
 * ManagedSessionOrigin lists there.
 */
#ifndef MS_RETURN_URL_H
#define MS_RETURN_URL_H

#include <httpd.h>
#include "config/url.h"

/**
 * Where a visitor may be sent back to.
 * @param text  what "return" says; NULL is refused
 * @return the same, fit for a Location header, in r->pool; NULL where it is refused
 */
const char *ms_return_checked(request_rec *r, const char *text);

/** Whether a configured URL, a path or a whole one, is of the site that the request is for. */
int ms_return_is_same_site(request_rec *r, const ms_url *url);

/**
 * The address of the request that the client sent, for the "return" of that sign-in page: a path,
 * or a whole URL if the page is on another host.
 * @param login_url  NULL: a page of this host
 * @return in r->pool; NULL: it cannot be returned to
 */
const char *ms_return_of(request_rec *r, const ms_url *login_url);

/** Whether the client's request was a GET or HEAD; an ErrorDocument is always one. */
int ms_return_was_get(const request_rec *r);

#endif

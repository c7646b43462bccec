/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Applications do not get the session cookie (ManagedSessionHideCookie): not this host's, and not
 * that of another virtual host, since browsers send a cookie to all ports of a host.
 */
#ifndef MS_HIDDEN_COOKIE_H
#define MS_HIDDEN_COOKIE_H

#include <httpd.h>

/** Hook, named for its phase: remove the cookie from the request. Always DECLINED. */
int ms_hidden_cookie_on_handler(request_rec *r);

#endif

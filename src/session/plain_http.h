/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Browsers drop a Secure cookie that comes over plain http, except from their own machine: a
 * session that began there would be lost at once, and its user would be redirected to sign in
 * again and again. Only the browser can tell whether TLS is in use: a proxy may have ended it.
 */
#ifndef MS_PLAIN_HTTP_H
#define MS_PLAIN_HTTP_H

#include <httpd.h>

/**
 * Whether the browser will drop the session cookie, by the Origin of the request: it is this host
 * by http, not the client's own machine, and the cookie is Secure. False when the request has no
 * Origin. If it is true, the remedy is logged, once a minute at most.
 */
int ms_plain_http_drops_cookie(request_rec *r);

/**
 * Whether, as far as this server can see, the client uses plain http: it sent no Sec-Fetch-Site, no
 * proxy header shows TLS, and the host is not loopback.
 */
int ms_plain_http_is_likely(const request_rec *r);

/**
 * Whether a secret in this request may have been read on its way: nothing shows TLS, here or at a
 * proxy in front, and ManagedSessionCookieSecure is not Off. A client that forges a proxy's header
 * endangers its own secret only.
 */
int ms_plain_http_shows_secret(const request_rec *r);

/**
 * For a sign-in by GET, which has no Origin: log, once a minute at most, if a browser that is new
 * here may well drop the cookie, since nothing shows TLS.
 */
void ms_plain_http_note_sign_in(request_rec *r);

#endif

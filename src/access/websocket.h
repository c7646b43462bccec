/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page of any site may open a WebSocket to this one and read what it sends, with the browser's
 * cookies (the same-origin policy does not apply). So a session does not count for a WebSocket that
 * another site's page opens, unless "ManagedSessionCookieSameSite None" allows other sites.
 */
#ifndef MS_WEBSOCKET_H
#define MS_WEBSOCKET_H

#include <httpd.h>

/** Whether this request opens a WebSocket from another site's page, which is not allowed to. */
int ms_websocket_is_cross_origin(request_rec *r);

/** Log the refusal with its cure, rate-limited. @return HTTP_FORBIDDEN */
int ms_websocket_refuse(request_rec *r, const char *user);

#endif

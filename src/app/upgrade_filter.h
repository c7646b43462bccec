/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers of a proxied application that httpd writes to the connection itself, past all filters of
 * the request: interim answers (1xx; RFC 9110, 15.2), the 101 that opens a WebSocket, and all that
 * a raw tunnel (ProxyWebsocketFallbackToProxyHttp Off) sends.
 */
#ifndef MS_UPGRADE_FILTER_H
#define MS_UPGRADE_FILTER_H

#include <httpd.h>

void ms_upgrade_filter_register(void);

/**
 * Before the handler: if the request goes to a proxied application, take our cookie and our headers
 * out of what that writes to the connection itself, until the request ends. State and filter are
 * made once per connection, in its pool.
 */
void ms_upgrade_filter_watch(request_rec *r);

#endif

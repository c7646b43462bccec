/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Responses of a proxied application that httpd writes to the connection itself, past all filters
 * of the request: interim responses (1xx; RFC 9110, 15.2), the 101 that opens a WebSocket, and
 * everything that a raw tunnel (ProxyWebsocketFallbackToProxyHttp Off) sends.
 */
#ifndef MS_UPGRADE_FILTER_H
#define MS_UPGRADE_FILTER_H

#include <httpd.h>

/** Register the filters; from register_hooks. */
void ms_upgrade_filter_register(void);

/**
 * Before the handler: if the request goes to a proxied application, remove our cookie and our
 * headers from what the application writes to the connection itself, until the request ends. State
 * and filters are made once for each connection, in its pool.
 */
void ms_upgrade_filter_watch(request_rec *r);

/** The connection on which mod_proxy has sent a watched request to its application. */
void ms_upgrade_filter_set_application(request_rec *r, conn_rec *application);

#endif

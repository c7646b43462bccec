/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The 101 that answers a WebSocket's opening reaches the browser past all filters of its request.
 */
#ifndef MS_HANDSHAKE_H
#define MS_HANDSHAKE_H

#include <httpd.h>

void ms_handshake_register(void);

/** Before the handler of a request that asks for an upgrade: watch for the answer on its
 * connection. */
void ms_handshake_watch(request_rec *r);

#endif

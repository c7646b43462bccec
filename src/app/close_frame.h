/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A WebSocket whose session has ended is closed properly: its client gets a close frame with the
 * status 1008, as if the application had sent it, between two frames of the application's.
 */
#ifndef MS_CLOSE_FRAME_H
#define MS_CLOSE_FRAME_H

#include <httpd.h>

/** Register the filter; from register_hooks. */
void ms_close_frame_register(void);

/**
 * The application has agreed to change protocols, and what it sends from now on is frames, if that
 * protocol is WebSocket.
 * @param application  the connection to it
 */
void ms_close_frame_begin(request_rec *r, conn_rec *application);

#endif

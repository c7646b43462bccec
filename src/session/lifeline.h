/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that last end with their session: each holds a line to its client and to the
 * application, and open_requests.h cuts them. Which requests last is decided in
 * app/lasting_request.h.
 */
#ifndef MS_LIFELINE_H
#define MS_LIFELINE_H

#include <httpd.h>

/** In each child, after mod_dbd's child_init: start the thread. What is wrong is logged. */
void ms_lifeline_child_init(apr_pool_t *pchild, server_rec *s);

/** The request lasts: enter it, if its user comes from a session and ManagedSessionCutConnections
 * is On. It is taken out when it ends. If it is entered already, nothing happens. */
void ms_lifeline_enter(request_rec *r);

/**
 * The request may end its own session: its response must not be cut, and neither must other
 * responses of its HTTP/2 connection until the client has had time to read it. Before a session is
 * revoked.
 */
void ms_lifeline_leave(request_rec *r);

int ms_lifeline_is_entered(request_rec *r);

/** Whether the session has ended and the request was cut. */
int ms_lifeline_is_cut(request_rec *r);

/** Whether the session has ended, and the application's connection for reading, so that the request
 * may end properly before it is cut. */
int ms_lifeline_is_closing(request_rec *r);

/**
 * The request waits for an application at the other end of this socket, which is closed when the
 * request is cut.
 * @param closes  the request's thread closes the connection to the client properly, and soon, when
 * it reads the end of that socket
 * @return whether the request is entered
 */
int ms_lifeline_set_application(request_rec *r, apr_socket_t *socket, int closes);

/** The application's whole response has been read: its connection may be another request's now, and
 * is left alone when this one is cut. */
void ms_lifeline_forget_application(request_rec *r);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A duplicate of a connection's socket: the same connection under a file descriptor of our own. Its
 * owner may close the original at any time, and that number may be another file then. Knows apr
 * only.
 */
#ifndef MS_DUPLICATE_H
#define MS_DUPLICATE_H

#include <apr_network_io.h>

#define MS_NO_DUPLICATE (-1)

/**
 * Duplicate the file descriptor of a socket. It is not inherited by programs.
 * @param socket  NULL: there is none
 * @param copy    out: to be closed with ms_duplicate_close(); MS_NO_DUPLICATE after an error
 * @return the error of fcntl(), such as EMFILE
 */
apr_status_t ms_duplicate_make(const apr_socket_t *socket, int *copy);

void ms_duplicate_close(int copy);

/**
 * Reset a TCP connection: the peer is notified at once, and what waits in the kernel's buffers is
 * not sent. If the system cannot do that, or it is a Unix domain socket, the connection is shut
 * down in both directions: the kernel goes on to send what it has. The thread that waits for the
 * peer is woken either way.
 */
void ms_duplicate_reset(int copy);

/** The thread that reads from a connection reads an end of file; the peer may still be written to.
 */
void ms_duplicate_end_reading(int copy);

#endif

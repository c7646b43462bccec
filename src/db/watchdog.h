/* SPDX-License-Identifier: Apache-2.0 */
/*
 * If a database server hangs while its host still runs, a query waits without limit: neither libpq
 * nor MariaDB's connector has a timeout that apr_dbd could set. So a thread of the child shuts down
 * the sockets of connections that keep a request waiting for too long, and the driver reports a
 * broken connection. Knows apr only.
 */
#ifndef MS_WATCHDOG_H
#define MS_WATCHDOG_H

#include <apr_pools.h>
#include <apr_ring.h>

#define MS_ANSWER_WITHIN 5 /* seconds, or one more: the thread looks once a second */

/* A thread that may wait, for one connection or for any. */
typedef struct ms_watchdog {
    APR_RING_ENTRY(ms_watchdog) link;
    int socket;         /* a duplicate of the connection's; -1: for any connection */
    apr_uint32_t begun; /* when the wait began, in seconds of the thread; 0: no wait */
    int is_patient;     /* in use, by a thread that waits without a limit */
    int cut;
} ms_watchdog;

/** Start this child's thread, before any connection is made. It ends with pchild. */
apr_status_t ms_watchdog_child_init(apr_pool_t *pchild);

/**
 * A connection that may be cut.
 * @param p  lives as long as the connection
 * @param socket  the connection's; less than 0 if it is not known
 * @return NULL if it cannot be cut: there is no thread, or no socket
 */
ms_watchdog *ms_watchdog_add(apr_pool_t *p, int socket);

/** A thread waits for this connection from now on. c may be NULL.
 * @param socket     the current one: drivers connect again by themselves
 * @param is_urgent  0: it may wait without a limit, until the child ends */
void ms_watchdog_begin(ms_watchdog *c, int socket, int is_urgent);

/** The wait is over. Returns whether the connection was cut meanwhile. c may be NULL. */
int ms_watchdog_end(ms_watchdog *c);

/** Whether the connection has been cut since the wait began. c may be NULL. */
int ms_watchdog_was_cut(ms_watchdog *c);

/** A thread waits for mod_dbd to choose a connection. mod_dbd queries idle ones to see whether they
 * work, so if this wait is too long, the idle connections are cut. waiting is on the caller's stack
 * until the end. */
void ms_watchdog_begin_any(ms_watchdog *waiting);
void ms_watchdog_end_any(ms_watchdog *waiting);

/** The child ends: cut all its connections, also those that a thread begins to wait for later, so
 * that no thread waits for a response any longer. */
void ms_watchdog_cut_all(void);

#endif

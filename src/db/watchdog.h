/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A database server that stands still while its host goes on keeps whoever asked it waiting without
 * end: neither libpq nor MariaDB's connector has a limit that apr_dbd could set. So a thread of the
 * child's shuts down the sockets of connections that keep somebody waiting for too long, and the
 * driver reports a connection that broke. Knows apr only.
 */
#ifndef MS_WATCHDOG_H
#define MS_WATCHDOG_H

#include <apr_pools.h>
#include <apr_ring.h>

#define MS_ANSWER_WITHIN 5 /* seconds, or one more: it is looked at once in a second */

/* Somebody who may wait, for one connection or for any. */
typedef struct ms_watchdog {
    APR_RING_ENTRY(ms_watchdog) link;
    int socket;         /* a duplicate of the connection's; -1: any idle one's */
    apr_uint32_t begun; /* when somebody began to wait, by the thread's count; 0: nobody does */
    int cut;
} ms_watchdog;

/** Start this child's thread, before any connection is made. It ends with pchild. */
apr_status_t ms_watchdog_child_init(apr_pool_t *pchild);

/**
 * A connection that may be cut.
 * @param p  lives as long as the connection
 * @param socket  the connection's; less than 0 where it is not known
 * @return NULL where it cannot be: there is no thread, or no socket
 */
ms_watchdog *ms_watchdog_add(apr_pool_t *p, int socket);

/** Somebody waits for this connection from now on. c may be NULL.
 * @param socket  as it is by now, for drivers connect anew by themselves */
void ms_watchdog_begin(ms_watchdog *c, int socket);

/** Nobody does any more. Returns whether it was cut meanwhile. c may be NULL. */
int ms_watchdog_end(ms_watchdog *c);

/** Whether it has been cut since somebody began to wait. c may be NULL. */
int ms_watchdog_was_cut(ms_watchdog *c);

/** Somebody waits for mod_dbd to choose a connection, and so for those that it asks whether they
 * live: the ones nobody uses are cut. waiting stands on the caller's stack until the end. */
void ms_watchdog_begin_any(ms_watchdog *waiting);
void ms_watchdog_end_any(ms_watchdog *waiting);

#endif

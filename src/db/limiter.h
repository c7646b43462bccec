/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits how many threads use or await a pool of database connections. mod_dbd waits without limit
 * for a free connection, so a database in trouble would block every worker of the child. A limiter
 * admits as many threads as there are connections, lets a few more wait for a bounded time, and
 * rejects the rest at once. After the database could not be reached it rejects all for a second,
 * and then admits one at a time until the database has answered. Knows apr only.
 */
#ifndef MS_LIMITER_H
#define MS_LIMITER_H

#include <apr_pools.h>
#include <apr_time.h>

typedef struct ms_limiter ms_limiter;

/** A limiter for a pool whose size is not known yet: it admits one thread at a time. p lives as
 * long as the child. */
apr_status_t ms_limiter_create(ms_limiter **limiter, apr_pool_t *p);

/** Set how many connections the pool has. */
void ms_limiter_resize(ms_limiter *limiter, int connections);

/* What a thread met that was rejected although the database is not known to be away. */
typedef struct ms_crowd {
    int inside;  /* threads that were admitted */
    int waiting; /* others, with the one that was rejected */
} ms_crowd;

/**
 * Wait for a place, for two seconds at most.
 * @param crowd  out: set if the pool is too small for the load, or the database too slow; all zero
 *               if the thread was admitted, or the database is away or did not respond
 * @return APR_SUCCESS: admitted; call ms_limiter_leave() afterwards. APR_TIMEUP or APR_EAGAIN: the
 * database cannot be queried now
 */
apr_status_t ms_limiter_enter(ms_limiter *limiter, ms_crowd *crowd);
void ms_limiter_leave(ms_limiter *limiter);

/** A thread that was admitted has a connection now, or there is none. Until then it counts among
 * the few that may open one at the same time: the pool makes new connections one after another, and
 * all of them wait for each that does not succeed. */
void ms_limiter_opened(ms_limiter *limiter);

/** The database could not be reached (trip), or did not respond to one query (doubt): after a
 * second, or at once, one thread at a time is admitted, until the database has answered. */
void ms_limiter_trip(ms_limiter *limiter);
void ms_limiter_doubt(ms_limiter *limiter);
void ms_limiter_answered(ms_limiter *limiter);

/** Whether to log now: true once in a second. */
int ms_limiter_may_log(ms_limiter *limiter);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In front of a pool of database connections: mod_dbd waits without end for a free one, so that
 * a database in trouble would take every worker of the child with it. A guard lets in as many as
 * there are connections, makes a few more wait for a bounded time, turns the rest away at once, and
 * keeps everybody away for a second after the database could not be reached, and all but one until
 * it answers again. Knows apr only.
 */
#ifndef MS_LIMITER_H
#define MS_LIMITER_H

#include <apr_pools.h>
#include <apr_time.h>

typedef struct ms_limiter ms_limiter;

/** A guard for a pool of as yet unknown size: it lets in one at a time. p lives as long as the
 * child. */
apr_status_t ms_limiter_create(ms_limiter **limiter, apr_pool_t *p);

/** Say how many connections the pool has. */
void ms_limiter_resize(ms_limiter *limiter, int connections);

/** APR_SUCCESS: go in, and leave again. APR_TIMEUP or APR_EAGAIN: the database cannot be asked now.
 */
apr_status_t ms_limiter_enter(ms_limiter *limiter);
void ms_limiter_leave(ms_limiter *limiter);

/** The database could not be reached: nobody tries again for a second. And then, as where it did
 * not answer somebody, only one at a time until it has answered. */
void ms_limiter_trip(ms_limiter *limiter);
void ms_limiter_doubt(ms_limiter *limiter);
void ms_limiter_answered(ms_limiter *limiter);

/** Whether to log now: true once in a second. */
int ms_limiter_may_log(ms_limiter *limiter);

#endif

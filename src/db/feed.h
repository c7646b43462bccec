/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The feed of ended sessions: one process of a host, for each table, reads again and again which
 * sessions have ended since the last time, on any host, and invalidates them in the look-up cache.
 * Then entries of the cache may live long. This file is one poll; session/feeds.c has the threads.
 * docs/lookup-cache.md argues that no ending is missed.
 */
#ifndef MS_FEED_H
#define MS_FEED_H

#include <apr_pools.h>
#include "db/store.h"

typedef struct ms_feed ms_feed; /* of one table, in one child; one thread uses it */

/** Whether the table is polled. */
int ms_feed_is_possible(const ms_store *store);

/** @param p  the thread's own: no other thread allocates from it */
ms_feed *ms_feed_create(apr_pool_t *p, ms_store *store);

/**
 * Be the poller of this table on this host, or stay it.
 * @return whether this child is
 */
int ms_feed_take(ms_feed *feed);

/** Let another child be the poller. */
void ms_feed_leave(ms_feed *feed);

/** The same for as long as a statement may take. */
int ms_feed_hold(ms_feed *feed);

/** Read what has ended, apply it, and publish that. Logs if polls begin to fail, or succeed again.
 */
apr_status_t ms_feed_poll(ms_feed *feed);

#endif

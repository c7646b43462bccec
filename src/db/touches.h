/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Write the touches that requests of this host have queued (touch_queue.h), a hundred in one
 * statement. The thread that polls the feed does it, while it is the poller.
 */
#ifndef MS_TOUCHES_H
#define MS_TOUCHES_H

#include <apr_pools.h>
#include "db/feed.h"
#include "db/store.h"

typedef struct ms_touches ms_touches; /* of one table, in one child; one thread uses it */

/** @param p  the thread's own, as for ms_feed_create() */
ms_touches *ms_touches_create(apr_pool_t *p, ms_store *store, ms_feed *feed);

/**
 * Write what is queued, if it is enough for a statement, or a second has passed. To be called some
 * times a second: while it is, requests leave their touches to it.
 * @param until  when to stop, milliseconds of the steady clock: what is left is written next time
 */
void ms_touches_write(ms_touches *touches, apr_int64_t until);

/** This thread ends: requests write their touches themselves until another one writes, and what is
 * queued is written. Nothing happens if it does not poll. */
void ms_touches_leave(ms_touches *touches);

#endif

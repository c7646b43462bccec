/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread of a child process that serves no request: it works, pauses, and works again until the
 * child ends. Knows apr only.
 */
#ifndef MS_CHILD_THREAD_H
#define MS_CHILD_THREAD_H

#include <apr_pools.h>
#include <apr_time.h>

typedef struct ms_child_thread ms_child_thread;

/** The thread ends when it returns, which is to be when ms_child_thread_pause() returns 0. */
typedef void ms_child_thread_fn(ms_child_thread *thread, void *baton);

/**
 * Start a thread, in child_init.
 * @param pchild  before it is cleared the thread is told to end, and waited for
 * @param p       where the thread's own things live: pchild, or a pool that outlives it
 */
apr_status_t ms_child_thread_start(apr_pool_t *pchild, apr_pool_t *p, ms_child_thread_fn *work,
                                   void *baton);

/** Only in the thread itself: wait. Returns whether to go on; 0, at once: the child ends. */
int ms_child_thread_pause(ms_child_thread *thread, apr_interval_time_t time);

#endif

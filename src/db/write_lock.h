/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One writer at a time in a SQLite database, before SQLite sees it. SQLite's own lock has no queue:
 * who finds it taken sleeps and tries again, and on a busy machine misses it many times. The
 * threads of all children wait for this one in the kernel, first come, first served. It only orders
 * them: SQLite's lock decides, also against other programs. So if a process that has it, or that is
 * next, is stopped (by a debugger, say), the others do without it for a while. Knows apr only.
 */
#ifndef MS_WRITE_LOCK_H
#define MS_WRITE_LOCK_H

#include <apr_pools.h>

typedef struct ms_write_lock ms_write_lock;

/**
 * Make the locks of this server, in shared memory; in the parent, before children are forked.
 * @param p  the configuration's pool: children of the one before have locks of their own
 * @return an error if there is no memory, or the system has no robust mutexes; then there are no
 *         locks, and writers try as SQLite does
 */
apr_status_t ms_write_lock_init(apr_pool_t *p);

/**
 * The lock of a database.
 * @param path  the name of its file; two may share a lock
 * @return NULL if there are no locks
 */
ms_write_lock *ms_write_lock_of(const char *path);

/**
 * Wait for the lock. If a process was killed that held it, the next one gets it.
 * @param ms  milliseconds to wait at most. After a wait in vain no process waits for the lock for
 *            five times as long.
 * @return whether it was taken; then release it. Without it the writer may go on.
 */
int ms_write_lock_take(ms_write_lock *lock, apr_int64_t ms);
void ms_write_lock_release(ms_write_lock *lock);

#endif

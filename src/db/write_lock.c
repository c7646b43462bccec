/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Robust mutexes of POSIX with priority inheritance. Robust: the kernel releases what a killed
 * process held. Priority inheritance: the kernel hands a mutex that is released to the thread that
 * has waited longest. One without it goes to the thread that runs first, and some threads wait for
 * long. apr's mutexes have neither, nor a deadline in shared memory.
 */
#include "db/write_lock.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <apr_atomic.h>
#include <apr_hash.h>
#include <apr_shm.h>
#include "core/clock.h"

#define LOCKS    16 /* for a handful of databases on a server */
#define SKIP_FOR 5  /* times as long as the wait that was in vain */

struct ms_write_lock {
    pthread_mutex_t mutex;
    volatile apr_uint64_t skipped_until; /* by the steady clock; 0: it is used */
};

/* Process-wide, set at start: in shared memory. NULL: there are none. */
static ms_write_lock *locks;

static apr_status_t forget_locks(void *unused)
{
    (void)unused;
    locks = NULL;
    return APR_SUCCESS;
}

static int make_mutexes(ms_write_lock *made, int protocol)
{
    pthread_mutexattr_t attributes;
    int rv = pthread_mutexattr_init(&attributes);

    if (rv) {
        return rv;
    }
    rv = pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    if (!rv) {
        rv = pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    }
    if (!rv) {
        rv = pthread_mutexattr_setprotocol(&attributes, protocol);
    }
    for (int i = 0; !rv && i < LOCKS; i++) {
        made[i].skipped_until = 0;
        rv = pthread_mutex_init(&made[i].mutex, &attributes);
    }
    pthread_mutexattr_destroy(&attributes);
    return rv;
}

apr_status_t ms_write_lock_init(apr_pool_t *p)
{
    apr_shm_t *shm;
    apr_status_t rv = apr_shm_create(&shm, sizeof(ms_write_lock) * LOCKS, NULL, p);

    locks = NULL;
    if (rv == APR_SUCCESS) {
        ms_write_lock *made = apr_shm_baseaddr_get(shm);

        rv = make_mutexes(made, PTHREAD_PRIO_INHERIT);
        if (rv == ENOTSUP) {
            rv = make_mutexes(made, PTHREAD_PRIO_NONE); /* a kernel without it: out of order */
        }
        if (rv == APR_SUCCESS) {
            locks = made;
            apr_pool_cleanup_register(p, NULL, forget_locks, apr_pool_cleanup_null);
        }
    }
    return rv;
}

ms_write_lock *ms_write_lock_of(const char *path)
{
    apr_ssize_t len = APR_HASH_KEY_STRING;

    return locks ? &locks[apr_hashfunc_default(path, &len) % LOCKS] : NULL;
}

/* pthread_mutex_timedlock() has the wall clock: one that is set back meanwhile makes the wait
 * longer, and the waiters before it end that. */
static int wait_for(ms_write_lock *lock, apr_int64_t ms)
{
    struct timespec until;
    int rv;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)(ms / 1000);
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    rv = pthread_mutex_timedlock(&lock->mutex, &until);
    if (rv == ETIMEDOUT) {
        apr_atomic_set64(&lock->skipped_until,
                         (apr_uint64_t)(ms_clock_steady_ms() + SKIP_FOR * ms));
    }
    return rv;
}

static int is_skipped(ms_write_lock *lock)
{
    const apr_uint64_t until = apr_atomic_read64(&lock->skipped_until);

    return until && (apr_uint64_t)ms_clock_steady_ms() < until;
}

int ms_write_lock_take(ms_write_lock *lock, apr_int64_t ms)
{
    int rv;

    if (is_skipped(lock)) {
        return 0;
    }
    rv = pthread_mutex_trylock(&lock->mutex);
    if (rv == EBUSY && ms > 0) {
        rv = wait_for(lock, ms);
    }
    if (rv == EOWNERDEAD) {
        rv = pthread_mutex_consistent(&lock->mutex); /* SQLite has rolled back what was half done */
    }
    return rv == 0;
}

void ms_write_lock_release(ms_write_lock *lock)
{
    pthread_mutex_unlock(&lock->mutex);
}

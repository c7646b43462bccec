/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A counting semaphore with a deadline and a limit of waiters, and a short circuit breaker.
 */
#include "db/limiter.h"

#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>

#define WAIT_MAX     apr_time_from_sec(2)
#define BREAK_FOR    apr_time_from_sec(1)
#define WAITERS_BASE 16
#define WAITERS_EACH 4 /* for each connection */

struct ms_guard {
    apr_thread_mutex_t *lock;
    apr_thread_cond_t *freed;
    int connections;
    int inside;
    int waiting;
    apr_time_t closed_until;
    int is_in_doubt;       /* whether the database answers */
    apr_int64_t logged_in; /* the second of the last log line */
};

apr_status_t ms_guard_create(ms_guard **guard, apr_pool_t *p)
{
    ms_guard *g = apr_pcalloc(p, sizeof(*g));
    apr_status_t rv = apr_thread_mutex_create(&g->lock, APR_THREAD_MUTEX_DEFAULT, p);

    if (rv == APR_SUCCESS) {
        rv = apr_thread_cond_create(&g->freed, p);
    }
    g->connections = 1;
    *guard = g;
    return rv;
}

void ms_guard_resize(ms_guard *guard, int connections)
{
    apr_thread_mutex_lock(guard->lock);
    if (guard->connections != connections) {
        guard->connections = connections;
        apr_thread_cond_broadcast(guard->freed);
    }
    apr_thread_mutex_unlock(guard->lock);
}

/* A clock that was set back must not keep the door shut, hence the second comparison. */
static int is_closed(const ms_guard *guard)
{
    const apr_interval_time_t left = guard->closed_until ? guard->closed_until - apr_time_now() : 0;

    return left > 0 && left <= BREAK_FOR;
}

static int places(const ms_guard *guard)
{
    return guard->is_in_doubt ? 1 : guard->connections;
}

/* Whoever waits is turned away too when somebody inside finds the database gone. */
static apr_status_t wait_for_place(ms_guard *guard)
{
    const apr_time_t deadline = apr_time_now() + WAIT_MAX;

    if (guard->waiting >= WAITERS_BASE + WAITERS_EACH * guard->connections) {
        return APR_EAGAIN;
    }
    while (!is_closed(guard) && guard->inside >= places(guard)) {
        const apr_interval_time_t left = deadline - apr_time_now();

        if (left <= 0) {
            return APR_TIMEUP;
        }
        guard->waiting++;
        apr_thread_cond_timedwait(guard->freed, guard->lock, left);
        guard->waiting--;
    }
    return is_closed(guard) ? APR_EAGAIN : APR_SUCCESS;
}

apr_status_t ms_guard_enter(ms_guard *guard)
{
    apr_status_t rv;

    apr_thread_mutex_lock(guard->lock);
    rv = wait_for_place(guard);
    if (rv == APR_SUCCESS) {
        guard->inside++;
    }
    apr_thread_mutex_unlock(guard->lock);
    return rv;
}

void ms_guard_leave(ms_guard *guard)
{
    apr_thread_mutex_lock(guard->lock);
    guard->inside--;
    apr_thread_cond_signal(guard->freed);
    apr_thread_mutex_unlock(guard->lock);
}

void ms_guard_trip(ms_guard *guard)
{
    apr_thread_mutex_lock(guard->lock);
    guard->closed_until = apr_time_now() + BREAK_FOR;
    guard->is_in_doubt = 1;
    apr_thread_cond_broadcast(guard->freed);
    apr_thread_mutex_unlock(guard->lock);
}

void ms_guard_doubt(ms_guard *guard)
{
    apr_thread_mutex_lock(guard->lock);
    guard->is_in_doubt = 1;
    apr_thread_mutex_unlock(guard->lock);
}

void ms_guard_answered(ms_guard *guard)
{
    apr_thread_mutex_lock(guard->lock);
    if (guard->is_in_doubt) {
        guard->is_in_doubt = 0;
        apr_thread_cond_broadcast(guard->freed);
    }
    apr_thread_mutex_unlock(guard->lock);
}

int ms_guard_may_log(ms_guard *guard)
{
    const apr_int64_t now = apr_time_sec(apr_time_now());
    int may;

    apr_thread_mutex_lock(guard->lock);
    may = guard->logged_in != now;
    guard->logged_in = now;
    apr_thread_mutex_unlock(guard->lock);
    return may;
}

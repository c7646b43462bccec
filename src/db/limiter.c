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
#define OPENING_MAX  4 /* threads */

struct ms_limiter {
    apr_thread_mutex_t *lock;
    apr_thread_cond_t *freed;
    int connections;
    int inside;
    int opening; /* of these */
    int waiting;
    apr_time_t closed_until;
    int is_in_doubt;       /* whether the database answers */
    apr_int64_t logged_in; /* the second of the last log line */
};

apr_status_t ms_limiter_create(ms_limiter **limiter, apr_pool_t *p)
{
    ms_limiter *g = apr_pcalloc(p, sizeof(*g));
    apr_status_t rv = apr_thread_mutex_create(&g->lock, APR_THREAD_MUTEX_DEFAULT, p);

    if (rv == APR_SUCCESS) {
        rv = apr_thread_cond_create(&g->freed, p);
    }
    g->connections = 1;
    *limiter = g;
    return rv;
}

void ms_limiter_resize(ms_limiter *limiter, int connections)
{
    apr_thread_mutex_lock(limiter->lock);
    if (limiter->connections != connections) {
        limiter->connections = connections;
        apr_thread_cond_broadcast(limiter->freed);
    }
    apr_thread_mutex_unlock(limiter->lock);
}

/* If the clock was set back, the pool must not stay closed, hence the second comparison. */
static int is_closed(const ms_limiter *limiter)
{
    const apr_interval_time_t left =
        limiter->closed_until ? limiter->closed_until - apr_time_now() : 0;

    return left > 0 && left <= BREAK_FOR;
}

static int places(const ms_limiter *limiter)
{
    return limiter->is_in_doubt ? 1 : limiter->connections;
}

static int is_full(const ms_limiter *limiter)
{
    return limiter->inside >= places(limiter) || limiter->opening >= OPENING_MAX;
}

static void describe(const ms_limiter *limiter, ms_crowd *crowd)
{
    if (!is_closed(limiter) && !limiter->is_in_doubt) {
        *crowd = (ms_crowd){.inside = limiter->inside, .waiting = limiter->waiting + 1};
    }
}

/* Waiting threads are rejected too when an admitted one finds that the database is gone. */
static apr_status_t wait_for_place(ms_limiter *limiter, ms_crowd *crowd)
{
    const apr_time_t deadline = apr_time_now() + WAIT_MAX;

    if (limiter->waiting >= WAITERS_BASE + WAITERS_EACH * limiter->connections) {
        describe(limiter, crowd);
        return APR_EAGAIN;
    }
    while (!is_closed(limiter) && is_full(limiter)) {
        const apr_interval_time_t left = deadline - apr_time_now();

        if (left <= 0) {
            describe(limiter, crowd);
            return APR_TIMEUP;
        }
        limiter->waiting++;
        apr_thread_cond_timedwait(limiter->freed, limiter->lock, left);
        limiter->waiting--;
    }
    return is_closed(limiter) ? APR_EAGAIN : APR_SUCCESS;
}

apr_status_t ms_limiter_enter(ms_limiter *limiter, ms_crowd *crowd)
{
    apr_status_t rv;

    *crowd = (ms_crowd){0, 0};
    apr_thread_mutex_lock(limiter->lock);
    rv = wait_for_place(limiter, crowd);
    if (rv == APR_SUCCESS) {
        limiter->inside++;
        limiter->opening++;
    }
    apr_thread_mutex_unlock(limiter->lock);
    return rv;
}

void ms_limiter_opened(ms_limiter *limiter)
{
    apr_thread_mutex_lock(limiter->lock);
    limiter->opening--;
    apr_thread_cond_signal(limiter->freed);
    apr_thread_mutex_unlock(limiter->lock);
}

void ms_limiter_leave(ms_limiter *limiter)
{
    apr_thread_mutex_lock(limiter->lock);
    limiter->inside--;
    apr_thread_cond_signal(limiter->freed);
    apr_thread_mutex_unlock(limiter->lock);
}

void ms_limiter_trip(ms_limiter *limiter)
{
    apr_thread_mutex_lock(limiter->lock);
    limiter->closed_until = apr_time_now() + BREAK_FOR;
    limiter->is_in_doubt = 1;
    apr_thread_cond_broadcast(limiter->freed);
    apr_thread_mutex_unlock(limiter->lock);
}

void ms_limiter_doubt(ms_limiter *limiter)
{
    apr_thread_mutex_lock(limiter->lock);
    limiter->is_in_doubt = 1;
    apr_thread_mutex_unlock(limiter->lock);
}

void ms_limiter_answered(ms_limiter *limiter)
{
    apr_thread_mutex_lock(limiter->lock);
    if (limiter->is_in_doubt) {
        limiter->is_in_doubt = 0;
        apr_thread_cond_broadcast(limiter->freed);
    }
    apr_thread_mutex_unlock(limiter->lock);
}

int ms_limiter_may_log(ms_limiter *limiter)
{
    const apr_int64_t now = apr_time_sec(apr_time_now());
    int may;

    apr_thread_mutex_lock(limiter->lock);
    may = limiter->logged_in != now;
    limiter->logged_in = now;
    apr_thread_mutex_unlock(limiter->lock);
    return may;
}

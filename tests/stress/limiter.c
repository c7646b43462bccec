/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The limiter of database connections, with threads that come and go while the pool is resized and
 * the database is away now and then. Never are more threads inside than there are connections, nor
 * more than four that open one; and at the end no place is lost.
 *
 *   limiter [seconds]    exits with 1 if too many were inside, or too few
 */
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <apr_time.h>
#include "stress.h"
#include "db/limiter.h"

#define THREADS     24
#define CONNECTIONS 6 /* at most */
#define OPENING     4
#define ENTER_FOR   apr_time_from_sec(20) /* a busy machine */

static ms_limiter *limiter;
static _Atomic int inside, opening;
static _Atomic int entered, refused;
static time_t until;

static void use(apr_uint32_t *seed)
{
    if (atomic_fetch_add(&inside, 1) >= CONNECTIONS || atomic_fetch_add(&opening, 1) >= OPENING) {
        stress_wrong("too many are inside");
    }
    sched_yield();
    atomic_fetch_sub(&opening, 1);
    ms_limiter_opened(limiter);
    if (stress_roll(seed) % 2) {
        ms_limiter_answered(limiter);
    }
    else if (stress_roll(seed) % 64 == 0) {
        ms_limiter_doubt(limiter);
    }
    else if (stress_roll(seed) % 4096 == 0) {
        ms_limiter_trip(limiter); /* for a second */
    }
    sched_yield();
    atomic_fetch_sub(&inside, 1);
    ms_limiter_leave(limiter);
    atomic_fetch_add(&entered, 1);
}

static apr_status_t enter(void)
{
    ms_crowd crowd;

    return ms_limiter_enter(limiter, &crowd);
}

static void *APR_THREAD_FUNC work(apr_thread_t *thread, void *number)
{
    apr_uint32_t seed = stress_number(number) * 2654435761U | 1;

    (void)thread;
    while (time(NULL) < until) {
        const apr_uint32_t dice = stress_roll(&seed) % 100000;

        if (dice < 1000) {
            ms_limiter_resize(limiter, 1 + (int)(dice % CONNECTIONS));
        }
        else if (enter() == APR_SUCCESS) {
            use(&seed);
        }
        else {
            atomic_fetch_add(&refused, 1);
            sched_yield();
        }
        (void)ms_limiter_may_log(limiter);
    }
    return NULL;
}

static int can_enter(void)
{
    const apr_time_t end = apr_time_now() + ENTER_FOR;

    while (enter() != APR_SUCCESS) {
        if (apr_time_now() > end) {
            return 0;
        }
        apr_sleep(10000); /* it rejects all for a second after the database was away */
    }
    ms_limiter_opened(limiter);
    return 1;
}

/* So many may enter, and not one more. */
static int is_every_place_free(void)
{
    ms_limiter_resize(limiter, CONNECTIONS);
    ms_limiter_answered(limiter);
    for (int i = 0; i < CONNECTIONS; i++) {
        if (!can_enter()) {
            return 0;
        }
    }
    return enter() == APR_TIMEUP;
}

int main(int argc, char **argv)
{
    const int seconds = stress_begin(argc, argv);
    apr_pool_t *p;

    apr_pool_create(&p, NULL);
    if (ms_limiter_create(&limiter, p) != APR_SUCCESS) {
        return 2;
    }
    ms_limiter_resize(limiter, CONNECTIONS);
    until = time(NULL) + seconds;
    stress_run_threads(work, THREADS, p);
    printf("%d threads were inside, %d were refused\n", entered, refused);
    return stress_end(entered > 0 && is_every_place_free());
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all children count without locks: counters, the limit of failed sign-ins, their number for
 * each user, and the places of password checks. Threads of processes that are killed use them for
 * one key after another, a few at a time, so that all of them meet when a key is new.
 *
 * Before each call a thread notes that it begins, and afterwards that it is done: what is counted
 * must lie between the two. A process that is killed leaves something begun.
 *
 *   counts [seconds]    exits with 1 if a count is wrong
 */
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <apr_general.h>
#include <httpd.h>
#include <http_config.h>
#include <http_log.h>
#include <http_protocol.h>
#include "stress.h"
#include "core/slots.h"
#include "core/tally.h"
#include "core/throttle.h"
#include "http/counters.h"

#define PROCESSES 3
#define THREADS   8
#define KEYS      (1 << 22)
#define EACH      64 /* calls with a key, by all threads */
#define LIMIT     5
#define PERIOD    100 /* seconds */
#define PLACES    2
#define LEASE     60

typedef struct per_key {
    _Atomic unsigned char taken;           /* of the limit, and not given back */
    _Atomic unsigned char begun, done;     /* failures */
    _Atomic unsigned char is_held[PLACES]; /* by a thread that checks a password */
    ms_slot slots[PLACES];
} per_key;

typedef struct world {
    _Atomic apr_uint64_t steps;
    _Atomic apr_uint64_t begun, done; /* the counter */
    _Atomic apr_uint64_t refused;
    per_key keys[KEYS];
} world;

static world *shared;
static void *throttle, *tally;
static const ms_rate rate = {LIMIT, PERIOD};

/* ---- httpd, for counters.c --------------------------------------------------------------------
 */

module AP_MODULE_DECLARE_DATA managed_session_module;

void ap_log_error_(const char *file, int line, int module_index, int level, apr_status_t status,
                   const server_rec *s, const char *fmt, ...)
{
    (void)file, (void)line, (void)module_index, (void)level, (void)status, (void)s;
    stress_wrong(fmt);
}

int ap_rwrite(const void *text, int n, request_rec *r)
{
    (void)text, (void)r;
    return n;
}

int ap_rprintf(request_rec *r, const char *fmt, ...)
{
    (void)r, (void)fmt;
    return 0;
}

/* ---- what is counted --------------------------------------------------------------------------
 */

/* As a hash; and each key has a time of its own, at which those before it are over. */
static apr_uint64_t hash_of(apr_uint64_t number)
{
    return (number + 1) * APR_UINT64_C(0x9E3779B97F4A7C15);
}

static apr_time_t time_of(apr_uint64_t number)
{
    return apr_time_from_sec((apr_int64_t)number * 2 * PERIOD + 1);
}

static void count(void)
{
    apr_uint64_t before;

    atomic_fetch_add(&shared->begun, 1);
    before = atomic_load(&shared->done);
    ms_count(MS_COUNT_LOOKUPS, 1);
    if (ms_counters_get(MS_COUNT_LOOKUPS) <= before) {
        stress_wrong("a counter that lost one");
    }
    atomic_fetch_add(&shared->done, 1);
}

/* With every other key what was taken is given back. */
static void take(per_key *key, apr_uint64_t number)
{
    if (ms_throttle_take(throttle, hash_of(number), time_of(number), &rate) != 0) {
        atomic_fetch_add(&shared->refused, 1);
        return;
    }
    if (atomic_fetch_add(&key->taken, 1) >= LIMIT) {
        stress_wrong("more than the limit");
    }
    if (number % 2) {
        sched_yield();
        atomic_fetch_sub(&key->taken, 1);
        ms_throttle_give_back(throttle, hash_of(number), time_of(number), &rate);
    }
}

static void fail(per_key *key, apr_uint64_t number)
{
    const apr_int64_t now = (apr_int64_t)number + 1;
    const int done = atomic_load(&key->done);
    apr_int64_t last = now;
    int n;

    atomic_fetch_add(&key->begun, 1);
    ms_tally_add(tally, hash_of(number), now);
    n = ms_tally_get(tally, hash_of(number), &last);
    if (n <= done || n > atomic_load(&key->begun) || last != now) {
        stress_wrong("the number of failures");
    }
    atomic_fetch_add(&key->done, 1);
}

static void check_password(per_key *key)
{
    const int place = ms_slots_take(key->slots, PLACES, 1, LEASE);

    if (place < 0) {
        return;
    }
    if (atomic_exchange(&key->is_held[place], 1)) {
        stress_wrong("two have one place");
    }
    if (place == 0) {
        sched_yield();
    }
    atomic_store(&key->is_held[place], 0);
    ms_slots_give_back(key->slots, place);
}

static void *APR_THREAD_FUNC count_failures(apr_thread_t *thread, void *unused)
{
    (void)thread, (void)unused;
    for (;;) {
        const apr_uint64_t number = atomic_fetch_add(&shared->steps, 1) / EACH % KEYS;

        take(&shared->keys[number], number);
        fail(&shared->keys[number], number);
        count();
    }
    return NULL;
}

/* One thread in four checks passwords, with the places of the current key. */
static void *APR_THREAD_FUNC work(apr_thread_t *thread, void *number)
{
    while (stress_number(number) % 4 == 0) {
        check_password(&shared->keys[atomic_load(&shared->steps) / EACH % KEYS]);
    }
    return count_failures(thread, number);
}

int main(int argc, char **argv)
{
    const int seconds = stress_begin(argc, argv);
    apr_uint64_t counted;
    apr_pool_t *p;
    int kills, ok;

    apr_pool_create(&p, NULL);
    shared = stress_share(sizeof(*shared));
    throttle = stress_share(MS_THROTTLE_SIZE);
    tally = stress_share(MS_TALLY_SIZE);
    ms_counters_init(p, NULL, 1);
    kills = stress_kill_for(seconds, 50000, NULL, work, PROCESSES, THREADS);
    counted = ms_counters_get(MS_COUNT_LOOKUPS);
    printf("%d processes killed, %llu keys, %llu counted, %llu over the limit\n", kills,
           (unsigned long long)shared->steps / EACH, (unsigned long long)counted,
           (unsigned long long)shared->refused);
    ok = kills > 0 && shared->refused > 0 && shared->done > 0 && counted >= shared->done &&
         counted <= shared->begun;
    return stress_end(ok);
}

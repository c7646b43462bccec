/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of logs that a client can cause at will: refused sign-ins, which the children sum up
 * together, and the kinds of log lines that each child limits. Threads of several processes refuse
 * and log; each refusal can be checked by itself, since its texts follow from its key. None is
 * counted twice, and none is lost.
 *
 *   lines [seconds]    exits with 1 if a summary is torn, or the sums are wrong
 */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "stress.h"
#include "core/log_limit.h"
#include "core/refusals.h"

#define PROCESSES 3
#define THREADS   4
#define KEYS      64
#define PERIOD    2    /* ticks of the clock */
#define TICK      1000 /* refusals */
#define LINES     8    /* in a second */
#define KIND      MS_LOG_REFUSED

typedef struct world {
    _Atomic apr_uint64_t refusals, firsts, summed; /* summed: in summaries */
    _Atomic int is_over;
} world;

static world *shared;
static void *table;
static _Atomic apr_uint64_t lines, written, skipped; /* of this process */

static ms_refusal refusal_of(apr_uint64_t key)
{
    ms_refusal refusal = {.server = &table, .name = "refused", .reason = "limit"};

    snprintf(refusal.user, sizeof(refusal.user), "user%llu", (unsigned long long)key);
    snprintf(refusal.method, sizeof(refusal.method), "%llu", (unsigned long long)key * 7);
    snprintf(refusal.ip, sizeof(refusal.ip), "192.0.2.%llu", (unsigned long long)key);
    return refusal;
}

static void check(const ms_refusal *due)
{
    unsigned long long key = 0;
    ms_refusal refusal;

    if (due->count == 0) {
        return;
    }
    sscanf(due->user, "user%llu", &key);
    refusal = refusal_of(key);
    if (key == 0 || strcmp(refusal.user, due->user) != 0 ||
        strcmp(refusal.method, due->method) != 0 || strcmp(refusal.ip, due->ip) != 0 ||
        refusal.name != due->name) {
        stress_wrong("a torn summary");
    }
    atomic_fetch_add(&shared->summed, due->count);
}

static void sum_up(apr_int64_t now)
{
    apr_size_t at = 0;
    ms_refusal due;

    while (ms_refusals_next_due(table, now, &at, &due)) {
        check(&due);
    }
}

static void refuse(apr_uint32_t *seed)
{
    const apr_uint64_t key = 1 + stress_roll(seed) % KEYS;
    const apr_int64_t now = 1 + (apr_int64_t)(atomic_fetch_add(&shared->refusals, 1) / TICK);
    const ms_refusal refusal = refusal_of(key);
    ms_refusal due;

    if (ms_refusals_is_first(table, key, now, PERIOD, &refusal, &due)) {
        atomic_fetch_add(&shared->firsts, 1);
    }
    check(&due);
    if (stress_roll(seed) % TICK == 0) {
        sum_up(now);
    }
}

static void log_line(void)
{
    const apr_uint64_t number = atomic_fetch_add(&lines, 1);
    apr_uint32_t before = 0;

    if (ms_log_limit_pass(KIND, apr_time_from_sec(1 + (apr_int64_t)(number / LINES)), &before)) {
        atomic_fetch_add(&written, 1);
        atomic_fetch_add(&skipped, before);
    }
}

static void *APR_THREAD_FUNC work(apr_thread_t *thread, void *number)
{
    apr_uint32_t seed = (stress_number(number) + (apr_uint32_t)getpid() * 64) * 2654435761U | 1;

    (void)thread;
    while (!atomic_load(&shared->is_over)) {
        refuse(&seed);
        log_line();
    }
    return NULL;
}

static void work_in_threads(void)
{
    apr_pool_t *p;

    apr_pool_create(&p, NULL);
    stress_run_threads(work, THREADS, p);
    if (written == 0 || lines != written + skipped + ms_log_limit_skipped(KIND)) {
        stress_wrong("lines that were not written and not counted");
    }
}

int main(int argc, char **argv)
{
    const int seconds = stress_begin(argc, argv);
    pid_t pids[PROCESSES];
    int ok = 1;

    shared = stress_share(sizeof(*shared));
    table = stress_share(ms_refusals_size());
    for (int i = 0; i < PROCESSES; i++) {
        pids[i] = stress_fork(work_in_threads);
    }
    sleep((unsigned)seconds);
    atomic_store(&shared->is_over, 1);
    for (int i = 0; i < PROCESSES; i++) {
        ok &= stress_wait(pids[i]);
    }
    sum_up((apr_int64_t)shared->refusals);
    printf("%llu refusals: %llu lines, and %llu in summaries\n",
           (unsigned long long)shared->refusals, (unsigned long long)shared->firsts,
           (unsigned long long)shared->summed);
    return stress_end(ok && shared->summed > 0 &&
                      shared->refusals == shared->firsts + shared->summed);
}

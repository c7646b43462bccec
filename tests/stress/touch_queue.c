/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queue of touches under many threads of many processes that are killed at any moment, and two
 * readers. Each touch can be checked by itself: its time, address and expiry follow from its id. A
 * torn one, one of another table, or one that was removed before it was added is wrong; and at the
 * end every slot is usable.
 *
 *   touch_queue [seconds]    exits with 1 at the first wrong one
 */
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include "stress.h"
#include "db/touch_queue.h"

#define PROCESSES 3
#define THREADS   4
#define TABLES    2
#define NOW       1000
#define BATCH     100

typedef struct world {
    _Atomic apr_uint64_t numbers, added, read, refused;
} world;

static world *shared;
static ms_touch_queue *queue;

static ms_queued_touch touch_of(apr_uint64_t number)
{
    ms_queued_touch touch = {.seen = (apr_int64_t)number, .due = -(apr_int64_t)number};

    touch.expires = (apr_int64_t)(number ^ 0x5555555555555555U);
    snprintf(touch.id, sizeof(touch.id), "%022llu", (unsigned long long)number);
    snprintf(touch.ip, sizeof(touch.ip), "192.0.%u.%u", (unsigned)(number % 256),
             (unsigned)(number / 256 % 256));
    return touch;
}

static void check(const ms_queued_touch *found, int table)
{
    const ms_queued_touch touch = touch_of((apr_uint64_t)found->seen);

    if (memcmp(&touch, found, offsetof(ms_queued_touch, slot)) != 0) {
        stress_wrong("a torn touch");
    }
    if ((int)(found->seen % TABLES) != table) {
        stress_wrong("another table's");
    }
    if ((apr_uint64_t)found->seen > atomic_load(&shared->numbers)) {
        stress_wrong("one that was never added");
    }
}

static void *APR_THREAD_FUNC add(apr_thread_t *thread, void *data)
{
    (void)thread;
    (void)data;
    for (;;) {
        const apr_uint64_t number = atomic_fetch_add(&shared->numbers, 1) + 1;
        const ms_queued_touch touch = touch_of(number);

        if (ms_touch_queue_add(queue, (int)(number % TABLES), &touch, NOW)) {
            atomic_fetch_add(&shared->added, 1);
        }
        else {
            atomic_fetch_add(&shared->refused, 1);
            sched_yield();
        }
    }
    return NULL;
}

static void read_table(int table, int *at)
{
    static ms_queued_touch batch[BATCH];
    const int n = ms_touch_queue_read(queue, table, at, batch, BATCH);

    for (int i = 0; i < n; i++) {
        check(&batch[i], table);
        ms_touch_queue_remove(queue, &batch[i]);
    }
    atomic_fetch_add(&shared->read, (apr_uint64_t)n);
}

/* Two of them read each table: a poller that goes on after its lease, and the next one. */
static void read_all(void)
{
    int at[TABLES] = {0};

    for (;;) {
        for (int table = 0; table < TABLES; table++) {
            read_table(table, &at[table]);
        }
    }
}

static void empty(void)
{
    for (int table = 0; table < TABLES; table++) {
        int at = 0;

        for (int i = 0; i <= MS_TOUCHES_MAX / BATCH; i++) {
            read_table(table, &at);
        }
    }
}

static int is_every_slot_usable(void)
{
    int taken = 0;

    empty();
    for (apr_uint64_t i = 0; i < 20 * MS_TOUCHES_MAX; i++) {
        const ms_queued_touch touch = touch_of(i);

        taken += ms_touch_queue_add(queue, 0, &touch, NOW);
    }
    return taken == MS_TOUCHES_MAX;
}

static int run(int seconds)
{
    const pid_t readers[] = {stress_fork(read_all), stress_fork(read_all)};
    const int kills = stress_kill_for(seconds, 20000, NULL, add, PROCESSES, THREADS);

    printf("%llu touches added, %llu refused, %llu read, %d processes killed\n",
           (unsigned long long)shared->added, (unsigned long long)shared->refused,
           (unsigned long long)shared->read, kills);
    return stress_finish(readers[0]) && stress_finish(readers[1]) && kills > 0;
}

int main(int argc, char **argv)
{
    const int seconds = stress_begin(argc, argv);
    int ok;

    shared = stress_share(sizeof(*shared));
    queue = stress_share(ms_touch_queue_size());
    for (int table = 0; table < TABLES; table++) {
        ms_touch_queue_serve(queue, table, NOW);
    }
    ok = run(seconds) && shared->read > 0;
    if (ok && !is_every_slot_usable()) {
        fprintf(stderr, "a slot is lost\n");
        ok = 0;
    }
    return stress_end(ok);
}

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
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <apr_general.h>
#include <apr_thread_proc.h>
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

static void wrong(const char *what)
{
    fprintf(stderr, "wrong: %s\n", what);
    _exit(1);
}

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
        wrong("a torn touch");
    }
    if ((int)(found->seen % TABLES) != table) {
        wrong("another table's");
    }
    if ((apr_uint64_t)found->seen > atomic_load(&shared->numbers)) {
        wrong("one that was never added");
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

static pid_t start_adders(void)
{
    const pid_t pid = fork();
    apr_pool_t *p;
    apr_thread_t *thread;

    if (pid != 0) {
        return pid;
    }
    apr_pool_create(&p, NULL);
    for (int i = 0; i < THREADS; i++) {
        apr_thread_create(&thread, NULL, add, NULL, p);
    }
    for (;;) {
        pause();
    }
}

/* Two of them read each table: a poller that goes on after its lease, and the next one. */
static pid_t start_reader(void)
{
    const pid_t pid = fork();
    int at[TABLES] = {0};

    while (pid == 0) {
        for (int table = 0; table < TABLES; table++) {
            read_table(table, &at[table]);
        }
    }
    return pid;
}

/* @return 0 if it had ended by itself */
static int finish(pid_t pid)
{
    int status;

    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
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

static void *share(apr_size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
    return memory;
}

static int run(int seconds)
{
    const time_t end = time(NULL) + seconds;
    pid_t adders[PROCESSES], readers[2] = {start_reader(), start_reader()};
    int kills = 0;

    for (int i = 0; i < PROCESSES; i++) {
        adders[i] = start_adders();
    }
    while (time(NULL) < end) {
        const int i = kills++ % PROCESSES;

        usleep(20000);
        if (!finish(adders[i]) || waitpid(readers[kills % 2], NULL, WNOHANG) != 0) {
            return 1;
        }
        adders[i] = start_adders();
    }
    for (int i = 0; i < PROCESSES; i++) {
        finish(adders[i]);
    }
    if (!finish(readers[0]) || !finish(readers[1])) {
        return 1;
    }
    printf("%llu touches added, %llu refused, %llu read, %d processes killed\n",
           (unsigned long long)shared->added, (unsigned long long)shared->refused,
           (unsigned long long)shared->read, kills);
    return 0;
}

int main(int argc, char **argv)
{
    apr_initialize();
    shared = share(sizeof(*shared));
    queue = share(ms_touch_queue_size());
    for (int table = 0; table < TABLES; table++) {
        ms_touch_queue_serve(queue, table, NOW);
    }
    if (run(argc > 1 ? atoi(argv[1]) : 5)) {
        return 1;
    }
    if (!is_every_slot_usable()) {
        fprintf(stderr, "wrong: a slot was lost\n");
        return 1;
    }
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections to a database that come and go in many threads, and the watchdog that cuts those that
 * keep a thread waiting; its seconds are milliseconds here. Each connection is a pair of sockets. A
 * wait that does not end is cut; a connection is cut only if that is reported to the thread, or
 * while another one waited for any connection; and no other socket ever, although numbers of
 * sockets are used again at once.
 *
 *   watchdog [seconds]    exits with 1 if a connection was cut, or not cut, wrongly
 */
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "stress.h"
#include "core/child_thread.h"
#include "db/watchdog.h"

#define THREADS 8
#define WITHIN  20000 /* milliseconds: a busy machine */
#define WAITS   8     /* of one connection */

static _Atomic int connections, cuts;
static _Atomic int begun_any, ended_any; /* waits for any connection */
static time_t until;

/* The linker puts this before child_thread.c's. */
int __real_ms_child_thread_pause(ms_child_thread *thread, apr_interval_time_t time);
int __wrap_ms_child_thread_pause(ms_child_thread *thread, apr_interval_time_t time);

int __wrap_ms_child_thread_pause(ms_child_thread *thread, apr_interval_time_t time)
{
    return __real_ms_child_thread_pause(thread, time / 1000);
}

typedef struct line {
    int ours, theirs;
} line;

static line connect_pair(void)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) {
        stress_wrong("no sockets");
    }
    return (line){ends[0], ends[1]};
}

static void close_pair(const line *l)
{
    close(l->ours);
    close(l->theirs);
}

static int is_cut(const line *l, int milliseconds)
{
    struct pollfd waiting = {.fd = l->theirs, .events = POLLIN};

    return poll(&waiting, 1, milliseconds) == 1;
}

/* A query. @return whether the connection can be used no longer */
static int query(ms_watchdog *c, const line *l, int hangs, int ended_before)
{
    int was_cut;

    ms_watchdog_begin(c, l->ours, 1);
    if (hangs && !is_cut(l, WITHIN)) {
        stress_wrong("not cut");
    }
    (void)ms_watchdog_was_cut(c);
    was_cut = ms_watchdog_end(c);
    if (is_cut(l, 0) && !was_cut && atomic_load(&begun_any) == ended_before) {
        stress_wrong("cut without notice");
    }
    if (was_cut && !is_cut(l, 0)) {
        stress_wrong("said to be cut");
    }
    return is_cut(l, 0);
}

/* A connection of a pool of its own, as mod_dbd's are. */
static void connect_and_query(apr_uint32_t *seed)
{
    const int ended_before = atomic_load(&ended_any);
    const line l = connect_pair();
    apr_pool_t *p;
    ms_watchdog *c;
    int is_over = 0;

    apr_pool_create(&p, NULL);
    c = ms_watchdog_add(p, l.ours);
    for (int i = 0; i < WAITS && !is_over; i++) {
        is_over = query(c, &l, stress_roll(seed) % 64 == 0, ended_before);
        sched_yield();
    }
    apr_pool_destroy(p);
    close_pair(&l);
    atomic_fetch_add(&cuts, is_over);
    atomic_fetch_add(&connections, 1);
}

/* An idle connection is cut if a thread waits for any. */
static void wait_in_vain_for_any(void)
{
    const line l = connect_pair();
    ms_watchdog waiting;
    apr_pool_t *p;

    apr_pool_create(&p, NULL);
    (void)ms_watchdog_add(p, l.ours);
    atomic_fetch_add(&begun_any, 1);
    ms_watchdog_begin_any(&waiting);
    if (!is_cut(&l, WITHIN)) {
        stress_wrong("an idle one is not cut");
    }
    ms_watchdog_end_any(&waiting);
    atomic_fetch_add(&ended_any, 1);
    apr_pool_destroy(p);
    close_pair(&l);
}

/* After a pause, in which the watchdog goes on counting. */
static void wait_for_any(void)
{
    ms_watchdog waiting;

    apr_sleep(2000);
    atomic_fetch_add(&begun_any, 1);
    ms_watchdog_begin_any(&waiting);
    ms_watchdog_end_any(&waiting);
    atomic_fetch_add(&ended_any, 1);
}

/* Its number was a connection's a moment ago. */
static void open_another(void)
{
    const line l = connect_pair();

    sched_yield();
    if (is_cut(&l, 0)) {
        stress_wrong("a socket that is no connection was cut");
    }
    close_pair(&l);
}

static void *APR_THREAD_FUNC work(apr_thread_t *thread, void *number)
{
    apr_uint32_t seed = stress_number(number) * 2654435761U | 1;

    (void)thread;
    while (time(NULL) < until) {
        connect_and_query(&seed);
        open_another();
        if (stress_roll(&seed) % 16 == 0) {
            wait_for_any();
        }
        if (stress_roll(&seed) % 256 == 0) {
            wait_in_vain_for_any();
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    const int seconds = stress_begin(argc, argv);
    apr_pool_t *p, *pchild;

    apr_pool_create(&p, NULL);
    apr_pool_create(&pchild, NULL);
    if (ms_watchdog_child_init(pchild) != APR_SUCCESS) {
        return 2;
    }
    until = time(NULL) + seconds;
    stress_run_threads(work, THREADS, p);
    apr_pool_destroy(pchild); /* joins the thread */
    printf("%d connections, %d of them cut, %d waits for any\n", connections, cuts, ended_any);
    return stress_end(connections > 0 && cuts > 0 && ended_any > 0);
}

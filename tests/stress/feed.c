/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The feed of ended sessions with processes that poll and are killed at any moment, and a database
 * in a model whose transactions end sessions, commit late and in another order. Its clock, and the
 * steady one, go on with each session that ends. What a process has published must be so: each
 * ending that was committed before that poll began has been applied.
 *
 *   feed [seconds]    exits with 1 if one was missed
 */
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <apr_strings.h>
#include <httpd.h>
#include <http_config.h>
#include <http_log.h>
#include "stress.h"
#include "core/clock.h"
#include "db/cached_store.h"
#include "db/connection.h"
#include "db/feed.h"
#include "db/feed_board.h"
#include "db/result.h"
#include "db/store_private.h"
#include "http/counters.h"

#define PROCESSES 4
#define THREADS   2
#define WRITERS   4
#define EPOCH     APR_INT64_C(1700000000000)
#define BLOCK     1024
#define BLOCKS    2048
#define ENDINGS   (BLOCK * BLOCKS)
#define CHECKED   20000 /* of the last ones, each time */

typedef struct ending {
    _Atomic apr_int64_t at;        /* seconds of the database's clock */
    _Atomic apr_int64_t committed; /* milliseconds of the steady clock; 0: not yet */
    _Atomic int is_seen, is_applied;
} ending;

typedef struct world {
    _Atomic apr_int64_t steady, next;       /* next: number of a transaction */
    _Atomic apr_int64_t under_way[WRITERS]; /* the number of a transaction, or a smaller one */
    _Atomic int n, published, resets;
    _Atomic apr_int64_t latest[BLOCKS]; /* ending of a block */
    ending endings[ENDINGS];
} world;

static world *shared;
static ms_store store;

/* ---- the database -----------------------------------------------------------------------------
 */

static apr_int64_t now_s(void)
{
    return (atomic_load(&shared->steady) + EPOCH) / 1000;
}

static void raise_to(_Atomic apr_int64_t *value, apr_int64_t to)
{
    apr_int64_t old = atomic_load(value);

    while (old < to && !atomic_compare_exchange_weak(value, &old, to)) {
    }
}

/* One in a hundred takes as long as many others together. */
static void end_session(int number, apr_uint32_t dice)
{
    ending *e = &shared->endings[number];
    const apr_int64_t at = now_s();

    atomic_store(&e->at, at);
    raise_to(&shared->latest[number / BLOCK], at);
    for (apr_uint32_t i = dice % 100 ? dice % 3 : 300; i > 0; i--) {
        sched_yield();
    }
    atomic_store(&e->is_seen, 1);
    atomic_store(&e->committed, atomic_fetch_add(&shared->steady, dice % 20) + dice % 20);
}

static void *APR_THREAD_FUNC write_table(apr_thread_t *thread, void *number)
{
    _Atomic apr_int64_t *under_way = &shared->under_way[stress_number(number)];
    apr_uint32_t seed = (stress_number(number) + 1) * 2654435761U | 1;
    int n = 0;

    (void)thread;
    while (n < ENDINGS) {
        atomic_store(under_way, atomic_load(&shared->next));
        atomic_fetch_add(&shared->next, 1);
        n = atomic_fetch_add(&shared->n, 1);
        if (n < ENDINGS) {
            end_session(n, stress_roll(&seed));
        }
        atomic_store(under_way, 0);
    }
    return NULL;
}

static void be_the_database(void)
{
    apr_pool_t *p;

    apr_pool_create(&p, NULL);
    stress_run_threads(write_table, WRITERS, p);
}

static int number_of_endings(void)
{
    const int n = atomic_load(&shared->n);

    return n < ENDINGS ? n : ENDINGS;
}

static void read_clock(ms_feed_clock *clock)
{
    *clock = (ms_feed_clock){.now = now_s(), .server = 1};
    clock->next = clock->oldest = atomic_load(&shared->next);
    for (int i = 0; i < WRITERS; i++) {
        const apr_int64_t number = atomic_load(&shared->under_way[i]);

        if (number && number < clock->oldest) {
            clock->oldest = number;
        }
    }
}

static void read_rows(apr_int64_t from, apr_array_header_t *rows)
{
    for (int i = 0, n = number_of_endings(); i < n; i++) {
        const ending *e = &shared->endings[i];

        if (i % BLOCK == 0 && atomic_load(&shared->latest[i / BLOCK]) < from) {
            i += BLOCK - 1;
        }
        else if (atomic_load(&e->is_seen) && atomic_load(&e->at) >= from) {
            APR_ARRAY_PUSH(rows, ms_ended) =
                (ms_ended){apr_psprintf(rows->pool, "%d", i), atomic_load(&e->at)};
        }
    }
}

/* ---- what feed.c uses -------------------------------------------------------------------------
 */

module AP_MODULE_DECLARE_DATA managed_session_module;

apr_int64_t ms_clock_steady_ms(void)
{
    return atomic_load(&shared->steady);
}

apr_status_t ms_connection_borrow(const ms_db_ctx *ctx, ms_connection *c)
{
    *c = (ms_connection){.ctx = ctx, .schema = MS_SCHEMA};
    return APR_SUCCESS;
}

void ms_connection_return(ms_connection *c)
{
    (void)c;
}

const ms_dialect *ms_connection_dialect(const ms_connection *c)
{
    static const ms_dialect dialect;

    (void)c;
    return &dialect;
}

void ms_connection_run_all(ms_connection *c, const char *const *statements)
{
    (void)c, (void)statements;
}

apr_int64_t *ms_connection_polled(ms_connection *c)
{
    static apr_int64_t polled; /* one thread of a process polls */

    (void)c;
    return &polled;
}

int ms_result_feed_clock(ms_connection *c, ms_sql which, const void **args, void *result)
{
    (void)c, (void)which, (void)args;
    read_clock(result);
    return 0;
}

int ms_result_ended(ms_connection *c, ms_sql which, const void **args, void *result)
{
    (void)c, (void)which;
    read_rows(*(const apr_int64_t *)args[0], result);
    return 0;
}

int ms_result_of(ms_connection *c, ms_sql which, const void **args, ms_result_fn *execute,
                 void *result)
{
    return execute(c, which, args, result);
}

void ms_cached_store_forget(const char *id)
{
    atomic_store(&shared->endings[atoi(id)].is_applied, 1);
}

void ms_cached_store_forget_all(void)
{
    for (int i = 0, n = number_of_endings(); i < n; i++) {
        if (atomic_load(&shared->endings[i].is_seen)) {
            atomic_store(&shared->endings[i].is_applied, 1);
        }
    }
}

void ms_count(ms_counter which, apr_int64_t n)
{
    atomic_fetch_add(&shared->published, which == MS_COUNT_FEED_POLLS ? (int)n : 0);
    atomic_fetch_add(&shared->resets, which == MS_COUNT_FEED_RESETS ? (int)n : 0);
}

void ap_log_error_(const char *file, int line, int module_index, int level, apr_status_t status,
                   const server_rec *s, const char *fmt, ...)
{
    (void)file, (void)line, (void)module_index, (void)level, (void)status, (void)s, (void)fmt;
}

/* ---- processes --------------------------------------------------------------------------------
 */

static void check_from(int first)
{
    const apr_int64_t began = ms_feed_place_began(store.feed);

    for (int i = first, n = number_of_endings(); i < n; i++) {
        const ending *e = &shared->endings[i];
        const apr_int64_t committed = atomic_load(&e->committed);

        if (committed && committed < began && !atomic_load(&e->is_applied)) {
            stress_wrong("an ending that was missed");
        }
    }
}

static void poll_on(void)
{
    ms_feed *feed;
    apr_pool_t *p;

    apr_pool_create(&p, NULL);
    feed = ms_feed_create(p, &store);
    for (;;) {
        if (ms_feed_take(feed)) {
            (void)ms_feed_poll(feed);
        }
        apr_sleep(500);
    }
}

static void *APR_THREAD_FUNC work(apr_thread_t *thread, void *number)
{
    (void)thread;
    if (stress_number(number) % THREADS == 0) {
        poll_on();
    }
    for (;;) {
        const int n = number_of_endings();

        check_from(n > CHECKED ? n - CHECKED : 0);
        apr_sleep(500);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    static const unsigned char tag[MS_FEED_TAG_LEN] = "the table";
    const int seconds = stress_begin(argc, argv);
    pid_t database;
    int kills, ok;

    shared = stress_share(sizeof(*shared));
    shared->steady = 1000000;
    shared->next = 1000;
    store.feed = ms_feed_board_place(stress_share(ms_feed_board_size()), tag);
    database = stress_fork(be_the_database);
    kills = stress_kill_for(seconds, 50000, NULL, work, PROCESSES, THREADS);
    ok = stress_finish(database) || shared->n >= ENDINGS;
    check_from(0);
    printf("%d sessions ended, %d polls, %d times all were forgotten, %d processes killed\n",
           number_of_endings(), shared->published, shared->resets, kills);
    return stress_end(ok && kills > 0 && shared->published > 0);
}

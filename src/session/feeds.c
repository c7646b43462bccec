/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The threads do not use mod_watchdog: it may not be loaded, and its waits are too coarse for a
 * child that takes over.
 */
#include "session/feeds.h"

#include <apr_atomic.h>
#include <http_log.h>
#include "config/config.h"
#include "config/runtime.h"
#include "core/child_thread.h"
#include "core/clock.h"
#include "db/cached_store.h"
#include "db/feed.h"
#include "db/touches.h"

APLOG_USE_MODULE(managed_session);

/* Milliseconds. */
#define TICK          250  /* how often a lease is renewed, or tried for */
#define PAUSE_LEAST   50   /* between polls, if they take longer than they should */
#define PAUSE_FAILURE 1000 /* after one that failed */

typedef struct feed_thread {
    ms_store *store;
    ms_feed *feed;
    ms_touches *touches;
    int is_read; /* the last poll succeeded, so that the table can be written too, or may be */
    apr_int64_t interval; /* milliseconds, from the begin of one poll to that of the next */
} feed_thread;

static volatile apr_uint32_t stopping; /* process-wide: this child ends */

/* ---- which tables -----------------------------------------------------------------------------
 */

/* Without a longer life than the TTL there is nothing that the feed could make last. */
static int is_polled(const server_rec *s)
{
    const ms_server_conf *conf = ms_server_conf_get(s);

    return conf->used && conf->cache_ttl > 0 && conf->cache_life > conf->cache_ttl;
}

void ms_feeds_post_config(server_rec *main_server)
{
    for (const server_rec *s = main_server; s; s = s->next) {
        if (is_polled(s)) {
            ms_cached_store_feed(ms_runtime_get(s)->store);
        }
    }
}

static int is_same_table(const server_rec *a, const server_rec *b)
{
    return ms_store_is_same_table(ms_runtime_get(a)->store, ms_runtime_get(b)->store);
}

static int is_polled_already(const server_rec *main_server, const server_rec *s)
{
    for (const server_rec *other = main_server; other && other != s; other = other->next) {
        if (is_polled(other) && is_same_table(other, s)) {
            return 1;
        }
    }
    return 0;
}

/* Half the shortest TTL of the servers that use the table, in milliseconds. */
static apr_int64_t interval_of(const server_rec *main_server, const server_rec *s)
{
    apr_int64_t ttl = ms_server_conf_get(s)->cache_ttl;

    for (const server_rec *other = main_server; other; other = other->next) {
        if (is_polled(other) && is_same_table(other, s) &&
            ms_server_conf_get(other)->cache_ttl < ttl) {
            ttl = ms_server_conf_get(other)->cache_ttl;
        }
    }
    return ttl * 1000 / 2;
}

/* ---- the thread -------------------------------------------------------------------------------
 */

/* Returns whether the thread goes on. */
static int pause_for(ms_child_thread *thread, apr_int64_t ms)
{
    const apr_interval_time_t time = apr_time_from_msec(ms < PAUSE_LEAST ? PAUSE_LEAST : ms);

    return ms_child_thread_pause(thread, time) && !apr_atomic_read32(&stopping);
}

/* Returns when the next one is due. */
static apr_int64_t poll_table(feed_thread *t)
{
    const apr_int64_t began = ms_clock_steady_ms();

    t->is_read = ms_feed_poll(t->feed) == APR_SUCCESS;
    if (t->is_read) {
        return began + t->interval;
    }
    return ms_clock_steady_ms() + (t->interval > PAUSE_FAILURE ? t->interval : PAUSE_FAILURE);
}

static void work(ms_child_thread *thread, void *data)
{
    feed_thread *t = data;
    apr_int64_t due = 0, left;
    apr_pool_t *p;

    apr_pool_create(&p, NULL); /* the child's pool is not for threads */
    t->feed = ms_feed_create(p, t->store);
    t->touches = ms_touches_create(p, t->store, t->feed);
    do {
        const int is_ours = ms_feed_take(t->feed);

        if (is_ours && ms_clock_steady_ms() >= due) {
            due = poll_table(t);
        }
        if (is_ours && t->is_read) {
            ms_touches_write(t->touches, due);
        }
        left = is_ours ? due - ms_clock_steady_ms() : TICK;
    } while (pause_for(thread, left < TICK ? left : TICK));
    if (t->is_read) {
        ms_touches_leave(t->touches);
    }
    ms_feed_leave(t->feed);
    apr_pool_destroy(p);
}

/* ---- start -------------------------------------------------------------------------------------
 */

void ms_feeds_child_init(apr_pool_t *pchild, server_rec *main_server)
{
    apr_atomic_set32(&stopping, 0);
    for (server_rec *s = main_server; s; s = s->next) {
        feed_thread *t = apr_pcalloc(pchild, sizeof(*t));

        t->store = ms_runtime_get(s)->store;
        if (!is_polled(s) || is_polled_already(main_server, s) || !ms_feed_is_possible(t->store)) {
            continue;
        }
        t->interval = interval_of(main_server, s);
        if (ms_child_thread_start(pchild, pchild, work, t) != APR_SUCCESS) {
            ap_log_error(APLOG_MARK, APLOG_ERR, 0, s,
                         "MS0199: no thread can be made that reads which sessions have ended; if "
                         "this is so in all children, each session is looked up once in "
                         "ManagedSessionCacheTTL");
        }
    }
}

void ms_feeds_stop(void)
{
    apr_atomic_set32(&stopping, 1);
}

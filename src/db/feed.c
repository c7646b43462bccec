/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of a poll: the steady clock, the database's clock, the rows, the cache, and last the
 * publication of the first. Killed at any point, it has published nothing that is not so.
 */
#include "db/feed.h"

#include <apr_hash.h>
#include <apr_strings.h>
#include <http_log.h>
#include "core/clock.h"
#include "db/cached_store.h"
#include "db/connection.h"
#include "db/feed_board.h"
#include "db/result.h"
#include "db/store_private.h"
#include "http/counters.h"

APLOG_USE_MODULE(managed_session);

#define LEASE      1000  /* milliseconds; the thread renews it more often */
#define LEASE_POLL 15000 /* a connection, and then a statement, may each take six seconds */
#define RECENT     1800  /* seconds in which no cleanup deletes the row of an ended session */
#define WITNESSES  16    /* rows that are read again for as long as that, at most */

struct ms_feed {
    ms_store *store;
    ms_feed_place *place;
    ms_feed_window window;
    int is_held;
    apr_pool_t *p;
    apr_pool_t *rows_p;
    apr_hash_t *rows; /* of the last complete poll: const char *id to const ms_ended * */
    apr_int64_t from; /* their first second */
};

/* One poll. */
typedef struct reading {
    ms_feed *feed;
    apr_pool_t *p;
    ms_connection c;
    apr_int64_t began, answered; /* steady clock, milliseconds */
    ms_feed_clock clock;
    ms_feed_failure failure;
    const char *why; /* it failed */
} reading;

int ms_feed_is_possible(const ms_store *store)
{
    return store->feed != NULL;
}

ms_feed *ms_feed_create(apr_pool_t *p, ms_store *store)
{
    ms_feed *feed = apr_pcalloc(p, sizeof(*feed));

    feed->store = store;
    feed->place = store->feed;
    feed->p = p;
    return feed;
}

/* ---- the lease --------------------------------------------------------------------------------
 */

static int take(ms_feed *feed, apr_int64_t lease)
{
    return ms_feed_place_take(feed->place, feed->is_held, ms_clock_steady_ms(), lease);
}

static void forget_rows(ms_feed *feed)
{
    if (feed->rows_p) {
        apr_pool_destroy(feed->rows_p);
    }
    feed->rows_p = NULL;
    feed->rows = NULL;
}

int ms_feed_take(ms_feed *feed)
{
    const int was_held = feed->is_held;

    feed->is_held = take(feed, LEASE);
    if (feed->is_held && !was_held) {
        feed->window = (ms_feed_window){0};
        forget_rows(feed);
        ms_feed_place_load(feed->place, &feed->window.cursor);
    }
    return feed->is_held;
}

int ms_feed_hold(ms_feed *feed)
{
    feed->is_held = feed->is_held && take(feed, LEASE_POLL);
    return feed->is_held;
}

void ms_feed_leave(ms_feed *feed)
{
    if (feed->is_held) {
        feed->is_held = 0;
        ms_feed_place_leave(feed->place);
    }
}

/* ---- log --------------------------------------------------------------------------------------
 */

static void log_back(const reading *now)
{
    ap_log_error(APLOG_MARK, APLOG_WARNING, 0, now->feed->store->server,
                 "MS0195: the session database is another server than a moment ago, was restarted "
                 "or restored, or its clock was set back: all sessions are looked up again; if it "
                 "is an older copy, sessions that had ended since are live again: see \"Backup and "
                 "restore\" (docs/guides/backup.md) for how to end them");
}

/* Logged once; and again if the first reason was temporary and the reason now is not. */
static void log_state(const reading *now)
{
    const ms_feed *feed = now->feed;
    const ms_feed_failure before = ms_feed_place_fails(feed->place, now->failure);

    if (now->failure > before) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, feed->store->server,
                     "MS0196: the feed of ended sessions cannot be read from table \"%s\" (%s); "
                     "until it can, each session is looked up once in ManagedSessionCacheTTL",
                     feed->store->table, now->why);
    }
    else if (before && !now->failure) {
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, feed->store->server,
                     "MS0197: the feed of ended sessions can be read again from table \"%s\"",
                     feed->store->table);
    }
}

/* ---- a poll ------------------------------------------------------------------------------------
 */

static void forget_all(reading *now)
{
    forget_rows(now->feed);
    ms_cached_store_forget_all();
    ms_count(MS_COUNT_FEED_RESETS, 1);
}

static void fail(reading *now, ms_feed_failure failure, const char *why)
{
    now->failure = failure;
    now->why = why;
}

static apr_status_t status_of(reading *now, int rv)
{
    const char *why = rv ? apr_dbd_error(now->c.dbd->driver, now->c.dbd->handle, rv) : NULL;

    if (rv) {
        fail(now, MS_FEED_AWAY, why ? apr_pstrdup(now->p, why) : "no reason given");
    }
    return rv ? APR_EGENERAL : APR_SUCCESS;
}

static apr_status_t read_clock(reading *now)
{
    const void *none[] = {NULL};
    const int rv =
        ms_result_of(&now->c, MS_SQL_FEED_CLOCK, none, ms_result_feed_clock, &now->clock);

    now->answered = ms_clock_steady_ms();
    return status_of(now, rv);
}

/* The window, and the rows that ended last, even if that was long ago: an older copy of the table
 * has no such rows. */
static apr_int64_t choose_from(const ms_feed *feed, const ms_feed_clock *clock)
{
    apr_hash_index_t *at = feed->rows ? apr_hash_first(NULL, feed->rows) : NULL;
    const apr_int64_t from = feed->window.cursor.from;
    apr_int64_t last = 0;
    int witnesses = 0;

    for (; at; at = apr_hash_next(at)) {
        const ms_ended *row = apr_hash_this_val(at);

        witnesses = row->at > last ? 1 : witnesses + (row->at == last);
        last = row->at > last ? row->at : last;
    }
    return last < from && last > clock->now - RECENT && witnesses <= WITNESSES ? last : from;
}

/* A row that was there a moment ago is gone: the table was restored, say. */
static int is_one_missing(const ms_feed *feed, apr_hash_t *rows, const ms_feed_clock *clock)
{
    apr_hash_index_t *at = feed->rows ? apr_hash_first(NULL, feed->rows) : NULL;

    for (; at; at = apr_hash_next(at)) {
        const ms_ended *row = apr_hash_this_val(at);

        if (row->at >= feed->from && row->at > clock->now - RECENT &&
            !apr_hash_get(rows, row->id, APR_HASH_KEY_STRING)) {
            return 1;
        }
    }
    return 0;
}

static int is_known(const ms_feed *feed, const ms_ended *row)
{
    const ms_ended *known =
        feed->rows ? apr_hash_get(feed->rows, row->id, APR_HASH_KEY_STRING) : NULL;

    return known && known->at == row->at;
}

static void apply(reading *now, const apr_array_header_t *ended, apr_pool_t *rows_p)
{
    ms_feed *feed = now->feed;
    apr_hash_t *rows = apr_hash_make(rows_p);
    apr_int64_t news = 0;

    for (int i = 0; i < ended->nelts; i++) {
        const ms_ended *row = &APR_ARRAY_IDX(ended, i, ms_ended);

        if (!is_known(feed, row)) {
            ms_cached_store_forget(row->id);
            news++;
        }
        apr_hash_set(rows, row->id, APR_HASH_KEY_STRING, row);
    }
    if (is_one_missing(feed, rows, &now->clock)) {
        log_back(now);
        forget_all(now);
    }
    ms_count(MS_COUNT_FEED_ENDINGS, news);
    forget_rows(feed);
    feed->rows_p = rows_p;
    feed->rows = rows;
}

/* The rows live in a pool of their own, until the next poll. */
static apr_status_t read_rows(reading *now)
{
    ms_feed *feed = now->feed;
    const void *args[] = {&feed->from};
    apr_array_header_t *ended;
    ms_db_ctx ctx = *now->c.ctx;
    const ms_db_ctx *outer = now->c.ctx;
    int rv;

    feed->from = choose_from(feed, &now->clock);
    apr_pool_create(&ctx.p, feed->p);
    ended = apr_array_make(ctx.p, 64, sizeof(ms_ended));
    now->c.ctx = &ctx;
    rv = ms_result_of(&now->c, MS_SQL_FEED_ENDED, args, ms_result_ended, ended);
    now->c.ctx = outer;
    if (rv == 0 && ended->nelts <= MS_FEED_MAX) {
        apply(now, ended, ctx.p);
        ms_feed_window_complete(&feed->window, &now->clock, now->began, now->answered);
        return APR_SUCCESS;
    }
    apr_pool_destroy(ctx.p);
    if (rv == 0) {
        ms_feed_window_skip(&feed->window, &now->clock, now->answered);
        forget_all(now);
    }
    return status_of(now, rv);
}

/* Whether no other connection has written since the last complete poll on this one (SQLite). What
 * this connection wrote was invalidated by the request that did. */
static int is_unchanged(reading *now)
{
    return now->clock.version && now->clock.version == *ms_connection_polled(&now->c);
}

static apr_status_t read_news(reading *now)
{
    ms_feed *feed = now->feed;
    const ms_feed_turn turn =
        ms_feed_window_begin(&feed->window, &now->clock, now->began, now->answered);
    apr_status_t rv = APR_SUCCESS;

    if (turn == MS_FEED_BACK) {
        log_back(now);
    }
    if (turn != MS_FEED_ON) {
        forget_all(now);
    }
    if (turn == MS_FEED_ON && is_unchanged(now)) {
        ms_feed_window_complete(&feed->window, &now->clock, now->began, now->answered);
        return APR_SUCCESS;
    }
    *ms_connection_polled(&now->c) = 0;
    rv = read_rows(now);
    if (rv == APR_SUCCESS) {
        *ms_connection_polled(&now->c) = now->clock.version;
    }
    return rv;
}

/* The rows of an older table are deleted when a session ends. A standby lags. */
static apr_status_t poll_connection(reading *now)
{
    const ms_dialect *dialect = ms_connection_dialect(&now->c);
    apr_status_t rv;

    if (now->c.schema < MS_SCHEMA_ENDED) {
        fail(now, MS_FEED_UNSUITABLE, "the table has an older schema");
        return APR_ENOTIMPL;
    }
    ms_connection_run_all(&now->c, dialect->poll_begin);
    rv = read_clock(now);
    if (rv == APR_SUCCESS && now->clock.is_standby) {
        fail(now, MS_FEED_UNSUITABLE, "the server is a standby, or read-only");
        rv = APR_ENOTIMPL;
    }
    if (rv == APR_SUCCESS) {
        rv = read_news(now);
    }
    ms_connection_run_all(&now->c, dialect->poll_end);
    now->c.answered = rv == APR_SUCCESS;
    return rv;
}

/* While the window settles another process must not go on from it. */
static void publish(const reading *now)
{
    static const ms_feed_cursor none;
    const ms_feed_window *window = &now->feed->window;

    ms_feed_place_save(now->feed->place, window->is_settling ? &none : &window->cursor);
    if (!window->is_settling) {
        ms_feed_place_publish(now->feed->place, now->began);
    }
    ms_count(MS_COUNT_FEED_POLLS, 1);
}

apr_status_t ms_feed_poll(ms_feed *feed)
{
    reading now = {.feed = feed, .began = ms_clock_steady_ms()};
    ms_db_ctx ctx = {feed->store, NULL, NULL, .is_urgent = 1, .is_quiet = 1};
    apr_status_t rv;

    if (!ms_feed_hold(feed)) {
        return APR_SUCCESS;
    }
    apr_pool_create(&ctx.p, feed->p);
    now.p = ctx.p;
    fail(&now, MS_FEED_AWAY, "no connection");
    rv = ms_connection_borrow(&ctx, &now.c);
    if (rv == APR_SUCCESS) {
        now.failure = MS_FEED_NO_FAILURE;
        rv = poll_connection(&now);
        ms_connection_return(&now.c);
    }
    if (rv == APR_SUCCESS) {
        publish(&now);
    }
    log_state(&now);
    apr_pool_destroy(ctx.p);
    return rv;
}

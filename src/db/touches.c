/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A touch stays in the queue until the table has it, so nothing is lost if this process is killed:
 * a touch that is written twice changes nothing the second time. The statement compares each with
 * its own time, not with the time of writing.
 */
#include "db/touches.h"

#include <stdlib.h>
#include <string.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include <http_log.h>
#include "core/clock.h"
#include "db/cached_store.h"
#include "db/feed_board.h"
#include "db/result.h"
#include "db/store_private.h"
#include "http/counters.h"

APLOG_USE_MODULE(managed_session);

#define BATCH         100
#define AT_LEAST_ONCE 1000  /* milliseconds between writes of less than a batch */
#define ONE_BY_ONE    60000 /* the same: after a statement for many has failed, and not for one */
#define PAUSE         10000 /* the same: after one for one has failed */

struct ms_touches {
    ms_store *store;
    ms_feed *feed;
    ms_touch_queue *queue;
    int table; /* its number there */
    apr_pool_t *p;
    int at;                 /* where to read on in the queue */
    apr_int64_t written_at; /* all of this: milliseconds, steady clock */
    apr_int64_t one_by_one_until;
    apr_int64_t paused_until;
    int is_logged; /* MS0265 */
    ms_queued_touch batch[BATCH];
    int n;
};

ms_touches *ms_touches_create(apr_pool_t *p, ms_store *store, ms_feed *feed)
{
    ms_touches *touches = apr_pcalloc(p, sizeof(*touches));

    touches->store = store;
    touches->feed = feed;
    touches->queue = ms_feed_place_touches(store->feed);
    touches->table = ms_feed_place_number(store->feed);
    touches->p = p;
    return touches;
}

/* ---- many at once -----------------------------------------------------------------------------
 */

/* Hosts that lock the same rows do so in the same order. The latest of a session comes first. */
static int by_id(const void *av, const void *bv)
{
    const ms_queued_touch *a = av, *b = bv;
    const int order = strcmp(a->id, b->id);

    return order ? order : (a->seen < b->seen) - (a->seen > b->seen);
}

static int is_of_one(const ms_queued_touch *a, const ms_queued_touch *b)
{
    return strcmp(a->id, b->id) == 0;
}

/* One for each session: if touches could not be written for a while, there may be more. */
static apr_array_header_t *latest_of(const ms_touches *touches, apr_pool_t *p)
{
    apr_array_header_t *latest = apr_array_make(p, BATCH, sizeof(const ms_queued_touch *));

    for (int i = 0; i < touches->n; i++) {
        const ms_queued_touch *touch = &touches->batch[i];

        if (i == 0 || !is_of_one(touch, touch - 1)) {
            APR_ARRAY_PUSH(latest, const ms_queued_touch *) = touch;
        }
    }
    return latest;
}

/* Nothing in it needs to be escaped: see touch_queue.c. */
static const char *as_json(const apr_array_header_t *touches, apr_pool_t *p)
{
    apr_array_header_t *items = apr_array_make(p, BATCH, sizeof(const char *));

    for (int i = 0; i < touches->nelts; i++) {
        const ms_queued_touch *touch = APR_ARRAY_IDX(touches, i, const ms_queued_touch *);

        APR_ARRAY_PUSH(items, const char *) =
            apr_psprintf(p,
                         "{\"id\":\"%s\",\"ip\":\"%s\",\"seen\":%" APR_INT64_T_FMT
                         ",\"due\":%" APR_INT64_T_FMT ",\"expires\":%" APR_INT64_T_FMT "}",
                         touch->id, touch->ip, touch->seen, touch->due, touch->expires);
    }
    return apr_pstrcat(p, "[", apr_array_pstrcat(p, items, ','), "]", NULL);
}

/* They have ended, or were used through another host: look them up again. */
static void forget_others(const apr_array_header_t *touches, const apr_array_header_t *written,
                          apr_pool_t *p)
{
    apr_hash_t *ids = apr_hash_make(p);

    for (int i = 0; i < written->nelts; i++) {
        const char *id = APR_ARRAY_IDX(written, i, ms_ended).id;

        apr_hash_set(ids, id, APR_HASH_KEY_STRING, id);
    }
    for (int i = 0; i < touches->nelts; i++) {
        const char *id = APR_ARRAY_IDX(touches, i, const ms_queued_touch *)->id;

        if (!apr_hash_get(ids, id, APR_HASH_KEY_STRING)) {
            ms_cached_store_forget(id);
        }
    }
}

static apr_status_t write_many(const apr_array_header_t *touches, const ms_db_ctx *ctx)
{
    const void *args[] = {as_json(touches, ctx->p)};
    apr_array_header_t *written;
    apr_int64_t changed;
    const apr_status_t rv = ms_store_run(ctx, MS_SQL_TOUCH_MANY, args, ms_result_change, &changed);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    ms_count(MS_COUNT_TOUCHES, changed);
    if (changed < touches->nelts) {
        written = apr_array_make(ctx->p, BATCH, sizeof(ms_ended));
        /* If it fails, all of them are forgotten. */
        (void)ms_store_run(ctx, MS_SQL_TOUCHED, args, ms_result_ended, written);
        forget_others(touches, written, ctx->p);
    }
    return APR_SUCCESS;
}

/* ---- one by one -------------------------------------------------------------------------------
 */

static apr_status_t write_one(const ms_queued_touch *touch, const ms_db_ctx *ctx)
{
    const void *args[] = {&touch->seen, touch->ip,   &touch->expires, touch->id,
                          &touch->seen, &touch->due, &touch->expires};
    apr_int64_t changed;
    const apr_status_t rv = ms_store_run(ctx, MS_SQL_TOUCH_BY_ID, args, ms_result_change, &changed);

    if (rv == APR_SUCCESS) {
        ms_count(MS_COUNT_TOUCHES, changed);
    }
    if (rv != APR_SUCCESS || changed == 0) {
        ms_cached_store_forget(touch->id);
    }
    return rv;
}

/* One that fails is given up, as it is by a request. */
static apr_status_t write_each(ms_touches *touches, const ms_db_ctx *ctx)
{
    apr_status_t rv = APR_SUCCESS;

    for (int i = 0; i < touches->n && rv == APR_SUCCESS; i++) {
        ms_db_ctx one = *ctx;

        apr_pool_create(&one.p, ctx->p);
        one.is_quiet = 0;
        rv = write_one(&touches->batch[i], &one);
        apr_pool_destroy(one.p);
        ms_touch_queue_remove(touches->queue, &touches->batch[i]);
    }
    return rv;
}

/* ---- what is queued ---------------------------------------------------------------------------
 */

static void log_one_by_one(ms_touches *touches)
{
    if (!touches->is_logged) {
        touches->is_logged = 1;
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, touches->store->server,
                     "MS0265: the session database rejects the statement that writes the use of "
                     "many sessions of table \"%s\" at once: it is written for each by itself, "
                     "with more load on the database",
                     touches->store->table);
    }
}

/* If the statement for many has failed and those for one have not, it is the statement. */
static apr_status_t write_singly(ms_touches *touches, const ms_db_ctx *ctx, int has_failed)
{
    const apr_status_t rv = write_each(touches, ctx);

    if (rv == APR_SUCCESS && has_failed) {
        touches->one_by_one_until = ms_clock_steady_ms() + ONE_BY_ONE;
        log_one_by_one(touches);
    }
    if (rv != APR_SUCCESS) {
        touches->paused_until = ms_clock_steady_ms() + PAUSE;
        ms_touch_queue_serve(touches->queue, touches->table, 0);
    }
    return rv;
}

static apr_status_t write_batch(ms_touches *touches)
{
    const int is_singly = ms_clock_steady_ms() < touches->one_by_one_until;
    ms_db_ctx ctx = {touches->store, NULL, NULL, .is_urgent = 1, .is_quiet = 1};
    apr_status_t rv;

    apr_pool_create(&ctx.p, touches->p);
    qsort(touches->batch, (size_t)touches->n, sizeof(touches->batch[0]), by_id);
    rv = is_singly ? APR_ENOTIMPL : write_many(latest_of(touches, ctx.p), &ctx);
    if (rv != APR_SUCCESS) {
        rv = write_singly(touches, &ctx, !is_singly);
    }
    else {
        for (int i = 0; i < touches->n; i++) {
            ms_touch_queue_remove(touches->queue, &touches->batch[i]);
        }
    }
    apr_pool_destroy(ctx.p);
    return rv;
}

static int read_batch(ms_touches *touches)
{
    touches->n =
        ms_touch_queue_read(touches->queue, touches->table, &touches->at, touches->batch, BATCH);
    return touches->n;
}

/* Returns whether there may be more. */
static int write_next(ms_touches *touches, int is_all)
{
    const int n = read_batch(touches);

    if (n == 0 || (n < BATCH && !is_all)) {
        return 0;
    }
    return ms_feed_hold(touches->feed) && write_batch(touches) == APR_SUCCESS && n == BATCH;
}

void ms_touches_write(ms_touches *touches, apr_int64_t until)
{
    const apr_int64_t now = ms_clock_steady_ms();
    const int is_all = now - touches->written_at >= AT_LEAST_ONCE;

    if (now < touches->paused_until) {
        return;
    }
    ms_touch_queue_serve(touches->queue, touches->table, now);
    while (write_next(touches, is_all) && ms_clock_steady_ms() < until) {
    }
    if (is_all) {
        touches->written_at = now;
    }
}

void ms_touches_leave(ms_touches *touches)
{
    if (!ms_feed_hold(touches->feed)) {
        return;
    }
    ms_touch_queue_serve(touches->queue, touches->table, 0);
    if (ms_clock_steady_ms() < touches->paused_until) {
        return;
    }
    for (int i = 0; i <= MS_TOUCHES_MAX / BATCH && write_next(touches, 1); i++) {
    }
}

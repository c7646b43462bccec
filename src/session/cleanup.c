/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mod_watchdog calls back on a thread that is not joined when the child ends, while mod_dbd's pool
 * is destroyed: so the end of the child waits here for the batch under way. A clock that jumps
 * forward makes every session look expired: then nothing is deleted for an hour.
 */
#include "session/cleanup.h"

#include <apr_atomic.h>
#include <apr_strings.h>
#include <http_log.h>
#include <mod_watchdog.h>
#include "core/clock.h"
#include "config/config.h"
#include "config/runtime.h"
#include "db/watchdog.h"
#include "http/counters.h"
#include "session/events.h"

APLOG_USE_MODULE(managed_session);

#define WATCHDOG   "_managed_session_"
#define PAUSE      apr_time_from_msec(50)    /* between batches, for writers that wait */
#define STOP_WAIT  (MS_ANSWER_WITHIN * 1000) /* milliseconds for the batch under way */
#define CUT_WAIT   3000                      /* the same, when its connection has been cut */
#define STEADY_FOR 3600
/* Seconds that an ended row is kept at least: what reads of the ended sessions now and then must
 * not miss one. */
#define HISTORY_MIN 3600
#define JUMP        60 /* seconds that the clock may be corrected by without notice */
/* Twenty hosts must not start together: a tenth earlier to a tenth later. */
#define JITTER_PART 10

/* One table to clean up, and the clocks at the last run. */
typedef struct cleanup_job {
    server_rec *server;
    ap_watchdog_t *watchdog;
    apr_int64_t history;      /* seconds: the longest of the servers that have this table */
    apr_int64_t wall, steady; /* seconds by the wall clock, and since boot */
    apr_int64_t jumped_at;    /* since boot; 0: never */
} cleanup_job;

/* Process-wide: the shutdown flag and the busy flag of this child's worker. */
static volatile apr_uint32_t stopping, at_work;
static APR_OPTIONAL_FN_TYPE(ap_watchdog_set_callback_interval) * set_interval;

static apr_status_t on_tick(int state, void *data, apr_pool_t *p);

static int is_clock_trusted(cleanup_job *job)
{
    const apr_int64_t wall = ms_clock_now(), steady = ms_clock_steady_ms() / 1000;

    if (job->steady && (wall - job->wall) - (steady - job->steady) > JUMP) {
        job->jumped_at = steady;
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, job->server,
                     "MS0070: the clock has jumped forward by %" APR_INT64_T_FMT
                     " seconds; expired "
                     "sessions are kept for an hour, in case it jumps back",
                     (wall - job->wall) - (steady - job->steady));
    }
    job->wall = wall;
    job->steady = steady;
    return !job->jumped_at || steady - job->jumped_at >= STEADY_FOR;
}

static apr_interval_time_t with_jitter(apr_int64_t seconds)
{
    const apr_interval_time_t whole = apr_time_from_sec(seconds), part = whole / JITTER_PART;
    apr_uint32_t random = 0;

    (void)apr_generate_random_bytes((unsigned char *)&random, sizeof(random));
    return whole - part + (apr_interval_time_t)((double)random / UINT32_MAX * 2.0 * (double)part);
}

typedef apr_status_t cleanup_fn(const ms_db_ctx *ctx, apr_int64_t before, apr_int64_t most,
                                apr_int64_t *deleted);

/* Batch by batch, so that no write lock is held for long. age: seconds. */
static apr_int64_t delete_rows(const cleanup_job *job, cleanup_fn *cleanup, apr_int64_t age,
                               apr_pool_t *p)
{
    const ms_server_conf *conf = ms_server_conf_get(job->server);
    ms_store *store = ms_runtime_get(job->server)->store;
    apr_int64_t total = 0, deleted = conf->cleanup_batch;

    while (deleted >= conf->cleanup_batch && !apr_atomic_read32(&stopping)) {
        apr_pool_t *scratch;
        apr_status_t rv;

        apr_pool_create(&scratch, p);
        rv = cleanup(&(ms_db_ctx){store, scratch, NULL, 0, 0}, ms_clock_now() - age,
                     conf->cleanup_batch, &deleted);
        apr_pool_destroy(scratch);
        if (rv != APR_SUCCESS) {
            break; /* logged by the store; the next run tries again */
        }
        total += deleted;
        if (deleted >= conf->cleanup_batch) {
            apr_sleep(PAUSE);
        }
    }
    return total;
}

static void run(cleanup_job *job, apr_pool_t *p)
{
    const apr_time_t start = apr_time_now();
    const apr_int64_t expired = delete_rows(job, ms_store_cleanup, 0, p);
    const apr_int64_t ended = delete_rows(job, ms_store_cleanup_ended, job->history, p);
    const apr_int64_t rows = expired + ended;

    ms_count(MS_COUNT_CLEANUP_RUNS, 1);
    ms_count(MS_COUNT_CLEANUP_ROWS, rows);
    ap_log_error(APLOG_MARK, APLOG_INFO, 0, job->server,
                 "cleaned: %" APR_INT64_T_FMT " expired rows in %" APR_TIME_T_FMT
                 " ms, with %" APR_INT64_T_FMT " rows of ended sessions",
                 expired, apr_time_as_msec(apr_time_now() - start), ended);
    if (rows > 0) {
        ms_event event = ms_event_of("cleaned", NULL, NULL);

        event.count = rows;
        ms_event_write_server(job->server, p, &event);
    }
}

/* 0: the child is about to end. 1: it waits for end_work(). */
static int begin_work(void)
{
    apr_atomic_inc32(&at_work);
    if (apr_atomic_read32(&stopping)) {
        apr_atomic_dec32(&at_work);
        return 0;
    }
    return 1;
}

static void end_work(void)
{
    apr_atomic_dec32(&at_work);
}

/* Always APR_SUCCESS: after anything else mod_watchdog never calls again. */
static apr_status_t on_tick(int state, void *data, apr_pool_t *p)
{
    cleanup_job *job = data;

    if (state != AP_WATCHDOG_STATE_RUNNING) {
        return APR_SUCCESS;
    }
    if (begin_work()) {
        if (is_clock_trusted(job)) {
            run(job, p);
        }
        end_work();
    }
    set_interval(job->watchdog, with_jitter(ms_server_conf_get(job->server)->cleanup_interval), job,
                 on_tick);
    return APR_SUCCESS;
}

/* ---- start and end ----------------------------------------------------------------------------
 */

static int is_cleaned_already(const server_rec *main_server, const server_rec *s)
{
    const ms_store *store = ms_runtime_get(s)->store;

    for (const server_rec *other = main_server; other && other != s; other = other->next) {
        const ms_server_conf *conf = ms_server_conf_get(other);

        if (conf->used && conf->cleanup_interval > 0 &&
            ms_store_is_same_table(ms_runtime_get(other)->store, store)) {
            return 1;
        }
    }
    return 0;
}

static apr_int64_t longest_history(const server_rec *main_server, const server_rec *s)
{
    const ms_store *store = ms_runtime_get(s)->store;
    apr_int64_t history = HISTORY_MIN;

    for (const server_rec *other = main_server; other; other = other->next) {
        const ms_server_conf *conf = ms_server_conf_get(other);

        if (conf->used && conf->history > history &&
            ms_store_is_same_table(ms_runtime_get(other)->store, store)) {
            history = conf->history;
        }
    }
    return history;
}

static int watch(apr_pool_t *pconf, server_rec *main_server, server_rec *s)
{
    APR_OPTIONAL_FN_TYPE(ap_watchdog_get_instance) *get =
        APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_get_instance);
    APR_OPTIONAL_FN_TYPE(ap_watchdog_register_callback) *add =
        APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_register_callback);
    const ms_server_conf *conf = ms_server_conf_get(s);
    cleanup_job *job = apr_pcalloc(pconf, sizeof(*job));

    set_interval = APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_set_callback_interval);
    if (!get || !add || !set_interval) {
        ap_log_error(
            APLOG_MARK, APLOG_WARNING, 0, s,
            "MS0071: mod_watchdog is not loaded, so expired sessions stay in the table "
            "but are not valid any more; load it, or delete them as conf/cleanup.sql shows");
        return OK;
    }
    job->server = s;
    job->history = longest_history(main_server, s);
    if (get(&job->watchdog, WATCHDOG, 0, 1, pconf) != APR_SUCCESS ||
        add(job->watchdog, with_jitter(conf->cleanup_interval), job, on_tick) != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, s, "MS0072: the clean-up could not be scheduled");
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    return OK;
}

int ms_cleanup_post_config(apr_pool_t *pconf, server_rec *main_server)
{
    for (server_rec *s = main_server; s; s = s->next) {
        const ms_server_conf *conf = ms_server_conf_get(s);

        if (conf->used && conf->cleanup_interval > 0 && !is_cleaned_already(main_server, s)) {
            const int rv = watch(pconf, main_server, s);

            if (rv != OK) {
                return rv;
            }
        }
    }
    return OK;
}

void ms_cleanup_stop(void)
{
    apr_atomic_set32(&stopping, 1);
}

/* Returns whether no batch is under way any more. Monotonic clock: if the wall clock is set
 * meanwhile, the child must not free what the batch uses. */
static int has_ended_within(apr_int64_t ms)
{
    const apr_int64_t until = ms_clock_steady_ms() + ms;

    while (apr_atomic_read32(&at_work) && ms_clock_steady_ms() < until) {
        apr_sleep(apr_time_from_msec(5));
    }
    return !apr_atomic_read32(&at_work);
}

/* With SQLite a batch takes as long as it waits for a lock; a database server may not respond at
 * all. */
static apr_status_t wait_for_end(void *unused)
{
    (void)unused;
    ms_cleanup_stop();
    if (!has_ended_within(STOP_WAIT)) {
        ms_watchdog_cut_all();
        (void)has_ended_within(CUT_WAIT);
    }
    return APR_SUCCESS;
}

void ms_cleanup_child_init(apr_pool_t *pchild)
{
    apr_atomic_set32(&stopping, 0);
    apr_pool_pre_cleanup_register(pchild, NULL, wait_for_end);
}

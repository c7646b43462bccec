/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The touch interval bounds the writes: a session that is used all the time is written once in it.
 * If that can wait for a second, the process that polls the feed writes it together with others.
 */
#include "session/touch.h"

#include "config/runtime.h"
#include "core/clock.h"
#include "http/counters.h"
#include "http/user_agent.h"
#include "session/request_state.h"

apr_int64_t ms_touch_expires(const ms_server_conf *conf, apr_int64_t now, apr_int64_t max_expires)
{
    const apr_int64_t idle_at = now + conf->idle_timeout;

    return conf->idle_timeout > 0 && idle_at < max_expires ? idle_at : max_expires;
}

/* A session in use must not expire as idle, so the interval is at most a tenth of the timeout. */
static apr_int64_t touch_interval(const ms_server_conf *conf)
{
    const apr_int64_t tenth = conf->idle_timeout / 10;

    if (conf->idle_timeout > 0 && tenth < conf->touch_interval) {
        return tenth > 0 ? tenth : 1;
    }
    return conf->touch_interval;
}

/* What a touch writes, and when. */
typedef struct touch {
    apr_int64_t now;
    apr_int64_t interval;
    apr_int64_t expires;
    const char *agent;
} touch;

/* An app never expires as idle. Its first use is written at once: it is dated after the row was
 * made, and says what the app is. */
static touch touch_of_app(request_rec *r, const ms_row *row)
{
    const int is_new = !ms_row_is_used(row);
    const apr_int64_t now = ms_clock_now();
    const touch made = {.now = now > row->created_at ? now : row->created_at + 1,
                        .interval = is_new ? 0 : ms_server_conf_get(r->server)->touch_interval,
                        .expires = row->expires_at,
                        .agent = ms_user_agent_of(r, r->pool)};

    return made;
}

static touch touch_of_browser(request_rec *r, const ms_row *row)
{
    const ms_server_conf *conf = ms_server_conf_get(r->server);
    const apr_int64_t now = ms_clock_now();
    const touch made = {.now = now,
                        .interval = touch_interval(conf),
                        .expires = ms_touch_expires(conf, now, row->max_expires_at)};

    return made;
}

static void write_touch(request_rec *r, ms_request *request, const touch *t)
{
    const ms_db_ctx ctx = ms_request_db_ctx(r);
    apr_int64_t touched;

    request->touched = 1;
    if (!t->agent && !ms_touch_is_urgent(r) &&
        ms_cached_store_queue_touch(&ctx, &request->found, r->useragent_ip, t->now, t->expires,
                                    t->interval)) {
        return;
    }
    /* If this fails, the next request tries again; the store has logged it. */
    if (ms_cached_store_touch(&ctx, &request->found, r->useragent_ip, t->agent, t->now, t->expires,
                              t->interval, &touched) == APR_SUCCESS) {
        ms_count(MS_COUNT_TOUCHES, touched);
    }
}

void ms_touch(request_rec *r)
{
    ms_request *request = ms_request_peek(r);
    touch t;

    if (!request || !request->row || request->touched) {
        return;
    }
    t = request->row->kind == MS_KIND_APP ? touch_of_app(r, request->row)
                                          : touch_of_browser(r, request->row);
    if (t.now - request->row->last_seen_at >= t.interval &&
        !ms_store_is_touch_paused(ms_runtime_get(r->server)->store, t.now)) {
        write_touch(r, request, &t);
    }
}

int ms_touch_is_urgent(request_rec *r)
{
    const ms_server_conf *conf = ms_server_conf_get(r->server);
    const ms_request *request = ms_request_peek(r);

    return request && request->row && conf->idle_timeout > 0 &&
           request->row->kind == MS_KIND_BROWSER &&
           request->row->expires_at - ms_clock_now() < conf->idle_timeout / 2;
}

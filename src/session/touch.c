/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The touch interval bounds the writes: a session that is used all the time is written once in it.
 */
#include "session/touch.h"

#include "config/runtime.h"
#include "core/clock.h"
#include "http/counters.h"
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

void ms_touch(request_rec *r)
{
    const ms_server_conf *conf = ms_server_conf_get(r->server);
    ms_request *request = ms_request_peek(r);
    apr_int64_t now, interval, touched;
    ms_db_ctx ctx;

    if (!request || !request->row || request->touched) {
        return;
    }
    now = ms_clock_now();
    interval = touch_interval(conf);
    if (now - request->row->last_seen_at < interval ||
        ms_store_is_touch_paused(ms_runtime_get(r->server)->store, now)) {
        return;
    }
    request->touched = 1;
    ctx = ms_request_db_ctx(r);
    /* If this fails, the next request tries again; the store has logged it. */
    if (ms_cached_store_touch(&ctx, &request->found, r->useragent_ip, now,
                              ms_touch_expires(conf, now, request->row->max_expires_at), interval,
                              &touched) == APR_SUCCESS) {
        ms_count(MS_COUNT_TOUCHES, touched);
    }
}

int ms_touch_is_urgent(request_rec *r)
{
    const ms_server_conf *conf = ms_server_conf_get(r->server);
    const ms_request *request = ms_request_peek(r);

    return request && request->row && conf->idle_timeout > 0 &&
           request->row->expires_at - ms_clock_now() < conf->idle_timeout / 2;
}

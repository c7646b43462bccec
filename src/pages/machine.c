/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is shown here is about the server, never about a user. It is closed by default all the same:
 * how many people sign in, and how many fail, is the site's own affair.
 */
#include "pages/machine.h"

#include <apr_strings.h>
#include <http_core.h>
#include <http_main.h>
#include "access/htaccess.h"
#include "config/config.h"
#include "config/own_require.h"
#include "config/runtime.h"
#include "core/clock.h"
#include "http/limited_log.h"
#include "core/version.h"
#include "db/cached_store.h"
#include "http/counters.h"
#include "http/respond.h"
#include "pages/page.h"

#define NO_SUCH_ID "AAAAAAAAAAAAAAAAAAAAAA" /* MS_ID_LEN; if there is one, the test is as good */
#define TEXT       "text/plain; version=0.0.4; charset=utf-8"

/* ---- access ---------------------------------------------------------------------------------- */

static int is_open(request_rec *r, const char *handler)
{
    /* "Satisfy Any" lets requests in past the Require line. */
    return ap_satisfies(r) != SATISFY_ANY && ms_own_require_is_set(r, handler) &&
           !ms_htaccess_gives_handler(r);
}

static int check(request_rec *r, const char *handler)
{
    if (is_open(r, handler)) {
        return DECLINED;
    }
    ms_limited_log(r, MS_LOG_CLOSED_MACHINE, APLOG_WARNING,
                   "MS0225: %s at %s is closed, since the section with its SetHandler has no "
                   "Require line of its own; write which clients may read it there, for example "
                   "\"Require ip 192.0.2.0/24\" or \"Require local\", without \"Satisfy Any\"",
                   handler, r->uri);
    ms_respond_leave_body_unread(r);
    return ms_page_refuse(r, MS_PROBLEM_NOT_OPEN);
}

int ms_machine_health_check(request_rec *r)
{
    return check(r, MS_HANDLER_HEALTH);
}

int ms_machine_metrics_check(request_rec *r)
{
    return check(r, MS_HANDLER_METRICS);
}

/* ---- health ---------------------------------------------------------------------------------- */

/* This virtual host, or, if that has no sessions, the first one that has; NULL: none has. */
static const server_rec *server_with_sessions(const request_rec *r)
{
    const server_rec *s = ap_server_conf;

    if (ms_server_conf_get(r->server)->used) {
        return r->server;
    }
    while (s && !ms_server_conf_get(s)->used) {
        s = s->next;
    }
    return s;
}

/* The look-up that each request with a cookie makes, but in the table and not in the cache. */
static json_t *query_database(request_rec *r, const server_rec *s, int *is_reachable)
{
    const apr_time_t start = apr_time_now();
    const ms_row *row;
    const ms_db_ctx ctx = ms_store_ctx(ms_runtime_get(s)->store, r, r->pool);

    *is_reachable = ms_store_find(&ctx, NO_SUCH_ID, ms_clock_now(), &row) == APR_SUCCESS;
    return json_pack("{s:b, s:f}", "reachable", *is_reachable, "seconds",
                     (double)(apr_time_now() - start) / APR_USEC_PER_SEC);
}

static json_t *cache_model(void)
{
    const apr_uint64_t lookups = ms_counters_get(MS_COUNT_LOOKUPS),
                       hits = ms_counters_get(MS_COUNT_CACHE_HITS);
    json_t *rate = lookups ? json_real((double)hits / (double)lookups) : json_null();

    return json_pack("{s:I, s:I, s:o}", "lookups", (json_int_t)lookups, "hits", (json_int_t)hits,
                     "hit_rate", rate);
}

/* NULL: the table is not polled. */
static json_t *feed_model(const server_rec *s)
{
    const apr_int64_t age = s ? ms_cached_store_feed_age(ms_runtime_get(s)->store) : -1,
                      ttl = s ? ms_server_conf_get(s)->cache_ttl * 1000 : 0;

    return age < 0 ? json_null()
                   : json_pack("{s:f, s:b}", "age", (double)age / 1000, "fresh", age <= ttl);
}

int ms_machine_health_get(request_rec *r)
{
    const server_rec *s = server_with_sessions(r);
    int is_reachable = 0;
    json_t *model = json_pack("{s:s}", "version", MS_VERSION);

    json_object_set_new(model, "database", s ? query_database(r, s, &is_reachable) : json_null());
    json_object_set_new(model, "cache", cache_model());
    json_object_set_new(model, "feed", feed_model(s));
    json_object_set_new(model, "status", json_string(is_reachable ? "ok" : "unavailable"));
    if (!is_reachable) {
        ms_respond_retry_after(r, MS_RETRY_AFTER);
    }
    return ms_page_send_json(r, is_reachable ? HTTP_OK : HTTP_SERVICE_UNAVAILABLE, model);
}

/* ---- metrics --------------------------------------------------------------------------------- */

/* "ManagedSessionCacheHits" becomes "managed_session_cache_hits". */
static const char *metric_name(apr_pool_t *p, const char *key)
{
    char *name = apr_palloc(p, 2 * strlen(key) + 1), *out = name;

    for (const char *c = key; *c; c++) {
        if (*c >= 'A' && *c <= 'Z') {
            if (c > key) {
                *out++ = '_';
            }
            *out++ = (char)(*c - 'A' + 'a');
        }
        else {
            *out++ = *c;
        }
    }
    *out = '\0';
    return name;
}

static const char *counter_metric(apr_pool_t *p, ms_counter which)
{
    const char *name = metric_name(p, ms_counters_key(which));

    return apr_psprintf(p,
                        "# HELP %s_total %s\n"
                        "# TYPE %s_total counter\n"
                        "%s_total %" APR_UINT64_T_FMT "\n",
                        name, ms_counters_help(which), name, name, ms_counters_get(which));
}

/* Of all tables, the one that was polled the longest time ago. */
static apr_int64_t oldest_feed(void)
{
    apr_int64_t oldest = -1;

    for (const server_rec *s = ap_server_conf; s; s = s->next) {
        const apr_int64_t age =
            ms_server_conf_get(s)->used ? ms_cached_store_feed_age(ms_runtime_get(s)->store) : -1;

        oldest = age > oldest ? age : oldest;
    }
    return oldest;
}

static const char *feed_metric(apr_pool_t *p)
{
    const apr_int64_t age = oldest_feed();

    return age < 0 ? ""
                   : apr_psprintf(p,
                                  "# HELP managed_session_feed_age_seconds Time since the last "
                                  "complete read of the feed of ended sessions began.\n"
                                  "# TYPE managed_session_feed_age_seconds gauge\n"
                                  "managed_session_feed_age_seconds %.3f\n",
                                  (double)age / 1000);
}

int ms_machine_metrics_get(request_rec *r)
{
    const char *text = "# HELP managed_session_build_info Version of mod_managed_session.\n"
                       "# TYPE managed_session_build_info gauge\n"
                       "managed_session_build_info{version=\"" MS_VERSION "\"} 1\n";

    for (int i = 0; i < MS_COUNTERS; i++) {
        text = apr_pstrcat(r->pool, text, counter_metric(r->pool, (ms_counter)i), NULL);
    }
    return ms_page_send_text(r, HTTP_OK, TEXT,
                             apr_pstrcat(r->pool, text, feed_metric(r->pool), NULL));
}

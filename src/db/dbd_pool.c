/* SPDX-License-Identifier: Apache-2.0 */
#include "db/dbd_pool.h"

#include <string.h>
#include <ap_mpm.h>
#include <http_config.h>
#include <http_log.h>
#include "core/log_limit.h"
#include "db/store_private.h"
#include "db/table.h"
#include "db/watchdog.h"
#include "http/request_chain.h"

APLOG_USE_MODULE(managed_session);

#define OPEN_FOR      apr_time_from_sec(1) /* how long dead pooled connections are skipped */
#define OPEN_TRIES    12
#define CONNECT_TRIES 2

/* Process-wide, set at start: mod_dbd may be loaded after us, so it is not linked against. */
static APR_OPTIONAL_FN_TYPE(ap_dbd_open) * dbd_open;
static APR_OPTIONAL_FN_TYPE(ap_dbd_close) * dbd_close;
static APR_OPTIONAL_FN_TYPE(ap_dbd_acquire) * dbd_acquire;
static const module *dbd_module;
static ms_store *const *counted; /* the stores whose connections are counted */
static int n_counted;
static int are_signals_held; /* set when a child starts */

int ms_dbd_pool_is_available(void)
{
    return APR_RETRIEVE_OPTIONAL_FN(ap_dbd_open) != NULL;
}

void ms_dbd_pool_post_config(ms_store *const *stores, int n)
{
    counted = stores;
    n_counted = n;
}

void ms_dbd_pool_child_init(void)
{
    int threaded = 0;

    dbd_open = APR_RETRIEVE_OPTIONAL_FN(ap_dbd_open);
    dbd_close = APR_RETRIEVE_OPTIONAL_FN(ap_dbd_close);
    dbd_acquire = APR_RETRIEVE_OPTIONAL_FN(ap_dbd_acquire);
    dbd_module = ap_find_linked_module("mod_dbd.c");
    are_signals_held = ap_mpm_query(AP_MPMQ_IS_THREADED, &threaded) == APR_SUCCESS &&
                       threaded == AP_MPMQ_NOT_SUPPORTED;
}

void ms_dbd_pool_hold_signals(sigset_t *before)
{
    sigset_t ends;

    if (are_signals_held) {
        sigemptyset(&ends);
        sigaddset(&ends, SIGTERM);
        sigaddset(&ends, SIGHUP);
        pthread_sigmask(SIG_BLOCK, &ends, before);
    }
}

void ms_dbd_pool_release_signals(const sigset_t *before)
{
    if (are_signals_held) {
        pthread_sigmask(SIG_SETMASK, before, NULL);
    }
}

const void *ms_dbd_pool_id(const server_rec *s)
{
    return dbd_module ? ap_get_module_config(s->module_config, dbd_module) : NULL;
}

void *ms_dbd_pool_held(request_rec *r)
{
    request_rec *first = ms_request_chain_first(r);

    /* If mod_dbd has noted a connection for this request, ap_dbd_acquire() returns that one. */
    if (dbd_acquire && dbd_module && ap_get_module_config(first->request_config, dbd_module)) {
        return dbd_acquire(r);
    }
    return NULL;
}

static apr_status_t count_closing(void *reach)
{
    ms_reach_closed(reach);
    return APR_SUCCESS;
}

void ms_dbd_pool_opened(apr_pool_t *p, const dbd_cfg_t *cfg)
{
    for (int i = 0; i < n_counted; i++) {
        const ms_store *store = counted[i];

        if (store->dbd_driver && strcmp(store->dbd_driver, cfg->name) == 0 &&
            strcmp(store->dbd_params ? store->dbd_params : "", cfg->params) == 0) {
            ms_reach_opened(store->reach);
            apr_pool_cleanup_register(p, store->reach, count_closing, apr_pool_cleanup_null);
            return;
        }
    }
}

/* The start has found no directive of ours to check: only an .htaccess file uses sessions. */
static void log_no_mod_dbd(const ms_db_ctx *ctx)
{
    if (!ctx->is_quiet && ms_limiter_may_log(ctx->store->limiter)) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, ctx->store->server,
                     "MS0266: mod_dbd is not loaded, and sessions are kept in a database: load it, "
                     "and set DBDriver and DBDParams; requests that need a session get 503");
    }
}

void ms_dbd_pool_log_unreachable(const ms_db_ctx *ctx)
{
    const ms_store *store = ctx->store;

    if (!ctx->is_quiet && ms_reach_may_log(store->reach, apr_time_now())) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, store->server,
                     "MS0001: no connection to the session database (%s%s)%s; requests that need a "
                     "session get 503",
                     store->dbd_driver ? "DBDriver " : "no DBDriver is set",
                     store->dbd_driver ? store->dbd_driver : "",
                     ms_table_sqlite_hint(store, ctx->p));
    }
}

/* A client can cause it, by many requests at once; and it must not take the place of MS0001 or
 * MS0008 in the same second. So it has a limit of its own. */
static void log_crowd(const ms_db_ctx *ctx, const ms_crowd *crowd)
{
    const char *suffix = ctx->is_quiet ? NULL : ms_log_limit_suffix(MS_LOG_NO_CONNECTION, ctx->p);

    if (suffix) {
        ap_log_error(
            APLOG_MARK, APLOG_WARNING, 0, ctx->store->server,
            "MS0267: no connection to the session database became free in time (in use or being "
            "opened: %d, waiting requests: %d). Requests that need one get 503. DBDMax is too "
            "small for the load, the database is slow, or another module holds connections%s",
            crowd->inside, crowd->waiting, suffix);
    }
}

/* Sets whether it tried to connect, in vain: then it has closed no connection. */
static ap_dbd_t *open_one(const ms_db_ctx *ctx, int *has_failed)
{
    ms_reach *reach = ctx->store->reach;
    const apr_uint32_t closings = ms_reach_closings(reach);
    ap_dbd_t *dbd = dbd_open(ctx->p, ctx->store->server);

    *has_failed = !dbd && ms_reach_closings(reach) == closings;
    return dbd;
}

/* One failure to connect may be chance; but mod_dbd logs each. */
static int may_connect_again(ms_reach *reach, int failures)
{
    const apr_time_t now = apr_time_now();

    ms_reach_lost(reach, now);
    return failures < CONNECT_TRIES && ms_reach_may_try(reach, now);
}

/* mod_dbd returns NULL once for each pooled connection that died, and closes it, so that means
 * little. */
static ap_dbd_t *open_some(const ms_db_ctx *ctx)
{
    const apr_time_t start = apr_time_now();
    const int tries = ms_table_is_sqlite(ctx->store) ? 1 : OPEN_TRIES;
    int failures = 0, has_failed = 0;
    ap_dbd_t *dbd = NULL;
    ms_watchdog waiting;

    ms_watchdog_begin_any(&waiting);
    for (int i = 0; i < tries && !dbd && apr_time_now() - start < OPEN_FOR; i++) {
        if (has_failed && !may_connect_again(ctx->store->reach, ++failures)) {
            break;
        }
        dbd = open_one(ctx, &has_failed);
    }
    ms_watchdog_end_any(&waiting);
    if (has_failed) {
        ms_reach_lost(ctx->store->reach, apr_time_now());
    }
    return dbd;
}

static apr_status_t enter(const ms_db_ctx *ctx)
{
    const ms_store *store = ctx->store;
    ms_crowd crowd;
    apr_status_t rv = ms_limiter_enter(store->limiter, &crowd);

    if (rv == APR_SUCCESS && !ms_reach_may_try(store->reach, apr_time_now())) {
        ms_limiter_opened(store->limiter);
        ms_limiter_leave(store->limiter);
        rv = APR_EAGAIN;
    }
    if (rv != APR_SUCCESS && ms_reach_is_away(store->reach)) {
        ms_dbd_pool_log_unreachable(ctx);
    }
    else if (crowd.waiting) {
        log_crowd(ctx, &crowd);
    }
    return rv;
}

apr_status_t ms_dbd_pool_take(const ms_db_ctx *ctx, ap_dbd_t **dbd)
{
    ms_limiter *limiter = ctx->store->limiter;
    apr_status_t rv;

    *dbd = ctx->held;
    if (!limiter) {
        return APR_ENOMEM; /* logged at start: MS0005 */
    }
    if (*dbd) {
        return APR_SUCCESS;
    }
    if (!dbd_open) {
        log_no_mod_dbd(ctx);
        return APR_ENOTIMPL;
    }
    rv = enter(ctx);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    *dbd = open_some(ctx);
    if (!*dbd) {
        ms_limiter_trip(limiter);
    }
    ms_limiter_opened(limiter);
    if (!*dbd) {
        ms_limiter_leave(limiter);
        ms_dbd_pool_log_unreachable(ctx);
        return APR_EGENERAL;
    }
    return APR_SUCCESS;
}

void ms_dbd_pool_give_back(const ms_db_ctx *ctx, ap_dbd_t *dbd)
{
    if (!ctx->held) {
        dbd_close(ctx->store->server, dbd);
        ms_limiter_leave(ctx->store->limiter);
    }
}

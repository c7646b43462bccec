/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mod_managed_session: managed sessions for any web application behind httpd. This file is the
 * table of hooks and the module record; each hook's work is in src/.
 */
#include <httpd.h>
#include <apr_hooks.h>
#include <apr_optional_hooks.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>
#include <mod_proxy.h>
#include <mod_status.h>
#include <mpm_common.h>
#include <util_filter.h>
#include "core/version.h"
#include "config/config.h"
#include "config/directives.h"
#include "config/dump.h"
#include "config/finish.h"
#include "config/runtime.h"
#include "config/use.h"
#include "http/counters.h"
#include "db/cached_store.h"
#include "db/store.h"
#include "db/watchdog.h"
#include "db/write_lock.h"
#include "session/cleanup.h"
#include "session/feeds.h"
#include "session/enders.h"
#include "session/events.h"
#include "session/api.h"
#include "session/lifeline.h"
#include "session/request.h"
#include "session/touch.h"
#include "session/sign_in_limit.h"
#include "access/app_password.h"
#include "access/authn.h"
#include "access/authz.h"
#include "access/challenge.h"
#include "access/cors.h"
#include "access/environment.h"
#include "access/foreign_sign_in.h"
#include "access/own_pages.h"
#include "access/password.h"
#include "access/password_share.h"
#include "access/provider_chain.h"
#include "access/recheck.h"
#include "access/script_refusal.h"
#include "app/cache_filter.h"
#include "app/close_frame.h"
#include "app/hidden_cookie.h"
#include "app/lasting_request.h"
#include "app/request_headers.h"
#include "app/response_filter.h"
#include "app/upgrade_filter.h"
#include "pages/content_policy.h"
#include "pages/refusal.h"
#include "pages/router.h"

#if !AP_MODULE_MAGIC_AT_LEAST(20120211, 93)
#error "mod_managed_session needs httpd 2.4.46 or later: it uses ap_parse_strict_length()"
#endif

/* ---- start ------------------------------------------------------------------------------------
 */

/* 0 if no server uses the look-up cache. */
static apr_size_t cache_entries(const server_rec *main_server)
{
    for (const server_rec *s = main_server; s; s = s->next) {
        const ms_server_conf *conf = ms_server_conf_get(s);

        if (conf->used && conf->cache_ttl > 0) {
            return (apr_size_t)ms_server_conf_get(main_server)->cache_entries;
        }
    }
    return 0;
}

static apr_array_header_t *all_stores(apr_pool_t *p, server_rec *s)
{
    apr_array_header_t *stores = apr_array_make(p, 4, sizeof(ms_store *));

    for (; s; s = s->next) {
        APR_ARRAY_PUSH(stores, ms_store *) = ms_runtime_get(s)->store;
    }
    return stores;
}

static int on_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s)
{
    const apr_array_header_t *stores;
    int is_used;

    (void)plog, (void)ptemp;
    ms_content_policy_init(pconf);
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) {
        return OK; /* httpd calls this hook again */
    }
    is_used = ms_config_is_used(s);
    ms_counters_init(pconf, s, is_used);
    ms_events_post_config(pconf, s);
    ms_sign_in_limit_init(pconf, s);
    ms_enders_init(pconf, s);
    ms_password_init(pconf, s);
    ms_password_share_init(pconf, s);
    stores = all_stores(pconf, s);
    ms_store_post_config(pconf, (ms_store *const *)(void *)stores->elts, stores->nelts, is_used);
    ms_cached_store_init(s, cache_entries(s));
    if (is_used) {
        (void)ms_write_lock_init(pconf); /* without it writers wait as SQLite has it */
    }
    ms_feeds_post_config(s);
    return ms_cleanup_post_config(pconf, s);
}

/* Before mod_dbd connects: make the table, and start the thread that watches the connections. */
static void on_child_init_before_dbd(apr_pool_t *pchild, server_rec *s)
{
    apr_pool_t *scratch;
    const server_rec *main_server = s;
    int may_hang = 0;

    apr_pool_create(&scratch, pchild);
    for (; s; s = s->next) {
        if (ms_server_conf_get(s)->used) {
            ms_store_make_table(ms_runtime_get(s)->store, scratch);
            may_hang |= ms_store_may_hang(ms_runtime_get(s)->store);
        }
    }
    apr_pool_destroy(scratch);
    if (may_hang && ms_watchdog_child_init(pchild) != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, main_server,
                     "MS0009: cannot start the database watchdog thread: requests may wait without "
                     "limit for a session database that does not respond");
    }
}

/* mod_dbd has connected by now: check the table before the first visitor needs it. */
static void on_child_init_after_dbd(apr_pool_t *pchild, server_rec *s)
{
    const apr_array_header_t *stores = all_stores(pchild, s);
    apr_pool_t *scratch;

    ms_cached_store_child_init();
    ms_password_share_child_init(pchild);
    ms_store_child_init(pchild, (ms_store *const *)(void *)stores->elts, stores->nelts);
    apr_pool_create(&scratch, pchild);
    for (server_rec *server = s; server; server = server->next) {
        if (ms_server_conf_get(server)->used) {
            const ms_db_ctx ctx = {ms_runtime_get(server)->store, scratch, NULL, 1, 0};

            ms_store_check(&ctx);
        }
    }
    apr_pool_destroy(scratch);
    ms_cleanup_child_init(pchild);
    if (ms_config_is_used(s)) {
        ms_lifeline_child_init(pchild, s);
    }
    ms_feeds_child_init(pchild, s);
}

static int on_open_logs(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s)
{
    (void)plog, (void)ptemp;
    return ms_events_open(pconf, s);
}

static void on_child_stopping(apr_pool_t *pchild, int graceful)
{
    (void)pchild, (void)graceful;
    ms_cleanup_stop();
    ms_feeds_stop();
}

/* ---- hooks: the one table --------------------------------------------------------------------
 *
 * In the order in which the server, and then a request, meets them. A function is named for its
 * phase. REALLY_FIRST - 1 is before all other modules that want to be the first.
 */

static int on_translate_name(request_rec *r)
{
    const int status = ms_cors_on_translate_name(r);

    if (status != DECLINED) {
        return status;
    }
    ms_own_pages_keep_url(r);
    return ms_response_filter_on_translate_name(r);
}

static int on_fixups(request_rec *r)
{
    int status;

    ms_request_headers_remove_credentials(r);
    status = ms_recheck_on_fixups(r);
    if (status == DECLINED) {
        ms_environment_set(r);
    }
    return status;
}

static void prepare_response(request_rec *r)
{
    ms_provider_chain_on_response(r);
    ms_foreign_sign_in_on_response(r);
    ms_response_filter_add(r);
}

static void on_insert_error_filter(request_rec *r)
{
    prepare_response(r);
    ms_script_refusal_send(r);
    ms_refusal_explain(r);
}

static void on_insert_filter(request_rec *r)
{
    prepare_response(r);
    if (ms_request_peek(r)) { /* most requests have nothing to do with sessions */
        ms_request_enter_handler(r);
        ms_environment_restore_user(r);
        if (ms_touch_is_urgent(r)) {
            ms_touch(r);
        }
    }
    ms_request_headers_set_user(r);
    ms_upgrade_filter_watch(r);
    ms_lasting_request_enter(r);
}

static int on_log_transaction_touch(request_rec *r)
{
    ms_touch(r);
    return DECLINED;
}

static void register_server_hooks(apr_pool_t *p)
{
    static const char *const dbd[] = {"mod_dbd.c", NULL};

    /* Not hooks, but what others find by name: Require lines, filters, pages. */
    ms_authz_register(p);
    ms_app_password_register(p);
    ms_response_filter_register();
    ms_cache_filter_register();
    ms_upgrade_filter_register();
    ms_lasting_request_register();
    ms_close_frame_register();
    ms_router_register();

    /* For managed-sessionctl: "httpd -t -D DUMP_MANAGED_SESSION". */
    ap_hook_test_config(ms_dump_on_test_config, NULL, NULL, APR_HOOK_MIDDLE);
    /* The event log is opened while httpd is root. */
    ap_hook_open_logs(on_open_logs, NULL, NULL, APR_HOOK_MIDDLE);
    /* Shared memory, before children are forked. */
    ap_hook_post_config(on_post_config, NULL, NULL, APR_HOOK_MIDDLE);
    /* All modules have registered their filters: look for mod_include's. */
    ap_hook_optional_fn_retrieve(ms_cache_filter_on_optional_fn_retrieve, NULL, NULL,
                                 APR_HOOK_MIDDLE);
    /* mod_dbd connects in this phase: the table must be made before, and can be checked after. */
    ap_hook_child_init(on_child_init_before_dbd, NULL, dbd, APR_HOOK_MIDDLE);
    ap_hook_child_init(on_child_init_after_dbd, dbd, NULL, APR_HOOK_MIDDLE);
    /* mod_dbd's own hook, for each new connection: the state that is kept with it. */
    ms_store_register_hooks();
    /* First: the cleanup must not begin a batch while other modules end. */
    ap_hook_child_stopping(on_child_stopping, NULL, NULL, APR_HOOK_FIRST);
}

static void register_access_hooks(void)
{
    /* Before any module reads the request: no client may name its own user. Also before
     * "RequestHeader ... early", whose credentials are the administrator's. */
    ap_hook_post_read_request(ms_request_headers_on_post_read_request, NULL, NULL,
                              APR_HOOK_REALLY_FIRST);
#if AP_MODULE_MAGIC_AT_LEAST(20120211, 109)
    /* Before httpd decodes the URL. */
    ap_hook_pre_translate_name(ms_own_pages_on_pre_translate_name, NULL, NULL,
                               APR_HOOK_REALLY_FIRST);
#endif
    /* Before mod_rewrite and mod_alias give a page of ours another URL, and before anything may
     * refuse a request of another origin. And an internal redirect begins here: act on the headers
     * of the response it came from. */
    ap_hook_translate_name(on_translate_name, NULL, NULL, APR_HOOK_REALLY_FIRST);
    /* Before the configuration is looked up for the URL that they gave it. */
    ap_hook_map_to_storage(ms_own_pages_on_map_to_storage, NULL, NULL, APR_HOOK_REALLY_FIRST);
    /* Before mod_auth_mellon, which redirects to the identity provider in this phase. */
    ap_hook_check_access(ms_provider_chain_on_access_checker, NULL, NULL, APR_HOOK_REALLY_FIRST,
                         AP_AUTH_INTERNAL_PER_CONF);
    /* Identify. First: mod_access_compat and mod_ssl may refuse, and then later hooks do not run.
     */
    ap_hook_check_access(ms_authn_on_access_checker, NULL, NULL, APR_HOOK_FIRST,
                         AP_AUTH_INTERNAL_PER_CONF);
    /* Let visitors use sign-in and sign-out. It runs this phase again, so its place does not
     * matter. */
    ap_hook_check_access_ex(ms_recheck_on_access_checker_ex, NULL, NULL, APR_HOOK_MIDDLE,
                            AP_AUTH_INTERNAL_PER_CONF);
    /* Count the attempt before another module checks a password. */
    ap_hook_check_authn(ms_foreign_sign_in_on_check_authn, NULL, NULL, APR_HOOK_REALLY_FIRST,
                        AP_AUTH_INTERNAL_PER_CONF);
    /* Challenge. First: modules that do not look at the AuthType must not answer instead. */
    ap_hook_check_authn(ms_authn_on_check_authn, NULL, NULL, APR_HOOK_FIRST,
                        AP_AUTH_INTERNAL_PER_CONF);
    /* The other module has accepted the password; whether the user may enter is another question.
     */
    ap_hook_check_authz(ms_foreign_sign_in_on_auth_checker, NULL, NULL, APR_HOOK_REALLY_FIRST,
                        AP_AUTH_INTERNAL_PER_CONF);
    /* First: the first answer counts, and this one replaces mod_authz_core's 401 by 403. */
    ap_hook_check_authz(ms_recheck_on_auth_checker, NULL, NULL, APR_HOOK_FIRST,
                        AP_AUTH_INTERNAL_PER_CONF);
    /* For modules that reject our AuthType themselves; only ours does anything here. */
    ap_hook_note_auth_failure(ms_challenge_on_note_auth_failure, NULL, NULL, APR_HOOK_MIDDLE);
    /* Before all others: any hook that knows the type ends this phase. */
    ap_hook_type_checker(ms_own_pages_on_type_checker, NULL, NULL, APR_HOOK_REALLY_FIRST - 1);
}

static void register_fixups(void)
{
    /* Authentication is over, but the access phases may have been passed by "Satisfy Any": before
     * any fixup has an effect. Before mod_headers and mod_auth_basic (AuthBasicFake), which set the
     * administrator's credentials in this phase. Before mod_rewrite's per-directory rules and
     * mod_headers, which may use the environment variables. */
    ap_hook_fixups(on_fixups, NULL, NULL, APR_HOOK_REALLY_FIRST);
    /* After all that may set r->user or this header. */
    ap_hook_fixups(ms_request_headers_on_fixups_last, NULL, NULL, APR_HOOK_LAST);
    /* After mod_rewrite's per-directory rules, which may have replaced file and query. */
    ap_hook_fixups(ms_own_pages_on_fixups, NULL, NULL, APR_HOOK_REALLY_LAST + 1);
}

static void register_response_hooks(void)
{
    /* Handlers that may answer a request without looking at r->handler. */
    static const char *const takers[] = {"mod_cache.c", "mod_proxy.c", NULL};
    static const char *const cache[] = {"mod_cache.c", NULL};

    /* First, here and for errors: before filters of other modules send the headers. The status is
     * known: whether another module's password was wrong. And a response may take longer than a
     * session may be idle, so it may be touched here, and the session may end meanwhile. */
    ap_hook_insert_filter(on_insert_filter, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_insert_error_filter(on_insert_error_filter, NULL, NULL, APR_HOOK_FIRST);
    /* mod_proxy waits for a response: of which connection. */
    APR_OPTIONAL_HOOK(proxy, create_req, ms_lasting_request_on_proxy_create_req, NULL, NULL,
                      APR_HOOK_MIDDLE);
    /* Our pages, before handlers that take every request. */
    ap_hook_handler(ms_router_on_handler, NULL, takers, APR_HOOK_REALLY_FIRST - 1);
    /* Hide the cookie as late as possible: after mod_cache, which tells users apart by it. */
    ap_hook_handler(ms_hidden_cookie_on_handler, cache, NULL, APR_HOOK_REALLY_FIRST);
    /* mod_proxy removes what the client lists in "Connection:" and only then runs this hook. */
    APR_OPTIONAL_HOOK(proxy, fixups, ms_request_headers_on_fixups_last, NULL, NULL, APR_HOOK_LAST);
    /* mod_status's page. */
    APR_OPTIONAL_HOOK(ap, status_hook, ms_counters_on_status, NULL, NULL, APR_HOOK_MIDDLE);
    /* The response has been sent: give back what an undecided sign-in holds. */
    ap_hook_log_transaction(ms_foreign_sign_in_on_log_transaction, NULL, NULL, APR_HOOK_FIRST);
    /* After the access log is written: this may wait for the database. */
    ap_hook_log_transaction(on_log_transaction_touch, NULL, NULL, APR_HOOK_LAST);
}

/* A server that loads the module and does not use it must not pay for it with each request. So the
 * hooks of requests are registered when the whole configuration has been read, and httpd sorts all
 * hooks once more. */
static void register_request_hooks(void)
{
    apr_hook_debug_current = managed_session_module.name; /* for the order that others ask for */
    register_access_hooks();
    register_fixups();
    register_response_hooks();
    ms_api_register();
    apr_hook_sort_all();
}

static int on_check_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s)
{
    const int status = ms_finish_config(pconf, ptemp, s);

    (void)plog;
    if (status == OK && ms_use_is_possible(ptemp)) {
        register_request_hooks();
    }
    return status;
}

static void register_hooks(apr_pool_t *p)
{
    register_server_hooks(p);
    /* Here and not in post_config, so that "apachectl configtest" rejects a bad configuration.
     * After all others: it sorts the hooks of this phase, too, while httpd goes through them. */
    ap_hook_check_config(on_check_config, NULL, NULL, APR_HOOK_REALLY_LAST);
}

AP_DECLARE_MODULE(managed_session) = {
    STANDARD20_MODULE_STUFF, ms_dir_conf_create, ms_dir_conf_merge, ms_server_conf_create,
    ms_server_conf_merge,    ms_directives,      register_hooks,    AP_MODULE_FLAG_NONE};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One function for each query or change of the table. A statement that fails is tried again on
 * another connection, since a restarted database breaks those of the pool.
 */
#include "db/store.h"

#include <string.h>
#include <apr_atomic.h>
#include <apr_shm.h>
#include <apr_strings.h>
#include <http_log.h>
#include "db/connection.h"
#include "db/dbd_pool.h"
#include "db/result.h"
#include "db/store_private.h"
#include "db/table.h"
#include "http/counters.h"
#include "core/network.h"
#include "core/sha256.h"

APLOG_USE_MODULE(managed_session);

#define TRIES          3
#define MYSQL_DEADLOCK 1213 /* ER_LOCK_DEADLOCK: tried again for as long as RETRY_FOR */
#define PAUSE_MAX      16   /* milliseconds */
#define TOUCH_PAUSE    10   /* seconds */
#define CLOCKS_DIFFER  3600 /* seconds between the clocks of hosts that share a table, at most */
#define REVOKE_BATCH   1000 /* sessions of a realm that one statement revokes */
#define RETRY_FOR      apr_time_from_sec(1) /* if the database is only slow, it is not queried again */

static void make_tag(apr_pool_t *p, const ms_store *store, const char *realm, unsigned char *tag)
{
    const char *const values[] = {store->dbd_driver, store->dbd_params, store->dbd_init,
                                  store->table, realm};
    ms_sha256_part parts[sizeof(values) / sizeof(values[0])];
    unsigned char digest[MS_SHA256_LEN];

    for (apr_size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        const char *value = values[i] ? values[i] : "";

        parts[i] = (ms_sha256_part){value, strlen(value) + 1};
    }
    ms_sha256(p, parts, sizeof(values) / sizeof(values[0]), digest);
    memcpy(tag, digest, MS_SHM_CACHE_STORE_LEN);
}

static int is_same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static int is_same_database(const ms_store *a, const ms_store *b)
{
    return is_same(a->dbd_driver, b->dbd_driver) && is_same(a->dbd_params, b->dbd_params);
}

ms_store *ms_store_create(apr_pool_t *pconf, server_rec *s, const ms_store_spec *spec)
{
    const ms_dialect *dialect = spec->dbd_driver ? ms_sql_dialect(spec->dbd_driver) : NULL;
    ms_store *store = apr_pcalloc(pconf, sizeof(*store));

    store->server = s;
    store->table = spec->table;
    store->realm = spec->realm;
    store->create = spec->create;
    store->sqlite_mmap = spec->sqlite_mmap;
    store->dbd_driver = spec->dbd_driver;
    store->dbd_params = spec->dbd_params;
    store->dbd_init = spec->dbd_init;
    for (int schema = 1; schema <= MS_SCHEMA; schema++) {
        for (ms_sql i = 0; i < MS_SQL_N; i++) {
            store->sql[schema][i] =
                ms_sql_for_table(pconf, dialect, ms_sql_text(dialect, i), schema, spec->table);
        }
    }
    make_tag(pconf, store, store->realm, store->tag);
    make_tag(pconf, store, NULL, store->table_tag);
    return store;
}

void ms_store_post_config(apr_pool_t *pconf, ms_store *const *stores, int n, int is_used)
{
    const apr_size_t size = ms_reach_shared_size();
    apr_shm_t *shm = NULL;
    char *shared = NULL;

    /* Without shared memory each child tries to connect by itself. */
    if (is_used && n > 0 &&
        apr_shm_create(&shm, size * (apr_size_t)n, NULL, pconf) == APR_SUCCESS) {
        shared = memset(apr_shm_baseaddr_get(shm), 0, size * (apr_size_t)n);
    }
    for (int i = 0; i < n; i++) {
        stores[i]->reach = NULL;
        for (int j = 0; j < i && !stores[i]->reach; j++) {
            if (is_same_database(stores[i], stores[j])) {
                stores[i]->reach = stores[j]->reach;
            }
        }
        if (!stores[i]->reach) {
            stores[i]->reach =
                ms_reach_create(pconf, shared ? shared + size * (apr_size_t)i : NULL);
        }
    }
    ms_dbd_pool_post_config(stores, n);
}

void ms_store_child_init(apr_pool_t *pchild, ms_store *const *stores, int n)
{
    ms_dbd_pool_child_init();
    for (int i = 0; i < n; i++) {
        const void *id = ms_dbd_pool_id(stores[i]->server);

        stores[i]->limiter = NULL;
        for (int j = 0; j < i && !stores[i]->limiter; j++) {
            if (ms_dbd_pool_id(stores[j]->server) == id) {
                stores[i]->limiter = stores[j]->limiter;
            }
        }
        if (!stores[i]->limiter && ms_limiter_create(&stores[i]->limiter, pchild) != APR_SUCCESS) {
            ap_log_error(APLOG_MARK, APLOG_CRIT, 0, stores[i]->server,
                         "MS0005: out of memory or mutexes at start: requests that need a session "
                         "get 503 from this process");
            stores[i]->limiter = NULL;
        }
    }
}

ms_db_ctx ms_store_ctx(ms_store *store, request_rec *r, apr_pool_t *p)
{
    ms_db_ctx ctx = {store, p, ms_dbd_pool_held(r), 1, 0};

    return ctx;
}

const unsigned char *ms_store_tag(const ms_store *store)
{
    return store->tag;
}

int ms_store_is_same_table(const ms_store *a, const ms_store *b)
{
    return is_same(a->table, b->table) && is_same_database(a, b) &&
           is_same(a->dbd_init, b->dbd_init);
}

void ms_store_register_hooks(void)
{
    ms_connection_register_hooks();
}

int ms_store_is_available(void)
{
    return ms_dbd_pool_is_available();
}

void ms_store_make_table(ms_store *store, apr_pool_t *p)
{
    ms_table_make(store, p);
}

int ms_store_may_hang(const ms_store *store)
{
    const ms_dialect *dialect = store->dbd_driver ? ms_sql_dialect(store->dbd_driver) : NULL;

    return dialect && dialect->socket;
}

apr_status_t ms_store_check(const ms_db_ctx *ctx)
{
    return ms_connection_check_table(ctx);
}

/* Transactions that met on the same rows, of which the server has rolled back this one. */
static int is_deadlock(const ms_connection *c, int code)
{
    return code == MYSQL_DEADLOCK && ms_connection_dialect(c)->is_mysql;
}

static int may_try_again(const ms_connection *c, int code, int tries, apr_time_t start)
{
    return apr_time_now() - start <= RETRY_FOR && (tries < TRIES || is_deadlock(c, code));
}

/* The others need time to get on. */
static void pause_after(int tries)
{
    if (tries > 1) {
        apr_sleep(apr_time_from_msec(tries < PAUSE_MAX ? tries : PAUSE_MAX));
    }
}

static apr_status_t run(const ms_db_ctx *ctx, ms_sql which, const void **args,
                        ms_result_fn *execute, void *result)
{
    const apr_time_t start = apr_time_now();

    for (int i = 1;; i++) {
        ms_connection c;
        apr_status_t rv = ms_connection_borrow(ctx, &c);
        int code;

        if (rv != APR_SUCCESS) {
            ms_count(MS_COUNT_DB_ERRORS, 1);
            return rv;
        }
        code = ms_result_of(&c, which, args, execute, result);
        c.answered = !code;
        if (code && !may_try_again(&c, code, i, start)) {
            ms_count(MS_COUNT_DB_ERRORS, 1);
            ms_connection_log_failure(&c, which, code);
            rv = APR_EGENERAL;
        }
        ms_connection_return(&c);
        if (!code || rv != APR_SUCCESS) {
            ap_log_error(APLOG_MARK, APLOG_TRACE1, 0, ctx->store->server, "statement: %s",
                         ms_sql_name(which));
            return rv;
        }
        pause_after(i);
    }
}

static apr_status_t select_rows(const ms_db_ctx *ctx, ms_sql which, const void **args,
                                apr_array_header_t **rows)
{
    *rows = apr_array_make(ctx->p, 1, sizeof(const ms_row *));
    return run(ctx, which, args, ms_result_rows, *rows);
}

static apr_status_t find_one(const ms_db_ctx *ctx, ms_sql which, ms_result_fn *execute,
                             const char *id, apr_int64_t now, const ms_row **row)
{
    const void *args[] = {id, ctx->store->realm, &now};
    apr_array_header_t *rows = apr_array_make(ctx->p, 1, sizeof(const ms_row *));
    const apr_status_t rv = run(ctx, which, args, execute, rows);

    *row = rv == APR_SUCCESS && rows->nelts == 1 ? APR_ARRAY_IDX(rows, 0, const ms_row *) : NULL;
    return rv;
}

apr_status_t ms_store_find(const ms_db_ctx *ctx, const char *id, apr_int64_t now,
                           const ms_row **row)
{
    const apr_status_t rv = find_one(ctx, MS_SQL_FIND, ms_result_found, id, now, row);

    if (*row) {
        ms_row *found = apr_pmemdup(ctx->p, *row, sizeof(*found));

        found->id = apr_pstrdup(ctx->p, id);
        *row = found;
    }
    return rv;
}

apr_status_t ms_store_find_any(const ms_db_ctx *ctx, const char *const *ids, int n, apr_int64_t now,
                               apr_array_header_t **rows)
{
    const int is_few = n <= MS_FIND_MAX, max = is_few ? MS_FIND_MAX : MS_FIND_MANY_MAX;
    const void *args[MS_FIND_MANY_MAX + 2];

    for (int i = 0; i < max; i++) {
        args[i] = ids[i < n ? i : 0]; /* a place that is left over has the first id again */
    }
    args[max] = ctx->store->realm;
    args[max + 1] = &now;
    *rows = apr_array_make(ctx->p, n, sizeof(const ms_row *));
    return run(ctx, is_few ? MS_SQL_FIND_ANY : MS_SQL_FIND_MANY, args, ms_result_found_any, *rows);
}

apr_status_t ms_store_show(const ms_db_ctx *ctx, const char *id, apr_int64_t now,
                           const ms_row **row)
{
    return find_one(ctx, MS_SQL_SHOW, ms_result_rows, id, now, row);
}

apr_status_t ms_store_list(const ms_db_ctx *ctx, const char *user, apr_int64_t now,
                           const ms_list_part *part, apr_array_header_t **rows)
{
    const char *realm = ctx->store->realm, *first = part->first ? part->first : "";

    if (part->after) {
        const void *args[] = {realm,       user,        &now,           first,
                              &part->seen, &part->seen, &part->created, &part->created,
                              part->after, &part->limit};

        return select_rows(ctx, MS_SQL_LIST_AFTER, args, rows);
    }
    const void *args[] = {realm, user, &now, first, &part->limit, &part->offset};

    return select_rows(ctx, part->browsers_only ? MS_SQL_LIST_BROWSERS : MS_SQL_LIST, args, rows);
}

apr_status_t ms_store_list_apps(const ms_db_ctx *ctx, const char *user, apr_int64_t now,
                                apr_int64_t limit, apr_array_header_t **rows)
{
    const void *args[] = {ctx->store->realm, user, &now, &limit};

    return select_rows(ctx, MS_SQL_LIST_APPS, args, rows);
}

apr_status_t ms_store_list_alike(const ms_db_ctx *ctx, const char *user, const char *start,
                                 apr_int64_t now, apr_array_header_t **rows)
{
    const void *args[] = {ctx->store->realm, user, &now, start};

    return select_rows(ctx, MS_SQL_LIST_ALIKE, args, rows);
}

apr_status_t ms_store_list_ended(const ms_db_ctx *ctx, const char *user, apr_int64_t now,
                                 const ms_ended_part *part, apr_array_header_t **rows)
{
    const char *realm = ctx->store->realm, *id = part->before_id ? part->before_id : "";
    const apr_int64_t before = part->before_id ? part->before : APR_INT64_MAX;
    const void *args[] = {
        realm, user, &part->since, &before, &before, id, &now,         &part->limit, realm,
        user,  &now, &part->since, &before, &before, id, &part->limit, &part->limit};

    return select_rows(ctx, MS_SQL_LIST_ENDED, args, rows);
}

/* A change that a table of schema 1 cannot keep: a name, a kind. */
typedef struct newer_change {
    apr_int64_t changed;
    int is_too_old; /* the table */
} newer_change;

static int execute_if_new(ms_connection *c, ms_sql which, const void **args, void *resultv)
{
    newer_change *result = resultv;

    result->is_too_old = c->schema < 2;
    return result->is_too_old ? 0 : ms_result_change(c, which, args, &result->changed);
}

/* MySQL does not count a row that has the name already. */
static apr_status_t is_live_of(const ms_db_ctx *ctx, const char *user, const char *id,
                               apr_int64_t now, int *is_live)
{
    const ms_row *row;
    const apr_status_t rv = ms_store_find(ctx, id, now, &row);

    *is_live = row && strcmp(row->user, user) == 0;
    return rv;
}

apr_status_t ms_store_rename(const ms_db_ctx *ctx, const char *user, const char *id,
                             const char *name, apr_int64_t now, int *renamed)
{
    const void *args[] = {name, ctx->store->realm, user, &now, id};
    newer_change result = {0, 0};
    const apr_status_t rv = run(ctx, MS_SQL_RENAME, args, execute_if_new, &result);

    *renamed = result.changed > 0;
    if (rv != APR_SUCCESS || *renamed) {
        return rv;
    }
    return result.is_too_old ? APR_ENOTIMPL : is_live_of(ctx, user, id, now, renamed);
}

/* If the connection broke after the row was committed, the second try was a duplicate. */
static int is_inserted(const ms_db_ctx *ctx, const ms_row *row)
{
    const ms_row *there = NULL;

    return ms_store_find(ctx, row->id, row->created_at, &there) == APR_SUCCESS && there &&
           strcmp(there->secret_hash, row->secret_hash) == 0;
}

apr_status_t ms_store_insert(const ms_db_ctx *ctx, const ms_row *row)
{
    const void **args = ms_columns_args(ctx->p, row, ctx->store->realm);
    apr_int64_t inserted = 0;
    const apr_status_t rv = run(ctx, MS_SQL_INSERT, args, ms_result_change, &inserted);

    return rv != APR_SUCCESS && is_inserted(ctx, row) ? APR_SUCCESS : rv;
}

apr_status_t ms_store_insert_app(const ms_db_ctx *ctx, const ms_row *row)
{
    const void **args = ms_columns_args(ctx->p, row, ctx->store->realm);
    newer_change result = {0, 0};
    const apr_status_t rv = run(ctx, MS_SQL_INSERT, args, execute_if_new, &result);

    if (rv != APR_SUCCESS) {
        return is_inserted(ctx, row) ? APR_SUCCESS : rv;
    }
    return result.is_too_old ? APR_ENOTIMPL : APR_SUCCESS;
}

apr_status_t ms_store_touch(const ms_db_ctx *ctx, const ms_row *row, const char *ip,
                            const char *agent, apr_int64_t now, apr_int64_t expires,
                            apr_int64_t interval, apr_int64_t *touched)
{
    const apr_int64_t before = now - interval;
    const char *realm = ctx->store->realm;
    const void *args[] = {&now, ip, &expires, row->id, realm, &now, &before, &expires};
    const void *of_app[] = {&now, ip, agent, row->id, realm, &now, &before};
    const apr_status_t rv = agent ? run(ctx, MS_SQL_TOUCH_APP, of_app, ms_result_change, touched)
                                  : run(ctx, MS_SQL_TOUCH, args, ms_result_change, touched);

    if (rv != APR_SUCCESS) {
        apr_atomic_set32(&ctx->store->touches_paused_until, (apr_uint32_t)(now + TOUCH_PAUSE));
    }
    return rv;
}

int ms_store_is_touch_paused(const ms_store *store, apr_int64_t now)
{
    const apr_int64_t left =
        (apr_int64_t)apr_atomic_read32((volatile apr_uint32_t *)&store->touches_paused_until) - now;

    return left > 0 && left <= TOUCH_PAUSE; /* more: the clock was set back */
}

apr_status_t ms_store_count(const ms_db_ctx *ctx, const char *user, apr_int64_t now, apr_int64_t *n)
{
    const void *args[] = {ctx->store->realm, user, &now};

    return run(ctx, MS_SQL_COUNT, args, ms_result_number, n);
}

apr_status_t ms_store_count_kind(const ms_db_ctx *ctx, const char *user, ms_kind kind,
                                 apr_int64_t now, apr_int64_t *n)
{
    const void *args[] = {ctx->store->realm, user, &now};

    return run(ctx, kind == MS_KIND_APP ? MS_SQL_COUNT_APPS : MS_SQL_COUNT_BROWSERS, args,
               ms_result_number, n);
}

static int number_if_new(ms_connection *c, ms_sql which, const void **args, void *n)
{
    return c->schema < 2 ? 0 : ms_result_number(c, which, args, n);
}

apr_status_t ms_store_count_apps_named(const ms_db_ctx *ctx, const char *user, const char *name,
                                       const char *except, apr_int64_t now, apr_int64_t *n)
{
    const void *args[] = {ctx->store->realm, user, &now, name, except ? except : ""};

    *n = 0;
    return run(ctx, MS_SQL_COUNT_APPS_NAMED, args, number_if_new, n);
}

apr_status_t ms_store_latest(const ms_db_ctx *ctx, const char *user, apr_int64_t now,
                             apr_int64_t least, apr_int64_t *created_at)
{
    const void *args[] = {&least, ctx->store->realm, user, &now};
    const apr_status_t rv = run(ctx, MS_SQL_LATEST, args, ms_result_number, created_at);

    if (rv == APR_SUCCESS && *created_at >= now + CLOCKS_DIFFER) {
        *created_at = 0;
    }
    return rv;
}

/* ---- end --------------------------------------------------------------------------------------
 */

static const char *reason_in_words(ms_end_reason reason)
{
    static const char *const words[] = {[MS_END_REVOKED] = "revoked",
                                        [MS_END_SIGNED_OUT] = "signed_out",
                                        [MS_END_REPLACED] = "replaced",
                                        [MS_END_REAUTHENTICATED] = "reauthenticated",
                                        [MS_END_EVICTED] = "evicted"};

    return words[reason];
}

static apr_status_t end(const ms_db_ctx *ctx, ms_sql which, const ms_scope *scope,
                        const void *const *args, apr_size_t n, apr_int64_t *ended)
{
    const void **all = apr_palloc(ctx->p, sizeof(*all) * (MS_SQL_END_ARGS + n));

    all[0] = reason_in_words(scope->reason);
    all[1] = scope->by;
    memcpy(all + MS_SQL_END_ARGS, args, sizeof(*all) * n);
    return run(ctx, which, all, ms_result_change, ended);
}

static ms_sql end_of_user(const ms_scope *scope)
{
    if (scope->kind == MS_SCOPE_ID) {
        return MS_SQL_END;
    }
    if (scope->browsers_only) {
        return scope->except ? MS_SQL_END_OTHER_BROWSERS : MS_SQL_END_BROWSERS;
    }
    return scope->except ? MS_SQL_END_OTHERS : MS_SQL_END_ALL;
}

static apr_status_t revoke_of_user(const ms_db_ctx *ctx, const ms_scope *scope, apr_int64_t now,
                                   apr_int64_t *revoked)
{
    const char *id = scope->kind == MS_SCOPE_ID ? scope->id : scope->except;
    const void *args[] = {ctx->store->realm, scope->user, &now, id};

    return end(ctx, end_of_user(scope), scope, args, sizeof(args) / sizeof(args[0]), revoked);
}

static apr_status_t revoke_of_ip(const ms_db_ctx *ctx, const ms_scope *scope, apr_int64_t now,
                                 apr_int64_t *revoked)
{
    const char *realm = ctx->store->realm;
    const void *args[] = {realm, scope->ip, &now, realm, scope->ip, &now};

    return end(ctx, MS_SQL_END_OF_IP, scope, args, sizeof(args) / sizeof(args[0]), revoked);
}

static apr_status_t revoke_of_realm(const ms_db_ctx *ctx, const ms_scope *scope, apr_int64_t now,
                                    apr_int64_t *revoked)
{
    const apr_int64_t batch = REVOKE_BATCH;
    const void *args[] = {ctx->store->realm, &now, &batch, &now};

    return end(ctx, MS_SQL_END_OF_REALM, scope, args, sizeof(args) / sizeof(args[0]), revoked);
}

static apr_status_t revoke_older(const ms_db_ctx *ctx, const ms_scope *scope, apr_int64_t now,
                                 apr_int64_t *revoked)
{
    const apr_int64_t batch = REVOKE_BATCH;
    const char *realm = ctx->store->realm;
    const void *args[] = {realm, &now, &scope->before, &batch, realm, &now, &scope->before};

    return end(ctx, MS_SQL_END_OLDER, scope, args, sizeof(args) / sizeof(args[0]), revoked);
}

static apr_status_t revoke_excess(const ms_db_ctx *ctx, const ms_scope *scope, apr_int64_t now,
                                  apr_int64_t *revoked)
{
    /* A row that a clock set wrong has dated far ahead must not be the newest for good. */
    const apr_int64_t latest = now + CLOCKS_DIFFER;
    const char *realm = ctx->store->realm, *user = scope->user;
    const char *id = scope->except ? scope->except : "";
    const void *args[] = {realm, user,  &now, id,   realm,   user,         &now,
                          id,    realm, user, &now, &latest, &scope->limit};

    return end(ctx, MS_SQL_EVICT, scope, args, sizeof(args) / sizeof(args[0]), revoked);
}

static apr_status_t revoke_if_over(const ms_db_ctx *ctx, const ms_scope *scope, apr_int64_t now,
                                   apr_int64_t *revoked)
{
    const char *realm = ctx->store->realm;
    const void *args[] = {scope->id, realm, &now, realm, scope->user, &now, &scope->limit};
    apr_status_t rv = end(ctx, scope->is_app ? MS_SQL_END_OVER_APPS : MS_SQL_END_OVER, scope, args,
                          sizeof(args) / sizeof(args[0]), revoked);

    if (rv == APR_SUCCESS && *revoked == 0) {
        /* If the first try succeeded but its result was lost, the second finds nothing to do. */
        const ms_row *there;

        rv = ms_store_find(ctx, scope->id, now, &there);
        *revoked = rv == APR_SUCCESS && !there;
    }
    return rv;
}

apr_status_t ms_store_revoke(const ms_db_ctx *ctx, const ms_scope *scope, apr_int64_t now,
                             apr_int64_t *revoked)
{
    switch (scope->kind) {
    case MS_SCOPE_ID:
    case MS_SCOPE_USER:
        return revoke_of_user(ctx, scope, now, revoked);
    case MS_SCOPE_IP:
        return revoke_of_ip(ctx, scope, now, revoked);
    case MS_SCOPE_REALM:
        return revoke_of_realm(ctx, scope, now, revoked);
    case MS_SCOPE_OLDER:
        return revoke_older(ctx, scope, now, revoked);
    case MS_SCOPE_EXCESS:
        return revoke_excess(ctx, scope, now, revoked);
    case MS_SCOPE_OVER:
        return revoke_if_over(ctx, scope, now, revoked);
    }
    return APR_EINVAL;
}

apr_status_t ms_store_has_place(const ms_db_ctx *ctx, const char *user, const char *alias,
                                const char *ip, int *has)
{
    const char *realm = ctx->store->realm, *like = ms_network_like(ctx->p, ip);
    const void *args[] = {realm, user, alias, like, realm, user, alias, like};
    apr_array_header_t *rows = apr_array_make(ctx->p, 1, sizeof(const ms_row *));
    apr_status_t rv = like ? run(ctx, MS_SQL_PLACES, args, ms_result_places, rows) : APR_SUCCESS;

    *has = 0;
    for (int i = 0; rv == APR_SUCCESS && i < rows->nelts && !*has; i++) {
        *has = ms_network_is_same(ctx->p, ip, APR_ARRAY_IDX(rows, i, const ms_row *)->last_ip);
    }
    return rv;
}

apr_status_t ms_store_cleanup(const ms_db_ctx *ctx, apr_int64_t now, apr_int64_t most,
                              apr_int64_t *deleted)
{
    const void *args[] = {&now, &most, &now};

    return run(ctx, MS_SQL_CLEANUP, args, ms_result_change, deleted);
}

apr_status_t ms_store_cleanup_ended(const ms_db_ctx *ctx, apr_int64_t before, apr_int64_t most,
                                    apr_int64_t *deleted)
{
    const void *args[] = {&before, &most, &before};

    return run(ctx, MS_SQL_CLEANUP_ENDED, args, ms_result_change, deleted);
}

/* ---- any user's sessions ----------------------------------------------------------------------
 */

apr_status_t ms_store_newest(const ms_db_ctx *ctx, const ms_search *search, apr_int64_t now,
                             apr_array_header_t **rows)
{
    const char *realm = ctx->store->realm, *id = search->before_id ? search->before_id : "";
    const apr_int64_t before = search->before_id ? search->before : APR_INT64_MAX;

    if (search->user) {
        const void *args[] = {realm, search->user, &now, &before, &before, id};

        return select_rows(ctx, MS_SQL_NEWEST_OF_USER, args, rows);
    }
    if (search->ip) {
        const void *args[] = {realm, search->ip, &now, &before, &before, id,
                              realm, search->ip, &now, &before, &before, id};

        return select_rows(ctx, MS_SQL_NEWEST_OF_IP, args, rows);
    }
    const void *args[] = {realm, &now, &before, &before, id, realm};

    return select_rows(ctx, MS_SQL_NEWEST, args, rows);
}

apr_status_t ms_store_newest_ended(const ms_db_ctx *ctx, apr_int64_t before, const char *before_id,
                                   apr_int64_t now, apr_array_header_t **rows)
{
    const char *id = before_id ? before_id : "";
    const apr_int64_t end = before_id ? before : APR_INT64_MAX;
    const void *args[] = {ctx->store->realm, &end, &end, id, &now};

    return select_rows(ctx, MS_SQL_NEWEST_ENDED, args, rows);
}

apr_status_t ms_store_count_of_ip(const ms_db_ctx *ctx, const char *ip, apr_int64_t now,
                                  apr_int64_t *n)
{
    const char *realm = ctx->store->realm;
    const void *args[] = {realm, ip, &now, realm, ip, &now, ip};

    return run(ctx, MS_SQL_COUNT_OF_IP, args, ms_result_number, n);
}

apr_status_t ms_store_count_of_realm(const ms_db_ctx *ctx, apr_int64_t now, apr_int64_t *n)
{
    const void *args[] = {ctx->store->realm, &now};

    return run(ctx, MS_SQL_COUNT_OF_REALM, args, ms_result_number, n);
}

/* ---- for other callers of statements ----------------------------------------------------------
 */

apr_status_t ms_store_run(const ms_db_ctx *ctx, ms_sql which, const void **args,
                          ms_result_fn *execute, void *result)
{
    return run(ctx, which, args, execute, result);
}

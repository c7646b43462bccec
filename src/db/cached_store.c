/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order matters: the cache is invalidated after the table has changed and before the caller
 * returns. It is invalidated after an error too, which may hide a change that was made, and also
 * before the change, in case the child is killed between the two. docs/lookup-cache.md has the
 * argument.
 */
#include "db/cached_store.h"

#include <string.h>
#include <apr_shm.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_log.h>
#include "core/clock.h"
#include "core/utf8.h"
#include "core/version.h"
#include "db/feed_board.h"
#include "db/store_private.h"
#include "http/counters.h"

APLOG_USE_MODULE(managed_session);

/* The number is increased when the layout of the memory changes within a version. */
#define RETAINED "mod_managed_session " MS_VERSION " cache 6"

/* Lives as long as httpd's parent. */
typedef struct retained {
    apr_shm_t *shm;
    apr_size_t entries;
} retained;

static ms_cache *cache;      /* process-wide, set at start; NULL: none */
static ms_feed_board *board; /* the same, in the same memory */

static retained *get_retained(void)
{
    retained *kept = ap_retained_data_get(RETAINED);

    return kept ? kept : ap_retained_data_create(RETAINED, sizeof(*kept));
}

/* Old children may still use it, and it is not invalidated any more. */
static void drop_memory(retained *kept)
{
    ms_cache *old;

    if (ms_shm_cache_create(&old, apr_shm_baseaddr_get(kept->shm), kept->entries) == APR_SUCCESS) {
        ms_shm_cache_close(old);
    }
    apr_shm_destroy(kept->shm);
    kept->shm = NULL;
    kept->entries = 0;
}

/* The cache, and behind it the board of the feed: a poll that is published has been applied to this
 * cache and no other. */
static ms_feed_board *board_of(const retained *kept)
{
    return (void *)((char *)apr_shm_baseaddr_get(kept->shm) + ms_shm_cache_size(kept->entries));
}

static apr_status_t make_memory(server_rec *s, retained *kept, apr_size_t entries)
{
    const apr_size_t size = ms_shm_cache_size(entries) + ms_feed_board_size();
    apr_status_t rv;

    if (kept->shm) {
        drop_memory(kept);
    }
    rv = apr_shm_create(&kept->shm, size, NULL, s->process->pool);
    if (rv == APR_SUCCESS) {
        kept->entries = entries; /* the memory is zero, and not touched until it is used */
    }
    return rv;
}

void ms_cached_store_init(server_rec *s, apr_size_t entries)
{
    retained *kept = get_retained();
    apr_status_t rv = APR_SUCCESS;

    cache = NULL;
    board = NULL;
    if (entries == 0) {
        /* The cache is off, but old children may still use it, so keep invalidating it. */
        entries = kept->entries;
    }
    if (entries == 0) {
        return;
    }
    if (!kept->shm || kept->entries != entries) {
        rv = make_memory(s, kept, entries);
    }
    if (rv == APR_SUCCESS) {
        rv = ms_shm_cache_create(&cache, apr_shm_baseaddr_get(kept->shm), entries);
    }
    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, rv, s,
                     "MS0063: no shared memory for the look-up cache: every request queries the "
                     "database; a smaller ManagedSessionCacheEntries needs less");
        return;
    }
    board = board_of(kept);
}

void ms_cached_store_feed(ms_store *store)
{
    store->feed = board ? ms_feed_board_place(board, store->table_tag) : NULL;
    if (board && !store->feed) {
        ap_log_error(
            APLOG_MARK, APLOG_WARNING, 0, store->server,
            "MS0198: since httpd was started it has used more than %d session tables; "
            "sessions of table \"%s\" are looked up once in ManagedSessionCacheTTL; restart "
            "httpd (not gracefully) if it uses fewer now",
            MS_FEED_TABLES, store->table);
    }
}

void ms_cached_store_child_init(void)
{
    if (cache) {
        ms_shm_cache_child_init(cache);
    }
}

/* ---- find and touch ---------------------------------------------------------------------------
 */

static ms_shm_cache_key key_of(const ms_db_ctx *ctx, const ms_lookup *found)
{
    const ms_shm_cache_key key = {ms_store_tag(ctx->store), found->token};

    return key;
}

/* How old an entry may be, in milliseconds. When the last poll began is read before the entry is:
 * what that poll invalidated is seen then. */
static apr_int64_t age_limit(const ms_store *store, apr_int64_t now, apr_int64_t ttl,
                             apr_int64_t life)
{
    const apr_int64_t began = store->feed ? ms_feed_place_began(store->feed) : 0;

    return life > ttl && began && now >= began && now - began <= ttl ? life : ttl;
}

static const ms_row *get(const ms_db_ctx *ctx, apr_int64_t now, apr_int64_t life, ms_lookup *found)
{
    const ms_shm_cache_key key = key_of(ctx, found);
    const apr_int64_t steady = ms_clock_steady_ms();
    const ms_row *row;

    found->age_limit = age_limit(ctx->store, steady, found->ttl, life);
    row = ms_shm_cache_get(cache, &key, steady, found->age_limit, ctx->p, &found->ticket);
    /* If it has expired, a request to another host may have extended it: query. */
    return row && row->expires_at > now ? row : NULL;
}

/* The row that the table has for the id of a token. It counts only if the secret matches. */
static void take_row(const ms_db_ctx *ctx, const ms_row *row, ms_lookup *found)
{
    char hash[MS_HASH_LEN + 1];

    ms_token_hash(found->token, hash, ctx->p);
    if (!ms_token_hash_equal(hash, row->secret_hash)) {
        return;
    }
    found->row = row;
    if (found->ttl && ms_utf8_is_user_name(row->user)) {
        const ms_shm_cache_key key = key_of(ctx, found);

        if (!ms_shm_cache_put(cache, &key, row, &found->ticket)) {
            found->ttl = 0; /* a touch must not cache a session that has ended */
        }
        ms_count(MS_COUNT_CACHE_DISPLACED, found->ticket.displaced);
    }
}

static apr_status_t query_one(const ms_db_ctx *ctx, apr_int64_t now, ms_lookup *found)
{
    const ms_row *row;
    const apr_status_t rv = ms_store_find(ctx, found->token->id, now, &row);

    if (rv == APR_SUCCESS && row) {
        take_row(ctx, row, found);
    }
    return rv;
}

static apr_status_t query_many(const ms_db_ctx *ctx, apr_int64_t now, ms_lookup *const *missing,
                               int n)
{
    const char *ids[MS_FIND_MAX];
    apr_array_header_t *rows;
    apr_status_t rv;

    for (int i = 0; i < n; i++) {
        ids[i] = missing[i]->token->id;
    }
    rv = ms_store_find_any(ctx, ids, n, now, &rows);
    for (int i = 0; rv == APR_SUCCESS && i < n * rows->nelts; i++) {
        const ms_row *row = APR_ARRAY_IDX(rows, i / n, const ms_row *);
        ms_lookup *found = missing[i % n];

        if (strcmp(row->id, found->token->id) == 0) {
            take_row(ctx, row, found);
        }
    }
    return rv;
}

static apr_status_t query_table(const ms_db_ctx *ctx, apr_int64_t now, ms_lookup *const *missing,
                                int n)
{
    for (int i = 0; i < n; i++) {
        if (missing[i]->ttl) {
            const apr_int64_t steady = ms_clock_steady_ms();

            ms_shm_cache_begin_fill(cache, missing[i]->token->id, steady, &missing[i]->ticket);
            missing[i]->ticket.useful_since = steady - missing[i]->age_limit;
        }
    }
    if (n == 0) {
        return APR_SUCCESS;
    }
    return n == 1 ? query_one(ctx, now, missing[0]) : query_many(ctx, now, missing, n);
}

apr_status_t ms_cached_store_find(const ms_db_ctx *ctx, const ms_token *tokens, int n,
                                  apr_int64_t now, apr_int64_t ttl, apr_int64_t life,
                                  ms_lookup *found)
{
    ms_lookup *missing[MS_FIND_MAX];
    int missing_n = 0;

    for (int i = 0; i < n; i++) {
        found[i].ttl = cache ? ttl * 1000 : 0;
        found[i].token = &tokens[i];
        found[i].row = found[i].ttl ? get(ctx, now, life * 1000, &found[i]) : NULL;
        found[i].is_cached = found[i].row != NULL;
        if (!found[i].is_cached) {
            missing[missing_n++] = &found[i];
        }
    }
    ms_count(MS_COUNT_LOOKUPS, n);
    ms_count(MS_COUNT_CACHE_HITS, n - missing_n);
    return query_table(ctx, now, missing, missing_n);
}

static void update(const ms_db_ctx *ctx, const ms_lookup *found, const ms_row *row)
{
    if (found->ttl) {
        const ms_shm_cache_key key = key_of(ctx, found);

        ms_shm_cache_update(cache, &key, row, &found->ticket);
    }
}

apr_status_t ms_cached_store_touch(const ms_db_ctx *ctx, const ms_lookup *found, const char *ip,
                                   const char *agent, apr_int64_t now, apr_int64_t expires,
                                   apr_int64_t interval, apr_int64_t *touched)
{
    ms_row row = *found->row;
    apr_status_t rv;

    row.last_seen_at = now;
    update(ctx, found, &row);
    rv = ms_store_touch(ctx, found->row, ip, agent, now, expires, interval, touched);
    if (rv == APR_SUCCESS && *touched > 0) {
        row.expires_at = expires;
        update(ctx, found, &row);
    }
    else if (rv == APR_SUCCESS && cache) {
        /* It has been deleted, or used through another host: look it up again. */
        ms_shm_cache_invalidate_id(cache, found->row->id);
    }
    return rv;
}

int ms_cached_store_queue_touch(const ms_db_ctx *ctx, const ms_lookup *found, const char *ip,
                                apr_int64_t now, apr_int64_t expires, apr_int64_t interval)
{
    ms_queued_touch touch = {.seen = now, .due = now - interval, .expires = expires};
    ms_row row = *found->row;

    if (!ctx->store->feed || interval < MS_TOUCH_QUEUE_LEAST || strlen(ip) > MS_TOUCH_IP_MAX) {
        return 0;
    }
    apr_cpystrn(touch.id, row.id, sizeof(touch.id));
    apr_cpystrn(touch.ip, ip, sizeof(touch.ip));
    if (!ms_touch_queue_add(ms_feed_place_touches(ctx->store->feed),
                            ms_feed_place_number(ctx->store->feed), &touch, ms_clock_steady_ms())) {
        return 0;
    }
    row.last_seen_at = now;
    row.expires_at = expires;
    update(ctx, found, &row);
    return 1;
}

/* ---- revoke ----------------------------------------------------------------------------------
 */

static int is_of_one(const ms_scope *scope)
{
    return scope->kind == MS_SCOPE_ID || scope->kind == MS_SCOPE_OVER;
}

static void invalidate(const ms_scope *scope)
{
    if (cache && is_of_one(scope)) {
        ms_shm_cache_invalidate_id(cache, scope->id);
    }
    else if (cache && scope->user) {
        ms_shm_cache_invalidate_user(cache, scope->user);
    }
    else if (cache) {
        ms_shm_cache_invalidate_all(cache);
    }
}

static apr_status_t revoke_batch(const ms_db_ctx *ctx, const ms_scope *scope, apr_int64_t now,
                                 apr_int64_t *revoked)
{
    ms_db_ctx batch = *ctx;
    apr_status_t rv;

    *revoked = 0;
    apr_pool_create(&batch.p, ctx->p);
    invalidate(scope);
    rv = ms_store_revoke(&batch, scope, now, revoked);
    invalidate(scope);
    apr_pool_destroy(batch.p);
    return rv;
}

/* A realm is revoked in batches. A batch may be short because its statement was tried twice, so
 * only an empty batch is the last one. */
apr_status_t ms_cached_store_revoke(const ms_db_ctx *ctx, const ms_scope *scope, apr_int64_t now,
                                    apr_int64_t *revoked)
{
    apr_int64_t n;
    apr_status_t rv;

    *revoked = 0;
    do {
        rv = revoke_batch(ctx, scope, now, &n);
        *revoked += n;
    } while ((scope->kind == MS_SCOPE_REALM || scope->kind == MS_SCOPE_OLDER) &&
             rv == APR_SUCCESS && n > 0);
    return rv;
}

apr_int64_t ms_cached_store_feed_age(const ms_store *store)
{
    const apr_int64_t began = store->feed ? ms_feed_place_began(store->feed) : 0;
    const apr_int64_t age = began ? ms_clock_steady_ms() - began : -1;

    return began && age < 0 ? 0 : age; /* published by another process a moment ago */
}

void ms_cached_store_forget(const char *id)
{
    ms_shm_cache_invalidate_id(cache, id);
}

void ms_cached_store_forget_all(void)
{
    ms_shm_cache_invalidate_all(cache);
}

apr_uint64_t ms_cached_store_endings(const char *id, const char *user)
{
    return cache ? 1 + ms_shm_cache_endings(cache, id, user) : 0;
}

apr_uint64_t ms_cached_store_endings_before(const ms_lookup *found)
{
    return found->ttl ? 1 + found->ticket.generation : 0;
}

apr_int64_t ms_cached_store_age_limit(const ms_store *store, apr_int64_t ttl, apr_int64_t life)
{
    return cache && ttl > 0 ? age_limit(store, ms_clock_steady_ms(), ttl * 1000, life * 1000) : 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The live sessions: the table, with the look-up cache in front of it. Sessions are revoked through
 * this file only, so that the cache is invalidated before the caller returns. Statuses are those of
 * store.h.
 */
#ifndef MS_CACHED_STORE_H
#define MS_CACHED_STORE_H

#include <httpd.h>
#include "db/shm_cache.h"
#include "db/store.h"
#include "core/token.h"

/* The result of a look-up. */
typedef struct ms_lookup {
    const ms_row *row; /* NULL: there is none. From the cache it has what ms_shm_cache_get() says */
    int is_cached;     /* it was in the cache; then ms_utf8_is_user_name() is true for its user */
    const ms_token *token;
    apr_int64_t ttl;       /* milliseconds; 0: the cache is not used */
    apr_int64_t age_limit; /* milliseconds: how old an entry may be at this moment */
    ms_shm_cache_ticket ticket;
} ms_lookup;

/**
 * At start: create the shared memory. It outlives graceful restarts: old children may still use it,
 * so it must still be invalidated. If its size changes, they query the table instead.
 * @param entries  sessions; 0: no cache, but one of before is still invalidated
 */
void ms_cached_store_init(server_rec *s, apr_size_t entries);

/** At start, after that: the table of this store is polled by the feed (feed.h), so that its
 * entries may live long. */
void ms_cached_store_feed(ms_store *store);

/** Milliseconds since the last complete poll of the feed began; -1: the table is not polled, or has
 * not been yet. */
apr_int64_t ms_cached_store_feed_age(const ms_store *store);

/** In each child. */
void ms_cached_store_child_init(void);

/**
 * The live sessions of several tokens, their secrets compared. What the cache does not know is
 * looked up in the table in one statement.
 * @param tokens  live as long as found is used
 * @param n       how many there are, 1 to MS_FIND_MAX
 * @param ttl     seconds for which a cached row may be used; 0: query the table
 * @param life    the same while the last complete poll of the feed began at most ttl ago
 * @param found   out: one for each token
 */
apr_status_t ms_cached_store_find(const ms_db_ctx *ctx, const ms_token *tokens, int n,
                                  apr_int64_t now, apr_int64_t ttl, apr_int64_t life,
                                  ms_lookup *found);

/** As ms_store_touch(); requests that arrive meanwhile do not write it too. */
apr_status_t ms_cached_store_touch(const ms_db_ctx *ctx, const ms_lookup *found, const char *ip,
                                   const char *agent, apr_int64_t now, apr_int64_t expires,
                                   apr_int64_t interval, apr_int64_t *touched);

#define MS_TOUCH_QUEUE_LEAST 5 /* seconds */

/**
 * Let the process that polls the feed write a touch, within about a second, with those of others.
 * The touch must not be urgent: if this host crashes before, it is lost.
 * @param interval  as for ms_store_touch(); none is left to that process if it is less than
 * MS_TOUCH_QUEUE_LEAST
 * @return 0: no process writes touches at present, or it has enough of them: write this one
 */
int ms_cached_store_queue_touch(const ms_db_ctx *ctx, const ms_lookup *found, const char *ip,
                                apr_int64_t now, apr_int64_t expires, apr_int64_t interval);

/**
 * As ms_store_revoke(), and the look-up cache does not return what was revoked, even if the status
 * is an error. The only function that ends sessions.
 * @param revoked  out: how many were revoked, of MS_SCOPE_REALM too, and also after an error
 */
apr_status_t ms_cached_store_revoke(const ms_db_ctx *ctx, const ms_scope *scope, apr_int64_t now,
                                    apr_int64_t *revoked);

/** That session has ended in the table; or it is not known which have. */
void ms_cached_store_forget(const char *id);
void ms_cached_store_forget_all(void);

/**
 * A number that goes up whenever that session may have ended: at once if it was ended through this
 * host, else when the feed has read it. It never goes down, and goes up without cause at times:
 * query the table then.
 * @return 0, always, if there is no cache
 */
apr_uint64_t ms_cached_store_endings(const char *id, const char *user);

/**
 * For how many milliseconds, at this moment, a row may be used that was found in the cache.
 * @param ttl, life  seconds, as for ms_cached_store_find()
 * @return 0: there is no cache
 */
apr_int64_t ms_cached_store_age_limit(const ms_store *store, apr_int64_t ttl, apr_int64_t life);

/** What that number was when a row was found; 0: that is not known. */
apr_uint64_t ms_cached_store_endings_before(const ms_lookup *found);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The look-up cache: rows that were live when they were read, in memory that all children share.
 * It is read without a lock, and a child that is killed while it writes leaves no slot unusable.
 * Knows apr only.
 *
 * It returns what the table returned less than a time to live ago. If that session, or one of that
 * user, has been invalidated since, it returns nothing: from the moment on at which
 * ms_shm_cache_invalidate_id() or ..._user() returns, and also if a look-up of the row was under
 * way.
 */
#ifndef MS_SHM_CACHE_H
#define MS_SHM_CACHE_H

#include <apr_pools.h>
#include "core/row.h"
#include "core/token.h"

#define MS_SHM_CACHE_STORE_LEN 16 /* bytes that identify a table and a realm */

typedef struct ms_cache ms_cache;

/* What is looked up: all of it is compared. */
typedef struct ms_shm_cache_key {
    const unsigned char *store; /* MS_SHM_CACHE_STORE_LEN bytes */
    const ms_token *token;
} ms_shm_cache_key;

/* When a row was read, and how many invalidations there had been by then. */
typedef struct ms_shm_cache_ticket {
    apr_int64_t read_at;        /* milliseconds of a monotonic clock, before the query */
    apr_uint64_t invalidations; /* of any user, and */
    apr_uint64_t of_id;         /* of the session's id: before the query */
    apr_uint64_t generation;    /* of the row, see ms_shm_cache_endings() */
    apr_int64_t useful_since;   /* entries read before that are of no use any more; may be set */
    int displaced; /* after ms_shm_cache_put(): a useful entry of another session was */
} ms_shm_cache_ticket;

/** Bytes of shared memory for that many rows. */
apr_size_t ms_shm_cache_size(apr_size_t entries);

/**
 * Initialize a cache in shared memory that is all zero, or use the one that is there. A process
 * uses the one that it created last.
 * @param memory  ms_shm_cache_size() bytes, aligned in any way
 * @return APR_SUCCESS, or the error of apr_generate_random_bytes()
 */
apr_status_t ms_shm_cache_create(ms_cache **cache, void *memory, apr_size_t entries);

/** In each new child, before it has threads: slots that a process with this child's process id was
 * writing when it died can be written again. */
void ms_shm_cache_child_init(ms_cache *cache);

/** From now on nothing is found. */
void ms_shm_cache_close(ms_cache *cache);

/**
 * Look a row up.
 * @param now     milliseconds, of the clock of read_at
 * @param ttl     milliseconds
 * @param p       the row and its strings live here; nothing is allocated if none is found. It
 *                has no addresses, user agent, label or hash of the secret
 * @param ticket  out: for ms_shm_cache_update()
 * @return the row as it was read; NULL: query the table
 */
const ms_row *ms_shm_cache_get(ms_cache *cache, const ms_shm_cache_key *key, apr_int64_t now,
                               apr_int64_t ttl, apr_pool_t *p, ms_shm_cache_ticket *ticket);

/** Before the query of the row of that id, which may be put into the cache. */
void ms_shm_cache_begin_fill(ms_cache *cache, const char *id, apr_int64_t now,
                             ms_shm_cache_ticket *ticket);

/**
 * Store a row that was read after ms_shm_cache_begin_fill(), unless its user name is too long.
 * @return whether ticket can be used for ms_shm_cache_update() afterwards. If not, a session has
 * been revoked meanwhile, perhaps this one, and the row is not stored
 */
int ms_shm_cache_put(ms_cache *cache, const ms_shm_cache_key *key, const ms_row *row,
                     ms_shm_cache_ticket *ticket);

/** Store what has changed of a row since it was found. The entry does not live longer for that. */
void ms_shm_cache_update(ms_cache *cache, const ms_shm_cache_key *key, const ms_row *row,
                         const ms_shm_cache_ticket *ticket);

/** That session has ended in the table, of any store: from now on no row of it is returned
 * that was read before. */
void ms_shm_cache_invalidate_id(ms_cache *cache, const char *id);

/** Sessions of that user were revoked in the table: from now on no row of the user is returned that
 * was read before. */
void ms_shm_cache_invalidate_user(ms_cache *cache, const char *user);

/** The same for all users, if it is not known whose sessions were revoked. */
void ms_shm_cache_invalidate_all(ms_cache *cache);

/**
 * A number that goes up whenever that session is invalidated, by its id, with its user's or with
 * all; and at times without cause, since sessions share counters. It never goes down.
 */
apr_uint64_t ms_shm_cache_endings(ms_cache *cache, const char *id, const char *user);

#endif

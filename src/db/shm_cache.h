/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The look-up cache: rows that were live when they were read, in memory that all children share.
 * It is read without a lock, and a child that is killed in the middle of writing leaves nothing
 * that others could not use again. Knows apr only.
 *
 * What it answers is what the table answered, less than a time to live ago, unless somebody has
 * ended a session of that user through this host since: then it answers nothing, from the moment
 * on at which ms_shm_cache_forget_user() returns, and also where a look-up of the row was under
 * way.
 */
#ifndef MS_SHM_CACHE_H
#define MS_SHM_CACHE_H

#include <apr_pools.h>
#include "core/row.h"
#include "core/token.h"

#define MS_SHM_CACHE_STORE_LEN 16 /* bytes that tell one table and realm from another */

typedef struct ms_cache ms_cache;

/* What is asked for: all of it is compared. */
typedef struct ms_shm_cache_key {
    const unsigned char *store; /* MS_SHM_CACHE_STORE_LEN bytes */
    const ms_token *token;
} ms_shm_cache_key;

/* When a row was read, and what had been forgotten by then. */
typedef struct ms_shm_cache_ticket {
    apr_int64_t read_at; /* milliseconds of a clock that is never set; before the table was asked */
    apr_uint64_t forgotten;
    apr_uint64_t user_forgotten;
} ms_shm_cache_ticket;

/** Bytes of shared memory for that many rows. */
apr_size_t ms_shm_cache_size(apr_size_t entries);

/**
 * Lay out a cache in shared memory that is all zero, or find it there as it was laid out.
 * @param memory  ms_shm_cache_size() bytes, aligned in any way
 * @return APR_SUCCESS, or the error of apr_generate_random_bytes()
 */
apr_status_t ms_shm_cache_create(ms_cache **cache, void *memory, apr_size_t entries);

/** In each new child: free what a predecessor with this child's process id was writing when it
 * died. */
void ms_shm_cache_child_init(ms_cache *cache);

/** From now on nothing is found nor kept, as long as this process lives. */
void ms_shm_cache_close(ms_cache *cache);

/**
 * Look a row up.
 * @param now     milliseconds, of the clock of read_at
 * @param ttl     milliseconds
 * @param p       the row and its strings live here; nothing is allocated where there is none. It
 *                has what is kept: neither addresses, user agent, label nor the secret's hash
 * @param ticket  to be handed to ms_shm_cache_update()
 * @return the row as it was read; NULL: ask the table
 */
const ms_row *ms_shm_cache_get(ms_cache *cache, const ms_shm_cache_key *key, apr_int64_t now,
                               apr_int64_t ttl, apr_pool_t *p, ms_shm_cache_ticket *ticket);

/** Before the table is asked for a row that may be put into the cache. */
void ms_shm_cache_begin_fill(ms_cache *cache, apr_int64_t now, ms_shm_cache_ticket *ticket);

/**
 * Keep a row, as the table gave it after ms_shm_cache_begin_fill(), unless its user's name is too
 * long.
 * @return whether ticket is good for ms_shm_cache_update() afterwards. Else a session of anybody
 * has been ended meanwhile, perhaps this one, and the row is not kept
 */
int ms_shm_cache_put(ms_cache *cache, const ms_shm_cache_key *key, const ms_row *row,
                     ms_shm_cache_ticket *ticket);

/** Keep what has changed of a row since it was found. It does not live longer for that. */
void ms_shm_cache_update(ms_cache *cache, const ms_shm_cache_key *key, const ms_row *row,
                         const ms_shm_cache_ticket *ticket);

/** A session of that user was ended, in the table: from now on none of hers is answered that was
 * read before. */
void ms_shm_cache_forget_user(ms_cache *cache, const char *user);

/** The same for all users, where it is not known whose sessions were ended. */
void ms_shm_cache_forget_all(ms_cache *cache);

#endif

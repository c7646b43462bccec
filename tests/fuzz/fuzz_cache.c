/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory of the look-up cache, which a stray write of any module may damage. The input is a
 * list of five bytes: where, and what to write there. With any bytes in it the module does not
 * crash, lets no other secret in, and reads no name that is longer than its place.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>
#include "db/shm_cache.h"

#define ENTRIES 4
#define NOW     ((apr_int64_t)1000000)

static const unsigned char store[MS_SHM_CACHE_STORE_LEN] = "a table";
static const ms_token token = {"abcdefghijklmnopqrstuv",
                               "0123456789012345678901234567890123456789012"};
static const ms_token wrong = {"abcdefghijklmnopqrstuv",
                               "0123456789012345678901234567890123456789013"};

static const ms_row *get(ms_cache *cache, const ms_token *of, apr_pool_t *p)
{
    const ms_shm_cache_key key = {store, of};
    ms_shm_cache_ticket ticket;

    return ms_shm_cache_get(cache, &key, NOW, 1000, p, &ticket);
}

static void put(ms_cache *cache)
{
    const ms_shm_cache_key key = {store, &token};
    const ms_row row = {.id = token.id, .user = "alice", .auth_method = "form"};
    ms_shm_cache_ticket ticket;

    ms_shm_cache_begin_fill(cache, token.id, NOW, &ticket);
    ms_shm_cache_put(cache, &key, &row, &ticket);
    ms_shm_cache_update(cache, &key, &row, &ticket);
}

/* Most of the memory is counters; the slots are at its end. */
static void damage(char *memory, apr_size_t size, const char *data, apr_size_t len)
{
    for (; len >= 5; data += 5, len -= 5) {
        const unsigned char *at = (const unsigned char *)data;
        const apr_size_t where = (apr_size_t)at[0] << 16 | (apr_size_t)at[1] << 8 | at[2];

        memory[at[3] & 1 ? size - 1 - where % (ENTRIES * 400) : where % size] = data[4];
    }
}

void fuzz_one(apr_pool_t *p, const char *data, apr_size_t len)
{
    const apr_size_t size = ms_shm_cache_size(ENTRIES), room = (size + 63) / 64 * 64;
    char *memory = aligned_alloc(64, room);
    const ms_row *row;
    ms_cache *cache;

    memset(memory, 0, room);
    FUZZ_CHECK(ms_shm_cache_create(&cache, memory, ENTRIES) == APR_SUCCESS);
    put(cache);
    FUZZ_CHECK(get(cache, &token, p) && !get(cache, &wrong, p));
    damage(memory, size, data, len);
    FUZZ_CHECK(!get(cache, &wrong, p));
    row = get(cache, &token, p);
    FUZZ_CHECK(!row || strlen(row->user) + strlen(row->auth_method) < 256);
    put(cache);
    ms_shm_cache_invalidate_id(cache, token.id);
    ms_shm_cache_invalidate_user(cache, "alice");
    ms_shm_cache_invalidate_all(cache);
    FUZZ_CHECK(!get(cache, &wrong, p));
    free(memory);
}

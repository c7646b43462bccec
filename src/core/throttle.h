/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leaky-bucket rate limiter: a table of fixed size in memory that all children share, without
 * locks. Keys are hashes; users and addresses are the callers' business. Knows apr only.
 */
#ifndef MS_THROTTLE_H
#define MS_THROTTLE_H

#include <apr.h>

/** Bytes that a table needs; they must be all zero at first. */
#define MS_THROTTLE_SIZE ((apr_size_t)65536 * sizeof(apr_uint64_t))

typedef struct ms_rate {
    int count;          /* so many at once ... */
    apr_int64_t period; /* ... or spread over so many seconds */
} ms_rate;

/**
 * Count one for a key if the rate allows it. The count drains evenly. Simultaneous calls count no
 * more than the rate allows.
 * @param memory  MS_THROTTLE_SIZE bytes, shared
 * @param key     a hash
 * @param now     microseconds, as apr_time_now()
 * @return 0: it was counted; else it was not, and is allowed again in so many seconds
 */
apr_int64_t ms_throttle_take(void *memory, apr_uint64_t key, apr_int64_t now, const ms_rate *rate);

/** What ms_throttle_take() would return, without counting. */
apr_int64_t ms_throttle_peek(void *memory, apr_uint64_t key, apr_int64_t now, const ms_rate *rate);

/**
 * Undo one that was counted.
 * @return what was taken off the count, for ms_throttle_lower() with the same rate: less than one
 * if part of it has drained, 0 if nothing is left
 */
apr_int64_t ms_throttle_give_back(void *memory, apr_uint64_t key, apr_int64_t now,
                                  const ms_rate *rate);

/** Reset the count of a key. Returns as above. */
apr_int64_t ms_throttle_forget(void *memory, apr_uint64_t key, apr_int64_t now,
                               const ms_rate *rate);

/** Take what one of the two functions above returned off the count of another key. */
void ms_throttle_lower(void *memory, apr_uint64_t key, apr_int64_t now, const ms_rate *rate,
                       apr_int64_t amount);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often something may go wrong for whom: a table of fixed size in memory that all children
 * share, without locks. Knows nothing of users or addresses; it is given their hashes.
 */
#ifndef MS_THROTTLE_H
#define MS_THROTTLE_H

#include <apr.h>

/** Bytes that a table needs; they must be all zero at first. */
#define MS_THROTTLE_SIZE ((apr_size_t)65536 * sizeof(apr_uint64_t))

typedef struct ms_rate {
    int count;          /* that many at once ... */
    apr_int64_t period; /* ... or spread over that many seconds */
} ms_rate;

/**
 * Count one for a key, where the rate allows another one (a leaky bucket: what was counted drains
 * away evenly). Of keys that come at the same moment no more than the rate allows get through.
 * @param memory  MS_THROTTLE_SIZE bytes, shared
 * @param key     a hash
 * @param now     microseconds, as apr_time_now()
 * @return 0: it was counted; else nothing was, and it will be allowed in so many seconds
 */
apr_int64_t ms_throttle_take(void *memory, apr_uint64_t key, apr_int64_t now, const ms_rate *rate);

/** What ms_throttle_take() would return, without counting. */
apr_int64_t ms_throttle_peek(void *memory, apr_uint64_t key, apr_int64_t now, const ms_rate *rate);

/** Take one back that was counted. */
void ms_throttle_give_back(void *memory, apr_uint64_t key, apr_int64_t now, const ms_rate *rate);

/** Forget everything that was counted for a key. */
void ms_throttle_forget(void *memory, apr_uint64_t key);

#endif

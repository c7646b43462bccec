/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often something happened for a key, and when last: a table of fixed size in memory that all
 * children share, without locks. If it is full, the key that is longest without a count is
 * forgotten. Keys are hashes. Knows apr only.
 */
#ifndef MS_TALLY_H
#define MS_TALLY_H

#include <apr.h>

/** Bytes that a table needs; they must be all zero at first. */
#define MS_TALLY_SIZE ((apr_size_t)32768 * sizeof(apr_uint64_t))

#define MS_TALLY_MAX 1023 /* counts no further */

/** Count one. now: epoch seconds. */
void ms_tally_add(void *memory, apr_uint64_t key, apr_int64_t now);

/**
 * Look up a count.
 * @param last  out: when the last one was counted, in epoch seconds; unchanged if there is none
 * @return 0 to MS_TALLY_MAX
 */
int ms_tally_get(void *memory, apr_uint64_t key, apr_int64_t *last);

/** Count from 0. */
void ms_tally_forget(void *memory, apr_uint64_t key);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long the check of a password takes, measured with users that exist. A site may have several
 * kinds of hashes (bcrypt, apr1, SHA-1 of old accounts), so times are kept in classes, each twice
 * the one before. Shared memory without locks; a lost update loses one sample. Knows apr only.
 */
#ifndef MS_COSTS_H
#define MS_COSTS_H

#include <apr.h>

typedef struct ms_costs ms_costs;

/** Bytes of memory that it needs, all zero at first. */
apr_size_t ms_costs_size(void);

/** A check took so many microseconds. */
void ms_costs_learn(ms_costs *costs, apr_uint32_t took);

/**
 * How long the check of an unknown user should take: the mean of one class, chosen by the hash in
 * proportion to how often the class occurs. One hash keeps its class while the proportions last,
 * as a user would who has that kind of hash.
 * @return microseconds; 0: there are no samples
 */
apr_uint32_t ms_costs_pick(const ms_costs *costs, apr_uint32_t hash);

/** The mean of all, in microseconds; 0: there are no samples. */
apr_uint32_t ms_costs_mean(const ms_costs *costs);

#endif

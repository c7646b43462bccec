/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sums up refused sign-ins for the event log: the first refusal of a key in a period is written as
 * it is, the others are counted and become one line when the period has ended. A table of fixed
 * size in memory that all children share. Knows apr only.
 */
#ifndef MS_REFUSALS_H
#define MS_REFUSALS_H

#include <apr.h>

/* What the summary line repeats of the first refusal. Longer texts are cut. */
typedef struct ms_refusal {
    const void
        *server;      /* a server_rec: children are forked from one parent, so it is valid in all */
    const char *name; /* of the event; a literal, for the same reason */
    const char *reason; /* the same */
    char user[256];
    char method[33];
    char ip[46];
    apr_uint32_t count; /* out: refusals that were not written */
} ms_refusal;

/** Bytes that a table needs; they must be all zero at first. */
apr_size_t ms_refusals_size(void);

/**
 * Count one refusal.
 * @param key      a hash of what was over its limit; never 0
 * @param now      seconds, wall clock
 * @param period   seconds
 * @param refusal  what to keep of it if it is the first
 * @param due      out: a summary to write now; its count is 0 if there is none
 * @return non-zero if this is the first of its key and period: write it
 */
int ms_refusals_is_first(void *memory, apr_uint64_t key, apr_int64_t now, apr_int64_t period,
                         const ms_refusal *refusal, ms_refusal *due);

/**
 * Find the next summary that is due.
 * @param at   in and out: where to continue; 0 at first
 * @param due  out: the summary to write
 * @return 0 if there is no other
 */
int ms_refusals_next_due(void *memory, apr_int64_t now, apr_size_t *at, ms_refusal *due);

#endif

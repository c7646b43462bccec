/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two clocks: the wall clock, by which sessions expire, and one that cannot be set, for times that
 * must not grow when the wall clock is set back. Knows apr only.
 */
#ifndef MS_CLOCK_H
#define MS_CLOCK_H

#include <apr_pools.h>

/** The wall clock: epoch seconds. It alone decides which sessions are live. */
apr_int64_t ms_clock_now(void);

/** Milliseconds since an arbitrary moment, with the time the system slept if it can tell. Never
 * goes back. */
apr_int64_t ms_clock_steady_ms(void);

/**
 * A moment as text (RFC 3339), in UTC: "2026-11-23T14:00:00Z".
 * @param epoch  seconds; the years 0000 to 9999, or the nearer end
 * @return in p
 */
const char *ms_clock_rfc3339(apr_pool_t *p, apr_int64_t epoch);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two clocks: the wall clock, by which sessions expire, and one that cannot be set, for times that
 * must not grow when the wall clock is set back. Knows apr only.
 */
#ifndef MS_CLOCK_H
#define MS_CLOCK_H

#include <apr.h>

/** The wall clock: epoch seconds. It alone decides which sessions are live. */
apr_int64_t ms_clock_now(void);

/** Milliseconds since some moment, time asleep included if the system can tell. Never goes back. */
apr_int64_t ms_clock_steady_ms(void);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CLOCK_BOOTTIME is Linux's; elsewhere a monotonic clock may stand still while the system sleeps.
 */
#include "core/clock.h"

#include <time.h>
#include <apr_time.h>

#ifdef CLOCK_BOOTTIME
#define STEADY CLOCK_BOOTTIME
#else
#define STEADY CLOCK_MONOTONIC
#endif

apr_int64_t ms_clock_now(void)
{
    return apr_time_sec(apr_time_now());
}

apr_int64_t ms_clock_steady_ms(void)
{
    struct timespec t;

    return clock_gettime(STEADY, &t) == 0 ? (apr_int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000 : 0;
}

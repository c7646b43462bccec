/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the choice of the clocks. Only Linux has CLOCK_BOOTTIME; elsewhere a monotonic clock may
 * stand still while the system sleeps.
 */
#include "core/clock.h"

#include <time.h>
#include <apr_strings.h>
#include <apr_time.h>

#ifdef CLOCK_BOOTTIME
#define STEADY CLOCK_BOOTTIME
#else
#define STEADY CLOCK_MONOTONIC
#endif

/* RFC 3339 has four digits for a year: 0000-01-01T00:00:00Z to 9999-12-31T23:59:59Z. */
#define TIME_MIN (-APR_INT64_C(62167219200))
#define TIME_MAX APR_INT64_C(253402300799)

apr_int64_t ms_clock_now(void)
{
    return apr_time_sec(apr_time_now());
}

apr_int64_t ms_clock_steady_ms(void)
{
    struct timespec t;

    return clock_gettime(STEADY, &t) == 0 ? (apr_int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000 : 0;
}

/* The last digits of n and what follows them. @return the end */
static char *put(char *at, int n, int digits, char behind)
{
    for (int i = digits - 1; i >= 0; i--, n /= 10) {
        at[i] = (char)('0' + n % 10);
    }
    at[digits] = behind;
    return at + digits + 1;
}

const char *ms_clock_rfc3339(apr_pool_t *p, apr_int64_t epoch)
{
    char text[sizeof("0000-00-00T00:00:00Z")], *end;
    apr_time_exp_t t;

    if (epoch < TIME_MIN) {
        epoch = TIME_MIN;
    }
    if (epoch > TIME_MAX) {
        epoch = TIME_MAX;
    }
    apr_time_exp_gmt(&t, apr_time_from_sec(epoch));
    end = put(put(put(text, t.tm_year + 1900, 4, '-'), t.tm_mon + 1, 2, '-'), t.tm_mday, 2, 'T');
    end = put(put(put(end, t.tm_hour, 2, ':'), t.tm_min, 2, ':'), t.tm_sec, 2, 'Z');
    return apr_pstrmemdup(p, text, (apr_size_t)(end - text));
}

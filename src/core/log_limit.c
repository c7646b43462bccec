/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One slot per kind: the period of the last line, and how many lines were skipped since.
 */
#include "core/log_limit.h"

#include <apr_atomic.h>
#include <apr_strings.h>

/* Process-wide: the limit is per child. */
static struct {
    volatile apr_uint32_t period; /* seconds since the epoch, divided by the period's length */
    volatile apr_uint32_t skipped;
} slots[MS_LOG_KINDS];

/* Seconds; 0: one. These messages report a fault of the configuration, so a few are enough. */
static const apr_uint32_t lengths[MS_LOG_KINDS] = {
    [MS_LOG_PLAIN_HTTP] = 60,     [MS_LOG_MAYBE_PLAIN_HTTP] = 60, [MS_LOG_CLOSED_MACHINE] = 60,
    [MS_LOG_APP_PLAIN_HTTP] = 60, [MS_LOG_UNLISTED_ORIGIN] = 60,  [MS_LOG_CHECK_BY_FILE] = 60};

int ms_log_limit_pass(ms_log_kind kind, apr_time_t now, apr_uint32_t *skipped)
{
    const apr_uint32_t length = lengths[kind] ? lengths[kind] : 1,
                       period = (apr_uint32_t)apr_time_sec(now) / length,
                       last = apr_atomic_read32(&slots[kind].period);

    if (period == last || apr_atomic_cas32(&slots[kind].period, period, last) != last) {
        apr_atomic_inc32(&slots[kind].skipped);
        return 0;
    }
    *skipped = apr_atomic_xchg32(&slots[kind].skipped, 0);
    return 1;
}

const char *ms_log_limit_suffix(ms_log_kind kind, apr_pool_t *p)
{
    apr_uint32_t skipped;

    if (!ms_log_limit_pass(kind, apr_time_now(), &skipped)) {
        return NULL;
    }
    return skipped ? apr_psprintf(p, " (%u more like this were not logged)", skipped) : "";
}

void ms_log_limit_skip(ms_log_kind kind)
{
    apr_atomic_inc32(&slots[kind].skipped);
}

apr_uint32_t ms_log_limit_skipped(ms_log_kind kind)
{
    return apr_atomic_xchg32(&slots[kind].skipped, 0);
}

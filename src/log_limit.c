/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One slot per kind: the second of the last line, and how many lines were skipped since.
 */
#include "log_limit.h"

#include <apr_atomic.h>
#include <apr_strings.h>

/* Process-wide: the limit is per child. */
static struct {
    volatile apr_uint32_t second;
    volatile apr_uint32_t skipped;
} slots[MS_LOG_KINDS];

int ms_log_limit_pass(ms_log_kind kind, apr_time_t now, apr_uint32_t *skipped)
{
    const apr_uint32_t second = (apr_uint32_t)apr_time_sec(now),
                       last = apr_atomic_read32(&slots[kind].second);

    if (second == last || apr_atomic_cas32(&slots[kind].second, second, last) != last) {
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

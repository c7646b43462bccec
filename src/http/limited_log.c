/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The line is formatted only if it is written: a flood must not cost memory for each line that is
 * left out.
 */
#include "http/limited_log.h"

#include <stdarg.h>
#include <apr_strings.h>
#include <http_log.h>

APLOG_USE_MODULE(managed_session);

void ms_limited_log(request_rec *r, ms_log_kind kind, int level, const char *format, ...)
{
    const char *suffix = ms_log_limit_suffix(kind, r->pool);
    va_list args;

    if (!suffix) {
        return;
    }
    va_start(args, format);
    ap_log_rerror(APLOG_MARK, level, 0, r, "%s%s", apr_pvsprintf(r->pool, format, args), suffix);
    va_end(args);
}

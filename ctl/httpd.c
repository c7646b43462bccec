/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the module's store takes from httpd, for a process that is not httpd: the log, which is
 * standard error here, and the counters, which only httpd has.
 */
#include <stdarg.h>
#include <stdio.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <httpd.h>
#include <http_config.h>
#include <http_log.h>
#include "ctl/words.h"
#include "http/counters.h"

/* APLOG_USE_MODULE in the store's files refers to it; only the index is read. */
extern module AP_MODULE_DECLARE_DATA managed_session_module;
module AP_MODULE_DECLARE_DATA managed_session_module = {.module_index = APLOG_NO_MODULE};

/* "MS0004: the session database ..." without the number, which is for those who search a log. */
static const char *without_number(const char *text)
{
    if (text[0] == 'M' && text[1] == 'S' && apr_isdigit(text[2])) {
        const char *colon = strstr(text, ": ");

        return colon ? colon + 2 : text;
    }
    return text;
}

void ap_log_error_(const char *file, int line, int module_index, int level, apr_status_t status,
                   const server_rec *s, const char *fmt, ...)
{
    apr_pool_t *scratch;
    va_list args;

    (void)file, (void)line, (void)module_index, (void)status, (void)s;
    if ((level & APLOG_LEVELMASK) > APLOG_NOTICE) {
        return;
    }
    apr_pool_create(&scratch, NULL);
    va_start(args, fmt);
    fprintf(stderr, "managed-sessionctl: %s\n",
            ms_words_clean(scratch, without_number(apr_pvsprintf(scratch, fmt, args))));
    va_end(args);
    apr_pool_destroy(scratch);
}

void ms_count(ms_counter which, apr_int64_t n)
{
    (void)which, (void)n;
}

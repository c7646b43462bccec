/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What targets call of httpd, which is not linked.
 */
#include <strings.h>
#include <httpd.h>

#include <http_log.h>
#include "http/limited_log.h"

void ap_log_error_(const char *file, int line, int module_index, int level, apr_status_t status,
                   const server_rec *s, const char *fmt, ...)
{
    (void)file, (void)line, (void)module_index, (void)level, (void)status, (void)s, (void)fmt;
}

void ap_log_rerror_(const char *file, int line, int module_index, int level, apr_status_t status,
                    const request_rec *r, const char *fmt, ...)
{
    (void)file, (void)line, (void)module_index, (void)level, (void)status, (void)r, (void)fmt;
}

int ap_cstr_casecmpn(const char *a, const char *b, apr_size_t n)
{
    return strncasecmp(a, b, n);
}

void ms_limited_log(request_rec *r, ms_log_kind kind, int level, const char *format, ...)
{
    (void)r, (void)kind, (void)level, (void)format;
}

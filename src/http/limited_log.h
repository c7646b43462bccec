/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of the error log that a client can cause at will: at most one a second, some one a minute
 * (core/log_limit.h).
 */
#ifndef MS_LIMITED_LOG_H
#define MS_LIMITED_LOG_H

#include <httpd.h>
#include <http_log.h> /* APLOG_ERR, ... */
#include "core/log_limit.h"

/**
 * Write a line, unless one of its kind was written recently. The next line that is written says how
 * many were not.
 * @param level   APLOG_ERR, ...
 * @param format  as for apr_psprintf(); it begins with the message's number, "MS0123: "
 */
void ms_limited_log(request_rec *r, ms_log_kind kind, int level, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif

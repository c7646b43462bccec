/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log lines that a client can cause at will are limited to one a second, some to one a minute, per
 * kind and child process. Any number of threads may call; there is no lock.
 */
#ifndef MS_LOG_LIMIT_H
#define MS_LOG_LIMIT_H

#include <apr_pools.h>
#include <apr_time.h>

/* One for each message (MSnnnn) that is limited. */
typedef enum {
    MS_LOG_TWO_SESSIONS,      /* MS0010 */
    MS_LOG_MANY_COOKIES,      /* MS0130 */
    MS_LOG_FOREIGN_WEBSOCKET, /* MS0022 */
    MS_LOG_FOREIGN_COOKIE,    /* MS0030 */
    MS_LOG_IGNORED_HEADER,    /* MS0050 */
    MS_LOG_CLOSED_TUNNEL,     /* MS0120 */
    MS_LOG_OPEN_DOOR,         /* MS0100 */
    MS_LOG_NO_SIGN_IN,        /* MS0101 */
    MS_LOG_HTACCESS_SIGN_IN,  /* MS0102 */
    MS_LOG_HTACCESS_ADMIN,    /* MS0103 */
    MS_LOG_FOREIGN_REQUEST,   /* MS0140 */
    MS_LOG_STALE_FORM,        /* MS0141 */
    MS_LOG_PLAIN_HTTP,        /* MS0142; once a minute */
    MS_LOG_MAYBE_PLAIN_HTTP,  /* MS0143; once a minute */
    MS_LOG_NO_USER_NAME,      /* MS0110 */
    MS_LOG_BROKEN_ROW,        /* MS0006 */
    MS_LOG_BAD_USER,          /* MS0011 */
    MS_LOG_LABEL,             /* MS0012 */
    MS_LOG_CLOSED_LOGIN,      /* MS0020 */
    MS_LOG_SATISFY_ANY,       /* MS0021 */
    MS_LOG_NO_PROVIDER,       /* MS0040 */
    MS_LOG_UNSURE_PROVIDER,   /* MS0041 */
    MS_LOG_END_FAILED,        /* MS0051 */
    MS_LOG_BEGIN_FAILED,      /* MS0052 */
    MS_LOG_OPEN_ADMIN,        /* MS0080 */
    MS_LOG_FAILED,            /* MS0112 */
    MS_LOG_REFUSED,           /* MS0113 */
    MS_LOG_BUSY,              /* MS0115 */
    MS_LOG_CLOSED_MACHINE,    /* MS0225; once a minute */
    MS_LOG_APP_PLAIN_HTTP,    /* MS0255; once a minute */
    MS_LOG_APP_OWN_PAGE,      /* MS0256 */
    MS_LOG_FOREIGN_PEER,      /* MS0260 */
    MS_LOG_UNCLEAR_FORWARDED, /* MS0261 */
    MS_LOG_UNLISTED_ORIGIN,   /* MS0262; once a minute */
    MS_LOG_CHECK_BY_FILE,     /* MS0263; once a minute */
    MS_LOG_NO_DUPLICATE,      /* MS0214 */
    MS_LOG_NO_CONNECTION,     /* MS0267 */
    MS_LOG_KINDS
} ms_log_kind;

/**
 * Whether a line of this kind may be written at this time.
 * @param now wall-clock time; a clock that is set back does not silence a kind
 * @param skipped out: how many lines of this kind were not written since the last one that was
 * @return non-zero to write the line
 */
int ms_log_limit_pass(ms_log_kind kind, apr_time_t now, apr_uint32_t *skipped);

/**
 * The same for the current time, as a text to put at the end of the line.
 * @return "" or " (n more like this were not logged)", allocated from p; NULL: write no line
 */
const char *ms_log_limit_suffix(ms_log_kind kind, apr_pool_t *p);

/** For kinds that are limited by other rules: count a line that is not written. */
void ms_log_limit_skip(ms_log_kind kind);

/** For those: how many were skipped since the last line that was written, which is this one. */
apr_uint32_t ms_log_limit_skipped(ms_log_kind kind);

#endif

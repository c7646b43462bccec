/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session as a row of the table. All times are epoch seconds.
 */
#ifndef MS_ROW_H
#define MS_ROW_H

#include <apr.h>

typedef struct ms_row {
    const char *id;
    const char *secret_hash;
    const char *user;
    apr_int64_t created_at;
    apr_int64_t last_seen_at;
    apr_int64_t expires_at;
    apr_int64_t max_expires_at;
    const char *created_ip;
    const char *last_ip;
    const char *user_agent;
    const char *label; /* NULL: none */
    const char *auth_method;
    int persistent;
    /* Since schema 2 of the table; NULL or 0 if the table is older. */
    apr_int64_t ended_at;   /* 0: it was not ended */
    const char *end_reason; /* NULL: it was not ended */
    const char *ended_by;   /* the user who ended it; NULL: its own */
    const char *name;       /* given by the user; NULL: none */
    apr_int64_t kind;       /* 0: a browser's */
} ms_row;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session as a row of the table. All times are epoch seconds.
 */
#ifndef MS_ROW_H
#define MS_ROW_H

#include <apr.h>

/* What a session is of. */
typedef enum ms_kind {
    MS_KIND_BROWSER = 0, /* its token is a cookie */
    MS_KIND_APP = 1      /* its token is an app password */
} ms_kind;

typedef struct ms_row {
    const char *id;
    const char *secret_hash;
    const char *user;
    apr_int64_t created_at;
    apr_int64_t last_seen_at;
    apr_int64_t expires_at;
    apr_int64_t max_expires_at;
    const char *created_text, *expires_text; /* created_at and expires_at in decimal, if the cache
                                              * has them; or NULL */
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
    apr_int64_t kind;       /* an ms_kind */
} ms_row;

/** Whether an app has used its password; a browser's session is used from the start. */
static inline int ms_row_is_used(const ms_row *row)
{
    return row->last_seen_at > row->created_at;
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one list of what a request can be refused for. A page shows the heading and the text; a
 * script gets the same as problem details (RFC 9457) with a code that does not change. docs/api.md
 * lists the codes. Knows apr and Jansson only.
 */
#ifndef MS_PROBLEM_H
#define MS_PROBLEM_H

#include <apr_pools.h>

#define MS_PROBLEM_TYPE "application/problem+json"

typedef enum ms_problem {
    MS_PROBLEM_NONE,
    MS_PROBLEM_BAD_FORM,
    MS_PROBLEM_BAD_JSON,
    MS_PROBLEM_BAD_QUERY,
    MS_PROBLEM_BAD_NAME,
    MS_PROBLEM_NOT_SIGNED_IN,
    MS_PROBLEM_NOT_FRESH,
    MS_PROBLEM_WRONG_CREDENTIALS,
    MS_PROBLEM_FORBIDDEN,
    MS_PROBLEM_CROSS_ORIGIN,
    MS_PROBLEM_STALE_FORM,
    MS_PROBLEM_NO_INTENT,
    MS_PROBLEM_NO_SIGN_IN,
    MS_PROBLEM_NOT_SECURE,
    MS_PROBLEM_USER_NAME,
    MS_PROBLEM_SESSION_LIMIT,
    MS_PROBLEM_NO_ADMINISTRATORS,
    MS_PROBLEM_NOT_OPEN,
    MS_PROBLEM_NOT_FOUND,
    MS_PROBLEM_METHOD,
    MS_PROBLEM_OLD_TABLE,
    MS_PROBLEM_APPS_OFF,
    MS_PROBLEM_APP_LIMIT,
    MS_PROBLEM_APP_NAME,
    MS_PROBLEM_NO_APPS,
    MS_PROBLEM_TOO_LARGE,
    MS_PROBLEM_MEDIA_TYPE,
    MS_PROBLEM_ATTEMPTS,
    MS_PROBLEM_SIGN_INS,
    MS_PROBLEM_APPS_OFTEN,
    MS_PROBLEM_UNAVAILABLE,
    MS_PROBLEM_BUSY,
    MS_PROBLEM_COUNT
} ms_problem;

typedef struct ms_problem_words {
    int status;
    const char *code;
    const char *heading; /* in English, to be translated */
    const char *text;    /* the same */
} ms_problem_words;

/** The words of a problem; never NULL but for MS_PROBLEM_NONE. */
const ms_problem_words *ms_problem_get(ms_problem which);

/**
 * The problem as problem details: type, title, status, detail, code.
 * @param login_url  one more member; NULL: without it
 * @return JSON, NUL-terminated, in p; NULL: out of memory
 */
const char *ms_problem_json(apr_pool_t *p, ms_problem which, const char *login_url);

#endif

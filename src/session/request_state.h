/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fields of ms_request and the functions that change them: for the files of src/session only.
 */
#ifndef MS_REQUEST_STATE_H
#define MS_REQUEST_STATE_H

#include "config/config.h"
#include "core/cookie.h"
#include "db/cached_store.h"
#include "session/request.h"

struct ms_request {
    const char *credentials;
    int resolved;                             /* the session has been looked up */
    apr_status_t status;                      /* of the look-up */
    const ms_row *row;                        /* the session in force; NULL: none */
    ms_lookup found;                          /* how row was found */
    const ms_row *live[MS_COOKIE_TOKENS_MAX]; /* all live sessions that were presented */
    int live_n;
    struct ms_open_request *open; /* entered in open_requests.h; NULL: it is not */
    const conn_rec *held;         /* the connection whose requests it holds; NULL: it holds none */
    int is_app;                   /* row is of an app: see app_session.h */
    int app_status;               /* of a password that was refused; 0: none was */
    int touched;
    apr_int64_t stale_after;
    ms_problem problem;              /* why a protected place was refused */
    const request_rec *problem_main; /* the request whose subrequest was; NULL: it was none */
    int is_problem_sent;             /* as problem details */
    const char *set_cookie;
    int forgets_pages;
    int reauthenticates; /* see ms_sign_in_replaces_stale() */
    int may_clear;       /* see ms_request_refused() */
    ms_dependence depends;

    /* The Cookie header as the client sent it, which is read when its tokens are needed. */
    apr_pool_t *pool;
    const char *cookie_header, *cookie_name;
    ms_cookie_found *cookies; /* by ms_request_read_cookies(); NULL: not yet */
    int is_with_handler;      /* see ms_request_enter_handler() */
    int is_wiped;             /* tokens, at the end of the request */

    /* Not zero before it is set. */
    ms_token token; /* of row */
};

/** The query context of this server's sessions. Results live as long as the client's request. */
ms_db_ctx ms_request_db_ctx(request_rec *r);

/** Read the Cookie header, once. @return request->cookies */
const ms_cookie_found *ms_request_read_cookies(ms_request *request);

/** Whether the client presented a live session of that id. */
int ms_request_presents(const ms_request *request, const char *id);

/** From now on row is the session in force.
 * @param row    NULL: none
 * @param token  of row; NULL if row is */
void ms_request_adopt(ms_request *request, const ms_row *row, const ms_token *token);

/** From now on the session of an app is in force, and no cookie counts. */
void ms_request_use_app(ms_request *request, const ms_lookup *found);

/**
 * This response sets the cookie.
 * @param token    NULL: it clears the cookie, and the browser must forget the pages
 * @param max_age  seconds; 0: until the browser is closed
 */
void ms_request_put_cookie(request_rec *r, const ms_token *token, apr_int64_t max_age);

/** The session in force has ended: sign the client out, without a look at the database. */
void ms_request_drop_session(request_rec *r);

/** Whether the request came so short a time ago that the browser has not signed in since. */
int ms_request_is_prompt(request_rec *r);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sign in: begin a session for a user who has been authenticated.
 */
#ifndef MS_SIGN_IN_H
#define MS_SIGN_IN_H

#include <httpd.h>
#include "core/row.h"

#define MS_METHOD_MAX 32 /* characters of a row's auth_method */

/* What else is wanted of the new session; all zero: nothing. */
typedef struct ms_sign_in_wish {
    int remember;           /* the user stays signed in; ManagedSessionRemember takes precedence */
    const char *shown_form; /* the value of the submitted form (shown_form.h), not checked; or NULL.
                               Sessions of earlier submissions of this form are revoked */
    const char *label;      /* in place of ManagedSessionLabel; or NULL */
    const char *name;       /* see session_name.h; or NULL */
    apr_int64_t life;       /* seconds, if that is shorter than the configured life; 0: no wish */
} ms_sign_in_wish;

/**
 * Begin a session and set its cookie on this response. The sessions that the client presented are
 * revoked.
 * @param user      as authenticated; ManagedSessionUserName may give the session another name
 * @param method    how the user was authenticated: at most MS_METHOD_MAX characters are kept
 * @param row       out: the new session. NULL without APR_SUCCESS, and if a later submission of
 *                  this form has signed in already
 * @return APR_SUCCESS. Else the user is not signed in, and a session in force stays in force:
 *         APR_EINVAL  not the name of a user, or ManagedSessionUserName has no value (logged);
 *         APR_ENOSPC  the user has as many sessions as ManagedSessionLimit allows;
 *         APR_EACCES  the browser would drop the cookie, see plain_http.h (logged);
 *         APR_EBUSY   this user has signed in too often within a minute; Retry-After is set;
 *         others      the database could not be queried, or there are no random bytes
 */
apr_status_t ms_sign_in(request_rec *r, const char *user, const char *method,
                        const ms_sign_in_wish *wish, const ms_row **row);

/** The sign-in of this request was wanted because the user's session here was not fresh enough: the
 * row says so of its end. */
void ms_sign_in_replaces_stale(request_rec *r);

#endif

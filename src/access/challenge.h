/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a visitor without a session gets for a page that requires one: a redirect to the sign-in
 * page and back, or 401.
 */
#ifndef MS_CHALLENGE_H
#define MS_CHALLENGE_H

#include <httpd.h>
#include "core/problem.h"

/**
 * Challenge a visitor who has no session, or whose sign-in is too long ago.
 * @return the status: 303 to the sign-in page for a navigation, else 401
 */
int ms_challenge(request_rec *r);

/**
 * The sign-in page's URL, with the way back to the address of this request, which may be a form's.
 * @return NULL: ManagedSessionLoginURL is not set here, or the request is for it
 */
const char *ms_challenge_login_url(request_rec *r);

/** The problem that a challenge is about. */
ms_problem ms_challenge_problem(request_rec *r);

/** Whether the client's request is a navigation, also if another server asks about it. */
int ms_challenge_is_navigation(request_rec *r);

/** The session database could not be queried. @return HTTP_SERVICE_UNAVAILABLE, with Retry-After */
int ms_challenge_unavailable(request_rec *r);

/** Set the WWW-Authenticate header of a 401 (RFC 9110, 11.6.1) in that table. */
void ms_challenge_set_header(request_rec *r, apr_table_t *headers);

/** The hook, named for its phase: other modules' and httpd's own 401. */
int ms_challenge_on_note_auth_failure(request_rec *r, const char *auth_type);

#endif

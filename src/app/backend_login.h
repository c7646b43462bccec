/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sign-in and sign-out that an application asks for in its response headers:
 * "Managed-Session-User: alice" and "Managed-Session-End: current|others|all"; and what it reports
 * of a sign-in that failed, "Managed-Session-Failed: alice".
 */
#ifndef MS_BACKEND_LOGIN_H
#define MS_BACKEND_LOGIN_H

#include <httpd.h>

#define MS_USER_HEADER "Managed-Session-User"
#define MS_END_HEADER  "Managed-Session-End"

/* The user name as typed; empty: not known, so that only the client is counted. */
#define MS_FAILED_HEADER "Managed-Session-Failed"

/**
 * Take these headers out of the response; if ManagedSessionBackendLogin is on, do what they say. A
 * user is signed in on status 2xx and 3xx only, and a 304 does nothing, which may repeat the
 * headers of an old response. What is not done is logged.
 * @return OK; HTTP_TOO_MANY_REQUESTS: a limit refuses this sign-in, right or wrong, and this must
 *         be the answer in place of the application's (Retry-After is set)
 */
int ms_backend_login(request_rec *r);

#endif

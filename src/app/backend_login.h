/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sign-in and sign-out by an application's response headers: "Managed-Session-User: alice" and
 * "Managed-Session-End: current|others|all". "Managed-Session-Failed: alice" reports a sign-in that
 * failed.
 */
#ifndef MS_BACKEND_LOGIN_H
#define MS_BACKEND_LOGIN_H

#include <httpd.h>

#define MS_USER_HEADER "Managed-Session-User"
#define MS_END_HEADER  "Managed-Session-End"

/* The user name as typed; empty: unknown, so that only the client is counted. */
#define MS_FAILED_HEADER "Managed-Session-Failed"

/**
 * Remove these headers from the response and, if ManagedSessionBackendLogin is on, act on them. A
 * user is signed in on status 2xx and 3xx only. A 304 is ignored, since it may repeat the headers
 * of an old response. A header that is ignored is logged.
 * @return OK; HTTP_TOO_MANY_REQUESTS: a limit refuses this sign-in, right or wrong. Then this must
 *         replace the application's response (Retry-After is set)
 */
int ms_backend_login(request_rec *r);

#endif

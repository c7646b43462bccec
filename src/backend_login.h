/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sign-in and sign-out that an application asks for in its response headers:
 * "Managed-Session-User: alice" and "Managed-Session-End: current|others|all".
 */
#ifndef MS_BACKEND_LOGIN_H
#define MS_BACKEND_LOGIN_H

#include <httpd.h>

#define MS_USER_HEADER "Managed-Session-User"
#define MS_END_HEADER  "Managed-Session-End"

/**
 * Take both headers out of the response; if ManagedSessionBackendLogin is on, do what they say. A
 * user is signed in on status 2xx and 3xx only, and a 304 does nothing, which may repeat the
 * headers of an old response. What is not done is logged.
 */
void ms_backend_login(request_rec *r);

#endif

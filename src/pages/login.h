/* SPDX-License-Identifier: Apache-2.0 */
/*
 * managed-session-login: the sign-in page, and sign-in by whatever AuthType guards its location.
 */
#ifndef MS_LOGIN_H
#define MS_LOGIN_H

#include <httpd.h>

/** Answer a request for the handler MS_HANDLER_LOGIN. */
int ms_login_answer(request_rec *r);

#endif

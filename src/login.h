/* SPDX-License-Identifier: Apache-2.0 */
/*
 * managed-session-login: the sign-in page, and sign-in by whatever AuthType guards its location.
 */
#ifndef MS_LOGIN_H
#define MS_LOGIN_H

#include <httpd.h>

/** The content handler; DECLINED where the request is for another. */
int ms_login_handler(request_rec *r);

#endif

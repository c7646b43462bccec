/* SPDX-License-Identifier: Apache-2.0 */
/*
 * managed-session-login: the sign-in page, and sign-in by another AuthType that guards its
 * location.
 */
#ifndef MS_LOGIN_H
#define MS_LOGIN_H

#include <httpd.h>

/* See router.c. */
int ms_login_check(request_rec *r);
int ms_login_get(request_rec *r);
int ms_login_post(request_rec *r);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * managed-session-logout: GET shows a button, POST and DELETE end the session.
 */
#ifndef MS_LOGOUT_H
#define MS_LOGOUT_H

#include <httpd.h>

/* See router.c. */
int ms_logout_get(request_rec *r);
int ms_logout_post(request_rec *r);
int ms_logout_delete(request_rec *r);

#endif

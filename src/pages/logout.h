/* SPDX-License-Identifier: Apache-2.0 */
/*
 * managed-session-logout: a button on GET, the end of the session on POST.
 */
#ifndef MS_LOGOUT_H
#define MS_LOGOUT_H

#include <httpd.h>

/* See router.c. */
int ms_logout_get(request_rec *r);
int ms_logout_post(request_rec *r);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * managed-session-admin: lists and revokes the sessions of all users of a realm, as a page and as
 * JSON.
 */
#ifndef MS_ADMIN_H
#define MS_ADMIN_H

#include <httpd.h>

/* See router.c. */
int ms_admin_get(request_rec *r);
int ms_admin_post(request_rec *r);
int ms_admin_delete(request_rec *r);

#endif

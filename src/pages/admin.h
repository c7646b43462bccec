/* SPDX-License-Identifier: Apache-2.0 */
/*
 * managed-session-admin: the sessions of all users of a realm, as a page and as JSON, and their
 * end.
 */
#ifndef MS_ADMIN_H
#define MS_ADMIN_H

#include <httpd.h>

/** Answer a request for the handler MS_HANDLER_ADMIN. */
int ms_admin_answer(request_rec *r);

#endif

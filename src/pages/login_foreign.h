/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sign-in of users whom another module's AuthType has let in. Functions that return int return what
 * a content handler returns.
 */
#ifndef MS_LOGIN_FOREIGN_H
#define MS_LOGIN_FOREIGN_H

#include <httpd.h>

/** The AuthType of this location, if it is another module's and that module has let a user in; else
 * NULL. */
const char *ms_login_foreign_type(request_rec *r);

/** GET: begin a session, or show a button that does. */
int ms_login_foreign_get(request_rec *r, const char *auth_type);

/** Begin a session for the user of that AuthType, and lead on. */
int ms_login_foreign_begin(request_rec *r, const char *auth_type);

#endif

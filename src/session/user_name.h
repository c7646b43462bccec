/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ManagedSessionUserName: the user name of a session, if it is not the authenticated name. One
 * account must not have sessions under several spellings.
 */
#ifndef MS_USER_NAME_H
#define MS_USER_NAME_H

#include <httpd.h>

/** Whether a name for which ms_utf8_is_user_name() is true may be in the header: if a
 * ManagedSessionUserHeader is set, it has no blanks around it, since readers of a header strip
 * them, and would see another user. */
int ms_user_name_fits_header(request_rec *r, const char *name);

/** Whether a user may have this name here: both of these are true. name may be NULL. */
int ms_user_name_is_valid(request_rec *r, const char *name);

/**
 * The user of a session that begins.
 * @param user  as authenticated; REMOTE_USER while the expression is evaluated
 * @return user itself if the directive is not set here; else the expression's value; NULL: it
 *         cannot be evaluated or is empty, which is logged (once a second), and the sign-in must
 * fail
 */
const char *ms_user_name_of(request_rec *r, const char *user);

/** The same before authentication, as a guess: user itself if the expression has no value. */
const char *ms_user_name_guess(request_rec *r, const char *user);

#endif

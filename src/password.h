/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A user name and a password, asked of httpd's authn providers, in time that does not tell whether
 * there is such a user.
 */
#ifndef MS_PASSWORD_H
#define MS_PASSWORD_H

#include <httpd.h>

#define MS_PASSWORD_MAX 1024 /* bytes */

typedef enum {
    MS_PASSWORD_RIGHT,
    MS_PASSWORD_WRONG,  /* or no such user: nobody outside is told which */
    MS_PASSWORD_UNKNOWN /* the providers could not be asked, which is logged */
} ms_password_answer;

/**
 * Ask the location's providers, in their order, until one knows the user.
 * @param user     as typed
 * @param as_user  where right: the name the provider gives her (LDAP may give another), in r->pool
 */
ms_password_answer ms_password_check(request_rec *r, const char *user, const char *password,
                                     const char **as_user);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks a user name and a password with httpd's authn providers, in a time that does not reveal
 * whether the user exists.
 */
#ifndef MS_PASSWORD_H
#define MS_PASSWORD_H

#include <httpd.h>

#define MS_PASSWORD_MAX 1024 /* bytes */

typedef enum {
    MS_PASSWORD_RIGHT,
    MS_PASSWORD_WRONG,      /* or there is no such user */
    MS_PASSWORD_UNKNOWN,    /* the providers could not check it, which is logged */
    MS_PASSWORD_BUSY,       /* too many are being checked, which is logged */
    MS_PASSWORD_NO_PROVIDER /* none is configured here, which is logged */
} ms_password_answer;

/**
 * Call the location's providers, in their order, until one knows the user.
 * @param user     as typed
 * @param as_user  out, if right: the name that the provider gives the user (LDAP may give another
 *                 one), in r->pool
 */
ms_password_answer ms_password_check(request_rec *r, const char *user, const char *password,
                                     const char **as_user);

/** From post_config: make the memory for the times of checks, which all children share. */
void ms_password_init(apr_pool_t *pconf, server_rec *main_server);

/** The average time of a check, in microseconds; never 0. */
apr_interval_time_t ms_password_expected_cost(const server_rec *s);

#endif

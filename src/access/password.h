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
    MS_PASSWORD_WRONG,   /* or no such user: nobody outside is told which */
    MS_PASSWORD_UNKNOWN, /* the providers could not be asked, which is logged */
    MS_PASSWORD_BUSY     /* too many are checked at this moment, which is logged */
} ms_password_answer;

/**
 * Ask the location's providers, in their order, until one knows the user.
 * @param user     as typed
 * @param as_user  where right: the name the provider gives her (LDAP may give another), in r->pool
 */
ms_password_answer ms_password_check(request_rec *r, const char *user, const char *password,
                                     const char **as_user);

/** From post_config: the memory for what checks cost, shared by all children. */
void ms_password_init(apr_pool_t *pconf, server_rec *main_server);

/** What a check takes on average, in microseconds; never 0. */
apr_interval_time_t ms_password_expected_cost(const server_rec *s);

#endif

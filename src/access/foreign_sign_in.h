/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sign-in page that another AuthType protects (Basic, Digest): that module checks the password,
 * and ManagedSessionLoginLimit and the limit on password checks apply, too.
 */
#ifndef MS_FOREIGN_SIGN_IN_H
#define MS_FOREIGN_SIGN_IN_H

#include <httpd.h>

/* Hooks, named for their phase. */
int ms_foreign_sign_in_on_check_authn(request_rec *r);
int ms_foreign_sign_in_on_auth_checker(request_rec *r);
void ms_foreign_sign_in_on_insert_filter(request_rec *r); /* and insert_error_filter */
int ms_foreign_sign_in_on_log_transaction(request_rec *r);

#endif

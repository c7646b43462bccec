/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sign-in page that another AuthType protects (Basic, Digest): that module checks the password,
 * and ManagedSessionLoginLimit and the limit on password checks apply, too.
 */
#ifndef MS_FOREIGN_SIGN_IN_H
#define MS_FOREIGN_SIGN_IN_H

#include <httpd.h>

/** The response is about to be made, by a handler or for an error: its status decides. */
void ms_foreign_sign_in_on_response(request_rec *r);

/* Hooks, named for their phase. */
int ms_foreign_sign_in_on_check_authn(request_rec *r);
int ms_foreign_sign_in_on_auth_checker(request_rec *r);
int ms_foreign_sign_in_on_log_transaction(request_rec *r);

#endif

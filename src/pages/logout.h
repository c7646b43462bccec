/* SPDX-License-Identifier: Apache-2.0 */
/*
 * managed-session-logout: a button on GET, the end of the session on POST.
 */
#ifndef MS_LOGOUT_H
#define MS_LOGOUT_H

#include <httpd.h>

/** Answer a request for the handler MS_HANDLER_LOGOUT. */
int ms_logout_answer(request_rec *r);

#endif

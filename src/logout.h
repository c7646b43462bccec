/* SPDX-License-Identifier: Apache-2.0 */
/*
 * managed-session-logout: a button on GET, the end of the session on POST.
 */
#ifndef MS_LOGOUT_H
#define MS_LOGOUT_H

#include <httpd.h>

/** The content handler; DECLINED where the request is for another. */
int ms_logout_handler(request_rec *r);

#endif

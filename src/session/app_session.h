/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The session of an app: a row whose token, "<id>.<secret>", is no cookie but a password that an
 * app sends with each request. A token of one kind never counts as the other.
 */
#ifndef MS_APP_SESSION_H
#define MS_APP_SESSION_H

#include <httpd.h>
#include "core/token.h"

/**
 * Check the password that a request has, and if it is right let its session be the one in force. A
 * password that is wrong is an event and a log line, and counts for its client
 * (ManagedSessionLoginLimit); one that is right is accepted from any client. The look-up is made
 * once for each request of a client.
 * @param user      as sent; NULL: the scheme has none
 * @param password  as sent; NULL: there is none
 * @return OK: it is in force; HTTP_UNAUTHORIZED: wrong; HTTP_FORBIDDEN: it came over plain http,
 * and is not even looked up; HTTP_TOO_MANY_REQUESTS: wrong, and too often: Retry-After is set;
 *         HTTP_SERVICE_UNAVAILABLE: the database could not be queried
 */
int ms_app_session_check(request_rec *r, const char *user, const char *password);

/** Whether a user name is another spelling of the one that a session has: the name itself or, if
 * this server has a ManagedSessionUserName, one that differs as spellings do (name_fold.h). */
int ms_app_session_is_user(request_rec *r, const char *sent, const char *user);

#endif

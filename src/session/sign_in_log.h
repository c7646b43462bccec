/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sign-ins that failed or were refused: the event, the counter, and a line at warn in the error log
 * that a program such as fail2ban can read (conf/examples/fail2ban).
 */
#ifndef MS_SIGN_IN_LOG_H
#define MS_SIGN_IN_LOG_H

#include <httpd.h>

/**
 * A sign-in failed, by a wrong password for example. An address gets ten log lines, then one a
 * second.
 * @param user    as typed, any bytes; NULL: not known
 * @param method  "form", or the AuthType
 */
void ms_sign_in_log_failed(request_rec *r, const char *user, const char *method);

/* Reasons of refusals; literals, as the event log needs them. */
#define MS_REFUSED_FAILURES "too many failed sign-ins"
#define MS_REFUSED_SESSIONS "too many sign-ins"

/**
 * A limit refused the sign-in. Of a user and address, the first one in a period is logged, with the
 * number of those that were not logged.
 * @param reason  a literal
 * @param key     hash of what was over its limit, for the event; 0: of the user
 */
void ms_sign_in_log_refused(request_rec *r, const char *user, const char *method,
                            const char *reason, apr_uint64_t key);

/** A password of an app was wrong, as ms_sign_in_log_failed(). reason: a literal. */
void ms_sign_in_log_app_failed(request_rec *r, const char *user, const char *reason);

/** One was refused without regard to whether it is right, as ms_sign_in_log_refused(). */
void ms_sign_in_log_app_refused(request_rec *r, const char *user, const char *reason,
                                apr_uint64_t key);

#endif

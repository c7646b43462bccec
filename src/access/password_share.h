/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Password hashes are slow on purpose, so a flood of sign-ins could keep all workers busy. Only a
 * share of them may check passwords at the same time: a quarter of ThreadsPerChild in each child
 * process or, if children have one thread (prefork), a quarter of MaxRequestWorkers in total.
 */
#ifndef MS_PASSWORD_SHARE_H
#define MS_PASSWORD_SHARE_H

#include <httpd.h>

/** From post_config: make the memory that children with one thread share. */
void ms_password_share_init(apr_pool_t *pconf, server_rec *main_server);

/** From child_init: make the memory of a child with several threads. */
void ms_password_share_child_init(apr_pool_t *pchild);

/**
 * Before a password is checked. If the share is used up, a few requests wait for a moment, if
 * checks are quick; the rest are refused at once.
 * @param number  out: for ms_password_share_leave()
 * @return OK; HTTP_SERVICE_UNAVAILABLE: too many are being checked, which is logged
 */
int ms_password_share_enter(request_rec *r, int *number);

/** The check is over. */
void ms_password_share_leave(int number);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names of user headers and cookies that any virtual host uses, in one list for all.
 */
#ifndef MS_SHARED_NAMES_H
#define MS_SHARED_NAMES_H

#include <httpd.h>

/**
 * Give each server the lists of all, in pconf. Runs when all servers have their cookies' names.
 * @return OK, or HTTP_INTERNAL_SERVER_ERROR after a log line that says what to write instead
 */
int ms_shared_names_finish(apr_pool_t *pconf, const server_rec *main_server);

#endif

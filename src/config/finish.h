/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration once all directives are read: defaults, what is derived from several
 * directives, and the checks.
 */
#ifndef MS_FINISH_H
#define MS_FINISH_H

#include <httpd.h>

/**
 * Complete and check the configuration of all servers. Runs at configtest too.
 * @param pconf  where the configuration lives
 * @param ptemp  scratch
 * @return OK, or HTTP_INTERNAL_SERVER_ERROR after a log line that says what to write instead
 */
int ms_finish_config(apr_pool_t *pconf, apr_pool_t *ptemp, server_rec *main_server);

#endif

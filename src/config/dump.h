/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "httpd -t -D DUMP_MANAGED_SESSION" prints which databases, tables and realms the configuration
 * has in effect, as one line of JSON, for managed-sessionctl.
 */
#ifndef MS_DUMP_H
#define MS_DUMP_H

#include <httpd.h>

/** The hook test_config: prints if that name is defined. */
void ms_dump_on_test_config(apr_pool_t *pconf, server_rec *main_server);

#endif

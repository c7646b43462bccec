/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Warnings about a configuration that httpd takes but that does not do what was meant. Each warning
 * must be right: what cannot be known from the configuration is not warned of.
 */
#ifndef MS_CHECK_H
#define MS_CHECK_H

#include <httpd.h>

/** Times of servers that contradict each other. Before defaults are filled in. */
void ms_config_check_times(apr_pool_t *ptemp, const server_rec *main_server);

/** Everything else. After the cookies are complete. */
void ms_config_check(apr_pool_t *ptemp, const server_rec *main_server);

#endif

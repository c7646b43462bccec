/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Warnings about a configuration that httpd accepts but that does not do what was meant. Each
 * warning must be right: what cannot be known from the configuration is not warned of.
 */
#ifndef MS_CHECK_H
#define MS_CHECK_H

#include <httpd.h>

/**
 * Check the complete configuration of all servers, and log warnings.
 * @param ptemp  scratch
 */
void ms_check_config(apr_pool_t *ptemp, const server_rec *main_server);

#endif

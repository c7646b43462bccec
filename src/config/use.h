/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether any request may need this module. If not, httpd calls it for none.
 */
#ifndef MS_USE_H
#define MS_USE_H

#include <httpd.h>

/**
 * Whether the configuration that httpd has read names anything of this module, or lets .htaccess
 * files do so.
 * @param p scratch
 */
int ms_use_is_possible(apr_pool_t *p);

#endif

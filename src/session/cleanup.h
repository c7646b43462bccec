/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Expired rows are deleted on a schedule, by one worker on one child of a host (mod_watchdog), in
 * small batches. Look-ups leave expired rows out, so the moment does not matter.
 */
#ifndef MS_CLEANUP_H
#define MS_CLEANUP_H

#include <httpd.h>

/** Register with mod_watchdog; from post_config. Warns if that is not loaded. */
int ms_cleanup_post_config(apr_pool_t *pconf, server_rec *main_server);

/** In each child, after mod_dbd's own child_init. */
void ms_cleanup_child_init(apr_pool_t *pchild);

/** The child is about to end: start no new batch. */
void ms_cleanup_stop(void);

#endif

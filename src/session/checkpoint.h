/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite's write-ahead log is written back on a schedule, by one worker on one child of a host
 * (mod_watchdog), so that no sign-in waits for the disk. Without mod_watchdog a commit does it now
 * and then, as SQLite does by itself.
 */
#ifndef MS_CHECKPOINT_H
#define MS_CHECKPOINT_H

#include <httpd.h>

/** Register with mod_watchdog, if it is loaded; from post_config. */
void ms_checkpoint_post_config(apr_pool_t *pconf, server_rec *main_server);

#endif

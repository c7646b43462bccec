/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which session tables are polled for ended sessions, and how often: a thread in each child for
 * each table, of which one on a host polls (db/feed.h). When its child ends, another takes over.
 */
#ifndef MS_FEEDS_H
#define MS_FEEDS_H

#include <httpd.h>

/** From post_config, after ms_cached_store_init(). */
void ms_feeds_post_config(server_rec *main_server);

/** In each child, after mod_dbd's own child_init and ms_store_child_init(). */
void ms_feeds_child_init(apr_pool_t *pchild, server_rec *main_server);

/** The child is about to end: let others poll. */
void ms_feeds_stop(void);

#endif

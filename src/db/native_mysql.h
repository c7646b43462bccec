/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MariaDB's connector makes a broken connection again by itself (apr_dbd_mysql sets
 * MYSQL_OPT_RECONNECT), even to close a statement that was prepared on it. mod_dbd closes a broken
 * connection under a lock that all requests of the child need: if the server does not respond, each
 * statement would hold that lock until connecting has failed.
 */
#ifndef MS_NATIVE_MYSQL_H
#define MS_NATIVE_MYSQL_H

#include <apr_pools.h>

/**
 * A connection that is not made again once its pool is being destroyed.
 * @param p  the pool of the statements that are prepared on it
 * @param mysql  the connector's MYSQL *
 */
void ms_native_mysql_add(apr_pool_t *p, void *mysql);

#endif

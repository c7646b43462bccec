/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tool's connection to the database, for what the store does not do itself.
 */
#ifndef MS_LINK_H
#define MS_LINK_H

#include <apr_pools.h>
#include <apr_tables.h>
#include "db/store.h"

/**
 * Before the first query.
 * @param p     of the process
 * @param init  const char *: statements to run on a new connection (DBDInitSQL)
 */
void ms_link_init(apr_pool_t *p, const apr_array_header_t *init);

/** Close the connection, if one is open; the next query opens another one. */
void ms_link_close(void);

/** Connect and find the table. What is wrong is printed. schema: out, that of the table. */
apr_status_t ms_link_find_table(const ms_db_ctx *ctx, int *schema);

/** Upgrade the table to the newest schema, if the store may change tables. What is wrong is
 * printed. */
apr_status_t ms_link_upgrade(const ms_db_ctx *ctx, int *schema);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The session table as a whole: whether it is there, which schema it has, its creation and its
 * upgrade. The columns themselves tell the schema, so there is no table of versions that could be
 * wrong. A table of an older schema is used as it is.
 */
#ifndef MS_TABLE_H
#define MS_TABLE_H

#include <apr_dbd.h>
#include "db/store_private.h"

/* The table, through one connection. */
typedef struct ms_table {
    ms_store *store;
    const ms_dialect *dialect;
    const apr_dbd_driver_t *driver;
    apr_dbd_t *handle;
    apr_pool_t *p;
} ms_table;

/** Whether the configured database is SQLite's. */
int ms_table_is_sqlite(const ms_store *store);

/** What is wrong with SQLite's files, see ms_sqlite_file_hint(); or "". */
const char *ms_table_sqlite_hint(const ms_store *store, apr_pool_t *p);

/** The settings that our statements need, for a new connection. */
void ms_table_set_up_connection(const ms_table *table);

/**
 * Find the table, and create it if it is missing and the configuration allows that. A table that is
 * there is not created: the role may be one that cannot create tables.
 * @param schema out: that of the table
 * @return 0, or apr_dbd's code if there is no table to work with
 */
int ms_table_find(const ms_table *table, int *schema);

/**
 * Upgrade a table of an older schema, if the configuration allows that, and log what came of it.
 * May be called by many processes at once, also of different hosts, while others use the table.
 * Takes as long as the database needs to build an index, so no request calls it.
 * @param schema in and out: that of the table
 */
void ms_table_upgrade(const ms_table *table, int *schema);

/**
 * What is wrong with a table that ms_table_find() could not work with, and what to do.
 * @param why the driver's message
 */
const char *ms_table_fault(const ms_table *table, const char *why);

/** See ms_store_make_table(). */
void ms_table_make(ms_store *store, apr_pool_t *p);

#endif

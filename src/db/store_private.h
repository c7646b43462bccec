/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a store is made of, for the files that implement it: the store.
 */
#ifndef MS_STORE_PRIVATE_H
#define MS_STORE_PRIVATE_H

#include <httpd.h>
#include "db/limiter.h"
#include "db/reach.h"
#include "db/shm_cache.h"
#include "db/sql.h"
#include "db/store.h"

struct ms_store {
    server_rec *server;
    const char *table;
    const char *realm;
    const char *dbd_driver; /* as configured, for messages; NULL if unknown */
    const char *dbd_params; /* as DBDParams has it; NULL if it is not set */
    const char *dbd_init;   /* the first DBDInitSQL; NULL if there is none */
    int create;
    apr_int64_t sqlite_mmap;                  /* bytes; 0: off */
    const char *sql[MS_SCHEMA + 1][MS_SQL_N]; /* by the table's schema, 1 to MS_SCHEMA */
    unsigned char tag[MS_SHM_CACHE_STORE_LEN];
    unsigned char table_tag[MS_SHM_CACHE_STORE_LEN]; /* the same for each realm of the table */
    ms_reach *reach;                                 /* set by ms_store_post_config() */
    struct ms_feed_place *feed; /* set by ms_cached_store_init(); NULL: the table is not polled */
    /* Of this child: */
    ms_limiter *limiter; /* NULL: it could not be created, and no connection is used */
    volatile apr_uint32_t touches_paused_until; /* epoch seconds */
    char upgrade_error[256];                    /* why ms_table_make() could not upgrade; or "" */
};

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections out of mod_dbd's pool, made ready for our table: guarded, set up, the table checked
 * and made, statements prepared. Only store.c uses it.
 */
#ifndef MS_CONNECTION_H
#define MS_CONNECTION_H

#include <apr_dbd.h>
#include <httpd.h>
#include <mod_dbd.h>
#include "db/shm_cache.h"
#include "db/sql.h"
#include "db/limiter.h"
#include "db/store.h"

struct ms_store {
    server_rec *server;
    const char *table;
    const char *realm;
    const char *dbd_driver; /* as configured, for messages; NULL where unknown */
    const char *dbd_params; /* likewise */
    const char *dbd_init;   /* likewise */
    int create;
    const char *sql[MS_SQL_N];
    unsigned char tag[MS_SHM_CACHE_STORE_LEN];
    /* Of this child: */
    ms_limiter *limiter; /* NULL: it could not be made, and no connection is used */
    volatile apr_uint32_t touches_paused_until; /* epoch seconds */
};

/** In each child, after mod_dbd's own child_init: find mod_dbd. */
void ms_connection_child_init(void);

/** What tells one server's connection pool from another's. */
const void *ms_connection_pool_id(const server_rec *s);

/** The connection that this request holds already through ap_dbd_acquire(), or NULL. */
void *ms_connection_held(request_rec *r);

typedef struct ms_connection {
    const ms_db_ctx *ctx;
    ap_dbd_t *dbd;
    struct ms_conn_state *kept; /* what it keeps of ours; NULL where mod_dbd did not set it up */
    struct ms_stmt_cache *prepared; /* and of that, for our table */
    int answered;                   /* to be set once the database has answered */
} ms_connection;

/**
 * Borrow a connection that is ready for the store's table.
 * @return APR_SUCCESS: give it back with ms_connection_return(); else there is none to be had,
 * which is logged
 */
apr_status_t ms_connection_borrow(const ms_db_ctx *ctx, ms_connection *c);
void ms_connection_return(ms_connection *c);

/** The statement, prepared on this connection. *rv is apr_dbd's own code where NULL is returned. */
apr_dbd_prepared_t *ms_connection_statement(ms_connection *c, ms_sql which, int *rv);

/** The statement failed: prepare it anew next time. */
void ms_connection_forget(ms_connection *c, ms_sql which);

/** Log that a statement failed, once a second at most, with what the driver says of it. */
void ms_connection_log_failure(ms_connection *c, ms_sql which, int rv);

#endif

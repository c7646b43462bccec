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
#include "db/sql.h"
#include "db/store.h"

/** See ms_store_register_hooks(). */
void ms_connection_register_hooks(void);

/** See ms_store_is_available(). */
int ms_connection_is_available(void);

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
    int schema;                     /* of our table */
    int answered;                   /* to be set once the database has answered */
} ms_connection;

/**
 * Borrow a connection that is ready for the store's table.
 * @return APR_SUCCESS: give it back with ms_connection_return(); else there is none to be had,
 * which is logged
 */
apr_status_t ms_connection_borrow(const ms_db_ctx *ctx, ms_connection *c);
void ms_connection_return(ms_connection *c);

/** See ms_store_check(). */
apr_status_t ms_connection_check_table(const ms_db_ctx *ctx);

/** The statement, prepared on this connection. *rv is apr_dbd's own code where NULL is returned. */
apr_dbd_prepared_t *ms_connection_statement(ms_connection *c, ms_sql which, int *rv);

/** The statement failed: prepare it anew next time. */
void ms_connection_forget(ms_connection *c, ms_sql which);

/** Log that a statement failed, once a second at most, with what the driver says of it. */
void ms_connection_log_failure(ms_connection *c, ms_sql which, int rv);

#endif

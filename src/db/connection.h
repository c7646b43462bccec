/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections of mod_dbd's pool, made ready for our table: limited, set up, the table found or
 * created, statements prepared. Only store.c, result.c and feed.c use it.
 */
#ifndef MS_CONNECTION_H
#define MS_CONNECTION_H

#include <signal.h>
#include <apr_dbd.h>
#include <httpd.h>
#include <mod_dbd.h>
#include "db/native.h"
#include "db/sql.h"
#include "db/store.h"

/** See ms_store_register_hooks(). */
void ms_connection_register_hooks(void);

typedef struct ms_connection {
    const ms_db_ctx *ctx;
    ap_dbd_t *dbd;
    struct ms_conn_state *state;  /* ours; NULL if mod_dbd did not set it up */
    struct ms_prepared *prepared; /* its statements for our table */
    int schema;                   /* of our table */
    int answered;                 /* set by the caller when the database has answered */
    sigset_t signals;             /* blocked before it was borrowed */
} ms_connection;

/**
 * Borrow a connection that is ready for the store's table.
 * @return APR_SUCCESS: return it with ms_connection_return(); any other status means that there is
 * no connection, which has been logged, once a second at most: see ms_dbd_pool_take()
 */
apr_status_t ms_connection_borrow(const ms_db_ctx *ctx, ms_connection *c);
void ms_connection_return(ms_connection *c);

/** See ms_store_check(). */
apr_status_t ms_connection_check_table(const ms_db_ctx *ctx);

/** The statement, prepared on this connection. *rv is apr_dbd's own code if NULL is returned. */
apr_dbd_prepared_t *ms_connection_statement(ms_connection *c, ms_sql which, int *rv);

/**
 * Run a statement by the database's client library.
 * @param call  its sql is set here
 * @return 0; apr_dbd's own code; MS_NATIVE_DECLINED: use ms_connection_statement() instead
 */
int ms_connection_run(ms_connection *c, ms_native_call *call);

const ms_dialect *ms_connection_dialect(const ms_connection *c);

/** Run statements of the dialect, NULL-terminated. Failures do not matter. */
void ms_connection_run_all(ms_connection *c, const char *const *statements);

/** A number kept for the feed, for this table on this connection: the version of the database at
 * the last complete poll; 0 at first. */
apr_int64_t *ms_connection_polled(ms_connection *c);

/** The statement failed: prepare it again next time. */
void ms_connection_forget(ms_connection *c, ms_sql which);

/** Log that a statement failed, once a second at most, with the message of the driver. */
void ms_connection_log_failure(ms_connection *c, ms_sql which, int rv);

#endif

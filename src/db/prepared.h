/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The statements of one store, prepared on one connection when they are first needed, and again
 * after a failure. mod_dbd's own are prepared before a table could be created: it drops the whole
 * pool if one of them fails, and after a restart of the database they never work again.
 */
#ifndef MS_PREPARED_H
#define MS_PREPARED_H

#include <apr_dbd.h>
#include <mod_dbd.h>
#include "db/native.h"
#include "db/sql.h"
#include "db/store.h"

/* Zero at first, but for the store. */
typedef struct ms_prepared {
    const ms_store *store;
    int schema;           /* of the table, as it was seen through this connection */
    apr_time_t looked_at; /* when, by the clock */
    apr_int64_t polled;   /* see ms_connection_polled() */
    apr_dbd_prepared_t *statements[MS_SQL_N];
    ms_native_stmt *native[MS_SQL_N];
    struct ms_prepared *next; /* of another store, on the same connection */
} ms_prepared;

/** @return NULL: the store has not used this connection yet */
ms_prepared *ms_prepared_find(ms_prepared *first, const ms_store *store);

/**
 * Add a store to those of a connection.
 * @param p  lives as long as the connection
 */
ms_prepared *ms_prepared_add(ms_prepared **first, const ms_store *store, apr_pool_t *p);

/** The driver has connected again: what the client library had prepared is gone. */
void ms_prepared_reconnected(ms_prepared *first);

/**
 * A statement for apr_dbd.
 * @param p   lives as long as the connection
 * @param rv  out: apr_dbd's own code if NULL is returned
 */
apr_dbd_prepared_t *ms_prepared_statement(ms_prepared *prepared, ms_sql which, const ap_dbd_t *dbd,
                                          apr_pool_t *p, int *rv);

/**
 * Run a statement by the database's client library.
 * @param native  may be NULL
 * @param call    its sql is set here
 * @return 0; apr_dbd's own code; MS_NATIVE_DECLINED: use ms_prepared_statement() instead
 */
int ms_prepared_run(ms_prepared *prepared, ms_native *native, ms_native_call *call);

/** The statement failed: prepare it again next time. native may be NULL. */
void ms_prepared_forget(ms_prepared *prepared, ms_native *native, ms_sql which);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store's connections (db/connection.h, db/dbd_pool.h) for a process without mod_dbd: one
 * connection of apr_dbd, which is opened when it is first needed. Linked in place of
 * src/db/connection.c and src/db/dbd_pool.c, so the store above it is the module's own.
 */
#include "db/connection.h"

#include <apr_dbd.h>
#include <apr_strings.h>
#include <http_log.h>
#include "core/dbd_params.h"
#include "ctl/link.h"
#include "db/dbd_pool.h"
#include "db/store_private.h"
#include "db/table.h"

APLOG_USE_MODULE(managed_session);

/* In place of that of db/prepared.h: the tool has one store, and no client library of its own. */
typedef struct ms_prepared {
    apr_dbd_prepared_t *statements[MS_SQL_N];
} ms_prepared;

/* The process's connection. */
static struct {
    apr_pool_t *p; /* of the process */
    const apr_array_header_t *init;
    apr_pool_t *life; /* of the connection; NULL: it is not open */
    ap_dbd_t dbd;
    const ms_dialect *dialect;
    ms_prepared cache;
    int schema;
    int is_doubtful; /* a statement failed: see whether the connection still works */
} own;

void ms_link_init(apr_pool_t *p, const apr_array_header_t *init)
{
    own.p = p;
    own.init = init;
    apr_dbd_init(p);
}

void ms_link_close(void)
{
    if (own.life) {
        apr_dbd_close(own.dbd.driver, own.dbd.handle);
        apr_pool_destroy(own.life);
        own.life = NULL;
    }
}

/* ---- open ------------------------------------------------------------------------------------ */

static void complain(const char *what, const char *why)
{
    ap_log_error(APLOG_MARK, APLOG_ERR, 0, NULL, "%s%s%s", what, why && *why ? ": " : "",
                 why ? why : "");
}

static ms_table table_of(const ms_db_ctx *ctx)
{
    return (ms_table){.store = ctx->store,
                      .dialect = own.dialect,
                      .driver = own.dbd.driver,
                      .handle = own.dbd.handle,
                      .p = ctx->p};
}

/* Drivers repeat a part of a text that they cannot read, which may be one of a password. */
static const char *without_params(const ms_store *store, const char *why)
{
    return ms_dbd_params_is_list(store->dbd_driver, store->dbd_params)
               ? why
               : "DBDParams cannot be read; it is a list of name=value";
}

static int open_handle(const ms_store *store)
{
    const char *why = NULL;
    apr_status_t rv = apr_dbd_get_driver(own.life, store->dbd_driver, &own.dbd.driver);

    if (rv != APR_SUCCESS) {
        complain(apr_psprintf(own.life,
                              "apr_dbd has no driver \"%s\" here; on Debian it is in the package "
                              "libaprutil1-dbd-%s",
                              store->dbd_driver, store->dbd_driver),
                 NULL);
        return 0;
    }
    rv = apr_dbd_open_ex(own.dbd.driver, own.life, store->dbd_params, &own.dbd.handle, &why);
    if (rv != APR_SUCCESS) {
        complain("the database cannot be reached", without_params(store, why));
        return 0;
    }
    own.dbd.pool = own.life;
    own.dialect = ms_sql_dialect(store->dbd_driver);
    return 1;
}

static void run_init(void)
{
    for (int i = 0; i < own.init->nelts; i++) {
        int rows;

        apr_dbd_query(own.dbd.driver, own.dbd.handle, &rows,
                      APR_ARRAY_IDX(own.init, i, const char *));
    }
}

static apr_status_t find_table(const ms_db_ctx *ctx)
{
    const ms_table table = table_of(ctx);
    const int rv = ms_table_find(&table, &own.schema);

    if (rv) {
        const char *why = apr_dbd_error(own.dbd.driver, own.dbd.handle, rv);

        complain(apr_psprintf(ctx->p, "the table \"%s\" %s", ctx->store->table,
                              ms_table_fault(&table, why ? apr_pstrdup(ctx->p, why) : NULL)),
                 NULL);
    }
    return rv ? APR_EGENERAL : APR_SUCCESS;
}

/* One whose table is not found is closed: it is not the one for the next table. */
static apr_status_t open_connection(const ms_db_ctx *ctx)
{
    ms_table table;
    apr_status_t rv;

    apr_pool_create(&own.life, own.p);
    own.cache = (ms_prepared){{NULL}};
    own.is_doubtful = 0;
    if (!open_handle(ctx->store)) {
        apr_pool_destroy(own.life);
        own.life = NULL;
        return APR_EGENERAL;
    }
    run_init();
    table = table_of(ctx);
    ms_table_set_up_connection(&table);
    rv = find_table(ctx);
    if (rv != APR_SUCCESS) {
        ms_link_close();
    }
    return rv;
}

/* ---- what the store calls -------------------------------------------------------------------- */

void ms_connection_register_hooks(void)
{
}

int ms_dbd_pool_is_available(void)
{
    return 1;
}

void ms_dbd_pool_post_config(ms_store *const *stores, int n)
{
    (void)stores, (void)n;
}

void ms_dbd_pool_child_init(void)
{
}

const void *ms_dbd_pool_id(const server_rec *s)
{
    return s;
}

void *ms_dbd_pool_held(request_rec *r)
{
    (void)r;
    return NULL;
}

apr_status_t ms_connection_borrow(const ms_db_ctx *ctx, ms_connection *c)
{
    apr_status_t rv = APR_SUCCESS;

    if (own.life && own.is_doubtful &&
        apr_dbd_check_conn(own.dbd.driver, ctx->p, own.dbd.handle) != APR_SUCCESS) {
        ms_link_close();
    }
    own.is_doubtful = 0;
    if (!own.life) {
        rv = open_connection(ctx);
    }
    *c = (ms_connection){.ctx = ctx, .dbd = &own.dbd, .prepared = &own.cache, .schema = own.schema};
    return rv;
}

void ms_connection_return(ms_connection *c)
{
    (void)c;
}

apr_status_t ms_connection_check_table(const ms_db_ctx *ctx)
{
    ms_connection c;

    return ms_connection_borrow(ctx, &c);
}

const ms_dialect *ms_connection_dialect(const ms_connection *c)
{
    (void)c;
    return own.dialect;
}

apr_dbd_prepared_t *ms_connection_statement(ms_connection *c, ms_sql which, int *rv)
{
    apr_dbd_prepared_t **slot = &c->prepared->statements[which];

    *rv = 0;
    if (!*slot) {
        *rv = apr_dbd_prepare(own.dbd.driver, own.life, own.dbd.handle,
                              c->ctx->store->sql[c->schema][which], NULL, slot);
        *slot = *rv ? NULL : *slot;
    }
    return *slot;
}

int ms_connection_run(ms_connection *c, ms_native_call *call)
{
    (void)c, (void)call;
    return MS_NATIVE_DECLINED; /* what a tool does is not worth a second way to do it */
}

void ms_connection_forget(ms_connection *c, ms_sql which)
{
    c->prepared->statements[which] = NULL;
    own.is_doubtful = 1;
}

void ms_connection_log_failure(ms_connection *c, ms_sql which, int rv)
{
    complain(apr_psprintf(c->ctx->p, "the database rejected the statement %s", ms_sql_name(which)),
             apr_dbd_error(own.dbd.driver, own.dbd.handle, rv));
}

/* ---- for the commands ------------------------------------------------------------------------ */

apr_status_t ms_link_find_table(const ms_db_ctx *ctx, int *schema)
{
    ms_connection c;
    const apr_status_t rv = ms_connection_borrow(ctx, &c);

    *schema = rv == APR_SUCCESS ? own.schema : 0;
    return rv;
}

apr_status_t ms_link_upgrade(const ms_db_ctx *ctx, int *schema)
{
    apr_status_t rv = ms_link_find_table(ctx, schema);

    if (rv == APR_SUCCESS && *schema < MS_SCHEMA) {
        ctx->store->create = 1; /* the table is there; this allows that it is changed */
        if (ms_table_is_sqlite(ctx->store)) {
            ms_link_close();
            ms_table_make(ctx->store, ctx->p);
            rv = ms_link_find_table(ctx, schema);
        }
        else {
            const ms_table table = table_of(ctx);

            ms_table_upgrade(&table, schema);
            ms_link_close();
        }
    }
    return rv;
}

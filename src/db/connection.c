/* SPDX-License-Identifier: Apache-2.0 */
#include "db/connection.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <apr_optional_hooks.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_log.h>
#include <http_request.h>
#include "db/dbd_pool.h"
#include "db/native_mysql.h"
#include "db/prepared.h"
#include "db/store_private.h"
#include "db/table.h"
#include "db/watchdog.h"

APLOG_USE_MODULE(managed_session);

#define CONNECTION_KEY   "managed_session"
#define SLOW             apr_time_from_sec(1)  /* a try that takes longer is the last one */
#define LOOK_AGAIN_AFTER apr_time_from_sec(30) /* whether an old table has been upgraded */

/* What we keep with a connection of mod_dbd, for its life. */
typedef struct ms_conn_state {
    int nmax;
    const ms_dialect *dialect; /* NULL: a database that is not supported */
    ms_socket_fn *socket_of;   /* NULL: it has none, or it is not known */
    ms_watchdog *watchdog;
    apr_pool_t *pool;
    ms_prepared *prepared;
    ms_native *native; /* NULL: everything goes through apr_dbd */
    int is_set_up;
    apr_uint64_t set_up_socket; /* identity_of() the socket that was set up */
    const char *encoding;       /* NULL; or the encoding of a database that cannot be used */
} ms_conn_state;

static ms_socket_fn *find_socket_fn(const ms_dialect *dialect, apr_pool_t *p)
{
    ms_socket_fn *fn = NULL;

    if (dialect && dialect->socket) {
        ms_native_find(&(ms_native_symbol){dialect->socket, 0}, 1, &fn, p);
    }
    return fn;
}

static int socket_of(const ms_conn_state *state, const ap_dbd_t *dbd)
{
    return state->socket_of ? state->socket_of(apr_dbd_native_handle(dbd->driver, dbd->handle))
                            : -1;
}

static apr_status_t dbd_connected(apr_pool_t *pool, dbd_cfg_t *cfg, ap_dbd_t *dbd)
{
    ms_conn_state *state = apr_pcalloc(pool, sizeof(*state));

    ms_dbd_pool_opened(pool, cfg);
    state->nmax = cfg->nmax;
    state->pool = pool;
    state->dialect = ms_sql_dialect(apr_dbd_name(dbd->driver));
    state->socket_of = find_socket_fn(state->dialect, pool);
    state->watchdog = ms_watchdog_add(pool, socket_of(state, dbd));
    if (state->dialect && state->dialect->is_mysql) {
        ms_native_mysql_add(pool, apr_dbd_native_handle(dbd->driver, dbd->handle));
    }
    apr_pool_userdata_setn(state, CONNECTION_KEY, NULL, dbd->pool);
    return APR_SUCCESS;
}

void ms_connection_register_hooks(void)
{
    APR_OPTIONAL_HOOK(dbd, post_connect, dbd_connected, NULL, NULL, APR_HOOK_MIDDLE);
}

static int may_log(const ms_db_ctx *ctx)
{
    return !ctx->is_quiet && ms_limiter_may_log(ctx->store->limiter);
}

static ms_conn_state *state_of(const ms_connection *c)
{
    void *state = NULL;

    apr_pool_userdata_get(&state, CONNECTION_KEY, c->dbd->pool);
    return state;
}

static void begin_wait(ms_connection *c)
{
    c->state = state_of(c);
    if (c->state) {
        ms_watchdog_begin(c->state->watchdog, socket_of(c->state, c->dbd), c->ctx->is_urgent);
    }
}

static int was_cut(const ms_connection *c)
{
    return c->state && ms_watchdog_was_cut(c->state->watchdog);
}

static apr_status_t take(const ms_db_ctx *ctx, ms_connection *c)
{
    apr_status_t rv;

    *c = (ms_connection){.ctx = ctx};
    ms_dbd_pool_hold_signals(&c->signals);
    rv = ms_dbd_pool_take(ctx, &c->dbd);
    if (rv == APR_SUCCESS) {
        begin_wait(c);
    }
    else {
        ms_dbd_pool_release_signals(&c->signals);
    }
    return rv;
}

static int is_in_step(const ms_connection *c, apr_pool_t *scratch)
{
    const char *number = apr_psprintf(scratch, "%" APR_TIME_T_FMT, apr_time_now());
    const char *query = apr_pstrcat(scratch, "SELECT ", number, NULL), *found = NULL;
    apr_dbd_results_t *res = NULL;
    apr_dbd_row_t *row = NULL;

    if (apr_dbd_select(c->dbd->driver, scratch, c->dbd->handle, &res, query, 1) == 0 &&
        apr_dbd_get_row(c->dbd->driver, scratch, res, &row, 1) == 0) {
        found = apr_dbd_get_entry(c->dbd->driver, row, 0);
    }
    return found && strcmp(found, number) == 0;
}

/* Reads the socket's number again: if the client library has closed it, it may be another's. */
static void shut_down(const ms_connection *c)
{
    const int socket = socket_of(c->state, c->dbd);

    if (socket >= 0) {
        shutdown(socket, SHUT_RDWR);
    }
}

/*
 * If libpq cannot wait for a response, it reports an error, keeps the connection, and takes that
 * response for the one to the next statement. Such a connection is closed; mod_dbd notices that.
 * MariaDB's connector closes it itself. Returns whether it can be used.
 */
static int keep_in_step(const ms_connection *c)
{
    apr_pool_t *scratch;
    int is_good;

    if (!c->state || !c->state->dialect || c->state->dialect->is_mysql ||
        socket_of(c->state, c->dbd) < 0 || c->ctx->held || was_cut(c)) {
        return 1;
    }
    apr_pool_create(&scratch, c->ctx->p);
    is_good = is_in_step(c, scratch);
    apr_pool_destroy(scratch);
    if (!is_good) {
        c->state->is_set_up = 0;
        shut_down(c);
    }
    return is_good;
}

void ms_connection_return(ms_connection *c)
{
    ms_limiter *limiter = c->ctx->store->limiter;

    if (!c->answered) {
        (void)keep_in_step(c);
    }
    if (c->state && ms_watchdog_end(c->state->watchdog)) {
        ms_limiter_doubt(limiter);
    }
    else if (c->answered) {
        ms_limiter_answered(limiter);
        ms_reach_found(c->ctx->store->reach);
    }
    ms_dbd_pool_give_back(c->ctx, c->dbd);
    ms_dbd_pool_release_signals(&c->signals);
}

static void log_no_response(const ms_connection *c)
{
    const ms_store *store = c->ctx->store;

    if (may_log(c->ctx)) {
        ap_log_error(
            APLOG_MARK, APLOG_ERR, 0, store->server,
            "MS0008: the session database did not respond within %d seconds (DBDriver %s); "
            "the connection was closed",
            MS_ANSWER_WITHIN, apr_dbd_name(c->dbd->driver));
    }
}

static ms_table table_of(const ms_connection *c)
{
    return (ms_table){.store = c->ctx->store,
                      .dialect = c->state->dialect,
                      .driver = c->dbd->driver,
                      .handle = c->dbd->handle,
                      .p = c->ctx->p};
}

static void log_no_table(ms_connection *c, int rv)
{
    const ms_store *store = c->ctx->store;
    const ms_table table = table_of(c);

    if (was_cut(c)) {
        log_no_response(c);
    }
    else if (may_log(c->ctx)) {
        const char *why = apr_dbd_error(c->dbd->driver, c->dbd->handle, rv);

        why = why ? apr_pstrdup(c->ctx->p, why) : NULL;
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, store->server, "MS0002: the table \"%s\" %s",
                     store->table, ms_table_fault(&table, why));
    }
}

static const char *find_unfit_encoding(ms_connection *c)
{
    const ms_dialect *dialect = c->state->dialect;
    apr_dbd_results_t *res = NULL;
    apr_dbd_row_t *row = NULL;
    const char *encoding = NULL;
    apr_pool_t *scratch;

    if (!dialect->unfit) {
        return NULL;
    }
    apr_pool_create(&scratch, c->ctx->p);
    if (apr_dbd_select(c->dbd->driver, scratch, c->dbd->handle, &res, dialect->unfit, 1) == 0 &&
        apr_dbd_get_row(c->dbd->driver, scratch, res, &row, 1) == 0) {
        encoding = apr_dbd_get_entry(c->dbd->driver, row, 0);
        encoding = encoding ? apr_pstrdup(c->state->pool, encoding) : NULL;
    }
    apr_pool_destroy(scratch);
    return encoding;
}

/* A socket has an inode of its own for as long as the system runs. */
static apr_uint64_t identity_of(int socket)
{
    struct stat about;

    return socket >= 0 && fstat(socket, &about) == 0 ? (apr_uint64_t)about.st_ino : 0;
}

/* mod_dbd connects again by itself, on the same handle, and the settings are lost. Returns whether
 * the connection can be used. */
static int set_up(ms_connection *c)
{
    ms_conn_state *state = c->state;
    const apr_uint64_t socket = identity_of(socket_of(state, c->dbd));
    const ms_table table = table_of(c);

    if (state->is_set_up && state->set_up_socket == socket) {
        return 1;
    }
    if (!state->native || state->set_up_socket != socket) {
        ms_prepared_reconnected(state->prepared);
        state->native = ms_native_attach(state->pool, c->dbd->driver, c->dbd->handle);
    }
    ms_table_set_up_connection(&table);
    ms_native_set_up(state->native);
    state->encoding = find_unfit_encoding(c);
    state->is_set_up = 1;
    state->set_up_socket = socket;
    return keep_in_step(c);
}

/* If DBDInitSQL fails on a connection, mod_dbd does not run the post_connect hooks, and hands the
 * connection out all the same. */
static void log_not_set_up(const ms_connection *c, int was_connected)
{
    const ms_store *store = c->ctx->store;

    if (!may_log(c->ctx)) {
        return;
    }
    if (was_connected) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, store->server,
                     "MS0003: DBDriver %s is not supported: sessions need sqlite3, pgsql or mysql",
                     apr_dbd_name(c->dbd->driver));
    }
    else {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, store->server,
                     "MS0007: mod_dbd has not set up its connection (DBDriver %s); each "
                     "DBDInitSQL statement must succeed and return no row (with sqlite3, most "
                     "PRAGMAs return one)",
                     apr_dbd_name(c->dbd->driver));
    }
}

static void log_unfit(const ms_connection *c)
{
    const ms_store *store = c->ctx->store;

    if (may_log(c->ctx)) {
        ap_log_error(
            APLOG_MARK, APLOG_ERR, 0, store->server,
            "MS0131: the session database has the encoding %s, which cannot store all names "
            "and devices; use one created with CREATE DATABASE ... ENCODING 'UTF8' "
            "TEMPLATE template0. Requests that need a session get 503",
            c->state->encoding);
    }
}

/* A first try that was slow met a lock, or a server in trouble, and the client has waited long
 * enough. */
static int may_try_again(int try, apr_time_t start)
{
    return try == 0 && apr_time_now() - start < SLOW;
}

static apr_status_t report_out_of_step(const ms_connection *c, int try, apr_time_t start)
{
    if (!may_try_again(try, start)) {
        ms_dbd_pool_log_unreachable(c->ctx);
    }
    return APR_EGENERAL;
}

static void use_prepared(ms_connection *c, ms_prepared *prepared, int schema)
{
    const int is_other = prepared->schema != schema;

    prepared->schema = schema;
    prepared->looked_at = apr_time_now();
    c->prepared = prepared;
    c->schema = schema;
    for (ms_sql i = 0; is_other && i < MS_SQL_N; i++) {
        ms_connection_forget(c, i);
    }
}

/* The table is looked for once on each connection; if it is an old one, again from time to time: it
 * may have been upgraded. */
static apr_status_t use_table(ms_connection *c, int try, apr_time_t start)
{
    ms_prepared *prepared = ms_prepared_find(c->state->prepared, c->ctx->store);
    const ms_table table = table_of(c);
    int schema, rv;

    if (prepared && (prepared->schema == MS_SCHEMA ||
                     apr_time_now() - prepared->looked_at < LOOK_AGAIN_AFTER)) {
        c->prepared = prepared;
        c->schema = prepared->schema;
        return APR_SUCCESS;
    }
    rv = ms_table_find(&table, &schema);
    if (rv) {
        c->state->is_set_up = 0; /* the settings may have failed too */
        if (!may_try_again(try, start)) {
            log_no_table(c, rv);
        }
        return APR_EGENERAL;
    }
    if (!set_up(c) || !keep_in_step(c)) { /* the driver may have connected again */
        return report_out_of_step(c, try, start);
    }
    if (!prepared) {
        prepared = ms_prepared_add(&c->state->prepared, c->ctx->store, c->state->pool);
    }
    use_prepared(c, prepared, schema);
    return APR_SUCCESS;
}

static apr_status_t prepare_for_store(ms_connection *c, int try, apr_time_t start)
{
    const ms_store *store = c->ctx->store;
    ms_conn_state *state = c->state;

    if (!state || !state->dialect) {
        log_not_set_up(c, state != NULL);
        return APR_ENOTIMPL;
    }
    ms_limiter_resize(store->limiter, state->nmax > 0 ? state->nmax : 1);
    if (!set_up(c)) {
        return report_out_of_step(c, try, start);
    }
    if (state->encoding) {
        log_unfit(c);
        return APR_ENOTIMPL;
    }
    return use_table(c, try, start);
}

/* Tries again if the table was not found: that a connection was cut while it was idle may only show
 * when it is used. mod_dbd's check on PostgreSQL knows no more than libpq, and replaces the
 * connection the next time. */
apr_status_t ms_connection_borrow(const ms_db_ctx *ctx, ms_connection *c)
{
    const apr_time_t start = apr_time_now();
    apr_status_t rv;
    int try = 0;

    do {
        rv = take(ctx, c);
        if (rv != APR_SUCCESS) {
            return rv;
        }
        rv = prepare_for_store(c, try, start);
        if (rv != APR_SUCCESS) {
            ms_connection_return(c);
        }
    } while (rv == APR_EGENERAL && may_try_again(try++, start));
    return rv;
}

static void upgrade_table(ms_connection *c)
{
    const ms_table table = table_of(c);
    int schema = c->schema;

    ms_table_upgrade(&table, &schema);
    (void)set_up(c);
    use_prepared(c, c->prepared, schema);
}

/* The upgrade may take as long as an index does, so the watchdog must not cut its connection. The
 * check before it is under the watchdog, so a database that hangs does not get that far. */
apr_status_t ms_connection_check_table(const ms_db_ctx *ctx)
{
    ms_db_ctx patient = *ctx;
    ms_connection c;
    apr_status_t rv = ms_connection_borrow(ctx, &c);
    int schema = MS_SCHEMA;

    if (rv == APR_SUCCESS) {
        schema = c.schema;
        ms_connection_return(&c);
    }
    if (schema == MS_SCHEMA) {
        return rv;
    }
    patient.is_urgent = 0;
    rv = ms_connection_borrow(&patient, &c);
    if (rv == APR_SUCCESS) {
        if (c.schema < MS_SCHEMA) {
            upgrade_table(&c);
        }
        ms_connection_return(&c);
    }
    return rv;
}

apr_dbd_prepared_t *ms_connection_statement(ms_connection *c, ms_sql which, int *rv)
{
    return ms_prepared_statement(c->prepared, which, c->dbd, c->state->pool, rv);
}

int ms_connection_run(ms_connection *c, ms_native_call *call)
{
    return ms_prepared_run(c->prepared, c->state->native, call);
}

void ms_connection_forget(ms_connection *c, ms_sql which)
{
    ms_prepared_forget(c->prepared, c->state->native, which);
}

apr_int64_t *ms_connection_polled(ms_connection *c)
{
    return &c->prepared->polled;
}

void ms_connection_run_all(ms_connection *c, const char *const *statements)
{
    for (; *statements; statements++) {
        int rows;

        (void)apr_dbd_query(c->dbd->driver, c->dbd->handle, &rows, *statements);
    }
}

const ms_dialect *ms_connection_dialect(const ms_connection *c)
{
    return c->state->dialect;
}

void ms_connection_log_failure(ms_connection *c, ms_sql which, int rv)
{
    const ms_store *store = c->ctx->store;
    const char *why = apr_dbd_error(c->dbd->driver, c->dbd->handle, rv);

    if (was_cut(c)) {
        log_no_response(c);
    }
    else if (may_log(c->ctx)) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, store->server,
                     "MS0004: the session database rejected the statement %s on table \"%s\": %s%s",
                     ms_sql_name(which), store->table, why ? why : "no reason given",
                     ms_table_sqlite_hint(store, c->ctx->p));
    }
}

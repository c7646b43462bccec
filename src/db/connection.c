/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mod_dbd prepares its own statements before anybody could make a table, and drops the whole pool
 * where one of them fails; after a database restart they stay broken for good. So statements are
 * prepared here, lazily, on the connection itself, and prepared again after a failure.
 */
#include "db/connection.h"

#include <string.h>
#include <sys/stat.h>
#include <apr_dso.h>
#include <apr_optional_hooks.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_log.h>
#include <http_request.h>
#include "db/store_private.h"
#include "db/table.h"
#include "db/watchdog.h"
#include "http/request_chain.h"

APLOG_USE_MODULE(managed_session);

#define CONNECTION_KEY   "managed_session"
#define OPEN_FOR         apr_time_from_sec(1) /* how long dead pooled connections are skipped */
#define OPEN_TRIES       12
#define LOOK_AGAIN_AFTER apr_time_from_sec(30) /* whether an old table has been upgraded */

typedef struct ms_stmt_cache {
    const ms_store *store;
    int schema;           /* of the table, as it was seen through this connection */
    apr_time_t looked_at; /* when, by the clock */
    apr_dbd_prepared_t *statements[MS_SQL_N];
    struct ms_stmt_cache *next;
} ms_stmt_cache;

/* What a connection of mod_dbd's keeps of ours, for its life. */
typedef struct ms_conn_state {
    int nmax;
    const ms_dialect *dialect; /* NULL: a database that is none of ours */
    ms_socket_fn *socket_of;   /* NULL: there is none, or it cannot be told */
    ms_watchdog *watchdog;
    apr_pool_t *pool;
    ms_stmt_cache *prepared;
    int is_set_up;
    apr_uint64_t set_up_socket; /* identity_of() the one that was set up */
    const char *encoding;       /* NULL; or that of a database that is none for us */
} ms_conn_state;

/* Process-wide, set at start: mod_dbd may be loaded after us, so it is not linked against. */
static APR_OPTIONAL_FN_TYPE(ap_dbd_open) * dbd_open;
static APR_OPTIONAL_FN_TYPE(ap_dbd_close) * dbd_close;
static APR_OPTIONAL_FN_TYPE(ap_dbd_acquire) * dbd_acquire;
static const module *dbd_module;

/* The driver has loaded its client library, and its names into the process. */
static ms_socket_fn *find_socket_fn(const ms_dialect *dialect, apr_pool_t *p)
{
    apr_dso_handle_t *process;
    apr_dso_handle_sym_t found = NULL;
    ms_socket_fn *fn;

    if (!dialect || !dialect->socket || apr_dso_load(&process, NULL, p) != APR_SUCCESS ||
        apr_dso_sym(&found, process, dialect->socket) != APR_SUCCESS) {
        return NULL;
    }
    memcpy(&fn, &found, sizeof(fn)); /* C has no cast from the one to the other */
    return fn;
}

static int socket_of(const ms_conn_state *kept, const ap_dbd_t *dbd)
{
    return kept->socket_of ? kept->socket_of(apr_dbd_native_handle(dbd->driver, dbd->handle)) : -1;
}

static apr_status_t dbd_connected(apr_pool_t *pool, dbd_cfg_t *cfg, ap_dbd_t *dbd)
{
    ms_conn_state *kept = apr_pcalloc(pool, sizeof(*kept));

    kept->nmax = cfg->nmax;
    kept->pool = pool;
    kept->dialect = ms_sql_dialect(apr_dbd_name(dbd->driver));
    kept->socket_of = find_socket_fn(kept->dialect, pool);
    kept->watchdog = ms_watchdog_add(pool, socket_of(kept, dbd));
    apr_pool_userdata_setn(kept, CONNECTION_KEY, NULL, dbd->pool);
    return APR_SUCCESS;
}

void ms_connection_register_hooks(void)
{
    APR_OPTIONAL_HOOK(dbd, post_connect, dbd_connected, NULL, NULL, APR_HOOK_MIDDLE);
}

int ms_connection_is_available(void)
{
    return APR_RETRIEVE_OPTIONAL_FN(ap_dbd_open) != NULL;
}

void ms_connection_child_init(void)
{
    dbd_open = APR_RETRIEVE_OPTIONAL_FN(ap_dbd_open);
    dbd_close = APR_RETRIEVE_OPTIONAL_FN(ap_dbd_close);
    dbd_acquire = APR_RETRIEVE_OPTIONAL_FN(ap_dbd_acquire);
    dbd_module = ap_find_linked_module("mod_dbd.c");
}

const void *ms_connection_pool_id(const server_rec *s)
{
    return dbd_module ? ap_get_module_config(s->module_config, dbd_module) : NULL;
}

void *ms_connection_held(request_rec *r)
{
    request_rec *first = ms_request_chain_first(r);

    /* Where mod_dbd has noted a connection for this request, ap_dbd_acquire() gives that one. */
    if (dbd_acquire && dbd_module && ap_get_module_config(first->request_config, dbd_module)) {
        return dbd_acquire(r);
    }
    return NULL;
}

static void log_unreachable(const ms_db_ctx *ctx)
{
    const ms_store *store = ctx->store;

    if (ms_limiter_may_log(store->limiter)) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, store->server,
                     "MS0001: no connection to the session database (DBDriver %s)%s; requests that "
                     "need a session are answered 503",
                     store->dbd_driver ? store->dbd_driver : "?",
                     ms_table_sqlite_hint(store, ctx->p));
    }
}

/* mod_dbd answers NULL once for each pooled connection that died, so one NULL says little. */
static ap_dbd_t *open_some(const ms_db_ctx *ctx)
{
    const apr_time_t start = apr_time_now();
    const int tries = ms_table_is_sqlite(ctx->store) ? 1 : OPEN_TRIES;
    ap_dbd_t *dbd = NULL;
    ms_watchdog waiting;

    ms_watchdog_begin_any(&waiting);
    for (int i = 0; i < tries && !dbd && apr_time_now() - start < OPEN_FOR; i++) {
        dbd = dbd_open(ctx->p, ctx->store->server);
    }
    ms_watchdog_end_any(&waiting);
    return dbd;
}

static ms_conn_state *kept_of(const ms_connection *c)
{
    void *kept = NULL;

    apr_pool_userdata_get(&kept, CONNECTION_KEY, c->dbd->pool);
    return kept;
}

static void begin_to_wait(ms_connection *c)
{
    c->kept = kept_of(c);
    if (c->kept && c->ctx->is_urgent) {
        ms_watchdog_begin(c->kept->watchdog, socket_of(c->kept, c->dbd));
    }
}

static int was_cut(const ms_connection *c)
{
    return c->kept && ms_watchdog_was_cut(c->kept->watchdog);
}

static apr_status_t take(const ms_db_ctx *ctx, ms_connection *c)
{
    apr_status_t rv;

    *c = (ms_connection){.ctx = ctx};
    if (!ctx->store->limiter) {
        return APR_ENOMEM; /* logged at start: MS0005 */
    }
    if (ctx->held) {
        c->dbd = ctx->held;
        begin_to_wait(c);
        return APR_SUCCESS;
    }
    if (!dbd_open) {
        return APR_ENOTIMPL;
    }
    rv = ms_limiter_enter(ctx->store->limiter);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    c->dbd = open_some(ctx);
    if (!c->dbd) {
        ms_limiter_trip(ctx->store->limiter);
        ms_limiter_leave(ctx->store->limiter);
        log_unreachable(ctx);
        return APR_EGENERAL;
    }
    begin_to_wait(c);
    return APR_SUCCESS;
}

void ms_connection_return(ms_connection *c)
{
    ms_limiter *limiter = c->ctx->store->limiter;

    if (c->kept && ms_watchdog_end(c->kept->watchdog)) {
        ms_limiter_doubt(limiter);
    }
    else if (c->answered) {
        ms_limiter_answered(limiter);
    }
    if (!c->ctx->held) {
        dbd_close(c->ctx->store->server, c->dbd);
        ms_limiter_leave(limiter);
    }
}

static void log_unanswered(const ms_connection *c)
{
    const ms_store *store = c->ctx->store;

    if (ms_limiter_may_log(store->limiter)) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, store->server,
                     "MS0008: the session database did not answer within %d seconds (DBDriver %s); "
                     "the connection was cut",
                     MS_ANSWER_WITHIN, apr_dbd_name(c->dbd->driver));
    }
}

static ms_table table_of(const ms_connection *c)
{
    return (ms_table){.store = c->ctx->store,
                      .dialect = c->kept->dialect,
                      .driver = c->dbd->driver,
                      .handle = c->dbd->handle,
                      .p = c->ctx->p};
}

static void log_no_table(ms_connection *c, int rv)
{
    const ms_store *store = c->ctx->store;
    const ms_table table = table_of(c);

    if (was_cut(c)) {
        log_unanswered(c);
    }
    else if (ms_limiter_may_log(store->limiter)) {
        const char *why = apr_dbd_error(c->dbd->driver, c->dbd->handle, rv);

        why = why ? apr_pstrdup(c->ctx->p, why) : NULL;
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, store->server, "MS0002: the table \"%s\" %s",
                     store->table, ms_table_fault(&table, why));
    }
}

static const char *find_unfit_encoding(ms_connection *c)
{
    const ms_dialect *dialect = c->kept->dialect;
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
        encoding = encoding ? apr_pstrdup(c->kept->pool, encoding) : NULL;
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

/* mod_dbd connects again by itself, on the same handle, and what was set before is lost. */
static void set_up(ms_connection *c)
{
    ms_conn_state *kept = c->kept;
    const apr_uint64_t socket = identity_of(socket_of(kept, c->dbd));

    if (!kept->is_set_up || kept->set_up_socket != socket) {
        const ms_table table = table_of(c);

        ms_table_set_up_connection(&table);
        kept->encoding = find_unfit_encoding(c);
        kept->is_set_up = 1;
        kept->set_up_socket = socket;
    }
}

/* mod_dbd calls nobody for a connection on which DBDInitSQL failed, and hands it out all the same.
 */
static void log_not_set_up(const ms_connection *c, int was_called)
{
    const ms_store *store = c->ctx->store;

    if (!ms_limiter_may_log(store->limiter)) {
        return;
    }
    if (was_called) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, store->server,
                     "MS0003: DBDriver %s is none that sessions can be kept in; use sqlite3, pgsql "
                     "or mysql",
                     apr_dbd_name(c->dbd->driver));
    }
    else {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, store->server,
                     "MS0007: mod_dbd has not set up its connection (DBDriver %s); see to it that "
                     "each DBDInitSQL statement works and returns no row (with sqlite3 that leaves "
                     "out most PRAGMAs)",
                     apr_dbd_name(c->dbd->driver));
    }
}

static void log_unfit(const ms_connection *c)
{
    const ms_store *store = c->ctx->store;

    if (ms_limiter_may_log(store->limiter)) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, store->server,
                     "MS0131: the session database has the encoding %s, in which names and devices "
                     "cannot be kept as they are sent; use one that was made with CREATE DATABASE "
                     "... ENCODING 'UTF8' TEMPLATE template0. Requests that need a session are "
                     "answered 503",
                     c->kept->encoding);
    }
}

/* Where the first try was slow, a lock or a server in trouble is the reason, and the visitor has
 * waited long enough. */
static int may_try_again(int try, apr_time_t start)
{
    return try == 0 && apr_time_now() - start < OPEN_FOR;
}

static ms_stmt_cache *find_prepared(const ms_connection *c)
{
    ms_stmt_cache *prepared = c->kept->prepared;

    while (prepared && prepared->store != c->ctx->store) {
        prepared = prepared->next;
    }
    return prepared;
}

static ms_stmt_cache *add_prepared(const ms_connection *c)
{
    ms_stmt_cache *prepared = apr_pcalloc(c->kept->pool, sizeof(*prepared));

    prepared->store = c->ctx->store;
    prepared->next = c->kept->prepared;
    c->kept->prepared = prepared;
    return prepared;
}

static void use_prepared(ms_connection *c, ms_stmt_cache *prepared, int schema)
{
    if (prepared->schema != schema) {
        memset(prepared->statements, 0, sizeof(prepared->statements));
    }
    prepared->schema = schema;
    prepared->looked_at = apr_time_now();
    c->prepared = prepared;
    c->schema = schema;
}

/* Looks at the table through a connection that has not done so, and at an old table from time to
 * time: it may have been upgraded. */
static apr_status_t use_table(ms_connection *c, int try, apr_time_t start)
{
    ms_stmt_cache *prepared = find_prepared(c);
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
        c->kept->is_set_up = 0; /* that may not have worked either */
        if (!may_try_again(try, start)) {
            log_no_table(c, rv);
        }
        return APR_EGENERAL;
    }
    set_up(c); /* again, if the driver has connected again meanwhile */
    use_prepared(c, prepared ? prepared : add_prepared(c), schema);
    return APR_SUCCESS;
}

static apr_status_t prepare_for_store(ms_connection *c, int try, apr_time_t start)
{
    const ms_store *store = c->ctx->store;
    ms_conn_state *kept = c->kept;

    if (!kept || !kept->dialect) {
        log_not_set_up(c, kept != NULL);
        return APR_ENOTIMPL;
    }
    ms_limiter_resize(store->limiter, kept->nmax > 0 ? kept->nmax : 1);
    set_up(c);
    if (kept->encoding) {
        log_unfit(c);
        return APR_ENOTIMPL;
    }
    return use_table(c, try, start);
}

/* Once more where the table is not seen: a connection that was cut while nobody used it may be
 * found so only by asking. mod_dbd's check on PostgreSQL knows what libpq knows, and mends it next
 * time. */
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
    set_up(c);
    use_prepared(c, c->prepared, schema);
}

/* The upgrade may have to wait for an index, so it has a connection that the watchdog does not cut;
 * but first the database must have answered one that it does cut. */
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
    apr_dbd_prepared_t **slot = &c->prepared->statements[which];

    *rv = 0;
    if (!*slot) {
        /* Without a label PostgreSQL keeps nothing in its session that a reconnect could lose. */
        *rv = apr_dbd_prepare(c->dbd->driver, c->kept->pool, c->dbd->handle,
                              c->ctx->store->sql[c->schema][which], NULL, slot);
        if (*rv) {
            *slot = NULL;
        }
        ap_log_error(APLOG_MARK, APLOG_TRACE2, 0, c->ctx->store->server, "prepared %s: %s",
                     ms_sql_name(which), c->ctx->store->sql[c->schema][which]);
    }
    return *slot;
}

void ms_connection_forget(ms_connection *c, ms_sql which)
{
    c->prepared->statements[which] = NULL;
}

void ms_connection_log_failure(ms_connection *c, ms_sql which, int rv)
{
    const ms_store *store = c->ctx->store;
    const char *why = apr_dbd_error(c->dbd->driver, c->dbd->handle, rv);

    if (was_cut(c)) {
        log_unanswered(c);
    }
    else if (ms_limiter_may_log(store->limiter)) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, store->server,
                     "MS0004: the session database refused the statement %s on table \"%s\": %s%s",
                     ms_sql_name(which), store->table, why ? why : "no reason given",
                     ms_table_sqlite_hint(store, c->ctx->p));
    }
}

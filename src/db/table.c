/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements here are not prepared. They are few and short, and each may be run by several
 * processes at once: one wins, and the error of the others counts only if what they wanted is not
 * there afterwards.
 */
#include "db/table.h"

#include <string.h>
#include <apr_strings.h>
#include <http_log.h>
#include "db/sqlite_file.h"

APLOG_USE_MODULE(managed_session);

#define PATIENCE    apr_time_from_sec(1) /* a query that fails later has met a lock, say */
#define LOCK_WITHIN apr_time_from_sec(5) /* for SQLite's write lock, at the start of a child */

int ms_table_is_sqlite(const ms_store *store)
{
    return store->dbd_driver && strcmp(store->dbd_driver, "sqlite3") == 0 && store->dbd_params;
}

const char *ms_table_sqlite_hint(const ms_store *store, apr_pool_t *p)
{
    return ms_table_is_sqlite(store) && store->dbd_params[0] == '/'
               ? ms_sqlite_file_hint(p, store->dbd_params)
               : "";
}

/* Before SQLite creates -wal and -shm. */
static void protect_files(const ms_store *store, apr_pool_t *p)
{
    const int was = ms_table_is_sqlite(store) && store->dbd_params[0] == '/'
                        ? ms_sqlite_file_protect(p, store->dbd_params)
                        : 0;

    if (was) {
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, store->server,
                     "MS0150: the files of the session database %s were readable by other users "
                     "(mode %04o); their mode is 0600 now",
                     store->dbd_params, (unsigned)was);
    }
}

static int query(const ms_table *table, const char *sql)
{
    int rows = 0;

    return apr_dbd_query(table->driver, table->handle, &rows, sql);
}

static void query_all(const ms_table *table, const char *const *statements)
{
    for (const char *const *sql = statements; *sql; sql++) {
        query(table,
              ms_sql_for_table(table->p, table->dialect, *sql, MS_SCHEMA, table->store->table));
    }
}

void ms_table_set_up_connection(const ms_table *table)
{
    protect_files(table->store, table->p);
    query_all(table, table->dialect->setup); /* a pragma that returns a row is an "error" */
    if (table->store->sqlite_mmap) {
        query(table, apr_psprintf(table->p, "PRAGMA mmap_size=%" APR_INT64_T_FMT,
                                  table->store->sqlite_mmap));
    }
}

/* Whether a statement can be run that returns no row. */
static int probe(const ms_table *table, const char *sql)
{
    apr_dbd_results_t *res = NULL;
    apr_pool_t *scratch;
    int rv;

    apr_pool_create(&scratch, table->p);
    rv = apr_dbd_select(table->driver, scratch, table->handle, &res, sql, 1);
    apr_pool_destroy(scratch);
    return rv;
}

static int probe_schema(const ms_table *table, int schema)
{
    return probe(table, table->store->sql[schema][MS_SQL_PROBE]);
}

static int has_column(const ms_table *table, const char *name)
{
    return probe(table, apr_psprintf(table->p, "SELECT %s FROM %s WHERE 1 = 0", name,
                                     table->store->table)) == 0;
}

/* If the newest schema is not found but an older one is, the newest is tried again: the first try
 * may have failed for another reason, such as a connection that was dead. */
static int find_schema(const ms_table *table, int *schema)
{
    const apr_time_t start = apr_time_now();
    int rv = probe_schema(table, MS_SCHEMA);

    *schema = MS_SCHEMA;
    while (rv && *schema > 1 && apr_time_now() - start < PATIENCE) {
        rv = probe_schema(table, --*schema);
    }
    if (!rv && *schema < MS_SCHEMA && probe_schema(table, MS_SCHEMA) == 0) {
        *schema = MS_SCHEMA;
    }
    return rv;
}

int ms_table_find(const ms_table *table, int *schema)
{
    const apr_time_t start = apr_time_now();
    int rv = find_schema(table, schema);

    if (!rv || !table->store->create || apr_time_now() - start >= PATIENCE) {
        return rv; /* a missing table is reported at once: this one is locked, say */
    }
    query_all(table, table->dialect->ddl);
    return find_schema(table, schema); /* another child may have created it meanwhile */
}

/* ---- upgrade ----------------------------------------------------------------------------------
 */

static const char *error_of(const ms_table *table, int code)
{
    const char *why = apr_dbd_error(table->driver, table->handle, code);

    return why ? apr_pstrdup(table->p, why) : "no reason given";
}

/* NULL; or why a column could not be added. */
static const char *add_columns(const ms_table *table, int schema)
{
    for (int i = 0; i < ms_columns_n; i++) {
        const ms_column *column = &ms_columns[i];
        const char *why;
        int rv;

        if (column->schema <= schema || has_column(table, column->name)) {
            continue;
        }
        rv = query(table, ms_sql_add_column(table->p, table->dialect, column, table->store->table));
        why = rv ? error_of(table, rv) : NULL;
        if (why && !has_column(table, column->name)) {
            return why;
        }
    }
    return NULL;
}

/* The indexes are no part of the schema: without them a table works, and is slower. */
static const char *upgrade(const ms_table *table, int *schema)
{
    const char *why = add_columns(table, *schema);

    if (!why && find_schema(table, schema) == 0 && *schema == MS_SCHEMA) {
        query_all(table, table->dialect->add_indexes);
    }
    return why;
}

static void log_upgraded(const ms_store *store)
{
    ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, store->server,
                 "MS0181: the table \"%s\" has been upgraded to schema %d", store->table,
                 MS_SCHEMA);
}

static void log_old(const ms_table *table, int schema, const char *why)
{
    const ms_store *store = table->store;

    why = why ? why : *store->upgrade_error ? store->upgrade_error : NULL;
    ap_log_error(APLOG_MARK, APLOG_WARNING, 0, store->server,
                 "MS0180: the table \"%s\" has schema %d, this version of the module has schema %d"
                 "%s%s. Sessions work; what needs the new columns does not. Run %s as a role that "
                 "may alter the table%s",
                 store->table, schema, MS_SCHEMA, why ? ", and the upgrade failed: " : "",
                 why ? why : "", table->dialect->upgrade_file,
                 store->create ? "" : ", since ManagedSessionCreateTable is Off");
}

void ms_table_upgrade(const ms_table *table, int *schema)
{
    const char *why = NULL;

    /* SQLite's is upgraded before mod_dbd connects, or not at all; see ms_store_make_table(). */
    if (table->store->create && strcmp(table->dialect->driver, "sqlite3") != 0) {
        query_all(table, table->dialect->upgrade_begin);
        why = upgrade(table, schema);
        query_all(table, table->dialect->upgrade_end);
    }
    if (*schema == MS_SCHEMA) {
        log_upgraded(table->store);
    }
    else {
        log_old(table, *schema, why);
    }
}

/* In one transaction, on a connection that nothing else uses. Writers of other processes hold the
 * lock for moments only. */
static void upgrade_sqlite(const ms_table *table)
{
    ms_store *store = table->store;
    const apr_time_t start = apr_time_now();
    int schema = 0, rv = query(table, "BEGIN IMMEDIATE");
    const char *why;

    while (rv && apr_time_now() - start < LOCK_WITHIN) {
        rv = query(table, "BEGIN IMMEDIATE");
    }
    if (rv) {
        apr_cpystrn(store->upgrade_error, error_of(table, rv), sizeof(store->upgrade_error));
        return;
    }
    if (find_schema(table, &schema) == 0 && schema < MS_SCHEMA) {
        why = upgrade(table, &schema);
        if (why) {
            apr_cpystrn(store->upgrade_error, why, sizeof(store->upgrade_error));
        }
        else if (schema == MS_SCHEMA) {
            log_upgraded(store);
        }
    }
    query(table, *store->upgrade_error ? "ROLLBACK" : "COMMIT");
}

void ms_table_make(ms_store *store, apr_pool_t *p)
{
    ms_table table = {.store = store, .dialect = ms_sql_dialect("sqlite3"), .p = p};
    int schema;

    protect_files(store, p);
    store->upgrade_error[0] = '\0';
    if (ms_table_is_sqlite(store) && store->create &&
        apr_dbd_get_driver(p, "sqlite3", &table.driver) == APR_SUCCESS &&
        apr_dbd_open(table.driver, p, store->dbd_params, &table.handle) == APR_SUCCESS) {
        ms_table_set_up_connection(&table);
        if (ms_table_find(&table, &schema) == 0 && schema < MS_SCHEMA) {
            upgrade_sqlite(&table);
        }
        apr_dbd_close(table.driver, table.handle);
    }
}

/* ---- messages ---------------------------------------------------------------------------------
 */

/* The columns of schema 1 that are missing, "label, realm"; NULL if all are: there is no table. */
static const char *missing_columns(const ms_table *table)
{
    const char *missing = "";
    int found = 0;

    for (int i = 0; i < ms_columns_n; i++) {
        const char *name = ms_columns[i].name;

        if (ms_columns[i].schema > 1) {
            continue;
        }
        if (has_column(table, name)) {
            found = 1;
        }
        else {
            missing = apr_pstrcat(table->p, missing, *missing ? ", " : "", name, NULL);
        }
    }
    return found && *missing ? missing : NULL;
}

const char *ms_table_fault(const ms_table *table, const char *why)
{
    const ms_store *store = table->store;
    const char *file = table->dialect->schema_file;
    const char *missing = missing_columns(table);

    why = why ? why : "no reason given";
    if (missing) {
        return apr_psprintf(table->p,
                            "lacks columns (%s): %s. If it is the table of sessions, add them as "
                            "they are in %s; if it is another one, set ManagedSessionTable to a "
                            "name that is free",
                            missing, why, file);
    }
    return apr_psprintf(table->p,
                        "is not there, or may not be read%s: %s%s. Create it with %s, or set "
                        "ManagedSessionTable to the name of the one that is there",
                        store->create ? ", and could not be created" : "", why,
                        ms_table_sqlite_hint(store, table->p), file);
}

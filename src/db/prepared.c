/* SPDX-License-Identifier: Apache-2.0 */
#include "db/prepared.h"

#include <http_log.h>
#include "db/store_private.h"

APLOG_USE_MODULE(managed_session);

ms_prepared *ms_prepared_find(ms_prepared *first, const ms_store *store)
{
    while (first && first->store != store) {
        first = first->next;
    }
    return first;
}

ms_prepared *ms_prepared_add(ms_prepared **first, const ms_store *store, apr_pool_t *p)
{
    ms_prepared *prepared = apr_pcalloc(p, sizeof(*prepared));

    prepared->store = store;
    prepared->next = *first;
    *first = prepared;
    return prepared;
}

void ms_prepared_reconnected(ms_prepared *first)
{
    for (; first; first = first->next) {
        for (ms_sql i = 0; i < MS_SQL_N; i++) {
            first->native[i] = NULL;
        }
    }
}

static const char *text_of(const ms_prepared *prepared, ms_sql which)
{
    return prepared->store->sql[prepared->schema][which];
}

static void log_prepared(const ms_prepared *prepared, ms_sql which)
{
    ap_log_error(APLOG_MARK, APLOG_TRACE2, 0, prepared->store->server, "prepared %s: %s",
                 ms_sql_name(which), text_of(prepared, which));
}

apr_dbd_prepared_t *ms_prepared_statement(ms_prepared *prepared, ms_sql which, const ap_dbd_t *dbd,
                                          apr_pool_t *p, int *rv)
{
    apr_dbd_prepared_t **slot = &prepared->statements[which];

    *rv = 0;
    if (!*slot) {
        /* Without a label PostgreSQL keeps nothing in its session that a reconnect could lose; for
         * statements that are prepared there see native_pgsql.c. */
        *rv = apr_dbd_prepare(dbd->driver, p, dbd->handle, text_of(prepared, which), NULL, slot);
        if (*rv) {
            *slot = NULL;
        }
        log_prepared(prepared, which);
    }
    return *slot;
}

int ms_prepared_run(ms_prepared *prepared, ms_native *native, ms_native_call *call)
{
    ms_native_stmt **slot = &prepared->native[call->which];
    const int is_new = !*slot;
    int rv;

    call->sql = text_of(prepared, call->which);
    rv = ms_native_run(native, slot, call);
    if (is_new && *slot) {
        log_prepared(prepared, call->which);
    }
    return rv;
}

void ms_prepared_forget(ms_prepared *prepared, ms_native *native, ms_sql which)
{
    prepared->statements[which] = NULL;
    ms_native_forget(native, &prepared->native[which]);
}

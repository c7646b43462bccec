/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the client libraries have in common: how they are found, and the list of them.
 */
#include "db/native.h"

#include <string.h>
#include <apr_dso.h>
#include <apr_strings.h>

static const ms_native_api *const apis[] = {&ms_native_sqlite, &ms_native_pgsql};

ms_native *ms_native_attach(apr_pool_t *p, const apr_dbd_driver_t *driver, apr_dbd_t *handle)
{
    for (apr_size_t i = 0; i < sizeof(apis) / sizeof(apis[0]); i++) {
        if (strcmp(apis[i]->driver, apr_dbd_name(driver)) == 0) {
            return apis[i]->attach(p, driver, handle);
        }
    }
    return NULL;
}

int ms_native_run(ms_native *native, ms_native_stmt **stmt, ms_native_call *call)
{
    return native && native->api->covers(call->which) ? native->api->run(native, stmt, call)
                                                      : MS_NATIVE_DECLINED;
}

void ms_native_forget(ms_native *native, ms_native_stmt **stmt)
{
    if (native && *stmt && native->api->forget) {
        native->api->forget(native, *stmt);
        *stmt = NULL;
    }
}

void ms_native_set_up(ms_native *native)
{
    if (native && native->api->set_up) {
        native->api->set_up(native);
    }
}

/* apr loads drivers with RTLD_GLOBAL, so their client libraries are in the process's own scope. The
 * driver has bound its calls in that scope too: the first library that has the name is the same for
 * both. */
int ms_native_find(const ms_native_symbol *symbols, int n, void *functions, apr_pool_t *p)
{
    apr_dso_handle_t *process;

    if (apr_dso_load(&process, NULL, p) != APR_SUCCESS) {
        return 0;
    }
    for (int i = 0; i < n; i++) {
        apr_dso_handle_sym_t found = NULL;

        if (apr_dso_sym(&found, process, symbols[i].name) != APR_SUCCESS) {
            return 0;
        }
        /* C has no cast from object to function pointers. */
        memcpy((char *)functions + symbols[i].offset, &found, sizeof(found));
    }
    return 1;
}

const char *ms_native_text(apr_pool_t *p, const char *sql, int is_numbered, const char **kinds)
{
    const char *text = "", *types = "", *at;

    for (int n = 1; (at = strchr(sql, '%')) != NULL; n++) {
        const int is_text = at[1] == 's';

        text = apr_pstrcat(p, text, apr_pstrmemdup(p, sql, (apr_size_t)(at - sql)),
                           is_numbered ? apr_psprintf(p, "$%d", n) : "?", NULL);
        types = apr_pstrcat(p, types, is_text ? "s" : "n", NULL);
        sql = at + (is_text ? strlen("%s") : strlen("%lld"));
    }
    *kinds = types;
    return apr_pstrcat(p, text, sql, NULL);
}

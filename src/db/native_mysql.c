/* SPDX-License-Identifier: Apache-2.0 */
#include "db/native_mysql.h"

#include <stddef.h>
#include "db/native.h"

#define OPT_RECONNECT 20 /* MYSQL_OPT_RECONNECT in MariaDB's mysql.h, in all versions */

typedef struct connector {
    int (*options)(void *mysql, int option, const void *value);
    /* MySQL's own library, whose options have other numbers, has no such function. */
    int (*only_of_mariadb)(void *mysql, int option, ...);
} connector;

typedef struct closing {
    connector lib;
    void *mysql;
} closing;

static const ms_native_symbol symbols[] = {
    {"mysql_options", offsetof(connector, options)},
    {"mysql_optionsv", offsetof(connector, only_of_mariadb)},
};

static apr_status_t stay_closed(void *closingv)
{
    const closing *c = closingv;
    const char off = 0;

    c->lib.options(c->mysql, OPT_RECONNECT, &off);
    return APR_SUCCESS;
}

void ms_native_mysql_add(apr_pool_t *p, void *mysql)
{
    closing *c = apr_palloc(p, sizeof(*c));

    c->mysql = mysql;
    if (ms_native_find(symbols, sizeof(symbols) / sizeof(symbols[0]), &c->lib, p)) {
        apr_pool_pre_cleanup_register(p, c, stay_closed);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * On MySQL, text from clients is kept as bytes: its default collation compares "Alice", "alice" and
 * "alice " as one, and even its binary collations ignore blanks at the end. Bytes also do not
 * depend on the connection's character set. Four bytes for each of 255 and 512 characters.
 */
#include "db/columns.h"

#include <stddef.h>
#include <apr_strings.h>

#define ASCII     " CHARACTER SET ascii"
#define ASCII_BIN ASCII " COLLATE ascii_bin"
#define TEXT      MS_COLUMN_TEXT
#define NUMBER    MS_COLUMN_NUMBER
#define AT(field) offsetof(ms_row, field)

/* A column of a later schema is nullable or has a default, so that older code can insert rows. */
/* clang-format off */
const ms_column ms_columns[] = {
    /* name, kind, field, schema, nullable, for requests, type, type for MySQL */
    {"session_id",     TEXT,   AT(id),             1, 0, 0, "CHAR(22) PRIMARY KEY",  "CHAR(22)" ASCII_BIN " PRIMARY KEY"},
    {"secret_hash",    TEXT,   AT(secret_hash),    1, 0, 1, "CHAR(64) NOT NULL",     "CHAR(64)" ASCII_BIN " NOT NULL"},
    {"realm",          MS_COLUMN_REALM, 0,         1, 0, 0, "VARCHAR(255) NOT NULL", "VARBINARY(1020) NOT NULL"},
    {"user_name",      TEXT,   AT(user),           1, 0, 1, "VARCHAR(255) NOT NULL", "VARBINARY(1020) NOT NULL"},
    {"created_at",     NUMBER, AT(created_at),     1, 0, 1, "BIGINT NOT NULL", NULL},
    {"last_seen_at",   NUMBER, AT(last_seen_at),   1, 0, 1, "BIGINT NOT NULL", NULL},
    {"expires_at",     NUMBER, AT(expires_at),     1, 0, 1, "BIGINT NOT NULL", NULL},
    {"max_expires_at", NUMBER, AT(max_expires_at), 1, 0, 1, "BIGINT NOT NULL", NULL},
    {"created_ip",     TEXT,   AT(created_ip),     1, 0, 0, "VARCHAR(45) NOT NULL",  "VARCHAR(45)" ASCII " NOT NULL"},
    {"last_ip",        TEXT,   AT(last_ip),        1, 0, 0, "VARCHAR(45) NOT NULL",  "VARCHAR(45)" ASCII " NOT NULL"},
    {"user_agent",     TEXT,   AT(user_agent),     1, 0, 0, "VARCHAR(512) NOT NULL", "VARBINARY(2048) NOT NULL"},
    {"label",          TEXT,   AT(label),          1, 1, 0, "VARCHAR(255)",          "VARBINARY(1020)"},
    {"auth_method",    TEXT,   AT(auth_method),    1, 0, 1, "VARCHAR(32) NOT NULL",  "VARCHAR(32)" ASCII " NOT NULL"},
    {"persistent",     MS_COLUMN_FLAG, AT(persistent), 1, 0, 1, "SMALLINT NOT NULL", NULL},
    {"ended_at",       NUMBER, AT(ended_at),       2, 1, 0, "BIGINT", NULL},
    {"end_reason",     TEXT,   AT(end_reason),     2, 1, 0, "VARCHAR(16)",           "VARCHAR(16)" ASCII},
    {"ended_by",       TEXT,   AT(ended_by),       2, 1, 0, "VARCHAR(255)",          "VARBINARY(1020)"},
    {"name",           TEXT,   AT(name),           2, 1, 0, "VARCHAR(160)",          "VARBINARY(640)"},
    {"kind",           NUMBER, AT(kind),           2, 0, 1, "SMALLINT NOT NULL DEFAULT 0", NULL},
};
/* clang-format on */

const int ms_columns_n = sizeof(ms_columns) / sizeof(ms_columns[0]);

int ms_columns_has(ms_column_set set, int schema, const ms_column *column)
{
    if (column->schema > schema) {
        return 0;
    }
    switch (set) {
    case MS_COLUMNS_ALL:
        return 1;
    case MS_COLUMNS_ROW:
        return column->kind != MS_COLUMN_REALM;
    case MS_COLUMNS_FOUND:
        return column->is_for_request;
    case MS_COLUMNS_FOUND_ANY:
        return column->is_for_request || column == &ms_columns[0];
    }
    return 0;
}

static const char *join(apr_pool_t *p, const char *list, const char *item)
{
    return *list ? apr_pstrcat(p, list, ", ", item, NULL) : item;
}

const char *ms_columns_names(apr_pool_t *p, ms_column_set set, int schema)
{
    const char *names = "";

    for (int i = 0; i < ms_columns_n; i++) {
        if (ms_columns_has(set, schema, &ms_columns[i])) {
            names = join(p, names, ms_columns[i].name);
        }
    }
    return names;
}

static int is_text(const ms_column *column)
{
    return column->kind == MS_COLUMN_TEXT || column->kind == MS_COLUMN_REALM;
}

const char *ms_columns_values(apr_pool_t *p, int schema)
{
    const char *values = "";

    for (int i = 0; i < ms_columns_n; i++) {
        if (ms_columns_has(MS_COLUMNS_ALL, schema, &ms_columns[i])) {
            values = join(p, values, is_text(&ms_columns[i]) ? "%s" : "%lld");
        }
    }
    return values;
}

static const void *arg_of(apr_pool_t *p, const ms_row *row, const ms_column *column)
{
    const char *field = (const char *)row + column->offset;
    apr_int64_t *number;

    if (column->kind == MS_COLUMN_TEXT) {
        return *(const char *const *)(const void *)field;
    }
    number = apr_palloc(p, sizeof(*number));
    *number = column->kind == MS_COLUMN_FLAG ? *(const int *)(const void *)field
                                             : *(const apr_int64_t *)(const void *)field;
    return *number == 0 && column->is_nullable ? NULL : number;
}

const void **ms_columns_args(apr_pool_t *p, const ms_row *row, const char *realm)
{
    const void **args = apr_palloc(p, sizeof(*args) * (apr_size_t)ms_columns_n);

    for (int i = 0; i < ms_columns_n; i++) {
        args[i] = ms_columns[i].kind == MS_COLUMN_REALM ? realm : arg_of(p, row, &ms_columns[i]);
    }
    return args;
}

const char *ms_columns_definition(apr_pool_t *p, const ms_column *column, int is_mysql)
{
    const char *type = is_mysql && column->mysql_type ? column->mysql_type : column->type;

    return apr_pstrcat(p, column->name, " ", type, NULL);
}

const char *ms_columns_definitions(apr_pool_t *p, int is_mysql)
{
    const char *all = "";

    for (int i = 0; i < ms_columns_n; i++) {
        all = join(p, all, ms_columns_definition(p, &ms_columns[i], is_mysql));
    }
    return all;
}

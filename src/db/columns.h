/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The columns of the session table, in one list. The lists of columns in statements, the order of
 * arguments, the reading of rows, the DDL and the upgrade follow from it. A new column is one line
 * in columns.c and one field in core/row.h; tests/unit/test_sql.c then names the files of
 * conf/schema that lack it. Knows apr only.
 */
#ifndef MS_COLUMNS_H
#define MS_COLUMNS_H

#include <apr_pools.h>
#include "core/row.h"

/* The newest schema. Each schema has all columns of the one before it, in the same order. */
#define MS_SCHEMA 2

/* Since this one the row of an ended session is kept. */
#define MS_SCHEMA_ENDED 2

typedef enum ms_column_kind {
    MS_COLUMN_TEXT,   /* const char * */
    MS_COLUMN_NUMBER, /* apr_int64_t */
    MS_COLUMN_FLAG,   /* int, 0 or 1 */
    MS_COLUMN_REALM   /* the store's realm: written and compared, never read */
} ms_column_kind;

typedef struct ms_column {
    const char *name;
    ms_column_kind kind;
    apr_size_t offset;      /* of its field in ms_row */
    int schema;             /* the first schema that has it */
    int is_nullable;        /* NULL in the table is NULL, or 0, in the row */
    int is_for_request;     /* a request needs it of its session */
    const char *type;       /* for SQLite and PostgreSQL, with its constraints */
    const char *mysql_type; /* for MySQL; NULL: the same */
} ms_column;

/* Which columns a statement reads. */
typedef enum ms_column_set {
    MS_COLUMNS_ALL,      /* of the table, with the realm */
    MS_COLUMNS_ROW,      /* what an ms_row has */
    MS_COLUMNS_FOUND,    /* what a request needs */
    MS_COLUMNS_FOUND_ANY /* the same, after the session's id */
} ms_column_set;

extern const ms_column ms_columns[];
extern const int ms_columns_n;

/** Whether a column is one of that set, in a table of that schema. */
int ms_columns_has(ms_column_set set, int schema, const ms_column *column);

/** The names of the columns of a set, in order: "session_id, secret_hash". */
const char *ms_columns_names(apr_pool_t *p, ms_column_set set, int schema);

/** apr_dbd's placeholders for an INSERT of all columns: "%s, %lld". */
const char *ms_columns_values(apr_pool_t *p, int schema);

/** The same columns' arguments, of the newest schema: those of an older one come first. */
const void **ms_columns_args(apr_pool_t *p, const ms_row *row, const char *realm);

/** A column as the DDL has it: "session_id CHAR(22) PRIMARY KEY". */
const char *ms_columns_definition(apr_pool_t *p, const ms_column *column, int is_mysql);

/** All of them, with commas. */
const char *ms_columns_definitions(apr_pool_t *p, int is_mysql);

#endif

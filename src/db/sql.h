/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All SQL, as whole statements: one set for every database, and beside it what the databases say
 * differently. "{table}" stands for the table's name; the rest are apr_dbd's placeholders (%s for
 * text, %lld for a 64-bit integer), so that a statement reads as it would in a shell.
 */
#ifndef MS_SQL_H
#define MS_SQL_H

#include <apr_pools.h>

#define MS_FIND_MAX   8  /* ids that one statement looks for */
#define MS_NEWEST_MAX 51 /* rows: a page of fifty, and one that tells of a next */

typedef enum {
    MS_SQL_PROBE,          /* answers, with no row, where the table is there and has our columns */
    MS_SQL_FIND,           /* id, realm, now */
    MS_SQL_FIND_ANY,       /* MS_FIND_MAX ids, realm, now */
    MS_SQL_SHOW,           /* id, realm, now */
    MS_SQL_INSERT,         /* all columns, in the order of the table */
    MS_SQL_LIST,           /* realm, user, now, the first one's id, how many, after how many */
    MS_SQL_LIST_ALIKE,     /* realm, user, now, the first eight characters of the ids */
    MS_SQL_LIST_AFTER,     /* realm, user, now, an id left out, then of the last one of the part
                              before: seen, seen, created, created, id; how many */
    MS_SQL_END,            /* realm, user, now, id */
    MS_SQL_END_OTHERS,     /* realm, user, now, id */
    MS_SQL_END_ALL,        /* realm, user, now */
    MS_SQL_TOUCH,          /* now, ip, new expiry, id, realm, now, now - interval, new expiry */
    MS_SQL_COUNT,          /* realm, user, now */
    MS_SQL_LATEST,         /* how many, realm, user, now */
    MS_SQL_EVICT,          /* twice: realm, user, now, an id left out; then realm, user, now,
                              latest creation, how many stay */
    MS_SQL_END_OVER,       /* id, realm, realm, user, now, how many may be */
    MS_SQL_CLEANUP,        /* now, how many, now */
    MS_SQL_NEWEST,         /* realm, now, before, before, its id, realm */
    MS_SQL_NEWEST_OF_USER, /* realm, user, now, before, before, its id */
    MS_SQL_NEWEST_OF_IP,   /* twice: realm, ip, now, before, before, its id */
    MS_SQL_COUNT_OF_IP,    /* realm, ip, now, realm, ip, now, ip */
    MS_SQL_COUNT_OF_REALM, /* realm, now */
    MS_SQL_END_OF_REALM,   /* realm, now, how many; then realm, now */
    MS_SQL_END_OF_IP,      /* realm, ip, now, realm, ip, now */
    MS_SQL_PLACES,         /* twice: realm, user, user, pattern of an address */
    MS_SQL_N
} ms_sql;

/* The socket of a connection, by apr_dbd's native handle; less than 0: none. */
typedef int ms_socket_fn(void *native);

typedef struct ms_dialect {
    const char *driver;       /* apr_dbd's name for it */
    const char *const *setup; /* for each new connection, NULL-terminated; failures do not matter */
    const char *unfit;        /* selects the encoding of a database that is none for us; or NULL */
    const char *const *ddl;   /* makes the table, NULL-terminated */
    const char *schema_file;  /* the same DDL for those who run it by hand */
    const char *socket;       /* the client library's ms_socket_fn, by name; NULL: no server */
    const char *const *own; /* for each ms_sql, what takes its place, with its arguments; or NULL */
} ms_dialect;

/** The name of a statement in logs, in capitals. */
const char *ms_sql_name(ms_sql which);

/** A statement's text, with "{table}" still in it. dialect: NULL where it is not known. */
const char *ms_sql_text(const ms_dialect *dialect, ms_sql which);

/** A statement for a table. */
const char *ms_sql_for_table(apr_pool_t *p, const char *sql, const char *table);

/** The dialect of an apr_dbd driver; NULL where it is none of ours. */
const ms_dialect *ms_sql_dialect(const char *driver);

/** The drivers there is a dialect for, "sqlite3, pgsql", for messages. */
const char *ms_sql_drivers(apr_pool_t *p);

#endif

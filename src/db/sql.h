/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All SQL, as whole statements: one set for every database, and beside it what differs between
 * them. A statement has apr_dbd's placeholders (%s for text, %lld for a 64-bit integer) and these
 * marks: {table}; {all}, {columns}, {found}, {found_any}: the names of the ms_column_set of that
 * name; {values}: the placeholders of {all}; {live} and {expired}: the conditions, with the
 * placeholder of now; {live_when_seen}: {live} at the time of a touch; {browser} and {app}: what is
 * added to a condition for sessions of one kind; {end}: the beginning of a statement that ends
 * sessions. At LogLevel trace2 the log has each statement as it is prepared, complete, to be pasted
 * into a shell.
 */
#ifndef MS_SQL_H
#define MS_SQL_H

#include <apr_pools.h>
#include "db/columns.h"

#define MS_FIND_MAX      8  /* ids in one statement */
#define MS_FIND_MANY_MAX 48 /* the same, of MS_SQL_FIND_MANY */
#define MS_SQL_END_ARGS  2  /* those of {end} */
#define MS_NEWEST_MAX    51 /* rows: a page of fifty, and one to see if there is a next page */

/* Statements and their arguments. END: reason, user: MS_SQL_END_ARGS. */
typedef enum {
    MS_SQL_PROBE,         /* succeeds, with no row, if the table is there and has our columns */
    MS_SQL_FIND,          /* id, realm, now */
    MS_SQL_FIND_ANY,      /* MS_FIND_MAX ids, realm, now */
    MS_SQL_FIND_MANY,     /* MS_FIND_MANY_MAX ids, realm, now */
    MS_SQL_SHOW,          /* id, realm, now */
    MS_SQL_INSERT,        /* all columns, in the order of the table */
    MS_SQL_LIST,          /* realm, user, now, the first one's id, how many, after how many */
    MS_SQL_LIST_BROWSERS, /* the same, of kind MS_KIND_BROWSER */
    MS_SQL_LIST_APPS,     /* realm, user, now, how many; of kind MS_KIND_APP */
    MS_SQL_LIST_ALIKE,    /* realm, user, now, the first eight characters of the ids */
    MS_SQL_LIST_AFTER,    /* realm, user, now, an id left out, then of the last one of the part
                             before: seen, seen, created, created, id; how many */
    MS_SQL_LIST_ENDED,    /* realm, user, ended since, before, before, its id, now, how many;
                             realm, user, now, expired since, before, before, its id, how many;
                             how many */
    MS_SQL_RENAME,        /* name, realm, user, now, id; schema 2 */
    MS_SQL_END,           /* END, realm, user, now, id */
    MS_SQL_END_OTHERS,    /* END, realm, user, now, id */
    MS_SQL_END_ALL,       /* END, realm, user, now */
    MS_SQL_END_OTHER_BROWSERS, /* END, realm, user, now, id */
    MS_SQL_END_BROWSERS,       /* END, realm, user, now */
    MS_SQL_TOUCH,              /* now, ip, new expiry, id, realm, now, now - interval, new expiry */
    MS_SQL_TOUCH_BY_ID,        /* as TOUCH, without the realm */
    MS_SQL_TOUCH_MANY,         /* touches, as a JSON array: see touches.c */
    MS_SQL_TOUCHED,            /* the same: those of them that the table has */
    MS_SQL_TOUCH_APP,          /* now, ip, user agent, id, realm, now, now - interval */
    MS_SQL_COUNT,              /* realm, user, now */
    MS_SQL_COUNT_BROWSERS,     /* the same, of kind MS_KIND_BROWSER */
    MS_SQL_COUNT_APPS,         /* the same, of kind MS_KIND_APP */
    MS_SQL_COUNT_APPS_NAMED,   /* realm, user, now, name, an id left out; schema 2 */
    MS_SQL_LATEST,             /* how many, realm, user, now */
    MS_SQL_EVICT,          /* END, twice: realm, user, now, an id left out; then realm, user, now,
                              latest creation, how many stay */
    MS_SQL_END_OVER,       /* END, id, realm, now, realm, user, now, how many may be */
    MS_SQL_END_OVER_APPS,  /* the same, of kind MS_KIND_APP */
    MS_SQL_CLEANUP,        /* now, how many, now */
    MS_SQL_CLEANUP_ENDED,  /* ended before, how many, ended before */
    MS_SQL_NEWEST,         /* realm, now, before, before, its id, realm */
    MS_SQL_NEWEST_OF_USER, /* realm, user, now, before, before, its id */
    MS_SQL_NEWEST_OF_IP,   /* twice: realm, ip, now, before, before, its id */
    MS_SQL_NEWEST_ENDED,   /* realm, before, before, its id, now */
    MS_SQL_COUNT_OF_IP,    /* realm, ip, now, realm, ip, now, ip */
    MS_SQL_COUNT_OF_REALM, /* realm, now */
    MS_SQL_END_OF_REALM,   /* END, realm, now, how many; then now */
    MS_SQL_END_OF_IP,      /* END, realm, ip, now, realm, ip, now */
    MS_SQL_PLACES,         /* twice: realm, user, user, pattern of an address */
    MS_SQL_FEED_CLOCK,     /* where the database is: the fields of an ms_feed_clock */
    MS_SQL_FEED_ENDED,     /* since when, by the database's clock; schema 2 */
    /* Of managed-sessionctl. They read rows that are not live too; the module runs none of them. */
    MS_SQL_ROW,                /* id, realm */
    MS_SQL_ROWS,               /* realm, before, before, its id, realm */
    MS_SQL_ROWS_OF_USER,       /* realm, user, before, before, its id */
    MS_SQL_COUNT_ROWS,         /* realm */
    MS_SQL_COUNT_ROWS_OF_USER, /* realm, user */
    MS_SQL_COUNT_USERS,        /* realm, now */
    MS_SQL_COUNT_SINCE,        /* realm, since */
    MS_SQL_COUNT_OLDER,        /* realm, now, before */
    MS_SQL_COUNT_EXPIRED,      /* now */
    MS_SQL_COUNT_ENDED,        /* until */
    MS_SQL_COUNT_ENDED_BY,     /* realm, user */
    MS_SQL_END_OLDER,          /* realm, now, before, how many; then realm, now, before */
    MS_SQL_ERASE,              /* realm, user, now */
    MS_SQL_ERASE_FRESH,        /* four times ""; realm, user, ended after; schema 2 */
    MS_SQL_ERASE_ENDED_BY,     /* new name, realm, user */
    MS_SQL_N
} ms_sql;

#define MS_SQL_TOOL_FIRST MS_SQL_ROW

/* The socket of a connection, by apr_dbd's native handle; less than 0: none. */
typedef int ms_socket_fn(void *native);

typedef struct ms_dialect {
    const char *driver;       /* apr_dbd's name for it */
    const char *clock;        /* its clock: epoch seconds, rounded down, the same in a whole
                               * statement; {clock} in statements */
    const char *const *setup; /* for each new connection, NULL-terminated; failures do not matter */
    const char *unfit;        /* selects the encoding of a database that cannot be used; or NULL */
    int is_mysql;             /* which type of a column holds */
    const char *const *ddl;   /* creates the table, NULL-terminated */
    const char *schema_file;  /* the same DDL, to be run by hand */
    const char *const *upgrade_begin; /* run before an upgrade, NULL-terminated */
    const char *add_column;           /* for each column, see ms_sql_add_column() */
    const char *const *add_indexes;   /* after the columns, NULL-terminated */
    const char *const *upgrade_end;   /* run after it, also if it failed */
    const char *upgrade_file;         /* the upgrade, to be run by hand */
    /* Run on the connection before and after a poll of the feed, NULL-terminated; failures do not
     * matter. */
    const char *const *poll_begin, *const *poll_end;
    const char *socket;     /* the client library's ms_socket_fn, by name; NULL: not a server */
    const char *const *own; /* for each ms_sql, what takes its place, with its arguments; or NULL */
} ms_dialect;

/** The name of a statement in logs, in capitals. */
const char *ms_sql_name(ms_sql which);

/** A statement's text, with its marks. dialect: NULL if it is not known. */
const char *ms_sql_text(const ms_dialect *dialect, ms_sql which);

/**
 * A statement for a table.
 * @param dialect NULL if it is not known
 * @param schema  that of the table, 1 to MS_SCHEMA
 */
const char *ms_sql_for_table(apr_pool_t *p, const ms_dialect *dialect, const char *sql, int schema,
                             const char *table);

/** How many of the first arguments a statement does not take in a table of that schema. */
int ms_sql_skipped_args(ms_sql which, int schema);

/** The statement that adds a column to a table. */
const char *ms_sql_add_column(apr_pool_t *p, const ms_dialect *dialect, const ms_column *column,
                              const char *table);

/** The dialect of an apr_dbd driver; NULL if it is not supported. */
const ms_dialect *ms_sql_dialect(const char *driver);

/** The drivers there is a dialect for, "sqlite3, pgsql", for messages. */
const char *ms_sql_drivers(apr_pool_t *p);

#endif

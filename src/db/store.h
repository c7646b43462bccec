/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The session table, through connections of mod_dbd's pool. A connection is held for one statement,
 * never for a request.
 *
 * A function returns APR_SUCCESS if the database answered. "No such session" is an answer: NULL or
 * 0. Any other status means that the database could not be queried: that is logged, once a second
 * at most, and the caller sends 503. All times are epoch seconds.
 */
#ifndef MS_STORE_H
#define MS_STORE_H

#include <httpd.h>
#include "db/sql.h" /* MS_NEWEST_MAX */
#include "core/row.h"

typedef struct ms_store ms_store;

/* The context of a query. */
typedef struct ms_db_ctx {
    ms_store *store;
    apr_pool_t *p; /* results live here */
    void *held;    /* the connection that this request holds already, or NULL */
    int is_urgent; /* a request waits: a response that takes too long is given up */
    int is_quiet;  /* the caller logs failures itself */
} ms_db_ctx;

/* What a store is made from; all strings live in pconf. */
typedef struct ms_store_spec {
    const char *table;
    const char *realm;
    apr_int64_t sqlite_mmap; /* bytes of a SQLite database to map into memory; 0: none */
    int create;              /* whether a missing table is created */
    const char *dbd_driver;  /* DBDriver and DBDParams as configured, for messages; or NULL */
    const char *dbd_params;
    const char *dbd_init; /* the first DBDInitSQL, which may choose a schema; or NULL */
} ms_store_spec;

/** The sessions of one server and realm. */
ms_store *ms_store_create(apr_pool_t *pconf, server_rec *s, const ms_store_spec *spec);

/** Register with mod_dbd; from register_hooks. */
void ms_store_register_hooks(void);

/** Whether mod_dbd is loaded; from check_config on. */
int ms_store_is_available(void);

/**
 * In each child, before mod_dbd connects: create or upgrade the table, if the configuration allows
 * that and the database is SQLite's, on a connection of our own. A later change of the schema would
 * invalidate all statements that mod_dbd has prepared for others (mod_authn_dbd, say), and it never
 * prepares them again. If it fails, ms_store_check() logs that.
 */
void ms_store_make_table(ms_store *store, apr_pool_t *p);

/** Whether its database is a server, which may hang; see watchdog.h. */
int ms_store_may_hang(const ms_store *store);

/**
 * From post_config: what the children share about each database of these stores. pconf and the
 * array live as long as the stores.
 * @param is_used  0: no server uses the module; then there is no shared memory
 */
void ms_store_post_config(apr_pool_t *pconf, ms_store *const *stores, int n, int is_used);

/** In each child, after mod_dbd's child_init: give the stores their limiters, one for each
 * connection pool. */
void ms_store_child_init(apr_pool_t *pchild, ms_store *const *stores, int n);

/** Whether two stores are the same table of the same database, as far as the configuration tells.
 */
int ms_store_is_same_table(const ms_store *a, const ms_store *b);

/** 16 bytes that identify this table of this database, and this realm. */
const unsigned char *ms_store_tag(const ms_store *store);

/** In each child: check that the table is there; create or upgrade it if the configuration allows
 * that. What is wrong is logged. */
apr_status_t ms_store_check(const ms_db_ctx *ctx);

/**
 * The context for a request. Another module (an authn provider, say) may hold a connection for this
 * request; then that one is used: to wait for a second one could block a small pool for ever.
 * @param p  where results live
 */
ms_db_ctx ms_store_ctx(ms_store *store, request_rec *r, apr_pool_t *p);

/**
 * The live session of that id: unexpired at that time and of this realm; NULL if there is none.
 * It has what a request needs: neither addresses, user agent nor label.
 */
apr_status_t ms_store_find(const ms_db_ctx *ctx, const char *id, apr_int64_t now,
                           const ms_row **row);

/**
 * The same for several ids, in one statement.
 * @param n     how many ids there are, 1 to MS_FIND_MANY_MAX
 * @param rows  out: an array of const ms_row *, in any order, one for each id that is live
 */
apr_status_t ms_store_find_any(const ms_db_ctx *ctx, const char *const *ids, int n, apr_int64_t now,
                               apr_array_header_t **rows);

/** As ms_store_find(), with all columns of the session. */
apr_status_t ms_store_show(const ms_db_ctx *ctx, const char *id, apr_int64_t now,
                           const ms_row **row);

/** Insert a row. An id that is there already is an error. */
apr_status_t ms_store_insert(const ms_db_ctx *ctx, const ms_row *row);

/* A part of the list of a user's sessions. A list is never read as a whole: apr_dbd copies all rows
 * of a result, with SQLite under a mutex of the whole process. */
typedef struct ms_list_part {
    const char *first;   /* the id that is first in the list; or NULL */
    apr_int64_t limit;   /* rows */
    apr_int64_t offset;  /* rows before this part */
    int browsers_only;   /* not with after */
    const char *after;   /* NULL; or the id that the part before ended with: no offset, then */
    apr_int64_t seen;    /* when that one was last seen, */
    apr_int64_t created; /* and created */
} ms_list_part;

/** The live sessions of a user, the one used last first. rows: an array of const ms_row *. */
apr_status_t ms_store_list(const ms_db_ctx *ctx, const char *user, apr_int64_t now,
                           const ms_list_part *part, apr_array_header_t **rows);

#define MS_ALIKE_LEN 8 /* characters */

/**
 * The live sessions of a user whose ids begin alike.
 * @param start  MS_ALIKE_LEN characters
 * @param rows   an array of const ms_row *, in any order
 */
apr_status_t ms_store_list_alike(const ms_db_ctx *ctx, const char *user, const char *start,
                                 apr_int64_t now, apr_array_header_t **rows);

/* A part of the list of a user's sessions that are over. */
typedef struct ms_ended_part {
    apr_int64_t since;     /* those that ended then or later */
    apr_int64_t limit;     /* rows */
    apr_int64_t before;    /* only those that ended before the last one of the part before (at that
                              second, by the order of ids): its ms_row.expires_at, */
    const char *before_id; /* and id; NULL: from the last one ended on */
} ms_ended_part;

/**
 * The sessions of a user that were ended, or have expired and are still in the table, the last one
 * to end first. ms_row.expires_at is when it ended; ms_row.end_reason is NULL if it expired.
 * @param rows  an array of const ms_row *
 */
apr_status_t ms_store_list_ended(const ms_db_ctx *ctx, const char *user, apr_int64_t now,
                                 const ms_ended_part *part, apr_array_header_t **rows);

#define MS_NAME_MAX 40 /* characters */

/**
 * Name a live session of a user.
 * @param name     fit to store (utf8.h), MS_NAME_MAX characters at most; NULL: no name
 * @param renamed  out: whether there is such a session
 * @return APR_ENOTIMPL: the table is older and keeps no names
 */
apr_status_t ms_store_rename(const ms_db_ctx *ctx, const char *user, const char *id,
                             const char *name, apr_int64_t now, int *renamed);

/**
 * Write that a live session was just used.
 * @param row       as found
 * @param agent     the user agent that uses it, if that may change: of an app; else NULL
 * @param expires   its new expiry; nothing is written if that is after the row's absolute end
 * @param interval  nothing is written either if the last touch is less than that many seconds ago
 */
apr_status_t ms_store_touch(const ms_db_ctx *ctx, const ms_row *row, const char *ip,
                            const char *agent, apr_int64_t now, apr_int64_t expires,
                            apr_int64_t interval, apr_int64_t *touched);

/**
 * Whether a touch of this store failed in this child a few seconds ago. The next one would probably
 * fail too, and keep readers waiting.
 */
int ms_store_is_touch_paused(const ms_store *store, apr_int64_t now);

/** How many live sessions a user has. */
apr_status_t ms_store_count(const ms_db_ctx *ctx, const char *user, apr_int64_t now,
                            apr_int64_t *n);

/** The same, of one kind. A table of schema 1 has no apps. */
apr_status_t ms_store_count_kind(const ms_db_ctx *ctx, const char *user, ms_kind kind,
                                 apr_int64_t now, apr_int64_t *n);

/**
 * How many live apps of a user have a name.
 * @param except  the id of one that does not count, or NULL
 * @param n       out: 0 if the table is older and keeps no names
 */
apr_status_t ms_store_count_apps_named(const ms_db_ctx *ctx, const char *user, const char *name,
                                       const char *except, apr_int64_t now, apr_int64_t *n);

/** The live apps of a user, the one used last first. rows: an array of const ms_row *. */
apr_status_t ms_store_list_apps(const ms_db_ctx *ctx, const char *user, apr_int64_t now,
                                apr_int64_t limit, apr_array_header_t **rows);

/** Insert a row of an app, in a table that has its kind. APR_ENOTIMPL: the table is older. */
apr_status_t ms_store_insert_app(const ms_db_ctx *ctx, const ms_row *row);

/**
 * When the newest live session of a user's browsers was created, if the user has at least so many;
 * else 0. Sessions dated far ahead by a wrong clock do not count.
 */
apr_status_t ms_store_latest(const ms_db_ctx *ctx, const char *user, apr_int64_t now,
                             apr_int64_t least, apr_int64_t *created_at);

/**
 * Whether a user has a session, live or ended but still in the table, that was made or used last in
 * the network of an address (network.h).
 * @param user, alias  two names the user may have here; they may be one
 */
apr_status_t ms_store_has_place(const ms_db_ctx *ctx, const char *user, const char *alias,
                                const char *ip, int *has);

/* Which live sessions of the store's realm a revoke means. The kind is explicit, so that a user or
 * an address that is NULL by mistake never means all sessions. */
typedef enum ms_scope_kind {
    MS_SCOPE_ID,     /* one session: user, id */
    MS_SCOPE_USER,   /* all sessions of user, but except if it is not NULL */
    MS_SCOPE_IP,     /* created at ip, or used there last */
    MS_SCOPE_REALM,  /* all */
    MS_SCOPE_OLDER,  /* all that began before a time: before */
    MS_SCOPE_EXCESS, /* of user's browsers all but the newest and, of the others, those used last;
                        limit stay. except, if not NULL, neither counts nor is revoked. Several
                        revokes at the same time choose the same sessions */
    MS_SCOPE_OVER    /* one session, if its user has more of its kind than limit: user, id, limit,
                        is_app */
} ms_scope_kind;

/* Why a session has ended; docs/events.md has the words that the table has. */
typedef enum ms_end_reason {
    MS_END_REVOKED, /* by the list, an administrator, an application or another module */
    MS_END_SIGNED_OUT,
    MS_END_REPLACED,        /* its browser signed in again */
    MS_END_REAUTHENTICATED, /* the same, because a page wanted a fresh session */
    MS_END_EVICTED          /* the user had more than ManagedSessionLimit allows */
} ms_end_reason;

typedef struct ms_scope {
    ms_scope_kind kind;
    const char *user;
    const char *id;
    const char *except;
    const char *ip;
    apr_int64_t limit;
    apr_int64_t before;
    int is_app;        /* of MS_SCOPE_OVER */
    int browsers_only; /* of MS_SCOPE_USER: apps stay */
    ms_end_reason reason;
    const char *by; /* the user who ends them, 255 characters at most; NULL: their own */
} ms_scope;

/**
 * End live sessions: their rows are kept, with the time, the reason and the user. In a table of
 * schema 1 they are deleted. The look-up cache is not invalidated: only ms_cached_store_revoke()
 * calls this.
 * @param revoked  out: how many were revoked. MS_SCOPE_REALM and MS_SCOPE_OLDER revoke 1000 at
 *                 most, so that no statement holds its locks for long: call again until none is
 * left
 */
apr_status_t ms_store_revoke(const ms_db_ctx *ctx, const ms_scope *scope, apr_int64_t now,
                             apr_int64_t *revoked);

/** Delete at most so many rows that expired and were not ended, of any realm. */
apr_status_t ms_store_cleanup(const ms_db_ctx *ctx, apr_int64_t now, apr_int64_t most,
                              apr_int64_t *deleted);

/** Delete at most so many rows of sessions that were ended at that time or before, of any realm. */
apr_status_t ms_store_cleanup_ended(const ms_db_ctx *ctx, apr_int64_t before, apr_int64_t most,
                                    apr_int64_t *deleted);

/* ---- any user's sessions, for administrators ------------------------------------------------- */

/* Which live sessions of the realm are meant: a user's, an address's, or with neither all of them.
 */
typedef struct ms_search {
    const char *user;   /* or NULL */
    const char *ip;     /* where they were made, or used last; or NULL */
    apr_int64_t before; /* only those made before this one (at that second, by the order of ids); */
    const char *before_id; /* NULL: from the newest on */
} ms_search;

/** The newest sessions, the last one made first; MS_NEWEST_MAX at most. */
apr_status_t ms_store_newest(const ms_db_ctx *ctx, const ms_search *search, apr_int64_t now,
                             apr_array_header_t **rows);

/**
 * The sessions of the realm that were ended, the last one to end first; MS_NEWEST_MAX at most. The
 * fields of a row are those of ms_store_list_ended().
 * @param before, before_id  when the last one of the part before ended, and its id; NULL: from the
 *                           last one ended on
 */
apr_status_t ms_store_newest_ended(const ms_db_ctx *ctx, apr_int64_t before, const char *before_id,
                                   apr_int64_t now, apr_array_header_t **rows);

/** How many live sessions were made, or used last, at an address. */
apr_status_t ms_store_count_of_ip(const ms_db_ctx *ctx, const char *ip, apr_int64_t now,
                                  apr_int64_t *n);

/** How many live sessions the realm has. */
apr_status_t ms_store_count_of_realm(const ms_db_ctx *ctx, apr_int64_t now, apr_int64_t *n);

#endif

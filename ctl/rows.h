/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queries and changes that only the tool makes, with the module's own statements (db/sql.c). As
 * with the store, any status but APR_SUCCESS means that the database could not be queried, which
 * has been printed. All times are epoch seconds.
 */
#ifndef MS_ROWS_H
#define MS_ROWS_H

#include "db/store.h"

/** A session of the realm, live or not; NULL: there is none. */
apr_status_t ms_rows_find(const ms_db_ctx *ctx, const char *id, const ms_row **row);

/* A walk through the rows of the realm, live or not, the newest first, a page at a time. */
typedef struct ms_walk {
    const char *user;   /* NULL: of all users */
    apr_int64_t before; /* set by ms_rows_next() */
    const char *before_id;
} ms_walk;

/** The next page: const ms_row *, in ctx->p; none: the walk is over. */
apr_status_t ms_rows_next(const ms_db_ctx *ctx, ms_walk *walk, apr_array_header_t **rows);

/** Rows of the realm, or of one user if user is not NULL, live or not. */
apr_status_t ms_rows_count(const ms_db_ctx *ctx, const char *user, apr_int64_t *n);

/** Users of the realm with a live session. */
apr_status_t ms_rows_count_users(const ms_db_ctx *ctx, apr_int64_t now, apr_int64_t *n);

/** Sessions of the realm that began at that time or later, live or not. */
apr_status_t ms_rows_count_since(const ms_db_ctx *ctx, apr_int64_t since, apr_int64_t *n);

/** Live sessions of the realm that began before that time. */
apr_status_t ms_rows_count_older(const ms_db_ctx *ctx, apr_int64_t before, apr_int64_t now,
                                 apr_int64_t *n);

/** Rows that a purge deletes, of all realms: those that expired, and those that were ended, at
 * these times or before. schema: the table's. */
apr_status_t ms_rows_count_dead(const ms_db_ctx *ctx, int schema, apr_int64_t expired,
                                apr_int64_t ended, apr_int64_t *n);

/** Rows of others that a user has ended. schema: the table's. */
apr_status_t ms_rows_count_ended_by(const ms_db_ctx *ctx, int schema, const char *user,
                                    apr_int64_t *n);

/**
 * Delete the rows of a user of the realm that are not live. Those that were ended a short time ago
 * are kept, with nothing in them about the user: hosts have not noticed yet that they have ended.
 * @param schema  the table's
 * @param erased  out: both kinds
 */
apr_status_t ms_rows_erase(const ms_db_ctx *ctx, int schema, const char *user, apr_int64_t now,
                           apr_int64_t *erased);

/** Replace a user's name in rows of others which that user has ended. schema: the table's. */
apr_status_t ms_rows_erase_ended_by(const ms_db_ctx *ctx, int schema, const char *user,
                                    apr_int64_t *changed);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A search of the administrator's page: its query string, its sessions, and the query string of the
 * next page.
 */
#ifndef MS_ADMIN_SEARCH_H
#define MS_ADMIN_SEARCH_H

#include <httpd.h>
#include "db/store.h"

/* As the query string has it: at most one of user, address and id. */
typedef struct ms_admin_search {
    const char *user;
    const char *ip;
    const char *id;
    int is_ended;        /* those that are over, of the user or of all */
    int is_csv;          /* as a file */
    const char *confirm; /* what is about to be revoked, "user", "ip" or "realm"; or NULL */
    apr_int64_t before;
    const char *before_id; /* NULL: the first page */
} ms_admin_search;

/** Read the query string. Returns 0 if it is none of this page. */
int ms_admin_search_read(request_rec *r, ms_admin_search *q);

/** The query string of a search, "" for all sessions. */
const char *ms_admin_search_args(request_rec *r, const ms_admin_search *q);

/** "name=value" for a query string; "" if value is NULL. */
const char *ms_admin_search_parameter(request_rec *r, const char *name, const char *value);

/**
 * Find the sessions.
 * @param rows  out: const ms_row *, the newest first, or, of those that are over, the last one to
 *              end first; none for a name, address or id that cannot be
 * @param next  out: the query string of the next page; NULL: there is none
 * @return APR_SUCCESS, or the database could not be queried
 */
apr_status_t ms_admin_search_run(request_rec *r, const ms_admin_search *q,
                                 apr_array_header_t **rows, const char **next);

/** The query string of a search and of the page of it that q is for. */
const char *ms_admin_search_here(request_rec *r, const ms_admin_search *q);

/** The query string of the page that begins after that row. */
const char *ms_admin_search_after(request_rec *r, const ms_admin_search *q, const ms_row *last);

typedef struct ms_admin_visitor {
    /* Called once, when the database could be queried and before the first row. */
    void (*begin)(request_rec *r, const ms_admin_search *q);
    /* What it allocates from p is gone after the page. */
    void (*row)(request_rec *r, apr_pool_t *p, const ms_admin_search *q, const ms_row *row);
} ms_admin_visitor;

/**
 * Visit all sessions of a search, page by page, so that no more than a page is in memory.
 * @param most   visit that many at most
 * @param began  out: whether visitor->begin was called
 * @return APR_SUCCESS, or the database could not be queried; some may have been visited
 */
apr_status_t ms_admin_search_each(request_rec *r, const ms_admin_search *q, int most,
                                  const ms_admin_visitor *visitor, int *began);

#endif

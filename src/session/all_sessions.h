/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The live sessions of all users of the realm, for administrators. The caller has checked that the
 * user is one. All functions return APR_SUCCESS, or the database could not be queried.
 */
#ifndef MS_ALL_SESSIONS_H
#define MS_ALL_SESSIONS_H

#include <httpd.h>
#include "db/store.h"

/**
 * The sessions that search means, the newest first; MS_NEWEST_MAX at most.
 * @param p     where results live
 * @param rows  out: an array of const ms_row *
 */
apr_status_t ms_all_sessions_search(request_rec *r, apr_pool_t *p, const ms_search *search,
                                    apr_array_header_t **rows);

/**
 * The sessions of a user that are over; see ms_store_list_ended(). If user is NULL, those of the
 * realm that were ended; see ms_store_newest_ended().
 * @param p  where results live
 */
apr_status_t ms_all_sessions_ended(request_rec *r, apr_pool_t *p, const char *user,
                                   const ms_ended_part *part, apr_array_header_t **rows);

/** The session of that id. *row: NULL if there is none, or id does not have the form of one. */
apr_status_t ms_all_sessions_find(request_rec *r, const char *id, const ms_row **row);

/** How many sessions a user has; if user is NULL, an address; if both are NULL, the realm. */
apr_status_t ms_all_sessions_count(request_rec *r, const char *user, const char *ip,
                                   apr_int64_t *n);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sessions of the user who is signed in, for the user's own list: the live ones, if nothing
 * else is written. Without a session in force there are none. All functions return APR_SUCCESS, or
 * the database could not be queried.
 */
#ifndef MS_OWN_SESSIONS_H
#define MS_OWN_SESSIONS_H

#include <httpd.h>
#include "db/store.h"

/**
 * A part of the list: the current session first, then the others, the last used one first.
 * @param part  part->first is ignored
 * @param rows  out: an array of const ms_row *; NULL without a session
 */
apr_status_t ms_own_sessions_list(request_rec *r, const ms_list_part *part,
                                  apr_array_header_t **rows);

/**
 * One of them, with all that is known of it.
 * @param id   as a client sent it
 * @param row  out: NULL: there is no such session
 */
apr_status_t ms_own_sessions_show(request_rec *r, const char *id, const ms_row **row);

/** How many there are; or only those of apps. */
apr_status_t ms_own_sessions_count(request_rec *r, int apps_only, apr_int64_t *n);

#define MS_APPS_MAX 200 /* in one answer */

/**
 * Those of apps, the last one used first; MS_APPS_MAX at most.
 * @param rows  out: an array of const ms_row *; NULL without a session
 */
apr_status_t ms_own_sessions_apps(request_rec *r, apr_array_header_t **rows);

/**
 * Whether the name may be that of an app password: the user tells them apart by their names.
 * @param name  as ms_session_name_fit() returns it, or NULL
 * @param id    the app password that has, or is given, the name; NULL: it is a new one
 * @return APR_EINVAL: it is no name; APR_EEXIST: another one has it. APR_SUCCESS also if id is not
 *         that of an app password
 */
apr_status_t ms_own_sessions_check_app_name(request_rec *r, const char *name, const char *id);

/**
 * Those that are over, the last one to end first.
 * @param rows  out: an array of const ms_row *; NULL without a session
 */
apr_status_t ms_own_sessions_ended(request_rec *r, const ms_ended_part *part,
                                   apr_array_header_t **rows);

/**
 * Name one of them.
 * @param id       as a client sent it
 * @param name     the same; it is made fit to store, without blanks at its ends, and cut to
 *                 MS_NAME_MAX characters. If nothing is left, the session has no name
 * @param renamed  out: whether there is such a session
 * @return APR_ENOTIMPL: the table is older and keeps no names; APR_EINVAL and APR_EEXIST: it is an
 *         app password, see ms_own_sessions_check_app_name()
 */
apr_status_t ms_own_sessions_rename(request_rec *r, const char *id, const char *name, int *renamed);

#endif

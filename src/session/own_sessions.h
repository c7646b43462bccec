/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The live sessions of the user who is signed in, for the user's own list. Without a session in
 * force there are none. All functions return APR_SUCCESS, or the database could not be queried.
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

/** How many there are. */
apr_status_t ms_own_sessions_count(request_rec *r, apr_int64_t *n);

#endif

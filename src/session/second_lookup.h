/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client decides how long the body of its request takes. What the body asks for is done for the
 * session that is live then, not for the one that was when the request began.
 */
#ifndef MS_SECOND_LOOKUP_H
#define MS_SECOND_LOOKUP_H

#include <httpd.h>
#include "core/row.h"

/**
 * The session in force, looked up in the table again, not in the cache: it may have ended since the
 * request began, also on another host. If it has, no session is in force from now on.
 * @param row  out: NULL if no session is in force
 * @return APR_SUCCESS; else the database could not be queried, and *row is NULL
 */
apr_status_t ms_second_lookup(request_rec *r, const ms_row **row);

#endif

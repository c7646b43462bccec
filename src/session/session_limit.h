/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ManagedSessionLimit: how many sessions a user may have, and what happens to one more: the sign-in
 * is refused, or another session is evicted.
 */
#ifndef MS_SESSION_LIMIT_H
#define MS_SESSION_LIMIT_H

#include <httpd.h>
#include "core/row.h"
#include "session/shown_form.h"

/**
 * Before the new row is inserted: check that there is room, and date it.
 * @param form  whose earlier sessions will be revoked, so they do not count; or NULL
 * @param row   its created_at may be moved: of sign-ins in the same second the last one is the
 * newest
 * @param is_at_limit  out: whether the user is known to have as many sessions as the limit allows,
 * so that this one will be over it; for ms_session_limit_enforce()
 * @return APR_SUCCESS; APR_ENOSPC: the user has no room; else the database could not be queried
 */
apr_status_t ms_session_limit_prepare(request_rec *r, const ms_shown_form *form, ms_row *row,
                                      int *is_at_limit);

/**
 * After the row was inserted: evict the user's sessions over the limit.
 * @return APR_SUCCESS; APR_ENOSPC: there was no room after all, and row has been revoked; else the
 *         database could not be queried
 */
apr_status_t ms_session_limit_enforce(request_rec *r, const ms_row *row, int is_at_limit);

/** How many of the live sessions that the client presented are the user's. They do not count: they
 * are revoked when the sign-in is complete. */
int ms_session_limit_presented(request_rec *r, const char *user);

#endif

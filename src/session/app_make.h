/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Make an app password: the row of an app, for the user who is signed in.
 */
#ifndef MS_APP_MAKE_H
#define MS_APP_MAKE_H

#include <httpd.h>
#include "core/row.h"

/**
 * Make one, and write the event.
 * @param name      as a client sent it; it is made fit to store, as a session's
 * @param row       out: NULL without APR_SUCCESS
 * @param password  out: what the app signs in with, in r->pool; it is stored nowhere
 * @return APR_SUCCESS; APR_EINVAL: the name has no character that is shown; APR_EEXIST: the user
 *         has one of that name; APR_ENOSPC: the user has ManagedSessionAppLimit of them;
 *         APR_ENOTIMPL: the table is older and has no apps; APR_EACCES: the session in force has
 *         ended meanwhile, and there is none now; APR_EBUSY: the user has made too many in a short
 *         time, and Retry-After is set; else the database could not be queried, or there
 *         are no random bytes
 */
apr_status_t ms_app_make(request_rec *r, const char *name, const ms_row **row,
                         const char **password);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sign out: the client gives up its session. Other sessions are revoked, see revoke.h.
 */
#ifndef MS_SIGN_OUT_H
#define MS_SIGN_OUT_H

#include <httpd.h>
#include "db/store.h" /* ms_end_reason */

/**
 * End the session in force and clear the cookie. Without a session only the cookie is cleared, but
 * not by a late response: the browser may have signed in since it sent the request.
 * @return APR_SUCCESS; else the database could not be queried, and nothing has changed
 */
apr_status_t ms_sign_out(request_rec *r);

/**
 * End all live sessions that the client presented. They may have been planted, so they must not
 * live on beside a new one.
 * @param reason   MS_END_REAUTHENTICATED if the user signs in again, because a page wanted that
 * @param revoked  out: how many
 */
apr_status_t ms_sign_out_presented(request_rec *r, ms_end_reason reason, apr_int64_t *revoked);

#endif

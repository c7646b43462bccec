/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Revoke sessions: end them on purpose, from another session or from outside. Who may revoke which
 * sessions, the event, the counter and the sign-out of this client stand here and nowhere else.
 */
#ifndef MS_REVOKE_H
#define MS_REVOKE_H

#include <httpd.h>
#include "db/store.h" /* ms_scope */

typedef enum ms_actor {
    MS_ACTOR_SELF,          /* the user of the session in force, who revokes own sessions only */
    MS_ACTOR_ADMINISTRATOR, /* r->user; the caller has checked that this is an administrator */
    MS_ACTOR_MODULE         /* another module, for sessions of one user */
} ms_actor;

/**
 * Revoke the live sessions of a scope. Their rows say "revoked", and by which user if that is
 * another one than their own. If the session in force is among them, this client is signed out too,
 * and its cookie is cleared.
 * @param scope    MS_SCOPE_ID, MS_SCOPE_USER, MS_SCOPE_IP or MS_SCOPE_REALM.
 *                 SELF: ID or USER, and user is filled in here. ADMINISTRATOR: with ID, user is
 *                 filled in here. MODULE: ID or USER, both with user
 * @param revoked  out: how many; 0 if there is no such live session, or SELF is not signed in. With
 *                 MS_SCOPE_REALM also after an error
 * @return APR_SUCCESS; APR_EINVAL: the actor may not use this kind of scope; else the database
 *         could not be queried
 */
apr_status_t ms_session_revoke(request_rec *r, ms_actor actor, const ms_scope *scope,
                               apr_int64_t *revoked);

#endif

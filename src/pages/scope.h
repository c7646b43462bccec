/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which sessions a request of a page revokes: its form, its query or its path as an ms_scope, and
 * the JSON interface's DELETE, which is the same for the pages of users and of administrators.
 */
#ifndef MS_PAGES_SCOPE_H
#define MS_PAGES_SCOPE_H

#include <httpd.h>
#include "session/revoke.h"

/**
 * What a form of a page means: action=revoke with id, or action=revoke-<word>. A user may name
 * "others" and "all"; an administrator "user" and "ip", in a field of that name, and "realm".
 * @param scope  out; its texts are allocated from r->pool, or are those of fields
 * @return 0 if it names nothing that this actor may revoke
 */
int ms_scope_of_form(request_rec *r, ms_actor actor, const apr_table_t *fields, ms_scope *scope);

/** ms_session_revoke(), which revokes nothing for an address that is none. */
apr_status_t ms_scope_revoke(request_rec *r, ms_actor actor, const ms_scope *scope,
                             apr_int64_t *revoked);

/** DELETE of one session: 204, 404 or 503. Returns what a content handler returns. */
int ms_scope_delete_one(request_rec *r, ms_actor actor, const char *id);

/** DELETE with ?scope=<word> and its field: {"revoked": n}, 400 or 503. The same. */
int ms_scope_delete_many(request_rec *r, ms_actor actor);

#endif

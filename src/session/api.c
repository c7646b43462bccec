/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Other modules get copies, which may grow: the table's rows stay private.
 */
#include "session/api.h"

#include "http/request_chain.h"
#include "mod_managed_session.h"
#include "session/request_state.h"
#include "session/revoke.h"
#include "session/sign_in.h"

static const managed_session_t *as_public(request_rec *r, const ms_row *row)
{
    managed_session_t *session;

    if (!row) {
        return NULL;
    }
    session = apr_pcalloc(ms_request_chain_first(r)->pool, sizeof(*session));
    session->version = MANAGED_SESSION_API_VERSION;
    session->id = row->id;
    session->user = row->user;
    session->realm = ms_server_conf_get(r->server)->realm;
    session->auth_method = row->auth_method;
    session->created_at = row->created_at;
    session->expires_at = row->expires_at;
    session->persistent = row->persistent;
    return session;
}

static apr_status_t managed_session_get(request_rec *r, const managed_session_t **session)
{
    const ms_row *row;
    const apr_status_t rv = ms_request_session(r, &row);

    ms_request_depend(ms_request_get(r), MS_DEPENDS_OPTIONALLY);
    *session = as_public(r, row);
    return rv;
}

static apr_status_t managed_session_create(request_rec *r, const char *user, const char *method,
                                           int persistent, const managed_session_t **session)
{
    const ms_row *row;
    const ms_sign_in_wish wish = {.remember = persistent};
    const apr_status_t rv = ms_sign_in(r, user, method, &wish, &row);

    *session = as_public(r, row);
    return rv;
}

static apr_status_t managed_session_revoke(request_rec *r, const char *user, const char *id,
                                           apr_int64_t *revoked)
{
    const ms_scope scope = {.kind = id ? MS_SCOPE_ID : MS_SCOPE_USER, .user = user, .id = id};

    return ms_session_revoke(r, MS_ACTOR_MODULE, &scope, revoked);
}

void ms_api_register(void)
{
    APR_REGISTER_OPTIONAL_FN(managed_session_get);
    APR_REGISTER_OPTIONAL_FN(managed_session_create);
    APR_REGISTER_OPTIONAL_FN(managed_session_revoke);
}

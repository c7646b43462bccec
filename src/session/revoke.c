/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scope is completed first, so that what is revoked, logged and compared with the session in
 * force is one and the same.
 */
#include "session/revoke.h"

#include <string.h>
#include "core/clock.h"
#include "core/utf8.h"
#include "http/counters.h"
#include "session/all_sessions.h"
#include "session/enders.h"
#include "session/events.h"
#include "session/lifeline.h"
#include "session/request_state.h"

#define MS_ENDED_BY_MAX 255 /* characters */

static int is_allowed(ms_actor actor, ms_scope_kind kind)
{
    return kind == MS_SCOPE_ID || kind == MS_SCOPE_USER ||
           (actor == MS_ACTOR_ADMINISTRATOR && (kind == MS_SCOPE_IP || kind == MS_SCOPE_REALM));
}

/* The session that the actor acts through; NULL: there is none. */
static apr_status_t find_own(request_rec *r, ms_actor actor, const ms_row **own)
{
    if (actor == MS_ACTOR_ADMINISTRATOR) {
        *own = ms_request_session_of_user(r);
        return APR_SUCCESS;
    }
    return ms_request_session(r, own);
}

/* The user whose sessions are meant; NULL: there can be no such session. */
static apr_status_t find_user(request_rec *r, ms_actor actor, const ms_scope *scope,
                              const ms_row *own, const char **user)
{
    const ms_row *row;
    apr_status_t rv;

    *user = NULL;
    if (scope->kind == MS_SCOPE_ID && !ms_token_is_id(scope->id, strlen(scope->id))) {
        return APR_SUCCESS;
    }
    if (actor == MS_ACTOR_SELF) {
        *user = own ? own->user : NULL;
        return APR_SUCCESS;
    }
    if (actor == MS_ACTOR_MODULE || scope->kind == MS_SCOPE_USER) {
        *user = ms_utf8_is_user_name(scope->user) ? scope->user : NULL;
        return APR_SUCCESS;
    }
    rv = ms_all_sessions_find(r, scope->id, &row);
    *user = row ? row->user : NULL;
    return rv;
}

static int has_user(const ms_scope *scope)
{
    return scope->kind == MS_SCOPE_ID || scope->kind == MS_SCOPE_USER;
}

static apr_status_t complete(request_rec *r, ms_actor actor, const ms_row *own, ms_scope *scope)
{
    const char *user = NULL;
    apr_status_t rv = APR_SUCCESS;

    if (!is_allowed(actor, scope->kind)) {
        return APR_EINVAL;
    }
    if (has_user(scope)) {
        rv = find_user(r, actor, scope, own, &user);
    }
    scope->user = user;
    scope->reason = MS_END_REVOKED;
    scope->by = actor == MS_ACTOR_SELF || !r->user
                    ? NULL
                    : ms_utf8_storable(r->pool, r->user, MS_ENDED_BY_MAX);
    return rv;
}

/* ---- afterwards ------------------------------------------------------------------------------ */

/* An act on many sessions is an event even if it found none; a module's call is not. */
static int is_event(ms_actor actor, const ms_scope *scope, apr_status_t rv, apr_int64_t revoked)
{
    return revoked > 0 ||
           (rv == APR_SUCCESS && scope->kind != MS_SCOPE_ID && actor != MS_ACTOR_MODULE);
}

static const char *scope_in_words(ms_scope_kind kind)
{
    switch (kind) {
    case MS_SCOPE_ID:
        return "one";
    case MS_SCOPE_USER:
        return "user";
    case MS_SCOPE_IP:
        return "ip";
    default:
        return "realm";
    }
}

static void note(request_rec *r, ms_actor actor, const ms_scope *scope, const ms_row *own,
                 apr_int64_t n)
{
    ms_event event = ms_event_of("revoked", scope->user, scope->id);

    event.by_user = actor == MS_ACTOR_SELF ? own->user : r->user;
    event.by_session = own ? own->id : NULL;
    event.count = n;
    if (actor == MS_ACTOR_ADMINISTRATOR) {
        event.scope = scope_in_words(scope->kind);
        event.of_ip = scope->ip;
    }
    ms_event_write(r, &event);
    ms_count(MS_COUNT_REVOCATIONS, n);
}

/* A session from the cache has no addresses, so whether an address was its own is in the table. */
static int is_gone(const ms_db_ctx *ctx, const ms_row *own)
{
    const ms_row *still;

    return ms_store_find(ctx, own->id, ms_clock_now(), &still) == APR_SUCCESS && !still;
}

static int is_same(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

static int includes(const ms_db_ctx *ctx, const ms_scope *scope, const ms_row *own)
{
    switch (scope->kind) {
    case MS_SCOPE_ID:
        return is_same(own->user, scope->user) && is_same(own->id, scope->id);
    case MS_SCOPE_USER:
        return is_same(own->user, scope->user) && !is_same(own->id, scope->except);
    case MS_SCOPE_IP:
        return is_gone(ctx, own);
    default:
        return 1;
    }
}

/* ---------------------------------------------------------------------------------------------- */

apr_status_t ms_session_revoke(request_rec *r, ms_actor actor, const ms_scope *wanted,
                               apr_int64_t *revoked)
{
    const ms_db_ctx ctx = ms_request_db_ctx(r);
    const apr_int64_t now = ms_clock_now();
    ms_scope scope = *wanted;
    const ms_row *own;
    apr_status_t rv = find_own(r, actor, &own);

    *revoked = 0;
    if (rv == APR_SUCCESS) {
        rv = complete(r, actor, own, &scope);
    }
    if (rv != APR_SUCCESS || (has_user(&scope) && !scope.user)) {
        return rv;
    }
    ms_lifeline_leave(r);
    rv = ms_cached_store_revoke(&ctx, &scope, now, revoked);
    if (is_event(actor, &scope, rv, *revoked)) {
        note(r, actor, &scope, own, *revoked);
    }
    if (own && actor != MS_ACTOR_MODULE && *revoked > 0) {
        ms_enders_note(r, own->id, now);
    }
    if (rv == APR_SUCCESS && own && includes(&ctx, &scope, own)) {
        ms_request_drop_session(r);
    }
    return rv;
}

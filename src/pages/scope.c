/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A form and a query name the same scopes by the same words. Who may revoke is decided by the
 * pages, and once more in session/revoke.c.
 */
#include "pages/scope.h"

#include <string.h>
#include "core/address.h"
#include "core/form.h"
#include "pages/page.h"
#include "session/request.h"

#define ACTION     "revoke" /* of one session; of many: "revoke-others", ... */
#define ACTION_LEN (sizeof(ACTION) - 1)

static int is(const char *word, const char *name)
{
    return strcmp(word, name) == 0;
}

/* ---- words ----------------------------------------------------------------------------------- */

/* The form of the page has a checkbox, and says that it has one; a query says kind=browser. */
static int leaves_apps(const apr_table_t *fields)
{
    const char *asks = apr_table_get(fields, "asks"), *kind = apr_table_get(fields, "kind");

    return (asks && is(asks, "apps") && !apr_table_get(fields, "apps")) || kind;
}

/* Another kind must not end the browsers' sessions, too. */
static int is_kind_known(const apr_table_t *fields)
{
    const char *kind = apr_table_get(fields, "kind");

    return !kind || is(kind, "browser");
}

static int read_own(request_rec *r, const char *word, const apr_table_t *fields, ms_scope *scope)
{
    const ms_row *current = ms_request_row(ms_request_get(r));
    const int others = is(word, "others");

    *scope = (ms_scope){.kind = MS_SCOPE_USER,
                        .except = others ? current->id : NULL,
                        .browsers_only = leaves_apps(fields)};
    return (others || is(word, "all")) && is_kind_known(fields);
}

static int read_any(request_rec *r, const char *word, const apr_table_t *fields, ms_scope *scope)
{
    const char *user = ms_form_field(fields, "user"), *ip = ms_form_field(fields, "ip");

    if (user && is(word, "user")) {
        *scope = (ms_scope){.kind = MS_SCOPE_USER, .user = user};
        return 1;
    }
    if (ip && is(word, "ip")) {
        *scope = (ms_scope){.kind = MS_SCOPE_IP, .ip = ms_address_canonical(r->pool, ip)};
        return 1;
    }
    *scope = (ms_scope){.kind = MS_SCOPE_REALM};
    return is(word, "realm");
}

static int read_word(request_rec *r, ms_actor actor, const char *word, const apr_table_t *fields,
                     ms_scope *scope)
{
    return actor == MS_ACTOR_ADMINISTRATOR ? read_any(r, word, fields, scope)
                                           : read_own(r, word, fields, scope);
}

int ms_scope_of_form(request_rec *r, ms_actor actor, const apr_table_t *fields, ms_scope *scope)
{
    const char *action = apr_table_get(fields, "action"), *id = apr_table_get(fields, "id");

    if (!action || strncmp(action, ACTION, ACTION_LEN) != 0) {
        return 0;
    }
    *scope = (ms_scope){.kind = MS_SCOPE_ID, .id = id};
    return action[ACTION_LEN] == '-' ? read_word(r, actor, action + ACTION_LEN + 1, fields, scope)
                                     : !action[ACTION_LEN] && id;
}

apr_status_t ms_scope_revoke(request_rec *r, ms_actor actor, const ms_scope *scope,
                             apr_int64_t *revoked)
{
    *revoked = 0;
    return scope->kind == MS_SCOPE_IP && !scope->ip ? APR_SUCCESS
                                                    : ms_session_revoke(r, actor, scope, revoked);
}

/* ---- DELETE: the JSON interface -------------------------------------------------------------- */

/* One answer for an id of another user, an ended session and an invalid id, so that a client learns
 * nothing from it. */
int ms_scope_delete_one(request_rec *r, ms_actor actor, const char *id)
{
    const ms_scope scope = {.kind = MS_SCOPE_ID, .id = id};
    apr_int64_t revoked;

    if (ms_scope_revoke(r, actor, &scope, &revoked) != APR_SUCCESS) {
        return ms_page_unavailable(r);
    }
    return revoked > 0 ? ms_page_status(r, HTTP_NO_CONTENT)
                       : ms_page_refuse(r, MS_PROBLEM_NOT_FOUND);
}

/* A query that names a user beside an address, a session, or a kind as a user may, may mean fewer
 * sessions than it would revoke. */
static int names_more(const apr_table_t *fields, const ms_scope *scope)
{
    return (scope->kind != MS_SCOPE_USER && ms_form_field(fields, "user")) ||
           (scope->kind != MS_SCOPE_IP && ms_form_field(fields, "ip")) ||
           ms_form_field(fields, "id") || ms_form_field(fields, "kind");
}

static int read_query(request_rec *r, ms_actor actor, ms_scope *scope)
{
    const char *word;
    apr_table_t *fields;

    if (ms_form_parse(r->pool, r->args, strlen(r->args), &fields)) {
        return 0;
    }
    word = apr_table_get(fields, "scope");
    return word && read_word(r, actor, word, fields, scope) &&
           (actor != MS_ACTOR_ADMINISTRATOR || !names_more(fields, scope));
}

int ms_scope_delete_many(request_rec *r, ms_actor actor)
{
    apr_int64_t revoked;
    ms_scope scope;

    if (!read_query(r, actor, &scope)) {
        return ms_page_bad_query(r);
    }
    if (ms_scope_revoke(r, actor, &scope, &revoked) != APR_SUCCESS) {
        return ms_page_unavailable(r);
    }
    return ms_page_send_revoked(r, revoked);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order: a sign-out, then a failed sign-in or a sign-in.
 */
#include "app/backend_login.h"

#include <string.h>
#include <apr_strings.h>
#include "access/script_refusal.h"
#include "app/app_header.h"
#include "app/sign_in_wish.h"
#include "http/limited_log.h"
#include "http/respond.h"
#include "config/config.h"
#include "session/revoke.h"
#include "session/request.h"
#include "session/sign_in_limit.h"
#include "session/sign_in.h"
#include "session/sign_out.h"
#include "session/sign_in_log.h"

#define METHOD "backend"

static int is_single(request_rec *r, const ms_app_header *t)
{
    if (t->n > 1 || strchr(t->value, ',')) {
        ms_app_header_ignore(r, t->name, "it was sent more than once, or has a comma in it");
        return 0;
    }
    return 1;
}

static void log_failed_end(request_rec *r)
{
    ms_limited_log(r, MS_LOG_END_FAILED, APLOG_ERR,
                   "MS0051: the application's sign-out failed: the session database could not "
                   "be queried, and the session stays valid");
}

static void log_failed_begin(request_rec *r, const char *user)
{
    ms_limited_log(r, MS_LOG_BEGIN_FAILED, APLOG_ERR,
                   "MS0052: the application's sign-in of user \"%s\" failed: the session "
                   "database could not be queried",
                   user);
}

static apr_status_t revoke_own(request_rec *r, int others_only)
{
    const ms_row *row;
    apr_status_t rv = ms_request_session(r, &row);

    if (row) {
        const ms_scope scope = {.kind = MS_SCOPE_USER, .except = others_only ? row->id : NULL};
        apr_int64_t revoked;

        rv = ms_session_revoke(r, MS_ACTOR_SELF, &scope, &revoked);
    }
    return rv;
}

static void end(request_rec *r, const ms_app_header *t)
{
    apr_status_t rv;

    if (!is_single(r, t)) {
        return;
    }
    if (strcmp(t->value, "current") == 0) {
        rv = ms_sign_out(r);
    }
    else if (strcmp(t->value, "others") == 0 || strcmp(t->value, "all") == 0) {
        rv = revoke_own(r, t->value[0] == 'o');
    }
    else {
        ms_app_header_ignore(r, MS_END_HEADER, "it takes current, others or all");
        return;
    }
    if (rv != APR_SUCCESS) {
        log_failed_end(r);
    }
}

/* An error page may repeat what the client sent, or come from a layer that checked no password. */
static int is_success(request_rec *r)
{
    if (r->status >= HTTP_OK && r->status < HTTP_BAD_REQUEST) {
        return 1;
    }
    ms_app_header_ignore(r, MS_USER_HEADER,
                         apr_psprintf(r->pool,
                                      "it came with status %d, and only 2xx and 3xx sign a user in",
                                      r->status));
    return 0;
}

/* Count an attempt that the application has already decided. */
static int is_limited(request_rec *r, const char *user, ms_sign_in_ticket *attempt)
{
    const apr_int64_t wait = ms_sign_in_limit_take(r, user, attempt);

    if (wait) {
        ms_sign_in_log_refused(r, user, METHOD, MS_REFUSED_FAILURES, attempt->full);
        ms_respond_retry_after(r, wait);
    }
    return wait != 0;
}

static int refuse(request_rec *r, ms_problem why)
{
    ms_script_refusal_note(r, why);
    return HTTP_TOO_MANY_REQUESTS;
}

static int begin(request_rec *r, const ms_app_header *t, const ms_sign_in_wish *wish)
{
    const ms_row *row;
    ms_sign_in_ticket attempt;
    apr_status_t rv;

    if (!is_single(r, t) || !is_success(r)) {
        return OK;
    }
    if (is_limited(r, t->value, &attempt)) {
        return refuse(r, MS_PROBLEM_ATTEMPTS);
    }
    rv = ms_sign_in(r, t->value, METHOD, wish, &row);
    if (rv == APR_SUCCESS) {
        ms_sign_in_limit_was_right(r, &attempt);
        return OK;
    }
    ms_sign_in_limit_was_nothing(r, &attempt);
    if (rv == APR_EBUSY) {
        return refuse(r, MS_PROBLEM_SIGN_INS);
    }
    if (rv != APR_EINVAL && rv != APR_ENOSPC && rv != APR_EACCES) { /* these are logged already */
        log_failed_begin(r, t->value);
    }
    return OK;
}

static int fail(request_rec *r, const ms_app_header *t)
{
    const char *user = *t->value ? t->value : NULL;
    ms_sign_in_ticket attempt;

    if (!is_single(r, t)) {
        return OK;
    }
    if (is_limited(r, user, &attempt)) {
        return refuse(r, MS_PROBLEM_ATTEMPTS);
    }
    ms_sign_in_log_failed(r, user, METHOD);
    return OK;
}

int ms_backend_login(request_rec *r)
{
    const ms_app_header user = ms_app_header_take(r, MS_USER_HEADER),
                        ending = ms_app_header_take(r, MS_END_HEADER),
                        failed = ms_app_header_take(r, MS_FAILED_HEADER);
    ms_sign_in_wish wish;
    const char *name = ms_sign_in_wish_take(r, &wish);

    name = failed.n ? failed.name : user.n ? user.name : ending.n ? ending.name : name;
    if (!name) {
        return OK;
    }
    if (ms_dir_conf_get(r)->backend_login != 1) {
        ms_app_header_ignore(r, name, "ManagedSessionBackendLogin is not On here");
        return OK;
    }
    if (r->status == HTTP_NOT_MODIFIED) {
        ms_app_header_ignore(r, name, "it came with a 304, which may repeat an old response");
        return OK;
    }
    if (ending.n) {
        end(r, &ending);
    }
    if (failed.n) {
        if (user.n) {
            ms_app_header_ignore(r, MS_USER_HEADER, "it came with " MS_FAILED_HEADER);
        }
        return fail(r, &failed);
    }
    if (user.n) {
        return begin(r, &user, &wish);
    }
    if (!ending.n) {
        ms_app_header_ignore(r, name, "it came without " MS_USER_HEADER);
    }
    return OK;
}

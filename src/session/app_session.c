/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The secret has 256 bits, so it need not be hashed slowly, and the limit is not there to protect
 * it: an app that goes on with a password that was revoked must not fill the log. So the limit
 * counts after the look-up, and never keeps a right password out.
 */
#include "session/app_session.h"

#include <string.h>
#include <apr_crypto.h>
#include "config/runtime.h"
#include "core/clock.h"
#include "core/name_fold.h"
#include "http/respond.h"
#include "session/plain_http.h"
#include "session/request_state.h"
#include "session/sign_in_limit.h"
#include "session/sign_in_log.h"
#include "session/user_name.h"

/* ---- refusals -------------------------------------------------------------------------------- */

static int refuse(request_rec *r, const char *user, const char *reason)
{
    ms_sign_in_ticket attempt;
    const apr_int64_t wait = ms_sign_in_limit_take(r, NULL, &attempt);

    if (wait) {
        ms_sign_in_log_app_refused(r, user, MS_REFUSED_FAILURES, attempt.full);
        ms_respond_retry_after(r, wait);
        return HTTP_TOO_MANY_REQUESTS;
    }
    ms_sign_in_log_app_failed(r, user, reason);
    return HTTP_UNAUTHORIZED;
}

static int refuse_plain_http(request_rec *r, const char *user)
{
    ms_sign_in_log_app_refused(r, user, "plain http", 0);
    return HTTP_FORBIDDEN;
}

/* ---- check ----------------------------------------------------------------------------------- */

int ms_app_session_is_user(request_rec *r, const char *sent, const char *user)
{
    return strcmp(sent, user) == 0 ||
           (ms_server_conf_get(r->server)->folds_names &&
            strcmp(ms_name_fold(r->pool, sent), ms_name_fold(r->pool, user)) == 0);
}

static int look_up(request_rec *r, const char *user, const ms_token *token)
{
    const ms_db_ctx ctx = ms_request_db_ctx(r);
    const ms_server_conf *conf = ms_server_conf_get(r->server);
    ms_lookup found;
    const apr_status_t rv = ms_cached_store_find(&ctx, token, 1, ms_clock_now(), conf->cache_ttl,
                                                 conf->cache_life, &found);

    if (rv != APR_SUCCESS) {
        return HTTP_SERVICE_UNAVAILABLE;
    }
    if (!found.row || !ms_user_name_is_valid(r, found.row->user)) {
        return refuse(r, user, "wrong password");
    }
    if (found.row->kind != MS_KIND_APP) {
        return refuse(r, user, "the token of a browser");
    }
    if (user && !ms_app_session_is_user(r, user, found.row->user)) {
        return refuse(r, user, "wrong user name");
    }
    ms_request_use_app(ms_request_get(r), &found);
    return OK;
}

static int check_token(request_rec *r, const char *user, const ms_token *token)
{
    ms_request *request = ms_request_get(r);

    if (request->is_app && strcmp(request->token.id, token->id) == 0 &&
        strcmp(request->token.secret, token->secret) == 0) {
        return user && !ms_app_session_is_user(r, user, request->row->user) ? HTTP_UNAUTHORIZED
                                                                            : OK;
    }
    if (!request->app_status) {
        request->app_status =
            ms_plain_http_shows_secret(r) ? refuse_plain_http(r, user) : look_up(r, user, token);
    }
    return request->app_status;
}

int ms_app_session_check(request_rec *r, const char *user, const char *password)
{
    ms_request *request = ms_request_get(r);
    ms_token token;
    int status;

    if (!ms_token_parse_typed(password, &token)) {
        if (!request->app_status) {
            request->app_status = refuse(r, user, "wrong password");
        }
        return request->app_status;
    }
    status = check_token(r, user, &token);
    apr_crypto_memzero(&token, sizeof(token));
    return status;
}

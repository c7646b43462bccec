/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removed as late as possible: after rewrites and subrequests, when it is known which location
 * answers, and after mod_cache, which distinguishes users from visitors by the cookie.
 */
#include "app/hidden_cookie.h"

#include <string.h>
#include <http_config.h>
#include "app/request_headers.h"
#include "config/config.h"
#include "http/credentials.h"
#include "session/request.h"

/* This host's name: all cookies of it. Their tokens are kept for a later look-up. */
static const char *without_own(request_rec *r, const char *header)
{
    const char *rest = ms_cookie_strip(r->pool, header, ms_server_conf_get(r->server)->cookie.name);

    if (rest != header) {
        ms_request_keep_cookie(r, header);
    }
    return rest;
}

/* Other hosts' names: only values that have the form of a token, since an application here may use
 * the name for its own cookie. */
static const char *without_others(request_rec *r, const char *header)
{
    const ms_server_conf *conf = ms_server_conf_get(r->server);
    const apr_array_header_t *names = conf->hidden_cookies;

    for (int i = 0; i < names->nelts; i++) {
        const char *name = APR_ARRAY_IDX(names, i, const char *);

        if (!conf->used || strcmp(name, conf->cookie.name) != 0) {
            header = ms_cookie_strip_tokens(r->pool, header, name);
        }
    }
    return header;
}

/* Whether the client sent an app password, by its form. */
static int is_app_password(request_rec *r, const char *credentials)
{
    const char *basic = ms_credentials_of_scheme(credentials, "Basic"),
               *password = ms_credentials_of_scheme(credentials, "Bearer"), *user;
    ms_token token;

    if (basic) {
        ms_credentials_decode_basic(r->pool, basic, &user, &password);
    }
    return ms_token_parse_typed(password, &token);
}

static void hide_app_password(request_rec *r)
{
    const char *credentials = apr_table_get(r->headers_in, "Authorization");

    if (credentials && is_app_password(r, credentials)) {
        apr_table_unset(r->headers_in, "Authorization");
    }
}

int ms_hidden_cookie_on_handler(request_rec *r)
{
    const int hides_own = ms_request_headers_is_ours(r) && ms_dir_conf_get(r)->hide_cookie != 0;
    const char *header, *rest;

    if (hides_own) {
        hide_app_password(r);
    }

    if (!hides_own && ms_server_conf_get(r->server)->hidden_cookies->nelts == 0) {
        return DECLINED;
    }
    header = rest = apr_table_get(r->headers_in, "Cookie");
    if (!header) {
        return DECLINED;
    }
    if (hides_own) {
        rest = without_own(r, rest);
    }
    rest = without_others(r, rest);
    if (rest == header) {
        return DECLINED;
    }
    if (*rest) {
        apr_table_setn(r->headers_in, "Cookie", rest);
    }
    else {
        apr_table_unset(r->headers_in, "Cookie");
    }
    return DECLINED;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A user without a session is challenged, and so is one whose session is too old: another sign-in
 * helps. A session that was begun in the wrong way is denied (403), since the sign-in page would
 * begin another one in the same way.
 */
#include "access/authz.h"

#include <string.h>
#include <httpd.h>
#include <ap_provider.h>
#include <http_config.h>
#include <http_core.h>
#include <http_request.h>
#include <mod_auth.h>
#include "core/clock.h"
#include "access/authn.h"
#include "session/request.h"
#include "session/sign_in.h"
#include "core/utf8.h"
#include "config/values.h"

/* The session that a Require line is about, or NULL. */
static const ms_row *session_of(request_rec *r)
{
    const ms_row *row;

    ms_authn_depend(r, MS_DEPENDS_ENTIRELY);
    if (ms_request_session(r, &row) != APR_SUCCESS || !row) {
        return NULL;
    }
    /* Another AuthType may have let in another user, who has no session. */
    return r->user && strcmp(r->user, row->user) == 0 ? row : NULL;
}

/* ---- Require managed-session ----------------------------------------------------------------- */

static authz_status require_session(request_rec *r, const char *line, const void *parsed)
{
    (void)line, (void)parsed;
    return session_of(r) ? AUTHZ_GRANTED : AUTHZ_DENIED_NO_USER;
}

static const char *parse_no_arguments(cmd_parms *cmd, const char *line, const void **parsed)
{
    (void)cmd;
    *parsed = NULL;
    return *line ? "Require managed-session takes no arguments" : NULL;
}

/* ---- Require session-fresh ------------------------------------------------------------------- */

static authz_status require_fresh(request_rec *r, const char *line, const void *parsed)
{
    const apr_int64_t *seconds = parsed;
    const ms_row *row = session_of(r);

    (void)line;
    if (!row) {
        return AUTHZ_DENIED_NO_USER;
    }
    if (row->kind != MS_KIND_BROWSER) {
        return AUTHZ_DENIED; /* no person signed in, and none can do it now */
    }
    if (ms_clock_now() - row->created_at > *seconds) {
        ms_request_set_stale_after(ms_request_get(r), *seconds);
        return AUTHZ_DENIED_NO_USER;
    }
    return AUTHZ_GRANTED;
}

static const char *parse_fresh(cmd_parms *cmd, const char *line, const void **parsed)
{
    apr_int64_t *seconds = apr_palloc(cmd->pool, sizeof(*seconds));
    const char *word = ap_getword_conf(cmd->pool, &line);

    *parsed = seconds;
    return *line || !ms_values_duration(word, seconds) || *seconds < 1
               ? "Require session-fresh takes one time (a number with s, m, h, d or w), such as 15m"
               : NULL;
}

/* ---- Require session-method ------------------------------------------------------------------ */

/* Methods are names of an AuthType, which httpd compares without regard to case. */
static authz_status require_method(request_rec *r, const char *line, const void *parsed)
{
    const apr_array_header_t *methods = parsed;
    const ms_row *row = session_of(r);

    (void)line;
    if (!row) {
        return AUTHZ_DENIED_NO_USER;
    }
    for (int i = 0; i < methods->nelts; i++) {
        if (ap_cstr_casecmp(row->auth_method, APR_ARRAY_IDX(methods, i, const char *)) == 0) {
            return AUTHZ_GRANTED;
        }
    }
    return AUTHZ_DENIED;
}

static const char *parse_methods(cmd_parms *cmd, const char *line, const void **parsed)
{
    static const char usage[] =
        "Require session-method takes one or more ways to sign in, such as form (the sign-in "
        "form), backend (the application) or the name of an AuthType, of 32 characters at most";
    apr_array_header_t *methods = apr_array_make(cmd->pool, 2, sizeof(const char *));

    while (*line) {
        const char *word = ap_getword_conf(cmd->pool, &line);

        if (!*word || ms_utf8_length(word) > MS_METHOD_MAX) {
            return usage;
        }
        APR_ARRAY_PUSH(methods, const char *) = word;
    }
    *parsed = methods;
    return methods->nelts > 0 ? NULL : usage;
}

/* ---- Require session-kind -------------------------------------------------------------------- */

static authz_status require_kind(request_rec *r, const char *line, const void *parsed)
{
    const apr_int64_t *kind = parsed;
    const ms_row *row = session_of(r);

    (void)line;
    if (!row) {
        return AUTHZ_DENIED_NO_USER;
    }
    return row->kind == *kind ? AUTHZ_GRANTED : AUTHZ_DENIED;
}

static const char *parse_kind(cmd_parms *cmd, const char *line, const void **parsed)
{
    apr_int64_t *kind = apr_palloc(cmd->pool, sizeof(*kind));
    const char *word = ap_getword_conf(cmd->pool, &line);
    const int is_app = ap_cstr_casecmp(word, "app") == 0;

    *parsed = kind;
    *kind = is_app ? MS_KIND_APP : MS_KIND_BROWSER;
    return *line || (!is_app && ap_cstr_casecmp(word, "browser") != 0)
               ? "Require session-kind takes app (an app password) or browser (a sign-in)"
               : NULL;
}

/* ---------------------------------------------------------------------------------------------- */

void ms_authz_register(apr_pool_t *p)
{
    static const authz_provider session = {require_session, parse_no_arguments},
                                fresh = {require_fresh, parse_fresh},
                                method = {require_method, parse_methods},
                                kind = {require_kind, parse_kind};
    const struct {
        const char *name;
        const authz_provider *provider;
    } providers[] = {{"managed-session", &session},
                     {"session-fresh", &fresh},
                     {"session-method", &method},
                     {"session-kind", &kind}};

    for (apr_size_t i = 0; i < sizeof(providers) / sizeof(providers[0]); i++) {
        ap_register_auth_provider(p, AUTHZ_PROVIDER_GROUP, providers[i].name,
                                  AUTHZ_PROVIDER_VERSION, providers[i].provider,
                                  AP_AUTH_INTERNAL_PER_CONF);
    }
}

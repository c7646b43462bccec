/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another module, for tests: does with the optional functions what its query says, and tells what
 * came of it. ?do=get, ?do=create&user=NAME, ?do=revoke&user=NAME&id=ID; several by ",". Also a
 * provider of passwords that only AuthType Digest can use, and an AuthType of its own, Probe, that
 * takes the user from a header.
 */
#include <string.h>
#include <ap_provider.h>
#include <apr_strings.h>
#include <httpd.h>
#include <http_config.h>
#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>
#include <mod_auth.h>
#include <util_script.h>
#include "mod_managed_session.h"

extern module AP_MODULE_DECLARE_DATA probe_module;

static const char *decoded(request_rec *r, const apr_table_t *query, const char *name)
{
    const char *value = apr_table_get(query, name);
    char *text = value ? apr_pstrdup(r->pool, value) : NULL;

    if (text) {
        ap_unescape_urlencoded(text);
    }
    return text;
}

static void tell(request_rec *r, const char *what, apr_status_t rv, const managed_session_t *s)
{
    ap_rprintf(r, "%s %d %s", what, rv == APR_EINVAL ? -1 : rv ? 1 : 0, s ? s->user : "-");
    if (s) {
        ap_rprintf(r, " %s %s %s %d %d", s->id, s->realm, s->auth_method, s->persistent,
                   s->expires_at > s->created_at);
    }
    ap_rputs("\n", r);
}

static void act(request_rec *r, const char *what, const apr_table_t *query)
{
    APR_OPTIONAL_FN_TYPE(managed_session_get) *get = APR_RETRIEVE_OPTIONAL_FN(managed_session_get);
    APR_OPTIONAL_FN_TYPE(managed_session_create) *create =
        APR_RETRIEVE_OPTIONAL_FN(managed_session_create);
    APR_OPTIONAL_FN_TYPE(managed_session_revoke) *revoke =
        APR_RETRIEVE_OPTIONAL_FN(managed_session_revoke);
    const char *user = decoded(r, query, "user"), *id = decoded(r, query, "id");
    const int persistent = apr_table_get(query, "persistent") != NULL;
    const managed_session_t *session = NULL;
    apr_status_t rv;
    apr_int64_t n = 0;

    if (strcmp(what, "get") == 0) {
        rv = get(r, &session);
        tell(r, what, rv, session);
    }
    else if (strcmp(what, "create") == 0) {
        rv = create(r, user, "probe", persistent, &session);
        tell(r, what, rv, session);
    }
    else if (strcmp(what, "revoke") == 0) {
        rv = revoke(r, user, id, &n);
        ap_rprintf(r, "revoke %d %" APR_INT64_T_FMT "\n", rv ? 1 : 0, n);
    }
    else if (strcmp(what, "sub") == 0) {
        ap_run_sub_req(ap_sub_req_lookup_uri("/probe?do=get", r, r->output_filters));
    }
}

static int handler(request_rec *r)
{
    apr_table_t *query;
    char *rest = NULL, *what;

    if (!r->handler || strcmp(r->handler, "probe") != 0) {
        return DECLINED;
    }
    ap_set_content_type(r, "text/plain");
    ap_args_to_table(r, &query);
    what = apr_pstrdup(r->pool, apr_table_get(query, "do") ? apr_table_get(query, "do") : "");
    for (what = apr_strtok(what, ",", &rest); what; what = apr_strtok(NULL, ",", &rest)) {
        act(r, what, query);
    }
    return OK;
}

static authn_status find_hash(request_rec *r, const char *user, const char *realm, char **hash)
{
    (void)r, (void)user, (void)realm, (void)hash;
    return AUTH_USER_NOT_FOUND;
}

static int find_user(request_rec *r)
{
    const char *type = ap_auth_type(r);

    if (!type || strcmp(type, "Probe") != 0) {
        return DECLINED;
    }
    r->user = (char *)apr_table_get(r->headers_in, "X-Probe-User");
    r->ap_auth_type = (char *)type;
    return r->user ? OK : HTTP_UNAUTHORIZED;
}

static void register_hooks(apr_pool_t *p)
{
    static const authn_provider provider = {.get_realm_hash = find_hash};

    ap_hook_handler(handler, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_check_authn(find_user, NULL, NULL, APR_HOOK_MIDDLE, AP_AUTH_INTERNAL_PER_CONF);
    ap_register_auth_provider(p, AUTHN_PROVIDER_GROUP, "probe-digest", AUTHN_PROVIDER_VERSION,
                              &provider, AP_AUTH_INTERNAL_PER_CONF);
}

AP_DECLARE_MODULE(probe) = {STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL, register_hooks,
                            AP_MODULE_FLAG_NONE};

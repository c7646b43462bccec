/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each virtual host removes the user headers of all virtual hosts, since two hosts may lead to the
 * same application.
 */
#include "app/request_headers.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>
#include "config/config.h"
#include "access/own_pages.h"
#include "core/header_name.h"
#include "http/request_chain.h"
#include "session/request.h"
#include "session/user_name.h"

int ms_request_headers_is_ours(request_rec *r)
{
    return ms_server_conf_get(r->server)->used ||
           ap_get_module_config(r->request_config, &managed_session_module) ||
           ms_own_pages_handler(r) != NULL;
}

/* ---- the user's header ----------------------------------------------------------------------- */

static int is_one_of(const char *header, const char *const *names, int n)
{
    for (int i = 0; i < n; i++) {
        if (ms_header_name_is_same(header, names[i])) {
            return 1;
        }
    }
    return 0;
}

static int is_any_sent(const apr_array_header_t *headers, const char *const *names, int n)
{
    for (int i = 0; i < headers->nelts; i++) {
        if (is_one_of(APR_ARRAY_IDX(headers, i, apr_table_entry_t).key, names, n)) {
            return 1;
        }
    }
    return 0;
}

/* In one pass, since a client may send many: apr_table_unset() moves the whole table each time. */
static void remove_headers(request_rec *r, const char *const *names, int n)
{
    const apr_array_header_t *headers = apr_table_elts(r->headers_in);

    if (!is_any_sent(headers, names, n)) {
        return;
    }
    headers = apr_array_copy(r->pool, headers);
    apr_table_clear(r->headers_in);
    for (int i = 0; i < headers->nelts; i++) {
        const apr_table_entry_t *entry = &APR_ARRAY_IDX(headers, i, apr_table_entry_t);

        if (!is_one_of(entry->key, names, n)) {
            apr_table_addn(r->headers_in, entry->key, entry->val);
        }
    }
}

/* The user that the application may rely on: never a name that failed to sign in. */
static const char *user_for_application(request_rec *r)
{
    const ms_request *request = ms_request_peek(r);
    const ms_row *row = request ? ms_request_row(request) : NULL;

    if (!r->user || !ms_user_name_is_valid(r, r->user)) {
        return NULL;
    }
    if (row && strcmp(row->user, r->user) == 0) {
        return r->user;
    }
    return ms_request_chain_error_status(r) ? NULL : r->user;
}

void ms_request_headers_set_user(request_rec *r)
{
    const char *name = ms_dir_conf_get(r)->user_header;

    if (name && *name) {
        remove_headers(r, &name, 1);
        if (user_for_application(r)) {
            apr_table_setn(r->headers_in, name, r->user);
        }
    }
}

/* ---- credentials ----------------------------------------------------------------------------- */

static int is_scheme(const char *credentials, const char *scheme)
{
    const apr_size_t len = strlen(scheme);

    return ap_cstr_casecmpn(credentials, scheme, len) == 0 && !apr_isalnum(credentials[len]) &&
           credentials[len] != '-';
}

/* The request's user name and password; NULL: it has none. */
static const char *credentials_of(const request_rec *r)
{
    const char *credentials = apr_table_get(r->headers_in, "Authorization");

    return credentials && (is_scheme(credentials, "Basic") || is_scheme(credentials, "Digest"))
               ? credentials
               : NULL;
}

/* Before mod_headers' "RequestHeader ... early", whose values are the administrator's and not the
 * client's. */
static void remember_credentials(request_rec *r)
{
    const char *credentials = credentials_of(r);

    if (credentials) {
        ms_request_set_credentials(ms_request_get(r), credentials);
    }
}

/*
 * A name and password that the client sent must not reach an application together with the
 * session's user, since they may be another user's. The administrator's (RequestHeader set,
 * AuthBasicFake) stay. If an authentication module used the client's, it has set another
 * ap_auth_type.
 */
void ms_request_headers_remove_credentials(request_rec *r)
{
    const int is_used = ms_server_conf_get(r->server)->used;
    const ms_request *request = r->ap_auth_type ? ms_request_peek(r) : NULL;
    const char *sent = request ? ms_request_credentials(request) : NULL, *credentials;

    if (ms_request_is_app(request)) {
        return; /* hidden as the cookie is: hidden_cookie.h */
    }
    if (!request || (is_used && !sent) || strcmp(r->ap_auth_type, MS_AUTH_TYPE) != 0) {
        return;
    }
    credentials = credentials_of(r);
    if (credentials && (!is_used || strcmp(credentials, sent) == 0)) {
        apr_table_unset(r->headers_in, "Authorization");
    }
}

/* ---- hooks ----------------------------------------------------------------------------------- */

/* For each request and location: no application may see a user name that a client made up. */
int ms_request_headers_on_post_read_request(request_rec *r)
{
    const apr_array_header_t *names = ms_server_conf_get(r->server)->removed_headers;

    if (names->nelts > 0) {
        remove_headers(r, (const char *const *)(void *)names->elts, names->nelts);
    }
    if (ms_server_conf_get(r->server)->used) {
        remember_credentials(r);
    }
    return DECLINED;
}

int ms_request_headers_on_fixups_last(request_rec *r)
{
    ms_request_headers_set_user(r);
    return DECLINED;
}

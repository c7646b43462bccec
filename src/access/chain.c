/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cookie is a mark without a secret: who can plant it can send a visitor through the provider
 * as well. It is for the sign-in page's path alone.
 */
#include "access/chain.h"

#include <string.h>
#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>
#include "config/config.h"
#include "access/door.h"
#include "access/intent.h"

#define COOKIE_NAME "managed_session_chain"
#define NOTE_ASKED  "managed-session-asked"
#define MAX_AGE     900 /* seconds that a visitor may spend at the provider */

/* The path of the page as it was asked for, but for what a cookie's Path cannot hold. */
static const char *path_of(request_rec *r)
{
    const char *path = ap_escape_uri(r->pool, r->uri);

    return strchr(path, ';') ? "/" : path;
}

static void send_cookie(request_rec *r, const char *value)
{
    const ms_cookie_attrs attrs = {.name = COOKIE_NAME,
                                   .path = path_of(r),
                                   .same_site = MS_SAMESITE_LAX,
                                   .secure = ms_server_conf_get(r->server)->cookie.secure};

    apr_table_addn(r->err_headers_out, "Set-Cookie",
                   ms_cookie_format(r->pool, &attrs, value, MAX_AGE));
}

int ms_chain_ends_here(request_rec *r)
{
    ms_cookie_found found;

    ms_cookie_find(apr_table_get(r->headers_in, "Cookie"), COOKIE_NAME, &found);
    return found.seen > 0;
}

void ms_chain_end(request_rec *r)
{
    if (ms_chain_ends_here(r)) {
        send_cookie(r, NULL);
    }
}

/* Another module is about to look who the visitor of the sign-in page is; mod_auth_mellon does so
 * in this hook already. */
static int before_access(request_rec *r)
{
    const char *type = ap_auth_type(r);

    if (type && !r->main && !r->prev && ap_cstr_casecmp(type, MS_AUTH_TYPE) != 0 &&
        ms_door_leads_to(r, MS_HANDLER_LOGIN)) {
        apr_table_setn(r->notes, NOTE_ASKED, "1");
    }
    return DECLINED;
}

/* It has answered in the place of our page: with a redirect, or with a page of its own that leads
 * on (mod_auth_openidc: an empty user). */
static void on_answer(request_rec *r)
{
    const int leads_on =
        r->user ? !*r->user && ap_is_HTTP_SUCCESS(r->status) : ap_is_HTTP_REDIRECT(r->status);

    if (leads_on && apr_table_get(r->notes, NOTE_ASKED) &&
        ms_intent_to_sign_in(r) != MS_INTENT_NONE) {
        send_cookie(r, "1");
    }
}

void ms_chain_register_hooks(void)
{
    ap_hook_check_access(before_access, NULL, NULL, APR_HOOK_REALLY_FIRST,
                         AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_insert_filter(on_answer, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_insert_error_filter(on_answer, NULL, NULL, APR_HOOK_FIRST);
}

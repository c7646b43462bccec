/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cookie has no secret in it: an attacker who can set it can also send a visitor through the
 * provider. Its path is that of the sign-in page.
 */
#include "access/provider_chain.h"

#include <string.h>
#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>
#include "access/authn.h"
#include "access/intent.h"
#include "access/own_pages.h"
#include "config/config.h"
#include "session/request.h"

#define COOKIE_NAME "managed_session_chain"
#define NOTE_OTHER  "managed-session-asked" /* another module identifies the visitor */
#define MAX_AGE     900                     /* seconds that a visitor may spend at the provider */

/* The path of the page as requested. A cookie's Path cannot contain ";". */
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

int ms_provider_chain_ends_here(request_rec *r)
{
    ms_cookie_found found;

    ms_cookie_find(apr_table_get(r->headers_in, "Cookie"), COOKIE_NAME, &found);
    return found.seen > 0;
}

void ms_provider_chain_end(request_rec *r)
{
    if (ms_provider_chain_ends_here(r)) {
        send_cookie(r, NULL);
    }
}

/* Another module is about to identify the visitor of the sign-in page; mod_auth_mellon does so in
 * this phase. */
int ms_provider_chain_on_access_checker(request_rec *r)
{
    const char *type;

    if (r->main || r->prev || ms_own_pages_foreign_use(r) != MS_FOREIGN_SIGN_IN) {
        return DECLINED;
    }
    type = ap_auth_type(r);
    if (type && !ms_authn_is_our_type(type)) {
        ms_request_get(r); /* see ms_provider_chain_on_response() */
        apr_table_setn(r->notes, NOTE_OTHER, "1");
    }
    return DECLINED;
}

/* It has answered in the place of our page: with a redirect, or with a page of its own that leads
 * to the provider (mod_auth_openidc: the user is an empty string). */
void ms_provider_chain_on_response(request_rec *r)
{
    int leads_on;

    if (!ms_request_peek(r)) {
        return; /* then it is not noted either */
    }
    leads_on =
        r->user ? !*r->user && ap_is_HTTP_SUCCESS(r->status) : ap_is_HTTP_REDIRECT(r->status);
    if (leads_on && apr_table_get(r->notes, NOTE_OTHER) &&
        ms_intent_to_sign_in(r) != MS_INTENT_NONE) {
        send_cookie(r, "1");
    }
}

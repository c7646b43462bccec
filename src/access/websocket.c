/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The handshake of RFC 6455 is a GET with "Upgrade: websocket" and the Origin of the page.
 */
#include "access/websocket.h"

#include <http_protocol.h>
#include "access/forwarded.h"
#include "access/own_pages.h"

#include "access/script_refusal.h"
#include "config/config.h"
#include "http/limited_log.h"
#include "http/origin.h"

static int is_here_and_cross_origin(request_rec *r)
{
    const char *upgrade = apr_table_get(r->headers_in, "Upgrade");

    return upgrade && ap_find_token(r->pool, upgrade, "websocket") &&
           ms_origin_is_cross(r, ms_config_origins(r));
}

int ms_websocket_is_cross_origin(request_rec *r)
{
    const int is_cross = ms_own_pages_is_check_by_url(r)
                             ? ms_forwarded_is_websocket(r) && ms_forwarded_is_cross_origin(r)
                             : is_here_and_cross_origin(r);

    return is_cross && ms_server_conf_get(r->server)->cookie.same_site != MS_SAMESITE_NONE;
}

int ms_websocket_refuse(request_rec *r, const char *user)
{
    const char *origin = apr_table_get(r->headers_in, "Origin");

    ms_limited_log(r, MS_LOG_FOREIGN_WEBSOCKET, APLOG_WARNING,
                   "MS0022: a page of \"%s\" tried to open a WebSocket to \"%s\" as user "
                   "\"%s\"; if that is an origin of this site, list it in "
                   "ManagedSessionOrigin",
                   origin ? origin : "another site", ms_origin_own(r), user);
    ms_script_refusal_note(r, MS_PROBLEM_CROSS_ORIGIN);
    return HTTP_FORBIDDEN;
}

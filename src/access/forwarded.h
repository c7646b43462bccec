/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forward auth: another server asks with a request of its own, to the handler
 * managed-session-check, whether a client's request may pass. What the client requested is in
 * headers that only servers of ManagedSessionCheckPeers are trusted with.
 */
#ifndef MS_FORWARDED_H
#define MS_FORWARDED_H

#include <httpd.h>
#include "core/web_origin.h"

typedef struct ms_forwarded {
    const char *unclear; /* the header that has no clear meaning; NULL: none. Else nothing below may
                            be used */
    const char *method;  /* never NULL */
    const char *target;  /* path and query as the client sent them, beginning with exactly one "/";
                            NULL: not known */
    const ms_web_origin *origin; /* of the site that the client sees; NULL: not known */
} ms_forwarded;

/**
 * What the client requested of the other server: by X-Forwarded-Method, -Proto, -Host and -Uri, or
 * X-Original-Method, -URI and -URL. If no header has the path, it is what follows the path of the
 * section that has ManagedSessionCheckPeers, as Envoy sends it. Only for requests of the handler
 * managed-session-check that ms_forwarded_check() lets pass.
 * @return in r->pool
 */
ms_forwarded ms_forwarded_read(request_rec *r);

/**
 * Whether the other server may ask, and does so clearly.
 * @return DECLINED: yes; HTTP_FORBIDDEN: no, and the reason is logged
 */
int ms_forwarded_check(request_rec *r);

/** Whether the client's request was a GET or HEAD. */
int ms_forwarded_is_get(const ms_forwarded *forwarded);

/** Whether the client's request opens a WebSocket. Proxies leave "Upgrade" out. */
int ms_forwarded_is_websocket(request_rec *r);

/** As ms_origin_is_cross(), for the site that the client sees. */
int ms_forwarded_is_cross_origin(request_rec *r);

#endif

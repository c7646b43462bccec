/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a request comes from according to its headers: a navigation or a script, a page of this
 * site or of another one (Fetch Metadata, https://www.w3.org/TR/fetch-metadata/; RFC 6454).
 */
#ifndef MS_ORIGIN_H
#define MS_ORIGIN_H

#include <httpd.h>
#include "core/web_origin.h"

/**
 * Whether an origin belongs to this site: one of ManagedSessionOrigin, the host that the request
 * is for (Host, or X-Forwarded-Host from a proxy that mod_remoteip trusts) or, with
 * "UseCanonicalName On", ServerName. Everything that compares origins uses this.
 */
int ms_origin_is_ours(const request_rec *r, const apr_array_header_t *listed,
                      const ms_web_origin *origin);

/** Whether an array of ms_web_origin has it; listed: NULL is an empty one. */
int ms_origin_is_listed(const apr_array_header_t *listed, const ms_web_origin *origin);

/** Whether it is the origin that the request itself is for: as ms_origin_is_ours(), but without
 * ManagedSessionOrigin. */
int ms_origin_is_here(const request_rec *r, const ms_web_origin *origin);

/** The origin that the request is for, as far as it can be known, for log lines. In r->pool. */
const char *ms_origin_own(const request_rec *r);

/** Log that a request was rejected because of its origin, with the headers that decided; at most
 * one line per second. */
void ms_origin_log_refusal(request_rec *r);

/**
 * Whether a browser will show the response as a page: GET or HEAD with Sec-Fetch-Mode navigate
 * or, without that header, with an Accept that names text/html and without X-Requested-With.
 */
int ms_origin_is_navigation(const request_rec *r);

/** The same by those headers alone, for a request whose method is known in another way. */
int ms_origin_has_navigation_headers(const request_rec *r);

/**
 * Whether a state-changing request comes from another site's page: Sec-Fetch-Site is neither
 * same-origin nor none, and Origin not in ManagedSessionOrigin; or, without that header, Origin is
 * none of ours (ms_origin_is_ours()).
 */
int ms_origin_is_cross(const request_rec *r, const apr_array_header_t *listed);

/** Whether the browser declares that a request comes from a page of this host. False if the client
 * sends neither header. */
int ms_origin_is_same(const request_rec *r, const apr_array_header_t *listed);

/** Whether another site embeds or fetches a page of ours, instead of linking to it. */
int ms_origin_is_foreign_embed(const request_rec *r);

#endif

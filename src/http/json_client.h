/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a script or a person reads the response.
 */
#ifndef MS_JSON_CLIENT_H
#define MS_JSON_CLIENT_H

#include <httpd.h>

/** Whether the client prefers JSON, or problem details (RFC 9457), to HTML. */
int ms_json_client_prefers(const request_rec *r);

/** Whether it prefers HTML to JSON, as browsers do for what a window shows. */
int ms_json_client_prefers_html(const request_rec *r);

/** Whether Content-Type declares the request's body as JSON. */
int ms_json_client_sends(const request_rec *r);

/**
 * Whether the response to a request that changes something, and that to a refused one, is for a
 * script: it prefers JSON, or it states no preference and sends JSON or a method that no form has.
 */
int ms_json_client_is(const request_rec *r);

#endif

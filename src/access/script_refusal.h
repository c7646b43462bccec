/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The response of a protected place that this module refuses, if the client is a script: problem
 * details (RFC 9457) in place of httpd's own page. An ErrorDocument of the site takes precedence.
 */
#ifndef MS_SCRIPT_REFUSAL_H
#define MS_SCRIPT_REFUSAL_H

#include <httpd.h>
#include "core/problem.h"

/** Note why the request is refused. A later refusal of the same request replaces it. */
void ms_script_refusal_note(request_rec *r, ms_problem which);

/** The sign-in page for a problem that a sign-in would solve; else NULL, or there is none. It has
 * no way back: only the client knows which page it shows. */
const char *ms_script_refusal_login_url(request_rec *r, ms_problem which);

/** The hook, named for its phase: httpd begins an error page. */
void ms_script_refusal_send(request_rec *r);

/** The head of the response is about to be sent: its type, if it is such a response. */
void ms_script_refusal_set_type(request_rec *r);

#endif

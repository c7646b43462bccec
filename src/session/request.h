/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one request of a client carries through its subrequests and internal redirects: the session
 * that its cookie names, which is looked up once, and what the response must say about it.
 */
#ifndef MS_REQUEST_H
#define MS_REQUEST_H

#include <httpd.h>
#include "config/config.h"
#include "core/problem.h"
#include "core/row.h"
#include "http/request_chain.h"

typedef struct ms_request ms_request;

/* How far the response depends on the session: caches are told so. */
typedef enum { MS_DEPENDS_NOT, MS_DEPENDS_OPTIONALLY, MS_DEPENDS_ENTIRELY } ms_dependence;

/** The state of the client's request. Made at the first call, from the pool of the first request;
 * it keeps the Cookie header of then, so that the header may be changed later. */
ms_request *ms_request_get(request_rec *r);

/** The same; NULL if it has not been made yet. Inline: most requests of a server have none, and the
 * hooks return at once. */
static inline ms_request *ms_request_peek(request_rec *r)
{
    return ap_get_module_config(ms_request_chain_first(r)->request_config, &managed_session_module);
}

/** The Cookie header of r is about to be changed.
 * @param header  its value */
void ms_request_keep_cookie(request_rec *r, const char *header);

/**
 * The session that is in force. The first call of a client's request looks it up; a database error
 * is kept, too.
 * @param row  out: NULL if the client is not signed in. As ms_cached_store_find() returns it
 * @return APR_SUCCESS; else the database could not be queried, and *row is NULL
 */
apr_status_t ms_request_session(request_rec *r, const ms_row **row);

/** The session that r->user comes from; NULL if another module authenticated the user, or if the
 * session could not be looked up. */
const ms_row *ms_request_session_of_user(request_rec *r);

/**
 * This response refuses a protected place to the client: if all that it presented is dead, its
 * cookie may be cleared. Other responses leave a dead cookie alone. It may be the live cookie of
 * another site on another port of this host: cookies are not kept apart by port (RFC 6265, section
 * 8.5).
 */
void ms_request_refused(request_rec *r);

/**
 * The response is about to be sent: decide whether it clears a dead cookie. Set-Cookie cannot
 * depend on the cookie's value, and the browser may have signed in since it sent this request. So
 * only a response that is sent within a second clears it.
 */
void ms_request_settle_cookie(request_rec *r, const ms_request *request);

/* ---- forms ----------------------------------------------------------------------------------- */

/**
 * A token that proves that a form comes from a page made for the session in force.
 * @return in r->pool, another one at each call; NULL if no session is in force
 */
const char *ms_request_form_token(request_rec *r);

/** Whether token is one of this session. token may be NULL. */
int ms_request_form_token_check(request_rec *r, const char *token);

/* ---- fields ---------------------------------------------------------------------------------- */

/** The session in force, if it has been looked up; NULL: there is none, or not yet. */
const ms_row *ms_request_row(const ms_request *request);

/** Whether the session in force is of an app (app_session.h). request may be NULL. */
int ms_request_is_app(const ms_request *request);

/** The status of the look-up; APR_SUCCESS before it. */
apr_status_t ms_request_status(const ms_request *request);

/** How many cookies of the session cookie's name the client sent, of any form. */
int ms_request_cookies(ms_request *request);

/** How many of them have the form of a token; MS_COOKIE_TOKENS_MAX at most. */
int ms_request_tokens(ms_request *request);

/** The value of the Authorization header, Basic or Digest, as the client sent it; or NULL. */
const char *ms_request_credentials(const ms_request *request);
void ms_request_set_credentials(ms_request *request, const char *credentials);

/** The handler phase begins: what the response says from now on is the application's. */
void ms_request_enter_handler(request_rec *r);

/** Whether the client's request was refused before any handler ran, in the place that it is for
 * now. */
int ms_request_is_before_handler(const ms_request *request);

/** Access to another place is about to be checked, after an internal redirect. */
void ms_request_leave_handler(ms_request *request);

/** The seconds of a "Require session-fresh" that this request failed; 0: none. */
apr_int64_t ms_request_stale_after(const ms_request *request);
void ms_request_set_stale_after(ms_request *request, apr_int64_t seconds);

/** Why this module refused a protected place to the client; MS_PROBLEM_NONE: it did not.
 * @param r  of the chain: what a subrequest was refused is not known of the request itself */
ms_problem ms_request_problem(const ms_request *request, const request_rec *r);
void ms_request_set_problem(ms_request *request, const request_rec *r, ms_problem which);

/** Whether the body of r's response is that problem as problem details. */
int ms_request_problem_is_sent(const ms_request *request, const request_rec *r);
void ms_request_problem_send(ms_request *request, const request_rec *r, ms_problem which);

/** How far the response depends on the session, so far. */
ms_dependence ms_request_dependence(const ms_request *request);

/** It depends at least so far. */
void ms_request_depend(ms_request *request, ms_dependence least);

/** The Set-Cookie value of this response; NULL: it sets and clears no session cookie. */
const char *ms_request_set_cookie(const ms_request *request);

/** Whether a session ended with this request, so that the browser must not show its pages again. */
int ms_request_forgets_pages(const ms_request *request);

#endif

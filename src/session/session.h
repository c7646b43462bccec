/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a session: find, begin, end; and the one struct that a client's request carries
 * through subrequests and internal redirects, so that its session is looked up once.
 */
#ifndef MS_SESSION_H
#define MS_SESSION_H

#include <httpd.h>
#include "config/config.h"
#include "mod_managed_session.h"
#include "db/cached_store.h"

#define MS_METHOD_MAX 32 /* characters of a row's auth_method */

/* How far a response depends on who asked: what caches are told follows from it. */
typedef enum { MS_DEPENDS_NOT, MS_DEPENDS_OPTIONALLY, MS_DEPENDS_ENTIRELY } ms_dependence;

typedef struct ms_request {
    ms_cookie_found cookies; /* as the client sent them, before any was hidden from a backend */
    const char *credentials; /* Basic or Digest, as the client sent them; NULL: none */
    int resolved;
    apr_status_t status; /* of the look-up: not APR_SUCCESS means that nobody knows */
    const ms_row *row;   /* the session in force; NULL: nobody */
    ms_lookup found;     /* how row was found */
    ms_token token;      /* of row */
    const ms_row *live[MS_COOKIE_TOKENS_MAX]; /* all live sessions presented */
    int live_n;
    int touched;
    apr_int64_t stale_after; /* a Require session-fresh that failed: its seconds; else 0 */
    const char *set_cookie;  /* what this response says of our cookie; NULL: nothing */
    int forget_pages;        /* a session has ended here: its pages must not be shown again */
    int may_clear; /* a protected place was refused to it: see ms_session_settle_cookie() */
    ms_dependence depends;
} ms_request;

/** The state of the client's request; made on first use, in the pool of the first request. */
ms_request *ms_request_get(request_rec *r);

/** The same, or NULL if nothing has made it yet. */
ms_request *ms_request_peek(request_rec *r);

/**
 * Who is signed in. Asks the database at the first call of a client's request only.
 * @param row  NULL: nobody
 * @return APR_SUCCESS, or the database could not be asked
 */
apr_status_t ms_session_current(request_rec *r, const ms_row **row);

/**
 * Sign in: a new session, its cookie on this response; those that the client presented are ended.
 * @param user      whom authentication let in; ManagedSessionUserName may give the session another
 *                  name
 * @param remember  whether the user asked to be remembered; ManagedSessionRemember may know better
 * @param shown_form  the value that ms_shown_form_value() gave the submitted form, not checked;
 * NULL: no such form. This sign-in then ends the sessions of earlier submissions
 * @param row       NULL with APR_SUCCESS: a later submission of the same form has signed in
 * @return APR_SUCCESS; APR_EINVAL: not a user's name, or ManagedSessionUserName gives none, which
 * is logged; APR_ENOSPC: she has as many sessions as ManagedSessionLimit allows; else the database
 * could not be asked. APR_EACCES: the browser would drop the cookie (plain_http.h), which is
 * logged. APR_EBUSY: this user has signed in too often within a minute; Retry-After is set. Without
 * APR_SUCCESS the user is not signed in, and a session that was in use goes on.
 */
apr_status_t ms_session_begin(request_rec *r, const char *user, const char *method, int remember,
                              const char *shown_form, const ms_row **row);

/**
 * This response refuses a protected place to the client: if all that it presented is dead, its
 * cookie may be cleared. Elsewhere a dead cookie is left alone, since it may be the live one of
 * another site on another port of this host, whose cookies browsers do not keep apart (RFC 6265,
 * section 8.5).
 */
void ms_session_refused(request_rec *r);

/**
 * The response is about to be sent: decide whether it clears a dead cookie. Set-Cookie cannot be
 * made conditional on the cookie's value, and the browser may have signed in since it sent this
 * request. So only a response that leaves at once clears it.
 */
void ms_session_settle_cookie(request_rec *r);

/** The response has gone out: write that the session was used, where that is due. Never fails. */
void ms_session_touch(request_rec *r);

/**
 * Whether the touch should not wait for the response, which may take as long as a session may be
 * idle (a download, a WebSocket).
 */
int ms_session_is_touch_urgent(request_rec *r);

/**
 * Sign out: end the session in force and clear the cookie. Without a session the cookie alone is
 * cleared, unless this response is late: the browser may have signed in again meanwhile.
 * @return APR_SUCCESS, or the database could not be asked: then nothing has changed
 */
apr_status_t ms_session_end_current(request_rec *r);

/**
 * End one session of the user who is signed in, and clear the cookie where it is the current one.
 * @param ended  0: no such live session of hers
 */
apr_status_t ms_session_revoke(request_rec *r, const char *id, apr_int64_t *ended);

/** End all sessions of the user who is signed in, but for the current one where others_only. */
apr_status_t ms_session_revoke_all(request_rec *r, int others_only, apr_int64_t *ended);

/**
 * A part of the live sessions of the user who is signed in: the current one first, then the last
 * used.
 * @param part  part->first is not looked at
 */
apr_status_t ms_session_list(request_rec *r, const ms_list_part *part, apr_array_header_t **rows);

/** The live session of that id, if it is one of the user who is signed in; *row is NULL if not. */
apr_status_t ms_session_show(request_rec *r, const char *id, const ms_row **row);

/** How many live sessions the user who is signed in has. */
apr_status_t ms_session_count(request_rec *r, apr_int64_t *n);

/*
 * For administrators: sessions of any user of this realm. The caller has seen to it that r->user is
 * one; the events name her, and the session she acts through where that is how she is known.
 */

/** The newest live sessions that are meant, the last one made first; MS_NEWEST_MAX at most. */
apr_status_t ms_session_admin_search(request_rec *r, const ms_search *search,
                                     apr_array_header_t **rows);

/** The live session of that id; *row is NULL where there is none. */
apr_status_t ms_session_admin_find(request_rec *r, const char *id, const ms_row **row);

/** How many live sessions a user has or, if that is NULL, an address; with neither: the realm. */
apr_status_t ms_session_admin_count(request_rec *r, const char *user, const char *ip,
                                    apr_int64_t *n);

/** End one session. ended: 0 where there is no such live one. */
apr_status_t ms_session_admin_end(request_rec *r, const char *id, apr_int64_t *ended);

/** End all sessions of a user. */
apr_status_t ms_session_admin_end_user(request_rec *r, const char *user, apr_int64_t *ended);

/** End all sessions of the realm, the administrator's own too. ended: how many, also on failure. */
apr_status_t ms_session_admin_end_realm(request_rec *r, apr_int64_t *ended);

/** End all sessions that were made, or used last, at an address. */
apr_status_t ms_session_admin_end_ip(request_rec *r, const char *ip, apr_int64_t *ended);

/** The session that the administrator is known by; NULL where another module knows her. */
const ms_row *ms_session_admin_own(request_rec *r);

/** Register the optional functions of mod_managed_session.h. */
void ms_session_register_functions(void);

/** Whether that can be the name of a user here: ms_utf8_is_user_name(), and without blanks around
 * it where a header names the user to applications. */
int ms_session_is_user(request_rec *r, const char *name);

#endif

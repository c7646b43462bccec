/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mod_managed_session for other modules: find out who is signed in, sign a user in, revoke
 * sessions. These are optional functions (apr_optional.h): retrieve them in post_config or later,
 * with the type below. NULL means that mod_managed_session is not loaded, or that the configuration
 * names nothing of it.
 *
 * All functions may be called from any request hook, from post_read_request on, for main requests,
 * internal redirects and subrequests; only on the thread that runs the request. They work where
 * mod_managed_session is configured for the server (any directive of it applies there).
 *
 * What stays compatible, so that a module need not be compiled again:
 *   - fields of managed_session_t are only added, at its end. mod_managed_session allocates the
 *     struct, and its first field says which fields there are: a module reads a field of a later
 *     version only if session->version is at least that version;
 *   - a function keeps its parameters and its meaning. A new one gets a new name
 *     (managed_session_create2), and the old one stays;
 *   - a function may return further apr_status_t errors: handle those not listed like the last.
 */
/* clang-format off */
/*
 * An example, in a request hook:
 *
 *     APR_OPTIONAL_FN_TYPE(managed_session_get) *get_session =
 *         APR_RETRIEVE_OPTIONAL_FN(managed_session_get);
 *     const managed_session_t *session = NULL;
 *
 *     if (get_session && get_session(r, &session) != APR_SUCCESS) {
 *         return HTTP_SERVICE_UNAVAILABLE;
 *     }
 *     if (session) {
 *         ap_log_rerror(APLOG_MARK, APLOG_DEBUG, 0, r, "signed in: %s", session->user);
 *     }
 */
/* clang-format on */
#ifndef MOD_MANAGED_SESSION_H
#define MOD_MANAGED_SESSION_H

#include <httpd.h>
#include <apr_optional.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Goes up by one when a field or a function is added. */
#define MANAGED_SESSION_API_VERSION 1

/** A live session. Strings live as long as the client's request; none is a secret. Times are epoch
 * seconds. */
typedef struct managed_session_t {
    /* since version 1 */
    unsigned int version;    /* MANAGED_SESSION_API_VERSION of the module that is loaded */
    int persistent;          /* 1: the cookie outlives the browser */
    const char *id;          /* 22 characters; public: it may be logged and shown */
    const char *user;        /* UTF-8, 1 to 255 characters, without control characters */
    const char *realm;       /* ManagedSessionRealm */
    const char *auth_method; /* "form", "backend", or the AuthType that authenticated the user */
    apr_int64_t created_at;  /* when the user signed in */
    apr_int64_t expires_at;  /* when the session expires if it is not used before */
} managed_session_t;

/**
 * The session that the client's cookie names. It is looked up once per client request, however
 * often this is called: a session that ends while the request's body arrives is still returned.
 * Caches are told that the response depends on the cookie.
 * @param session  out: NULL if the client is not signed in
 * @return APR_SUCCESS; any other status: the database could not be queried, *session is NULL and
 *         the client may be signed in or not. Respond with 503
 */
APR_DECLARE_OPTIONAL_FN(apr_status_t, managed_session_get,
                        (request_rec * r, const managed_session_t **session));

/**
 * Sign a user in. The session is always a new one; its cookie is set by this response, so call this
 * before the response headers are sent. Live sessions that the client presented are revoked.
 * @param user        the user, whom the caller has authenticated. ManagedSessionUserName may give
 *                    the session another name
 * @param method      how: ASCII; 32 characters are kept as auth_method
 * @param persistent  1: a cookie that outlives the browser, as far as ManagedSessionRemember allows
 * @param session     out: the new session; NULL without APR_SUCCESS
 * @return APR_SUCCESS. Else the user is not signed in, no cookie is set, and a session in force
 *         stays in force:
 *         APR_EINVAL  user cannot be a user's name, or ManagedSessionUserName has no value for it;
 *         APR_EACCES  the browser would drop the Secure cookie, since it uses plain http;
 *         APR_ENOSPC  the user has as many sessions as ManagedSessionLimit allows;
 *         APR_EBUSY   the user has signed in more than 60 times within a minute (unless
 *                     ManagedSessionLoginLimit is 0): respond with 429; Retry-After is set;
 *         any other   the database could not be queried, or the system has no random bytes:
 *                     respond with 503
 */
APR_DECLARE_OPTIONAL_FN(apr_status_t, managed_session_create,
                        (request_rec * r, const char *user, const char *method, int persistent,
                         const managed_session_t **session));

/**
 * Revoke sessions of a user in this server's realm, on all devices. If this client's own session is
 * one of them, the client is signed out and its cookie is cleared.
 * @param id       a session's id; NULL: all sessions of the user
 * @param revoked  out: how many; 0 if there is no such live session
 * @return APR_SUCCESS; any other status: the database could not be queried
 */
APR_DECLARE_OPTIONAL_FN(apr_status_t, managed_session_revoke,
                        (request_rec * r, const char *user, const char *id, apr_int64_t *revoked));

#ifdef __cplusplus
}
#endif

#endif

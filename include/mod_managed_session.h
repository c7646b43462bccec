/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mod_managed_session for other modules: who is signed in, sign somebody in, sign somebody out.
 * These are optional functions: retrieve them with APR_RETRIEVE_OPTIONAL_FN() in post_config or
 * later; NULL means that the module is not loaded.
 *
 *     APR_OPTIONAL_FN_TYPE(managed_session_get) *get =
 * APR_RETRIEVE_OPTIONAL_FN(managed_session_get); const managed_session_t *session; if (get &&
 * get(r, &session) == APR_SUCCESS && session) {
 *         ... session->user is signed in ...
 *     }
 *
 * All may be called from any request hook from post_read_request on, for main requests, internal
 * redirects and subrequests alike; not from another thread than the request's.
 */
#ifndef MOD_MANAGED_SESSION_H
#define MOD_MANAGED_SESSION_H

#include <httpd.h>
#include <apr_optional.h>

/** A live session. Every string lives as long as the client's request; none is a secret. */
typedef struct managed_session_t {
    const char *id;          /* 22 characters; public: it may be logged and shown */
    const char *user;        /* UTF-8, 1 to 255 characters, without control characters */
    const char *realm;       /* ManagedSessionRealm */
    const char *auth_method; /* "form", "backend", or the AuthType that signed her in */
    apr_int64_t created_at;  /* when she signed in; epoch seconds, as all times here */
    apr_int64_t expires_at;  /* when the session ends unless it is used before */
    int persistent;          /* 1: the cookie outlives the browser */
} managed_session_t;

/**
 * The session that the client's cookie names, looked up at most once per client request.
 * @param session  NULL where nobody is signed in
 * @return APR_SUCCESS: *session is the truth.
 *         Anything else: the database could not be asked. Answer 503, and never "signed in".
 */
APR_DECLARE_OPTIONAL_FN(apr_status_t, managed_session_get,
                        (request_rec * r, const managed_session_t **session));

/**
 * Sign a user in: always a new session; the one that the client presented is ended, and the new
 * cookie goes out with this response.
 * @param user        who she is; the caller has authenticated her
 * @param method      at most 32 characters of ASCII, kept as auth_method
 * @param persistent  1 for a cookie that outlives the browser
 * @return APR_SUCCESS; APR_EINVAL where the name cannot be a user's; APR_EACCES where the browser
 *         would drop the Secure cookie, since it came by plain http; APR_EBUSY if the user has
 *         signed in more than 60 times within a minute; else the database could not
 *         be asked: then no cookie is set and nobody is signed in
 */
APR_DECLARE_OPTIONAL_FN(apr_status_t, managed_session_create,
                        (request_rec * r, const char *user, const char *method, int persistent,
                         const managed_session_t **session));

/**
 * End sessions of a user in this server's realm, on whatever device.
 * @param id       one session's id; NULL for all of the user's
 * @param revoked  how many ended; 0 where there was none
 * @return APR_SUCCESS, or the database could not be asked
 */
APR_DECLARE_OPTIONAL_FN(apr_status_t, managed_session_revoke,
                        (request_rec * r, const char *user, const char *id, apr_int64_t *revoked));

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who comes in: the access_checker hook that identifies, the authn hook that challenges, the authz
 * providers, and the environment that applications see.
 */
#ifndef MS_AUTHN_H
#define MS_AUTHN_H

#include <httpd.h>
#include "session/session.h"

/** Register the hooks and authz providers. */
void ms_authn_register_hooks(apr_pool_t *p);

/** The URL of the sign-in page that leads back to this request; NULL where none is configured. */
const char *ms_authn_login_url(request_rec *r);

/**
 * Challenge a visitor without a session.
 * @return the status to answer with: 303 to the sign-in page for a navigation, else 401
 */
int ms_authn_challenge(request_rec *r);

/** The WWW-Authenticate header of a 401 (RFC 9110, 11.6.1). */
void ms_authn_note_challenge(request_rec *r, apr_table_t *headers);

/** Whether this is the page of an error that httpd went on to by itself. There r->user may be the
 * name that some module only tried, since nobody is authenticated anew. */
int ms_authn_is_error_page(const request_rec *r);

/**
 * Whether r->user is here because the configuration lets nobody in without a user: not a user whom
 * an optional session happens to name, and not where "Satisfy Any" opens another way in.
 */
int ms_authn_demands_user(request_rec *r);

/** The response depends on the session at least so much: what caches are told follows from it. */
void ms_authn_depend(request_rec *r, ms_dependence how);

/**
 * Before the handler: mod_dir lets a subrequest's answer take the place of a request's, with its
 * configuration and environment but without its user. Set it where the environment names a session.
 */
void ms_authn_keep_user(request_rec *r);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which user a request has: the session that it presents gives r->user, with AuthType
 * ManagedSession or, if "ManagedSession On", besides other ways to let a request in.
 */
#ifndef MS_AUTHN_H
#define MS_AUTHN_H

#include <httpd.h>
#include "session/request.h"

/** Whether that is our AuthType. NULL is not. */
int ms_authn_is_our_type(const char *auth_type);

/** Make the user of a session the user of this request. */
void ms_authn_set_user(request_rec *r, const ms_row *row);

/** The response depends on the session at least this much: it decides what caches are told. */
void ms_authn_depend(request_rec *r, ms_dependence how);

/* Hooks, named for their phase. */
int ms_authn_on_access_checker(request_rec *r);
int ms_authn_on_check_authn(request_rec *r);

#endif

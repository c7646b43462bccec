/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The environment variables MANAGED_SESSION_*, by which applications and expressions see the
 * session that gives the request its user.
 */
#ifndef MS_ENVIRONMENT_H
#define MS_ENVIRONMENT_H

#include <httpd.h>

/**
 * Before the handler: mod_dir puts a subrequest in the place of a request, with its configuration
 * and environment but without its user. Set the user again if the environment names a session.
 */
void ms_environment_restore_user(request_rec *r);

/** In the fixups phase: set the variables, if the session gives the request its user. */
void ms_environment_set(request_rec *r);

#endif

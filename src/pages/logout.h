/* SPDX-License-Identifier: Apache-2.0 */
/*
 * managed-session-logout: GET shows a button, POST and DELETE end the session.
 */
#ifndef MS_LOGOUT_H
#define MS_LOGOUT_H

#include <httpd.h>

/* See router.c. */
int ms_logout_get(request_rec *r);
int ms_logout_post(request_rec *r);
int ms_logout_delete(request_rec *r);

/**
 * Where a window goes when its session was ended on another page than this one:
 * ManagedSessionLandingURL, or the page that says so.
 * @param everywhere  all sessions of the user were ended
 * @return in r->pool; NULL: there is no such page, or it is not known where
 */
const char *ms_logout_way_out(request_rec *r, int everywhere);

#endif

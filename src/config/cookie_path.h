/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our own pages must lie below the cookie's path. Browsers do not send the cookie anywhere else, so
 * a sign-out page there would end no session, and answer as if it had.
 */
#ifndef MS_COOKIE_PATH_H
#define MS_COOKIE_PATH_H

#include <httpd.h>

/**
 * Check the SetHandler locations and the URL directives of a server, as far as their paths are
 * known: patterns, <Directory>, <If> and .htaccess files are not looked at.
 * @return NULL if all is well, else a sentence that says what to write instead, allocated from p
 */
const char *ms_cookie_path_check(apr_pool_t *p, const server_rec *s, const char *cookie_path);

/** Whether browsers send a cookie of that path to a URL path (RFC 6265, section 5.1.4). */
int ms_cookie_path_covers(const char *cookie_path, const char *path);

#endif

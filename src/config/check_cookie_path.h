/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our own pages must lie below the cookie's path. Browsers send the cookie to no other path, so a
 * sign-out page there would report success and end no session.
 */
#ifndef MS_CHECK_COOKIE_PATH_H
#define MS_CHECK_COOKIE_PATH_H

#include <httpd.h>

/**
 * Check the SetHandler locations and the URL directives of a server, as far as their paths are
 * known: patterns, <Directory>, <If> and .htaccess files are not looked at.
 * @return NULL if all is well, else a sentence that says what to write instead, allocated from p
 */
const char *ms_check_cookie_path(apr_pool_t *p, const server_rec *s, const char *cookie_path);

#endif

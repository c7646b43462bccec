/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the configuration opens a page that is closed by default. The Require lines of a whole
 * site, "Require all granted" say, were not written for such a page: only one in the section that
 * names its handler, or in a section around that, was.
 */
#ifndef MS_OWN_REQUIRE_H
#define MS_OWN_REQUIRE_H

#include <httpd.h>

/**
 * Whether each section of the server's configuration that gives this request that handler has a
 * Require line, and there is such a section. Directives of .htaccess files are not looked at.
 */
int ms_own_require_is_set(request_rec *r, const char *handler);

#endif

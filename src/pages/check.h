/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forward auth: 200 to another server if the client whose request it passes on is signed in and
 * may enter (access/forwarded.h, docs/forward-auth.md).
 */
#ifndef MS_PAGES_CHECK_H
#define MS_PAGES_CHECK_H

#include <httpd.h>

/** The handler, for each method. No body of the request is read. */
int ms_check_any(request_rec *r);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an application may say about the session that it begins: "Managed-Session-Remember: 1",
 * "Managed-Session-Expires-In: 3600", "Managed-Session-Label: Oslo" and "Managed-Session-Name:
 * Kitchen tablet", beside Managed-Session-User. docs/api.md describes them.
 */
#ifndef MS_SIGN_IN_WISH_H
#define MS_SIGN_IN_WISH_H

#include <httpd.h>
#include "session/sign_in.h"

/** Remove these headers from the response and read them. One that has no meaning is logged and
 * ignored. @return the first one's name; NULL: there was none */
const char *ms_sign_in_wish_take(request_rec *r, ms_sign_in_wish *wish);

/** Whether a name is that of one of these headers, in any case. len: of the name */
int ms_sign_in_wish_is_header(const char *name, apr_size_t len);

#endif

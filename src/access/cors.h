/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cross-origin resource sharing (Fetch Standard, section 3.2) for the pages that scripts use: the
 * origins that ManagedSessionOrigin lists may use them with the user's cookie, and no other.
 */
#ifndef MS_CORS_H
#define MS_CORS_H

#include <httpd.h>

/** The Origin header, if it is listed and the page that this request is for is open to such; NULL:
 * no such request. */
const char *ms_cors_origin(request_rec *r);

/**
 * The hook, named for its phase: before anything may refuse the request, so that the script can
 * read the refusal, and a preflight, which has no cookie, is not refused for that.
 * @return DECLINED; 204 for a preflight
 */
int ms_cors_on_translate_name(request_rec *r);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The browser's Back button after a session has ended: browsers keep whole pages outside their
 * cache (the back-forward cache), and show them again without a request.
 */
#ifndef MS_BACK_BUTTON_H
#define MS_BACK_BUTTON_H

#include <httpd.h>

/** Add headers to this response that make the browser forget the pages of this site. */
void ms_back_button_forget(request_rec *r);

/**
 * The Cache-Control of a page for one user.
 * @param value  without regard to the Back button
 * @return value, or value with no-store added; in r->pool
 */
const char *ms_back_button_cache_control(request_rec *r, const char *value);

#endif

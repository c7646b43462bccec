/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the browser's Back button shows after a session has ended: browsers keep pages whole, beside
 * their cache (the back-forward cache), and show them again without a request.
 */
#ifndef MS_BACK_BUTTON_H
#define MS_BACK_BUTTON_H

#include <httpd.h>

/** Add to this response what makes the browser forget the pages that it keeps of this site. */
void ms_back_button_forget(request_rec *r);

/**
 * What Cache-Control says of a page for one user.
 * @param said what it would say otherwise
 * @return said, or said with no-store added; from r->pool
 */
const char *ms_back_button_cache_control(request_rec *r, const char *said);

#endif

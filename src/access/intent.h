/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the visitor wants to sign in. With another AuthType the browser may send credentials by
 * itself (a password, a certificate, a ticket), and any site's page can cause that: by an image, a
 * frame, a link, or a speculative load of what may be opened next.
 */
#ifndef MS_INTENT_H
#define MS_INTENT_H

#include <httpd.h>

typedef enum {
    MS_INTENT_NONE,    /* speculative, or not the page of a window */
    MS_INTENT_UNKNOWN, /* another site may have led here: let the visitor confirm */
    MS_INTENT_OWN      /* typed, or from a page of this site */
} ms_intent;

/**
 * The intent behind a GET, by Sec-Fetch-* and Sec-Purpose (Fetch Metadata; Fetch, section 2.2.7)
 * or, if the browser does not send them (over plain http, no browser does), by Accept and Referer.
 * A client without Accept is not a browser.
 */
ms_intent ms_intent_to_sign_in(request_rec *r);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether it is the visitor who wants to sign in. With another AuthType the browser may send what
 * makes a user by itself (a password, a certificate, a ticket), at the wish of any page: an image,
 * a frame, a link, a guess of what will be opened next.
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
 * What a GET says of that: Sec-Fetch-* and Sec-Purpose (Fetch Metadata; Fetch, section 2.2.7) or,
 * from browsers that do not send them (over plain http, none does), Accept and Referer. A client
 * without Accept is no browser.
 */
ms_intent ms_intent_to_sign_in(request_rec *r);

#endif

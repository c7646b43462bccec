/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Headers that no page can set for the requests it causes; a missing one says nothing by itself.
 */
#include "access/intent.h"

#include <string.h>
#include <http_protocol.h>
#include "http/origin.h"

static const char *header(const request_rec *r, const char *name)
{
    return apr_table_get(r->headers_in, name);
}

/* The browser, or something between, loads what may be opened next. */
static int is_speculative(const request_rec *r)
{
    static const char *const names[] = {"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"},
                             *const words[] = {"prefetch", "prerender", "preview"};

    for (apr_size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *value = header(r, names[i]);

        for (apr_size_t j = 0; value && j < sizeof(words) / sizeof(words[0]); j++) {
            if (ap_strcasestr(value, words[j])) {
                return 1;
            }
        }
    }
    return 0;
}

/* Whether the answer becomes the page of a window, not a frame, image or script's data. */
static int is_page_of_window(const request_rec *r)
{
    const char *mode = header(r, "Sec-Fetch-Mode"), *dest = header(r, "Sec-Fetch-Dest"),
               *accept = header(r, "Accept");

    if (r->main || header(r, "X-Requested-With")) {
        return 0;
    }
    if (mode || dest) {
        return (!mode || strcmp(mode, "navigate") == 0) && (!dest || strcmp(dest, "document") == 0);
    }
    return !accept || ap_strcasestr(accept, "text/html") != NULL;
}

static int is_referred_by(const request_rec *r,
                          int (*is)(const request_rec *r, const ms_web_origin *origin))
{
    const char *referer = header(r, "Referer"), *rest;
    ms_web_origin origin;

    return referer && ms_web_origin_of_url(r->pool, referer, &origin, &rest) && is(r, &origin);
}

/* A page can hide that it is the referrer, but cannot be another. Over https a browser without
 * Sec-Fetch-Site is a very old one; over plain http it is any. */
static int is_from_this_site(const request_rec *r)
{
    const char *site = header(r, "Sec-Fetch-Site");

    if (site) {
        return strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0 ||
               is_referred_by(r, ms_origin_is_listed);
    }
    if (header(r, "Referer") || header(r, "Origin")) {
        return is_referred_by(r, ms_origin_is_ours);
    }
    return !header(r, "Accept") || strcmp(ap_http_scheme(r), "https") == 0;
}

ms_intent ms_intent_to_sign_in(request_rec *r)
{
    if (is_speculative(r) || !is_page_of_window(r)) {
        return MS_INTENT_NONE;
    }
    return is_from_this_site(r) ? MS_INTENT_OWN : MS_INTENT_UNKNOWN;
}

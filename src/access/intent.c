/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Only headers that no page can set for the requests it causes. That one is missing means nothing
 * by itself.
 */
#include "access/intent.h"

#include <string.h>
#include <http_protocol.h>
#include "config/config.h"
#include "http/origin.h"

static const char *header(const request_rec *r, const char *name)
{
    return apr_table_get(r->headers_in, name);
}

/* The browser, or a proxy, loads what may be opened next. */
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

/* Whether the response becomes the page of a window, not of a frame, an image or a script's data.
 */
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

static int has_referrer(const request_rec *r, ms_web_origin *origin)
{
    const char *referer = header(r, "Referer"), *rest;

    return referer && ms_web_origin_of_url(r->pool, referer, origin, &rest);
}

/* A page can hide its Referer, but cannot fake another one. Over https a browser without
 * Sec-Fetch-Site is very old; over plain http no browser sends it. */
static int is_from_this_site(const request_rec *r)
{
    const char *site = header(r, "Sec-Fetch-Site");
    const apr_array_header_t *listed = ms_config_origins(r);
    ms_web_origin referrer;

    if (site) {
        return strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0 ||
               (has_referrer(r, &referrer) && ms_origin_is_listed(listed, &referrer));
    }
    if (header(r, "Referer") || header(r, "Origin")) {
        return has_referrer(r, &referrer) && ms_origin_is_ours(r, listed, &referrer);
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

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apr_uri_parse() accepts nearly every text. So the characters, and the origin of a whole URL, are
 * checked here.
 */
#include "config/url.h"

#include <string.h>
#include <apr_strings.h>
#include <apr_uri.h>

const ms_url ms_url_none = {NULL, NULL, NULL};

static int has_safe_characters(const char *text)
{
    for (; *text; text++) {
        if (*text <= ' ' || *text >= 0x7f || strchr("\"<>\\", *text)) {
            return 0;
        }
    }
    return 1;
}

const ms_url *ms_url_parse(apr_pool_t *p, const char *text)
{
    ms_url *url = apr_pcalloc(p, sizeof(*url));
    ms_web_origin *origin = apr_pcalloc(p, sizeof(*origin));
    apr_uri_t parts;
    const char *rest;

    if (!has_safe_characters(text) || apr_uri_parse(p, text, &parts) != APR_SUCCESS) {
        return NULL;
    }
    if (ms_web_origin_of_url(p, text, origin, &rest)) {
        url->origin = origin;
    }
    else if (text[0] != '/' || text[1] == '/') {
        return NULL;
    }
    url->text = text;
    url->path = parts.path;
    return url;
}

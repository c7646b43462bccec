/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Read from httpd's configuration tree when a password has been made, which is seldom.
 */
#include "config/app_places.h"

#include <string.h>
#include "config/config.h"
#include "config/tree.h"

static int names_provider(apr_pool_t *p, const ap_directive_t *at)
{
    const char *word;

    for (int i = 0; (word = ms_tree_word(p, at, i)) != NULL; i++) {
        if (strcmp(word, MS_AUTHN_PROVIDER) == 0) {
            return 1;
        }
    }
    return 0;
}

apr_array_header_t *ms_app_places(request_rec *r)
{
    apr_array_header_t *paths = apr_array_make(r->pool, 2, sizeof(const char *));

    for (const ap_directive_t *at = ap_conftree; at; at = ms_tree_next(at)) {
        const ap_directive_t *host = ms_tree_host_around(at);
        const char *path;

        if (!ms_tree_is(at, "AuthBasicProvider") || !names_provider(r->pool, at) ||
            (host && host != ms_tree_host_of(r->server))) {
            continue;
        }
        path = ms_tree_path(r->pool, at);
        if (path) {
            APR_ARRAY_PUSH(paths, const char *) = path;
        }
    }
    return paths;
}

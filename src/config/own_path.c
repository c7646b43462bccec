/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the tree of the configuration at each call, as own_require.c does.
 */
#include "config/own_path.h"

#include <string.h>
#include <apr_strings.h>
#include "config/check_context.h"
#include "config/tree.h"

const char *ms_own_path(request_rec *r, const char *handler)
{
    const ms_check c = {r->pool, r->server};
    const char *longest = NULL;

    for (const ap_directive_t *at = ap_conftree; at; at = ms_tree_next(at)) {
        const char *path;

        if (!ms_check_is_handler(&c, at, handler) || !ms_check_is_for_request(&c, r, at)) {
            continue;
        }
        path = ms_tree_path(r->pool, at);
        if (path && ms_tree_is_below(r->uri, path) &&
            (!longest || strlen(path) > strlen(longest))) {
            longest = path;
        }
    }
    return longest;
}

const char *ms_own_path_elsewhere(request_rec *r, const char *handler)
{
    const ms_check c = {r->pool, r->server};

    for (const ap_directive_t *at = ap_conftree; at; at = ms_tree_next(at)) {
        const ap_directive_t *host = ms_tree_host_around(at);
        const char *path = NULL;

        if (ms_check_is_handler(&c, at, handler) && (!host || host == ms_tree_host_of(r->server))) {
            path = ms_tree_path(r->pool, at);
        }
        if (path) {
            return path;
        }
    }
    return NULL;
}

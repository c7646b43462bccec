/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mod_authz_core does not export what it has read, so the lines are looked for in the tree that
 * httpd keeps of its configuration. It is read at each request: such pages are requested by
 * machines, every few seconds.
 */
#include "config/own_require.h"

#include "config/check_context.h"
#include "config/tree.h"

/* Also within <RequireAny> and the like. */
static int has_require(const ap_directive_t *at)
{
    for (; at; at = at->next) {
        if (ms_tree_is(at, "Require") ||
            (strncasecmp(at->directive, "<Require", 8) == 0 && has_require(at->first_child))) {
            return 1;
        }
    }
    return 0;
}

static int is_section_of_places(const ap_directive_t *at)
{
    return at && !ms_tree_is(at, "<VirtualHost");
}

static int is_opened(const ap_directive_t *at)
{
    for (at = at->parent; is_section_of_places(at); at = at->parent) {
        if (has_require(at->first_child)) {
            return 1;
        }
    }
    return 0;
}

int ms_own_require_is_set(request_rec *r, const char *handler)
{
    const ms_check c = {r->pool, r->server};
    int found = 0;

    for (const ap_directive_t *at = ap_conftree; at; at = ms_tree_next(at)) {
        if (!ms_check_is_handler(&c, at, handler) || !ms_check_is_for_request(&c, r, at)) {
            continue;
        }
        if (!is_opened(at)) {
            return 0;
        }
        found = 1;
    }
    return found;
}

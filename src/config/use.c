/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many directives can name a handler, an AuthType or a Require line of this module. So all of them
 * are searched for such a name, in any place. A name that only looks like ours does no harm.
 */
#include "config/use.h"

#include "config/check_context.h"
#include "config/tree.h"

/* Directives and the AuthType; handlers and providers; Require session-fresh and others. A new name
 * must have one of these in it. */
static const char *const names[] = {"ManagedSession", "managed-session", "session-", NULL};

static int has_name(const char *text)
{
    const char *const *name = names;

    while (*name && !ap_strcasestr(text, *name)) {
        name++;
    }
    return *name != NULL;
}

int ms_use_is_possible(apr_pool_t *p)
{
    const ms_check c = {p, NULL};

    for (const ap_directive_t *at = ap_conftree; at; at = ms_tree_next(at)) {
        if (has_name(at->directive) || has_name(at->args) ||
            ms_check_allows_htaccess(&c, at, NULL)) {
            return 1;
        }
    }
    return 0;
}

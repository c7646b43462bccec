/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the tree that httpd keeps of its configuration (tree.h).
 */
#include "config/check_context.h"

#include <string.h>
#include <apr_strings.h>
#include "config/config.h"
#include "config/tree.h"

ms_place ms_check_place_of(const ms_check *c, const ap_directive_t *at)
{
    const ms_place found = {ms_tree_host_around(at), ms_tree_path(c->p, at)};

    return found;
}

int ms_check_has_word(const ms_check *c, const ap_directive_t *at, int n, const char *word)
{
    const char *found = ms_tree_word(c->p, at, n);

    return found && ap_cstr_casecmp(found, word) == 0;
}

const char *ms_check_where(const ms_check *c, const ap_directive_t *at)
{
    return apr_psprintf(c->p, "%s:%d", at->filename, at->line_num);
}

int ms_check_exists(const ms_check *c, const ms_place *where, ms_check_fn *test)
{
    for (const ap_directive_t *at = ap_conftree; at; at = ms_tree_next(at)) {
        if (test(c, at, where)) {
            return 1;
        }
    }
    return 0;
}

int ms_check_applies(const ms_check *c, const ap_directive_t *at, const ms_place *where)
{
    return ms_tree_may_apply(c->p, at, where->host, where->path);
}

int ms_check_touches(const ms_check *c, const ap_directive_t *at, const ms_place *where)
{
    return ms_tree_may_touch(c->p, at, where->host, where->path);
}

int ms_check_is_our_auth_type(const ms_check *c, const ap_directive_t *at)
{
    return ms_tree_is(at, "AuthType") && ms_check_has_word(c, at, 0, MS_AUTH_TYPE);
}

int ms_check_is_for_request(const ms_check *c, const request_rec *r, const ap_directive_t *at)
{
    const ap_directive_t *host = ms_tree_host_around(at), *of_server = ms_tree_host_of(r->server);

    return (!host || host == of_server) && ms_tree_may_apply(c->p, at, of_server, r->uri);
}

int ms_check_is_handler(const ms_check *c, const ap_directive_t *at, const char *handler)
{
    return ms_tree_is(at, "SetHandler") && ms_check_has_word(c, at, 0, handler);
}

int ms_check_allows_htaccess(const ms_check *c, const ap_directive_t *at, const ms_place *where)
{
    const int is_one = ms_tree_is(at, "AllowOverride") || ms_tree_is(at, "AllowOverrideList");
    const int n = is_one ? ms_tree_words(c->p, at)->nelts : 0;

    (void)where;
    return n > 0 && !ms_check_has_word(c, at, n - 1, "None"); /* it undoes what stands before it */
}

int ms_check_is_in_location(const ap_directive_t *at)
{
    for (at = at->parent; at; at = at->parent) {
        if (strncasecmp(at->directive, "<Location", 9) == 0) {
            return 1;
        }
    }
    return 0;
}

int ms_check_begins_with_any(const char *name, const char *const *beginnings)
{
    for (; *beginnings; beginnings++) {
        if (strncasecmp(name, *beginnings, strlen(*beginnings)) == 0) {
            return 1;
        }
    }
    return 0;
}

int ms_check_is_own_page(const ms_check *c, const ap_directive_t *section)
{
    for (const ap_directive_t *at = section ? section->first_child : NULL; at; at = at->next) {
        if (ms_check_is_handler(c, at, MS_HANDLER_LOGIN) ||
            ms_check_is_handler(c, at, MS_HANDLER_LOGOUT)) {
            return 1;
        }
    }
    return 0;
}

int ms_check_uses_sessions(const ms_check *c, const ap_directive_t *at, const ms_place *where)
{
    const int is_one = ms_check_is_our_auth_type(c, at) ||
                       ms_check_is_handler(c, at, MS_HANDLER_LOGIN) ||
                       ms_check_is_handler(c, at, MS_HANDLER_LIST) ||
                       ms_check_is_handler(c, at, MS_HANDLER_CHECK) ||
                       (ms_tree_is(at, "ManagedSession") && ms_check_has_word(c, at, 0, "On"));

    return is_one && ms_check_applies(c, at, where);
}

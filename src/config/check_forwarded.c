/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forward auth: the servers that may query the handler, and rules that depend on the path of the
 * query, if the other server passes the client's path on.
 */
#include "config/check_forwarded.h"

#include <string.h>
#include <http_log.h>
#include "config/config.h"
#include "config/tree.h"

APLOG_USE_MODULE(managed_session);

static int is_peers(const ms_check *c, const ap_directive_t *at, const ms_place *where)
{
    return ms_tree_is(at, "ManagedSessionCheckPeers") && ms_check_applies(c, at, where);
}

static void check_peers(const ms_check *c, const ap_directive_t *at)
{
    const ms_place here = ms_check_place_of(c, at);

    if (!ms_check_exists(c, &here, is_peers)) {
        ap_log_error(APLOG_MARK, APLOG_WARNING | APLOG_STARTUP, 0, c->main_server,
                     "MS0264: SetHandler " MS_HANDLER_CHECK " at %s without "
                     "ManagedSessionCheckPeers: it returns 403 to every server; list the addresses "
                     "that your proxy connects from, for example 127.0.0.1",
                     ms_check_where(c, at));
    }
}

/* The SetHandler of the <Location> that is nearest to a place. */
static const ap_directive_t *handler_of(const ms_check *c, const ms_place *where)
{
    const ap_directive_t *found = NULL;
    apr_size_t longest = 0;

    for (const ap_directive_t *at = ap_conftree; at; at = ms_tree_next(at)) {
        const char *path = ms_tree_is(at, "SetHandler") && ms_check_applies(c, at, where)
                               ? ms_tree_path(c->p, at)
                               : NULL;

        if (path && strlen(path) >= longest) {
            found = at;
            longest = strlen(path);
        }
    }
    return found;
}

/* A place with a SetHandler of its own is meant to be queried by that path. */
static int has_handler_from_above(const ms_check *c, const ms_place *where)
{
    const ap_directive_t *handler = handler_of(c, where);
    const char *rest;

    if (!handler || !ms_check_is_handler(c, handler, MS_HANDLER_CHECK)) {
        return 0;
    }
    rest = where->path + strlen(ms_tree_path(c->p, handler));
    return *rest && strcmp(rest, "/") != 0;
}

static int has_require(const ap_directive_t *at)
{
    for (; at; at = at->next) {
        if (ms_tree_is(at, "Require") || has_require(at->first_child)) {
            return 1;
        }
    }
    return 0;
}

/* With "%2F" or ";" in it, a path is not in the <Location>, and the application may decode it all
 * the same. */
static void check_below(const ms_check *c, const ap_directive_t *section)
{
    const ms_place here = {ms_tree_host_around(section),
                           section->first_child ? ms_tree_path(c->p, section->first_child) : NULL};

    if (here.path && has_require(section->first_child) && has_handler_from_above(c, &here)) {
        ap_log_error(
            APLOG_MARK, APLOG_WARNING | APLOG_STARTUP, 0, c->main_server,
            "MS0275: <Location \"%s\"> at %s has Require lines of its own below "
            "SetHandler " MS_HANDLER_CHECK ": if the client's path is part of the query, %%2F or ; "
            "in it can avoid these lines; let the other server decide by path, and give it a "
            "<Location> for each set of rules, not one below another",
            here.path, ms_check_where(c, section));
    }
}

void ms_check_forwarded(const ms_check *c)
{
    for (const ap_directive_t *at = ap_conftree; at; at = ms_tree_next(at)) {
        if (ms_check_is_handler(c, at, MS_HANDLER_CHECK)) {
            check_peers(c, at);
        }
        if (ms_tree_is(at, "<Location")) {
            check_below(c, at);
        }
    }
}

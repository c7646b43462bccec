/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forward auth: the servers that may query the handler.
 */
#include "config/check_forwarded.h"

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

void ms_check_forwarded(const ms_check *c)
{
    for (const ap_directive_t *at = ap_conftree; at; at = ms_tree_next(at)) {
        if (ms_check_is_handler(c, at, MS_HANDLER_CHECK)) {
            check_peers(c, at);
        }
    }
}

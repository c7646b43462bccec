/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <apr_strings.h>
#include "core/clock.h"
#include "core/device.h"
#include "core/token.h"
#include "ctl/commands.h"
#include "ctl/rows.h"
#include "ctl/session_text.h"
#include "ctl/terminal.h"
#include "ctl/words.h"

static void line(apr_pool_t *p, const char *name, const char *value)
{
    if (value && *value) {
        printf("%s%*s%s\n", ms_terminal_bold(p, name), 14 - (int)strlen(name), "",
               ms_words_clean(p, value));
    }
}

static void moment(apr_pool_t *p, const char *name, apr_int64_t epoch, apr_int64_t now)
{
    const char *when = ms_words_moment(p, epoch);
    const char *span = ms_words_long_span(p, epoch > now ? epoch - now : now - epoch);

    if (epoch) {
        line(p, name, apr_psprintf(p, epoch > now ? "%s (in %s)" : "%s (%s ago)", when, span));
    }
}

static void print(apr_pool_t *p, const ms_row *row)
{
    const apr_int64_t now = ms_clock_now();
    ms_device device;

    ms_device_name(p, row->user_agent, &device);
    line(p, "id", row->id);
    line(p, "user", row->user);
    line(p, "state", ms_session_text_state(row, now));
    line(p, "name", row->name);
    line(p, "device", device.name);
    line(p, "user agent", row->user_agent);
    line(p, "kind", row->kind == MS_KIND_APP ? "app password" : "browser");
    line(p, "remembered", row->persistent ? "yes" : "no");
    line(p, "method", row->auth_method);
    line(p, "label", row->label);
    line(p, "first ip", row->created_ip);
    line(p, "last ip", row->last_ip);
    moment(p, "begun", row->created_at, now);
    moment(p, "last seen", row->last_seen_at, now);
    moment(p,
           row->ended_at           ? "ended"
           : row->expires_at > now ? "expires"
                                   : "expired",
           ms_session_text_end(row), now);
    line(p, "end reason", row->end_reason);
    line(p, "ended by", row->ended_by);
}

ms_exit ms_command_show(ms_tool *tool)
{
    const ms_db_ctx ctx = ms_tool_ctx(tool, tool->p);
    const char *id;
    const ms_row *row = NULL;

    if (tool->options->words->nelts != 1) {
        ms_tool_complain("show needs the id of a session");
        return MS_EXIT_USAGE;
    }
    id = APR_ARRAY_IDX(tool->options->words, 0, const char *);
    if (ms_token_is_id(id, strlen(id)) && ms_rows_find(&ctx, id, &row) != APR_SUCCESS) {
        return MS_EXIT_DATABASE;
    }
    if (!row) {
        ms_tool_complain("there is no session with this id in the realm");
        return MS_EXIT_NOTHING;
    }
    if (tool->options->json) {
        printf("%s\n",
               ms_session_text_json(tool->p, ms_session_text_model(tool->p, row, ms_clock_now())));
    }
    else {
        print(tool->p, row);
    }
    return MS_EXIT_DONE;
}

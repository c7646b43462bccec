/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <apr_strings.h>
#include "core/clock.h"
#include "core/dbd_params.h"
#include "ctl/commands.h"
#include "ctl/rows.h"
#include "ctl/terminal.h"
#include "ctl/words.h"

#define DAY 86400

typedef struct figures {
    apr_int64_t live, users, rows, day, week;
} figures;

static apr_status_t read_figures(const ms_tool *tool, figures *found)
{
    const ms_db_ctx ctx = ms_tool_ctx(tool, tool->p);
    const apr_int64_t now = ms_clock_now();
    apr_status_t rv = ms_store_count_of_realm(&ctx, now, &found->live);

    if (rv == APR_SUCCESS) {
        rv = ms_rows_count_users(&ctx, now, &found->users);
    }
    if (rv == APR_SUCCESS) {
        rv = ms_rows_count(&ctx, NULL, &found->rows);
    }
    if (rv == APR_SUCCESS) {
        rv = ms_rows_count_since(&ctx, now - DAY, &found->day);
    }
    if (rv == APR_SUCCESS) {
        rv = ms_rows_count_since(&ctx, now - 7 * DAY, &found->week);
    }
    return rv;
}

static void line(apr_pool_t *p, const char *name, const char *value)
{
    printf("%s%*s%s\n", ms_terminal_bold(p, name), 22 - (int)strlen(name), "", value);
}

static void number(apr_pool_t *p, const char *name, apr_int64_t n)
{
    line(p, name, apr_psprintf(p, "%" APR_INT64_T_FMT, n));
}

static void print_json(const ms_tool *tool, const figures *found)
{
    printf("{\"schema\": %d, \"live_sessions\": %" APR_INT64_T_FMT ", \"users\": %" APR_INT64_T_FMT
           ", \"ended_or_expired\": %" APR_INT64_T_FMT ", \"begun_in_24h\": %" APR_INT64_T_FMT
           ", \"begun_in_7d\": %" APR_INT64_T_FMT "}\n",
           tool->schema, found->live, found->users, found->rows - found->live, found->day,
           found->week);
}

static void print(const ms_tool *tool, const figures *found)
{
    const ms_target *target = tool->target;
    apr_pool_t *p = tool->p;

    line(p, "realm", ms_words_clean(p, target->realm));
    line(p, "database",
         apr_pstrcat(p, target->driver, " ",
                     ms_words_clean(p, ms_dbd_params_shown(p, target->driver, target->params)),
                     NULL));
    line(p, "table", apr_psprintf(p, "%s (schema %d)", target->table, tool->schema));
    number(p, "live sessions", found->live);
    number(p, "users with a session", found->users);
    number(p, "ended or expired", found->rows - found->live);
    number(p, "begun in 24 hours", found->day);
    number(p, "begun in 7 days", found->week);
}

ms_exit ms_command_stats(ms_tool *tool)
{
    figures found = {0};

    if (read_figures(tool, &found) != APR_SUCCESS) {
        return MS_EXIT_DATABASE;
    }
    if (tool->options->json) {
        print_json(tool, &found);
    }
    else {
        print(tool, &found);
    }
    return MS_EXIT_DONE;
}

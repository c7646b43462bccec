/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether everything is as it should be, and the upgrade if the table is not. The check tries each
 * right that httpd needs with statements that change no row.
 */
#include <stdio.h>
#include <apr_strings.h>
#include <jansson.h>
#include "core/clock.h"
#include "core/dbd_params.h"
#include "ctl/commands.h"
#include "ctl/link.h"
#include "ctl/main.h"
#include "ctl/rows.h"
#include "ctl/session_text.h"
#include "ctl/terminal.h"
#include "ctl/words.h"

#define NO_SUCH_ID "AAAAAAAAAAAAAAAAAAAAAA"
#define OVERDUE    (2 * 86400) /* seconds after which a dead row shows that no cleanup runs */
#define CLOCKS     60          /* seconds that the clocks of hosts may differ */

/* ---- findings -------------------------------------------------------------------------------- */

typedef struct findings {
    const ms_tool *tool;
    json_t *list; /* NULL: as text */
    int faults;
} findings;

static void found(findings *all, int is_good, const char *sentence)
{
    apr_pool_t *p = all->tool->p;

    all->faults += !is_good;
    if (all->list) {
        json_array_append_new(all->list, json_pack("{s:b, s:s}", "ok", is_good, "text", sentence));
    }
    else {
        printf("%s  %s\n", is_good ? ms_terminal_green(p, "ok   ") : ms_terminal_red(p, "wrong"),
               sentence);
    }
}

static void check_schema(findings *all)
{
    const ms_tool *tool = all->tool;

    found(all, tool->schema == MS_SCHEMA,
          tool->schema == MS_SCHEMA
              ? apr_psprintf(tool->p, "the table %s has the newest schema, %d", tool->target->table,
                             MS_SCHEMA)
              : apr_psprintf(tool->p,
                             "the table %s has schema %d, this version has %d; \"" MS_TOOL
                             " upgrade-schema\" adds the columns",
                             tool->target->table, tool->schema, MS_SCHEMA));
}

/* What is wrong with a statement has been printed by the store. */
static void check_rights(findings *all)
{
    const ms_db_ctx ctx = ms_tool_ctx(all->tool, all->tool->p);
    const ms_row nothing = {.id = NO_SUCH_ID};
    const ms_row *row;
    apr_int64_t n = 0;
    int may_change;

    found(all, ms_store_find(&ctx, NO_SUCH_ID, ms_clock_now(), &row) == APR_SUCCESS,
          "sessions can be looked up");
    may_change = ms_store_touch(&ctx, &nothing, "", NULL, 0, 0, 0, &n) == APR_SUCCESS;
    found(all, may_change, may_change ? "rows can be changed" : "rows cannot be changed (UPDATE)");
    may_change = ms_store_cleanup(&ctx, 0, 1, &n) == APR_SUCCESS;
    found(all, may_change, may_change ? "rows can be deleted" : "rows cannot be deleted (DELETE)");
}

static void check_rows(findings *all)
{
    const ms_tool *tool = all->tool;
    const ms_db_ctx ctx = ms_tool_ctx(tool, tool->p);
    const apr_int64_t now = ms_clock_now();
    apr_int64_t dead = 0, ahead = 0;

    if (ms_rows_count_dead(&ctx, tool->schema, now - OVERDUE, now - tool->target->history - OVERDUE,
                           &dead) == APR_SUCCESS) {
        found(all, dead == 0,
              dead ? apr_psprintf(tool->p,
                                  "%s should have been deleted days ago: load mod_watchdog, see "
                                  "ManagedSessionCleanupInterval, or run \"" MS_TOOL " purge\"",
                                  ms_words_count(tool->p, dead, "row"))
                   : "the cleanup keeps up");
    }
    if (tool->target->realm && ms_rows_count_since(&ctx, now + CLOCKS, &ahead) == APR_SUCCESS) {
        found(all, ahead == 0,
              ahead ? apr_psprintf(tool->p,
                                   "%s began in the future: a host's clock is wrong, or this one's",
                                   ms_words_count(tool->p, ahead, "session"))
                    : "the clocks agree");
    }
}

static void check_target(findings *all, ms_tool *tool, const ms_target *target)
{
    const char *wrong;

    all->tool = tool;
    found(all, 1,
          apr_pstrcat(
              tool->p, target->host ? ms_words_clean(tool->p, target->host) : "options", ": ",
              target->driver, " ",
              ms_words_clean(tool->p, ms_dbd_params_shown(tool->p, target->driver, target->params)),
              ", table ", target->table, ", realm ",
              target->realm ? ms_words_clean(tool->p, target->realm) : "(none)", NULL));
    wrong = ms_main_open(tool, target);
    if (wrong) {
        found(all, 0, wrong);
        return;
    }
    if (tool->schema == 0) {
        found(all, 0, "the database cannot be used: see above");
        return;
    }
    check_schema(all);
    check_rights(all);
    check_rows(all);
    ms_link_close();
}

/* A process can become another user once only. */
static int is_of_other_owner(const ms_target *target, const ms_target *first)
{
    return strcmp(target->driver, first->driver) != 0 ||
           (strcmp(target->driver, "sqlite3") == 0 && strcmp(target->params, first->params) != 0);
}

ms_exit ms_command_check(ms_tool *tool)
{
    findings all = {.tool = tool, .list = tool->options->json ? json_array() : NULL};
    const char *wrong = ms_target_find(tool->p, tool->options, &tool->targets);
    apr_array_header_t *chosen;

    if (wrong) {
        ms_tool_complain(wrong);
        return MS_EXIT_USAGE;
    }
    if (tool->targets.httpd) {
        found(&all, 1,
              apr_pstrcat(tool->p, "the configuration was read with ", tool->targets.httpd, NULL));
    }
    chosen = ms_target_filter(tool->p, tool->options, &tool->targets, 1);
    for (int i = 0; i < chosen->nelts; i++) {
        const ms_target *target = APR_ARRAY_IDX(chosen, i, const ms_target *);

        if (i == 0 || !is_of_other_owner(target, APR_ARRAY_IDX(chosen, 0, const ms_target *))) {
            check_target(&all, tool, target);
        }
        else {
            found(&all, 1,
                  apr_pstrcat(tool->p, "not checked, choose it with --host: ",
                              ms_words_clean(tool->p, target->host), NULL));
        }
    }
    if (chosen->nelts == 0) {
        found(&all, 0, "no virtual host with sessions is the one that you named");
    }
    if (all.list) {
        printf("%s\n", ms_session_text_json(tool->p, json_pack("{s:b, s:o}", "ok", all.faults == 0,
                                                               "checks", all.list)));
    }
    return all.faults ? MS_EXIT_DATABASE : MS_EXIT_DONE;
}

/* ---- upgrade --------------------------------------------------------------------------------- */

ms_exit ms_command_upgrade(ms_tool *tool)
{
    const ms_db_ctx ctx = ms_tool_ctx(tool, tool->p);
    const int before = tool->schema;
    int after = before;

    if (before == MS_SCHEMA) {
        ms_tool_report(
            tool, "schema", before,
            apr_psprintf(tool->p, "The table has the newest schema, %d, already", before));
        return MS_EXIT_DONE;
    }
    if (tool->options->dry_run) {
        ms_tool_report(tool, "schema", before,
                       apr_psprintf(tool->p, "Would upgrade the table from schema %d to %d", before,
                                    MS_SCHEMA));
        return MS_EXIT_DONE;
    }
    if (ms_link_upgrade(&ctx, &after) != APR_SUCCESS || after < MS_SCHEMA) {
        ms_tool_complain("the table has not been upgraded");
        return MS_EXIT_DATABASE;
    }
    ms_tool_report(
        tool, "schema", after,
        apr_psprintf(tool->p, "The table has been upgraded from schema %d to %d", before, after));
    return MS_EXIT_DONE;
}

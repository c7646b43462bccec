/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <unistd.h>
#include <apr_strings.h>
#include "core/clock.h"
#include "ctl/commands.h"
#include "ctl/rows.h"
#include "ctl/session_text.h"
#include "ctl/terminal.h"

typedef struct export
{
    const ms_tool *tool;
    apr_int64_t now;
    apr_int64_t printed;
    int is_csv;
}
export;

static void print_row(export *at, apr_pool_t *p, const ms_row *row)
{
    if (at->is_csv) {
        fputs(ms_session_text_csv(p, row, at->now), stdout);
    }
    else {
        printf("%s\n", ms_session_text_json(p, ms_session_text_model(p, row, at->now)));
    }
    at->printed++;
}

static void print_page(export *at, apr_pool_t *p, const apr_array_header_t *rows)
{
    for (int i = 0; i < rows->nelts; i++) {
        const ms_row *row = APR_ARRAY_IDX(rows, i, const ms_row *);

        if (at->tool->options->ended || (!row->ended_at && row->expires_at > at->now)) {
            print_row(at, p, row);
        }
    }
}

/* The bar would be written between the lines if both go to one terminal. */
static apr_int64_t total_of(const ms_tool *tool)
{
    const ms_db_ctx ctx = ms_tool_ctx(tool, tool->p);
    apr_int64_t n = 0;

    if (!isatty(STDOUT_FILENO) && isatty(STDERR_FILENO)) {
        (void)ms_rows_count(&ctx, tool->options->user, &n);
    }
    return n;
}

static apr_status_t walk_rows(export *at)
{
    const apr_int64_t total = total_of(at->tool);
    ms_progress progress = ms_progress_begin("Exporting", total);
    ms_walk walk = {.user = at->tool->options->user};
    apr_int64_t done = 0;
    apr_array_header_t *rows;
    apr_status_t rv;
    int n;

    do {
        apr_pool_t *page;
        ms_db_ctx ctx;

        apr_pool_create(&page, at->tool->p);
        ctx = ms_tool_ctx(at->tool, page);
        rv = ms_rows_next(&ctx, &walk, &rows);
        n = rv == APR_SUCCESS ? rows->nelts : 0;
        if (n) {
            walk.before_id = apr_pstrdup(at->tool->p, walk.before_id);
            print_page(at, page, rows);
        }
        done += n;
        if (total) {
            ms_progress_show(&progress, done);
        }
        apr_pool_destroy(page);
    } while (n && !ferror(stdout));
    ms_progress_end(&progress);
    return rv;
}

ms_exit ms_command_export(ms_tool *tool)
{
    const char *format = tool->options->format ? tool->options->format : "jsonl";
    export at = {.tool = tool, .now = ms_clock_now(), .is_csv = strcmp(format, "csv") == 0};

    if (!at.is_csv && strcmp(format, "jsonl") != 0) {
        ms_tool_complain("--format takes jsonl or csv");
        return MS_EXIT_USAGE;
    }
    if (at.is_csv) {
        fputs(ms_session_text_csv_head(tool->p), stdout);
    }
    if (walk_rows(&at) != APR_SUCCESS) {
        return MS_EXIT_DATABASE;
    }
    if (at.printed == 0) {
        fputs("There are no such sessions.\n", stderr);
    }
    return at.printed > 0 ? MS_EXIT_DONE : MS_EXIT_NOTHING;
}

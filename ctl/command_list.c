/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of sessions, as a table or as JSON. Rows are read and printed a page at a time, so a list
 * may have any length; the first page decides how wide the columns are.
 */
#include <stdio.h>
#include <apr_strings.h>
#include "core/clock.h"
#include "core/device.h"
#include "ctl/commands.h"
#include "ctl/grid.h"
#include "ctl/rows.h"
#include "ctl/session_text.h"
#include "ctl/terminal.h"
#include "ctl/words.h"

typedef const char *cell_fn(apr_pool_t *p, const ms_row *row, apr_int64_t now);

static const char *id_cell(apr_pool_t *p, const ms_row *row, apr_int64_t now)
{
    (void)now;
    return ms_words_clean(p, row->id);
}

static const char *user_cell(apr_pool_t *p, const ms_row *row, apr_int64_t now)
{
    (void)now;
    return ms_words_clean(p, row->user);
}

static const char *device_cell(apr_pool_t *p, const ms_row *row, apr_int64_t now)
{
    ms_device device;

    (void)now;
    if (row->name && *row->name) {
        return ms_words_clean(p, row->name);
    }
    ms_device_name(p, row->user_agent, &device);
    return ms_words_clean(p, device.name);
}

static const char *ip_cell(apr_pool_t *p, const ms_row *row, apr_int64_t now)
{
    (void)now;
    return ms_words_clean(p, row->last_ip);
}

/* Short, and empty for most: a terminal of 80 columns has room for it. */
static const char *kind_cell(apr_pool_t *p, const ms_row *row, apr_int64_t now)
{
    (void)p, (void)now;
    return row->kind == MS_KIND_APP ? "app" : "";
}

static const char *begun_cell(apr_pool_t *p, const ms_row *row, apr_int64_t now)
{
    return apr_pstrcat(p, ms_words_span(p, now - row->created_at), " ago", NULL);
}

static const char *seen_cell(apr_pool_t *p, const ms_row *row, apr_int64_t now)
{
    return apr_pstrcat(p, ms_words_span(p, now - row->last_seen_at), " ago", NULL);
}

static const char *expires_cell(apr_pool_t *p, const ms_row *row, apr_int64_t now)
{
    return apr_pstrcat(p, "in ", ms_words_span(p, row->expires_at - now), NULL);
}

static const char *end_cell(apr_pool_t *p, const ms_row *row, apr_int64_t now)
{
    return apr_pstrcat(p, ms_words_span(p, now - ms_session_text_end(row)), " ago", NULL);
}

static const char *reason_cell(apr_pool_t *p, const ms_row *row, apr_int64_t now)
{
    (void)now;
    return row->ended_at ? ms_words_clean(p, row->end_reason) : "expired";
}

static const char *by_cell(apr_pool_t *p, const ms_row *row, apr_int64_t now)
{
    (void)now;
    return row->ended_by ? ms_words_clean(p, row->ended_by) : "";
}

/* ---- the two lists --------------------------------------------------------------------------- */

typedef struct list {
    const ms_grid_column *columns;
    cell_fn *const *cells;
    int n;
    int is_history;
} list;

static const ms_grid_column live_columns[] = {
    {"ID", 0, 0},   {"USER", 8, 0},  {"DEVICE", 10, 2},   {"LAST IP", 0, 3},
    {"KIND", 0, 1}, {"BEGUN", 0, 5}, {"LAST SEEN", 0, 4}, {"EXPIRES", 0, 6}};
static cell_fn *const live_cells[] = {id_cell,   user_cell,  device_cell, ip_cell,
                                      kind_cell, begun_cell, seen_cell,   expires_cell};
static const ms_grid_column ended_columns[] = {
    {"ID", 0, 0},    {"USER", 8, 0},  {"DEVICE", 10, 3}, {"LAST IP", 0, 4}, {"KIND", 0, 2},
    {"BEGUN", 0, 6}, {"ENDED", 0, 0}, {"REASON", 0, 1},  {"BY", 6, 5}};
static cell_fn *const ended_cells[] = {id_cell,    user_cell, device_cell, ip_cell, kind_cell,
                                       begun_cell, end_cell,  reason_cell, by_cell};

static const list live_list = {live_columns, live_cells, 8, 0},
                  ended_list = {ended_columns, ended_cells, 9, 1};

/* A list under way. */
typedef struct printing {
    const ms_tool *tool;
    const list *list;
    apr_int64_t now;
    apr_int64_t printed;
    ms_grid *grid; /* NULL: no page has been printed */
} printing;

static void fill(const printing *at, apr_pool_t *p, const ms_row *row, const char **cells)
{
    for (int i = 0; i < at->list->n; i++) {
        cells[i] = at->list->cells[i](p, row, at->now);
    }
}

static void begin_table(printing *at, apr_pool_t *p, const apr_array_header_t *rows)
{
    const char *cells[MS_GRID_COLUMNS_MAX];

    at->grid = ms_grid_create(at->tool->p, at->list->columns, at->list->n, ms_terminal_width());
    for (int i = 0; i < rows->nelts; i++) {
        fill(at, p, APR_ARRAY_IDX(rows, i, const ms_row *), cells);
        ms_grid_measure(at->grid, cells);
    }
    printf("%s\n", ms_terminal_bold(p, ms_grid_head(at->grid, p)));
}

static void print_row(printing *at, apr_pool_t *p, const ms_row *row)
{
    const char *cells[MS_GRID_COLUMNS_MAX];

    if (at->tool->options->json) {
        printf("%s%s", at->printed ? ",\n" : "{\"sessions\": [\n",
               ms_session_text_json(p, ms_session_text_model(p, row, at->now)));
    }
    else {
        fill(at, p, row, cells);
        printf("%s\n", ms_grid_line(at->grid, p, cells));
    }
    at->printed++;
}

static int is_at_limit(const printing *at)
{
    return at->tool->options->limit && at->printed >= at->tool->options->limit;
}

static void print_page(printing *at, apr_pool_t *p, const apr_array_header_t *rows)
{
    if (!at->grid && !at->tool->options->json && rows->nelts > 0) {
        begin_table(at, p, rows);
    }
    for (int i = 0; i < rows->nelts && !is_at_limit(at); i++) {
        print_row(at, p, APR_ARRAY_IDX(rows, i, const ms_row *));
    }
}

static ms_exit finish(const printing *at, apr_status_t rv)
{
    if (at->tool->options->json) {
        fputs(at->printed ? "\n]}\n" : "{\"sessions\": []}\n", stdout);
    }
    if (rv != APR_SUCCESS) {
        return MS_EXIT_DATABASE;
    }
    if (at->printed == 0) {
        if (!at->tool->options->json) {
            fprintf(stderr, "There are no such sessions.\n");
        }
        return MS_EXIT_NOTHING;
    }
    return MS_EXIT_DONE;
}

/* ---- live sessions --------------------------------------------------------------------------- */

static apr_status_t next_live(const printing *at, apr_pool_t *p, ms_search *search,
                              apr_array_header_t **rows)
{
    const ms_db_ctx ctx = ms_tool_ctx(at->tool, p);
    const apr_status_t rv = ms_store_newest(&ctx, search, at->now, rows);

    if (rv == APR_SUCCESS && (*rows)->nelts > 0) {
        const ms_row *last = APR_ARRAY_IDX(*rows, (*rows)->nelts - 1, const ms_row *);

        search->before = last->created_at;
        search->before_id = apr_pstrdup(at->tool->p, last->id);
    }
    return rv;
}

ms_exit ms_command_list(ms_tool *tool)
{
    printing at = {.tool = tool, .list = &live_list, .now = ms_clock_now()};
    ms_search search = {.user = tool->options->user, .ip = tool->options->ip};
    apr_array_header_t *rows;
    apr_status_t rv;
    int n;

    do {
        apr_pool_t *page;

        apr_pool_create(&page, tool->p);
        rv = next_live(&at, page, &search, &rows);
        n = rv == APR_SUCCESS ? rows->nelts : 0;
        if (n) {
            print_page(&at, page, rows);
        }
        apr_pool_destroy(page);
    } while (n && !is_at_limit(&at) && !ferror(stdout));
    return finish(&at, rv);
}

/* ---- history --------------------------------------------------------------------------------- */

static void keep_dead(apr_array_header_t *rows, apr_int64_t now)
{
    int n = 0;

    for (int i = 0; i < rows->nelts; i++) {
        const ms_row *row = APR_ARRAY_IDX(rows, i, const ms_row *);

        if (row->ended_at || row->expires_at <= now) {
            APR_ARRAY_IDX(rows, n++, const ms_row *) = row;
        }
    }
    rows->nelts = n;
}

ms_exit ms_command_history(ms_tool *tool)
{
    printing at = {.tool = tool, .list = &ended_list, .now = ms_clock_now()};
    ms_walk walk = {.user = tool->options->user};
    apr_array_header_t *rows;
    apr_status_t rv;
    int n;

    do {
        apr_pool_t *page;
        ms_db_ctx ctx;

        apr_pool_create(&page, tool->p);
        ctx = ms_tool_ctx(tool, page);
        rv = ms_rows_next(&ctx, &walk, &rows);
        n = rv == APR_SUCCESS ? rows->nelts : 0;
        if (n) {
            walk.before_id = apr_pstrdup(tool->p, walk.before_id);
            keep_dead(rows, at.now);
            print_page(&at, page, rows);
        }
        apr_pool_destroy(page);
    } while (n && !is_at_limit(&at) && !ferror(stdout));
    return finish(&at, rv);
}

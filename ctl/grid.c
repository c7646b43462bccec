/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The widest column that may be cut gives way first, one place at a time, so that short columns
 * stay whole for as long as possible.
 */
#include "ctl/grid.h"

#include <apr_strings.h>
#include "ctl/words.h"

#define GAP 2 /* blanks between columns */

struct ms_grid {
    const ms_grid_column *columns;
    int n;
    int width;
    int widths[MS_GRID_COLUMNS_MAX]; /* of each column; 0: it is left out */
};

ms_grid *ms_grid_create(apr_pool_t *p, const ms_grid_column *columns, int n, int width)
{
    ms_grid *grid = apr_pcalloc(p, sizeof(*grid));

    grid->columns = columns;
    grid->n = n;
    grid->width = width;
    for (int i = 0; i < n; i++) {
        grid->widths[i] = ms_words_width(columns[i].title);
    }
    return grid;
}

void ms_grid_measure(ms_grid *grid, const char *const *cells)
{
    for (int i = 0; i < grid->n; i++) {
        const int width = ms_words_width(cells[i]);

        grid->widths[i] = width > grid->widths[i] ? width : grid->widths[i];
    }
}

static int total(const ms_grid *grid)
{
    int sum = -GAP;

    for (int i = 0; i < grid->n; i++) {
        sum += grid->widths[i] ? grid->widths[i] + GAP : 0;
    }
    return sum;
}

/* The widest of the columns that may still be cut; -1: none. */
static int widest(const ms_grid *grid)
{
    int found = -1;

    for (int i = 0; i < grid->n; i++) {
        const int least = grid->columns[i].least;

        if (least > 0 && grid->widths[i] > least &&
            (found < 0 || grid->widths[i] > grid->widths[found])) {
            found = i;
        }
    }
    return found;
}

static int least_important(const ms_grid *grid)
{
    int found = -1;

    for (int i = 0; i < grid->n; i++) {
        const int rank = grid->columns[i].rank;

        if (grid->widths[i] && rank > 0 && (found < 0 || rank > grid->columns[found].rank)) {
            found = i;
        }
    }
    return found;
}

/* The sum of the widths that no column can be narrower than. */
static int least_total(const ms_grid *grid)
{
    int sum = -GAP;

    for (int i = 0; i < grid->n; i++) {
        const int least = grid->columns[i].least, width = grid->widths[i];

        sum += width ? (least > 0 && least < width ? least : width) + GAP : 0;
    }
    return sum;
}

static void fit(ms_grid *grid)
{
    int column;

    while (least_total(grid) > grid->width && (column = least_important(grid)) >= 0) {
        grid->widths[column] = 0;
    }
    while (total(grid) > grid->width && (column = widest(grid)) >= 0) {
        grid->widths[column]--;
    }
}

/* A cell that is wider than its column, in a later row, moves those behind it. */
const char *ms_grid_line(const ms_grid *grid, apr_pool_t *p, const char *const *cells)
{
    const char *line = "";
    int at = 0, column = 0; /* where the line ends, and where the column begins */

    for (int i = 0; i < grid->n; i++) {
        const char *cell = cells[i];

        if (!grid->widths[i] || !cell) {
            continue;
        }
        cell = grid->width ? ms_words_cut(p, cell, grid->widths[i]) : cell;
        if (*cell) {
            const int from = at && column < at + GAP ? at + GAP : column;

            line = apr_psprintf(p, "%s%*s%s", line, from - at, "", cell);
            at = from + ms_words_width(cell);
        }
        column += grid->widths[i] + GAP;
    }
    return line;
}

const char *ms_grid_head(ms_grid *grid, apr_pool_t *p)
{
    const char *titles[MS_GRID_COLUMNS_MAX] = {NULL};

    for (int i = 0; i < grid->n; i++) {
        titles[i] = grid->columns[i].title;
    }
    if (grid->width) {
        fit(grid);
    }
    return ms_grid_line(grid, p, titles);
}

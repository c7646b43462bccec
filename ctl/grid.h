/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table of text for a terminal: its columns are as wide as its first rows need, and narrower if
 * the terminal is. Knows apr and libunistring only.
 */
#ifndef MS_GRID_H
#define MS_GRID_H

#include <apr_pools.h>

#define MS_GRID_COLUMNS_MAX 12

typedef struct ms_grid_column {
    const char *title;
    int least; /* columns of the terminal that it is not made narrower than; 0: it is never cut */
    int rank;  /* if there is no room, columns with the highest rank are left out first; 0: never */
} ms_grid_column;

typedef struct ms_grid ms_grid;

/**
 * @param columns  n of them, MS_GRID_COLUMNS_MAX at most; they outlive the grid
 * @param width    of the terminal; 0: without limit
 */
ms_grid *ms_grid_create(apr_pool_t *p, const ms_grid_column *columns, int n, int width);

/** Let a row count for the widths. cells: clean text, one for each column. */
void ms_grid_measure(ms_grid *grid, const char *const *cells);

/** The titles as a line, and from now on the widths are settled. */
const char *ms_grid_head(ms_grid *grid, apr_pool_t *p);

/** A row as a line, without line end; after ms_grid_head(). */
const char *ms_grid_line(const ms_grid *grid, apr_pool_t *p, const char *const *cells);

#endif

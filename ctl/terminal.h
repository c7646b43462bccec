/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What depends on whether the tool talks to a person: colours, widths, questions, progress.
 */
#ifndef MS_TERMINAL_H
#define MS_TERMINAL_H

#include <apr_pools.h>

/** Columns of the terminal that standard output is; 0: it is none. */
int ms_terminal_width(void);

/** Text in bold, if standard output is a terminal and NO_COLOR (no-color.org) is not set. */
const char *ms_terminal_bold(apr_pool_t *p, const char *text);

/** Text in red or green, under the same conditions. */
const char *ms_terminal_red(apr_pool_t *p, const char *text);
const char *ms_terminal_green(apr_pool_t *p, const char *text);

/** Whether a question can be put: standard input and standard error are terminals. */
int ms_terminal_can_confirm(void);

/** Put a yes-or-no question, on standard error. Only "y" and "yes" are a yes. */
int ms_terminal_confirm(const char *question);

/* A bar on standard error, if that is a terminal, for work that takes longer than a moment. */
typedef struct ms_progress {
    const char *what;
    apr_int64_t total; /* more than 0 if it is shown */
    apr_time_t started;
    apr_time_t shown; /* 0: not yet */
} ms_progress;

ms_progress ms_progress_begin(const char *what, apr_int64_t total);
void ms_progress_show(ms_progress *progress, apr_int64_t done);

/** Remove the bar. */
void ms_progress_end(const ms_progress *progress);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The escape sequences here are the only ones that the tool prints.
 */
#include "ctl/terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <apr_strings.h>
#include <apr_time.h>

#define USUAL_WIDTH 80
#define BAR         30
#define PATIENCE    apr_time_from_msec(500) /* before a bar is shown */
#define REDRAW      apr_time_from_msec(100)

static int width_of(int fd)
{
    const char *columns = getenv("COLUMNS");
    struct winsize size;

    if (!isatty(fd)) {
        return 0;
    }
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        return size.ws_col;
    }
    return columns && atoi(columns) > 0 ? atoi(columns) : USUAL_WIDTH;
}

int ms_terminal_width(void)
{
    return width_of(STDOUT_FILENO);
}

static const char *in_colour(apr_pool_t *p, const char *code, const char *text)
{
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

    if (!isatty(STDOUT_FILENO) || (no_color && *no_color) || (term && strcmp(term, "dumb") == 0)) {
        return text;
    }
    return apr_pstrcat(p, "\033[", code, "m", text, "\033[0m", NULL);
}

const char *ms_terminal_bold(apr_pool_t *p, const char *text)
{
    return in_colour(p, "1", text);
}

const char *ms_terminal_red(apr_pool_t *p, const char *text)
{
    return in_colour(p, "31", text);
}

const char *ms_terminal_green(apr_pool_t *p, const char *text)
{
    return in_colour(p, "32", text);
}

int ms_terminal_can_confirm(void)
{
    return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

int ms_terminal_confirm(const char *question)
{
    char typed[16];

    fprintf(stderr, "%s [y/N] ", question);
    fflush(stderr);
    if (!fgets(typed, sizeof(typed), stdin)) {
        fputc('\n', stderr);
        return 0;
    }
    typed[strcspn(typed, "\r\n")] = '\0';
    return strcasecmp(typed, "y") == 0 || strcasecmp(typed, "yes") == 0;
}

ms_progress ms_progress_begin(const char *what, apr_int64_t total)
{
    return (ms_progress){.what = what, .total = total, .started = apr_time_now()};
}

static void draw(const ms_progress *progress, apr_int64_t done)
{
    static const char full[] = "##############################",
                      empty[] = "..............................";
    const apr_int64_t part = done < progress->total ? done : progress->total;
    const int n = (int)(part * BAR / progress->total);

    fprintf(stderr, "\r\033[K%s [%.*s%.*s] %d%%", progress->what, n, full, BAR - n, empty,
            (int)(part * 100 / progress->total));
    fflush(stderr);
}

void ms_progress_show(ms_progress *progress, apr_int64_t done)
{
    const apr_time_t now = apr_time_now();

    if (now - progress->started < PATIENCE || now - progress->shown < REDRAW ||
        !isatty(STDERR_FILENO)) {
        return;
    }
    draw(progress, done);
    progress->shown = now;
}

void ms_progress_end(const ms_progress *progress)
{
    if (progress->shown) {
        fputs("\r\033[K", stderr);
    }
}

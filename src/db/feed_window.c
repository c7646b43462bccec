/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mark is taken at one poll, and becomes the window's start at a later one: when the longest
 * write is over since, and (where the database numbers its transactions) all those have ended that
 * had begun to write before the mark.
 */
#include "db/feed_window.h"

#define OVERLAP_S   20   /* a statement is cut after six seconds at most (watchdog.h) */
#define SLACK_S     2    /* between the moment that a write takes as its own, and its begin */
#define TOLERANCE_S 2    /* that clocks may be set back by without notice */
#define GAP_MAX_S   3000 /* rows of ended sessions are kept for an hour at least */

#define MS 1000

static void set_mark(ms_feed_window *window, const ms_feed_clock *clock, apr_int64_t answered)
{
    window->mark = clock->now;
    window->mark_next = clock->next;
    window->mark_at = answered;
}

static void remember(ms_feed_window *window, const ms_feed_clock *clock, apr_int64_t answered)
{
    window->cursor.now = clock->now;
    window->cursor.next = clock->next;
    window->cursor.server = clock->server;
    window->cursor.at = answered;
}

/* Endings of short writes that are in flight now are in the window; others end before it is used.
 */
static void start(ms_feed_window *window, const ms_feed_clock *clock, apr_int64_t answered)
{
    window->cursor.from = clock->now - OVERLAP_S - SLACK_S;
    set_mark(window, clock, answered);
    window->is_unreadable = 0;
    window->is_settling = clock->oldest < clock->next;
    remember(window, clock, answered);
}

/* The steady clock may have run between the end of the last query and the begin of this one: at
 * least so far must the database's have come. */
static int is_back(const ms_feed_cursor *last, const ms_feed_clock *clock, apr_int64_t began)
{
    const apr_int64_t elapsed = (began - last->at) / MS;

    return clock->server != last->server || clock->next < last->next ||
           clock->now < last->now + elapsed - elapsed / 100 - TOLERANCE_S;
}

static int has_passed(const ms_feed_window *window, const ms_feed_clock *clock, apr_int64_t began)
{
    return clock->oldest >= window->mark_next && began - window->mark_at >= OVERLAP_S * MS;
}

static int has_settled(const ms_feed_window *window, const ms_feed_clock *clock, apr_int64_t began)
{
    return window->is_unreadable ? has_passed(window, clock, began)
                                 : clock->oldest >= window->mark_next;
}

ms_feed_turn ms_feed_window_begin(ms_feed_window *window, const ms_feed_clock *clock,
                                  apr_int64_t began, apr_int64_t answered)
{
    const int is_first =
        window->cursor.now == 0 || began - window->cursor.at > (apr_int64_t)GAP_MAX_S * MS;

    if (is_first || is_back(&window->cursor, clock, began)) {
        start(window, clock, answered);
        return is_first ? MS_FEED_START : MS_FEED_BACK;
    }
    remember(window, clock, answered);
    if (window->mark_at == 0) {
        set_mark(window, clock, answered); /* the window of another process */
    }
    if (window->is_settling && has_settled(window, clock, began)) {
        window->is_settling = window->is_unreadable = 0;
        return MS_FEED_AGAIN;
    }
    return MS_FEED_ON;
}

static apr_int64_t later(apr_int64_t a, apr_int64_t b)
{
    return a > b ? a : b;
}

void ms_feed_window_complete(ms_feed_window *window, const ms_feed_clock *clock, apr_int64_t began,
                             apr_int64_t answered)
{
    if (!window->is_settling && has_passed(window, clock, began)) {
        window->cursor.from = later(window->cursor.from, window->mark - SLACK_S);
        set_mark(window, clock, answered);
    }
}

void ms_feed_window_skip(ms_feed_window *window, const ms_feed_clock *clock, apr_int64_t answered)
{
    window->cursor.from = clock->now;
    set_mark(window, clock, answered);
    window->is_settling = window->is_unreadable = 1;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which endings a poll must read again. Sessions carry the second at which they ended, by the
 * database's clock; but transactions commit later than that, and in another order. Knows apr only.
 * docs/lookup-cache.md has the argument.
 */
#ifndef MS_FEED_WINDOW_H
#define MS_FEED_WINDOW_H

#include <apr.h>

#define MS_FEED_MAX \
    10000 /* endings a poll applies one by one; if there are more, all is forgotten */

/* Where the database was at a poll. */
typedef struct ms_feed_clock {
    apr_int64_t now;        /* epoch seconds by its clock, rounded down */
    apr_int64_t oldest;     /* each transaction with a smaller number has ended; 0: not known */
    apr_int64_t next;       /* no transaction has this number yet, or a larger one */
    apr_int64_t server;     /* identifies the server, and its start if it tells */
    apr_int64_t version;    /* of the database's content; 0: not known */
    apr_int64_t is_standby; /* it lags behind another server, or may */
} ms_feed_clock;

/* How far the polls have read. All zero: there was none. */
typedef struct ms_feed_cursor {
    apr_int64_t from; /* endings before this second have been applied, those in flight too */
    /* Of the last poll: */
    apr_int64_t now, next, server; /* as in ms_feed_clock */
    apr_int64_t at;                /* when the database returned them: milliseconds, steady clock */
} ms_feed_cursor;

typedef struct ms_feed_window {
    ms_feed_cursor cursor;
    /* The next place to read from, once no ending of before can be in flight any more. */
    apr_int64_t mark, mark_next, mark_at;
    int is_settling;   /* endings of before the window may be in flight: nothing is published */
    int is_unreadable; /* there were too many to read */
} ms_feed_window;

typedef enum ms_feed_turn {
    MS_FEED_ON,    /* read on */
    MS_FEED_START, /* nothing is known of before: forget all */
    MS_FEED_BACK,  /* the database is another one, or an older one: forget all */
    MS_FEED_AGAIN  /* it has settled: forget all, and read on */
} ms_feed_turn;

/**
 * The database has told where it is: decide what to read.
 * @param began, answered  of that query, by the steady clock in milliseconds
 */
ms_feed_turn ms_feed_window_begin(ms_feed_window *window, const ms_feed_clock *clock,
                                  apr_int64_t began, apr_int64_t answered);

/** All endings since window->cursor.from were read and applied. */
void ms_feed_window_complete(ms_feed_window *window, const ms_feed_clock *clock, apr_int64_t began,
                             apr_int64_t answered);

/** There were more than MS_FEED_MAX, and all was forgotten: do not read them again. */
void ms_feed_window_skip(ms_feed_window *window, const ms_feed_clock *clock, apr_int64_t answered);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the children of a host share about the feed of ended sessions, for each table: which process
 * polls it, how far it has read, when its last complete poll began, and the touches that process is
 * to write. In shared memory, beside the look-up cache that the polls invalidate. Knows apr only.
 */
#ifndef MS_FEED_BOARD_H
#define MS_FEED_BOARD_H

#include <apr.h>
#include "db/feed_window.h"
#include "db/touch_queue.h"

#define MS_FEED_TABLES  64
#define MS_FEED_TAG_LEN 16

typedef struct ms_feed_board ms_feed_board;
typedef struct ms_feed_place ms_feed_place; /* of one table */

/** Why polls fail; a higher one is more important to know. */
typedef enum ms_feed_failure {
    MS_FEED_NO_FAILURE,
    MS_FEED_AWAY,       /* no connection, or a statement fails: that may be temporary */
    MS_FEED_UNSUITABLE, /* the table has an older schema; the server is a standby or read-only */
} ms_feed_failure;

/** Bytes of shared memory, all zero at first. */
apr_size_t ms_feed_board_size(void);

/**
 * At start, in the parent: the place of a table.
 * @param tag  MS_FEED_TAG_LEN bytes that identify the table
 * @return NULL: there is none left
 */
ms_feed_place *ms_feed_board_place(ms_feed_board *board, const unsigned char *tag);

/**
 * Be the poller of a table for a while. A process that has ended, or has not renewed its lease, is
 * replaced.
 * @param is_held  whether this process is the poller: renew its lease
 * @param now      milliseconds of the steady clock
 * @param lease    milliseconds
 * @return whether this process is the poller
 */
int ms_feed_place_take(ms_feed_place *place, int is_held, apr_int64_t now, apr_int64_t lease);

/** Another process may poll. */
void ms_feed_place_leave(ms_feed_place *place);

/** How far the polls of all processes have read. */
void ms_feed_place_load(ms_feed_place *place, ms_feed_cursor *cursor);
void ms_feed_place_save(ms_feed_place *place, const ms_feed_cursor *cursor);

/** The touches of sessions that are still to be written, of all tables; and the number of this
 * table there. */
ms_touch_queue *ms_feed_place_touches(ms_feed_place *place);
int ms_feed_place_number(const ms_feed_place *place);

/** A complete poll that began then has been applied to the look-up cache. */
void ms_feed_place_publish(ms_feed_place *place, apr_int64_t began);

/** When the last one began, by the steady clock, in milliseconds; 0: there was none. */
apr_int64_t ms_feed_place_began(ms_feed_place *place);

/**
 * Set why polls fail. Of the failures since the last success the highest one is kept.
 * @return what was kept until now
 */
ms_feed_failure ms_feed_place_fails(ms_feed_place *place, ms_feed_failure failure);

#endif

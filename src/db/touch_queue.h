/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The touches that a host has still to write: requests add them, and the process that polls the
 * feed of a table writes those of the table, many in one statement. In shared memory, so that they
 * stay when that process ends. Not in order: each touch holds its own time. Knows apr only.
 */
#ifndef MS_TOUCH_QUEUE_H
#define MS_TOUCH_QUEUE_H

#include <apr.h>
#include "core/token.h"

#define MS_TOUCHES_MAX  2048
#define MS_TOUCH_TABLES 64
#define MS_TOUCH_IP_MAX 45 /* bytes: the column has no more */

typedef struct ms_touch_queue ms_touch_queue;

/* All times are epoch seconds. */
typedef struct ms_queued_touch {
    char id[24];         /* of a session, MS_ID_LEN characters */
    char ip[48];         /* where it was used */
    apr_int64_t seen;    /* when */
    apr_int64_t due;     /* the touch counts if the one before it was then, or earlier */
    apr_int64_t expires; /* its new expiry */
    /* Set by ms_touch_queue_read(): */
    int slot;
    apr_uint64_t ticket;
} ms_queued_touch;

/** Bytes of shared memory, all zero at first; a multiple of eight, as is its address. */
apr_size_t ms_touch_queue_size(void);

/**
 * Add a touch, if a process writes those of that table.
 * @param table  its number, less than MS_TOUCH_TABLES
 * @param touch  an address that is no plain text is not taken
 * @param now    milliseconds of the steady clock
 * @return whether it was taken; if not, write it by a statement of its own
 */
int ms_touch_queue_add(ms_touch_queue *queue, int table, const ms_queued_touch *touch,
                       apr_int64_t now);

/** This process writes the touches of a table: requests add them for a short while. now: as above;
 * 0: they must not add any more. */
void ms_touch_queue_serve(ms_touch_queue *queue, int table, apr_int64_t now);

/**
 * Copy touches of a table, which stay in the queue.
 * @param at  in and out: where to begin, less than MS_TOUCHES_MAX
 * @return how many
 */
int ms_touch_queue_read(ms_touch_queue *queue, int table, int *at, ms_queued_touch *touches,
                        int max);

/** A touch that was read has been written. Nothing happens if another process has removed it. */
void ms_touch_queue_remove(ms_touch_queue *queue, const ms_queued_touch *touch);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each slot has a state, which changes by compare-and-swap: free, being filled by a process, or
 * full, with its table and a number that is used once. What a reader copied is whole if the state
 * is the same afterwards. A process that is killed while it fills a slot leaves its id there, so
 * the slot is free again for the reader. One that was only stopped goes on filling it: its slot
 * stays. If another process has got that id meanwhile, one slot of many is lost until that one
 * ends.
 */
#include "db/touch_queue.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#define TRIES      8    /* slots that a touch tries */
#define SERVED_FOR 2000 /* milliseconds */

#define STATE_BITS 2
#define STATE      (((apr_uint64_t)1 << STATE_BITS) - 1)
#define FREE       ((apr_uint64_t)0)
#define FILLED_BY  ((apr_uint64_t)1) /* and the process id above it */
#define FULL       ((apr_uint64_t)2) /* and the table above it, and a number above that */
#define TABLE_BITS 6

#define WORDS (offsetof(ms_queued_touch, slot) / sizeof(apr_uint64_t))

_Static_assert(offsetof(ms_queued_touch, slot) % sizeof(apr_uint64_t) == 0, "copied in words");
_Static_assert(MS_TOUCH_TABLES == 1 << TABLE_BITS, "a table fits");
_Static_assert(MS_ID_LEN < 24 && MS_TOUCH_IP_MAX < 48, "they end with NUL");

typedef _Atomic apr_uint64_t word;

typedef struct slot {
    word state;
    word content[WORDS];
} slot;

struct ms_touch_queue {
    word served[MS_TOUCH_TABLES]; /* when a process last wrote, or had nothing to write */
    word numbers;
    slot slots[MS_TOUCHES_MAX];
};

apr_size_t ms_touch_queue_size(void)
{
    return sizeof(ms_touch_queue);
}

/* ---- add --------------------------------------------------------------------------------------
 */

static int is_served(ms_touch_queue *queue, int table, apr_int64_t now)
{
    const apr_int64_t served = (apr_int64_t)atomic_load(&queue->served[table]);

    return served && now - served <= SERVED_FOR;
}

/* What JSON has as it is. */
static int is_plain(const char *text)
{
    for (; *text; text++) {
        if (*text <= ' ' || *text > '~' || *text == '"' || *text == '\\') {
            return 0;
        }
    }
    return 1;
}

static int may_add(ms_touch_queue *queue, int table, const ms_queued_touch *touch, apr_int64_t now)
{
    return is_served(queue, table, now) && is_plain(touch->id) && is_plain(touch->ip);
}

/* FNV-1a: ids are random. */
static apr_uint32_t first_slot(const char *id)
{
    apr_uint32_t hash = 2166136261U;

    for (; *id; id++) {
        hash = (hash ^ (unsigned char)*id) * 16777619U;
    }
    return hash ^ hash >> 16;
}

static apr_uint64_t full_of(int table)
{
    return (apr_uint64_t)table << STATE_BITS | FULL;
}

static void fill(ms_touch_queue *queue, slot *s, int table, const ms_queued_touch *touch)
{
    apr_uint64_t words[WORDS];

    memcpy(words, touch, sizeof(words));
    for (apr_size_t i = 0; i < WORDS; i++) {
        atomic_store(&s->content[i], words[i]);
    }
    atomic_store(&s->state, (atomic_fetch_add(&queue->numbers, 1) << (STATE_BITS + TABLE_BITS)) |
                                full_of(table));
}

int ms_touch_queue_add(ms_touch_queue *queue, int table, const ms_queued_touch *touch,
                       apr_int64_t now)
{
    const apr_uint64_t mine = (apr_uint64_t)getpid() << STATE_BITS | FILLED_BY;
    const apr_uint32_t first = first_slot(touch->id);

    if (!may_add(queue, table, touch, now)) {
        return 0;
    }
    for (apr_uint32_t i = 0; i < TRIES; i++) {
        slot *s = &queue->slots[(first + i) % MS_TOUCHES_MAX];
        apr_uint64_t state = FREE;

        if (atomic_compare_exchange_strong(&s->state, &state, mine)) {
            fill(queue, s, table, touch);
            return 1;
        }
    }
    return 0;
}

/* ---- read -------------------------------------------------------------------------------------
 */

void ms_touch_queue_serve(ms_touch_queue *queue, int table, apr_int64_t now)
{
    atomic_store(&queue->served[table], (apr_uint64_t)now);
}

static void free_if_dead(slot *s, apr_uint64_t state)
{
    if (kill((pid_t)(state >> STATE_BITS), 0) != 0 && errno == ESRCH) {
        atomic_compare_exchange_strong(&s->state, &state, FREE);
    }
}

static int copy(slot *s, apr_uint64_t state, ms_queued_touch *touch)
{
    apr_uint64_t words[WORDS] = {0};

    for (apr_size_t i = 0; i < WORDS; i++) {
        words[i] = atomic_load(&s->content[i]);
    }
    memcpy(touch, words, sizeof(words));
    touch->ticket = state;
    return atomic_load(&s->state) == state;
}

static int is_full_of(apr_uint64_t state, int table)
{
    return (state & (((apr_uint64_t)1 << (STATE_BITS + TABLE_BITS)) - 1)) == full_of(table);
}

static int read_slot(slot *s, int table, ms_queued_touch *touch)
{
    const apr_uint64_t state = atomic_load(&s->state);

    if ((state & STATE) == FILLED_BY) {
        free_if_dead(s, state);
    }
    return is_full_of(state, table) && copy(s, state, touch);
}

int ms_touch_queue_read(ms_touch_queue *queue, int table, int *at, ms_queued_touch *touches,
                        int max)
{
    int n = 0;

    for (int i = 0; i < MS_TOUCHES_MAX && n < max; i++, *at = (*at + 1) % MS_TOUCHES_MAX) {
        if (read_slot(&queue->slots[*at], table, &touches[n])) {
            touches[n++].slot = *at;
        }
    }
    return n;
}

void ms_touch_queue_remove(ms_touch_queue *queue, const ms_queued_touch *touch)
{
    apr_uint64_t state = touch->ticket;

    atomic_compare_exchange_strong(&queue->slots[touch->slot].state, &state, FREE);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each set of slots has its own lock, held for the time of a copy. If a child is killed while it
 * holds one, that lock is given up, and until the next start the refusals of that set's keys are
 * written one by one.
 */
#include "core/refusals.h"

#include <apr_atomic.h>
#include <apr_thread_proc.h>

#define SETS     128
#define WAYS     8 /* slots that a key may be in */
#define ATTEMPTS 10000

enum { FREE, LOCKED, GIVEN_UP };

/* Changed with the lock; whether one is due is read without it first. */
typedef struct slot {
    volatile apr_uint64_t key; /* 0: free */
    volatile apr_uint64_t end; /* of the period, seconds */
    ms_refusal first;
} slot;

typedef struct slot_set {
    volatile apr_uint32_t lock;
    slot slots[WAYS];
} slot_set;

apr_size_t ms_refusals_size(void)
{
    return SETS * sizeof(slot_set);
}

/* A lock that was given up is not waited for again, unless the one that has it was only slow. */
static int lock(slot_set *set)
{
    for (int i = 0; i < ATTEMPTS; i++) {
        const apr_uint32_t was = apr_atomic_cas32(&set->lock, LOCKED, FREE);

        if (was != LOCKED) {
            return was == FREE;
        }
        apr_thread_yield();
    }
    apr_atomic_cas32(&set->lock, GIVEN_UP, LOCKED);
    return 0;
}

static void unlock(slot_set *set)
{
    apr_atomic_xchg32(&set->lock, FREE);
}

static void put(slot *at, apr_uint64_t key, apr_int64_t end, const ms_refusal *first)
{
    at->first = *first;
    at->first.count = 0;
    apr_atomic_set64(&at->end, (apr_uint64_t)end);
    apr_atomic_set64(&at->key, key);
}

/* The key's slot, else a free one, else the one whose period ends first. */
static slot *find(slot_set *set, apr_uint64_t key)
{
    slot *best = &set->slots[0];

    for (int i = 0; i < WAYS; i++) {
        slot *at = &set->slots[i];

        if (at->key == key) {
            return at;
        }
        if (at->end < best->end) {
            best = at;
        }
    }
    return best;
}

/* If the clock is set back, a period must not become longer. */
static int is_within(const slot *at, apr_int64_t now, apr_int64_t period)
{
    const apr_int64_t end = (apr_int64_t)at->end;

    return now < end && end <= now + period;
}

int ms_refusals_is_first(void *memory, apr_uint64_t key, apr_int64_t now, apr_int64_t period,
                         const ms_refusal *refusal, ms_refusal *due)
{
    slot_set *set = (slot_set *)memory + key % SETS;
    slot *at;
    int is_first;

    due->count = 0;
    if (!lock(set)) {
        return 1;
    }
    at = find(set, key);
    is_first = at->key != key || !is_within(at, now, period);
    if (is_first) {
        *due = at->first;
        put(at, key, now + period, refusal);
    }
    else {
        at->first.count++;
    }
    unlock(set);
    return is_first;
}

static int is_due(slot *at, apr_int64_t now)
{
    return apr_atomic_read64(&at->key) && now >= (apr_int64_t)apr_atomic_read64(&at->end);
}

/* The slot's summary; its slot is free then. Returns 0 if none is due. */
static int take_due(slot *at, apr_int64_t now, ms_refusal *due)
{
    static const ms_refusal none;

    if (!is_due(at, now)) {
        return 0;
    }
    *due = at->first;
    put(at, 0, 0, &none);
    return due->count > 0;
}

int ms_refusals_next_due(void *memory, apr_int64_t now, apr_size_t *at, ms_refusal *due)
{
    while (*at < (apr_size_t)SETS * WAYS) {
        slot_set *set = (slot_set *)memory + *at / WAYS;
        slot *one = &set->slots[(*at)++ % WAYS];
        int found;

        if (is_due(one, now) && lock(set)) {
            found = take_due(one, now, due);
            unlock(set);
            if (found) {
                return 1;
            }
        }
    }
    return 0;
}

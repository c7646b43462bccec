/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A slot is one word: the key's tag in the high bits, and in the low ones the moment when its
 * bucket is empty. So one compare-and-swap is a whole step, and a child that is killed leaves no
 * half-done change. An empty bucket and a free slot are the same: a moment in the past.
 */
#include "core/throttle.h"

#include <apr_atomic.h>

#define WAYS      8 /* slots that a key may be in: one cache line */
#define SETS      (MS_THROTTLE_SIZE / sizeof(apr_uint64_t) / WAYS)
#define TAG_SHIFT 40
#define TICK      10000 /* microseconds: the moment has 40 bits, which last for 348 years of these */
#define TICKS_1S  100
#define ATTEMPTS  64 /* at a slot that others keep changing */

typedef volatile apr_uint64_t slot;

static apr_uint64_t tag_of(apr_uint64_t word)
{
    return word >> TAG_SHIFT;
}

static apr_int64_t drained_at(apr_uint64_t word)
{
    return (apr_int64_t)(word & (((apr_uint64_t)1 << TAG_SHIFT) - 1));
}

static apr_uint64_t as_word(apr_uint64_t key, apr_int64_t tick)
{
    return tag_of(key) << TAG_SHIFT | (apr_uint64_t)tick;
}

static slot *set_of(void *memory, apr_uint64_t key)
{
    return (slot *)memory + WAYS * (key % SETS);
}

/* The key's slot, or NULL. */
static slot *find(void *memory, apr_uint64_t key)
{
    slot *set = set_of(memory, key);

    for (int i = 0; i < WAYS; i++) {
        if (tag_of(apr_atomic_read64(&set[i])) == tag_of(key)) {
            return &set[i];
        }
    }
    return NULL;
}

/* A slot, and what was in it. */
typedef struct place {
    slot *at;
    apr_uint64_t word;
} place;

/* The key's slot; else the one that is empty or will be first, so that the keys with the most
 * failures stay longest. Each slot is read once: two threads that count a new key at the same time
 * choose the same one, and the second of them finds it changed. Only if another key of the set is
 * forgotten between them may the key get two slots, and a count be lost. */
static place find_or_choose(void *memory, apr_uint64_t key)
{
    slot *set = set_of(memory, key);
    place best = {NULL, 0};

    for (int i = 0; i < WAYS; i++) {
        const place one = {&set[i], apr_atomic_read64(&set[i])};

        if (tag_of(one.word) == tag_of(key)) {
            return one;
        }
        if (!best.at || drained_at(one.word) < drained_at(best.word)) {
            best = one;
        }
    }
    return best;
}

static apr_int64_t ticks_each(const ms_rate *rate)
{
    const apr_int64_t ticks = rate->period * TICKS_1S / rate->count;

    return ticks > 0 ? ticks : 1;
}

/* When the bucket is empty, within limits: a clock that is set back must not block a key for longer
 * than a period. */
static apr_int64_t believable(apr_int64_t drained, apr_int64_t now, const ms_rate *rate)
{
    const apr_int64_t latest = now + rate->count * ticks_each(rate);

    return drained < now ? now : drained > latest ? latest : drained;
}

apr_int64_t ms_throttle_take(void *memory, apr_uint64_t key, apr_int64_t now_us,
                             const ms_rate *rate)
{
    const apr_int64_t now = now_us / TICK, each = ticks_each(rate);

    for (int i = 0; i < ATTEMPTS; i++) {
        const place found = find_or_choose(memory, key);
        const int is_mine = tag_of(found.word) == tag_of(key);
        const apr_int64_t drained = is_mine ? believable(drained_at(found.word), now, rate) : now;
        const apr_int64_t over = drained + each - (now + rate->count * each);

        if (over > 0) {
            return (over + TICKS_1S - 1) / TICKS_1S;
        }
        if (apr_atomic_cas64(found.at, as_word(key, drained + each), found.word) == found.word) {
            return 0;
        }
    }
    return 1; /* too many changes of one slot: wait a second */
}

apr_int64_t ms_throttle_peek(void *memory, apr_uint64_t key, apr_int64_t now_us,
                             const ms_rate *rate)
{
    const apr_int64_t now = now_us / TICK, each = ticks_each(rate);
    slot *mine = find(memory, key);
    const apr_int64_t drained =
        mine ? believable(drained_at(apr_atomic_read64(mine)), now, rate) : now;
    const apr_int64_t over = drained + each - (now + rate->count * each);

    return over > 0 ? (over + TICKS_1S - 1) / TICKS_1S : 0;
}

/* The count drains in ticks. Returns how many were taken off. */
static apr_int64_t lower(void *memory, apr_uint64_t key, apr_int64_t now, const ms_rate *rate,
                         apr_int64_t most)
{
    slot *at = find(memory, key);

    for (int i = 0; at && i < ATTEMPTS; i++) {
        const apr_uint64_t old = apr_atomic_read64(at);
        const apr_int64_t drained = believable(drained_at(old), now, rate);
        const apr_int64_t by = drained - now < most ? drained - now : most;

        if (tag_of(old) != tag_of(key)) {
            return 0;
        }
        if (apr_atomic_cas64(at, as_word(key, drained - by), old) == old) {
            return by;
        }
    }
    return 0;
}

apr_int64_t ms_throttle_give_back(void *memory, apr_uint64_t key, apr_int64_t now_us,
                                  const ms_rate *rate)
{
    return lower(memory, key, now_us / TICK, rate, ticks_each(rate));
}

apr_int64_t ms_throttle_forget(void *memory, apr_uint64_t key, apr_int64_t now_us,
                               const ms_rate *rate)
{
    return lower(memory, key, now_us / TICK, rate, rate->count * ticks_each(rate));
}

void ms_throttle_lower(void *memory, apr_uint64_t key, apr_int64_t now_us, const ms_rate *rate,
                       apr_int64_t amount)
{
    lower(memory, key, now_us / TICK, rate, amount);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A slot is one word: the high bits of the key, the second of the last count, the count. So one
 * compare-and-swap is a whole step, as in throttle.c. A free slot is 0.
 */
#include "core/tally.h"

#include <apr_atomic.h>

#define WAYS       8 /* slots that a key may be in: one cache line */
#define SETS       (MS_TALLY_SIZE / sizeof(apr_uint64_t) / WAYS)
#define COUNT_BITS 10
#define TIME_BITS  34 /* seconds, until the year 2514 */
#define TAG_SHIFT  (COUNT_BITS + TIME_BITS)
#define ATTEMPTS   64 /* at a slot that others keep changing */

typedef volatile apr_uint64_t slot;

static apr_uint64_t tag_of(apr_uint64_t word)
{
    return word >> TAG_SHIFT;
}

static int count_of(apr_uint64_t word)
{
    return (int)(word & MS_TALLY_MAX);
}

static apr_int64_t time_of(apr_uint64_t word)
{
    return (apr_int64_t)(word >> COUNT_BITS & (((apr_uint64_t)1 << TIME_BITS) - 1));
}

static apr_uint64_t as_word(apr_uint64_t key, apr_int64_t when, int count)
{
    return tag_of(key) << TAG_SHIFT |
           ((apr_uint64_t)when & (((apr_uint64_t)1 << TIME_BITS) - 1)) << COUNT_BITS |
           (apr_uint64_t)count;
}

/* A slot, and what was in it. */
typedef struct place {
    slot *at;
    apr_uint64_t word;
} place;

static int is_of(apr_uint64_t word, apr_uint64_t key)
{
    return word && tag_of(word) == tag_of(key);
}

/* The key's slot, else that of the key that is longest without a count. Each slot is read once, as
 * in throttle.c: two threads that count a new key choose the same one. */
static place find_or_choose(void *memory, apr_uint64_t key)
{
    slot *set = (slot *)memory + WAYS * (key % SETS);
    place oldest = {NULL, 0};

    for (int i = 0; i < WAYS; i++) {
        const place one = {&set[i], apr_atomic_read64(&set[i])};

        if (is_of(one.word, key)) {
            return one;
        }
        if (!oldest.at || time_of(one.word) < time_of(oldest.word)) {
            oldest = one;
        }
    }
    return oldest;
}

void ms_tally_add(void *memory, apr_uint64_t key, apr_int64_t now)
{
    for (int i = 0; i < ATTEMPTS; i++) {
        const place found = find_or_choose(memory, key);
        const int count = is_of(found.word, key) ? count_of(found.word) : 0;
        const int next = count < MS_TALLY_MAX ? count + 1 : count;

        if (apr_atomic_cas64(found.at, as_word(key, now, next), found.word) == found.word) {
            return;
        }
    }
}

int ms_tally_get(void *memory, apr_uint64_t key, apr_int64_t *last)
{
    const place found = find_or_choose(memory, key);

    if (!is_of(found.word, key)) {
        return 0;
    }
    *last = time_of(found.word);
    return count_of(found.word);
}

void ms_tally_forget(void *memory, apr_uint64_t key)
{
    for (int i = 0; i < ATTEMPTS; i++) {
        const place found = find_or_choose(memory, key);

        if (!is_of(found.word, key) || apr_atomic_cas64(found.at, 0, found.word) == found.word) {
            return;
        }
    }
}

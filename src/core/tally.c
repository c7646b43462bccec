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

/* The key's slot; else that of the key that is longest without a count, if it may be taken; NULL.
 */
static slot *find(void *memory, apr_uint64_t key, int may_take)
{
    slot *set = (slot *)memory + WAYS * (key % SETS), *oldest = &set[0];

    for (int i = 0; i < WAYS; i++) {
        const apr_uint64_t word = apr_atomic_read64(&set[i]);

        if (word && tag_of(word) == tag_of(key)) {
            return &set[i];
        }
        if (time_of(word) < time_of(apr_atomic_read64(oldest))) {
            oldest = &set[i];
        }
    }
    return may_take ? oldest : NULL;
}

void ms_tally_add(void *memory, apr_uint64_t key, apr_int64_t now)
{
    for (int i = 0; i < ATTEMPTS; i++) {
        slot *at = find(memory, key, 1);
        const apr_uint64_t old = apr_atomic_read64(at);
        const int count = old && tag_of(old) == tag_of(key) ? count_of(old) : 0;
        const int next = count < MS_TALLY_MAX ? count + 1 : count;

        if (apr_atomic_cas64(at, as_word(key, now, next), old) == old) {
            return;
        }
    }
}

int ms_tally_get(void *memory, apr_uint64_t key, apr_int64_t *last)
{
    slot *at = find(memory, key, 0);
    const apr_uint64_t word = at ? apr_atomic_read64(at) : 0;

    if (!word || tag_of(word) != tag_of(key)) {
        return 0;
    }
    *last = time_of(word);
    return count_of(word);
}

void ms_tally_forget(void *memory, apr_uint64_t key)
{
    slot *at = find(memory, key, 0);

    for (int i = 0; at && i < ATTEMPTS; i++) {
        const apr_uint64_t old = apr_atomic_read64(at);

        if (tag_of(old) != tag_of(key) || apr_atomic_cas64(at, 0, old) == old) {
            return;
        }
    }
}

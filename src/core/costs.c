/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each class counts its samples and keeps their moving mean. All counts are halved when one is
 * full, so that a kind of hash that is no longer in use fades.
 */
#include "core/costs.h"

#include <apr_atomic.h>

#define CLASSES 32
#define FULL    4096

struct ms_costs {
    struct {
        volatile apr_uint32_t count;
        volatile apr_uint32_t mean;
    } classes[CLASSES];
};

apr_size_t ms_costs_size(void)
{
    return sizeof(ms_costs);
}

static apr_uint32_t count_of(const ms_costs *costs, int i)
{
    return apr_atomic_read32((volatile apr_uint32_t *)&costs->classes[i].count);
}

static apr_uint32_t mean_of(const ms_costs *costs, int i)
{
    return apr_atomic_read32((volatile apr_uint32_t *)&costs->classes[i].mean);
}

static int class_of(apr_uint32_t took)
{
    int i = 0;

    while (took > 1) {
        took >>= 1;
        i++;
    }
    return i;
}

static void halve(ms_costs *costs)
{
    for (int i = 0; i < CLASSES; i++) {
        apr_atomic_set32(&costs->classes[i].count, count_of(costs, i) / 2);
    }
}

void ms_costs_learn(ms_costs *costs, apr_uint32_t took)
{
    const int i = class_of(took);
    const apr_uint32_t old = mean_of(costs, i);

    apr_atomic_set32(&costs->classes[i].mean, old ? old - old / 4 + took / 4 : took);
    if (apr_atomic_inc32(&costs->classes[i].count) >= FULL) {
        halve(costs);
    }
}

static apr_uint64_t total_of(const ms_costs *costs)
{
    apr_uint64_t total = 0;

    for (int i = 0; i < CLASSES; i++) {
        total += count_of(costs, i);
    }
    return total;
}

apr_uint32_t ms_costs_pick(const ms_costs *costs, apr_uint32_t hash)
{
    const apr_uint64_t place = total_of(costs) * hash >> 32;
    apr_uint64_t passed = 0;

    for (int i = 0; i < CLASSES; i++) {
        passed += count_of(costs, i);
        if (place < passed) {
            return mean_of(costs, i);
        }
    }
    return 0;
}

apr_uint32_t ms_costs_mean(const ms_costs *costs)
{
    const apr_uint64_t total = total_of(costs);
    apr_uint64_t sum = 0;

    for (int i = 0; i < CLASSES; i++) {
        sum += (apr_uint64_t)count_of(costs, i) * mean_of(costs, i);
    }
    return total ? (apr_uint32_t)(sum / total) : 0;
}

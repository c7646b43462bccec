/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A word holds until when (in microseconds) the tries so far have used up what is allowed: each
 * moves it on by a second, and it may be a second ahead. 0: the database is not known to be away.
 * If it is further ahead than two tries can move it, the clock was set back, and that must not make
 * the pause longer.
 */
#include "db/reach.h"

#include <stdatomic.h>

#define EACH apr_time_from_sec(1)

typedef struct shared_state {
    _Atomic apr_int64_t used_until;
    _Atomic apr_int64_t logged_in; /* the second of the last log line */
} shared_state;

struct ms_reach {
    shared_state *shared;
    _Atomic apr_uint32_t open, closings; /* connections of this child */
};

apr_size_t ms_reach_shared_size(void)
{
    return sizeof(shared_state);
}

ms_reach *ms_reach_create(apr_pool_t *p, void *shared)
{
    ms_reach *reach = apr_pcalloc(p, sizeof(*reach));

    reach->shared = shared ? shared : apr_pcalloc(p, sizeof(*reach->shared));
    return reach;
}

void ms_reach_opened(ms_reach *reach)
{
    atomic_fetch_add(&reach->open, 1);
}

void ms_reach_closed(ms_reach *reach)
{
    atomic_fetch_sub(&reach->open, 1);
    atomic_fetch_add(&reach->closings, 1);
}

apr_uint32_t ms_reach_closings(ms_reach *reach)
{
    return atomic_load(&reach->closings);
}

int ms_reach_may_try(ms_reach *reach, apr_time_t now)
{
    apr_int64_t used = atomic_load(&reach->shared->used_until);
    const apr_int64_t start = used > now && used <= now + 2 * EACH ? used : now;

    if (!used || atomic_load(&reach->open) > 0) {
        return 1;
    }
    return start <= now + EACH &&
           atomic_compare_exchange_strong(&reach->shared->used_until, &used, start + EACH);
}

void ms_reach_lost(ms_reach *reach, apr_time_t now)
{
    apr_int64_t none = 0;

    atomic_compare_exchange_strong(&reach->shared->used_until, &none, now + EACH);
}

void ms_reach_found(ms_reach *reach)
{
    if (ms_reach_is_away(reach)) {
        atomic_store(&reach->shared->used_until, 0);
    }
}

int ms_reach_is_away(ms_reach *reach)
{
    return atomic_load(&reach->shared->used_until) != 0;
}

int ms_reach_may_log(ms_reach *reach, apr_time_t now)
{
    const apr_int64_t second = apr_time_sec(now);

    return atomic_exchange(&reach->shared->logged_in, second) != second;
}

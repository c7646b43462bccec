/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A slot holds the second when it expires. If that is further away than a lease, the clock was set
 * back and the slot is free.
 */
#include "core/slots.h"

#include <apr_atomic.h>

int ms_slots_take(ms_slot *slots, int n, apr_uint32_t now, apr_uint32_t lease)
{
    for (int i = 0; i < n; i++) {
        const apr_uint32_t ends = apr_atomic_read32(&slots[i]);
        const int is_free = ends <= now || ends > now + lease;

        if (is_free && apr_atomic_cas32(&slots[i], now + lease, ends) == ends) {
            return i;
        }
    }
    return -1;
}

void ms_slots_give_back(ms_slot *slots, int number)
{
    apr_atomic_set32(&slots[number], 0);
}

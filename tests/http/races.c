/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apr's atomic functions, put before apr's own: ThreadSanitizer does not see what a library orders
 * that was compiled without it. httpd hands connections and pools from thread to thread by these.
 */
#include <apr_atomic.h>

#define ORDER __ATOMIC_SEQ_CST

apr_uint32_t apr_atomic_read32(volatile apr_uint32_t *at)
{
    return __atomic_load_n(at, ORDER);
}

void apr_atomic_set32(volatile apr_uint32_t *at, apr_uint32_t value)
{
    __atomic_store_n(at, value, ORDER);
}

apr_uint32_t apr_atomic_add32(volatile apr_uint32_t *at, apr_uint32_t value)
{
    return __atomic_fetch_add(at, value, ORDER);
}

void apr_atomic_sub32(volatile apr_uint32_t *at, apr_uint32_t value)
{
    __atomic_fetch_sub(at, value, ORDER);
}

apr_uint32_t apr_atomic_inc32(volatile apr_uint32_t *at)
{
    return __atomic_fetch_add(at, 1, ORDER);
}

int apr_atomic_dec32(volatile apr_uint32_t *at)
{
    return __atomic_sub_fetch(at, 1, ORDER) != 0;
}

apr_uint32_t apr_atomic_cas32(volatile apr_uint32_t *at, apr_uint32_t value, apr_uint32_t expected)
{
    __atomic_compare_exchange_n(at, &expected, value, 0, ORDER, ORDER);
    return expected;
}

apr_uint32_t apr_atomic_xchg32(volatile apr_uint32_t *at, apr_uint32_t value)
{
    return __atomic_exchange_n(at, value, ORDER);
}

apr_uint64_t apr_atomic_read64(volatile apr_uint64_t *at)
{
    return __atomic_load_n(at, ORDER);
}

void apr_atomic_set64(volatile apr_uint64_t *at, apr_uint64_t value)
{
    __atomic_store_n(at, value, ORDER);
}

apr_uint64_t apr_atomic_add64(volatile apr_uint64_t *at, apr_uint64_t value)
{
    return __atomic_fetch_add(at, value, ORDER);
}

apr_uint64_t apr_atomic_cas64(volatile apr_uint64_t *at, apr_uint64_t value, apr_uint64_t expected)
{
    __atomic_compare_exchange_n(at, &expected, value, 0, ORDER, ORDER);
    return expected;
}

void *apr_atomic_casptr(volatile void **at, void *value, const void *expected)
{
    void *found = (void *)expected;

    __atomic_compare_exchange_n((void **)at, &found, value, 0, ORDER, ORDER);
    return found;
}

void *apr_atomic_xchgptr(volatile void **at, void *value)
{
    return __atomic_exchange_n((void **)at, value, ORDER);
}

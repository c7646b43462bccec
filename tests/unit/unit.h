/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all unit tests share: cmocka, and a new pool for each test, which is its *state.
 */
#ifndef MS_UNIT_H
#define MS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <apr_general.h>
#include <apr_pools.h>
#include <apr_strings.h>

static int unit_setup(void **state)
{
    apr_initialize();
    return apr_pool_create((apr_pool_t **)state, NULL) == APR_SUCCESS ? 0 : -1;
}

static int unit_teardown(void **state)
{
    apr_pool_destroy(*state);
    return 0;
}

/* Text, so many times. */
static inline char *unit_repeat(apr_pool_t *p, const char *text, apr_size_t times)
{
    apr_size_t len = strlen(text), i;
    char *all = apr_palloc(p, len * times + 1);

    for (i = 0; i < times; i++)
        memcpy(all + i * len, text, len);
    all[len * times] = '\0';
    return all;
}

/* Bytes that look random and are the same in each run of the test; many of them are significant to
 * some parser. */
static inline char *unit_noise(apr_pool_t *p, apr_uint32_t seed, apr_size_t len)
{
    static const unsigned char spice[] = {0xC0, 0xC2, 0xE0, 0xE2, 0x80, 0xA8, 0xED, 0xA0,
                                          0xF0, 0x90, 0xF4, 0x8F, '%',  '/',  '\\', '0'};
    char *bytes = apr_palloc(p, len + 1);
    apr_size_t i;

    for (i = 0; i < len; i++) {
        unsigned int r;
        seed = seed * 1664525u + 1013904223u;
        r = seed >> 16;
        bytes[i] = (char)(r & 0x100 ? spice[r & 15] : 1 + r % 255);
    }
    bytes[len] = '\0';
    return bytes;
}

#define COUNT(table) (sizeof(table) / sizeof(table[0]))

#define TEST(function) cmocka_unit_test_setup_teardown(function, unit_setup, unit_teardown)
#define RUN(tests)     cmocka_run_group_tests(tests, NULL, NULL)

#endif

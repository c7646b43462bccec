/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every unit test shares: cmocka, and a pool of its own for each test, which is its *state.
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

#define TEST(function) cmocka_unit_test_setup_teardown(function, unit_setup, unit_teardown)
#define RUN(tests)     cmocka_run_group_tests(tests, NULL, NULL)

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "core/tally.h"

#define ALICE ((apr_uint64_t)0x1234567890abcdef)
#define BOB   ((apr_uint64_t)0xfedcba0987654321)
#define NOW   ((apr_int64_t)1772546700)

static void *new_table(apr_pool_t *p)
{
    return apr_pcalloc(p, MS_TALLY_SIZE);
}

static void a_count_has_the_time_of_its_last_one(void **state)
{
    void *table = new_table(*state);
    apr_int64_t last = 0;

    assert_int_equal(ms_tally_get(table, ALICE, &last), 0);
    assert_int_equal(last, 0);
    ms_tally_add(table, ALICE, NOW);
    ms_tally_add(table, ALICE, NOW + 5);
    ms_tally_add(table, BOB, NOW + 9);
    assert_int_equal(ms_tally_get(table, ALICE, &last), 2);
    assert_int_equal(last, NOW + 5);
    ms_tally_forget(table, ALICE);
    assert_int_equal(ms_tally_get(table, ALICE, &last), 0);
    assert_int_equal(ms_tally_get(table, BOB, &last), 1);
    assert_int_equal(last, NOW + 9);
    ms_tally_forget(table, ALICE);
}

static void a_count_ends_at_its_maximum(void **state)
{
    void *table = new_table(*state);
    apr_int64_t last;

    for (int i = 0; i < MS_TALLY_MAX + 10; i++) {
        ms_tally_add(table, ALICE, NOW + i);
    }
    assert_int_equal(ms_tally_get(table, ALICE, &last), MS_TALLY_MAX);
    assert_int_equal(last, NOW + MS_TALLY_MAX + 9);
}

/* Keys whose low bits are equal share eight slots. */
static void the_key_that_is_longest_without_a_count_makes_room(void **state)
{
    void *table = new_table(*state);
    apr_int64_t last;

    for (apr_uint64_t i = 0; i < 9; i++) {
        ms_tally_add(table, (i + 1) << 50, NOW + (apr_int64_t)i);
    }
    assert_int_equal(ms_tally_get(table, (apr_uint64_t)1 << 50, &last), 0);
    for (apr_uint64_t i = 1; i < 9; i++) {
        assert_int_equal(ms_tally_get(table, (i + 1) << 50, &last), 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_count_has_the_time_of_its_last_one),
        TEST(a_count_ends_at_its_maximum),
        TEST(the_key_that_is_longest_without_a_count_makes_room),
    };

    return RUN(tests);
}

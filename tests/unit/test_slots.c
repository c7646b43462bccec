/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "core/slots.h"

#define NOW   1700000000u
#define LEASE 60u

static void test_as_many_as_there_are_and_again_when_given_back(void **state)
{
    ms_slot slots[2] = {0, 0};

    (void)state;
    assert_int_equal(ms_slots_take(slots, 2, NOW, LEASE), 0);
    assert_int_equal(ms_slots_take(slots, 2, NOW, LEASE), 1);
    assert_int_equal(ms_slots_take(slots, 2, NOW + 1, LEASE), -1);
    ms_slots_give_back(slots, 0);
    assert_int_equal(ms_slots_take(slots, 2, NOW + 1, LEASE), 0);
    assert_int_equal(ms_slots_take(slots, 0, NOW, LEASE), -1);
}

static void test_one_that_a_dead_process_holds_ends(void **state)
{
    ms_slot slots[1] = {0};

    (void)state;
    assert_int_equal(ms_slots_take(slots, 1, NOW, LEASE), 0);
    assert_int_equal(ms_slots_take(slots, 1, NOW + LEASE - 1, LEASE), -1);
    assert_int_equal(ms_slots_take(slots, 1, NOW + LEASE, LEASE), 0);
}

static void test_a_clock_that_is_set_back_closes_none(void **state)
{
    ms_slot slots[1] = {0};

    (void)state;
    assert_int_equal(ms_slots_take(slots, 1, NOW, LEASE), 0);
    assert_int_equal(ms_slots_take(slots, 1, NOW - 3600, LEASE), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_as_many_as_there_are_and_again_when_given_back),
        TEST(test_one_that_a_dead_process_holds_ends),
        TEST(test_a_clock_that_is_set_back_closes_none),
    };

    return RUN(tests);
}

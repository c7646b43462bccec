/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stdlib.h>
#include <apr_thread_proc.h>
#include "core/throttle.h"

#define SECOND ((apr_int64_t)1000000)
#define NOON   ((apr_int64_t)1795435200 * SECOND)
#define ALICE  ((apr_uint64_t)0x1234567890abcdef)
#define BOB    ((apr_uint64_t)0xfedcba0987654321)

static const ms_rate three_a_minute = {3, 60};

static void *new_table(void)
{
    void *table = calloc(1, MS_THROTTLE_SIZE);

    assert_non_null(table);
    return table;
}

static void as_many_as_the_rate_allows_and_then_none(void **state)
{
    (void)state;
    void *table = new_table();

    for (int i = 0; i < 3; i++) {
        assert_int_equal(ms_throttle_take(table, ALICE, NOON, &three_a_minute), 0);
    }
    assert_int_equal(ms_throttle_take(table, ALICE, NOON, &three_a_minute), 20);
    assert_int_equal(ms_throttle_take(table, BOB, NOON, &three_a_minute), 0);
    free(table);
}

static void a_look_counts_nothing(void **state)
{
    (void)state;
    void *table = new_table();

    for (int i = 0; i < 3; i++) {
        assert_int_equal(ms_throttle_peek(table, ALICE, NOON, &three_a_minute), 0);
        assert_int_equal(ms_throttle_peek(table, ALICE, NOON, &three_a_minute), 0);
        assert_int_equal(ms_throttle_take(table, ALICE, NOON, &three_a_minute), 0);
    }
    assert_int_equal(ms_throttle_peek(table, ALICE, NOON, &three_a_minute), 20);
    free(table);
}

/* A larger bucket that drains as fast may hold more than this rate allows; it must drain first. */
static void what_was_overdrawn_is_waited_for(void **state)
{
    (void)state;
    static const ms_rate twelve_in_four = {12, 240};
    void *table = new_table();

    for (int i = 0; i < 6; i++) {
        assert_int_equal(ms_throttle_take(table, ALICE, NOON, &twelve_in_four), 0);
    }
    assert_int_not_equal(ms_throttle_peek(table, ALICE, NOON + 79 * SECOND, &three_a_minute), 0);
    assert_int_not_equal(ms_throttle_take(table, ALICE, NOON + 79 * SECOND, &three_a_minute), 0);
    assert_int_equal(ms_throttle_take(table, ALICE, NOON + 80 * SECOND, &three_a_minute), 0);
    free(table);
}

static void what_was_counted_drains_away_evenly(void **state)
{
    (void)state;
    void *table = new_table();

    for (int i = 0; i < 3; i++) {
        ms_throttle_take(table, ALICE, NOON, &three_a_minute);
    }
    assert_int_equal(ms_throttle_take(table, ALICE, NOON + 19 * SECOND, &three_a_minute), 1);
    assert_int_equal(ms_throttle_take(table, ALICE, NOON + 20 * SECOND, &three_a_minute), 0);
    assert_int_equal(ms_throttle_take(table, ALICE, NOON + 20 * SECOND, &three_a_minute), 20);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ms_throttle_take(table, ALICE, NOON + 600 * SECOND, &three_a_minute), 0);
    }
    free(table);
}

static void a_refusal_is_not_counted(void **state)
{
    (void)state;
    void *table = new_table();

    for (int i = 0; i < 100; i++) {
        ms_throttle_take(table, ALICE, NOON, &three_a_minute);
    }
    assert_int_equal(ms_throttle_take(table, ALICE, NOON + 20 * SECOND, &three_a_minute), 0);
    free(table);
}

static void one_given_back_may_be_taken_again_and_forgotten_means_all(void **state)
{
    (void)state;
    void *table = new_table();

    for (int i = 0; i < 3; i++) {
        ms_throttle_take(table, ALICE, NOON, &three_a_minute);
    }
    ms_throttle_give_back(table, ALICE, NOON, &three_a_minute);
    assert_int_equal(ms_throttle_take(table, ALICE, NOON, &three_a_minute), 0);
    assert_int_not_equal(ms_throttle_take(table, ALICE, NOON, &three_a_minute), 0);
    ms_throttle_forget(table, ALICE, NOON, &three_a_minute);
    assert_int_equal(ms_throttle_take(table, ALICE, NOON, &three_a_minute), 0);
    free(table);
}

static void giving_back_what_was_not_counted_makes_no_room(void **state)
{
    (void)state;
    void *table = new_table();

    ms_throttle_give_back(table, ALICE, NOON, &three_a_minute);
    ms_throttle_take(table, ALICE, NOON, &three_a_minute);
    for (int i = 0; i < 9; i++) {
        ms_throttle_give_back(table, ALICE, NOON, &three_a_minute);
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ms_throttle_take(table, ALICE, NOON, &three_a_minute), 0);
    }
    assert_int_equal(ms_throttle_take(table, ALICE, NOON, &three_a_minute), 20);
    free(table);
}

static void what_one_key_returns_is_taken_off_another(void **state)
{
    (void)state;
    void *table = new_table();

    for (int i = 0; i < 3; i++) {
        ms_throttle_take(table, ALICE, NOON, &three_a_minute);
    }
    for (int i = 0; i < 2; i++) {
        ms_throttle_take(table, BOB, NOON, &three_a_minute);
    }
    ms_throttle_lower(table, ALICE, NOON, &three_a_minute,
                      ms_throttle_give_back(table, BOB, NOON, &three_a_minute));
    assert_int_equal(ms_throttle_take(table, ALICE, NOON, &three_a_minute), 0);
    assert_int_equal(ms_throttle_take(table, ALICE, NOON, &three_a_minute), 20);
    ms_throttle_lower(table, ALICE, NOON + 5 * SECOND, &three_a_minute,
                      ms_throttle_forget(table, BOB, NOON + 5 * SECOND, &three_a_minute));
    assert_int_equal(ms_throttle_take(table, ALICE, NOON + 5 * SECOND, &three_a_minute), 0);
    assert_int_equal(ms_throttle_take(table, ALICE, NOON + 5 * SECOND, &three_a_minute), 20);
    free(table);
}

static void nothing_is_returned_twice_or_after_it_drained(void **state)
{
    (void)state;
    void *table = new_table();

    assert_int_equal(ms_throttle_give_back(table, BOB, NOON, &three_a_minute), 0);
    ms_throttle_take(table, BOB, NOON, &three_a_minute);
    assert_true(ms_throttle_forget(table, BOB, NOON, &three_a_minute) > 0);
    assert_int_equal(ms_throttle_give_back(table, BOB, NOON, &three_a_minute), 0);
    assert_int_equal(ms_throttle_forget(table, BOB, NOON, &three_a_minute), 0);
    ms_throttle_take(table, BOB, NOON, &three_a_minute);
    assert_int_equal(ms_throttle_forget(table, BOB, NOON + 20 * SECOND, &three_a_minute), 0);
    free(table);
}

static void a_clock_set_back_blocks_no_user_for_longer_than_the_period(void **state)
{
    (void)state;
    void *table = new_table();

    ms_throttle_take(table, ALICE, NOON + 86400 * SECOND, &three_a_minute);
    assert_in_range(ms_throttle_take(table, ALICE, NOON, &three_a_minute), 1, 20);
    assert_int_equal(ms_throttle_take(table, ALICE, NOON + 20 * SECOND, &three_a_minute), 1 * 20);
    free(table);
}

static void a_full_set_forgets_the_key_that_failed_least(void **state)
{
    (void)state;
    void *table = new_table();
    const apr_uint64_t next = (apr_uint64_t)1 << 40; /* another tag in the same set */

    for (int i = 0; i < 3; i++) {
        ms_throttle_take(table, ALICE, NOON, &three_a_minute);
    }
    for (apr_uint64_t i = 1; i <= 100; i++) {
        assert_int_equal(ms_throttle_take(table, ALICE + i * next, NOON, &three_a_minute), 0);
    }
    assert_int_equal(ms_throttle_take(table, ALICE, NOON, &three_a_minute), 20);
    free(table);
}

static void *shared_table;
static int taken[8];

static void *APR_THREAD_FUNC take_many(apr_thread_t *thread, void *mine)
{
    static const ms_rate thousand = {1000, 86400};
    int *n = mine;

    for (int i = 0; i < 10000; i++) {
        *n += ms_throttle_take(shared_table, BOB, NOON, &thousand) == 0;
    }
    apr_thread_exit(thread, APR_SUCCESS);
    return NULL;
}

static void of_many_at_once_no_more_get_through(void **state)
{
    apr_thread_t *threads[8];
    apr_status_t rv;
    int sum = 0;

    shared_table = new_table();
    for (int i = 0; i < 8; i++) {
        taken[i] = 0;
        assert_int_equal(apr_thread_create(&threads[i], NULL, take_many, &taken[i], *state), 0);
    }
    for (int i = 0; i < 8; i++) {
        apr_thread_join(&rv, threads[i]);
        sum += taken[i];
    }
    assert_int_equal(sum, 1000);
    free(shared_table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(as_many_as_the_rate_allows_and_then_none),
        TEST(a_look_counts_nothing),
        TEST(what_was_overdrawn_is_waited_for),
        TEST(what_was_counted_drains_away_evenly),
        TEST(a_refusal_is_not_counted),
        TEST(one_given_back_may_be_taken_again_and_forgotten_means_all),
        TEST(giving_back_what_was_not_counted_makes_no_room),
        TEST(what_one_key_returns_is_taken_off_another),
        TEST(nothing_is_returned_twice_or_after_it_drained),
        TEST(a_clock_set_back_blocks_no_user_for_longer_than_the_period),
        TEST(a_full_set_forgets_the_key_that_failed_least),
        TEST(of_many_at_once_no_more_get_through),
    };

    return RUN(tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stdlib.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>
#include "core/refusals.h"

#define NOON   ((apr_int64_t)1795435200)
#define MINUTE ((apr_int64_t)60)
#define ALICE  ((apr_uint64_t)0x1234567890abcdef)
#define BOB    ((apr_uint64_t)0xfedcba0987654321)

static void *new_table(void)
{
    void *table = calloc(1, ms_refusals_size());

    assert_non_null(table);
    return table;
}

static ms_refusal of(const char *user)
{
    ms_refusal refusal = {0};

    apr_cpystrn(refusal.user, user, sizeof(refusal.user));
    return refusal;
}

static int is_first(void *table, apr_uint64_t key, const char *user, apr_int64_t now,
                    ms_refusal *due)
{
    const ms_refusal refusal = of(user);

    return ms_refusals_is_first(table, key, now, MINUTE, &refusal, due);
}

static void the_first_is_written_and_the_others_are_one_summary(void **state)
{
    (void)state;
    void *table = new_table();
    ms_refusal due;
    apr_size_t at = 0;

    assert_true(is_first(table, ALICE, "alice", NOON, &due));
    for (int i = 0; i < 41; i++) {
        assert_false(is_first(table, ALICE, "alice", NOON + i, &due));
    }
    assert_true(is_first(table, BOB, "bob", NOON, &due));
    assert_false(ms_refusals_next_due(table, NOON + MINUTE - 1, &at, &due));
    at = 0;
    assert_true(ms_refusals_next_due(table, NOON + MINUTE, &at, &due));
    assert_string_equal(due.user, "alice");
    assert_int_equal(due.count, 41);
    assert_false(ms_refusals_next_due(table, NOON + MINUTE, &at, &due));
    at = 0;
    assert_false(ms_refusals_next_due(table, NOON + MINUTE, &at, &due));
    free(table);
}

static void a_new_period_begins_with_the_summary_of_the_last(void **state)
{
    (void)state;
    void *table = new_table();
    ms_refusal due;

    assert_true(is_first(table, ALICE, "alice", NOON, &due));
    assert_int_equal(due.count, 0);
    assert_false(is_first(table, ALICE, "alice", NOON, &due));
    assert_true(is_first(table, ALICE, "alice", NOON + MINUTE, &due));
    assert_int_equal(due.count, 1);
    assert_false(is_first(table, ALICE, "alice", NOON + MINUTE, &due));
    free(table);
}

static void a_clock_that_is_set_back_begins_a_new_period(void **state)
{
    (void)state;
    void *table = new_table();
    ms_refusal due;

    assert_true(is_first(table, ALICE, "alice", NOON, &due));
    assert_true(is_first(table, ALICE, "alice", NOON - 10 * MINUTE, &due));
    free(table);
}

static void more_keys_than_fit_lose_no_count(void **state)
{
    (void)state;
    void *table = new_table();
    ms_refusal due;
    apr_size_t at = 0;
    apr_uint32_t total = 0;

    for (apr_uint64_t key = 1; key <= 5000; key++) {
        for (int i = 0; i < 3; i++) {
            if (is_first(table, key * 128, "x", NOON, &due)) {
                total += due.count;
            }
        }
    }
    while (ms_refusals_next_due(table, NOON + MINUTE, &at, &due)) {
        total += due.count;
    }
    assert_int_equal(total, 10000);
    free(table);
}

/* The lock is the first word of a key's set. */
static void after_a_child_was_killed_in_it_all_of_a_set_are_written(void **state)
{
    (void)state;
    void *table = new_table();
    const apr_size_t set_size = ms_refusals_size() / 128;
    const apr_uint64_t beside = ALICE + 1;
    ms_refusal due;
    apr_size_t at = 0;

    assert_true(is_first(table, ALICE, "alice", NOON, &due));
    assert_false(is_first(table, ALICE, "alice", NOON, &due));
    *(apr_uint32_t *)((char *)table + ALICE % 128 * set_size) = 1;
    assert_true(is_first(table, ALICE, "alice", NOON, &due));
    assert_int_equal(due.count, 0);
    assert_true(is_first(table, beside, "bob", NOON, &due));
    assert_false(is_first(table, beside, "bob", NOON, &due));
    assert_true(ms_refusals_next_due(table, NOON + MINUTE, &at, &due));
    assert_string_equal(due.user, "bob");
    assert_false(ms_refusals_next_due(table, NOON + MINUTE, &at, &due));
    free(table);
}

/* The first waiter gives it up, so that the next ones do not wait; if its holder was only slow, it
 * is free again. */
static void a_lock_that_is_not_released_is_waited_for_once(void **state)
{
    (void)state;
    void *table = new_table();
    volatile apr_uint32_t *lock =
        (apr_uint32_t *)((char *)table + ALICE % 128 * (ms_refusals_size() / 128));
    ms_refusal due;

    *lock = 1;
    assert_true(is_first(table, ALICE, "alice", NOON, &due));
    assert_int_not_equal(*lock, 1);
    assert_int_not_equal(*lock, 0);
    assert_true(is_first(table, ALICE, "alice", NOON, &due));
    assert_int_not_equal(*lock, 1);
    *lock = 0; /* as the slow one does at its end */
    assert_true(is_first(table, ALICE, "alice", NOON, &due));
    assert_false(is_first(table, ALICE, "alice", NOON, &due));
    assert_int_equal(*lock, 0);
    free(table);
}

static volatile int firsts;
static void *shared;

static void *APR_THREAD_FUNC refuse_often(apr_thread_t *thread, void *unused)
{
    ms_refusal due;

    (void)thread, (void)unused;
    for (int i = 0; i < 2000; i++) {
        if (is_first(shared, ALICE, "alice", NOON, &due)) {
            __sync_fetch_and_add(&firsts, 1);
        }
    }
    return NULL;
}

static void of_many_at_once_one_is_the_first(void **state)
{
    apr_thread_t *threads[8];
    apr_pool_t *p = *state;
    apr_status_t rv;
    ms_refusal due;
    apr_size_t at = 0;

    shared = new_table();
    firsts = 0;
    for (int i = 0; i < 8; i++) {
        apr_thread_create(&threads[i], NULL, refuse_often, NULL, p);
    }
    for (int i = 0; i < 8; i++) {
        apr_thread_join(&rv, threads[i]);
    }
    assert_true(ms_refusals_next_due(shared, NOON + MINUTE, &at, &due));
    assert_int_equal(firsts, 1);
    assert_int_equal(due.count, 15999);
    free(shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_first_is_written_and_the_others_are_one_summary),
        TEST(a_new_period_begins_with_the_summary_of_the_last),
        TEST(a_clock_that_is_set_back_begins_a_new_period),
        TEST(more_keys_than_fit_lose_no_count),
        TEST(after_a_child_was_killed_in_it_all_of_a_set_are_written),
        TEST(a_lock_that_is_not_released_is_waited_for_once),
        TEST(of_many_at_once_one_is_the_first),
    };

    return RUN(tests);
}

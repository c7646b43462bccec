/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "db/reach.h"

#define NOW apr_time_from_sec(1000000)

/* Two children of a host. */
typedef struct host {
    ms_reach *one, *other;
} host;

static host make_host(apr_pool_t *p)
{
    void *shared = apr_pcalloc(p, ms_reach_shared_size());

    return (host){ms_reach_create(p, shared), ms_reach_create(p, shared)};
}

static void all_may_try_a_database_that_is_not_known_to_be_away(void **state)
{
    host h = make_host(*state);

    for (int i = 0; i < 3; i++) {
        assert_true(ms_reach_may_try(h.one, NOW) && ms_reach_may_try(h.other, NOW));
    }
    assert_false(ms_reach_is_away(h.one));
}

/* The first one, and another at once; the latter was allowed for the next second. */
static void one_of_the_host_tries_in_each_second(void **state)
{
    host h = make_host(*state);

    ms_reach_lost(h.one, NOW);
    assert_true(ms_reach_is_away(h.other));
    assert_true(ms_reach_may_try(h.other, NOW));
    ms_reach_lost(h.other, NOW);
    for (int second = 1; second < 4; second++) {
        const apr_time_t then = NOW + apr_time_from_sec(second);

        assert_false(ms_reach_may_try(h.one, then - 1));
        assert_false(ms_reach_may_try(h.other, then - 1));
        assert_true(ms_reach_may_try(second % 2 ? h.other : h.one, then));
        assert_false(ms_reach_may_try(h.one, then));
        assert_false(ms_reach_may_try(h.other, then));
    }
}

static void two_at_once_if_there_was_none_for_long(void **state)
{
    host h = make_host(*state);
    const apr_time_t later = NOW + apr_time_from_sec(3600);

    ms_reach_lost(h.one, NOW);
    assert_true(ms_reach_may_try(h.one, later) && ms_reach_may_try(h.other, later));
    assert_false(ms_reach_may_try(h.one, later));
}

static void all_may_try_when_it_has_answered_one(void **state)
{
    host h = make_host(*state);

    ms_reach_lost(h.one, NOW);
    ms_reach_found(h.other);
    assert_true(ms_reach_may_try(h.one, NOW) && ms_reach_may_try(h.other, NOW));
    assert_false(ms_reach_is_away(h.one));
}

/* It has no place for more connections, say. */
static void a_child_that_has_a_connection_may_use_it(void **state)
{
    host h = make_host(*state);

    ms_reach_opened(h.one);
    ms_reach_lost(h.other, NOW);
    assert_true(ms_reach_may_try(h.other, NOW));
    for (int i = 0; i < 3; i++) {
        assert_true(ms_reach_may_try(h.one, NOW));
    }
    assert_false(ms_reach_may_try(h.other, NOW));
    ms_reach_closed(h.one);
    assert_false(ms_reach_may_try(h.one, NOW));
}

static void what_was_closed_is_counted(void **state)
{
    host h = make_host(*state);

    ms_reach_opened(h.one);
    ms_reach_opened(h.one);
    assert_int_equal(ms_reach_closings(h.one), 0);
    ms_reach_closed(h.one);
    assert_int_equal(ms_reach_closings(h.one), 1);
    assert_int_equal(ms_reach_closings(h.other), 0);
}

static void a_clock_that_was_set_back_does_not_end_the_tries(void **state)
{
    host h = make_host(*state);
    const apr_time_t before = NOW - apr_time_from_sec(3600);

    ms_reach_lost(h.one, NOW);
    assert_true(ms_reach_may_try(h.one, before) && ms_reach_may_try(h.one, before));
    assert_false(ms_reach_may_try(h.one, before));
}

static void it_is_logged_once_a_second(void **state)
{
    host h = make_host(*state);

    assert_true(ms_reach_may_log(h.one, NOW));
    assert_false(ms_reach_may_log(h.other, NOW + 999999));
    assert_true(ms_reach_may_log(h.other, NOW + 1000000));
}

static void without_shared_memory_each_child_is_on_its_own(void **state)
{
    host h = {ms_reach_create(*state, NULL), ms_reach_create(*state, NULL)};

    ms_reach_lost(h.one, NOW);
    for (int i = 0; i < 3; i++) {
        assert_true(ms_reach_may_try(h.one, NOW) == (i == 0));
        assert_true(ms_reach_may_try(h.other, NOW));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_may_try_a_database_that_is_not_known_to_be_away),
        TEST(one_of_the_host_tries_in_each_second),
        TEST(two_at_once_if_there_was_none_for_long),
        TEST(all_may_try_when_it_has_answered_one),
        TEST(a_child_that_has_a_connection_may_use_it),
        TEST(what_was_closed_is_counted),
        TEST(a_clock_that_was_set_back_does_not_end_the_tries),
        TEST(it_is_logged_once_a_second),
        TEST(without_shared_memory_each_child_is_on_its_own),
    };

    return RUN(tests);
}

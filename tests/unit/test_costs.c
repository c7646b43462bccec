/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "core/costs.h"

#define BCRYPT 60000u
#define APR1   500u
#define SHA1   40u

static ms_costs *new_costs(apr_pool_t *p)
{
    return apr_pcalloc(p, ms_costs_size());
}

static void learn(ms_costs *costs, apr_uint32_t took, int times)
{
    for (int i = 0; i < times; i++) {
        ms_costs_learn(costs, took);
    }
}

/* How many of 1000 names that spread evenly get that cost. */
static int share_of(const ms_costs *costs, apr_uint32_t cost)
{
    int n = 0;

    for (apr_uint64_t i = 0; i < 1000; i++) {
        n += ms_costs_pick(costs, (apr_uint32_t)(i * 4294967)) == cost;
    }
    return n;
}

static void test_nothing_is_known_at_first(void **state)
{
    const ms_costs *costs = new_costs(*state);

    assert_int_equal(ms_costs_pick(costs, 0), 0);
    assert_int_equal(ms_costs_pick(costs, 0xffffffffu), 0);
    assert_int_equal(ms_costs_mean(costs), 0);
}

static void test_unknown_users_cost_what_known_ones_do_in_proportion(void **state)
{
    ms_costs *costs = new_costs(*state);

    learn(costs, BCRYPT, 60);
    learn(costs, APR1, 30);
    learn(costs, SHA1, 10);
    assert_in_range(share_of(costs, BCRYPT), 590, 610);
    assert_in_range(share_of(costs, APR1), 290, 310);
    assert_in_range(share_of(costs, SHA1), 90, 110);
    assert_in_range(ms_costs_mean(costs), 36000, 36300);
}

static void test_a_name_keeps_its_cost(void **state)
{
    ms_costs *costs = new_costs(*state);

    learn(costs, BCRYPT, 50);
    learn(costs, SHA1, 50);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(ms_costs_pick(costs, 0x10000000u), SHA1);
        assert_int_equal(ms_costs_pick(costs, 0xf0000000u), BCRYPT);
        learn(costs, i % 2 ? BCRYPT : SHA1, 1);
    }
}

static void test_a_kind_that_is_no_longer_used_fades(void **state)
{
    ms_costs *costs = new_costs(*state);

    learn(costs, SHA1, 1000);
    learn(costs, BCRYPT, 60000);
    assert_int_equal(share_of(costs, SHA1), 0);
    assert_in_range(share_of(costs, BCRYPT), 999, 1000);
}

static void test_any_cost_has_a_class(void **state)
{
    ms_costs *costs = new_costs(*state);

    ms_costs_learn(costs, 0xffffffffu);
    assert_int_equal(ms_costs_pick(costs, 0), 0xffffffffu);
    ms_costs_learn(costs, 0);
    ms_costs_learn(costs, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_nothing_is_known_at_first),
        TEST(test_unknown_users_cost_what_known_ones_do_in_proportion),
        TEST(test_a_name_keeps_its_cost),
        TEST(test_a_kind_that_is_no_longer_used_fades),
        TEST(test_any_cost_has_a_class),
    };

    return RUN(tests);
}

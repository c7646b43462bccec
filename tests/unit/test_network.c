/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "core/network.h"

static void test_a_network_has_one_name(void **state)
{
    assert_string_equal(ms_network_name(*state, "192.0.2.7"), "192.0.2.0/24");
    assert_string_equal(ms_network_name(*state, "2001:db8::1"), "20010db800000000/64");
    assert_string_equal(ms_network_name(*state, "::1"), "0000000000000000/64");
    assert_null(ms_network_name(*state, ""));
    assert_null(ms_network_name(*state, "host.example"));
    assert_null(ms_network_name(*state, "192.0.2.7/24"));
}

static void test_addresses_of_one_network(void **state)
{
    assert_true(ms_network_is_same(*state, "192.0.2.7", "192.0.2.255"));
    assert_false(ms_network_is_same(*state, "192.0.2.7", "192.0.20.7"));
    assert_false(ms_network_is_same(*state, "192.0.2.7", "192.0.3.7"));
    /* One beginning, written in two ways. */
    assert_true(ms_network_is_same(*state, "2001:0:0:5::1", "2001::5:1:2:3:4"));
    assert_true(ms_network_is_same(*state, "2001:db8::1", "2001:db8::1:2:3:4"));
    assert_false(ms_network_is_same(*state, "2001:db8::1", "2001:db8:0:1::1"));
    assert_false(ms_network_is_same(*state, "2001:db8::1", "nonsense"));
    assert_false(ms_network_is_same(*state, "nonsense", "nonsense"));
}

static void test_the_pattern_has_digits_and_its_end_only(void **state)
{
    assert_string_equal(ms_network_like(*state, "192.0.2.7"), "192.0.2.%");
    assert_string_equal(ms_network_like(*state, "2001:db8::1"), "2001:%");
    assert_string_equal(ms_network_like(*state, "fe80::1"), "fe80:%");
    assert_string_equal(ms_network_like(*state, "::1"), "%:%");
    assert_null(ms_network_like(*state, "%"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_network_has_one_name),
        TEST(test_addresses_of_one_network),
        TEST(test_the_pattern_has_digits_and_its_end_only),
    };

    return RUN(tests);
}

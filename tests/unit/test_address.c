/* SPDX-License-Identifier: Apache-2.0 */
/*
 * src/core/address.c: each address has one spelling.
 */
#include "unit.h"

#include "core/address.h"

static void an_address_has_one_spelling(void **state)
{
    static const struct {
        const char *text, *address;
    } cases[] = {{"192.0.2.7", "192.0.2.7"},
                 {"0.0.0.0", "0.0.0.0"},
                 {"::ffff:192.0.2.7", "192.0.2.7"},
                 {"::FFFF:c000:207", "192.0.2.7"},
                 {"2001:DB8:0:0:0::7", "2001:db8::7"},
                 {"2001:0db8:0000:0000:0000:0000:0000:0007", "2001:db8::7"},
                 {"::", "::"},
                 {"::1", "::1"},
                 {"fe80::1%eth0", "fe80::1%eth0"},
                 {"FE80:0::1%br-0.7_x", "fe80::1%br-0.7_x"}};
    static const char *const none[] = {"",
                                       " ",
                                       "x",
                                       "192.0.2",
                                       "192.0.2.256",
                                       "192.0.2.7 ",
                                       " 192.0.2.7",
                                       "192.0.2.7%",
                                       "192.0.2.7%eth0",
                                       "192.0.2.0/24",
                                       "0x7f.1",
                                       "127.1",
                                       "1:2",
                                       "2001:db8::7::1",
                                       "[2001:db8::7]",
                                       "fe80::1%",
                                       "fe80::1%a b",
                                       "fe80::1%%",
                                       "fe80::1%eth0%eth0",
                                       "fe80::1%\xFF",
                                       "%eth0",
                                       "'",
                                       "\xFF",
                                       "fe80::1%sixteen_letters_"};

    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_string_equal(ms_address_canonical(*state, cases[i].text), cases[i].address);
    }
    for (size_t i = 0; i < COUNT(none); i++) {
        assert_null(ms_address_canonical(*state, none[i]));
    }
    assert_null(ms_address_canonical(*state, unit_repeat(*state, "1", 100000)));
    assert_null(ms_address_canonical(
        *state, apr_pstrcat(*state, "::1%", unit_repeat(*state, "1", 100000), NULL)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_address_has_one_spelling),
    };

    return RUN(tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * src/core/clock.c: moments as text.
 */
#include "unit.h"

#include "core/clock.h"

static void times_are_in_utc(void **state)
{
    static const struct {
        apr_int64_t epoch;
        const char *text;
    } cases[] = {{0, "1970-01-01T00:00:00Z"},
                 {1795442400, "2026-11-23T14:00:00Z"},
                 {1709164800, "2024-02-29T00:00:00Z"},
                 {APR_INT64_C(2147483648), "2038-01-19T03:14:08Z"},
                 {-1, "1969-12-31T23:59:59Z"},
                 {APR_INT64_C(253402300799), "9999-12-31T23:59:59Z"},
                 {APR_INT64_MAX, "9999-12-31T23:59:59Z"},
                 {APR_INT64_MIN, "0000-01-01T00:00:00Z"}};
    apr_size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        assert_string_equal(ms_clock_rfc3339(*state, cases[i].epoch), cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(times_are_in_utc),
    };

    return RUN(tests);
}

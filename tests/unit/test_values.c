/* SPDX-License-Identifier: Apache-2.0 */
/*
 * src/config/values.c: durations and identifiers of directives.
 */
#include "unit.h"

#include "config/values.h"

static void durations_are_read(void **state)
{
    static const struct {
        const char *text;
        apr_int64_t seconds;
    } cases[] = {
        {"0", 0},
        {"0s", 0},
        {"0w", 0},
        {"1", 1},
        {"90", 90},
        {"90s", 90},
        {"15m", 900},
        {"12h", 43200},
        {"30d", 2592000},
        {"2w", 1209600},
        {"007", 7},
        {"400d", 34560000},
        {"3650d", 315360000},
        {"315360000", 315360000},
    };
    apr_size_t i;

    (void)state;
    for (i = 0; i < COUNT(cases); i++) {
        apr_int64_t seconds = -1;
        assert_true(ms_values_duration(cases[i].text, &seconds));
        assert_int_equal(seconds, cases[i].seconds);
    }
}

static void other_text_is_no_duration(void **state)
{
    static const char *const bad[] = {NULL,
                                      "",
                                      " ",
                                      "-1",
                                      "+1",
                                      "1x",
                                      "1 h",
                                      " 1h",
                                      "1h ",
                                      "1.5h",
                                      "5mm",
                                      "5ms",
                                      "1h30m",
                                      "h",
                                      "m5",
                                      "1H",
                                      "1M",
                                      "0x10",
                                      "1e3",
                                      "1,5",
                                      "ten",
                                      "1\n",
                                      "\xD9\xA1", /* an Arabic one */
                                      "3651d",
                                      "522w",
                                      "315360001",
                                      "87601h",
                                      "5256001m",
                                      "9223372036854775807",
                                      "9223372036854775808",
                                      "18446744073709551617",
                                      "153722867280912931m",
                                      "15250284452472w",
                                      "99999999999999999999999999999999999999999d"};
    apr_size_t i;

    (void)state;
    for (i = 0; i < COUNT(bad); i++) {
        apr_int64_t seconds = 42;
        assert_false(ms_values_duration(bad[i], &seconds));
        assert_int_equal(seconds, 42);
    }
}

static void sizes_are_read(void **state)
{
    static const struct {
        const char *text;
        apr_int64_t bytes;
    } good[] = {{"0", 0},
                {"65536", 65536},
                {"64K", 65536},
                {"64k", 65536},
                {"256M", 268435456},
                {"2G", APR_INT64_C(2147483648)},
                {"2g", APR_INT64_C(2147483648)},
                {"1024G", APR_INT64_C(1099511627776)}};
    static const char *const bad[] = {NULL,
                                      "",
                                      "K",
                                      "-1",
                                      "+1",
                                      "1 K",
                                      "1KB",
                                      "1T",
                                      "1.5G",
                                      " 1",
                                      "0x10",
                                      "1025G",
                                      "1099511627777",
                                      "99999999999999999999999999999999999G"};

    (void)state;
    for (apr_size_t i = 0; i < COUNT(good); i++) {
        apr_int64_t bytes = -1;

        assert_true(ms_values_size(good[i].text, &bytes));
        assert_true(bytes == good[i].bytes);
    }
    for (apr_size_t i = 0; i < COUNT(bad); i++) {
        apr_int64_t bytes = 42;

        assert_false(ms_values_size(bad[i], &bytes));
        assert_true(bytes == 42);
    }
}

static void identifiers_are_plain(void **state)
{
    static const char *const good[] = {"managed_session", "a", "_", "_1", "Table2", "Z"};
    static const char *const bad[] = {NULL,   "",     "1a",  "a b", "a-b",      "a.b",   "a;b",
                                      "a\"b", "a'b",  "a`b", "a\n", "\xC3\xA9", "a\xFF", " a",
                                      "a ",   "a)--", "$a",  "[a]", "9"};
    apr_size_t i;

    for (i = 0; i < COUNT(good); i++) {
        assert_true(ms_values_is_identifier(good[i]));
    }
    for (i = 0; i < COUNT(bad); i++) {
        assert_false(ms_values_is_identifier(bad[i]));
    }
    assert_true(ms_values_is_identifier(unit_repeat(*state, "a", 48)));
    assert_false(ms_values_is_identifier(unit_repeat(*state, "a", 49)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(durations_are_read),
        TEST(other_text_is_no_duration),
        TEST(sizes_are_read),
        TEST(identifiers_are_plain),
    };

    return RUN(tests);
}

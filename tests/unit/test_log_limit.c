/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "core/log_limit.h"

static const apr_time_t noon = apr_time_from_sec(1700000000);

static void test_one_line_a_second(void **state)
{
    apr_uint32_t skipped = 99;

    (void)state;
    assert_true(ms_log_limit_pass(MS_LOG_TWO_SESSIONS, noon, &skipped));
    assert_int_equal(skipped, 0);
    for (int i = 0; i < 5; i++) {
        assert_false(ms_log_limit_pass(MS_LOG_TWO_SESSIONS, noon + i, &skipped));
    }
    assert_true(ms_log_limit_pass(MS_LOG_TWO_SESSIONS, noon + APR_USEC_PER_SEC, &skipped));
    assert_int_equal(skipped, 5);
}

static void test_some_are_one_a_minute(void **state)
{
    apr_uint32_t skipped = 99;
    const apr_time_t minute = apr_time_from_sec(1700000000 / 60 * 60);

    (void)state;
    assert_true(ms_log_limit_pass(MS_LOG_PLAIN_HTTP, minute, &skipped));
    assert_false(ms_log_limit_pass(MS_LOG_PLAIN_HTTP, minute + apr_time_from_sec(59), &skipped));
    assert_true(ms_log_limit_pass(MS_LOG_PLAIN_HTTP, minute + apr_time_from_sec(60), &skipped));
    assert_int_equal(skipped, 1);
}

static void test_each_kind_has_its_own(void **state)
{
    apr_uint32_t skipped;

    (void)state;
    assert_true(ms_log_limit_pass(MS_LOG_FOREIGN_COOKIE, noon, &skipped));
    assert_true(ms_log_limit_pass(MS_LOG_IGNORED_HEADER, noon, &skipped));
}

static void test_a_clock_set_back_silences_nothing(void **state)
{
    apr_uint32_t skipped;

    (void)state;
    assert_true(ms_log_limit_pass(MS_LOG_FOREIGN_WEBSOCKET, noon, &skipped));
    assert_true(
        ms_log_limit_pass(MS_LOG_FOREIGN_WEBSOCKET, noon - apr_time_from_sec(3600), &skipped));
}

static void test_the_suffix_tells_that_lines_were_skipped(void **state)
{
    int written = 0, refused = 0;

    for (int i = 0; i < 400 && written < 3; i++) {
        const char *text = ms_log_limit_suffix(MS_LOG_TWO_SESSIONS, *state);

        if (text) {
            assert_int_equal(refused > 0, strstr(text, "more like this were not logged") != NULL);
            written++;
        }
        refused = text ? 0 : refused + 1;
        apr_sleep(apr_time_from_msec(10));
    }
    assert_int_equal(written, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_one_line_a_second), TEST(test_some_are_one_a_minute),
        TEST(test_each_kind_has_its_own), TEST(test_a_clock_set_back_silences_nothing),
        TEST(test_the_suffix_tells_that_lines_were_skipped)};

    return RUN(tests);
}

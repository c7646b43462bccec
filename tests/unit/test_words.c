/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ctl/words.c: spans of time, counts, and text of clients on a terminal.
 */
#include "unit.h"

#include <stdlib.h>
#include <time.h>
#include "ctl/words.h"

static void a_span_has_one_unit_or_two(void **state)
{
    static const struct {
        apr_int64_t seconds;
        const char *one, *two;
    } cases[] = {
        {-5, "0s", "0s"},    {0, "0s", "0s"},
        {59, "59s", "59s"},  {60, "1m", "1m"},
        {61, "1m", "1m 1s"}, {3599, "59m", "59m 59s"},
        {3600, "1h", "1h"},  {3661, "1h", "1h 1m"},
        {3601, "1h", "1h"},  {86399, "23h", "23h 59m"},
        {86400, "1d", "1d"}, {90000, "1d", "1d 1h"},
        {86460, "1d", "1d"}, {34560000, "400d", "400d"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_string_equal(ms_words_span(*state, cases[i].seconds), cases[i].one);
        assert_string_equal(ms_words_long_span(*state, cases[i].seconds), cases[i].two);
    }
}

static void a_moment_is_in_the_time_zone_of_the_process(void **state)
{
    setenv("TZ", "UTC", 1);
    tzset();
    assert_string_equal(ms_words_moment(*state, 0), "1970-01-01 00:00:00");
    setenv("TZ", "Europe/Vienna", 1);
    tzset();
    assert_string_equal(ms_words_moment(*state, 1782000000), "2026-06-21 02:00:00");
    assert_non_null(ms_words_moment(*state, APR_INT64_MAX));
}

static void one_has_no_plural(void **state)
{
    assert_string_equal(ms_words_count(*state, 0, "session"), "0 sessions");
    assert_string_equal(ms_words_count(*state, 1, "session"), "1 session");
    assert_string_equal(ms_words_count(*state, 2, "row"), "2 rows");
}

static void no_escape_sequence_reaches_the_terminal(void **state)
{
    assert_string_equal(ms_words_clean(*state, "a\033[2Jb\x07\x7F"
                                               "c\r\nd"),
                        "a[2Jbcd");
    assert_string_equal(ms_words_clean(*state, "\xC2\x9B"
                                               "31mred"),
                        "31mred");                                                 /* CSI as C1 */
    assert_string_equal(ms_words_clean(*state, "\xE2\x80\xAEgnp.exe"), "gnp.exe"); /* RLO */
    assert_string_equal(ms_words_clean(*state, "a\xFF"
                                               "b"),
                        "a\xEF\xBF\xBD"
                        "b");
    assert_string_equal(ms_words_clean(*state, NULL), "");
}

static void widths_are_those_of_a_terminal(void **state)
{
    (void)state;
    assert_int_equal(ms_words_width(""), 0);
    assert_int_equal(ms_words_width("alice"), 5);
    assert_int_equal(ms_words_width("J\xC3\xB6rg"), 4);
    assert_int_equal(ms_words_width("e\xCC\x81"), 1);                /* a combining accent */
    assert_int_equal(ms_words_width("\xE6\x97\xA5\xE6\x9C\xAC"), 4); /* two wide characters */
}

static void a_cut_keeps_characters_whole(void **state)
{
    static const struct {
        const char *text;
        int width;
        const char *cut;
    } cases[] = {
        {"alice", 5, "alice"},
        {"alice", 9, "alice"},
        {"alice", 4, "ali\xE2\x80\xA6"},
        {"alice", 1, "\xE2\x80\xA6"},
        {"alice", 0, ""},
        {"", 0, ""},
        {"J\xC3\xB6rgen", 3, "J\xC3\xB6\xE2\x80\xA6"},
        {"e\xCC\x81"
         "cole",
         2, "e\xCC\x81\xE2\x80\xA6"},
        {"\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E", 4, "\xE6\x97\xA5\xE2\x80\xA6"},
        {"\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E", 5, "\xE6\x97\xA5\xE6\x9C\xAC\xE2\x80\xA6"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *cut = ms_words_cut(*state, cases[i].text, cases[i].width);

        assert_string_equal(cut, cases[i].cut);
        assert_true(ms_words_width(cut) <= cases[i].width);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_span_has_one_unit_or_two),
        TEST(a_moment_is_in_the_time_zone_of_the_process),
        TEST(one_has_no_plural),
        TEST(no_escape_sequence_reaches_the_terminal),
        TEST(widths_are_those_of_a_terminal),
        TEST(a_cut_keeps_characters_whole),
    };

    return RUN(tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * src/core/utf8.c: text from outside is stored in a form that is valid and harmless. Bytes that
 * matter are written as escapes.
 */
#include "unit.h"

#include "core/utf8.h"

#define BAD        "\xEF\xBF\xBD" /* U+FFFD */
#define ANY_LENGTH 10000

static void good_text_is_stored_as_it_is(void **state)
{
    static const char *const good[] = {
        "",
        "Mozilla/5.0 (X11; Linux x86_64)",
        "Zo\xC3\xAB",
        "\xE6\x97\xA5\xE6\x9C\xAC",             /* 日本 */
        "\xF0\x9F\x98\x80",                     /* an emoji */
        "\xC2\xA0",                             /* just after C1 */
        "\xED\x9F\xBF\xEE\x80\x80",             /* either side of the surrogates */
        "\xF4\x8F\xBF\xBF",                     /* U+10FFFF */
        "\xE2\x80\x8D\xE2\x80\xA7\xE2\x80\xAF", /* around the bidirectional controls */
        "<script>alert(1)</script>",
        "{{7*7}}",
        "%0d%0a" /* escaping is the pages' work */
    };
    apr_size_t i;

    for (i = 0; i < COUNT(good); i++) {
        assert_ptr_equal(ms_utf8_storable(*state, good[i], ANY_LENGTH), good[i]);
        assert_true(ms_utf8_is_clean(good[i]));
    }
    assert_string_equal(ms_utf8_storable(*state, NULL, ANY_LENGTH), "");
}

static void bad_bytes_become_replacement_characters(void **state)
{
    static const struct {
        const char *text, *stored;
    } cases[] = {
        {"\xFF\xFE", BAD BAD},
        {"a\x80z", "a" BAD "z"}, /* a continuation of nothing */
        {"\xC0\xBC", BAD BAD},   /* "<", overlong */
        {"\xC1\xBF", BAD BAD},
        {"\xE0\x80\xBC", BAD BAD BAD}, /* "<", in three bytes */
        {"\xE0\x9F\xBF", BAD BAD BAD},
        {"\xF0\x80\x80\xBC", BAD BAD BAD BAD}, /* "<", in four */
        {"\xF0\x8F\xBF\xBF", BAD BAD BAD BAD},
        {"\xED\xA0\x80", BAD BAD BAD},                         /* half a surrogate pair */
        {"\xED\xA0\xBD\xED\xB8\x80", BAD BAD BAD BAD BAD BAD}, /* and a whole one */
        {"\xF4\x90\x80\x80", BAD BAD BAD BAD},                 /* U+110000 */
        {"\xF5\x80\x80\x80", BAD BAD BAD BAD},
        {"\xF8\x88\x80\x80\x80", BAD BAD BAD BAD BAD},
        {"\xC3", BAD}, /* cut short, at the end */
        {"\xE2\x82", BAD BAD},
        {"\xF0\x9F\x98", BAD BAD BAD},
        {"\xE2\x82|", BAD BAD "|"},       /* and in the middle */
        {"\xC3\xC3\xA9", BAD "\xC3\xA9"}, /* a good character is not dragged along */
    };
    apr_size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        assert_string_equal(ms_utf8_storable(*state, cases[i].text, ANY_LENGTH), cases[i].stored);
        assert_false(ms_utf8_is_clean(cases[i].text));
    }
}

static void controls_are_left_out(void **state)
{
    static const struct {
        const char *text, *stored;
        int clean;
    } cases[] = {
        {"a\tb\r\nc\x01", "abc", 0},
        {"\x1B[2Ja\x7F", "[2Ja", 0},
        {"a\xC2\x80\xC2\x85\xC2\x9F"
         "b",
         "ab", 0}, /* C1 */
        {"a\xE2\x80\xA8"
         "b\xE2\x80\xA9",
         "ab", 1}, /* U+2028, U+2029 */
        {"\xE2\x80\xAAgpj.\xE2\x80\xAE"
         "exe",
         "gpj.exe", 1},                              /* U+202A, U+202E */
        {"\xD8\x9C\xE2\x80\x8E\xE2\x80\x8F", "", 1}, /* U+061C, U+200E, U+200F */
        {"\xE2\x81\xA6"
         "a\xE2\x81\xA9",
         "a", 1},                                                    /* U+2066, U+2069 */
        {"\xE2\x81\xA5\xE2\x81\xAA", "\xE2\x81\xA5\xE2\x81\xAA", 1}, /* their neighbours stay */
        {"\xE2\x01\x80", BAD BAD, 0}, /* what is left out joins nothing together */
    };
    apr_size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        assert_string_equal(ms_utf8_storable(*state, cases[i].text, ANY_LENGTH), cases[i].stored);
        assert_int_equal(ms_utf8_is_clean(cases[i].text), cases[i].clean);
    }
}

static void long_text_is_cut_at_a_character(void **state)
{
    static const struct {
        const char *text;
        apr_size_t max;
        const char *stored;
    } cases[] = {
        {"abc", 3, "abc"},
        {"abc", 2, "ab"},
        {"abc", 0, ""},
        {"ab\xF0\x9F\x98\x80", 3, "ab\xF0\x9F\x98\x80"},
        {"ab\xF0\x9F\x98\x80", 2, "ab"},
        {"\xC3\xA9\xC3\xA9\xC3\xA9", 2, "\xC3\xA9\xC3\xA9"},
        {"a\n\n\nbc", 2, "ab"}, /* what is left out does not count */
        {"ab\n", 2, "ab"},
        {"\xFF\xFF\xFF", 2, BAD BAD},
        {"abc", (apr_size_t)-1, "abc"},
        {"a\x01", (apr_size_t)-1, "a"},
    };
    apr_size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        assert_string_equal(ms_utf8_storable(*state, cases[i].text, cases[i].max), cases[i].stored);
    }
}

static void a_huge_user_agent_is_stored_within_its_column(void **state)
{
    const char *stored = ms_utf8_storable(*state, unit_repeat(*state, "A", 10240), 512);
    assert_int_equal(strlen(stored), 512);

    stored = ms_utf8_storable(*state, unit_repeat(*state, "\xFF", 10240), 512);
    assert_int_equal(strlen(stored), 3 * 512);
    assert_int_equal(ms_utf8_length(stored), 512);

    stored = ms_utf8_storable(*state, unit_repeat(*state, "\xE2\x80\xAE", 10240), 512);
    assert_string_equal(stored, "");
}

static void stored_text_is_clean_for_any_bytes(void **state)
{
    apr_uint32_t seed;

    for (seed = 0; seed < 5000; seed++) {
        apr_size_t max = seed % 40;
        const char *stored = ms_utf8_storable(*state, unit_noise(*state, seed, seed % 61), max);
        assert_true(ms_utf8_is_clean(stored));
        assert_true(ms_utf8_length(stored) <= max);
        assert_ptr_equal(ms_utf8_storable(*state, stored, max), stored);
    }
}

static void a_name_is_1_to_255_clean_characters(void **state)
{
    static const char *const good[] = {"alice",  "a",          " alice ",    "Alice@EXAMPLE.ORG",
                                       "a'b\"c", "DOM\\alice", "Zo\xC3\xAB", "%00"};
    static const char *const bad[] = {NULL,        "",     "a\nb",     "a\tb",      "\x7F",
                                      "a\xC2\x85", "\xFF", "\xC0\x80", "alice\xC3", "\xED\xA0\x80",
                                      "\x01"};
    apr_size_t i;

    for (i = 0; i < COUNT(good); i++) {
        assert_true(ms_utf8_is_user_name(good[i]));
    }
    for (i = 0; i < COUNT(bad); i++) {
        assert_false(ms_utf8_is_user_name(bad[i]));
    }

    assert_true(ms_utf8_is_user_name(unit_repeat(*state, "a", 255)));
    assert_false(ms_utf8_is_user_name(unit_repeat(*state, "a", 256)));
    assert_true(ms_utf8_is_user_name(unit_repeat(*state, "\xF0\x9F\x98\x80", 255)));
    assert_false(ms_utf8_is_user_name(unit_repeat(*state, "\xF0\x9F\x98\x80", 256)));
}

static void length_counts_characters(void **state)
{
    (void)state;
    assert_int_equal(ms_utf8_length(""), 0);
    assert_int_equal(ms_utf8_length("alice"), 5);
    assert_int_equal(ms_utf8_length("Zo\xC3\xAB"), 3);
    assert_int_equal(ms_utf8_length("\xF0\x9F\x98\x80\xE6\x97\xA5"), 2);
}

static void null_is_not_clean_text(void **state)
{
    (void)state;
    assert_false(ms_utf8_is_clean(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(good_text_is_stored_as_it_is),
        TEST(bad_bytes_become_replacement_characters),
        TEST(controls_are_left_out),
        TEST(long_text_is_cut_at_a_character),
        TEST(a_huge_user_agent_is_stored_within_its_column),
        TEST(stored_text_is_clean_for_any_bytes),
        TEST(a_name_is_1_to_255_clean_characters),
        TEST(length_counts_characters),
        TEST(null_is_not_clean_text),
    };

    return RUN(tests);
}

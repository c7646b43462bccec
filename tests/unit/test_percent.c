/* SPDX-License-Identifier: Apache-2.0 */
/*
 * src/core/percent.c: escapes are decoded strictly, and encoded text is the same again.
 */
#include "unit.h"

#include "core/percent.h"

static void escapes_of_forms_are_decoded(void **state)
{
    static const struct {
        const char *text;
        int plus;
        const char *decoded;
    } cases[] = {{"", 1, ""},
                 {"alice", 1, "alice"},
                 {"a+b", 1, "a b"},
                 {"a+b", 0, "a+b"},
                 {"a%2Bb%2bc", 1, "a+b+c"},
                 {"P%C3%a4%26%3D%25", 1, "P\xC3\xA4&=%"},
                 {"%2541", 1, "%41"}, /* once only */
                 {"\xC3\xA9", 1, "\xC3\xA9"},
                 {"%0d%0A", 1, "\r\n"}, /* what is done with it is the caller's to know */
                 {"%FF", 0, "\xFF"},
                 {"%", 1, NULL},
                 {"%4", 1, NULL},
                 {"a%", 1, NULL},
                 {"%zz", 1, NULL},
                 {"%4g", 1, NULL},
                 {"%+1", 1, NULL},
                 {"% 1", 1, NULL},
                 {"%%41", 1, NULL},
                 {"%00", 1, NULL},
                 {"alice%00.evil", 0, NULL}};
    apr_size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        const char *decoded =
            ms_percent_decode(*state, cases[i].text, strlen(cases[i].text), cases[i].plus);
        if (cases[i].decoded) {
            assert_string_equal(decoded, cases[i].decoded);
        }
        else {
            assert_null(decoded);
        }
    }
}

static void only_the_given_length_is_decoded(void **state)
{
    assert_string_equal(ms_percent_decode(*state, "ab%41", 2, 1), "ab");
    assert_null(ms_percent_decode(*state, "%41", 2, 1));
    assert_null(ms_percent_decode(*state, "%41", 1, 1));
    assert_null(ms_percent_decode(*state, "a\0b", 3, 1));
    assert_string_equal(ms_percent_decode(*state, "ab", 0, 1), "");
}

static void escaped_text_decodes_to_itself(void **state)
{
    char every[256];
    const char *escaped;
    int i;

    for (i = 1; i < 256; i++) {
        every[i - 1] = (char)i;
    }
    every[255] = '\0';
    escaped = ms_percent_encode(*state, every);
    assert_int_equal(strspn(escaped, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                     "0123456789-._~/%"),
                     strlen(escaped));
    assert_string_equal(ms_percent_decode(*state, escaped, strlen(escaped), 1), every);
    assert_string_equal(ms_percent_encode(*state, "/app?a=1&b=\xC3\xA9#x"),
                        "/app%3Fa%3D1%26b%3D%C3%A9%23x");
    assert_string_equal(ms_percent_encode(*state, ""), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(escapes_of_forms_are_decoded),
        TEST(only_the_given_length_is_decoded),
        TEST(escaped_text_decodes_to_itself),
    };

    return RUN(tests);
}

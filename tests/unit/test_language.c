/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "core/language.h"
#include "core/phrases.h"

static void the_language_that_is_liked_best_is_chosen(void **state)
{
    static const struct {
        const char *accept, *tag;
    } cases[] = {
        {NULL, "en"},
        {"", "en"},
        {"de", "de"},
        {"DE", "de"},
        {"de-CH", "de"},
        {"zh-Hans-CN", "zh"},
        {"tlh, de", "de"},
        {"tlh", "en"},
        {"*", "en"},
        {"de;q=0.5, fr", "fr"},
        {"de;q=0.5, fr;q=0.4", "de"},
        {"de;q=0.001, fr;q=0", "de"},
        {"fr;q=0", "en"},
        {"en, de;q=0.9", "en"},
        {"de, en", "de"},
        {"en;q=0.1, ar;q=0.2", "ar"},
        {" es ; q=0.9 , fr;q=0.5", "es"},
        {"pt-BR,pt;q=0.9,en-US;q=0.8,en;q=0.7", "pt"},
        {"de;q=2", "en"},
        {"de;q=", "en"},
        {"de;q=x", "en"},
        {"de;level=1", "en"},
        {",,,de", "de"},
        {"d", "en"},
        {"deutsch", "en"},
        {"-de", "en"},
        {"de-", "de"},
        {"a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,de", "en"},
        {"de-aaaaaaaa-bbbbbbbb-cccccccc-dddddddd-eeeeeeee", "en"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const ms_language *chosen = ms_language_choose(cases[i].accept);

        if (strcmp(chosen->tag, cases[i].tag) != 0) {
            fail_msg("%s: %s, not %s", cases[i].accept, chosen->tag, cases[i].tag);
        }
    }
}

/* With any bytes that a client sends. */
static void no_header_is_too_strange(void **state)
{
    char *text = apr_palloc(*state, 9000);

    for (int first = 1; first < 256; first++) {
        memset(text, first, 8190);
        memcpy(text + first, "de;q=0.3,", 9);
        text[8190] = '\0';
        assert_non_null(ms_language_choose(text));
    }
}

static void there_are_eight(void **state)
{
    (void)state;
    assert_int_equal(ms_languages_n, 8);
    assert_string_equal(ms_languages[0].tag, "en");
}

static void messages_are_found(void **state)
{
    (void)state;
    assert_string_equal(ms_language_text(ms_language_choose("de"), "Sign out"), "Abmelden");
    assert_string_equal(ms_language_text(ms_language_choose("de"), "no such message"),
                        "no such message");
    assert_string_equal(ms_language_text(ms_language_choose("en"), "Sign out"), "Sign out");
}

static void numbers_take_the_forms_of_their_language(void **state)
{
    static const struct {
        const char *tag;
        int n;
        const char *words;
    } cases[] = {
        {"en", 1, "one hour ago"},
        {"en", 2, "2 hours ago"},
        {"de", 1, "vor einer Stunde"},
        {"de", 5, "vor 5 Stunden"},
        {"fr", 1, "il y a une heure"},
        {"fr", 23, "il y a 23 heures"},
        {"ja", 1, "1\u6642\u9593\u524d"},
        {"ar", 1, "\u0642\u0628\u0644 \u0633\u0627\u0639\u0629"},
        {"ar", 2, "\u0642\u0628\u0644 \u0633\u0627\u0639\u062a\u064a\u0646"},
        {"ar", 3, "\u0642\u0628\u0644 3 \u0633\u0627\u0639\u0627\u062a"},
        {"ar", 11, "\u0642\u0628\u0644 11 \u0633\u0627\u0639\u0629"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_string_equal(
            ms_phrases_ago(*state, ms_language_choose(cases[i].tag), 0, cases[i].n * 3600),
            cases[i].words);
    }
}

static void time_is_told_in_the_unit_that_fits(void **state)
{
    static const struct {
        int seconds;
        const char *words;
    } cases[] = {{-5, "just now"},        {0, "just now"},         {59, "just now"},
                 {60, "one minute ago"},  {119, "one minute ago"}, {3599, "59 minutes ago"},
                 {3600, "one hour ago"},  {86399, "23 hours ago"}, {86400, "one day ago"},
                 {2592000, "30 days ago"}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_string_equal(
            ms_phrases_ago(*state, ms_language_choose("en"), 1000, 1000 + cases[i].seconds),
            cases[i].words);
    }
}

static void dates_are_written_as_people_write_them(void **state)
{
    const apr_int64_t then = 1772546700; /* 2026-03-03T14:05:00Z */

    assert_string_equal(ms_phrases_date(*state, ms_language_choose("en"), then, NULL),
                        "3 March 2026, 14:05 UTC");
    assert_string_equal(ms_phrases_date(*state, ms_language_choose("de"), then, NULL),
                        "3. M\u00e4rz 2026, 14:05 UTC");
    assert_string_equal(ms_phrases_date(*state, ms_language_choose("ja"), then, NULL),
                        "2026\u5e743\u67083\u65e5 14:05 UTC");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_language_that_is_liked_best_is_chosen),
        TEST(no_header_is_too_strange),
        TEST(there_are_eight),
        TEST(messages_are_found),
        TEST(numbers_take_the_forms_of_their_language),
        TEST(time_is_told_in_the_unit_that_fits),
        TEST(dates_are_written_as_people_write_them),
    };

    return RUN(tests);
}

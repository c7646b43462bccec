/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "core/name_fold.h"

#define FULLWIDTH "\xef\xbd\x83\xef\xbd\x81\xef\xbd\x92\xef\xbd\x8f\xef\xbd\x8c"

static void test_spellings_that_databases_hold_equal_fold_to_one(void **state)
{
    static const char *const spellings[] = {
        "carol",
        "CaRoL",
        "carol  ",
        " ca rol",
        "carol\xc2\xa0",     /* no-break space */
        "c\xc3\xa1rol",      /* acute */
        "ca\xcc\x81rol",     /* combining acute */
        "C\xc3\x80ROL",      /* capital, grave */
        "car\xc3\xb8l",      /* stroke */
        FULLWIDTH,           /* compatibility form */
        "ca\xe2\x80\x8brol", /* zero width space */
        "ca\xc2\xadrol",     /* soft hyphen */
        "carol\xcd\x85",     /* combining iota, which has a capital */
        "carol\xd9\x80",     /* tatweel */
        "c\xcd\xa3rol",      /* combining a */
        "c\xe2\x93\x90rol",  /* circled a */
    };

    for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
        assert_string_equal(ms_name_fold(*state, spellings[i]), "carol");
    }
}

static void test_letters_with_several_forms(void **state)
{
    static const char *const pairs[][2] = {
        {"stra\xc3\x9f"
         "e",
         "STRASSE"},                                              /* sharp s */
        {"\xc4\xb0stanbul", "\xc4\xb1stanbul"},                   /* dotted, dotless i */
        {"\xc3\x86sop", "aesop"},                                 /* AE */
        {"\xd0\x91\xd0\x9e\xd0\x93", "\xd0\xb1\xd0\xbe\xd0\xb3"}, /* Cyrillic */
        {"user\xd9\xa1", "user1"},                                /* Arabic digit one */
        {"x\xf0\x9f\x98\x80", "x\xf0\x9f\x98\x81"},               /* beyond the basic plane */
        {"\xcf\x82", "\xce\xa3"},                                 /* final sigma */
        {"\xca\x83", "\xc6\xa9"},                                 /* esh, of the Latin script */
    };

    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        assert_string_equal(ms_name_fold(*state, pairs[i][0]), ms_name_fold(*state, pairs[i][1]));
    }
}

/* As MariaDB's utf8mb4_unicode_ci, utf8mb4_unicode_520_ci or utf8mb4_uca1400_ai_ci see them. */
static void test_letters_and_digits_that_some_database_sees_in_others(void **state)
{
    static const char *const pairs[][2] = {
        {"\xca\xa6", "ts"},    /* ts digraph */
        {"\xc6\xbe", "ts"},    /* inverted glottal stop */
        {"\xc6\x8d", "zw"},    /* turned delta */
        {"\xe1\xb7\x97", "c"}, /* combining c cedilla */
        {"\xe1\xb7\x8a", "r"}, /* combining r below */
        {"\xea\x9d\x9b", "r"}, /* r rotunda */
        {"\xe1\xb7\x93", "a"}, /* combining flattened open a above */
        {"\xea\x9e\x9b", "a"}, /* Volapuk ae */
        {"\xea\x9f\x81", "a"}, /* Old Polish o */
        {"\xe1\xb7\x99", "d"}, /* combining eth */
        {"\xc3\xb0", "d"},     /* eth */
        {"\xe0\xbc\xb3", "0"}, /* Tibetan half zero */
        {"\xe0\xbc\xb2", "9"}, /* Tibetan half nine */
        {"\xe0\xa7\xb5", "2"}, /* Bengali currency numerator two: two sixteenths */
        {"\xe0\xa7\xb7", "4"}, /* and four */
    };

    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        assert_string_equal(ms_name_fold(*state, pairs[i][0]), pairs[i][1]);
    }
}

static void test_other_names_stay_apart(void **state)
{
    static const char *const names[] = {
        "carol",       "carole", "carl", "a_b", "a-b", "a.b",      "ab",
        "a@x.org",     "a1",     "a2",   "s",   "esh", "\xca\x83", "\xe5\xa4\xaa\xe9\x83\x8e",
        "\xe5\xa4\xaa"};
    const size_t n = sizeof(names) / sizeof(names[0]);

    for (size_t i = 0; i < n; i++) {
        for (size_t j = i + 1; j < n; j++) {
            assert_string_not_equal(ms_name_fold(*state, names[i]), ms_name_fold(*state, names[j]));
        }
    }
}

static void test_bytes_that_are_not_utf8_fold_as_ascii(void **state)
{
    assert_string_equal(ms_name_fold(*state, " AL\xff"
                                             "ice "),
                        "al\xff"
                        "ice");
    assert_string_equal(ms_name_fold(*state, ""), "");
    assert_string_equal(ms_name_fold(*state, "  "), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_spellings_that_databases_hold_equal_fold_to_one),
        TEST(test_letters_with_several_forms),
        TEST(test_letters_and_digits_that_some_database_sees_in_others),
        TEST(test_other_names_stay_apart),
        TEST(test_bytes_that_are_not_utf8_fold_as_ascii),
    };

    return RUN(tests);
}

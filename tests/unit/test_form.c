/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "core/form.h"

static const char *field(apr_pool_t *p, const char *text, const char *name)
{
    apr_table_t *fields;

    assert_null(ms_form_parse(p, text, strlen(text), &fields));
    return apr_table_get(fields, name);
}

static void fields_are_decoded(void **state)
{
    assert_string_equal(field(*state, "a=1&b=2", "b"), "2");
    assert_string_equal(field(*state, "a=b+c%20d%2B%26%3d", "a"), "b c d+&=");
    assert_string_equal(field(*state, "a=%C3%A4%0d%0a", "a"), "\xC3\xA4\r\n");
    assert_string_equal(field(*state, "n%61me=x", "name"), "x");
    assert_string_equal(field(*state, "a=1=2", "a"), "1=2");
    assert_string_equal(field(*state, "a=", "a"), "");
    assert_string_equal(field(*state, "a", "a"), "");
    assert_null(field(*state, "a=1", "b"));
    assert_null(field(*state, "", "a"));
}

static void what_two_readers_would_read_differently_is_refused(void **state)
{
    static const char *const wrong[] = {"a=%",      "a=%4",    "a=%zz",     "a=%00",
                                        "%00=1",    "a=1&a=1", "a=1&%61=2", "=1",
                                        "a=%u0041", "a=1&a",   "a=%-1",     "A=1&a=2"};

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        apr_table_t *fields;

        assert_non_null(ms_form_parse(*state, wrong[i], strlen(wrong[i]), &fields));
    }
}

static void a_nul_within_is_refused(void **state)
{
    apr_table_t *fields;

    assert_non_null(ms_form_parse(*state, "a=1\0&b=2", 8, &fields));
    assert_non_null(ms_form_parse(*state, "a\0=1", 4, &fields));
}

static void there_may_be_twenty_fields(void **state)
{
    char text[512] = "f0=x";
    apr_table_t *fields;

    for (int i = 1; i < MS_FORM_FIELDS_MAX; i++) {
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "&f%d=x", i);
    }
    assert_null(ms_form_parse(*state, text, strlen(text), &fields));
    strcat(text, "&more=x");
    assert_non_null(ms_form_parse(*state, text, strlen(text), &fields));
}

static void no_byte_past_the_length_is_read(void **state)
{
    char *text = apr_pstrdup(*state, "a=12%41rest");
    apr_table_t *fields;

    assert_non_null(ms_form_parse(*state, text, 5, &fields));
    assert_non_null(ms_form_parse(*state, text, 6, &fields));
    assert_null(ms_form_parse(*state, text, 7, &fields));
    assert_string_equal(apr_table_get(fields, "a"), "12A");
    assert_null(ms_form_parse(*state, text, 4, &fields));
    assert_string_equal(apr_table_get(fields, "a"), "12");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(fields_are_decoded),
        TEST(what_two_readers_would_read_differently_is_refused),
        TEST(a_nul_within_is_refused),
        TEST(there_may_be_twenty_fields),
        TEST(no_byte_past_the_length_is_read),
    };

    return RUN(tests);
}

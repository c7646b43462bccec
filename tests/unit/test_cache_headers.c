/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "core/cache_headers.h"

static apr_table_t *with(apr_pool_t *p, const char *name, const char *value)
{
    apr_table_t *t = apr_table_make(p, 4);

    if (value) {
        apr_table_addn(t, name, value);
    }
    return t;
}

static void what_an_application_said_becomes_private(void **state)
{
    static const struct {
        const char *said, *now;
    } cases[] = {
        {NULL, "private, no-cache"},
        {"", "private, no-cache"},
        {"public, max-age=60", "private, max-age=60"},
        {"max-age=60, s-maxage=600", "private, max-age=60"},
        {"s-maxage=600", "private"},
        {"PUBLIC , S-MaxAge=1, must-revalidate", "private, must-revalidate"},
        {"private, max-age=5", "private, max-age=5"},
        {"private=\"Set-Cookie, public\", max-age=5", "private, max-age=5"},
        {"no-store", "no-store"},
        {"no-store, public", "no-store"},
        {"max-age=1, ext=\"a, public\"", "private, max-age=1, ext=\"a, public\""},
        {"publicity=1, s-maxage-x", "private, publicity=1, s-maxage-x"},
        {" , ,", "private"},
        {"ext=\"open, public", "private, ext=\"open, public"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_string_equal(ms_cache_headers_private(*state, cases[i].said), cases[i].now);
    }
}

static void all_lines_of_both_tables_count(void **state)
{
    apr_table_t *out = with(*state, "Cache-Control", "max-age=1"),
                *err = with(*state, "cache-control", "public"), *none = with(*state, NULL, NULL);

    apr_table_addn(out, "Cache-Control", "s-maxage=2");
    assert_string_equal(ms_cache_headers_get(*state, out, err), "max-age=1,s-maxage=2, public");
    assert_string_equal(ms_cache_headers_get(*state, none, err), "public");
    assert_string_equal(ms_cache_headers_get(*state, with(*state, "Expires", "0"), none), "");
    assert_null(ms_cache_headers_get(*state, none, none));
}

static void only_one_thing_is_said_in_the_end(void **state)
{
    static const char *const names[] = {"Expires", "Pragma", "Surrogate-Control",
                                        "CDN-Cache-Control", "Cache-Control"};
    apr_table_t *out = with(*state, "X", "kept"), *err = with(*state, "Y", "kept");

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        apr_table_addn(out, names[i], "public");
        apr_table_addn(err, names[i], "public");
    }
    ms_cache_headers_set(out, err, "private");
    assert_int_equal(apr_table_elts(out)->nelts, 2);
    assert_int_equal(apr_table_elts(err)->nelts, 1);
    assert_string_equal(apr_table_get(out, "Cache-Control"), "private");
}

static void no_store_is_added_unless_the_page_may_be_used_again(void **state)
{
    static const struct {
        const char *said, *now;
    } cases[] = {{"private, no-cache", "private, no-cache, no-store"},
                 {"", "no-store"},
                 {"no-store", "no-store"},
                 {"private, NO-STORE", "private, NO-STORE"},
                 {"private, max-age=0", "private, max-age=0, no-store"},
                 {"private, max-age=600", "private, max-age=600"},
                 {"private, max-age=\"60\"", "private, max-age=\"60\""}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_string_equal(ms_cache_headers_no_store(*state, cases[i].said), cases[i].now);
    }
}

static void vary_names_the_cookie_once(void **state)
{
    static const struct {
        const char *before, *after;
    } cases[] = {{NULL, "Cookie"},
                 {"Accept", "Accept, Cookie"},
                 {"accept, COOKIE", "accept, COOKIE"},
                 {"*", "*"},
                 {"Cookie-Law", "Cookie-Law, Cookie"}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        apr_table_t *out = with(*state, "Vary", cases[i].before), *none = with(*state, NULL, NULL);

        ms_cache_headers_vary(*state, out, none);
        assert_string_equal(apr_table_get(out, "Vary"), cases[i].after);
    }
}

static void no_store_is_known_among_others(void **state)
{
    (void)state;
    assert_true(ms_cache_headers_is_no_store("private, No-Store"));
    assert_false(ms_cache_headers_is_no_store("private, no-store-not, x=\"no-store\""));
    assert_false(ms_cache_headers_is_no_store(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_an_application_said_becomes_private),
        TEST(all_lines_of_both_tables_count),
        TEST(only_one_thing_is_said_in_the_end),
        TEST(no_store_is_added_unless_the_page_may_be_used_again),
        TEST(vary_names_the_cookie_once),
        TEST(no_store_is_known_among_others),
    };

    return RUN(tests);
}

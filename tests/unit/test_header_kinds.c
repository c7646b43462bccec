/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "core/header_kinds.h"

static int kinds_of(apr_pool_t *p, const char *name)
{
    apr_table_t *headers = apr_table_make(p, 2);

    apr_table_addn(headers, "ETag", "\"1\"");
    apr_table_addn(headers, name, "x");
    return ms_header_kinds(headers);
}

static void a_header_is_recognised_in_any_case(void **state)
{
    assert_int_equal(kinds_of(*state, "Managed-Session-User"), MS_HEADER_MANAGED);
    assert_int_equal(kinds_of(*state, "MANAGED-SESSION-END"), MS_HEADER_MANAGED);
    assert_int_equal(kinds_of(*state, "set-cookie"), MS_HEADER_SET_COOKIE);
    assert_int_equal(kinds_of(*state, "sEt-Cookie"), MS_HEADER_SET_COOKIE);
    assert_int_equal(kinds_of(*state, "VARY"), MS_HEADER_VARY);
    assert_int_equal(kinds_of(*state, "cache-control"), MS_HEADER_CACHING);
}

static void every_header_that_tells_caches_is_recognised(void **state)
{
    static const char *const names[] = {"Cache-Control",
                                        "Expires",
                                        "Pragma",
                                        "Surrogate-Control",
                                        "CDN-Cache-Control",
                                        "Cloudflare-CDN-Cache-Control",
                                        "X-Accel-Expires",
                                        "X-LiteSpeed-Cache-Control",
                                        "Edge-Control"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_int_equal(kinds_of(*state, names[i]), MS_HEADER_CACHING);
    }
}

static void what_most_responses_have_is_no_kind(void **state)
{
    static const char *const names[] = {
        "Date", "Last-Modified", "Content-Type", "Content-Length", "Accept-Ranges", "", "V", "M"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_int_equal(kinds_of(*state, names[i]), 0);
    }
}

static void kinds_add_up(void **state)
{
    apr_table_t *headers = apr_table_make(*state, 2);

    assert_int_equal(ms_header_kinds(headers), 0);
    apr_table_addn(headers, "Set-Cookie", "a=1");
    apr_table_addn(headers, "Vary", "Accept");
    apr_table_addn(headers, "Vary", "Origin");
    assert_int_equal(ms_header_kinds(headers), MS_HEADER_SET_COOKIE | MS_HEADER_VARY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_header_is_recognised_in_any_case),
        TEST(every_header_that_tells_caches_is_recognised),
        TEST(what_most_responses_have_is_no_kind),
        TEST(kinds_add_up),
    };

    return RUN(tests);
}

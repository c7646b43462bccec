/* SPDX-License-Identifier: Apache-2.0 */
/*
 * src/core/accept.c: programs that accept JSON get it, browsers get HTML.
 */
#include "unit.h"

#include "core/accept.h"

static int prefers_json(const char *accept)
{
    return ms_accept_prefers(accept, "application/json", "text/html");
}

static int prefers_html(const char *accept)
{
    return ms_accept_prefers(accept, "text/html", "application/json");
}

static void programs_that_accept_json_get_it(void **state)
{
    static const char *const json[] = {
        "application/json",
        "APPLICATION/Json",
        " application/json\t",
        "application/json, text/plain, */*;q=0.5",
        "application/json;q=0.9, text/html;q=0.8",
        "text/html;q=0.8,application/json;q=0.801",
        "text/html ; q=0 , application/*",
        "text/*;q=0.9, application/json",
        "*/*, text/html;q=0.1", /* what is closest counts, not what comes first */
        "text/html;q=0.1, text/*, */*",
        "application/json; charset=utf-8",
        "text/html;level=1;q=0.9, text/html;q=0.3, application/json;q=0.5",
        "application/json;v=\";q=0\"", /* a quoted string is no list */
        "application/json;v=\",text/html,\"",
        "application/json;v=\"\\\",text/html,\"", /* not even with a quote in it */
        "application/json;q=1.000, text/html;q=0.999",
        "application/json;Q=0.5, text/html;Q=0.4",
        "application/json;q=1.,text/html;q=0.",
        ",,,application/json,,",
        "application/json;;;q=0.1",
        "application/json;q=0.1, application/json;q=0.9, text/html;q=0.5"};
    apr_size_t i;

    (void)state;
    for (i = 0; i < COUNT(json); i++) {
        assert_true(prefers_json(json[i]));
        assert_false(prefers_html(json[i]));
    }
}

static void browsers_get_html(void **state)
{
    static const char *const html[] = {
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "text/html,application/xhtml+xml,image/avif,application/signed-exchange;q=0.7,*/*;q=0.8",
        "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2",
        "text/html, application/json;q=0.9",
        "text/html;level=1;q=0.2, text/html;q=0.9, application/json;q=0.5",
        "text/html;q=0.1, application/json;q=1.001", /* what is no quality is none */
        "text/html;q=0.1, application/json;q=abc",
        "text/html;q=0.1, application/json;q=0.x",
        "text/html;q=0.1, application/json;q=0.9x",
        "text/html;q=0.1, application/json;q=1.0.0",
        "text/html;q=0.1, application/json;q=",
        "text/html;q=0.1, application/json;q",
        "text/html;q=0.1, application/json;q = 1",
        "text/html;q=0.1, application/json;q=-1",
        "text/html;q=0.1, application/json;q=0.0001",
        "text/html;q=0.1, application/json;q=1.0000",
        "text/html;q=0.1, application/json;q=2",
        "text/html;q=0.1, application/json;q=\"1\"",
        "text/html;q=0.1, application/json;q=0,5",
        "text/html;q=0.1, application/json;q=99999999999999999999"};
    apr_size_t i;

    (void)state;
    for (i = 0; i < COUNT(html); i++) {
        assert_true(prefers_html(html[i]));
        assert_false(prefers_json(html[i]));
    }
}

static void other_headers_prefer_neither(void **state)
{
    static const char *const neither[] = {NULL,
                                          "",
                                          " ",
                                          ",",
                                          ";",
                                          ";;q=1",
                                          "*/*",
                                          "*",
                                          "*/*;q=0.1",
                                          "text/html, application/json",
                                          "text/html;q=0.5,application/json;q=0.5",
                                          "image/png",
                                          "text/htmlx, application/jsonx",
                                          "text, application",
                                          "text/, application/",
                                          "/",
                                          "*/json",
                                          "*/html",
                                          "text /html",
                                          "\"",
                                          "\"text/html",
                                          "\\",
                                          "\xFF\xFE",
                                          "application/jso",
                                          "q=1",
                                          "application/json;q=0"};
    apr_size_t i;

    (void)state;
    for (i = 0; i < COUNT(neither); i++) {
        assert_false(prefers_json(neither[i]));
        assert_false(prefers_html(neither[i]));
    }
}

static void a_huge_header_is_read_once(void **state)
{
    assert_false(prefers_json(unit_repeat(*state, "\"", 100001)));
    assert_false(prefers_json(unit_repeat(*state, ";", 100000)));
    assert_true(prefers_json(
        apr_pstrcat(*state, unit_repeat(*state, "a/b;q=0.5,", 100000), "application/json", NULL)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(programs_that_accept_json_get_it),
        TEST(browsers_get_html),
        TEST(other_headers_prefer_neither),
        TEST(a_huge_header_is_read_once),
    };

    return RUN(tests);
}

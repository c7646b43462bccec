/* SPDX-License-Identifier: Apache-2.0 */
/*
 * src/core/local_path.c: a visitor is sent back to paths of this host only.
 */
#include "unit.h"

#include "core/local_path.h"

static void a_visitor_returns_to_paths_of_this_host(void **state)
{
    static const struct {
        const char *url, *location; /* NULL: the same */
    } cases[] = {
        {"/", NULL},
        {"/app/", NULL},
        {"/app/page.html?a=1&b=2", NULL},
        {"/a?", NULL},
        {"/?q", NULL},
        {"/a/../b", NULL},
        {"/@host", NULL},
        {"/user:secret@host/", NULL},
        {"/http:host", NULL},
        {"/a;b=c,d'e(f)*!$&+~", NULL},
        {"/caf%C3%A9", NULL},
        {"/%E3%80%82", NULL}, /* an ideographic full stop, well behind the slash */
        {"/%EF%BC%8Fhost", NULL},
        {"/100%25", NULL},
        {"/100%25zz", NULL},     /* decodes to no escape at all, which is harmless */
        {"/a%252541", NULL},     /* three times encoded, and harmless each time */
        {"/a%25255Chost", NULL}, /* a backslash only to who decodes three times */
        {"/a^`{|}b", "/a%5E%60%7B%7C%7Db"},

        /* Two slashes and backslashes behind the front lead to no other host. */
        {"/a//b", NULL},
        {"/a//", NULL},
        {"/web/2026/https://host/page", NULL},
        {"/;//host", NULL},
        {"/a//../b", NULL},
        {"/app//..//page", NULL},
        {"/a/...//host", NULL},
        {"/a/b/..//host", NULL},
        {"/a%2F%2Fb", NULL},
        {"/a/%2Fb", NULL},
        {"/a%2F/b", NULL},
        {"/a/%252Fb", NULL},
        {"/a%5Cb", NULL},
        {"/DOMAIN%5Cuser/mail", NULL},
        {"/a%255Cb", NULL},
        {"/a%5C..%5C", NULL},
        {"/a%5C%5Chost", NULL},

        /* The query says what it likes. */
        {"/a?next=//host&x=\\", "/a?next=//host&x=%5C"},
        {"/a?u=https://host/\\/?#f", "/a?u=https://host/%5C/?#f"},
        {"/a?%0d%0aSet-Cookie:a=b", NULL}, /* escaped it breaks no line */
        {"/a?100%&%zz", NULL},
        {"/a?a b<c>\"d\"^`{|}", "/a?a%20b%3Cc%3E%22d%22%5E%60%7B%7C%7D"},
        {"/a?q=caf\xC3\xA9", "/a?q=caf%C3%A9"},
        {"/a?q=%C3%A9\xF0\x9F\x98\x80", "/a?q=%C3%A9%F0%9F%98%80"},
        {"/a?\xE2\x80\xAE", "/a?%E2%80%AE"},
    };
    apr_size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        const char *location = ms_local_path_check(*state, cases[i].url);
        assert_non_null(location);
        assert_string_equal(location, cases[i].location ? cases[i].location : cases[i].url);
    }
}

static void other_urls_are_refused(void **state)
{
    static const char *const refused[] = {
        /* nothing, or no path */
        NULL, "", "?a=/b", "#a", "a", "app/page", "./a", "../a", "*", ".", "@host", ":80", ";/a",
        "%2Fa", "%2F%2Fhost", "%5C%5Chost",

        /* another host, in so many words */
        "http://host", "https://host/", "HTTPS://host/", "ftp://host", "http:host", "http:/host",
        "https:host", "https:/host", "https:///host", "http:\\\\host", "http://a@host/",
        "https://here.host/", "https://host#here", "http://[::1]/", "http://2130706433/",

        /* something that is no host at all */
        "javascript:alert(1)", "JavaScript:alert(1)", "java\tscript:alert(1)",
        "javascript://%0aalert(1)", "data:text/html,x", "data:text/html;base64,eA==", "vbscript:x",
        "file:///etc/passwd", "about:blank", "blob:x", "view-source:x", "mailto:a@host",
        "//javascript:alert(1)",

        /* a host without a scheme */
        "//", "//host", "///host", "////host", "//host/a/..", "//here@host", "//host@here",
        "//host%2F@here", "//\xE3\x80\x82host", "//[::1]", "//%68ost",

        /* dots that leave two slashes at the front */
        "/.//host", "/..//host", "/a/..//host", "/a/b/../..//host", "/a/%2e%2E//host", "/%2e//host",
        "/a/.%2e//host", "/a/..//", "/a/..//.", "/a/../..//host", "/a//../..//host", "/././/host",
        "/a/..%2F/host", "/a/%2e%2e%2F%2Fhost", "/a/..%5C%5Chost", "/a/%252e%252e//host",
        "/a/..%252F%252Fhost", "/a%2F..//host", "/a%5C..//host", "/a/..%5C/host",

        /* backslashes that some take for slashes */
        "\\", "\\\\host", "/\\host", "/\\/host", "\\/host", "\\/\\/host", "/\\\\host", "/a\\b",
        "/a\\..\\", "//\\host", "//host\\@here", "/\\",

        /* the same, encoded once */
        "/%2Fhost", "/%2fhost", "/%2F", "%2F/host", "/%2F%2Fhost", "/.%2F%2Fhost",
        "/%2e%2e%2f%2fhost", "/%5Chost", "/%5chost", "/%5C%5Chost", "/%5C/host", "/%2F%5Chost",

        /* and twice */
        "/%252Fhost", "/%252fhost", "/%252F%252Fhost", "/%2F%252Fhost", "/%255Chost", "/%255chost",
        "/%25%32%46host", "/%25%35%43host", "/%2%35Chost",

        /* controls: raw, encoded, encoded twice */
        "\t/a", "\n/a", " /a", "/a\n", "/a\r\nSet-Cookie: a=b", "/\t/host", "/\t\\host",
        "/\x01host", "/a\x7F", "/\x0B/host", "/%09/host", "/%0A/host", "/%0d%0aSet-Cookie:a=b",
        "/%00", "/a%00b", "/%01", "/%1F", "/%7F", "/%08//host", "/%2509/host", "/%250d%250aX:y",
        "/%2500", "/%257f", "/%25%30%30",

        /* bytes that no path has */
        "/ host", "/a b", "/a\"b", "/a<b", "/a>b", "/#a", "/a#//host", "/a#?b", "/\xE3\x80\x82host",
        "/caf\xC3\xA9", "/\xC2\xA0", "/\xEF\xBC\x8Fhost", "/\xFF", "/\xC0\xAF", "/\xC2\x85/host",
        "\xEF\xBB\xBF/a", "\xE2\x80\x8B/a",

        /* escapes that are none */
        "/%", "/a%", "/%4", "/a%4", "/%zz", "/%2", "/%2?F", "/%%32Fhost", "/%u002Fhost", "/%-1",

        /* queries that cannot be printed */
        "/a?\n", "/a?b\r\nSet-Cookie: a=b", "/a?\t", "/a?\x7F", "/a?\x01", "/a?\xFF", "/a?\xC0\xAF",
        "/a?\xED\xA0\x80", "/a?\xC2\x85", "/a?\xC3"};
    apr_size_t i;

    for (i = 0; i < COUNT(refused); i++) {
        const char *location = ms_local_path_check(*state, refused[i]);
        if (location) {
            fail_msg("%s was taken for a return path", refused[i]);
        }
    }
}

static void a_return_path_is_as_long_as_a_request_line_at_most(void **state)
{
    const char *longest = apr_pstrcat(*state, "/", unit_repeat(*state, "a", 8189), NULL);
    const char *query = apr_pstrcat(*state, "/?", unit_repeat(*state, "\xC3\xA9", 4094), NULL);

    assert_string_equal(ms_local_path_check(*state, longest), longest);
    assert_null(ms_local_path_check(*state, apr_pstrcat(*state, longest, "a", NULL)));
    assert_int_equal(strlen(ms_local_path_check(*state, query)), 2 + 3 * 8188);
    assert_null(ms_local_path_check(*state, apr_pstrcat(*state, query, "a", NULL)));
    assert_null(ms_local_path_check(
        *state, apr_pstrcat(*state, "/", unit_repeat(*state, "a", 10240), NULL)));
}

static void a_location_is_harmless_for_any_bytes(void **state)
{
    apr_uint32_t seed;

    for (seed = 0; seed < 20000; seed++) {
        const char *url = apr_pstrcat(*state, "/", unit_noise(*state, seed, seed % 7), "?",
                                      unit_noise(*state, ~seed, seed % 5), NULL);
        const char *location = ms_local_path_check(*state, url), *c;
        if (!location) {
            continue;
        }
        assert_int_equal(location[0], '/');
        assert_int_not_equal(location[1], '/');
        for (c = location; *c; c++) {
            assert_true(*c > 0x20 && *c < 0x7F && *c != '\\');
        }
        assert_string_equal(ms_local_path_check(*state, location), location);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_visitor_returns_to_paths_of_this_host),
        TEST(other_urls_are_refused),
        TEST(a_return_path_is_as_long_as_a_request_line_at_most),
        TEST(a_location_is_harmless_for_any_bytes),
    };

    return RUN(tests);
}

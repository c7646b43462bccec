/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What src/text.c makes of bytes from outside, friendly and hostile. Mostly tables: what went in,
 * and what must come out. Bytes that matter are written as escapes.
 */
#include "unit.h"

#include <string.h>

#include <apr_strings.h>

#include "core/text.h"

#define COUNT(table) (sizeof(table) / sizeof(table[0]))
#define BAD          "\xEF\xBF\xBD" /* U+FFFD */
#define ANY_LENGTH   10000

static char *repeat(apr_pool_t *p, const char *text, apr_size_t times)
{
    apr_size_t len = strlen(text), i;
    char *all = apr_palloc(p, len * times + 1);

    for (i = 0; i < times; i++)
        memcpy(all + i * len, text, len);
    all[len * times] = '\0';
    return all;
}

/* Bytes that differ from run to run of the loop, never from run to run of the test. */
static char *noise(apr_pool_t *p, apr_uint32_t seed, apr_size_t len)
{
    static const unsigned char spice[] = {0xC0, 0xC2, 0xE0, 0xE2, 0x80, 0xA8, 0xED, 0xA0,
                                          0xF0, 0x90, 0xF4, 0x8F, '%',  '/',  '\\', '0'};
    char *bytes = apr_palloc(p, len + 1);
    apr_size_t i;

    for (i = 0; i < len; i++) {
        unsigned int r;
        seed = seed * 1664525u + 1013904223u;
        r = seed >> 16;
        bytes[i] = (char)(r & 0x100 ? spice[r & 15] : 1 + r % 255);
    }
    bytes[len] = '\0';
    return bytes;
}

/* ---- text that can be stored --------------------------------------------------------- */

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
        assert_ptr_equal(ms_text_storable(*state, good[i], ANY_LENGTH), good[i]);
        assert_true(ms_text_is_clean(good[i]));
    }
    assert_string_equal(ms_text_storable(*state, NULL, ANY_LENGTH), "");
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
        assert_string_equal(ms_text_storable(*state, cases[i].text, ANY_LENGTH), cases[i].stored);
        assert_false(ms_text_is_clean(cases[i].text));
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
        assert_string_equal(ms_text_storable(*state, cases[i].text, ANY_LENGTH), cases[i].stored);
        assert_int_equal(ms_text_is_clean(cases[i].text), cases[i].clean);
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

    for (i = 0; i < COUNT(cases); i++)
        assert_string_equal(ms_text_storable(*state, cases[i].text, cases[i].max), cases[i].stored);
}

static void a_huge_user_agent_is_stored_within_its_column(void **state)
{
    const char *stored = ms_text_storable(*state, repeat(*state, "A", 10240), 512);
    assert_int_equal(strlen(stored), 512);

    stored = ms_text_storable(*state, repeat(*state, "\xFF", 10240), 512);
    assert_int_equal(strlen(stored), 3 * 512);
    assert_int_equal(ms_text_length(stored), 512);

    stored = ms_text_storable(*state, repeat(*state, "\xE2\x80\xAE", 10240), 512);
    assert_string_equal(stored, "");
}

static void whatever_comes_in_what_is_stored_is_clean(void **state)
{
    apr_uint32_t seed;

    for (seed = 0; seed < 5000; seed++) {
        apr_size_t max = seed % 40;
        const char *stored = ms_text_storable(*state, noise(*state, seed, seed % 61), max);
        assert_true(ms_text_is_clean(stored));
        assert_true(ms_text_length(stored) <= max);
        assert_ptr_equal(ms_text_storable(*state, stored, max), stored);
    }
}

/* ---- names of users ------------------------------------------------------------------ */

static void a_name_is_1_to_255_clean_characters(void **state)
{
    static const char *const good[] = {"alice",  "a",          " alice ",    "Alice@EXAMPLE.ORG",
                                       "a'b\"c", "DOM\\alice", "Zo\xC3\xAB", "%00"};
    static const char *const bad[] = {NULL,        "",     "a\nb",     "a\tb",      "\x7F",
                                      "a\xC2\x85", "\xFF", "\xC0\x80", "alice\xC3", "\xED\xA0\x80",
                                      "\x01"};
    apr_size_t i;

    for (i = 0; i < COUNT(good); i++)
        assert_true(ms_text_is_user(good[i]));
    for (i = 0; i < COUNT(bad); i++)
        assert_false(ms_text_is_user(bad[i]));

    assert_true(ms_text_is_user(repeat(*state, "a", 255)));
    assert_false(ms_text_is_user(repeat(*state, "a", 256)));
    assert_true(ms_text_is_user(repeat(*state, "\xF0\x9F\x98\x80", 255)));
    assert_false(ms_text_is_user(repeat(*state, "\xF0\x9F\x98\x80", 256)));
}

static void length_counts_characters(void **state)
{
    (void)state;
    assert_int_equal(ms_text_length(""), 0);
    assert_int_equal(ms_text_length("alice"), 5);
    assert_int_equal(ms_text_length("Zo\xC3\xAB"), 3);
    assert_int_equal(ms_text_length("\xF0\x9F\x98\x80\xE6\x97\xA5"), 2);
}

static void nothing_is_not_clean_text(void **state)
{
    (void)state;
    assert_false(ms_text_is_clean(NULL));
}

/* ---- escapes ------------------------------------------------------------------------- */

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
            ms_text_unescape(*state, cases[i].text, strlen(cases[i].text), cases[i].plus);
        if (cases[i].decoded)
            assert_string_equal(decoded, cases[i].decoded);
        else
            assert_null(decoded);
    }
}

static void only_the_given_length_is_decoded(void **state)
{
    assert_string_equal(ms_text_unescape(*state, "ab%41", 2, 1), "ab");
    assert_null(ms_text_unescape(*state, "%41", 2, 1));
    assert_null(ms_text_unescape(*state, "%41", 1, 1));
    assert_null(ms_text_unescape(*state, "a\0b", 3, 1));
    assert_string_equal(ms_text_unescape(*state, "ab", 0, 1), "");
}

static void what_is_escaped_comes_back(void **state)
{
    char every[256];
    const char *escaped;
    int i;

    for (i = 1; i < 256; i++)
        every[i - 1] = (char)i;
    every[255] = '\0';
    escaped = ms_text_escape_query(*state, every);
    assert_int_equal(strspn(escaped, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                     "0123456789-._~/%"),
                     strlen(escaped));
    assert_string_equal(ms_text_unescape(*state, escaped, strlen(escaped), 1), every);
    assert_string_equal(ms_text_escape_query(*state, "/app?a=1&b=\xC3\xA9#x"),
                        "/app%3Fa%3D1%26b%3D%C3%A9%23x");
    assert_string_equal(ms_text_escape_query(*state, ""), "");
}

/* ---- durations ----------------------------------------------------------------------- */

static void durations_are_read(void **state)
{
    static const struct {
        const char *text;
        apr_int64_t seconds;
    } cases[] = {
        {"0", 0},
        {"0s", 0},
        {"0w", 0},
        {"1", 1},
        {"90", 90},
        {"90s", 90},
        {"15m", 900},
        {"12h", 43200},
        {"30d", 2592000},
        {"2w", 1209600},
        {"007", 7},
        {"400d", 34560000},
        {"3650d", 315360000},
        {"315360000", 315360000},
    };
    apr_size_t i;

    (void)state;
    for (i = 0; i < COUNT(cases); i++) {
        apr_int64_t seconds = -1;
        assert_true(ms_text_duration(cases[i].text, &seconds));
        assert_int_equal(seconds, cases[i].seconds);
    }
}

static void what_is_no_duration_is_refused(void **state)
{
    static const char *const bad[] = {NULL,
                                      "",
                                      " ",
                                      "-1",
                                      "+1",
                                      "1x",
                                      "1 h",
                                      " 1h",
                                      "1h ",
                                      "1.5h",
                                      "5mm",
                                      "5ms",
                                      "1h30m",
                                      "h",
                                      "m5",
                                      "1H",
                                      "1M",
                                      "0x10",
                                      "1e3",
                                      "1,5",
                                      "ten",
                                      "1\n",
                                      "\xD9\xA1", /* an Arabic one */
                                      "3651d",
                                      "522w",
                                      "315360001",
                                      "87601h",
                                      "5256001m",
                                      "9223372036854775807",
                                      "9223372036854775808",
                                      "18446744073709551617",
                                      "153722867280912931m",
                                      "15250284452472w",
                                      "99999999999999999999999999999999999999999d"};
    apr_size_t i;

    (void)state;
    for (i = 0; i < COUNT(bad); i++) {
        apr_int64_t seconds = 42;
        assert_false(ms_text_duration(bad[i], &seconds));
        assert_int_equal(seconds, 42);
    }
}

/* ---- where a visitor may be sent back to --------------------------------------------- */

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
        {"/100%25zz", NULL},     /* decodes to no escape at all, which is nobody's harm */
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
        const char *location = ms_text_return_path(*state, cases[i].url);
        assert_non_null(location);
        assert_string_equal(location, cases[i].location ? cases[i].location : cases[i].url);
    }
}

static void a_visitor_is_sent_nowhere_else(void **state)
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
        const char *location = ms_text_return_path(*state, refused[i]);
        if (location)
            fail_msg("%s was taken for a return path", refused[i]);
    }
}

static void a_return_path_is_as_long_as_a_request_line_at_most(void **state)
{
    const char *longest = apr_pstrcat(*state, "/", repeat(*state, "a", 8189), NULL);
    const char *query = apr_pstrcat(*state, "/?", repeat(*state, "\xC3\xA9", 4094), NULL);

    assert_string_equal(ms_text_return_path(*state, longest), longest);
    assert_null(ms_text_return_path(*state, apr_pstrcat(*state, longest, "a", NULL)));
    assert_int_equal(strlen(ms_text_return_path(*state, query)), 2 + 3 * 8188);
    assert_null(ms_text_return_path(*state, apr_pstrcat(*state, query, "a", NULL)));
    assert_null(
        ms_text_return_path(*state, apr_pstrcat(*state, "/", repeat(*state, "a", 10240), NULL)));
}

static void whatever_is_asked_a_location_is_harmless(void **state)
{
    apr_uint32_t seed;

    for (seed = 0; seed < 20000; seed++) {
        const char *url = apr_pstrcat(*state, "/", noise(*state, seed, seed % 7), "?",
                                      noise(*state, ~seed, seed % 5), NULL);
        const char *location = ms_text_return_path(*state, url), *c;
        if (!location)
            continue;
        assert_int_equal(location[0], '/');
        assert_int_not_equal(location[1], '/');
        for (c = location; *c; c++)
            assert_true(*c > 0x20 && *c < 0x7F && *c != '\\');
        assert_string_equal(ms_text_return_path(*state, location), location);
    }
}

/* ---- identifiers and times ----------------------------------------------------------- */

static void identifiers_are_plain(void **state)
{
    static const char *const good[] = {"managed_session", "a", "_", "_1", "Table2", "Z"};
    static const char *const bad[] = {NULL,   "",     "1a",  "a b", "a-b",      "a.b",   "a;b",
                                      "a\"b", "a'b",  "a`b", "a\n", "\xC3\xA9", "a\xFF", " a",
                                      "a ",   "a)--", "$a",  "[a]", "9"};
    apr_size_t i;

    for (i = 0; i < COUNT(good); i++)
        assert_true(ms_text_is_identifier(good[i]));
    for (i = 0; i < COUNT(bad); i++)
        assert_false(ms_text_is_identifier(bad[i]));
    assert_true(ms_text_is_identifier(repeat(*state, "a", 48)));
    assert_false(ms_text_is_identifier(repeat(*state, "a", 49)));
}

static void times_are_in_utc(void **state)
{
    static const struct {
        apr_int64_t epoch;
        const char *text;
    } cases[] = {{0, "1970-01-01T00:00:00Z"},
                 {1795442400, "2026-11-23T14:00:00Z"},
                 {1709164800, "2024-02-29T00:00:00Z"},
                 {APR_INT64_C(2147483648), "2038-01-19T03:14:08Z"},
                 {-1, "1969-12-31T23:59:59Z"},
                 {APR_INT64_C(253402300799), "9999-12-31T23:59:59Z"},
                 {APR_INT64_MAX, "9999-12-31T23:59:59Z"},
                 {APR_INT64_MIN, "0000-01-01T00:00:00Z"}};
    apr_size_t i;

    for (i = 0; i < COUNT(cases); i++)
        assert_string_equal(ms_text_time(*state, cases[i].epoch), cases[i].text);
}

/* ---- Accept -------------------------------------------------------------------------- */

static int prefers_json(const char *accept)
{
    return ms_text_prefers(accept, "application/json", "text/html");
}

static int prefers_html(const char *accept)
{
    return ms_text_prefers(accept, "text/html", "application/json");
}

static void programs_that_ask_for_json_get_it(void **state)
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

static void who_has_no_preference_has_none(void **state)
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

static void an_address_has_one_spelling(void **state)
{
    static const struct {
        const char *text, *address;
    } cases[] = {{"192.0.2.7", "192.0.2.7"},
                 {"0.0.0.0", "0.0.0.0"},
                 {"::ffff:192.0.2.7", "192.0.2.7"},
                 {"::FFFF:c000:207", "192.0.2.7"},
                 {"2001:DB8:0:0:0::7", "2001:db8::7"},
                 {"2001:0db8:0000:0000:0000:0000:0000:0007", "2001:db8::7"},
                 {"::", "::"},
                 {"::1", "::1"},
                 {"fe80::1%eth0", "fe80::1%eth0"},
                 {"FE80:0::1%br-0.7_x", "fe80::1%br-0.7_x"}};
    static const char *const none[] = {"",
                                       " ",
                                       "x",
                                       "192.0.2",
                                       "192.0.2.256",
                                       "192.0.2.7 ",
                                       " 192.0.2.7",
                                       "192.0.2.7%",
                                       "192.0.2.7%eth0",
                                       "192.0.2.0/24",
                                       "0x7f.1",
                                       "127.1",
                                       "1:2",
                                       "2001:db8::7::1",
                                       "[2001:db8::7]",
                                       "fe80::1%",
                                       "fe80::1%a b",
                                       "fe80::1%%",
                                       "fe80::1%eth0%eth0",
                                       "fe80::1%\xFF",
                                       "%eth0",
                                       "'",
                                       "\xFF",
                                       "fe80::1%sixteen_letters_"};

    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_string_equal(ms_text_address(*state, cases[i].text), cases[i].address);
    }
    for (size_t i = 0; i < COUNT(none); i++) {
        assert_null(ms_text_address(*state, none[i]));
    }
    assert_null(ms_text_address(*state, repeat(*state, "1", 100000)));
    assert_null(
        ms_text_address(*state, apr_pstrcat(*state, "::1%", repeat(*state, "1", 100000), NULL)));
}

static void a_huge_accept_is_read_once(void **state)
{
    assert_false(prefers_json(repeat(*state, "\"", 100001)));
    assert_false(prefers_json(repeat(*state, ";", 100000)));
    assert_true(prefers_json(
        apr_pstrcat(*state, repeat(*state, "a/b;q=0.5,", 100000), "application/json", NULL)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(good_text_is_stored_as_it_is),
        TEST(bad_bytes_become_replacement_characters),
        TEST(controls_are_left_out),
        TEST(long_text_is_cut_at_a_character),
        TEST(a_huge_user_agent_is_stored_within_its_column),
        TEST(whatever_comes_in_what_is_stored_is_clean),
        TEST(a_name_is_1_to_255_clean_characters),
        TEST(length_counts_characters),
        TEST(nothing_is_not_clean_text),
        TEST(escapes_of_forms_are_decoded),
        TEST(only_the_given_length_is_decoded),
        TEST(what_is_escaped_comes_back),
        TEST(durations_are_read),
        TEST(what_is_no_duration_is_refused),
        TEST(a_visitor_returns_to_paths_of_this_host),
        TEST(a_visitor_is_sent_nowhere_else),
        TEST(a_return_path_is_as_long_as_a_request_line_at_most),
        TEST(whatever_is_asked_a_location_is_harmless),
        TEST(identifiers_are_plain),
        TEST(times_are_in_utc),
        TEST(an_address_has_one_spelling),
        TEST(programs_that_ask_for_json_get_it),
        TEST(browsers_get_html),
        TEST(who_has_no_preference_has_none),
        TEST(a_huge_accept_is_read_once),
    };

    return RUN(tests);
}

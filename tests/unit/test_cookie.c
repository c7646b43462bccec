/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "core/cookie.h"

#define NAME   "__Host-session"
#define ID     "AAAAAAAAAAAAAAAAAAAAAA"
#define SECRET "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
#define TOKEN  ID "." SECRET
#define OTHER  "CCCCCCCCCCCCCCCCCCCCCC." SECRET

static ms_cookie_found found_in(const char *header)
{
    ms_cookie_found found;

    ms_cookie_find(header, NAME, &found);
    return found;
}

static void a_token_is_found_among_other_cookies(void **state)
{
    static const char *const headers[] = {
        NAME "=" TOKEN,          "  " NAME "=" TOKEN "  ",      "a=1;" NAME "=" TOKEN,
        ";;;" NAME "=" TOKEN,    "a=1;\t" NAME "=" TOKEN "\t",  NAME "=" TOKEN "; b=2",
        NAME "= " TOKEN,         "$Version=1; " NAME "=" TOKEN, NAME "=" TOKEN ";=;",
        NAME "; " NAME "=" TOKEN};

    (void)state;
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        const ms_cookie_found found = found_in(headers[i]);

        assert_int_equal(found.n, 1);
        assert_string_equal(found.tokens[0].id, ID);
        assert_string_equal(found.tokens[0].secret, SECRET);
    }
}

static void what_a_cookie_of_ours_would_not_look_like_is_none(void **state)
{
    static const char *const headers[] = {"",
                                          ";",
                                          "=",
                                          NAME,
                                          NAME "=",
                                          "=" TOKEN,
                                          NAME " =" TOKEN,
                                          NAME "\t=" TOKEN,
                                          "x" NAME "=" TOKEN,
                                          "__host-session=" TOKEN,
                                          "__HOST-SESSION=" TOKEN,
                                          "session=" TOKEN,
                                          "=" NAME "=" TOKEN,
                                          NAME "==" TOKEN,
                                          NAME "=\"" TOKEN "\"",
                                          NAME "=" TOKEN ",",
                                          NAME "=" TOKEN " x",
                                          "a=1," NAME "=" TOKEN,
                                          "a=1, " NAME "=" TOKEN,
                                          "\xa0" NAME "=" TOKEN,
                                          "\xe2\x80\x80" NAME "=" TOKEN,
                                          NAME "=" ID "." SECRET "B",
                                          NAME "=" ID "%2E" SECRET,
                                          "%5F%5FHost-session=" TOKEN};

    (void)state;
    assert_int_equal(found_in(NULL).n, 0);
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        assert_int_equal(found_in(headers[i]).n, 0);
    }
}

static void several_are_told_apart_and_counted(void **state)
{
    (void)state;
    assert_int_equal(found_in(NAME "=" TOKEN "; " NAME "=" TOKEN).n, 1);
    assert_int_equal(found_in(NAME "=" TOKEN "; " NAME "=" OTHER).n, 2);
    assert_int_equal(found_in(NAME "=" TOKEN "; " NAME "=nonsense").seen, 2);
    assert_int_equal(found_in(NAME "=nonsense; " NAME "=").n, 0);
}

static void no_more_than_eight_are_kept(void **state)
{
    char header[4096] = "";
    ms_cookie_found found;

    (void)state;
    for (int i = 0; i < 20; i++) {
        char pair[128];

        snprintf(pair, sizeof(pair), "%s=AAAAAAAAAAAAAAAAAAAA%02d.%s; ", NAME, i, SECRET);
        strcat(header, pair);
    }
    found = found_in(header);
    assert_int_equal(found.n, MS_COOKIE_TOKENS_MAX);
    assert_int_equal(found.seen, 20);
    assert_int_equal(found.n, 8);
    assert_int_equal(found.untried, 12);
    assert_string_equal(found.tokens[7].id, "AAAAAAAAAAAAAAAAAAAA07");
}

static void others_are_left_byte_for_byte(void **state)
{
    static const struct {
        const char *header, *rest;
    } cases[] = {{NAME "=" TOKEN, ""},
                 {NAME "=", ""},
                 {NAME " =x", ""},
                 {"a=1; " NAME "=" TOKEN "; b=2", "a=1; b=2"},
                 {NAME "=" TOKEN "; b=2", "b=2"},
                 {"a=1; " NAME "=" TOKEN, "a=1"},
                 {"a=\"1; " NAME "=" TOKEN "; 2\";b", "a=\"1; 2\";b"},
                 {NAME "=x; " NAME "=y;c = 3 ", "c = 3"},
                 {"a=1;;" NAME "=" TOKEN ";;b", "a=1;;;b"},
                 {NAME "=" TOKEN "; b=2 ; c=3", "b=2 ; c=3"},
                 {NAME "=" TOKEN ";", ""},
                 {"; " NAME "=" TOKEN, ""},
                 {"; " NAME "=" TOKEN "; b", "b"},
                 {"a=1; x" NAME "=1; " NAME "=" TOKEN, "a=1; x" NAME "=1"},
                 {"a=1, " NAME "=" TOKEN, "a=1"},
                 {"a=1," NAME "=" TOKEN "; b=2", "a=1; b=2"}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *rest = apr_pstrdup(*state, ms_cookie_strip(*state, cases[i].header, NAME));

        apr_collapse_spaces(rest, rest);
        {
            char *expected = apr_pstrdup(*state, cases[i].rest);

            apr_collapse_spaces(expected, expected);
            assert_string_equal(rest, expected);
        }
        assert_null(strstr(rest, SECRET));
    }
}

/* Made by hand: an application gets a token that signs no user in here. */
static void no_token_is_left_however_it_is_joined(void **state)
{
    static const char *const headers[] = {"," NAME "=" TOKEN " " NAME "=" TOKEN,
                                          "a=1, " NAME "= " TOKEN,
                                          "a=1 " NAME "=" TOKEN "," NAME "=" OTHER,
                                          "a=1,\t" NAME "=\t" TOKEN ";b=2",
                                          "a=1; " NAME "=" TOKEN ",b=2; c=3",
                                          NAME "=" TOKEN " " NAME "=" OTHER,
                                          NAME "=" TOKEN "," NAME "=" OTHER,
                                          "a=1; " NAME "=" TOKEN " " NAME "=" OTHER "; b=2",
                                          NAME "=" TOKEN "; a=1," NAME "=" OTHER " " NAME
                                               "=" TOKEN};

    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        const char *rest = ms_cookie_strip(*state, headers[i], NAME);

        assert_null(strstr(rest, SECRET));
        rest = ms_cookie_strip_tokens(*state, headers[i], NAME);
        assert_null(strstr(rest, SECRET));
    }
}

static void where_there_is_nothing_to_hide_nothing_is_changed(void **state)
{
    static const char *const headers[] = {"",        ";",     "=",  ";=;",           "a=1; b=2",
                                          " a=1 ;b", "\xff=", NAME, ("x" NAME "=1"), ("a=" NAME),
                                          "a=1, b=2"};

    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        assert_ptr_equal(ms_cookie_strip(*state, headers[i], NAME), headers[i]);
    }
}

static void of_another_hosts_name_only_tokens_are_taken_out(void **state)
{
    static const struct {
        const char *header, *rest;
    } cases[] = {{NAME "=" TOKEN, ""},
                 {"a=1; " NAME "=" TOKEN "; b=2", "a=1; b=2"},
                 {NAME "=eyJ.abc; " NAME "=" OTHER, NAME "=eyJ.abc"},
                 {NAME "=1; " NAME "; b=2", NAME "=1; " NAME "; b=2"},
                 {"a=1; " NAME "=1; b=2", "a=1; " NAME "=1; b=2"},
                 {"a=1; " NAME "=" TOKEN, "a=1"},
                 {NAME "=" TOKEN "; b=2", "b=2"},
                 {"b=2", "b=2"}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_string_equal(ms_cookie_strip_tokens(*state, cases[i].header, NAME), cases[i].rest);
    }
}

static void a_set_cookie_carries_its_attributes(void **state)
{
    const ms_cookie_attrs host = {NAME, NULL, "/", MS_SAMESITE_LAX, 1},
                          plain = {"s", "a.test", "/app", MS_SAMESITE_STRICT, 0};

    assert_string_equal(ms_cookie_format(*state, &host, TOKEN, 60),
                        NAME "=" TOKEN "; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=60");
    assert_string_equal(ms_cookie_format(*state, &host, TOKEN, 0),
                        NAME "=" TOKEN "; Path=/; Secure; HttpOnly; SameSite=Lax");
    assert_string_equal(ms_cookie_format(*state, &host, NULL, 0),
                        NAME "=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0");
    assert_string_equal(ms_cookie_format(*state, &plain, NULL, 0),
                        "s=; Path=/app; Domain=a.test; HttpOnly; SameSite=Strict; Max-Age=0");
}

static void an_applications_cookie_of_our_name_is_known_in_every_form(void **state)
{
    (void)state;
    assert_true(ms_cookie_is_named(NAME "=x; Path=/", NAME));
    assert_true(ms_cookie_is_named(" " NAME " = x", NAME));
    assert_true(ms_cookie_is_named("=" NAME "=x", NAME));
    assert_true(ms_cookie_is_named(NAME "=", NAME));
    assert_false(ms_cookie_is_named("a=1; " NAME "=x", NAME));
    assert_false(ms_cookie_is_named("__host-session=x", NAME));
    assert_false(ms_cookie_is_named("x" NAME "=x", NAME));
    assert_false(ms_cookie_is_named("", NAME));
}

static void names_promise_what_their_attributes_must_keep(void **state)
{
    static const struct {
        ms_cookie_attrs attrs;
        int ok;
    } cases[] = {{{NAME, NULL, "/", MS_SAMESITE_LAX, 1}, 1},
                 {{NAME, NULL, "/", MS_SAMESITE_LAX, 0}, 0},
                 {{NAME, NULL, "/a", MS_SAMESITE_LAX, 1}, 0},
                 {{NAME, "a.test", "/", MS_SAMESITE_LAX, 1}, 0},
                 {{"__Host-Http-s", NULL, "/", MS_SAMESITE_LAX, 1}, 1},
                 {{"__HOST-s", NULL, "/", MS_SAMESITE_LAX, 0}, 0},
                 {{"__Secure-s", "a.test", "/a", MS_SAMESITE_LAX, 1}, 1},
                 {{"__Secure-s", NULL, "/", MS_SAMESITE_LAX, 0}, 0},
                 {{"__Http-s", "a.test", "/a", MS_SAMESITE_LAX, 1}, 1},
                 {{"__http-s", NULL, "/", MS_SAMESITE_LAX, 0}, 0},
                 {{"__Host-Http-s", NULL, "/a", MS_SAMESITE_LAX, 1}, 0},
                 {{"__Host-Http-s", "a.test", "/", MS_SAMESITE_LAX, 1}, 0},
                 {{"__Host-Http-s", NULL, "/", MS_SAMESITE_LAX, 0}, 0},
                 {{"s", NULL, "/", MS_SAMESITE_NONE, 1}, 1},
                 {{"s", NULL, "/", MS_SAMESITE_NONE, 0}, 0},
                 {{"s", NULL, "/", MS_SAMESITE_STRICT, 0}, 1},
                 {{"a b", NULL, "/", MS_SAMESITE_LAX, 0}, 0},
                 {{"a=b", NULL, "/", MS_SAMESITE_LAX, 0}, 0},
                 {{"", NULL, "/", MS_SAMESITE_LAX, 0}, 0},
                 {{"s", NULL, "a", MS_SAMESITE_LAX, 0}, 0},
                 {{"s", NULL, "/;Domain=b", MS_SAMESITE_LAX, 0}, 0}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(ms_cookie_check(*state, &cases[i].attrs) == NULL, cases[i].ok);
    }
}

/* With any bytes nothing is read past the end (under the sanitizers), and no secret remains.
 */
static void any_bytes_are_read_without_harm(void **state)
{
    static const char pieces[][24] = {NAME, "=", ";", " ", ",", "\t", ID, ".", "x", "\"", "\xff"};
    unsigned seed = 1;

    for (int i = 0; i < 20000; i++) {
        char header[256] = "";
        apr_pool_t *p;
        ms_cookie_found found;

        for (int j = 0; j < 10; j++) {
            seed = seed * 1103515245u + 12345u;
            strcat(header, pieces[(seed >> 16) % (sizeof(pieces) / sizeof(pieces[0]))]);
        }
        apr_pool_create(&p, *state);
        ms_cookie_find(ms_cookie_strip(p, header, NAME), NAME, &found);
        assert_int_equal(found.n, 0);
        ms_cookie_is_named(header, NAME);
        apr_pool_destroy(p);
    }
}

static void a_domain_is_labels_with_dots_between_them(void **state)
{
    static const char *const good[] = {"example.org", ".example.org",          "EXAMPLE.org",
                                       "localhost",   "xn--bcher-kva.example", "127.0.0.1",
                                       "a_b.internal"};
    static const char *const bad[] = {"",          ".",         "..a", "a..b", "a.",  "*.a",
                                      "a:1",       "https://a", "a/",  "a b",  "a;b", "a,b",
                                      "b\xc3\xbc", " a",        "a\n", "[::1]"};

    (void)state;
    for (apr_size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(ms_cookie_is_domain(good[i]));
    }
    for (apr_size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(ms_cookie_is_domain(bad[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_token_is_found_among_other_cookies),
        TEST(what_a_cookie_of_ours_would_not_look_like_is_none),
        TEST(several_are_told_apart_and_counted),
        TEST(no_more_than_eight_are_kept),
        TEST(others_are_left_byte_for_byte),
        TEST(no_token_is_left_however_it_is_joined),
        TEST(where_there_is_nothing_to_hide_nothing_is_changed),
        TEST(of_another_hosts_name_only_tokens_are_taken_out),
        TEST(a_set_cookie_carries_its_attributes),
        TEST(an_applications_cookie_of_our_name_is_known_in_every_form),
        TEST(names_promise_what_their_attributes_must_keep),
        TEST(a_domain_is_labels_with_dots_between_them),
        TEST(any_bytes_are_read_without_harm),
    };

    return RUN(tests);
}

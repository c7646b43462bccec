/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "core/web_origin.h"

static void is(apr_pool_t *p, const char *text, int https, const char *host, apr_port_t port)
{
    ms_web_origin origin;

    assert_true(ms_web_origin_parse(p, text, &origin));
    assert_int_equal(origin.https, https);
    assert_string_equal(origin.host, host);
    assert_int_equal(origin.port, port);
}

static void an_origin_is_a_scheme_a_host_and_a_port(void **state)
{
    is(*state, "http://app.example", 0, "app.example", 80);
    is(*state, "https://app.example", 1, "app.example", 443);
    is(*state, "https://app.example:8443", 1, "app.example", 8443);
    is(*state, "http://app.example:65535", 0, "app.example", 65535);
    is(*state, "HTTP://App.Example:80", 0, "app.example", 80);
    is(*state, "http://127.0.0.1:1", 0, "127.0.0.1", 1);
    is(*state, "https://[2001:DB8::1]:444", 1, "[2001:db8::1]", 444);
    is(*state, "http://under_score.example", 0, "under_score.example", 80);
    is(*state, "http://xn--bcher-kva.example", 0, "xn--bcher-kva.example", 80);
}

static void anything_else_is_not_one(void **state)
{
    static const char *const texts[] = {"",
                                        "null",
                                        "app.example",
                                        "//app.example",
                                        "http:",
                                        "http:/",
                                        "http://",
                                        "http:///",
                                        "http://app.example/",
                                        "http://app.example/x",
                                        "http://app.example?x",
                                        "http://app.example#x",
                                        "http://user@app.example",
                                        "http://user:pw@app.example",
                                        "http://app.example:",
                                        "http://app.example:0",
                                        "http://app.example:00080",
                                        "http://app.example:080",
                                        "http://app.example:-80",
                                        "http://app.example:+80",
                                        "http://app.example: 80",
                                        "http://app.example:80x",
                                        "http://app.example:65536",
                                        "http://app.example:65616",
                                        "http://app.example:4294967376",
                                        "http://app.example:18446744073709551696",
                                        "http://app.example:80:80",
                                        "http://app.example, http://app.example",
                                        "http://app.example http://app.example",
                                        "http://app.example ",
                                        " http://app.example",
                                        "http://:80",
                                        "http://[::1",
                                        "http://::1",
                                        "http://[]",
                                        "http://[:]",
                                        "http://[::1]x",
                                        "http://[evil.test]",
                                        "http://app.example\\",
                                        "http://app.example\t",
                                        "http://app.ex%61mple",
                                        "ftp://app.example",
                                        "ws://app.example",
                                        "file://",
                                        "chrome-extension://abc",
                                        "https//app.example",
                                        "http:app.example",
                                        "javascript://app.example"};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        ms_web_origin origin;

        if (ms_web_origin_parse(*state, texts[i], &origin)) {
            fail_msg("\"%s\" was taken for an origin", texts[i]);
        }
    }
}

static void a_host_has_the_port_of_its_scheme(void **state)
{
    ms_web_origin origin, other;

    assert_true(ms_web_origin_of_host(*state, "app.example", 1, &origin));
    assert_true(ms_web_origin_parse(*state, "https://app.example:443", &other));
    assert_true(ms_web_origin_equal(&origin, &other));
    assert_true(ms_web_origin_of_host(*state, "app.example", 0, &origin));
    assert_false(ms_web_origin_equal(&origin, &other));
    assert_true(ms_web_origin_of_host(*state, "[::1]:8080", 0, &origin));
    assert_string_equal(origin.host, "[::1]");
    assert_false(ms_web_origin_of_host(*state, "app.example, evil.test", 0, &origin));
    assert_false(ms_web_origin_of_host(*state, "app.example:65616", 0, &origin));
    assert_false(ms_web_origin_of_host(*state, "app.example/x", 0, &origin));
    assert_false(ms_web_origin_of_host(*state, "", 0, &origin));
}

static void a_url_begins_with_its_origin(void **state)
{
    static const struct {
        const char *url, *rest;
    } cases[] = {{"https://app.example", ""},
                 {"https://app.example/", "/"},
                 {"https://app.example:444/a?b", "/a?b"},
                 {"https://app.example?b", "?b"},
                 {"https://app.example#b", "#b"},
                 {"https://app.example\\@evil.test/", NULL},
                 {"https://app.example@evil.test/", NULL},
                 {"https://app.example:443@evil.test/", NULL},
                 {"https:/app.example/", NULL},
                 {"/app", NULL}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ms_web_origin origin;
        const char *rest;
        const int is_one = ms_web_origin_of_url(*state, cases[i].url, &origin, &rest);

        assert_int_equal(is_one, cases[i].rest != NULL);
        if (is_one) {
            assert_string_equal(rest, cases[i].rest);
        }
    }
}

static void loopback_is_the_clients_own_machine(void **state)
{
    static const struct {
        const char *origin;
        int is_loopback;
    } cases[] = {{"http://localhost", 1},         {"http://LOCALHOST:8080", 1},
                 {"http://app.localhost", 1},     {"http://127.0.0.1:8080", 1},
                 {"http://127.9.9.9", 1},         {"http://[::1]:80", 1},
                 {"http://intranet.example", 0},  {"http://notlocalhost", 0},
                 {"http://localhost.example", 0}, {"http://127.0.0.1.example", 0},
                 {"http://192.168.1.1", 0},       {"http://[2001:db8::1]", 0},
                 {"http://.localhost.example", 0}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ms_web_origin origin;

        assert_true(ms_web_origin_parse(*state, cases[i].origin, &origin));
        assert_int_equal(ms_web_origin_is_loopback(&origin), cases[i].is_loopback);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_origin_is_a_scheme_a_host_and_a_port), TEST(anything_else_is_not_one),
        TEST(a_host_has_the_port_of_its_scheme), TEST(a_url_begins_with_its_origin),
        TEST(loopback_is_the_clients_own_machine)};

    return RUN(tests);
}

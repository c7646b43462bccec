/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What src/device.c calls the things people sign in with, and that nothing they claim to be can do
 * more harm than being called unknown.
 */
#include "unit.h"

#include <string.h>

#include "device.h"

#define COUNT(table) (sizeof(table) / sizeof(table[0]))
#define WEBKIT       "AppleWebKit/537.36 (KHTML, like Gecko) "
#define ON_WINDOWS   "Mozilla/5.0 (Windows NT 10.0; Win64; x64) "
#define ON_MAC       "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) "
#define ON_LINUX     "Mozilla/5.0 (X11; Linux x86_64) "
#define ON_ANDROID   "Mozilla/5.0 (Linux; Android 10; K) "
#define ON_IPHONE                                                                                  \
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
#define ON_IPAD                                                                                    \
    "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "

static ms_device name(void **state, const char *user_agent)
{
    ms_device device;

    ms_device_name(*state, user_agent, &device);
    assert_non_null(device.name);
    return device;
}

static void assert_maybe_string_equal(const char *is, const char *should)
{
    if (should) {
        assert_non_null(is);
        assert_string_equal(is, should);
    }
    else {
        assert_null(is);
    }
}

typedef struct example {
    const char *user_agent, *name, *browser, *os;
} example;

static void assert_named(void **state, const example *examples, apr_size_t count)
{
    apr_size_t i;

    for (i = 0; i < count; i++) {
        ms_device device = name(state, examples[i].user_agent);
        assert_string_equal(device.name, examples[i].name);
        assert_maybe_string_equal(device.browser, examples[i].browser);
        assert_maybe_string_equal(device.os, examples[i].os);
    }
}

static void browsers_are_named_with_their_system(void **state)
{
    static const example examples[] = {
        {"Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
         "Firefox on Linux", "Firefox", "Linux"},
        {"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0",
         "Firefox on Windows", "Firefox", "Windows"},
        {"Mozilla/5.0 (Android 14; Mobile; rv:128.0) Gecko/128.0 Firefox/128.0",
         "Firefox on Android", "Firefox", "Android"},
        {ON_IPHONE "FxiOS/128.0 Mobile/15E148 Safari/605.1.15", "Firefox on iOS", "Firefox", "iOS"},
        {"Mozilla/5.0 (X11; OpenBSD amd64; rv:128.0) Gecko/20100101 Firefox/128.0",
         "Firefox on OpenBSD", "Firefox", "OpenBSD"},
        {"Mozilla/5.0 (X11; NetBSD amd64; rv:128.0) Gecko/20100101 Firefox/128.0",
         "Firefox on NetBSD", "Firefox", "NetBSD"},
        {"Mozilla/5.0 (X11; FreeBSD amd64) " WEBKIT "Chrome/126.0.0.0 Safari/537.36",
         "Chrome on FreeBSD", "Chrome", "FreeBSD"},
        {ON_WINDOWS WEBKIT "Chrome/126.0.0.0 Safari/537.36", "Chrome on Windows", "Chrome",
         "Windows"},
        {ON_MAC WEBKIT "Chrome/126.0.0.0 Safari/537.36", "Chrome on macOS", "Chrome", "macOS"},
        {ON_LINUX WEBKIT "HeadlessChrome/126.0.0.0 Safari/537.36", "Chrome on Linux", "Chrome",
         "Linux"},
        {ON_ANDROID WEBKIT "Chrome/126.0.0.0 Mobile Safari/537.36", "Chrome on Android", "Chrome",
         "Android"},
        {"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) " WEBKIT "Chrome/126.0.0.0 Safari/537.36",
         "Chrome on ChromeOS", "Chrome", "ChromeOS"},
        {ON_IPHONE "CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1", "Chrome on iOS", "Chrome",
         "iOS"},
        {ON_IPAD "Version/17.5 Mobile/15E148 Safari/604.1", "Safari on iPadOS", "Safari", "iPadOS"},
        {ON_IPHONE "Version/17.5 Mobile/15E148 Safari/604.1", "Safari on iOS", "Safari", "iOS"},
        {"Mozilla/5.0 (iPod touch; CPU iPhone OS 12_0 like Mac OS X) Version/12.0 Safari/604.1",
         "Safari on iOS", "Safari", "iOS"},
        {ON_MAC "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
         "Safari on macOS", "Safari", "macOS"},
    };

    assert_named(state, examples, COUNT(examples));
}

static void browsers_that_pretend_to_be_others_are_found_out(void **state)
{
    static const example examples[] = {
        {ON_WINDOWS WEBKIT "Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0", "Edge on Windows",
         "Edge", "Windows"},
        {ON_ANDROID WEBKIT "Chrome/126.0.0.0 Mobile Safari/537.36 EdgA/126.0.0.0",
         "Edge on Android", "Edge", "Android"},
        {ON_IPHONE "Version/17.0 EdgiOS/126.0.2592.56 Mobile/15E148 Safari/604.1", "Edge on iOS",
         "Edge", "iOS"},
        {ON_WINDOWS WEBKIT "Chrome/64.0.3282.140 Safari/537.36 Edge/18.17763", "Edge on Windows",
         "Edge", "Windows"},
        {"Mozilla/5.0 (Windows Phone 10.0; Android 6.0.1; Microsoft; Lumia 950) " WEBKIT
         "Chrome/52.0.2743.116 Mobile Safari/537.36 Edge/15.15063",
         "Edge on Windows", "Edge", "Windows"},
        {ON_MAC WEBKIT "Chrome/126.0.0.0 Safari/537.36 OPR/112.0.0.0", "Opera on macOS", "Opera",
         "macOS"},
        {"Opera/9.80 (X11; Linux x86_64) Presto/2.12.388 Version/12.16", "Opera on Linux", "Opera",
         "Linux"},
        {"Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; en) Opera 8.50", "Opera on Windows",
         "Opera", "Windows"},
        {"Mozilla/5.0 (Linux; Android 14; SAMSUNG SM-S918B) " WEBKIT
         "SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36",
         "Samsung Internet on Android", "Samsung Internet", "Android"},
        {ON_LINUX WEBKIT "Chrome/126.0.0.0 Safari/537.36 Vivaldi/6.8.3381.44", "Vivaldi on Linux",
         "Vivaldi", "Linux"},
    };

    assert_named(state, examples, COUNT(examples));
}

static void programs_and_robots_are_named_too(void **state)
{
    static const example examples[] = {
        {"curl/8.5.0", "curl", "curl", NULL},
        {"Wget/1.21.3", "Wget", "Wget", NULL},
        {"Wget/1.20.1 (linux-gnu)", "Wget on Linux", "Wget", "Linux"},
        {"python-requests/2.32.3", "python-requests", "python-requests", NULL},
        {"Go-http-client/2.0", "Go-http-client", "Go-http-client", NULL},
        {"okhttp/4.12.0", "okhttp", "okhttp", NULL},
        {"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Googlebot",
         "Googlebot", NULL},
        {"Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) " WEBKIT
         "Chrome/126.0.0.0 Mobile Safari/537.36 (compatible; Googlebot/2.1)",
         "Googlebot on Android", "Googlebot", "Android"},
        {"Mozilla/5.0 " WEBKIT "(compatible; bingbot/2.0) Chrome/116.0.0.0 Safari/537.36",
         "Bingbot", "Bingbot", NULL},
        {"Mozilla/5.0 (compatible; AhrefsBot/7.0)", "Bot", "Bot", NULL},
        {ON_MAC WEBKIT "Version/17.4 Safari/605.1.15 (Applebot/0.1)", "Bot on macOS", "Bot",
         "macOS"},
        {"Slackbot 1.0 (+https://api.slack.com/robots)", "Bot", "Bot", NULL},
    };

    assert_named(state, examples, COUNT(examples));
}

static void what_is_half_known_is_half_named(void **state)
{
    static const example examples[] = {
        {"Firefox/1.0", "Firefox", "Firefox", NULL},
        {ON_LINUX, "A browser on Linux", NULL, "Linux"},
        /* WebKit outside Apple's systems, whatever it says, is not Safari. */
        {ON_LINUX "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/605.1.15",
         "A browser on Linux", NULL, "Linux"},
        {"Mozilla/5.0 (Linux; U; Android 4.0.3; de) Version/4.0 Mobile Safari/534.30",
         "A browser on Android", NULL, "Android"},
        {ON_IPHONE "Mobile/15E148", "A browser on iOS", NULL, "iOS"},
        {"Mozilla/5.0 (Windows NT 10.0; Trident/7.0; rv:11.0) like Gecko", "A browser on Windows",
         NULL, "Windows"},
        /* A telephone's maker, no robot. */
        {"Mozilla/5.0 (Linux; Android 9; CUBOT X19) " WEBKIT
         "Chrome/126.0.0.0 Mobile Safari/537.36",
         "Chrome on Android", "Chrome", "Android"},
    };

    assert_named(state, examples, COUNT(examples));
}

static void what_says_nothing_is_unknown(void **state)
{
    static const char *const unknown[] = {NULL,
                                          "",
                                          " ",
                                          "-",
                                          "Mozilla/5.0",
                                          "Mozilla/5.0 (compatible)",
                                          "Microsoft",
                                          "firefox",
                                          "Edg",
                                          "Chrom",
                                          "\xFF\xFE",
                                          "\x01\x7F",
                                          "\xED\xA0\x80",
                                          "\xEF\xBF\xBD",
                                          "<script>alert(1)</script>",
                                          "%s%n%99999d",
                                          "{{7*7}}",
                                          "\"><img src=x onerror=1>",
                                          "Fire\xE2\x80\xAE"
                                          "fox/1"};
    apr_size_t i;

    for (i = 0; i < COUNT(unknown); i++) {
        ms_device device = name(state, unknown[i]);
        assert_string_equal(device.name, "Unknown device");
        assert_null(device.browser);
        assert_null(device.os);
    }
}

static void a_huge_user_agent_is_read_like_any_other(void **state)
{
    char huge[10241];

    memset(huge, 'A', sizeof(huge) - 1);
    huge[sizeof(huge) - 1] = '\0';
    assert_string_equal(name(state, huge).name, "Unknown device");

    memcpy(huge + sizeof(huge) - 1 - 15, "Firefox/1 Linux", 15);
    assert_string_equal(name(state, huge).name, "Firefox on Linux");

    memset(huge, '\xFF', sizeof(huge) - 1);
    assert_string_equal(name(state, huge).name, "Unknown device");
}

/* Names are made of our own words only: nothing of what a visitor sent comes back. */
static void nothing_of_the_user_agent_is_echoed(void **state)
{
    ms_device device = name(state, "<b>Firefox/<i>99 (Linux <script>");

    assert_string_equal(device.name, "Firefox on Linux");
    assert_string_equal(device.browser, "Firefox");
    assert_string_equal(device.os, "Linux");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(browsers_are_named_with_their_system),
        TEST(browsers_that_pretend_to_be_others_are_found_out),
        TEST(programs_and_robots_are_named_too),
        TEST(what_is_half_known_is_half_named),
        TEST(what_says_nothing_is_unknown),
        TEST(a_huge_user_agent_is_read_like_any_other),
        TEST(nothing_of_the_user_agent_is_echoed),
    };

    return RUN(tests);
}

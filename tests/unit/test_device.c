/* SPDX-License-Identifier: Apache-2.0 */
/*
 * src/core/device.c: the names of devices, and that no User-Agent can do more harm than
 * give its own device a wrong name. tests/unit/user-agents.tsv has what a person calls each of 306
 * agents.
 */
#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include <apr_cstr.h>

#include "core/device.h"

#define WEBKIT     "AppleWebKit/537.36 (KHTML, like Gecko) "
#define ON_WINDOWS "Mozilla/5.0 (Windows NT 10.0; Win64; x64) "
#define ON_MAC     "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) "
#define ON_LINUX   "Mozilla/5.0 (X11; Linux x86_64) "
#define ON_ANDROID "Mozilla/5.0 (Linux; Android 10; K) "
#define ON_IPHONE \
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
#define ON_IPAD \
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
        {"Mozilla/5.0 (compatible; AhrefsBot/7.0)", "AhrefsBot", "AhrefsBot", NULL},
        {ON_MAC WEBKIT "Version/17.4 Safari/605.1.15 (Applebot/0.1)", "Applebot on macOS",
         "Applebot", "macOS"},
        {"Slackbot 1.0 (+https://api.slack.com/robots)", "Slackbot", "Slackbot", NULL},
        {"Mozilla/5.0 (compatible; SomeBot/7.0)", "Bot", "Bot", NULL},
        {"somebot 1.0", "Bot", "Bot", NULL},
    };

    assert_named(state, examples, COUNT(examples));
}

static void what_is_half_known_is_half_named(void **state)
{
    static const example examples[] = {
        {"Firefox/1.0", "Firefox", "Firefox", NULL},
        {ON_LINUX, "A browser on Linux", NULL, "Linux"},
        /* WebKit outside Apple's systems is not Safari, even if it says so. */
        {ON_LINUX "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/605.1.15",
         "A browser on Linux", NULL, "Linux"},
        {"Mozilla/5.0 (Linux; U; Android 4.0.3; de) Version/4.0 Mobile Safari/534.30",
         "A browser on Android", NULL, "Android"},
        {ON_IPHONE "Mobile/15E148", "A browser on iOS", NULL, "iOS"},
        {"Mozilla/5.0 (Windows NT 10.0; rv:11.0) like Gecko", "A browser on Windows", NULL,
         "Windows"},
        /* A maker of phones, not a bot. */
        {"Mozilla/5.0 (Linux; Android 9; CUBOT X19) " WEBKIT
         "Chrome/126.0.0.0 Mobile Safari/537.36",
         "Chrome on Android", "Chrome", "Android"},
    };

    assert_named(state, examples, COUNT(examples));
}

typedef struct detailed {
    const char *user_agent, *browser, *version, *os;
    ms_device_kind kind;
} detailed;

#define ON_TABLET "Mozilla/5.0 (Linux; Android 10; K) "
#define IN_APP    "Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/UD1A; wv) "
#define MOBILE    "Chrome/141.0.0.0 Mobile Safari/537.36"
#define DESKTOP   "Chrome/141.0.0.0 Safari/537.36"

static const detailed detailed_examples[] = {
    {ON_WINDOWS WEBKIT DESKTOP, "Chrome", "141", "Windows", MS_DEVICE_COMPUTER},
    {ON_MAC WEBKIT DESKTOP, "Chrome", "141", "macOS", MS_DEVICE_COMPUTER},
    {ON_LINUX WEBKIT DESKTOP, "Chrome", "141", "Linux", MS_DEVICE_COMPUTER},
    {"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) " WEBKIT DESKTOP, "Chrome", "141", "ChromeOS",
     MS_DEVICE_COMPUTER},
    {ON_ANDROID WEBKIT MOBILE, "Chrome", "141", "Android", MS_DEVICE_PHONE},
    {ON_TABLET WEBKIT DESKTOP, "Chrome", "141", "Android", MS_DEVICE_TABLET},
    {ON_WINDOWS WEBKIT DESKTOP " Edg/141.0.0.0", "Edge", "141", "Windows", MS_DEVICE_COMPUTER},
    {ON_ANDROID WEBKIT MOBILE " EdgA/141.0.0.0", "Edge", "141", "Android", MS_DEVICE_PHONE},
    {ON_IPHONE "Version/18.0 EdgiOS/141.0.3537.60 Mobile/15E148 Safari/605.1.15", "Edge", "141",
     "iOS", MS_DEVICE_PHONE},
    {ON_WINDOWS WEBKIT DESKTOP " OPR/122.0.0.0", "Opera", "122", "Windows", MS_DEVICE_COMPUTER},
    {ON_ANDROID WEBKIT MOBILE " OPR/90.0.0.0", "Opera", "90", "Android", MS_DEVICE_PHONE},
    {"Opera/9.80 (X11; Linux x86_64) Presto/2.12.388 Version/12.16", "Opera", "12", "Linux",
     MS_DEVICE_COMPUTER},
    {ON_LINUX WEBKIT DESKTOP " Vivaldi/7.6.3797.63", "Vivaldi", "7", "Linux", MS_DEVICE_COMPUTER},
    {ON_MAC WEBKIT DESKTOP " Brave/141", "Brave", "141", "macOS", MS_DEVICE_COMPUTER},
    {ON_WINDOWS WEBKIT DESKTOP " YaBrowser/25.8.0.0", "Yandex Browser", "25", "Windows",
     MS_DEVICE_COMPUTER},
    {"Mozilla/5.0 (Linux; Android 14; SAMSUNG SM-S918B) " WEBKIT "SamsungBrowser/28.0 " MOBILE,
     "Samsung Internet", "28", "Android", MS_DEVICE_PHONE},
    {"Mozilla/5.0 (Linux; Android 14; SAMSUNG SM-X910) " WEBKIT "SamsungBrowser/28.0 " DESKTOP,
     "Samsung Internet", "28", "Android", MS_DEVICE_TABLET},
    {"Mozilla/5.0 (Linux; U; Android 14; zh-cn; 2211133C) " WEBKIT "Version/4.0 " MOBILE
     " XiaoMi/MiuiBrowser/19.5.0",
     "Mi Browser", "19", "Android", MS_DEVICE_PHONE},
    {"Mozilla/5.0 (Linux; Android 12; HarmonyOS; NOH-AN00) " WEBKIT
     "Chrome/114.0.5735.196 HuaweiBrowser/16.0.0.300 Mobile Safari/537.36",
     "Huawei Browser", "16", "Android", MS_DEVICE_PHONE},
    {"Mozilla/5.0 (Linux; Android 11; KFTRWI) " WEBKIT "Silk/128.4.1 like " DESKTOP, "Silk", "128",
     "Android", MS_DEVICE_TABLET},
    {IN_APP WEBKIT "Version/4.0 " MOBILE, "Android WebView", "141", "Android", MS_DEVICE_PHONE},
    {IN_APP WEBKIT "Version/4.0 " MOBILE " [FB_IAB/FB4A;FBAV/530.0.0.48.74;]", "Facebook", "530",
     "Android", MS_DEVICE_PHONE},
    {IN_APP WEBKIT "Version/4.0 " MOBILE " Instagram 400.0.0.49.68 Android", "Instagram", "400",
     "Android", MS_DEVICE_PHONE},
    {IN_APP WEBKIT "Version/4.0 " MOBILE " MicroMessenger/8.0.60.2880", "WeChat", "8", "Android",
     MS_DEVICE_PHONE},
    {ON_IPHONE "Mobile/22F76 [FBAN/FBIOS;FBAV/530.0.0.35.75;FBBV/1]", "Facebook", "530", "iOS",
     MS_DEVICE_PHONE},
    {ON_IPHONE "Mobile/15E148 Instagram 399.0.0.28.109 (iPhone16,2)", "Instagram", "399", "iOS",
     MS_DEVICE_PHONE},
    {ON_IPHONE "GSA/385.0.0 Mobile/15E148 Safari/604.1", "Google app", "385", "iOS",
     MS_DEVICE_PHONE},
    {ON_IPHONE "Safari Line/15.14.0", "LINE", "15", "iOS", MS_DEVICE_PHONE},
    {ON_IPHONE "Version/18.5 Mobile/15E148 Safari/604.1", "Safari", "18", "iOS", MS_DEVICE_PHONE},
    {ON_IPAD "Version/18.5 Mobile/15E148 Safari/604.1", "Safari", "18", "iPadOS", MS_DEVICE_TABLET},
    {ON_MAC "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15", "Safari", "18",
     "macOS", MS_DEVICE_COMPUTER},
    {ON_IPHONE "CriOS/141.0.7390.41 Mobile/15E148 Safari/604.1", "Chrome", "141", "iOS",
     MS_DEVICE_PHONE},
    {ON_IPHONE "FxiOS/143.0 Mobile/15E148 Safari/605.1.15", "Firefox", "143", "iOS",
     MS_DEVICE_PHONE},
    {ON_IPHONE "Version/18.5 Mobile/15E148 DuckDuckGo/7 Safari/605.1.15", "DuckDuckGo", "7", "iOS",
     MS_DEVICE_PHONE},
    {ON_MAC "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15 Ddg/18.5",
     "DuckDuckGo", "18", "macOS", MS_DEVICE_COMPUTER},
    {ON_ANDROID WEBKIT MOBILE " DuckDuckGo/5", "DuckDuckGo", "5", "Android", MS_DEVICE_PHONE},
    {"Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0", "Firefox", "143",
     "Linux", MS_DEVICE_COMPUTER},
    {"Mozilla/5.0 (Android 15; Mobile; rv:143.0) Gecko/143.0 Firefox/143.0", "Firefox", "143",
     "Android", MS_DEVICE_PHONE},
    {"Mozilla/5.0 (Android 15; Tablet; rv:143.0) Gecko/143.0 Firefox/143.0", "Firefox", "143",
     "Android", MS_DEVICE_TABLET},
    {"Mozilla/5.0 (X11; FreeBSD amd64; rv:143.0) Gecko/20100101 Firefox/143.0", "Firefox", "143",
     "FreeBSD", MS_DEVICE_COMPUTER},
    {"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 "
     "Safari/605.1.15 Epiphany/605.1.15",
     "GNOME Web", "605", "Linux", MS_DEVICE_COMPUTER},
    {"Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Thunderbird/115.6.0", "Thunderbird",
     "115", "Linux", MS_DEVICE_COMPUTER},
    {"Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko", "Internet Explorer",
     "11", "Windows", MS_DEVICE_COMPUTER},
    {"Mozilla/5.0 (Windows Phone 10.0; Android 6.0.1; Microsoft; Lumia 950) " WEBKIT
     "Chrome/52.0.2743.116 Mobile Safari/537.36 Edge/15.15063",
     "Edge", "15", "Windows", MS_DEVICE_PHONE},
    {"DAVx5/4.4.3-ose (2025/01/01; dav4jvm; okhttp/4.12.0) Android/14", "DAVx5", "4", "Android",
     MS_DEVICE_COMMAND_LINE},
    {"curl/8.5.0", "curl", "8", NULL, MS_DEVICE_COMMAND_LINE},
    {"Wget/1.21.3", "Wget", "1", NULL, MS_DEVICE_COMMAND_LINE},
    {"git/2.39.5", "Git", "2", NULL, MS_DEVICE_COMMAND_LINE},
    {"HTTPie/3.2.2", "HTTPie", "3", NULL, MS_DEVICE_COMMAND_LINE},
    {"python-requests/2.32.3", "python-requests", "2", NULL, MS_DEVICE_COMMAND_LINE},
    {"Python-urllib/3.11", "Python-urllib", "3", NULL, MS_DEVICE_COMMAND_LINE},
    {"Python/3.11 aiohttp/3.9.1", "aiohttp", "3", NULL, MS_DEVICE_COMMAND_LINE},
    {"Go-http-client/1.1", "Go-http-client", "1", NULL, MS_DEVICE_COMMAND_LINE},
    {"okhttp/4.12.0", "okhttp", "4", NULL, MS_DEVICE_COMMAND_LINE},
    {"Apache-HttpClient/4.5.14 (Java/17.0.9)", "Apache HttpClient", "4", NULL,
     MS_DEVICE_COMMAND_LINE},
    {"libwww-perl/6.67", "libwww-perl", "6", NULL, MS_DEVICE_COMMAND_LINE},
    {"PostmanRuntime/7.43.0", "Postman", "7", NULL, MS_DEVICE_COMMAND_LINE},
    {"Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.19041", "PowerShell",
     "5", "Windows", MS_DEVICE_COMMAND_LINE},
    {"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Googlebot", "2",
     NULL, MS_DEVICE_BOT},
    {"Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)", "YandexBot", "3", NULL,
     MS_DEVICE_BOT},
    {"Mozilla/5.0 (compatible; Baiduspider/2.0)", "Baiduspider", "2", NULL, MS_DEVICE_BOT},
    {"DuckDuckBot/1.1; (+http://duckduckgo.com/duckduckbot.html)", "DuckDuckBot", "1", NULL,
     MS_DEVICE_BOT},
    {"facebookexternalhit/1.1", "Facebook preview", "1", NULL, MS_DEVICE_BOT},
    {"Mozilla/5.0 " WEBKIT "compatible; GPTBot/1.2; +https://openai.com/gptbot)", "GPTBot", "1",
     NULL, MS_DEVICE_BOT},
    {"Mozilla/5.0 " WEBKIT "compatible; ClaudeBot/1.0; +claudebot@anthropic.com)", "ClaudeBot", "1",
     NULL, MS_DEVICE_BOT},
    {"Twitterbot/1.0", "Twitterbot", "1", NULL, MS_DEVICE_BOT},
    {"Mozilla/5.0 (compatible; UptimeRobot/2.0)", "UptimeRobot", "2", NULL, MS_DEVICE_BOT},
    {"Firefox/", "Firefox", NULL, NULL, MS_DEVICE_UNKNOWN},
    {"Firefox/1234567", "Firefox", NULL, NULL, MS_DEVICE_UNKNOWN},
    {"nothing", NULL, NULL, NULL, MS_DEVICE_UNKNOWN},
};

static void version_and_kind_are_given_if_they_are_known(void **state)
{
    for (apr_size_t i = 0; i < COUNT(detailed_examples); i++) {
        const detailed *expected = &detailed_examples[i];
        ms_device device = name(state, expected->user_agent);

        assert_maybe_string_equal(device.browser, expected->browser);
        assert_maybe_string_equal(device.version, expected->version);
        assert_maybe_string_equal(device.os, expected->os);
        if (device.kind != expected->kind) {
            fail_msg("%s: kind %d", expected->user_agent, device.kind);
        }
    }
}

#define BRANDS(brand) "\"Chromium\";v=\"141\", \"Not?A_Brand\";v=\"8\", \"" brand "\";v=\"141\""

static void hints_name_what_the_user_agent_hides(void **state)
{
    static const struct {
        const char *user_agent, *brands, *platform, *stored, *name;
    } examples[] = {
        {ON_WINDOWS WEBKIT DESKTOP, BRANDS("Brave"), "\"Windows\"",
         ON_WINDOWS WEBKIT DESKTOP " [Brave 141; Windows]", "Brave on Windows"},
        {ON_WINDOWS WEBKIT DESKTOP, BRANDS("Google Chrome"), "\"Windows\"",
         ON_WINDOWS WEBKIT DESKTOP, "Chrome on Windows"},
        {ON_WINDOWS WEBKIT DESKTOP, BRANDS("Vivaldi"), NULL,
         ON_WINDOWS WEBKIT DESKTOP " [Vivaldi 141; ]", "Vivaldi on Windows"},
        {ON_LINUX WEBKIT DESKTOP, BRANDS("Google Chrome"), "\"Android\"",
         ON_LINUX WEBKIT DESKTOP " [Chrome 141; Android]", "Chrome on Android"},
        {ON_LINUX WEBKIT DESKTOP, BRANDS("Chrom\\\"ium"), "\"Unknown\"", ON_LINUX WEBKIT DESKTOP,
         "Chrome on Linux"},
        {ON_WINDOWS WEBKIT DESKTOP, "\"Brave", "Windows", ON_WINDOWS WEBKIT DESKTOP,
         "Chrome on Windows"},
        {"curl/8.5.0", BRANDS("Brave"), NULL, "curl/8.5.0", "curl"},
        {NULL, NULL, NULL, "", "Unknown device"},
        {NULL, BRANDS("Brave"), "\"macOS\"", " [Brave 141; macOS]", "Brave on macOS"},
        {"\x01 <b>", BRANDS("Microsoft Edge"), "\"Chrome OS\"", " <b> [Edge 141; ChromeOS]",
         "Edge on ChromeOS"},
    };

    for (apr_size_t i = 0; i < COUNT(examples); i++) {
        const char *stored = ms_device_describe(*state, examples[i].user_agent, examples[i].brands,
                                                examples[i].platform, 512);

        assert_string_equal(stored, examples[i].stored);
        assert_string_equal(name(state, stored).name, examples[i].name);
    }
}

static void hints_survive_where_the_user_agent_is_cut(void **state)
{
    char *huge = apr_pcalloc(*state, 2001);
    const char *stored;

    memset(huge, 'A', 2000);
    stored = ms_device_describe(*state, huge, BRANDS("Brave"), "\"Linux\"", 512);
    assert_int_equal(strlen(stored), 512);
    assert_string_equal(name(state, stored).name, "Brave on Linux");
    assert_int_equal(strlen(ms_device_describe(*state, huge, NULL, NULL, 512)), 512);
}

static void brackets_that_a_visitor_adds_name_nothing(void **state)
{
    static const char *const forged[] = {
        "q [<b>; <i>]", "q [Brave 1x; Windows ]", "q [Brave]", "q []",
        "q [;]",        "[Brave 1; Linux]",       "q [; ",     "q [;  ]"};

    for (apr_size_t i = 0; i < COUNT(forged); i++) {
        const char *known = name(state, forged[i]).name;

        assert_null(strchr(known, '<'));
        assert_null(strchr(known, 'q'));
    }
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

/* Text that does not have the form of a product's name is not used. */
static void nothing_of_the_user_agent_is_echoed(void **state)
{
    ms_device device = name(state, "<b>Firefox/<i>99 (Linux <script>");

    assert_string_equal(device.name, "Firefox on Linux");
    assert_string_equal(device.browser, "Firefox");
    assert_string_equal(device.os, "Linux");
}

/* ---- the file -------------------------------------------------------------------------------- */

#define RIGHT_AT_LEAST 95 /* percent */
#define WRONG_AT_MOST  1
#define COLUMNS        5

static const char *const kinds[] = {"unknown", "computer", "phone", "tablet", "bot",    "command",
                                    "tv",      "console",  "watch", "car",    "headset"};

typedef enum { RIGHT, UNKNOWN, WRONG } verdict;

/* "A|B": either is right; "-": nothing is named; "?": not compared. Case does not matter. */
static verdict judge(void **state, const char *named, const char *expected)
{
    char *last, *alternatives = apr_pstrdup(*state, expected), *one;

    if (strcmp(expected, "?") == 0) {
        return RIGHT;
    }
    while ((one = apr_strtok(alternatives, "|", &last)) != NULL) {
        alternatives = NULL;
        if (apr_cstr_casecmp(one, named) == 0) {
            return RIGHT;
        }
    }
    return strcmp(named, "-") == 0 || strcmp(named, "unknown") == 0 ? UNKNOWN : WRONG;
}

static verdict worse(verdict a, verdict b)
{
    return a > b ? a : b;
}

static verdict judge_row(void **state, char **row)
{
    const ms_device device = name(state, row[0]);
    const verdict all = worse(judge(state, device.browser ? device.browser : "-", row[1]),
                              worse(judge(state, device.os ? device.os : "-", row[2]),
                                    judge(state, kinds[device.kind], row[3])));

    if (all != RIGHT) {
        print_message("%s: %s: %s, %s\n", all == WRONG ? "wrong" : "unknown", row[0], device.name,
                      kinds[device.kind]);
    }
    return all;
}

/* The fields of a line; the line itself is changed. */
static int split(char *line, char **row)
{
    int n = 0;

    for (line[strcspn(line, "\n")] = '\0'; line && n < COLUMNS; n++) {
        row[n] = line;
        line = strchr(line, '\t');
        if (line) {
            *line++ = '\0';
        }
    }
    return n;
}

static void devices_are_called_what_a_person_calls_them(void **state)
{
    const char *path = apr_pstrcat(*state, apr_pstrndup(*state, __FILE__, strlen(__FILE__) - 13),
                                   "user-agents.tsv", NULL);
    FILE *file = fopen(path, "r");
    int counts[] = {0, 0, 0}, rows = 0;
    char line[2048], *row[COLUMNS];

    assert_non_null(file);
    while (fgets(line, sizeof(line), file)) {
        if (*line != '#') {
            assert_int_equal(split(line, row), COLUMNS);
            counts[judge_row(state, row)]++;
            rows++;
        }
    }
    fclose(file);
    assert_int_equal(rows, 306);
    assert_true(counts[RIGHT] * 100 >= rows * RIGHT_AT_LEAST);
    assert_true(counts[WRONG] * 100 <= rows * WRONG_AT_MOST);
}

/* ---- the rule -------------------------------------------------------------------------------- */

static void assert_detailed(void **state, const detailed *examples, apr_size_t count)
{
    for (apr_size_t i = 0; i < count; i++) {
        const ms_device device = name(state, examples[i].user_agent);

        assert_maybe_string_equal(device.browser, examples[i].browser);
        assert_maybe_string_equal(device.version, examples[i].version);
        assert_maybe_string_equal(device.os, examples[i].os);
        assert_string_equal(kinds[device.kind], kinds[examples[i].kind]);
    }
}

static void the_first_product_that_is_no_engine_names_itself(void **state)
{
    static const detailed examples[] = {
        {ON_WINDOWS WEBKIT DESKTOP " Zebra/12.5", "Zebra", "12", "Windows", MS_DEVICE_COMPUTER},
        {ON_WINDOWS WEBKIT "Zebra/12.5 " DESKTOP " Other/3", "Zebra", "12", "Windows",
         MS_DEVICE_COMPUTER},
        {ON_LINUX "Gecko/20100101 Firefox/143.0 Zebra/143.0", "Zebra", "143", "Linux",
         MS_DEVICE_COMPUTER},
        {ON_ANDROID WEBKIT "Version/4.0 " MOBILE " Vendor/ZebraBrowser/v7.1-gn", "Zebra Browser",
         "7", "Android", MS_DEVICE_PHONE},
        {ON_MAC WEBKIT "Chrome/141.0.0.0 Electron/38.1 Safari/537.36 Zebra/4.1", "Zebra", "4",
         "macOS", MS_DEVICE_COMPUTER},
        {ON_IPHONE "Mobile/15E148 Great%20Zebra/2.1", "Great Zebra", "2", "iOS", MS_DEVICE_PHONE},
        {"Zebra/2.1 (iPad; iOS 18.4; Scale/2.00)", "Zebra", "2", "iPadOS", MS_DEVICE_TABLET},
        {"Great Zebra/2.1 (Windows NT 10.0)", "Great Zebra", "2", "Windows", MS_DEVICE_COMPUTER},
        {"Zebra 2.1 (Windows)", "Zebra", "2", "Windows", MS_DEVICE_COMPUTER},
        {"Zebra for iPhone/2.1", "Zebra", "2", "iOS", MS_DEVICE_PHONE},
        {"ZebraAndroid/2.1", "Zebra", "2", NULL, MS_DEVICE_UNKNOWN},
        /* Alone behind the engine, without a version. */
        {ON_IPHONE "Version/18.0 Mobile/15E148 Safari/604.1 Zebra", "Zebra", NULL, "iOS",
         MS_DEVICE_PHONE},
        {ON_IPHONE "Mobile/15E148 Safari/604.1 Brave", "Brave", NULL, "iOS", MS_DEVICE_PHONE},
        {ON_WINDOWS WEBKIT DESKTOP " en", "Chrome", "141", "Windows", MS_DEVICE_COMPUTER},
        /* Programs are written in lower case, or say "http". */
        {"zebra-client/2.1", "zebra-client", "2", NULL, MS_DEVICE_COMMAND_LINE},
        {"ZebraHttp/2.1", "ZebraHttp", "2", NULL, MS_DEVICE_COMMAND_LINE},
        {"libzebra (Fedora Linux 42; server)", "libzebra", NULL, "Linux", MS_DEVICE_COMMAND_LINE},
        {"newsbeuter/2.4 (Linux) libcurl/7.22.0", "newsbeuter", "2", "Linux",
         MS_DEVICE_COMMAND_LINE},
        {"Mozilla/5.0 (compatible; Zebra/1.0; +https://zebra.example/about)", "Bot", NULL, NULL,
         MS_DEVICE_BOT},
    };

    assert_detailed(state, examples, COUNT(examples));
}

static void nothing_is_called_what_it_is_not(void **state)
{
    static const detailed examples[] = {
        {"Mozilla/5.0 (Linux; Android 9; HiPad Pro) " WEBKIT DESKTOP, "Chrome", "141", "Android",
         MS_DEVICE_TABLET},
        {"Mozilla/5.0 (PlayStation 5 4.03) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.0 "
         "Safari/605.1.15",
         NULL, NULL, "PlayStation", MS_DEVICE_CONSOLE},
        {"Mozilla/5.0 (BB10; Touch) AppleWebKit/537.35 (KHTML, like Gecko) Version/10.3 Mobile "
         "Safari/537.35",
         NULL, NULL, "BlackBerry OS", MS_DEVICE_PHONE},
        {"Mozilla/5.0 (Mobile; Windows Phone 8.1; Android 4.0; Trident/7.0; rv:11.0; NOKIA) like "
         "iPhone OS 7_0_3 Mac OS X AppleWebKit/537 (KHTML, like Gecko) Mobile Safari/537",
         "Internet Explorer", "11", "Windows", MS_DEVICE_PHONE},
        /* An app sends neither "Mobile" nor a mark of a tablet. */
        {"Zebra/2.1 (SM-G950F; Android 9)", "Zebra", "2", "Android", MS_DEVICE_UNKNOWN},
        {"Zebra/2.1 (iPhone; iOS 18.4; beside the TV)", "Zebra", "2", "iOS", MS_DEVICE_PHONE},
        {"Mozilla/5.0 (X11; Linux x86_64; Tablet PC 4.1) " WEBKIT DESKTOP, "Chrome", "141", "Linux",
         MS_DEVICE_COMPUTER},
        {IN_APP WEBKIT MOBILE " WatchFree/1", "WatchFree", "1", "Android", MS_DEVICE_PHONE},
        {"Browser/1.0", NULL, NULL, NULL, MS_DEVICE_UNKNOWN},
        {"Mozilla/5.0 (X11; Linux x86_64) 12345/1.0 1/2 _/3", NULL, NULL, "Linux",
         MS_DEVICE_COMPUTER},
    };

    assert_detailed(state, examples, COUNT(examples));
}

static void other_kinds_of_devices_are_told_by_their_marks(void **state)
{
    static const struct {
        const char *user_agent;
        ms_device_kind kind;
    } examples[] = {
        {"Mozilla/5.0 (Web0S; Linux/SmartTV) " WEBKIT DESKTOP, MS_DEVICE_TV},
        {"Mozilla/5.0 (SMART-TV; Linux; Tizen 7.0) " WEBKIT "SamsungBrowser/2.2 TV Safari/537.36",
         MS_DEVICE_TV},
        {"Mozilla/5.0 (Linux; Android 9; AFTKA) " WEBKIT "Silk/96.2 like " DESKTOP, MS_DEVICE_TV},
        {"Zebra/1.0 (AppleTV6,2; tvOS 18.4)", MS_DEVICE_TV},
        {"Mozilla/5.0 (Nintendo Switch; WebApplet) AppleWebKit/609.4 NF/6.0", MS_DEVICE_CONSOLE},
        {ON_WINDOWS WEBKIT DESKTOP " Edg/141.0 (Xbox; Xbox Series X)", MS_DEVICE_CONSOLE},
        {"Zebra/1.0 (Watch7,10; watchOS 11.4)", MS_DEVICE_WATCH},
        {"Mozilla/5.0 (Linux; Tizen 5.5; SAMSUNG SM-R800) " WEBKIT MOBILE, MS_DEVICE_WATCH},
        {ON_LINUX WEBKIT DESKTOP " Tesla/2024.20.9", MS_DEVICE_CAR},
        {"Mozilla/5.0 (Linux; Android 7.0; Tesla_SP6.3) " WEBKIT MOBILE, MS_DEVICE_PHONE},
        {"Mozilla/5.0 (X11; Linux x86_64; Quest 3) " WEBKIT
         "OculusBrowser/31.0 Chrome/120.0.0.0 VR Safari/537.36",
         MS_DEVICE_HEADSET},
        {"Mozilla/5.0 (Android 14; Mobile VR; rv:128.0) Gecko/128.0 Firefox/128.0 Wolvic/1.8",
         MS_DEVICE_HEADSET},
    };

    for (apr_size_t i = 0; i < COUNT(examples); i++) {
        assert_string_equal(kinds[name(state, examples[i].user_agent).kind],
                            kinds[examples[i].kind]);
    }
}

static void brands_of_client_hints_name_themselves_too(void **state)
{
    static const struct {
        const char *user_agent, *brands, *stored, *name;
    } examples[] = {
        {ON_WINDOWS WEBKIT DESKTOP, BRANDS("Zebra Browser"),
         ON_WINDOWS WEBKIT DESKTOP " [Zebra Browser 141; ]", "Zebra Browser on Windows"},
        {ON_WINDOWS WEBKIT DESKTOP,
         "\"Zebra\";v=\"9\", \"Google Chrome\";v=\"141\", \"Chromium\";v=\"141\"",
         ON_WINDOWS WEBKIT DESKTOP " [Zebra 9; ]", "Zebra on Windows"},
        {ON_WINDOWS WEBKIT DESKTOP, "\"(Not(A:Brand\";v=\"8\", \"Chromium\";v=\"141\"",
         ON_WINDOWS WEBKIT DESKTOP, "Chrome on Windows"},
        {ON_WINDOWS WEBKIT DESKTOP, "\" Not A;Brand\";v=\"99\", \"Not_A Brand\";v=\"8\"",
         ON_WINDOWS WEBKIT DESKTOP, "Chrome on Windows"},
        {ON_WINDOWS WEBKIT DESKTOP, "\"Zeb;ra\";v=\"9\", \"<b>\";v=\"9\", \"Zebra", /* broken */
         ON_WINDOWS WEBKIT DESKTOP, "Chrome on Windows"},
        /* A name in the User-Agent is more exact than a brand that other browsers are built on. */
        {ON_WINDOWS WEBKIT DESKTOP " Zebra/3", BRANDS("Google Chrome"),
         ON_WINDOWS WEBKIT DESKTOP " Zebra/3", "Zebra on Windows"},
        {IN_APP WEBKIT MOBILE " [FB_IAB/FB4A;FBAV/530.0;]", BRANDS("Android WebView"),
         IN_APP WEBKIT MOBILE " [FB_IAB/FB4A;FBAV/530.0;]", "Facebook on Android"},
    };

    for (apr_size_t i = 0; i < COUNT(examples); i++) {
        const char *stored =
            ms_device_describe(*state, examples[i].user_agent, examples[i].brands, NULL, 512);

        assert_string_equal(stored, examples[i].stored);
        assert_string_equal(name(state, stored).name, examples[i].name);
    }
    assert_string_equal(
        name(state, IN_APP WEBKIT MOBILE " Instagram 400.0 [Android WebView 141; Android]").name,
        "Instagram on Android");
}

/* ---- hostile --------------------------------------------------------------------------------- */

/* Text of this length, repeated, in a block of exactly its size: a read behind it is found by ASan.
 */
static char *repeated(const char *part, apr_size_t size)
{
    char *text = malloc(size + 1);

    for (apr_size_t i = 0; i < size; i++) {
        text[i] = part[i % strlen(part)];
    }
    text[size] = '\0';
    return text;
}

static void hostile_text_is_read_in_time_and_names_nothing_hostile(void **state)
{
    static const char *const parts[] = {"(",
                                        ")",
                                        "((",
                                        "[",
                                        "]",
                                        "/",
                                        "a/",
                                        "/a",
                                        "A/1",
                                        "Zebra ",
                                        "Mozilla/5.0 ",
                                        "Linux",
                                        "xLinux",
                                        " [;",
                                        "; ]",
                                        "\"",
                                        "\\",
                                        "%20",
                                        "%",
                                        "\xFF",
                                        "\x01",
                                        "v",
                                        "1",
                                        " for",
                                        "Browser",
                                        "<Z>/1 ",
                                        "Z<>/1 ",
                                        "Z&lt/1;"};

    for (apr_size_t i = 0; i < COUNT(parts); i++) {
        for (apr_size_t size = 1; size < 70000; size = size * 3 + 1) {
            char *text = repeated(parts[i], size);
            const char *named = name(state, text).name;

            assert_true(strlen(named) < 80);
            assert_null(strpbrk(named, "<>\"'/;()[]\x01\xFF"));
            ms_device_describe(*state, text, text, text, 512);
            free(text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(browsers_are_named_with_their_system),
        TEST(browsers_that_pretend_to_be_others_are_found_out),
        TEST(programs_and_robots_are_named_too),
        TEST(what_is_half_known_is_half_named),
        TEST(version_and_kind_are_given_if_they_are_known),
        TEST(hints_name_what_the_user_agent_hides),
        TEST(hints_survive_where_the_user_agent_is_cut),
        TEST(brackets_that_a_visitor_adds_name_nothing),
        TEST(what_says_nothing_is_unknown),
        TEST(a_huge_user_agent_is_read_like_any_other),
        TEST(nothing_of_the_user_agent_is_echoed),
        TEST(devices_are_called_what_a_person_calls_them),
        TEST(the_first_product_that_is_no_engine_names_itself),
        TEST(nothing_is_called_what_it_is_not),
        TEST(other_kinds_of_devices_are_told_by_their_marks),
        TEST(brands_of_client_hints_name_themselves_too),
        TEST(hostile_text_is_read_in_time_and_names_nothing_hostile),
    };

    return RUN(tests);
}

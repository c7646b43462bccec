/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns what a User-Agent is taken to say. All knowledge stands in one ordered table; the code only
 * walks it. A User-Agent is a claim, good enough to tell one's own sessions apart and for nothing
 * else. Every rule reads the text once, so the time is bounded by its length.
 */
#include "device.h"

#include <string.h>
#include <apr_strings.h>
#include "text.h"

typedef enum { BROWSER, OS } aspect;

/* The first rule of an aspect whose token is in the text decides. */
typedef struct rule {
    aspect of;
    ms_device_kind kind;
    const char *token; /* compared with case: "CrOS" is in no "Microsoft", "bot/" in no "CUBOT/" */
    const char *name;  /* NULL: it is known that we do not know, and no later rule is asked */
    const char *version; /* what its version follows; NULL: the token */
} rule;

#define BOT      MS_DEVICE_BOT
#define COMMAND  MS_DEVICE_COMMAND_LINE
#define COMPUTER MS_DEVICE_COMPUTER
#define PHONE    MS_DEVICE_PHONE
#define TABLET   MS_DEVICE_TABLET
#define ANY      MS_DEVICE_UNKNOWN

static const rule rules[] = {
    /* Robots name a browser too, programs nothing else. */
    {BROWSER, BOT, "Googlebot", "Googlebot", "Googlebot/"},
    {BROWSER, BOT, "Google-InspectionTool", "Google-InspectionTool", NULL},
    {BROWSER, BOT, "bingbot", "Bingbot", "bingbot/"},
    {BROWSER, BOT, "DuckDuckBot", "DuckDuckBot", "DuckDuckBot/"},
    {BROWSER, BOT, "YandexBot", "YandexBot", "YandexBot/"},
    {BROWSER, BOT, "Baiduspider", "Baiduspider", "Baiduspider/"},
    {BROWSER, BOT, "Applebot", "Applebot", "Applebot/"},
    {BROWSER, BOT, "Amazonbot", "Amazonbot", "Amazonbot/"},
    {BROWSER, BOT, "GPTBot", "GPTBot", "GPTBot/"},
    {BROWSER, BOT, "ClaudeBot", "ClaudeBot", "ClaudeBot/"},
    {BROWSER, BOT, "PerplexityBot", "PerplexityBot", "PerplexityBot/"},
    {BROWSER, BOT, "Bytespider", "Bytespider", NULL},
    {BROWSER, BOT, "AhrefsBot", "AhrefsBot", "AhrefsBot/"},
    {BROWSER, BOT, "SemrushBot", "SemrushBot", "SemrushBot/"},
    {BROWSER, BOT, "facebookexternalhit", "Facebook preview", "facebookexternalhit/"},
    {BROWSER, BOT, "Twitterbot", "Twitterbot", "Twitterbot/"},
    {BROWSER, BOT, "LinkedInBot", "LinkedInBot", "LinkedInBot/"},
    {BROWSER, BOT, "Slackbot", "Slackbot", NULL},
    {BROWSER, BOT, "Discordbot", "Discordbot", "Discordbot/"},
    {BROWSER, BOT, "TelegramBot", "TelegramBot", NULL},
    {BROWSER, BOT, "UptimeRobot", "UptimeRobot", "UptimeRobot/"},
    {BROWSER, BOT, "bot/", "Bot", NULL},
    {BROWSER, BOT, "Bot/", "Bot", NULL},
    {BROWSER, COMMAND, "DAVx5/", "DAVx5", NULL},
    {BROWSER, COMMAND, "curl/", "curl", NULL},
    {BROWSER, COMMAND, "Wget", "Wget", "Wget/"},
    {BROWSER, COMMAND, "HTTPie/", "HTTPie", NULL},
    {BROWSER, COMMAND, "git/", "Git", NULL},
    {BROWSER, COMMAND, "python-requests/", "python-requests", NULL},
    {BROWSER, COMMAND, "python-httpx/", "python-httpx", NULL},
    {BROWSER, COMMAND, "Python-urllib/", "Python-urllib", NULL},
    {BROWSER, COMMAND, "aiohttp/", "aiohttp", NULL},
    {BROWSER, COMMAND, "Go-http-client/", "Go-http-client", NULL},
    {BROWSER, COMMAND, "okhttp/", "okhttp", NULL},
    {BROWSER, COMMAND, "Apache-HttpClient/", "Apache HttpClient", NULL},
    {BROWSER, COMMAND, "libwww-perl/", "libwww-perl", NULL},
    {BROWSER, COMMAND, "PostmanRuntime/", "Postman", NULL},
    {BROWSER, COMMAND, "PowerShell/", "PowerShell", NULL},
    {BROWSER, ANY, "Thunderbird/", "Thunderbird", NULL},

    /* Within other apps: they say the system's browser as well. */
    {BROWSER, ANY, "FBAN/", "Facebook", "FBAV/"},
    {BROWSER, ANY, "FB_IAB/", "Facebook", "FBAV/"},
    {BROWSER, ANY, "Instagram ", "Instagram", NULL},
    {BROWSER, ANY, "MicroMessenger/", "WeChat", NULL},
    {BROWSER, ANY, " Line/", "LINE", NULL},
    {BROWSER, ANY, "GSA/", "Google app", NULL},

    /* Whatever is built on Chromium says Chrome and Safari as well. */
    {BROWSER, ANY, "Edg/", "Edge", NULL},
    {BROWSER, ANY, "EdgA/", "Edge", NULL},   /* on Android */
    {BROWSER, ANY, "EdgiOS/", "Edge", NULL}, /* on iOS */
    {BROWSER, ANY, "Edge/", "Edge", NULL},   /* before Chromium */
    {BROWSER, ANY, "OPR/", "Opera", NULL},
    {BROWSER, ANY, "OPT/", "Opera", NULL},        /* Opera Touch */
    {BROWSER, ANY, "OPiOS/", "Opera", NULL},      /* Opera Mini on iOS */
    {BROWSER, ANY, "Opera", "Opera", "Version/"}, /* before Chromium */
    {BROWSER, ANY, "SamsungBrowser/", "Samsung Internet", NULL},
    {BROWSER, ANY, "Vivaldi/", "Vivaldi", NULL},
    {BROWSER, ANY, "Brave/", "Brave", NULL},
    {BROWSER, ANY, "YaBrowser/", "Yandex Browser", NULL},
    {BROWSER, ANY, "DuckDuckGo/", "DuckDuckGo", NULL},
    {BROWSER, ANY, "Ddg/", "DuckDuckGo", NULL},
    {BROWSER, ANY, "Silk/", "Silk", NULL},
    {BROWSER, ANY, "UCBrowser/", "UC Browser", NULL},
    {BROWSER, ANY, "MiuiBrowser/", "Mi Browser", NULL},
    {BROWSER, ANY, "HuaweiBrowser/", "Huawei Browser", NULL},
    {BROWSER, ANY, "Whale/", "Whale", NULL},
    {BROWSER, ANY, "SeaMonkey/", "SeaMonkey", NULL},
    {BROWSER, ANY, "PaleMoon/", "Pale Moon", NULL},
    {BROWSER, ANY, "Epiphany/", "GNOME Web", NULL},
    {BROWSER, ANY, "Focus/", "Firefox Focus", NULL},
    {BROWSER, ANY, "Firefox/", "Firefox", NULL},
    {BROWSER, ANY, "FxiOS/", "Firefox", NULL}, /* on iOS */
    {BROWSER, ANY, "; wv)", "Android WebView", "Chrome/"},
    {BROWSER, ANY, "Chrome/", "Chrome", NULL},
    {BROWSER, ANY, "CriOS/", "Chrome", NULL}, /* on iOS */
    {BROWSER, ANY, "Trident/", "Internet Explorer", "rv:"},

    /* Safari itself runs on Apple's systems; elsewhere others built on WebKit say so. */
    {BROWSER, ANY, "Android", NULL, NULL},
    {BROWSER, ANY, "X11", NULL, NULL},
    {BROWSER, ANY, "Safari/", "Safari", "Version/"},
    {BROWSER, BOT, "bot", "Bot", NULL},
    {BROWSER, BOT, "Bot", "Bot", NULL},

    /* Phones with Windows called themselves Android and iPhone, iPhones say "like Mac OS X", and
     * Android is a Linux: the pretended comes after the true. An iPad asking for a desktop's pages
     * says that it is a Macintosh, and nothing tells them apart. No version is told: Windows 11
     * says 10, and macOS 10.15, for ever. */
    {OS, PHONE, "Windows Phone", "Windows", NULL},
    {OS, COMPUTER, "Windows", "Windows", NULL},
    {OS, TABLET, "iPad", "iPadOS", NULL},
    {OS, PHONE, "iPhone", "iOS", NULL},
    {OS, PHONE, "iPod", "iOS", NULL},
    {OS, TABLET, "Android", "Android", NULL}, /* a phone where it says "Mobile" */
    {OS, COMPUTER, "CrOS", "ChromeOS", NULL},
    {OS, COMPUTER, "Macintosh", "macOS", NULL},
    {OS, COMPUTER, "Mac OS X", "macOS", NULL},
    {OS, COMPUTER, "FreeBSD", "FreeBSD", NULL},
    {OS, COMPUTER, "OpenBSD", "OpenBSD", NULL},
    {OS, COMPUTER, "NetBSD", "NetBSD", NULL},
    {OS, COMPUTER, "Linux", "Linux", NULL},
    {OS, COMPUTER, "linux-gnu", "Linux", NULL}, /* Wget */
};

/* Names in Sec-CH-UA and Sec-CH-UA-Platform, and ours. Chromium and the nonsense brands are none.
 */
static const struct {
    aspect of;
    const char *hint, *name;
} hints[] = {
    {BROWSER, "Brave", "Brave"},
    {BROWSER, "Vivaldi", "Vivaldi"},
    {BROWSER, "Opera", "Opera"},
    {BROWSER, "Opera GX", "Opera GX"},
    {BROWSER, "Microsoft Edge", "Edge"},
    {BROWSER, "Samsung Internet", "Samsung Internet"},
    {BROWSER, "DuckDuckGo", "DuckDuckGo"},
    {BROWSER, "YaBrowser", "Yandex Browser"},
    {BROWSER, "Android WebView", "Android WebView"},
    {BROWSER, "Google Chrome", "Chrome"},
    {OS, "Windows", "Windows"},
    {OS, "macOS", "macOS"},
    {OS, "iOS", "iOS"},
    {OS, "Android", "Android"},
    {OS, "Chrome OS", "ChromeOS"},
    {OS, "Chromium OS", "ChromeOS"},
    {OS, "Linux", "Linux"},
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define VERSION_MAX  5 /* digits */

static const rule *find(aspect of, const char *user_agent)
{
    for (apr_size_t i = 0; user_agent && i < COUNT(rules); i++) {
        if (rules[i].of == of && strstr(user_agent, rules[i].token)) {
            return &rules[i];
        }
    }
    return NULL;
}

/* The digits at the start of text; NULL where there are none, or too many to be a version. */
static const char *digits(apr_pool_t *p, const char *text)
{
    const apr_size_t n = text ? strspn(text, "0123456789") : 0;

    return n > 0 && n <= VERSION_MAX ? apr_pstrmemdup(p, text, n) : NULL;
}

static const char *version_of(apr_pool_t *p, const rule *browser, const char *user_agent)
{
    const char *token = browser->version ? browser->version : browser->token;
    const char *at = strstr(user_agent, token);

    return digits(p, at ? at + strlen(token) : NULL);
}

static ms_device_kind kind_of(const rule *browser, const rule *os, const char *user_agent)
{
    if (browser && browser->kind != ANY) {
        return browser->kind;
    }
    if (os && os->kind == TABLET && strcmp(os->name, "Android") == 0 &&
        strstr(user_agent, "Mobile")) {
        return PHONE;
    }
    return os ? os->kind : ANY;
}

static const char *name_of(apr_pool_t *p, const ms_device *device)
{
    if (device->browser && device->os) {
        return apr_pstrcat(p, device->browser, " on ", device->os, NULL);
    }
    if (device->browser) {
        return device->browser;
    }
    return device->os ? apr_pstrcat(p, "A browser on ", device->os, NULL) : "Unknown device";
}

/* ---- hints -----------------------------------------------------------------------------------
 */

/* Our name for what a hint says, or NULL. In a list of brands each is followed by its version. */
static const char *find_hint(apr_pool_t *p, aspect of, const char *header, const char **version)
{
    *version = NULL;
    for (apr_size_t i = 0; header && i < COUNT(hints); i++) {
        if (hints[i].of == of) {
            const char *quoted =
                apr_pstrcat(p, "\"", hints[i].hint, of == BROWSER ? "\";v=\"" : "\"", NULL);
            const char *at = strstr(header, quoted);

            if (at) {
                *version = digits(p, at + strlen(quoted));
                return hints[i].name;
            }
        }
    }
    return NULL;
}

static int is_new(const char *hinted, const char *known)
{
    return hinted && (!known || strcmp(hinted, known) != 0);
}

const char *ms_device_describe(apr_pool_t *p, const char *user_agent, const char *brands,
                               const char *platform, apr_size_t max)
{
    const rule *browser = find(BROWSER, user_agent), *os = find(OS, user_agent);
    const char *version, *none, *suffix = "";
    const char *hinted = find_hint(p, BROWSER, brands, &version);
    const char *system = find_hint(p, OS, platform, &none);

    if (browser && browser->kind != ANY) {
        hinted = NULL; /* a robot or a program, whatever it pretends */
    }
    if (is_new(hinted, browser ? browser->name : NULL) || is_new(system, os ? os->name : NULL)) {
        suffix =
            apr_pstrcat(p, " [", hinted ? hinted : "", hinted && version ? " " : "",
                        hinted && version ? version : "", "; ", system ? system : "", "]", NULL);
    }
    return apr_pstrcat(p, ms_text_storable(p, user_agent, max - strlen(suffix)), suffix, NULL);
}

/* What ms_device_describe() has added: "[Brave 131; Windows]". */
static void read_hints(apr_pool_t *p, const char *stored, ms_device *device)
{
    const char *open = strrchr(stored, '['), *semicolon = open ? strchr(open, ';') : NULL;

    if (!semicolon || open == stored || open[-1] != ' ' ||
        semicolon[strlen(semicolon) - 1] != ']') {
        return;
    }
    for (apr_size_t i = 0; i < COUNT(hints); i++) {
        const char *at = hints[i].of == BROWSER ? open + 1 : semicolon + 2;
        const apr_size_t len = strlen(hints[i].name);

        if (strncmp(at, hints[i].name, len) != 0) {
            continue;
        }
        if (hints[i].of == OS && at[len] == ']') {
            device->os = hints[i].name;
        }
        else if (hints[i].of == BROWSER && (at[len] == ';' || at[len] == ' ')) {
            const char *version = digits(p, at[len] == ' ' ? at + len + 1 : NULL);

            if (at[len] == ';' || version) {
                device->browser = hints[i].name;
                device->version = version;
            }
        }
    }
}

void ms_device_name(apr_pool_t *p, const char *user_agent, ms_device *device)
{
    const rule *browser, *os;

    user_agent = user_agent ? user_agent : "";
    browser = find(BROWSER, user_agent);
    os = find(OS, user_agent);
    device->browser = browser ? browser->name : NULL;
    device->version = device->browser ? version_of(p, browser, user_agent) : NULL;
    device->os = os ? os->name : NULL;
    device->kind = kind_of(browser, os, user_agent);
    read_hints(p, user_agent, device);
    device->name = name_of(p, device);
}

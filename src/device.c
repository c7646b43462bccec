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
    const char *token; /* compared with case: "CrOS" is in no "Microsoft", "bot/" in no "CUBOT/" */
    const char *name;  /* NULL: it is known that we do not know, and no later rule is asked */
    ms_device_kind kind;
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
    {BROWSER, "Googlebot", "Googlebot", BOT, "Googlebot/"},
    {BROWSER, "Google-InspectionTool", "Google-InspectionTool", BOT, NULL},
    {BROWSER, "bingbot", "Bingbot", BOT, "bingbot/"},
    {BROWSER, "DuckDuckBot", "DuckDuckBot", BOT, "DuckDuckBot/"},
    {BROWSER, "YandexBot", "YandexBot", BOT, "YandexBot/"},
    {BROWSER, "Baiduspider", "Baiduspider", BOT, "Baiduspider/"},
    {BROWSER, "Applebot", "Applebot", BOT, "Applebot/"},
    {BROWSER, "Amazonbot", "Amazonbot", BOT, "Amazonbot/"},
    {BROWSER, "GPTBot", "GPTBot", BOT, "GPTBot/"},
    {BROWSER, "ClaudeBot", "ClaudeBot", BOT, "ClaudeBot/"},
    {BROWSER, "PerplexityBot", "PerplexityBot", BOT, "PerplexityBot/"},
    {BROWSER, "Bytespider", "Bytespider", BOT, NULL},
    {BROWSER, "AhrefsBot", "AhrefsBot", BOT, "AhrefsBot/"},
    {BROWSER, "SemrushBot", "SemrushBot", BOT, "SemrushBot/"},
    {BROWSER, "facebookexternalhit", "Facebook preview", BOT, "facebookexternalhit/"},
    {BROWSER, "Twitterbot", "Twitterbot", BOT, "Twitterbot/"},
    {BROWSER, "LinkedInBot", "LinkedInBot", BOT, "LinkedInBot/"},
    {BROWSER, "Slackbot", "Slackbot", BOT, NULL},
    {BROWSER, "Discordbot", "Discordbot", BOT, "Discordbot/"},
    {BROWSER, "TelegramBot", "TelegramBot", BOT, NULL},
    {BROWSER, "UptimeRobot", "UptimeRobot", BOT, "UptimeRobot/"},
    {BROWSER, "bot/", "Bot", BOT, NULL},
    {BROWSER, "Bot/", "Bot", BOT, NULL},
    {BROWSER, "DAVx5/", "DAVx5", COMMAND, NULL},
    {BROWSER, "curl/", "curl", COMMAND, NULL},
    {BROWSER, "Wget", "Wget", COMMAND, "Wget/"},
    {BROWSER, "HTTPie/", "HTTPie", COMMAND, NULL},
    {BROWSER, "git/", "Git", COMMAND, NULL},
    {BROWSER, "python-requests/", "python-requests", COMMAND, NULL},
    {BROWSER, "python-httpx/", "python-httpx", COMMAND, NULL},
    {BROWSER, "Python-urllib/", "Python-urllib", COMMAND, NULL},
    {BROWSER, "aiohttp/", "aiohttp", COMMAND, NULL},
    {BROWSER, "Go-http-client/", "Go-http-client", COMMAND, NULL},
    {BROWSER, "okhttp/", "okhttp", COMMAND, NULL},
    {BROWSER, "Apache-HttpClient/", "Apache HttpClient", COMMAND, NULL},
    {BROWSER, "libwww-perl/", "libwww-perl", COMMAND, NULL},
    {BROWSER, "PostmanRuntime/", "Postman", COMMAND, NULL},
    {BROWSER, "PowerShell/", "PowerShell", COMMAND, NULL},
    {BROWSER, "Thunderbird/", "Thunderbird", ANY, NULL},

    /* Within other apps: they say the system's browser as well. */
    {BROWSER, "FBAN/", "Facebook", ANY, "FBAV/"},
    {BROWSER, "FB_IAB/", "Facebook", ANY, "FBAV/"},
    {BROWSER, "Instagram ", "Instagram", ANY, NULL},
    {BROWSER, "MicroMessenger/", "WeChat", ANY, NULL},
    {BROWSER, " Line/", "LINE", ANY, NULL},
    {BROWSER, "GSA/", "Google app", ANY, NULL},

    /* Whatever is built on Chromium says Chrome and Safari as well. */
    {BROWSER, "Edg/", "Edge", ANY, NULL},
    {BROWSER, "EdgA/", "Edge", ANY, NULL},   /* on Android */
    {BROWSER, "EdgiOS/", "Edge", ANY, NULL}, /* on iOS */
    {BROWSER, "Edge/", "Edge", ANY, NULL},   /* before Chromium */
    {BROWSER, "OPR/", "Opera", ANY, NULL},
    {BROWSER, "OPT/", "Opera", ANY, NULL},        /* Opera Touch */
    {BROWSER, "OPiOS/", "Opera", ANY, NULL},      /* Opera Mini on iOS */
    {BROWSER, "Opera", "Opera", ANY, "Version/"}, /* before Chromium */
    {BROWSER, "SamsungBrowser/", "Samsung Internet", ANY, NULL},
    {BROWSER, "Vivaldi/", "Vivaldi", ANY, NULL},
    {BROWSER, "Brave/", "Brave", ANY, NULL},
    {BROWSER, "YaBrowser/", "Yandex Browser", ANY, NULL},
    {BROWSER, "DuckDuckGo/", "DuckDuckGo", ANY, NULL},
    {BROWSER, "Ddg/", "DuckDuckGo", ANY, NULL},
    {BROWSER, "Silk/", "Silk", ANY, NULL},
    {BROWSER, "UCBrowser/", "UC Browser", ANY, NULL},
    {BROWSER, "MiuiBrowser/", "Mi Browser", ANY, NULL},
    {BROWSER, "HuaweiBrowser/", "Huawei Browser", ANY, NULL},
    {BROWSER, "Whale/", "Whale", ANY, NULL},
    {BROWSER, "SeaMonkey/", "SeaMonkey", ANY, NULL},
    {BROWSER, "PaleMoon/", "Pale Moon", ANY, NULL},
    {BROWSER, "Epiphany/", "GNOME Web", ANY, NULL},
    {BROWSER, "Focus/", "Firefox Focus", ANY, NULL},
    {BROWSER, "Firefox/", "Firefox", ANY, NULL},
    {BROWSER, "FxiOS/", "Firefox", ANY, NULL}, /* on iOS */
    {BROWSER, "; wv)", "Android WebView", ANY, "Chrome/"},
    {BROWSER, "Chrome/", "Chrome", ANY, NULL},
    {BROWSER, "CriOS/", "Chrome", ANY, NULL}, /* on iOS */
    {BROWSER, "Trident/", "Internet Explorer", ANY, "rv:"},

    /* Safari itself runs on Apple's systems; elsewhere others built on WebKit say so. */
    {BROWSER, "Android", NULL, ANY, NULL},
    {BROWSER, "X11", NULL, ANY, NULL},
    {BROWSER, "Safari/", "Safari", ANY, "Version/"},
    {BROWSER, "bot", "Bot", BOT, NULL},
    {BROWSER, "Bot", "Bot", BOT, NULL},

    /* Phones with Windows called themselves Android and iPhone, iPhones say "like Mac OS X", and
     * Android is a Linux: the pretended comes after the true. An iPad asking for a desktop's pages
     * says that it is a Macintosh, and nothing tells them apart. No version is told: Windows 11
     * says 10, and macOS 10.15, for ever. */
    {OS, "Windows Phone", "Windows", PHONE, NULL},
    {OS, "Windows", "Windows", COMPUTER, NULL},
    {OS, "iPad", "iPadOS", TABLET, NULL},
    {OS, "iPhone", "iOS", PHONE, NULL},
    {OS, "iPod", "iOS", PHONE, NULL},
    {OS, "Android", "Android", TABLET, NULL}, /* a phone where it says "Mobile" */
    {OS, "CrOS", "ChromeOS", COMPUTER, NULL},
    {OS, "Macintosh", "macOS", COMPUTER, NULL},
    {OS, "Mac OS X", "macOS", COMPUTER, NULL},
    {OS, "FreeBSD", "FreeBSD", COMPUTER, NULL},
    {OS, "OpenBSD", "OpenBSD", COMPUTER, NULL},
    {OS, "NetBSD", "NetBSD", COMPUTER, NULL},
    {OS, "Linux", "Linux", COMPUTER, NULL},
    {OS, "linux-gnu", "Linux", COMPUTER, NULL}, /* Wget */
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

    if (!semicolon || open == stored || open[-1] != ' ' || stored[strlen(stored) - 1] != ']') {
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
    const rule *browser = find(BROWSER, user_agent), *os = find(OS, user_agent);

    device->browser = browser ? browser->name : NULL;
    device->version = device->browser ? version_of(p, browser, user_agent) : NULL;
    device->os = os ? os->name : NULL;
    device->kind = kind_of(browser, os, user_agent);
    if (user_agent && *user_agent) {
        read_hints(p, user_agent, device);
    }
    device->name = name_of(p, device);
}

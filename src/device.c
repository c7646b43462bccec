/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns what a User-Agent is taken to say. All knowledge stands in one ordered table; the code only
 * walks it. A User-Agent is a claim, good enough to tell one's own sessions apart and for nothing
 * else. Every rule reads the text once, so the time is bounded by its length.
 */
#include "device.h"

#include <string.h>

#include <apr_strings.h>

typedef enum { BROWSER, OS } aspect;

/* The first rule of an aspect whose token is in the text decides. */
typedef struct rule {
    aspect of;
    const char *token; /* compared with case: "CrOS" is in no "Microsoft", "bot/" in no "CUBOT/" */
    const char *name;  /* NULL: it is known that we do not know, and no later rule is asked */
} rule;

static const rule rules[] = {
    /* Robots name a browser too, programs nothing else. */
    {BROWSER, "Googlebot", "Googlebot"},
    {BROWSER, "bingbot", "Bingbot"},
    {BROWSER, "bot/", "Bot"},
    {BROWSER, "Bot/", "Bot"},
    {BROWSER, "curl/", "curl"},
    {BROWSER, "Wget", "Wget"},
    {BROWSER, "python-requests/", "python-requests"},
    {BROWSER, "Go-http-client/", "Go-http-client"},
    {BROWSER, "okhttp/", "okhttp"},

    /* Whatever is built on Chromium says Chrome and Safari as well. */
    {BROWSER, "Edg/", "Edge"},
    {BROWSER, "EdgA/", "Edge"},   /* on Android */
    {BROWSER, "EdgiOS/", "Edge"}, /* on iOS */
    {BROWSER, "Edge/", "Edge"},   /* before Chromium */
    {BROWSER, "OPR/", "Opera"},
    {BROWSER, "OPT/", "Opera"},   /* Opera Touch */
    {BROWSER, "OPiOS/", "Opera"}, /* Opera Mini on iOS */
    {BROWSER, "Opera", "Opera"},  /* before Chromium */
    {BROWSER, "SamsungBrowser/", "Samsung Internet"},
    {BROWSER, "Vivaldi/", "Vivaldi"},
    {BROWSER, "Firefox/", "Firefox"},
    {BROWSER, "FxiOS/", "Firefox"}, /* on iOS */
    {BROWSER, "Chrome/", "Chrome"},
    {BROWSER, "CriOS/", "Chrome"}, /* on iOS */

    /* Safari itself runs on Apple's systems; elsewhere others built on WebKit say so. */
    {BROWSER, "Android", NULL},
    {BROWSER, "X11", NULL},
    {BROWSER, "Safari/", "Safari"},
    {BROWSER, "bot", "Bot"},
    {BROWSER, "Bot", "Bot"},

    /* Phones with Windows called themselves Android and iPhone, iPhones say "like Mac OS X", and
     * Android is a Linux: the pretended comes after the true. */
    {OS, "Windows", "Windows"},
    {OS, "iPad", "iPadOS"},
    {OS, "iPhone", "iOS"},
    {OS, "iPod", "iOS"},
    {OS, "Android", "Android"},
    {OS, "CrOS", "ChromeOS"},
    {OS, "Macintosh", "macOS"},
    {OS, "Mac OS X", "macOS"},
    {OS, "FreeBSD", "FreeBSD"},
    {OS, "OpenBSD", "OpenBSD"},
    {OS, "NetBSD", "NetBSD"},
    {OS, "Linux", "Linux"},
    {OS, "linux-gnu", "Linux"}, /* Wget */
};

static const char *find(aspect of, const char *user_agent)
{
    apr_size_t i;

    for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        if (rules[i].of == of && strstr(user_agent, rules[i].token))
            return rules[i].name;
    }
    return NULL;
}

void ms_device_name(apr_pool_t *p, const char *user_agent, ms_device *device)
{
    device->browser = user_agent ? find(BROWSER, user_agent) : NULL;
    device->os = user_agent ? find(OS, user_agent) : NULL;

    if (device->browser && device->os)
        device->name = apr_pstrcat(p, device->browser, " on ", device->os, NULL);
    else if (device->browser)
        device->name = device->browser;
    else if (device->os)
        device->name = apr_pstrcat(p, "A browser on ", device->os, NULL);
    else
        device->name = "Unknown device";
}

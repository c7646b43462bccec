/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns how a User-Agent is read: what in it names the browser, the system and the kind of device.
 * The knowledge is in src/core/device_tables.c, the grammar in src/core/product.c, the names that
 * products give themselves in src/core/product_names.c. A User-Agent is a claim, good enough for
 * users to tell their own sessions apart and for nothing else. Each row of a table reads the text
 * once, so the time is linear in its length.
 */
#include "core/device.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include "core/client_hints.h"
#include "core/device_tables.h"
#include "core/product_names.h"
#include "core/utf8.h"

static int has_word(const char *text, const char *token, int whole)
{
    const apr_size_t len = strlen(token);

    for (const char *at = strstr(text, token); at; at = strstr(at + len, token)) {
        if ((at == text || !apr_isalnum(at[-1])) && !(whole && apr_isalnum(at[len]))) {
            return 1;
        }
    }
    return 0;
}

/* ---- the browser --------------------------------------------------------------------------- */

static const char *version_behind(apr_pool_t *p, const char *text, const char *token)
{
    const char *at = strstr(text, token);

    return at ? ms_product_major(p, at + strlen(token), strlen(at + strlen(token))) : NULL;
}

static int by_rules(apr_pool_t *p, const ms_device_rule *rule, const char *text,
                    ms_product_named *browser)
{
    while (rule->token && !strstr(text, rule->token)) {
        rule++;
    }
    if (rule->token) {
        browser->name = rule->name;
        browser->kind = rule->kind;
        browser->version =
            rule->name ? version_behind(p, text, rule->version ? rule->version : rule->token)
                       : NULL;
    }
    return rule->token != NULL;
}

static int is_robot(const char *text, ms_product_named *browser)
{
    for (const char *const *mark = ms_device_tables_bot_marks; *mark; mark++) {
        if (strstr(text, *mark)) {
            browser->name = "Bot";
            browser->kind = MS_DEVICE_BOT;
            return 1;
        }
    }
    return 0;
}

/* The order is the rule: robots and apps name other browsers too, and every browser names the ones
 * it is made of.
 * @return 1 if another browser is made of this one, so that client hints may name it */
static int find_browser(apr_pool_t *p, const char *text, const ms_device_system *system,
                        ms_product_named *browser)
{
    memset(browser, 0, sizeof(*browser));
    if (by_rules(p, ms_device_tables_bots, text, browser) ||
        ms_product_names_program(p, text, browser) || is_robot(text, browser) ||
        by_rules(p, ms_device_tables_apps, text, browser) ||
        ms_product_names_own(p, text, browser)) {
        return 0;
    }
    if (!by_rules(p, ms_device_tables_plain, text, browser) && system && system->safari &&
        strstr(text, "Safari/")) {
        browser->name = "Safari";
        browser->version = version_behind(p, text, "Version/");
    }
    return browser->kind == MS_DEVICE_UNKNOWN;
}

/* ---- the system and the kind --------------------------------------------------------------- */

static const ms_device_system *find_system(const char *text)
{
    for (const ms_device_system *system = ms_device_tables_systems; system->token; system++) {
        if (has_word(text, system->token, 0)) {
            return system;
        }
    }
    return NULL;
}

/* The last row of a name is the plain one: "Windows" is not only on phones. */
static const ms_device_system *system_named(const char *name)
{
    const ms_device_system *last = NULL;

    for (const ms_device_system *system = ms_device_tables_systems; system->token; system++) {
        if (strcmp(system->name, name) == 0) {
            last = system;
        }
    }
    return last;
}

/* Some computers say "Tablet PC" or "Mobile". */
static ms_device_kind marked_kind(const char *text, int computer)
{
    for (const ms_device_mark *mark = ms_device_tables_marks; mark->token; mark++) {
        const int handheld = mark->kind == MS_DEVICE_PHONE || mark->kind == MS_DEVICE_TABLET;

        if (!(computer && handheld) && has_word(text, mark->token, mark->whole)) {
            return mark->kind;
        }
    }
    return MS_DEVICE_UNKNOWN;
}

/* A browser on Android says "Mobile" on a phone and nothing on a tablet; an app says neither. */
static ms_device_kind kind_of(const ms_device_system *system, const char *text)
{
    ms_device_kind kind = MS_DEVICE_UNKNOWN;

    if (!system || system->open) {
        kind = marked_kind(text, system && system->kind == MS_DEVICE_COMPUTER);
    }
    if (kind == MS_DEVICE_UNKNOWN && system) {
        kind = strcmp(system->name, "Android") == 0 && strstr(text, "Mozilla/") ? MS_DEVICE_TABLET
                                                                                : system->kind;
    }
    return kind;
}

/* A program may name the computer it runs on; libraries in apps name a phone. */
static int is_program(const ms_product_named *browser, const ms_device_system *system)
{
    return browser->program && (!system || system->kind == MS_DEVICE_COMPUTER);
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

/* ---- both ---------------------------------------------------------------------------------- */

static int is_new(const char *hinted, const char *known)
{
    return hinted && (!known || strcmp(hinted, known) != 0);
}

/* Hints that name a plain browser know less than a User-Agent that names another one. */
static void merge_hints(ms_hints *hints, const ms_product_named *browser, int plain)
{
    const int robot = browser->kind != MS_DEVICE_UNKNOWN || browser->program;

    if (robot || (hints->plain && browser->name && !plain)) {
        hints->browser = NULL; /* robots and programs pretend to be a browser */
    }
}

const char *ms_device_describe(apr_pool_t *p, const char *user_agent, const char *brands,
                               const char *platform, apr_size_t max)
{
    const char *text = user_agent ? user_agent : "", *suffix = "";
    const ms_device_system *system = find_system(text);
    ms_product_named browser;
    ms_hints hints;
    const int plain = find_browser(p, text, system, &browser);

    ms_client_hints_read(p, brands, platform, &hints);
    merge_hints(&hints, &browser, plain);
    if (is_new(hints.browser, browser.name) || is_new(hints.os, system ? system->name : NULL)) {
        suffix = ms_client_hints_format(p, &hints);
    }
    return apr_pstrcat(p, ms_utf8_storable(p, user_agent, max - strlen(suffix)), suffix, NULL);
}

void ms_device_name(apr_pool_t *p, const char *user_agent, ms_device *device)
{
    ms_product_named browser;
    ms_hints hints;
    const char *text = ms_client_hints_cut(p, user_agent ? user_agent : "", &hints);
    const ms_device_system *system = find_system(text);
    const int plain = find_browser(p, text, system, &browser);

    merge_hints(&hints, &browser, plain);
    system = hints.os ? system_named(hints.os) : system;
    device->browser = hints.browser ? hints.browser : browser.name;
    device->version = hints.browser ? hints.version : browser.version;
    device->os = system ? system->name : NULL;
    device->kind = browser.kind != MS_DEVICE_UNKNOWN ? browser.kind
                   : is_program(&browser, system)    ? MS_DEVICE_COMMAND_LINE
                                                     : kind_of(system, text);
    device->name = name_of(p, device);
}

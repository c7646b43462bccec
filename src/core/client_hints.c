/* SPDX-License-Identifier: Apache-2.0 */
#include "core/client_hints.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include "core/device_tables.h"
#include "core/product.h"

/* ---- reading ------------------------------------------------------------------------------- */

/* The string (RFC 8941, section 3.3.3) that begins behind a quote, unescaped into value.
 * @return behind the closing quote, or NULL if there is none */
static const char *read_string(const char *at, char *value)
{
    for (; *at && *at != '"'; at++) {
        if (*at == '\\' && at[1]) {
            at++;
        }
        *value++ = *at;
    }
    *value = '\0';
    return *at ? at + 1 : NULL;
}

/* "Not?A_Brand" in its many spellings (section 6.2 of the hints' specification). */
static int is_nonsense(const char *brand)
{
    const char *letters = "notabrand";

    for (; *brand; brand++) {
        if (apr_isalpha(*brand) && (!*letters || apr_tolower(*brand) != *letters++)) {
            return 0;
        }
    }
    return !*letters;
}

static ms_device_rank rank_of(const char *brand, const char **name)
{
    *name = brand;
    for (const ms_device_brand *known = ms_device_tables_brands; known->token; known++) {
        if (strcmp(known->token, brand) == 0) {
            *name = known->name;
            return known->rank;
        }
    }
    return is_nonsense(brand) || !ms_product_is_name(brand, strlen(brand)) ? MS_BRAND_ENGINE
                                                                           : MS_BRAND_NAMED;
}

static void read_brands(apr_pool_t *p, const char *brands, ms_hints *hints)
{
    char *brand = apr_palloc(p, strlen(brands) + 1);
    ms_device_rank best = MS_BRAND_ENGINE;

    while (brands && (brands = strchr(brands, '"')) != NULL) {
        const char *name;
        ms_device_rank rank;

        brands = read_string(brands + 1, brand);
        if (!brands || strncmp(brands, ";v=\"", 4) != 0) {
            continue;
        }
        brands += 4;
        rank = rank_of(brand, &name);
        if (rank > best) {
            best = rank;
            hints->browser = apr_pstrdup(p, name);
            hints->version = ms_product_major(p, brands, strlen(brands));
        }
        brands = strchr(brands, '"');
        brands = brands ? brands + 1 : NULL;
    }
    hints->plain = best != MS_BRAND_NAMED;
}

static const char *read_platform(apr_pool_t *p, const char *platform)
{
    for (const ms_device_product *known = ms_device_tables_platforms; known->token; known++) {
        if (strcmp(platform, apr_pstrcat(p, "\"", known->token, "\"", NULL)) == 0) {
            return known->name;
        }
    }
    return NULL;
}

void ms_client_hints_read(apr_pool_t *p, const char *brands, const char *platform, ms_hints *hints)
{
    memset(hints, 0, sizeof(*hints));
    if (brands) {
        read_brands(p, brands, hints);
    }
    if (platform) {
        hints->os = read_platform(p, platform);
    }
}

/* ---- the stored form ----------------------------------------------------------------------- */

const char *ms_client_hints_format(apr_pool_t *p, const ms_hints *hints)
{
    return apr_pstrcat(p, " [", hints->browser ? hints->browser : "", hints->version ? " " : "",
                       hints->version ? hints->version : "", "; ", hints->os ? hints->os : "", "]",
                       NULL);
}

static int is_plain(const char *name)
{
    const ms_device_brand *known = ms_device_tables_brands;

    while (known->token && !(known->name && strcmp(known->name, name) == 0)) {
        known++;
    }
    return known->token && known->rank != MS_BRAND_NAMED;
}

/* "Brave 131", "Brave" or "". */
static int parse_browser(apr_pool_t *p, const char *text, apr_size_t len, ms_hints *hints)
{
    apr_size_t digits = len;

    if (len == 0) {
        return 1;
    }
    while (digits > 0 && apr_isdigit(text[digits - 1])) {
        digits--;
    }
    if (digits > 1 && digits < len && text[digits - 1] == ' ') {
        hints->version = ms_product_major(p, text + digits, len - digits);
        len = hints->version ? digits - 1 : len;
    }
    hints->browser = apr_pstrmemdup(p, text, len);
    hints->plain = is_plain(hints->browser);
    return ms_product_is_name(text, len);
}

static int parse_system(const char *text, apr_size_t len, ms_hints *hints)
{
    if (len == 0) {
        return 1;
    }
    for (const ms_device_product *known = ms_device_tables_platforms; known->token; known++) {
        if (strlen(known->name) == len && strncmp(known->name, text, len) == 0) {
            hints->os = known->name;
        }
    }
    return hints->os != NULL;
}

const char *ms_client_hints_cut(apr_pool_t *p, const char *stored, ms_hints *hints)
{
    const char *open = strrchr(stored, '['), *os = open ? strstr(open, "; ") : NULL;
    const apr_size_t len = os ? strlen(os) : 0;

    memset(hints, 0, sizeof(*hints));
    if (os && open > stored && open[-1] == ' ' && os[len - 1] == ']' &&
        parse_browser(p, open + 1, (apr_size_t)(os - open - 1), hints) &&
        parse_system(os + 2, len - 3, hints)) {
        return apr_pstrmemdup(p, stored, (apr_size_t)(open - stored - 1));
    }
    memset(hints, 0, sizeof(*hints));
    return stored;
}

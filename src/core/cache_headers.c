/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns how Cache-Control is changed for an answer that belongs to one user. A shared cache must
 * never store it; the user's own browser may, for as long as the application allows.
 */
#include "core/cache_headers.h"

#include <string.h>
#include <apr_strings.h>
#include "core/header_list.h"

/* If the application says nothing, and then with no-store for a page: most responses. */
static const char not_said[] = "private, no-cache",
                  not_said_no_store[] = "private, no-cache, no-store";

/* core/header_kinds.c must know each. */
static const char *const other_headers[] = {"Expires",
                                            "Pragma",
                                            "Surrogate-Control",
                                            "CDN-Cache-Control",
                                            "Cloudflare-CDN-Cache-Control",
                                            "X-Accel-Expires",
                                            "X-LiteSpeed-Cache-Control",
                                            "Edge-Control",
                                            NULL};

static int is_directive(ms_span element, const char *name)
{
    const apr_size_t len = strlen(name);

    return element.len >= len && strncasecmp(element.at, name, len) == 0 &&
           (element.len == len || element.at[len] == '=');
}

static int has_element(const char *list, const char *name)
{
    ms_span element;

    while (list && ms_header_list_next(&list, &element)) {
        if (is_directive(element, name)) {
            return 1;
        }
    }
    return 0;
}

static const char *joined(apr_pool_t *p, const apr_table_t *out, const apr_table_t *err,
                          const char *name)
{
    /* Most answers have none: looking for one is cheaper than joining all. */
    const char *a = apr_table_get(out, name) ? apr_table_getm(p, out, name) : NULL;
    const char *b = apr_table_get(err, name) ? apr_table_getm(p, err, name) : NULL;

    return a && b ? apr_pstrcat(p, a, ", ", b, NULL) : a ? a : b;
}

void ms_cache_headers_vary_by(apr_table_t *out, const char *name)
{
    if (!has_element(apr_table_get(out, "Vary"), name)) {
        apr_table_merge(out, "Vary", name);
    }
}

void ms_cache_headers_vary(apr_pool_t *p, apr_table_t *out, apr_table_t *err)
{
    const char *vary = apr_table_get(out, "Vary");

    if (vary && strcmp(vary, "Cookie") == 0) { /* added by an earlier call */
        return;
    }
    vary = joined(p, out, err, "Vary");
    if (!has_element(vary, "Cookie") && !has_element(vary, "*")) {
        apr_table_mergen(out, "Vary", "Cookie");
    }
}

const char *ms_cache_headers_get(apr_pool_t *p, const apr_table_t *out, const apr_table_t *err)
{
    const char *cache_control = joined(p, out, err, "Cache-Control");

    return cache_control ? cache_control : joined(p, out, err, "Expires") ? "" : NULL;
}

int ms_cache_headers_is_shared(const char *cache_control)
{
    return has_element(cache_control, "public") || has_element(cache_control, "s-maxage");
}

int ms_cache_headers_is_no_store(const char *cache_control)
{
    return has_element(cache_control, "no-store");
}

const char *ms_cache_headers_private(apr_pool_t *p, const char *cache_control)
{
    const char *kept = NULL;
    ms_span element;

    if (!cache_control || !*cache_control) {
        return not_said;
    }
    if (!has_element(cache_control, "no-store")) {
        kept = "private";
    }
    while (ms_header_list_next(&cache_control, &element)) {
        if (!is_directive(element, "public") && !is_directive(element, "s-maxage") &&
            !is_directive(element, "private")) {
            const char *text = apr_pstrmemdup(p, element.at, element.len);

            kept = kept ? apr_pstrcat(p, kept, ", ", text, NULL) : text;
        }
    }
    return kept;
}

/* max-age with another value than 0. */
static int lets_browser_reuse(ms_span element)
{
    return is_directive(element, "max-age") && strcspn(element.at, "123456789") < element.len;
}

const char *ms_cache_headers_no_store(apr_pool_t *p, const char *cache_control)
{
    const char *rest = cache_control;
    ms_span element;

    if (cache_control == not_said) {
        return not_said_no_store;
    }
    while (ms_header_list_next(&rest, &element)) {
        if (is_directive(element, "no-store") || lets_browser_reuse(element)) {
            return cache_control;
        }
    }
    return apr_pstrcat(p, cache_control, *cache_control ? ", " : "", "no-store", NULL);
}

static void unset_others(apr_table_t *headers)
{
    if (!apr_is_empty_table(headers)) { /* one of the two mostly is */
        for (const char *const *name = other_headers; *name; name++) {
            apr_table_unset(headers, *name);
        }
    }
}

void ms_cache_headers_set(apr_table_t *out, apr_table_t *err, const char *cache_control)
{
    unset_others(out);
    unset_others(err);
    apr_table_unset(err, "Cache-Control");
    apr_table_setn(out, "Cache-Control", cache_control);
}

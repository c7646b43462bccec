/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A shared cache must never get one user's page to store; the user's own browser may keep it for as
 * long as the application said.
 */
#include "core/cache_headers.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>

static const char *const other_headers[] = {"Expires",
                                            "Pragma",
                                            "Surrogate-Control",
                                            "CDN-Cache-Control",
                                            "Cloudflare-CDN-Cache-Control",
                                            "X-Accel-Expires",
                                            "X-LiteSpeed-Cache-Control",
                                            "Edge-Control",
                                            NULL};

/* The next element of a comma-separated list, trimmed; commas within quotes do not count. */
static const char *next_element(apr_pool_t *p, const char **list)
{
    const char *from = *list, *to;
    int quoted = 0;

    while (*from == ',' || apr_isspace(*from)) {
        from++;
    }
    for (to = from; *to && (quoted || *to != ','); to++) {
        if (*to == '"') {
            quoted = !quoted;
        }
        else if (quoted && *to == '\\' && to[1]) {
            to++;
        }
    }
    *list = to;
    while (to > from && apr_isspace(to[-1])) {
        to--;
    }
    return to > from ? apr_pstrmemdup(p, from, (apr_size_t)(to - from)) : NULL;
}

static int is_directive(const char *element, const char *name)
{
    const apr_size_t len = strlen(name);

    return strncasecmp(element, name, len) == 0 && (!element[len] || element[len] == '=');
}

static int has_element(apr_pool_t *p, const char *list, const char *name)
{
    const char *element;

    while (list && (element = next_element(p, &list)) != NULL) {
        if (is_directive(element, name)) {
            return 1;
        }
    }
    return 0;
}

static const char *joined(apr_pool_t *p, const apr_table_t *out, const apr_table_t *err,
                          const char *name)
{
    /* Most answers have none: to look for one is cheaper than to join all. */
    const char *a = apr_table_get(out, name) ? apr_table_getm(p, out, name) : NULL;
    const char *b = apr_table_get(err, name) ? apr_table_getm(p, err, name) : NULL;

    return a && b ? apr_pstrcat(p, a, ", ", b, NULL) : a ? a : b;
}

void ms_cache_headers_vary(apr_pool_t *p, apr_table_t *out, apr_table_t *err)
{
    const char *vary = joined(p, out, err, "Vary");

    if (!has_element(p, vary, "Cookie") && !has_element(p, vary, "*")) {
        apr_table_mergen(out, "Vary", "Cookie");
    }
}

const char *ms_cache_headers_get(apr_pool_t *p, const apr_table_t *out, const apr_table_t *err)
{
    const char *said = joined(p, out, err, "Cache-Control");

    return said ? said : joined(p, out, err, "Expires") ? "" : NULL;
}

int ms_shm_cache_is_shared(apr_pool_t *p, const char *said)
{
    return has_element(p, said, "public") || has_element(p, said, "s-maxage");
}

const char *ms_cache_headers_private(apr_pool_t *p, const char *said)
{
    const char *element, *kept = NULL;

    if (!said || !*said) {
        return "private, no-cache";
    }
    if (!has_element(p, said, "no-store")) {
        kept = "private";
    }
    while ((element = next_element(p, &said)) != NULL) {
        if (!is_directive(element, "public") && !is_directive(element, "s-maxage") &&
            !is_directive(element, "private")) {
            kept = kept ? apr_pstrcat(p, kept, ", ", element, NULL) : element;
        }
    }
    return kept;
}

const char *ms_shm_cache_no_store(apr_pool_t *p, const char *said)
{
    const char *rest = said, *element;

    while ((element = next_element(p, &rest)) != NULL) {
        if (is_directive(element, "no-store") ||
            (is_directive(element, "max-age") && strpbrk(element, "123456789"))) {
            return said;
        }
    }
    return apr_pstrcat(p, said, *said ? ", " : "", "no-store", NULL);
}

static void unset_others(apr_table_t *headers)
{
    if (!apr_is_empty_table(headers)) { /* as one of the two mostly is */
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

int ms_shm_cache_is_no_store(apr_pool_t *p, const char *said)
{
    return said && has_element(p, said, "no-store");
}

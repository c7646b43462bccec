/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libpq's list has blanks between its parts and quotes with backslashes (PostgreSQL, 34.1.1);
 * apr_dbd_mysql's has blanks, "," or ";" and no quotes. Here both are read as the one with more
 * rules: a quoted value is never taken apart.
 */
#include "core/dbd_params.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>

typedef struct pair {
    const char *name, *value;
    apr_size_t name_len, value_len;
} pair;

static int is_gap(char c)
{
    return apr_isspace(c) || c == ',' || c == ';' || c == '|';
}

static const char *end_of_quoted(const char *at)
{
    for (; *at && *at != '\''; at++) {
        if (*at == '\\' && at[1]) {
            at++;
        }
    }
    return *at ? at + 1 : NULL;
}

static const char *end_of_plain(const char *at)
{
    while (*at && !is_gap(*at)) {
        at += *at == '\\' && at[1] ? 2 : 1;
    }
    return at;
}

static const char *skip_blanks(const char *at)
{
    while (apr_isspace(*at)) {
        at++;
    }
    return at;
}

/* Reads the pair that *at begins with, and moves *at behind it. Returns 0 if there is none. */
static int read_pair(const char **at, pair *found)
{
    const char *c = *at, *end;

    found->name = c;
    while (apr_isalnum(*c) || *c == '_') {
        c++;
    }
    found->name_len = (apr_size_t)(c - found->name);
    c = skip_blanks(c);
    if (found->name_len == 0 || *c != '=') {
        return 0;
    }
    found->value = skip_blanks(c + 1);
    end = *found->value == '\'' ? end_of_quoted(found->value + 1) : end_of_plain(found->value);
    if (!end) {
        return 0;
    }
    found->value_len = (apr_size_t)(end - found->value);
    *at = end;
    return 1;
}

static int is_shown(const pair *found)
{
    static const char *const names[] = {"host", "hostaddr", "port", "dbname",
                                        "user", "service",  "sock", NULL};

    for (const char *const *name = names; *name; name++) {
        if (strlen(*name) == found->name_len && strncmp(*name, found->name, found->name_len) == 0) {
            return 1;
        }
    }
    return 0;
}

static const char *skip_gaps(const char *at)
{
    while (*at && is_gap(*at)) {
        at++;
    }
    return at;
}

static int is_sqlite(const char *driver)
{
    return driver && strcmp(driver, "sqlite3") == 0;
}

const char *ms_dbd_params_shown(apr_pool_t *p, const char *driver, const char *params)
{
    const char *shown = "";
    pair found;

    if (!params || is_sqlite(driver)) {
        return params ? params : "";
    }
    if (!ms_dbd_params_is_list(driver, params)) {
        return "";
    }
    for (params = skip_gaps(params); read_pair(&params, &found); params = skip_gaps(params)) {
        if (is_shown(&found)) {
            shown = apr_pstrcat(p, shown, *shown ? " " : "",
                                apr_pstrmemdup(p, found.name, found.name_len), "=",
                                apr_pstrmemdup(p, found.value, found.value_len), NULL);
        }
    }
    return shown;
}

int ms_dbd_params_is_list(const char *driver, const char *params)
{
    pair found;

    if (!params || is_sqlite(driver)) {
        return 1;
    }
    for (params = skip_gaps(params); *params; params = skip_gaps(params)) {
        if (!read_pair(&params, &found)) {
            return 0;
        }
    }
    return 1;
}

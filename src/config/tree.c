/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sections are compared as httpd compares them: <Location> by ap_location_walk's rule for prefixes.
 */
#include "config/tree.h"

#include <string.h>
#include <apr_fnmatch.h>
#include <apr_strings.h>
#include <ap_regex.h>

int ms_tree_is(const ap_directive_t *at, const char *name)
{
    return ap_cstr_casecmp(at->directive, name) == 0;
}

apr_array_header_t *ms_tree_words(apr_pool_t *p, const ap_directive_t *at)
{
    apr_array_header_t *words = apr_array_make(p, 2, sizeof(const char *));
    const char *args = apr_pstrdup(p, at->args);
    char *end = strrchr(args, '>');

    if (at->directive[0] == '<' && end) {
        *end = '\0';
    }
    while (*args) {
        APR_ARRAY_PUSH(words, const char *) = ap_getword_conf(p, &args);
    }
    return words;
}

const char *ms_tree_word(apr_pool_t *p, const ap_directive_t *at, int n)
{
    const apr_array_header_t *words = ms_tree_words(p, at);

    return n < words->nelts ? APR_ARRAY_IDX(words, n, const char *) : NULL;
}

const ap_directive_t *ms_tree_next(const ap_directive_t *at)
{
    if (at->first_child) {
        return at->first_child;
    }
    while (at && !at->next) {
        at = at->parent;
    }
    return at ? at->next : NULL;
}

const ap_directive_t *ms_tree_host_around(const ap_directive_t *at)
{
    for (at = at->parent; at; at = at->parent) {
        if (ms_tree_is(at, "<VirtualHost")) {
            return at;
        }
    }
    return NULL;
}

const ap_directive_t *ms_tree_host_of(const server_rec *s)
{
    for (const ap_directive_t *at = ap_conftree; at && s->is_virtual; at = at->next) {
        if (ms_tree_is(at, "<VirtualHost") && s->defn_name &&
            strcmp(at->filename, s->defn_name) == 0 && at->line_num == (int)s->defn_line_number) {
            return at;
        }
    }
    return NULL;
}

static const ap_directive_t *find_last(const ap_directive_t *at, const char *name)
{
    const ap_directive_t *found = NULL;

    for (; at; at = at->next) {
        if (ms_tree_is(at, name)) {
            found = at;
        }
    }
    return found;
}

const ap_directive_t *ms_tree_setting(const server_rec *s, const char *name)
{
    const ap_directive_t *host = ms_tree_host_of(s),
                         *found = host ? find_last(host->first_child, name) : NULL;

    return found ? found : find_last(ap_conftree, name);
}

const char *ms_tree_setting_value(apr_pool_t *p, const server_rec *s, const char *name)
{
    const ap_directive_t *found = ms_tree_setting(s, name);

    return found ? ms_tree_word(p, found, 0) : NULL;
}

int ms_tree_is_below(const char *path, const char *above)
{
    const apr_size_t len = strlen(above);

    return strncmp(path, above, len) == 0 &&
           (!path[len] || path[len] == '/' || (len > 0 && above[len - 1] == '/'));
}

int ms_tree_matches(apr_pool_t *p, const char *pattern, const char *text)
{
    const ap_regex_t *regex = ap_pregcomp(p, pattern, AP_REG_EXTENDED);

    return !regex || ap_regexec(regex, text, 0, NULL, 0) == 0;
}

/* ---- sections -------------------------------------------------------------------------------- */

/* A section as two words: its kind, such as "<Location", and what it names. */
typedef struct section {
    int is_regex;
    const char *name; /* NULL: it has no argument */
} section;

/* <LocationMatch re> and <Location ~ re> are one. */
static int read_section(apr_pool_t *p, const ap_directive_t *at, const char *kind, section *out)
{
    const char *first;

    if (strncasecmp(at->directive, kind, strlen(kind)) != 0) {
        return 0;
    }
    first = ms_tree_word(p, at, 0);
    out->is_regex = ap_cstr_casecmp(at->directive + strlen(kind), "Match") == 0;
    out->name = first;
    if (first && strcmp(first, "~") == 0) {
        out->is_regex = 1;
        out->name = ms_tree_word(p, at, 1);
    }
    return 1;
}

static int is_literal(const section *s)
{
    return s->name && !s->is_regex && s->name[0] == '/' && !strpbrk(s->name, "*?[");
}

/* A path with and without a slash at its end is one place. */
static int regex_matches_path(apr_pool_t *p, const char *pattern, const char *path)
{
    return ms_tree_matches(p, pattern, path) ||
           ms_tree_matches(p, pattern, apr_pstrcat(p, path, "/", NULL));
}

static int location_may_hold(apr_pool_t *p, const section *s, const char *path)
{
    if (s->name && s->is_regex) {
        return regex_matches_path(p, s->name, path);
    }
    return !is_literal(s) || ms_tree_is_below(path, s->name);
}

/* A path that ends with a slash stands for the index file that mod_dir finds. */
static int files_may_hold(apr_pool_t *p, const section *s, const char *path)
{
    const char *base = strrchr(path, '/');

    if (!s->name || !base || !base[1]) {
        return 1;
    }
    return s->is_regex ? ms_tree_matches(p, s->name, base + 1)
                       : apr_fnmatch(s->name, base + 1, 0) == APR_SUCCESS;
}

static int section_may_hold(apr_pool_t *p, const ap_directive_t *at, const char *path, int below)
{
    section s;

    if (read_section(p, at, "<Location", &s)) {
        return (below && (!is_literal(&s) || ms_tree_is_below(s.name, path))) ||
               location_may_hold(p, &s, path);
    }
    if (!below && read_section(p, at, "<Files", &s)) {
        return files_may_hold(p, &s, path);
    }
    return 1;
}

static int may_hold(apr_pool_t *p, const ap_directive_t *at, const ap_directive_t *host,
                    const char *path, int below)
{
    const ap_directive_t *own_host = ms_tree_host_around(at);

    if (host && own_host && own_host != host) {
        return 0;
    }
    for (at = at->parent; at && path; at = at->parent) {
        if (!section_may_hold(p, at, path, below)) {
            return 0;
        }
    }
    return 1;
}

int ms_tree_may_apply(apr_pool_t *p, const ap_directive_t *at, const ap_directive_t *host,
                      const char *path)
{
    return may_hold(p, at, host, path, 0);
}

int ms_tree_may_touch(apr_pool_t *p, const ap_directive_t *at, const ap_directive_t *host,
                      const char *path)
{
    return may_hold(p, at, host, path, 1);
}

const char *ms_tree_path(apr_pool_t *p, const ap_directive_t *at)
{
    section s;

    for (at = at->parent; at; at = at->parent) {
        if (read_section(p, at, "<Location", &s)) {
            return is_literal(&s) ? s.name : NULL;
        }
    }
    return NULL;
}

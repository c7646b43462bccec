/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small part of Mustache: enough for pages that are real HTML files, and nothing that could put a
 * value into a page unescaped. Values are never looked at for tags.
 */
#include "core/render.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include "core/utf8.h"

#define DEPTH_MAX 16

extern const ms_page ms_pages[];
extern const apr_size_t ms_pages_n;

/* Text that grows, in a pool. */
typedef struct growing {
    apr_pool_t *p;
    char *text;
    apr_size_t len, room;
} growing;

/* The objects that names are looked up in, the innermost last. */
typedef struct context {
    json_t *objects[DEPTH_MAX];
    int n;
    const ms_language *language;
} context;

typedef struct tag {
    char kind;        /* '#', '^', '/', '>', '_' or 0 for a value */
    const char *name; /* NULL: no more tags */
    const char *at;   /* where its "{{" is */
    const char *after;
} tag;

const ms_page *ms_page_get(const char *name)
{
    for (apr_size_t i = 0; i < ms_pages_n; i++) {
        if (strcmp(ms_pages[i].name, name) == 0) {
            return &ms_pages[i];
        }
    }
    return NULL;
}

static void add(growing *out, const char *text, apr_size_t len)
{
    if (out->len + len + 1 > out->room) {
        const apr_size_t room = 2 * (out->len + len) + 1024;
        char *text_then = out->text;

        out->text = apr_palloc(out->p, room);
        memcpy(out->text, text_then, out->len);
        out->room = room;
    }
    memcpy(out->text + out->len, text, len);
    out->len += len;
    out->text[out->len] = '\0';
}

static void add_escaped(growing *out, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '&':
            add(out, "&amp;", 5);
            break;
        case '<':
            add(out, "&lt;", 4);
            break;
        case '>':
            add(out, "&gt;", 4);
            break;
        case '"':
            add(out, "&quot;", 6);
            break;
        case '\'':
            add(out, "&#39;", 5);
            break;
        default:
            add(out, text, 1);
        }
    }
}

static growing new_text(apr_pool_t *p)
{
    growing out = {p, apr_pstrdup(p, ""), 0, 1};

    return out;
}

const char *ms_html_escape(apr_pool_t *p, const char *text)
{
    growing out = new_text(p);

    add_escaped(&out, text);
    return out.text;
}

static tag next_tag(apr_pool_t *p, const char *from, const char *end)
{
    tag t = {0};
    const char *open = from, *close;

    while (open < end - 1 && (open[0] != '{' || open[1] != '{')) {
        open++;
    }
    close = open < end - 1 ? strstr(open, "}}") : NULL;
    if (close && close < end) {
        const char *name = open + 2, *name_end = close;

        t.at = open;
        t.after = close + 2;
        if (strchr("#^/>_", *name)) {
            t.kind = *name++;
        }
        while (*name == ' ') {
            name++;
        }
        while (name_end > name && name_end[-1] == ' ') {
            name_end--;
        }
        t.name = apr_pstrmemdup(p, name, (apr_size_t)(name_end - name));
    }
    return t;
}

static json_t *look_up(const context *names, const char *name)
{
    if (strcmp(name, ".") == 0) {
        return names->objects[names->n - 1];
    }
    for (int i = names->n - 1; i >= 0; i--) {
        json_t *value = json_object_get(names->objects[i], name);

        if (value) {
            return value;
        }
    }
    return NULL;
}

static int is_true(const json_t *value)
{
    return value && !json_is_null(value) && !json_is_false(value) &&
           !(json_is_array(value) && json_array_size(value) == 0) &&
           !(json_is_string(value) && json_string_length(value) == 0) &&
           !(json_is_integer(value) && json_integer_value(value) == 0);
}

/* ---- messages --------------------------------------------------------------------------------
 */

#define VALUE_MAX 10000          /* characters */
#define ISOLATE   "\xe2\x81\xa8" /* U+2068, first strong isolate */
#define END_THAT  "\xe2\x81\xa9" /* U+2069 */

/* Hebrew, Arabic and their neighbours: U+0590 to U+08FF, U+FB1D to U+FEFC, U+10800 to U+10FFF and
 * U+1E800 to U+1EFFF, by the bytes that they begin with in UTF-8. */
static int is_rtl_letter(const unsigned char *c)
{
    return (c[0] >= 0xd6 && c[0] <= 0xdf) || (c[0] == 0xe0 && c[1] >= 0xa0 && c[1] <= 0xa3) ||
           (c[0] == 0xef && c[1] >= 0xac && c[1] <= 0xbb) ||
           (c[0] == 0xf0 && ((c[1] == 0x90 && c[2] >= 0xa0) || c[1] == 0x9e));
}

/* Whether text has letters of the other direction than the language around it. */
static int runs_otherwise(const char *text, int rtl)
{
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        const int is_letter = apr_isalpha(*c) || *c >= 0xc0; /* not within a character */

        if (is_letter && is_rtl_letter(c) != rtl) {
            return 1;
        }
    }
    return 0;
}

static const char *value_text(apr_pool_t *p, const json_t *value)
{
    return json_is_string(value) ? json_string_value(value)
           : json_is_integer(value)
               ? apr_psprintf(p, "%" APR_INT64_T_FMT, (apr_int64_t)json_integer_value(value))
               : "";
}

/*
 * Whether text leaves the direction of what follows it alone. Isolates that are whole do, and stay:
 * a value may be a message itself, such as the name of a device. No other control of direction
 * (U+061C, U+200E/F, U+202A-E, U+2066/7) is needed.
 */
static int keeps_to_itself(const char *text)
{
    int open = 0;

    for (const char *c = text; *c && open >= 0; c++) {
        if (strncmp(c, ISOLATE, 3) == 0) {
            open++;
        }
        else if (strncmp(c, END_THAT, 3) == 0) {
            open--;
        }
        else if (strncmp(c, "\xd8\x9c", 2) == 0 ||
                 (strncmp(c, "\xe2\x80", 2) == 0 && strchr("\x8e\x8f\xaa\xab\xac\xad\xae", c[2])) ||
                 (strncmp(c, "\xe2\x81", 2) == 0 && strchr("\xa6\xa7", c[2]))) {
            return 0;
        }
    }
    return open == 0;
}

static void add_isolated(growing *out, const context *names, const json_t *value)
{
    const char *text = value_text(out->p, value);
    int alone;

    if (!keeps_to_itself(text)) {
        text = ms_utf8_storable(out->p, text, VALUE_MAX);
    }
    alone = !json_is_string(value) || !runs_otherwise(text, ms_language_is_rtl(names->language));
    add(out, ISOLATE, alone ? 0 : strlen(ISOLATE));
    add(out, text, strlen(text));
    add(out, END_THAT, alone ? 0 : strlen(END_THAT));
}

/* A message with a value for each [name]. */
static const char *fill(apr_pool_t *p, const char *message, const context *names)
{
    growing out = new_text(p);
    const char *open, *close;

    while ((open = strchr(message, '[')) != NULL && (close = strchr(open, ']')) != NULL) {
        const char *name = apr_pstrmemdup(p, open + 1, (apr_size_t)(close - open - 1));

        add(&out, message, (apr_size_t)(open - message));
        add_isolated(&out, names, look_up(names, name));
        message = close + 1;
    }
    add(&out, message, strlen(message));
    return out.text;
}

const char *ms_render_message(apr_pool_t *p, const char *message, json_t *model,
                              const ms_language *language)
{
    const context names = {{model}, 1, language};

    return fill(p, ms_language_text(language, message), &names);
}

/* "text", or "n count|one|many". */
static const char *say(apr_pool_t *p, const char *text, const context *names)
{
    const char *const bar = strchr(text, '|'), *const last = bar ? strchr(bar + 1, '|') : NULL;
    const json_t *n;

    if (strncmp(text, "n ", 2) != 0 || !last) {
        return fill(p, ms_language_text(names->language, text), names);
    }
    n = look_up(names, apr_pstrmemdup(p, text + 2, (apr_size_t)(bar - text - 2)));
    return fill(p,
                ms_language_plural(names->language,
                                   apr_pstrmemdup(p, bar + 1, (apr_size_t)(last - bar - 1)),
                                   last + 1, json_integer_value(n)),
                names);
}

/* ---- templates -------------------------------------------------------------------------------
 */

static int render(growing *out, const char *at, const char *end, context *names, int depth);

/* Where the section that was just opened closes; NULL where it never does. */
static tag find_close(apr_pool_t *p, const char *from, const char *end, const char *name)
{
    int open = 1;
    tag t;

    for (t = next_tag(p, from, end); t.name; t = next_tag(p, t.after, end)) {
        if (t.kind == '/' && strcmp(t.name, name) == 0 && --open == 0) {
            break;
        }
        if ((t.kind == '#' || t.kind == '^') && strcmp(t.name, name) == 0) {
            open++;
        }
    }
    return t;
}

static int render_within(growing *out, const char *at, const char *end, context *names,
                         json_t *value, int depth)
{
    int ok;

    if (names->n == DEPTH_MAX) {
        return 0;
    }
    names->objects[names->n++] = value;
    ok = render(out, at, end, names, depth);
    names->n--;
    return ok;
}

static int render_section(growing *out, const tag *open, const tag *close, context *names,
                          int depth)
{
    json_t *value = look_up(names, open->name);
    int ok = 1;

    if (is_true(value) == (open->kind == '^')) {
        return 1;
    }
    if (open->kind == '#' && json_is_array(value)) {
        for (size_t i = 0; ok && i < json_array_size(value); i++) {
            ok = render_within(out, open->after, close->at, names, json_array_get(value, i), depth);
        }
        return ok;
    }
    if (open->kind == '#' && json_is_object(value)) {
        return render_within(out, open->after, close->at, names, value, depth);
    }
    return render(out, open->after, close->at, names, depth);
}

static int is_style_sheet(const char *name)
{
    const apr_size_t len = strlen(name);

    return len > 4 && strcmp(name + len - 4, ".css") == 0;
}

static int render_partial(growing *out, const char *name, context *names, int depth)
{
    const ms_page *page = ms_page_get(name);

    if (!page || depth == DEPTH_MAX) {
        return 0;
    }
    if (is_style_sheet(name)) {
        add(out, page->text, page->len);
        return 1;
    }
    return render(out, page->text, page->text + page->len, names, depth + 1);
}

static int render(growing *out, const char *at, const char *end, context *names, int depth)
{
    int ok = 1;
    tag t, close;

    for (t = next_tag(out->p, at, end); ok && t.name; t = next_tag(out->p, at, end)) {
        add(out, at, (apr_size_t)(t.at - at));
        at = t.after;
        switch (t.kind) {
        case '#':
        case '^':
            close = find_close(out->p, t.after, end, t.name);
            ok = close.name && render_section(out, &t, &close, names, depth);
            at = ok ? close.after : at;
            break;
        case '/':
            ok = 0; /* closes what was never opened */
            break;
        case '_':
            add_escaped(out, say(out->p, t.name, names));
            break;
        case '>':
            ok = render_partial(out, t.name, names, depth);
            break;
        default:
            add_escaped(out, value_text(out->p, look_up(names, t.name)));
        }
    }
    if (ok) {
        add(out, at, (apr_size_t)(end - at));
    }
    return ok;
}

const char *ms_render(apr_pool_t *p, const char *text, apr_size_t len, json_t *model,
                      const ms_language *language)
{
    growing out = new_text(p);
    context names = {{model}, 1, language};

    return render(&out, text, text + len, &names, 0) ? out.text : NULL;
}

/* These four can only stand within strings, where an escape means the same. */
const char *ms_json(apr_pool_t *p, const json_t *model)
{
    char *json = json_dumps(model, JSON_ENSURE_ASCII);
    growing out = new_text(p);

    if (!json) {
        return NULL;
    }
    for (const char *c = json; *c; c++) {
        if (strchr("<>&'", *c)) {
            add(&out, apr_psprintf(p, "\\u%04x", (unsigned)*c), 6);
        }
        else {
            add(&out, c, 1);
        }
    }
    free(json);
    return out.text;
}

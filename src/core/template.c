/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the small part of Mustache that the pages need. No tag puts a value into a page unescaped,
 * and tags in values are not read.
 */
#include "core/template.h"

#include <string.h>
#include <apr_strings.h>
#include "core/buffer.h"
#include "core/messages.h"
#include "core/span.h"

#define DEPTH_MAX 16

extern const ms_template ms_templates[];
extern const apr_size_t ms_templates_n;

/* The objects in which names are looked up, the innermost last. */
typedef struct context {
    json_t *objects[DEPTH_MAX];
    int n;
    const ms_language *language;
} context;

typedef struct tag {
    char kind;      /* '#', '^', '/', '>', '_' or 0 for a value */
    ms_span name;   /* at is NULL: no more tags */
    const char *at; /* where its "{{" is */
    const char *after;
} tag;

const ms_template *ms_template_get(const char *name)
{
    for (apr_size_t i = 0; i < ms_templates_n; i++) {
        if (strcmp(ms_templates[i].name, name) == 0) {
            return &ms_templates[i];
        }
    }
    return NULL;
}

/* apr_pescape_entity() does not escape "'". */
static void add_escaped(ms_buffer *out, const char *text)
{
    static const char special[] = "&<>\"'";
    static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};

    while (*text) {
        const apr_size_t plain = strcspn(text, special);

        ms_buffer_add(out, text, plain);
        text += plain;
        if (*text) {
            ms_buffer_add_text(out, entities[strchr(special, *text++) - special]);
        }
    }
}

/* Where two of c stand; NULL: they do not. */
static const char *find_two(const char *from, const char *end, char c)
{
    while (from && from < end - 1) {
        from = memchr(from, c, (apr_size_t)(end - from - 1));
        if (from && from[1] == c) {
            return from;
        }
        from = from ? from + 1 : NULL;
    }
    return NULL;
}

static tag next_tag(const char *from, const char *end)
{
    tag t = {0};
    const char *open = find_two(from, end, '{'), *close = open ? find_two(open, end, '}') : NULL;

    if (close) {
        const char *name = open + 2;

        t.at = open;
        t.after = close + 2;
        if (strchr("#^/>_", *name)) {
            t.kind = *name++;
        }
        t.name = ms_span_trim((ms_span){name, (apr_size_t)(close - name)});
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

static const char *look_up_text(const void *names, const char *name, apr_pool_t *p)
{
    return ms_messages_value(p, look_up(names, name));
}

/* "text", or "n count|one|many". */
static const char *message_text(apr_pool_t *p, const char *text, const context *names)
{
    const char *const bar = strncmp(text, "n ", 2) == 0 ? strchr(text, '|') : NULL,
                      *const last = bar ? strchr(bar + 1, '|') : NULL;
    const json_t *n;

    if (!last) {
        return ms_messages_fill(p, ms_language_text(names->language, text), names->language,
                                look_up_text, names);
    }
    n = look_up(names, apr_pstrmemdup(p, text + 2, (apr_size_t)(bar - text - 2)));
    return ms_messages_fill(
        p,
        ms_language_plural(names->language,
                           apr_pstrmemdup(p, bar + 1, (apr_size_t)(last - bar - 1)), last + 1,
                           json_integer_value(n)),
        names->language, look_up_text, names);
}

static int render(ms_buffer *out, const char *at, const char *end, context *names, int depth);

/* The tag that closes a section; its name is nowhere if there is none. */
static tag find_close(const char *from, const char *end, const char *name)
{
    int open = 1;
    tag t;

    for (t = next_tag(from, end); t.name.at; t = next_tag(t.after, end)) {
        if (t.kind == '/' && ms_span_equal(t.name, name) && --open == 0) {
            break;
        }
        if ((t.kind == '#' || t.kind == '^') && ms_span_equal(t.name, name)) {
            open++;
        }
    }
    return t;
}

static int render_within(ms_buffer *out, const char *at, const char *end, context *names,
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

static int render_section(ms_buffer *out, const tag *open, const tag *close, json_t *value,
                          context *names, int depth)
{
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

static int render_partial(ms_buffer *out, const char *name, context *names, int depth)
{
    const ms_template *page = ms_template_get(name);

    if (!page || depth == DEPTH_MAX) {
        return 0;
    }
    if (is_style_sheet(name)) {
        ms_buffer_add(out, page->text, page->len);
        return 1;
    }
    return render(out, page->text, page->text + page->len, names, depth + 1);
}

static int render(ms_buffer *out, const char *at, const char *end, context *names, int depth)
{
    int ok = 1;
    tag t, close;

    for (t = next_tag(at, end); ok && t.name.at; t = next_tag(at, end)) {
        const char *name = apr_pstrmemdup(out->p, t.name.at, t.name.len);

        ms_buffer_add(out, at, (apr_size_t)(t.at - at));
        at = t.after;
        switch (t.kind) {
        case '#':
        case '^':
            close = find_close(t.after, end, name);
            ok = close.name.at &&
                 render_section(out, &t, &close, look_up(names, name), names, depth);
            at = ok ? close.after : at;
            break;
        case '/':
            ok = 0; /* closes a section that was not opened */
            break;
        case '_':
            add_escaped(out, message_text(out->p, name, names));
            break;
        case '>':
            ok = render_partial(out, name, names, depth);
            break;
        default:
            add_escaped(out, ms_messages_value(out->p, look_up(names, name)));
        }
    }
    if (ok) {
        ms_buffer_add(out, at, (apr_size_t)(end - at));
    }
    return ok;
}

const char *ms_template_render(apr_pool_t *p, const char *text, apr_size_t len, json_t *model,
                               const ms_language *language)
{
    ms_buffer out = ms_buffer_make(p);
    context names = {{model}, 1, language};

    return render(&out, text, text + len, &names, 0) ? out.text : NULL;
}

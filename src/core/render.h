/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages and JSON out of one model. Pages are real HTML files with Mustache tags
 * (https://mustache.github.io/mustache.5.html), of which {{name}} (escaped), {{#name}}, {{^name}}
 * and {{/name}} are understood, {{.}} within a list; there is no tag that does not escape. Beyond
 * Mustache: {{_ text}} is a message, said in the visitor's language; {{_n count|one|many}} is one
 * whose form goes with a number. In messages, [name] stands for a value of the model. Knows apr and
 * Jansson only.
 */
#ifndef MS_RENDER_H
#define MS_RENDER_H

#include <apr_pools.h>
#include <jansson.h>
#include "core/language.h"

/** A file of src/pages, embedded at build time. */
typedef struct ms_page {
    const char *name; /* its path below src/pages */
    const char *text;
    apr_size_t len;
} ms_page;

/** The embedded file of that name, or NULL. */
const ms_page *ms_page_get(const char *name);

/**
 * Fill a template. Names are looked up in the innermost object first, then outwards.
 * @return NUL-terminated, in p; NULL where the template itself is broken (a section left open)
 */
const char *ms_render(apr_pool_t *p, const char *text, apr_size_t len, json_t *model,
                      const ms_language *language);

/**
 * A message with its values, as plain text: to be escaped wherever it goes. A value that might be
 * written in the other direction is kept from turning its surroundings (Unicode's isolates).
 * @param message  in English
 */
const char *ms_render_message(apr_pool_t *p, const char *message, json_t *model,
                              const ms_language *language);

/** Text as HTML content or within a quoted attribute: & < > " ' are escaped. */
const char *ms_html_escape(apr_pool_t *p, const char *text);

/**
 * JSON that is harmless even where something takes it for HTML: ASCII, with < > & ' escaped.
 * @return NUL-terminated, in p; NULL only where memory ran out
 */
const char *ms_json(apr_pool_t *p, const json_t *model);

#endif

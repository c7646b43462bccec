/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages out of a model. They are real HTML files with Mustache tags
 * (https://mustache.github.io/mustache.5.html), of which {{name}} (escaped), {{#name}}, {{^name}},
 * {{/name}}, {{> file}} and {{.}} within a list are read; every tag escapes. Beyond Mustache,
 * {{_ text}} is a message in the visitor's language, and {{_n count|one|many}} is one whose form
 * depends on a number. In messages, [name] stands for a value of the model. Knows apr and Jansson
 * only.
 */
#ifndef MS_TEMPLATE_H
#define MS_TEMPLATE_H

#include <apr_pools.h>
#include <jansson.h>
#include "core/language.h"

/* A file of src/pages/html, embedded at build time. */
typedef struct ms_template {
    const char *name; /* its path below src/pages/html */
    const char *text;
    apr_size_t len;
} ms_template;

/** The embedded file of that name; NULL: there is none. */
const ms_template *ms_template_get(const char *name);

/**
 * Fill a template. Names are looked up in the innermost object first, then outwards.
 * @return NUL-terminated, in p; NULL: the template is broken (a section is not closed)
 */
const char *ms_template_render(apr_pool_t *p, const char *text, apr_size_t len, json_t *model,
                               const ms_language *language);

#endif

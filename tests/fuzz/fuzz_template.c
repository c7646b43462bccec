/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A template, then (after a line "====") the values: no value is in the page unescaped, and a
 * template that is damaged ends.
 */
#include "fuzz.h"

#include <string.h>
#include <apr_strings.h>
#include <jansson.h>
#include "core/template.h"

static json_t *string_of(const char *text)
{
    json_t *string = json_string(text);

    return string ? string : json_string("not UTF-8");
}

static json_t *model_of(const char *value)
{
    return json_pack("{s:o, s:o, s:[{s:o}, {}], s:b, s:i}", "a", string_of(value), "b",
                     string_of(value), "list", "a", string_of(value), "yes", 1, "n", 2);
}

void fuzz_one(apr_pool_t *p, const char *data, apr_size_t len)
{
    const char *text = fuzz_bytes(p, data, len), *page;
    json_t *model = model_of(fuzz_text(p, data, len));

    for (apr_size_t i = 0; i < 2 && i < ms_languages_n; i++) {
        ms_template_render(p, text, len, model, &ms_languages[i]);
    }
    page = ms_template_render(p, "{{a}}{{#list}}{{a}}{{/list}}", 28, model, &ms_languages[0]);
    FUZZ_CHECK(page && !strpbrk(page, "<>\"'"));
    json_decref(model);
}

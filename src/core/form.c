/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns which bodies are refused: no browser sends them for the built-in forms.
 */
#include "core/form.h"
#include "core/percent.h"

#include <string.h>
#include <apr_strings.h>

static const char *add_field(apr_pool_t *p, const char *at, apr_size_t len, apr_table_t *fields)
{
    const char *equals = memchr(at, '=', len), *name, *value;
    const apr_size_t name_len = equals ? (apr_size_t)(equals - at) : len;

    name = ms_percent_decode(p, at, name_len, 1);
    value = equals ? ms_percent_decode(p, equals + 1, len - name_len - 1, 1) : "";
    if (!name || !value) {
        return "an escape is bad or stands for NUL";
    }
    if (!*name) {
        return "a field has no name";
    }
    if (apr_table_get(fields, name)) {
        return "a field was sent twice";
    }
    if (apr_table_elts(fields)->nelts == MS_FORM_FIELDS_MAX) {
        return "there are too many fields";
    }
    apr_table_setn(fields, name, value);
    return NULL;
}

const char *ms_form_parse(apr_pool_t *p, const char *text, apr_size_t len, apr_table_t **fields)
{
    const char *end = text + len;

    *fields = apr_table_make(p, 4);
    if (memchr(text, '\0', len)) {
        return "it has a NUL in it";
    }
    while (text < end) {
        const char *amp = memchr(text, '&', (apr_size_t)(end - text)), *to = amp ? amp : end;
        const char *why = add_field(p, text, (apr_size_t)(to - text), *fields);

        if (why) {
            return why;
        }
        text = to + 1;
    }
    return NULL;
}

const char *ms_form_field(const apr_table_t *fields, const char *name)
{
    const char *value = apr_table_get(fields, name);

    return value && *value ? value : NULL;
}

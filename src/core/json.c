/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns which characters of an answer in JSON are escaped.
 */
#include "core/json.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "core/buffer.h"

/* These four characters are in strings only, in which an escape means the same. */
const char *ms_json_dump(apr_pool_t *p, const json_t *model)
{
    char *json = json_dumps(model, JSON_ENSURE_ASCII);
    ms_buffer out = ms_buffer_make(p);

    if (!json) {
        return NULL;
    }
    for (const char *c = json; *c; c++) {
        if (strchr("<>&'", *c)) {
            ms_buffer_add_text(&out, apr_psprintf(p, "\\u%04x", (unsigned)*c));
        }
        else {
            ms_buffer_add(&out, c, 1);
        }
    }
    free(json);
    return out.text;
}

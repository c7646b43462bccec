/* SPDX-License-Identifier: Apache-2.0 */
/* Values of directives, user names and other text that is stored. */
#include "fuzz.h"

#include <string.h>
#include "config/values.h"
#include "core/name_fold.h"
#include "core/utf8.h"

#define TEN_YEARS 315576000

void fuzz_one(apr_pool_t *p, const char *data, apr_size_t len)
{
    const char *text = fuzz_text(p, data, len), *stored = ms_utf8_storable(p, text, 40);
    apr_int64_t n = -1;

    FUZZ_CHECK(!ms_values_duration(text, &n) || (n >= 0 && n <= TEN_YEARS));
    FUZZ_CHECK(!ms_values_size(text, &n) || (n >= 0 && n <= (apr_int64_t)1 << 40));
    FUZZ_CHECK(!ms_values_is_identifier(text) || strlen(text) <= 48);
    FUZZ_CHECK(ms_utf8_is_clean(stored) && ms_utf8_length(stored) <= 40);
    if (ms_utf8_is_user_name(text)) {
        const char *folded = ms_name_fold(p, text);

        FUZZ_CHECK(strcmp(ms_name_fold(p, folded), folded) == 0);
    }
}

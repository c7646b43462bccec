/* SPDX-License-Identifier: Apache-2.0 */
/* Accept and Accept-Language, and the catalogues: a look-up of any text returns a text. */
#include "fuzz.h"

#include <string.h>
#include "core/accept.h"
#include "core/language.h"

void fuzz_one(apr_pool_t *p, const char *data, apr_size_t len)
{
    const char *header = fuzz_text(p, data, len);
    const ms_language *language = ms_language_choose(header);

    FUZZ_CHECK(!ms_accept_prefers(header, "application/json", "text/html") ||
               !ms_accept_prefers(header, "text/html", "application/json"));
    FUZZ_CHECK(language >= ms_languages && language < ms_languages + ms_languages_n);
    for (apr_size_t i = 0; i < ms_languages_n; i++) {
        FUZZ_CHECK(ms_language_text(&ms_languages[i], header) != NULL);
    }
}

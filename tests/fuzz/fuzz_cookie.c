/* SPDX-License-Identifier: Apache-2.0 */
/* A Cookie header: a name, then the header. What is passed on has no token of ours. */
#include "fuzz.h"

#include <string.h>
#include "core/cookie.h"

#define NAME "__Host-session"

static void strip(apr_pool_t *p, const char *header)
{
    ms_cookie_found found;

    ms_cookie_find(ms_cookie_strip(p, header, NAME), NAME, &found);
    FUZZ_CHECK(found.seen == 0);
    ms_cookie_find(ms_cookie_strip_tokens(p, header, NAME), NAME, &found);
    FUZZ_CHECK(found.n == 0);
}

void fuzz_one(apr_pool_t *p, const char *data, apr_size_t len)
{
    const char *header = fuzz_text(p, data, len);
    ms_cookie_found found;

    ms_cookie_find(header, NAME, &found);
    FUZZ_CHECK(found.n <= MS_COOKIE_TOKENS_MAX && found.n + found.untried <= found.seen);
    for (int i = 0; i < found.n; i++) {
        FUZZ_CHECK(strlen(found.tokens[i].id) == MS_ID_LEN);
        FUZZ_CHECK(strlen(found.tokens[i].secret) == MS_SECRET_LEN);
    }
    strip(p, header);
    ms_cookie_is_named(header, NAME);
}

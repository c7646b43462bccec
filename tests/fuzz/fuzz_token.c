/* SPDX-License-Identifier: Apache-2.0 */
/* A token, an id and a form's token. What is read as a token is written as it was. */
#include "fuzz.h"

#include <string.h>
#include "core/form_token.h"
#include "core/token.h"

static const ms_token of_session = {"abcdefghijklmnopqrstuv",
                                    "0123456789012345678901234567890123456789012"};

void fuzz_one(apr_pool_t *p, const char *data, apr_size_t len)
{
    const char *bytes = fuzz_bytes(p, data, len), *text = fuzz_text(p, data, len);
    char written[MS_TOKEN_LEN + 1], hash[MS_HASH_LEN + 1];
    ms_token token;

    if (ms_token_parse(bytes, len, &token)) {
        ms_token_format(&token, written);
        FUZZ_CHECK(len == MS_TOKEN_LEN && memcmp(written, bytes, len) == 0);
        ms_token_hash(&token, hash, p);
        FUZZ_CHECK(ms_token_hash_equal(hash, hash));
    }
    if (ms_token_parse_typed(text, &token)) {
        FUZZ_CHECK(strlen(token.id) == MS_ID_LEN && strlen(token.secret) == MS_SECRET_LEN);
    }
    FUZZ_CHECK(!ms_token_is_id(bytes, len) || len == MS_ID_LEN);
    ms_token_hash(&of_session, hash, p);
    FUZZ_CHECK(!ms_token_hash_equal(text, hash) || strcmp(text, hash) == 0);
    FUZZ_CHECK(!ms_form_token_check(p, text, &of_session, "realm"));
}

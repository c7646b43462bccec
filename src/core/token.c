/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the form of a token. Random numbers come from the kernel each time, since the state of a
 * generator in the process would be the same in two forked children.
 */
#include "core/token.h"

#include <string.h>
#include <apr_crypto.h>
#include <apr_encode.h>
#include <apr_escape.h>
#include <apr_general.h>
#include "core/sha256.h"

#define ID_BYTES     16
#define SECRET_BYTES 32

/* A bit for each ASCII character: "-" and digits, and in the second word letters and "_". */
static const apr_uint64_t base64url[2] = {0x03ff200000000000, 0x07fffffe87fffffe};

/* Runs for each request that has a cookie. */
static int is_base64url(const char *text, apr_size_t len)
{
    apr_uint64_t all = 1;

    for (apr_size_t i = 0; i < len; i++) {
        const unsigned char c = (unsigned char)text[i];

        all &= c < 128 ? base64url[c >> 6] >> (c & 63) : 0;
    }
    return (int)all;
}

apr_status_t ms_token_make(ms_token *token)
{
    unsigned char bytes[ID_BYTES + SECRET_BYTES];
    const apr_status_t rv = apr_generate_random_bytes(bytes, sizeof(bytes));

    memset(token, 0, sizeof(*token));
    if (rv == APR_SUCCESS) {
        apr_encode_base64_binary(token->id, bytes, ID_BYTES, APR_ENCODE_BASE64URL, NULL);
        apr_encode_base64_binary(token->secret, bytes + ID_BYTES, SECRET_BYTES,
                                 APR_ENCODE_BASE64URL, NULL);
    }
    apr_crypto_memzero(bytes, sizeof(bytes));
    return rv;
}

int ms_token_is_id(const char *text, apr_size_t len)
{
    return len == MS_ID_LEN && is_base64url(text, len);
}

int ms_token_parse(const char *text, apr_size_t len, ms_token *token)
{
    if (len != MS_TOKEN_LEN || text[MS_ID_LEN] != '.' || !ms_token_is_id(text, MS_ID_LEN) ||
        !is_base64url(text + MS_ID_LEN + 1, MS_SECRET_LEN)) {
        return 0;
    }
    memcpy(token->id, text, MS_ID_LEN);
    token->id[MS_ID_LEN] = '\0';
    memcpy(token->secret, text + MS_ID_LEN + 1, MS_SECRET_LEN);
    token->secret[MS_SECRET_LEN] = '\0';
    return 1;
}

void ms_token_format(const ms_token *token, char out[MS_TOKEN_LEN + 1])
{
    memcpy(out, token->id, MS_ID_LEN);
    out[MS_ID_LEN] = '.';
    memcpy(out + MS_ID_LEN + 1, token->secret, MS_SECRET_LEN + 1);
}

void ms_token_hash(const ms_token *token, char hex[MS_HASH_LEN + 1], apr_pool_t *p)
{
    unsigned char digest[MS_SHA256_LEN];

    ms_sha256(p, &(ms_sha256_part){token->secret, MS_SECRET_LEN}, 1, digest);
    apr_escape_hex(hex, digest, sizeof(digest), 0, NULL);
}

int ms_token_hash_equal(const char *a, const char *b)
{
    return strlen(a) == MS_HASH_LEN && strlen(b) == MS_HASH_LEN &&
           apr_crypto_equals(a, b, MS_HASH_LEN);
}

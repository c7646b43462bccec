/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the form of a token. Random numbers come from the kernel each time, since the state of a
 * generator in the process would be the same in two forked children.
 */
#include "core/token.h"

#include <string.h>
#include <apr_crypto.h>
#include <apr_encode.h>
#include <apr_general.h>
#include <apr_lib.h>
#include "core/sha256.h"

#define ID_BYTES     16
#define SECRET_BYTES 32

#define DASH 62 /* the value of "-" in base64url */

#define AT_ONCE 16

/* GCC and clang know how to calculate with these on every processor. */
typedef unsigned char characters __attribute__((vector_size(AT_ONCE)));

_Static_assert(MS_ID_LEN >= AT_ONCE && MS_SECRET_LEN >= AT_ONCE, "the last ones overlap");

/* Runs for each request that has a cookie. */
static int is_base64url(const char *text, apr_size_t len)
{
    characters wrong = {0}, c;
    apr_uint64_t any[2];

    for (apr_size_t i = 0; i < len; i += AT_ONCE) {
        memcpy(&c, text + (i + AT_ONCE <= len ? i : len - AT_ONCE), sizeof(c));
        wrong |= (characters)(((c | 0x20) - 'a' > 25) & (c - '0' > 9) & (c != '-') & (c != '_'));
    }
    memcpy(any, &wrong, sizeof(any));
    return (any[0] | any[1]) == 0;
}

apr_status_t ms_token_make(ms_token *token)
{
    unsigned char bytes[ID_BYTES + SECRET_BYTES];
    apr_status_t rv;

    memset(token, 0, sizeof(*token));
    do {
        rv = apr_generate_random_bytes(bytes, sizeof(bytes));
    } while (rv == APR_SUCCESS && bytes[0] >> 2 == DASH);
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

int ms_token_parse_typed(const char *text, ms_token *token)
{
    char whole[MS_TOKEN_LEN];
    apr_size_t len = 0;
    int is_token;

    for (; text && *text; text++) {
        if (!apr_isspace(*text)) {
            if (len == MS_TOKEN_LEN) {
                return 0;
            }
            whole[len++] = *text;
        }
    }
    is_token = ms_token_parse(whole, len, token);
    apr_crypto_memzero(whole, sizeof(whole));
    return is_token;
}

void ms_token_format(const ms_token *token, char out[MS_TOKEN_LEN + 1])
{
    memcpy(out, token->id, MS_ID_LEN);
    out[MS_ID_LEN] = '.';
    memcpy(out + MS_ID_LEN + 1, token->secret, MS_SECRET_LEN + 1);
}

static void write_hex(const unsigned char *bytes, apr_size_t n, char *hex)
{
    static const char digits[] = "0123456789abcdef";

    for (apr_size_t i = 0; i < n; i++) {
        *hex++ = digits[bytes[i] >> 4];
        *hex++ = digits[bytes[i] & 15];
    }
    *hex = '\0';
}

void ms_token_hash(const ms_token *token, char hex[MS_HASH_LEN + 1], apr_pool_t *p)
{
    unsigned char digest[MS_SHA256_LEN];

    ms_sha256(p, &(ms_sha256_part){token->secret, MS_SECRET_LEN}, 1, digest);
    write_hex(digest, sizeof(digest), hex);
}

/* The time depends on the length only: no branch, and no index, depends on a character. */
static int is_equal(const char *a, const char *b)
{
    apr_uint64_t x[MS_HASH_LEN / sizeof(apr_uint64_t)], y[MS_HASH_LEN / sizeof(apr_uint64_t)];
    apr_uint64_t differ = 0;

    memcpy(x, a, sizeof(x));
    memcpy(y, b, sizeof(y));
    for (apr_size_t i = 0; i < sizeof(x) / sizeof(x[0]); i++) {
        differ |= x[i] ^ y[i];
    }
    return differ == 0;
}

int ms_token_hash_equal(const char *a, const char *b)
{
    return strlen(a) == MS_HASH_LEN && strlen(b) == MS_HASH_LEN && is_equal(a, b);
}

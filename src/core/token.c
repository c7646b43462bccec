/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens out of the kernel's random numbers. There is no generator of our own that a fork could
 * duplicate, and nothing here is ever logged.
 */
#include "core/token.h"

#include <string.h>
#include <apr_base64.h>
#include <apr_crypto.h>
#include <apr_general.h>
#include <apr_random.h>

#define ID_BYTES     16
#define SECRET_BYTES 32
#define SHA256_BLOCK 64

/* base64url without padding; out has room for the padding and the NUL. */
static void encode(char *out, const unsigned char *bytes, int n)
{
    apr_base64_encode_binary(out, bytes, n);
    for (char *c = out; *c; c++) {
        *c = *c == '+' ? '-' : *c == '/' ? '_' : *c == '=' ? '\0' : *c;
    }
}

/* A bit for each of ASCII's characters: "-", digits, and in the second word letters and "_". */
static const apr_uint64_t base64url[2] = {0x03ff200000000000, 0x07fffffe87fffffe};

/* Looked at for every request that has a cookie. */
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
    char id[MS_ID_LEN + 3], secret[MS_SECRET_LEN + 2];
    const apr_status_t rv = apr_generate_random_bytes(bytes, sizeof(bytes));

    memset(token, 0, sizeof(*token));
    if (rv == APR_SUCCESS) {
        encode(id, bytes, ID_BYTES);
        encode(secret, bytes + ID_BYTES, SECRET_BYTES);
        memcpy(token->id, id, MS_ID_LEN);
        memcpy(token->secret, secret, MS_SECRET_LEN);
    }
    apr_crypto_memzero(bytes, sizeof(bytes));
    apr_crypto_memzero(secret, sizeof(secret));
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
    static const char digits[] = "0123456789abcdef";
    apr_crypto_hash_t *sha = apr_crypto_sha256_new(p);
    unsigned char digest[MS_DIGEST_LEN];

    sha->init(sha);
    sha->add(sha, token->secret, MS_SECRET_LEN);
    sha->finish(sha, digest);
    for (int i = 0; i < MS_DIGEST_LEN; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    hex[MS_HASH_LEN] = '\0';
}

int ms_token_hash_equal(const char *a, const char *b)
{
    return strlen(a) == MS_HASH_LEN && strlen(b) == MS_HASH_LEN &&
           apr_crypto_equals(a, b, MS_HASH_LEN);
}

/* ---- cross-site request tokens ----------------------------------------------------------------
 */

/* HMAC-SHA-256, RFC 2104. */
static void hmac(apr_pool_t *p, const char *key, apr_size_t key_len, const char *text,
                 unsigned char out[MS_DIGEST_LEN])
{
    apr_crypto_hash_t *sha = apr_crypto_sha256_new(p);
    unsigned char inner[SHA256_BLOCK], outer[SHA256_BLOCK];

    for (apr_size_t i = 0; i < SHA256_BLOCK; i++) { /* the key is shorter than a block */
        const unsigned char byte = i < key_len ? (unsigned char)key[i] : 0;

        inner[i] = byte ^ 0x36;
        outer[i] = byte ^ 0x5c;
    }
    sha->init(sha);
    sha->add(sha, inner, sizeof(inner));
    sha->add(sha, text, strlen(text));
    sha->finish(sha, out);
    sha->init(sha);
    sha->add(sha, outer, sizeof(outer));
    sha->add(sha, out, MS_DIGEST_LEN);
    sha->finish(sha, out);
    apr_crypto_memzero(inner, sizeof(inner));
    apr_crypto_memzero(outer, sizeof(outer));
}

static void session_mac(apr_pool_t *p, const ms_token *token, const char *realm,
                        unsigned char out[MS_DIGEST_LEN])
{
    hmac(p, token->secret, MS_SECRET_LEN, realm, out);
}

const char *ms_csrf_make(apr_pool_t *p, const ms_token *token, const char *realm)
{
    unsigned char bytes[2 * MS_DIGEST_LEN], mac[MS_DIGEST_LEN];
    char *out = apr_palloc(p, MS_CSRF_LEN + 3);

    if (apr_generate_random_bytes(bytes, MS_DIGEST_LEN) != APR_SUCCESS) {
        return NULL;
    }
    session_mac(p, token, realm, mac);
    for (int i = 0; i < MS_DIGEST_LEN; i++) {
        bytes[MS_DIGEST_LEN + i] = bytes[i] ^ mac[i];
    }
    encode(out, bytes, sizeof(bytes));
    return out;
}

int ms_csrf_check(apr_pool_t *p, const char *text, const ms_token *token, const char *realm)
{
    unsigned char bytes[2 * MS_DIGEST_LEN + 3], mac[MS_DIGEST_LEN];
    char padded[MS_CSRF_LEN + 3];

    if (!text || strlen(text) != MS_CSRF_LEN || !is_base64url(text, MS_CSRF_LEN)) {
        return 0;
    }
    for (int i = 0; i < MS_CSRF_LEN; i++) {
        padded[i] = text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i];
    }
    memcpy(padded + MS_CSRF_LEN, "==", 3);
    if (apr_base64_decode_binary(bytes, padded) != 2 * MS_DIGEST_LEN) {
        return 0;
    }
    session_mac(p, token, realm, mac);
    for (int i = 0; i < MS_DIGEST_LEN; i++) {
        bytes[i] ^= bytes[MS_DIGEST_LEN + i];
    }
    return apr_crypto_equals(bytes, mac, MS_DIGEST_LEN);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns how a form's token is made and checked: mask, then mask XOR HMAC. Nothing is stored, so
 * tokens of all pages that are open stay valid as long as the session.
 */
#include "core/form_token.h"

#include <string.h>
#include <apr_crypto.h>
#include <apr_encode.h>
#include <apr_general.h>
#include "core/sha256.h"

#define SHA256_BLOCK 64

/* HMAC-SHA-256 (RFC 2104). The key must be shorter than a block. */
static void hmac(apr_pool_t *p, const char *key, apr_size_t key_len, const char *text,
                 unsigned char mac[MS_SHA256_LEN])
{
    unsigned char inner[SHA256_BLOCK], outer[SHA256_BLOCK];

    for (apr_size_t i = 0; i < SHA256_BLOCK; i++) {
        const unsigned char byte = i < key_len ? (unsigned char)key[i] : 0;

        inner[i] = byte ^ 0x36;
        outer[i] = byte ^ 0x5c;
    }
    ms_sha256(p, (ms_sha256_part[]){{inner, sizeof(inner)}, {text, strlen(text)}}, 2, mac);
    ms_sha256(p, (ms_sha256_part[]){{outer, sizeof(outer)}, {mac, MS_SHA256_LEN}}, 2, mac);
    apr_crypto_memzero(inner, sizeof(inner));
    apr_crypto_memzero(outer, sizeof(outer));
}

static void session_mac(apr_pool_t *p, const ms_token *token, const char *realm,
                        unsigned char mac[MS_SHA256_LEN])
{
    hmac(p, token->secret, MS_SECRET_LEN, realm, mac);
}

const char *ms_form_token_make(apr_pool_t *p, const ms_token *token, const char *realm)
{
    unsigned char bytes[2 * MS_SHA256_LEN], mac[MS_SHA256_LEN];

    if (apr_generate_random_bytes(bytes, MS_SHA256_LEN) != APR_SUCCESS) {
        return NULL;
    }
    session_mac(p, token, realm, mac);
    for (int i = 0; i < MS_SHA256_LEN; i++) {
        bytes[MS_SHA256_LEN + i] = bytes[i] ^ mac[i];
    }
    return apr_pencode_base64_binary(p, bytes, sizeof(bytes), APR_ENCODE_BASE64URL, NULL);
}

/* apr decodes both alphabets of base64, and padding. */
static int decode(const char *text, unsigned char bytes[2 * MS_SHA256_LEN])
{
    apr_size_t len;

    return strlen(text) == MS_FORM_TOKEN_LEN && !strpbrk(text, "+/=") &&
           apr_decode_base64_binary(bytes, text, MS_FORM_TOKEN_LEN, APR_ENCODE_NONE, &len) ==
               APR_SUCCESS &&
           len == (apr_size_t)(2 * MS_SHA256_LEN);
}

int ms_form_token_check(apr_pool_t *p, const char *text, const ms_token *token, const char *realm)
{
    unsigned char bytes[2 * MS_SHA256_LEN], mac[MS_SHA256_LEN];

    if (!text || !decode(text, bytes)) {
        return 0;
    }
    session_mac(p, token, realm, mac);
    for (int i = 0; i < MS_SHA256_LEN; i++) {
        bytes[i] ^= bytes[MS_SHA256_LEN + i];
    }
    return apr_crypto_equals(bytes, mac, MS_SHA256_LEN);
}

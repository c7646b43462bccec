/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the calls of apr-util's SHA-256, so that no caller has to get their order right.
 */
#include "core/sha256.h"

#include <string.h>
#include <apr_random.h>

void ms_sha256(apr_pool_t *p, const ms_sha256_part *parts, apr_size_t n,
               unsigned char digest[MS_SHA256_LEN])
{
    apr_crypto_hash_t *sha = apr_crypto_sha256_new(p);

    sha->init(sha);
    for (apr_size_t i = 0; i < n; i++) {
        sha->add(sha, parts[i].bytes, parts[i].len);
    }
    sha->finish(sha, digest);
}

apr_uint64_t ms_sha256_key(apr_pool_t *p, const ms_sha256_part *parts, apr_size_t n)
{
    unsigned char digest[MS_SHA256_LEN];
    apr_uint64_t key;

    ms_sha256(p, parts, n, digest);
    memcpy(&key, digest, sizeof(key));
    return key ? key : 1;
}

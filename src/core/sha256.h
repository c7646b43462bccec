/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256 (FIPS 180-4) of text that may be in several pieces. Knows apr only.
 */
#ifndef MS_SHA256_H
#define MS_SHA256_H

#include <apr_pools.h>

#define MS_SHA256_LEN 32

/* Bytes to hash; they need no NUL at the end. */
typedef struct ms_sha256_part {
    const void *bytes;
    apr_size_t len;
} ms_sha256_part;

/** The digest of n parts, one after the other. p is scratch: less than 1 KB is allocated. */
void ms_sha256(apr_pool_t *p, const ms_sha256_part *parts, apr_size_t n,
               unsigned char digest[MS_SHA256_LEN]);

/** The digest's first eight bytes as a key of a hash table in this machine's memory; never 0. */
apr_uint64_t ms_sha256_key(apr_pool_t *p, const ms_sha256_part *parts, apr_size_t n);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SipHash-2-4 with 128 bits of output (Aumasson and Bernstein, https://www.aumasson.jp/siphash/):
 * a keyed hash that is quick for short texts. apr-util has the one with 64 bits only.
 */
#ifndef MS_SIPHASH_H
#define MS_SIPHASH_H

#include <apr.h>

#define MS_SIPHASH_KEY_LEN 16

/** The hash of len bytes, as two numbers. */
void ms_siphash_128(const unsigned char key[MS_SIPHASH_KEY_LEN], const void *bytes, apr_size_t len,
                    apr_uint64_t hash[2]);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names are those of the paper.
 */
#include "core/siphash.h"

#include <string.h>

typedef struct state {
    apr_uint64_t v0, v1, v2, v3;
} state;

static inline apr_uint64_t rotate(apr_uint64_t x, int bits)
{
    return x << bits | x >> (64 - bits);
}

static inline void mix(state *s)
{
    s->v0 += s->v1;
    s->v1 = rotate(s->v1, 13) ^ s->v0;
    s->v0 = rotate(s->v0, 32);
    s->v2 += s->v3;
    s->v3 = rotate(s->v3, 16) ^ s->v2;
    s->v0 += s->v3;
    s->v3 = rotate(s->v3, 21) ^ s->v0;
    s->v2 += s->v1;
    s->v1 = rotate(s->v1, 17) ^ s->v2;
    s->v2 = rotate(s->v2, 32);
}

static apr_uint64_t finish(state *s)
{
    for (int i = 0; i < 4; i++) {
        mix(s);
    }
    return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

static inline void take(state *s, apr_uint64_t word)
{
    s->v3 ^= word;
    mix(s);
    mix(s);
    s->v0 ^= word;
}

/* Words begin with their lowest byte. */
static inline apr_uint64_t read_word(const char *at, apr_size_t len)
{
    apr_uint64_t word = 0;

    memcpy(&word, at, len);
#if APR_IS_BIGENDIAN
    word = __builtin_bswap64(word);
#endif
    return word;
}

static state begin(const unsigned char key[MS_SIPHASH_KEY_LEN])
{
    const apr_uint64_t k0 = read_word((const char *)key, sizeof(k0)),
                       k1 = read_word((const char *)key + sizeof(k0), sizeof(k1));

    return (state){k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d ^ 0xee, k0 ^ 0x6c7967656e657261,
                   k1 ^ 0x7465646279746573};
}

void ms_siphash_128(const unsigned char key[MS_SIPHASH_KEY_LEN], const void *bytes, apr_size_t len,
                    apr_uint64_t hash[2])
{
    const char *at = bytes, *const last = at + len / sizeof(apr_uint64_t) * sizeof(apr_uint64_t);
    state s = begin(key);

    for (; at < last; at += sizeof(apr_uint64_t)) {
        take(&s, read_word(at, sizeof(apr_uint64_t)));
    }
    take(&s, read_word(at, len % sizeof(apr_uint64_t)) | (apr_uint64_t)len << 56);
    s.v2 ^= 0xee;
    hash[0] = finish(&s);
    s.v1 ^= 0xdd;
    hash[1] = finish(&s);
}

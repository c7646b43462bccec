/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "core/siphash.h"

/* The reference implementation's vectors (vectors.h, vectors_sip128): the key is 00 01 .. 0f, and
 * the text of n bytes 00 01 .. n - 1. "openssl mac" gives the same. */
static void hashes_are_those_of_the_reference(void **state)
{
    static const struct {
        apr_size_t len;
        apr_uint64_t hash[2];
    } cases[] = {{0, {0xe6a825ba047f81a3, 0x930255c71472f66d}},
                 {1, {0x44af996bd8c187da, 0x45fc229b11597634}},
                 {2, {0xc75da4a48d227781, 0xe4ff0af6de8ba3fc}},
                 {8, {0x61f55862baa9623b, 0xb49714f364e2830f}},
                 {43, {0xaa21b7ef3734d927, 0x89df5aecdc211840}}};
    unsigned char bytes[64];

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (unsigned char)i;
    }
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        apr_uint64_t hash[2];

        ms_siphash_128(bytes, bytes, cases[i].len, hash);
        assert_true(hash[0] == cases[i].hash[0]);
        assert_true(hash[1] == cases[i].hash[1]);
    }
}

/* One bit of the text, wherever it is, makes another hash: the end of the text counts, too. */
static void every_byte_counts(void **state)
{
    unsigned char bytes[43] = {0};
    apr_uint64_t hash[2], other[2];

    (void)state;
    ms_siphash_128(bytes, bytes, sizeof(bytes), hash);
    for (size_t i = 16; i < sizeof(bytes); i++) { /* those before are the key */
        bytes[i] ^= 1;
        ms_siphash_128(bytes, bytes, sizeof(bytes), other);
        assert_true(hash[0] != other[0] && hash[1] != other[1]);
        bytes[i] ^= 1;
    }
    ms_siphash_128(bytes, bytes, sizeof(bytes) - 1, other);
    assert_true(hash[0] != other[0] && hash[1] != other[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(hashes_are_those_of_the_reference),
        TEST(every_byte_counts),
    };

    return RUN(tests);
}

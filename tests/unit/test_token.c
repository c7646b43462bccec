/* SPDX-License-Identifier: Apache-2.0 */
/*
 * src/core/token.c makes, recognises and compares tokens, against values of sha256sum, and that
 * without random numbers there is no token at all.
 */
#include "unit.h"

#include <sys/random.h>

#include <apr_general.h>

#include "core/token.h"

#define ID     "0123456789abcdefABCD-_"
#define SECRET "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_aBcDe"
#define HASH   "57717b93c3a8a76e43c1d0404abe244b543f07741a326ed056c363e6e89522f5"

static const ms_token some_token = {ID, SECRET};

/* ---- the kernel's random numbers, which may fail ------------------------------------- */

static apr_status_t kernel_says = APR_SUCCESS;

/* The linker takes this one, not apr's. */
apr_status_t apr_generate_random_bytes(unsigned char *bytes, apr_size_t n)
{
    if (kernel_says != APR_SUCCESS) {
        memset(bytes, 'A', n);
        return kernel_says;
    }
    return getrandom(bytes, n, 0) == (ssize_t)n ? APR_SUCCESS : APR_EGENERAL;
}

/* ---- tokens -------------------------------------------------------------------------- */

static void a_new_token_has_the_form_of_one(void **state)
{
    int i;

    (void)state;
    for (i = 0; i < 1000; i++) {
        ms_token made, read;
        char text[MS_TOKEN_LEN + 1];

        memset(&made, 'x', sizeof(made));
        assert_int_equal(ms_token_make(&made), APR_SUCCESS);
        assert_int_equal(strlen(made.id), MS_ID_LEN);
        assert_int_equal(strlen(made.secret), MS_SECRET_LEN);
        assert_int_not_equal(made.id[0], '-');
        ms_token_format(&made, text);
        assert_int_equal(strlen(text), MS_TOKEN_LEN);
        assert_true(ms_token_parse(text, MS_TOKEN_LEN, &read));
        assert_string_equal(read.id, made.id);
        assert_string_equal(read.secret, made.secret);
    }
}

static void blanks_in_a_token_that_was_typed_do_not_count(void **state)
{
    ms_token read;

    (void)state;
    assert_true(ms_token_parse_typed(ID "." SECRET, &read));
    assert_true(ms_token_parse_typed("  0123456789abcdef ABCD-_\t.\r\nAbCdEfGhIjKlMnOpQrStUvWxYz"
                                     " 0123456789-_ aBcDe ",
                                     &read));
    assert_string_equal(read.id, ID);
    assert_string_equal(read.secret, SECRET);
    assert_false(ms_token_parse_typed(ID "." SECRET "A", &read));
    assert_false(ms_token_parse_typed(ID " " SECRET, &read));
    assert_false(ms_token_parse_typed(ID ".", &read));
    assert_false(ms_token_parse_typed("   ", &read));
    assert_false(ms_token_parse_typed("", &read));
    assert_false(ms_token_parse_typed(NULL, &read));
}

/* 128 and 256 bits: the last characters carry the 2 and 4 bits that are left, and all of them. The
 * first of an id is any but "-". */
static void a_token_has_all_its_random_bits(void **state)
{
    char ids[MS_ID_LEN][256] = {{0}}, secrets[MS_SECRET_LEN][256] = {{0}};
    int i, c, at;

    (void)state;
    for (i = 0; i < 4000; i++) {
        ms_token token;
        assert_int_equal(ms_token_make(&token), APR_SUCCESS);
        for (at = 0; at < MS_ID_LEN; at++) {
            ids[at][(unsigned char)token.id[at]] = 1;
        }
        for (at = 0; at < MS_SECRET_LEN; at++) {
            secrets[at][(unsigned char)token.secret[at]] = 1;
        }
    }
    for (at = 0; at < MS_SECRET_LEN; at++) {
        int different = 0;
        for (c = 0; c < 256; c++) {
            different += secrets[at][c];
        }
        assert_int_equal(different, at < MS_SECRET_LEN - 1 ? 64 : 16);
    }
    for (at = 0; at < MS_ID_LEN; at++) {
        int different = 0;
        for (c = 0; c < 256; c++) {
            different += ids[at][c];
        }
        assert_int_equal(different, at == 0 ? 63 : at < MS_ID_LEN - 1 ? 64 : 4);
    }
}

static void without_random_numbers_there_is_no_token(void **state)
{
    static const ms_token nothing;
    ms_token token = some_token;

    (void)state;
    kernel_says = APR_EGENERAL;
    assert_int_equal(ms_token_make(&token), APR_EGENERAL);
    assert_memory_equal(&token, &nothing, sizeof(token));
    kernel_says = APR_SUCCESS;
}

static void a_token_is_written_with_a_dot(void **state)
{
    char text[MS_TOKEN_LEN + 1];

    (void)state;
    memset(text, 'x', sizeof(text));
    ms_token_format(&some_token, text);
    assert_string_equal(text, ID "." SECRET);
}

static void only_the_given_length_is_read(void **state)
{
    char *exactly = apr_pmemdup(*state, ID "." SECRET, MS_TOKEN_LEN); /* no NUL behind it */
    ms_token token;

    assert_true(ms_token_parse(exactly, MS_TOKEN_LEN, &token));
    assert_string_equal(token.id, ID);
    assert_string_equal(token.secret, SECRET);
    assert_true(ms_token_parse(ID "." SECRET "; and more", MS_TOKEN_LEN, &token));
    assert_true(ms_token_is_id(ID "." SECRET, MS_ID_LEN));
}

static void what_has_another_length_is_no_token(void **state)
{
    static const char text[] = ID "." SECRET;
    char *longer = apr_palloc(*state, 8000);
    apr_size_t len;

    memset(longer, 'A', 8000);
    longer[MS_ID_LEN] = '.';
    for (len = 0; len <= 8000; len++) {
        ms_token token = {"untouched", "untouched"};
        if (len == MS_TOKEN_LEN) {
            continue;
        }
        assert_false(ms_token_parse(longer, len, &token));
        assert_string_equal(token.id, "untouched");
        assert_string_equal(token.secret, "untouched");
    }
    for (len = 0; len < sizeof(text); len++) {
        assert_int_equal(ms_token_is_id(text, len), len == MS_ID_LEN);
    }
}

/* Each place of a token with each byte there is: the alphabet is right everywhere. */
static void every_byte_of_a_token_is_looked_at(void **state)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    int at, byte;

    (void)state;
    for (at = 0; at < MS_TOKEN_LEN; at++) {
        for (byte = 0; byte < 256; byte++) {
            char text[] = ID "." SECRET;
            ms_token token;
            const int known = memchr(alphabet, byte, sizeof(alphabet) - 1) != NULL;

            text[at] = (char)byte;
            assert_int_equal(ms_token_parse(text, MS_TOKEN_LEN, &token),
                             at == MS_ID_LEN ? byte == '.' : known);
            if (at < MS_ID_LEN) {
                assert_int_equal(ms_token_is_id(text, MS_ID_LEN), known);
            }
        }
    }
}

/* ---- hashes -------------------------------------------------------------------------- */

static void a_hash_is_the_sha256_of_the_secret_alone(void **state)
{
    ms_token other_id = some_token;
    char hex[MS_HASH_LEN + 1];

    ms_token_hash(&some_token, hex, *state);
    assert_string_equal(hex, HASH);
    other_id.id[0] = 'X';
    ms_token_hash(&other_id, hex, *state);
    assert_string_equal(hex, HASH);
}

static void another_secret_has_another_hash(void **state)
{
    char hex[MS_HASH_LEN + 1];
    int i;

    for (i = 0; i < MS_SECRET_LEN; i++) {
        ms_token token = some_token;
        token.secret[i] = token.secret[i] == 'A' ? 'B' : 'A';
        ms_token_hash(&token, hex, *state);
        assert_string_not_equal(hex, HASH);
        assert_false(ms_token_hash_equal(hex, HASH));
    }
}

static void hashes_are_equal_in_all_places_or_not_at_all(void **state)
{
    int i;

    (void)state;
    assert_true(ms_token_hash_equal(HASH, HASH));
    for (i = 0; i < MS_HASH_LEN; i++) {
        char other[] = HASH;
        other[i] ^= 1;
        assert_false(ms_token_hash_equal(HASH, other));
        assert_false(ms_token_hash_equal(other, HASH));
    }
}

static void what_has_not_64_characters_equals_nothing(void **state)
{
    char shorter[] = HASH;

    (void)state;
    shorter[MS_HASH_LEN - 1] = '\0';
    assert_false(ms_token_hash_equal("", ""));
    assert_false(ms_token_hash_equal("a", "a"));
    assert_false(ms_token_hash_equal(shorter, shorter));
    assert_false(ms_token_hash_equal(HASH, shorter));
    assert_false(ms_token_hash_equal(shorter, HASH));
    assert_false(ms_token_hash_equal(HASH " ", HASH));
    assert_false(ms_token_hash_equal(HASH, HASH " "));
    assert_false(ms_token_hash_equal(HASH "0", HASH "0"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_token_has_the_form_of_one),
        TEST(a_token_has_all_its_random_bits),
        TEST(without_random_numbers_there_is_no_token),
        TEST(a_token_is_written_with_a_dot),
        TEST(only_the_given_length_is_read),
        TEST(what_has_another_length_is_no_token),
        TEST(every_byte_of_a_token_is_looked_at),
        TEST(a_hash_is_the_sha256_of_the_secret_alone),
        TEST(blanks_in_a_token_that_was_typed_do_not_count),
        TEST(another_secret_has_another_hash),
        TEST(hashes_are_equal_in_all_places_or_not_at_all),
        TEST(what_has_not_64_characters_equals_nothing),
    };

    return RUN(tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * src/core/form_token.c: a token is accepted for its own session and realm only, against a value
 * of Python's hmac, and no token is made without random numbers.
 */
#include "unit.h"

#include <sys/random.h>

#include <apr_general.h>

#include "core/form_token.h"

#define ID     "0123456789abcdefABCD-_"
#define SECRET "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_aBcDe"
#define HASH   "57717b93c3a8a76e43c1d0404abe244b543f07741a326ed056c363e6e89522f5"

static const ms_token some_token = {ID, SECRET};

static apr_status_t random_status = APR_SUCCESS;

/* The linker takes this function, not apr's. */
apr_status_t apr_generate_random_bytes(unsigned char *bytes, apr_size_t n)
{
    if (random_status != APR_SUCCESS) {
        return random_status;
    }
    return getrandom(bytes, n, 0) == (ssize_t)n ? APR_SUCCESS : APR_EGENERAL;
}

static void a_token_is_accepted_for_its_session(void **state)
{
    int i;

    for (i = 0; i < 300; i++) {
        ms_token token;
        const char *text;

        assert_int_equal(ms_token_make(&token), APR_SUCCESS);
        text = ms_form_token_make(*state, &token, "example.org");
        assert_int_equal(strlen(text), MS_FORM_TOKEN_LEN);
        assert_int_equal(strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                      "0123456789-_"),
                         MS_FORM_TOKEN_LEN);
        assert_true(ms_form_token_check(*state, text, &token, "example.org"));
    }
}

/* HMAC-SHA-256 of the realm under the secret, masked with 0, 1, 2 ... 31, by Python's hmac. */
static void a_token_is_the_hmac_behind_its_mask(void **state)
{
    static const char with_known_mask[] =
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh_KVzDavkbVEG8A1ylnqcF5RIrOKgpumdIP8-JuLATI8g";

    assert_true(ms_form_token_check(*state, with_known_mask, &some_token, "example.org"));
}

/* BREACH: no character is the same in all copies of a page. */
static void a_token_looks_different_each_time(void **state)
{
    const char *first = ms_form_token_make(*state, &some_token, "example.org");
    int at, times, same[MS_FORM_TOKEN_LEN] = {0};

    for (times = 0; times < 64; times++) {
        const char *next = ms_form_token_make(*state, &some_token, "example.org");
        assert_string_not_equal(first, next);
        for (at = 0; at < MS_FORM_TOKEN_LEN; at++) {
            same[at] += first[at] == next[at];
        }
    }
    for (at = 0; at < MS_FORM_TOKEN_LEN; at++) {
        assert_true(same[at] < 64);
    }
}

static void a_token_is_for_one_session_and_realm(void **state)
{
    const char *text = ms_form_token_make(*state, &some_token, "example.org");
    int i;

    assert_true(ms_form_token_check(*state, text, &some_token, "example.org"));
    assert_false(ms_form_token_check(*state, text, &some_token, "example.com"));
    assert_false(ms_form_token_check(*state, text, &some_token, "example.org "));
    assert_false(ms_form_token_check(*state, text, &some_token, "example.or"));
    assert_false(ms_form_token_check(*state, text, &some_token, ""));
    for (i = 0; i < MS_SECRET_LEN; i++) {
        ms_token other = some_token;
        other.secret[i] = other.secret[i] == 'A' ? 'B' : 'A';
        assert_false(ms_form_token_check(*state, text, &other, "example.org"));
    }
}

/* All but the last character, of whose six bits four are padding. */
static void every_character_of_a_token_counts(void **state)
{
    const char *text = ms_form_token_make(*state, &some_token, "example.org");
    int i;

    for (i = 0; i < MS_FORM_TOKEN_LEN; i++) {
        char *forged = apr_pstrdup(*state, text);
        forged[i] = (char)(forged[i] >= 'a' && forged[i] <= 'z' ? forged[i] - 'a' + 'A' : 'a');
        if (i < MS_FORM_TOKEN_LEN - 1) {
            assert_false(ms_form_token_check(*state, forged, &some_token, "example.org"));
        }
        forged[i] = '%';
        assert_false(ms_form_token_check(*state, forged, &some_token, "example.org"));
        forged[i] = '\xFF';
        assert_false(ms_form_token_check(*state, forged, &some_token, "example.org"));
        forged[i] = '\0';
        assert_false(ms_form_token_check(*state, forged, &some_token, "example.org"));
    }
}

static void other_text_is_refused(void **state)
{
    const char *text = ms_form_token_make(*state, &some_token, "example.org");
    const char *const bad[] = {
        NULL,
        "",
        "a",
        ID,
        SECRET,
        ID "." SECRET,
        HASH,
        apr_pstrcat(*state, text, "=", NULL),
        apr_pstrcat(*state, text, "==", NULL),
        apr_pstrcat(*state, text, "A", NULL),
        apr_pstrcat(*state, " ", text, NULL),
        apr_pstrcat(*state, text, text, NULL),
        text + 1,
        apr_pstrmemdup(*state, text, MS_FORM_TOKEN_LEN - 1),
        apr_pstrcat(*state, apr_pstrmemdup(*state, text, MS_FORM_TOKEN_LEN - 2), "==", NULL),
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++",
    };
    apr_size_t i;

    for (i = 0; i < COUNT(bad); i++) {
        assert_false(ms_form_token_check(*state, bad[i], &some_token, "example.org"));
    }
}

/* "+" and "/" are base64, but not the one that goes into a form as it is. */
static void a_token_has_one_alphabet(void **state)
{
    int found = 0, times;

    for (times = 0; times < 1000 && found < 10; times++) {
        char *text = apr_pstrdup(*state, ms_form_token_make(*state, &some_token, "example.org"));
        char *c = strpbrk(text, "-_");
        if (c) {
            *c = *c == '-' ? '+' : '/';
            assert_false(ms_form_token_check(*state, text, &some_token, "example.org"));
            found++;
        }
    }
    assert_int_equal(found, 10);
}

static void without_random_numbers_there_is_no_token(void **state)
{
    random_status = APR_EGENERAL;
    assert_null(ms_form_token_make(*state, &some_token, "example.org"));
    random_status = APR_SUCCESS;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_token_is_accepted_for_its_session),
        TEST(a_token_is_the_hmac_behind_its_mask),
        TEST(a_token_looks_different_each_time),
        TEST(a_token_is_for_one_session_and_realm),
        TEST(every_character_of_a_token_counts),
        TEST(other_text_is_refused),
        TEST(a_token_has_one_alphabet),
        TEST(without_random_numbers_there_is_no_token),
    };

    return RUN(tests);
}

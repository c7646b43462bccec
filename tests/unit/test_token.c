/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "token.h"

#define ID     "AAAAAAAAAAAAAAAAAAAAAA"
#define SECRET "0123456789-_abcdefghijklmnopqrstuvwxyzABCDE"

static void a_new_token_has_the_documented_form(void **state)
{
    ms_token token, read;
    char text[MS_TOKEN_LEN + 1];

    (void)state;
    assert_int_equal(ms_token_make(&token), APR_SUCCESS);
    ms_token_format(&token, text);
    assert_int_equal(strlen(text), 22 + 1 + 43);
    assert_int_equal(
        strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), 22);
    assert_int_equal(text[22], '.');
    assert_true(ms_token_parse(text, strlen(text), &read));
    assert_memory_equal(&token, &read, sizeof(token));
}

static void no_two_tokens_share_a_part(void **state)
{
    static ms_token tokens[500];

    (void)state;
    for (int i = 0; i < 500; i++) {
        assert_int_equal(ms_token_make(&tokens[i]), APR_SUCCESS);
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(tokens[i].id, tokens[j].id);
            assert_string_not_equal(tokens[i].secret, tokens[j].secret);
        }
    }
}

static void only_the_exact_form_is_a_token(void **state)
{
    static const char *const wrong[] = {"",
                                        ".",
                                        ID,
                                        ID ".",
                                        ID "." SECRET "A",
                                        ID "A." SECRET,
                                        ID SECRET,
                                        ID ":" SECRET,
                                        SECRET "." ID,
                                        "AAAAAAAAAAAAAAAAAAAAA+." SECRET,
                                        "AAAAAAAAAAAAAAAAAAAAA\xff." SECRET,
                                        ID ".0123456789-_abcdefghijklmnopqrstuvwxyzABCD=",
                                        ID ".0123456789-_abcdefghijklmnopqrstuvwxyzABCD/",
                                        ID ".0123456789-_abcdefghijklmnopqrstuvwxyzABC.E"};
    ms_token token;

    (void)state;
    assert_true(ms_token_parse(ID "." SECRET, 66, &token));
    assert_false(ms_token_parse(ID "." SECRET, 65, &token));
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_false(ms_token_parse(wrong[i], strlen(wrong[i]), &token));
    }
    assert_true(ms_token_is_id(ID, 22));
    assert_false(ms_token_is_id(ID, 21));
    assert_false(ms_token_is_id("AAAAAAAAAAAAAAAAAAAAA.", 22));
}

/* The digest is sha256sum's of the 43 characters. */
static void the_table_keeps_a_hash_of_the_secret_alone(void **state)
{
    ms_token token, other;
    char hash[MS_HASH_LEN + 1], same[MS_HASH_LEN + 1];

    ms_token_parse(ID "." SECRET, 66, &token);
    ms_token_parse("BBBBBBBBBBBBBBBBBBBBBB." SECRET, 66, &other);
    ms_token_hash(&token, hash, *state);
    ms_token_hash(&other, same, *state);
    assert_string_equal(hash, same);
    assert_string_equal(hash, "c2510bb08965e13dc74fd311222c442c8597345ffbd1160bda9824d92c057457");
}

static void hashes_are_equal_or_not(void **state)
{
    char a[MS_HASH_LEN + 1], b[MS_HASH_LEN + 1];

    (void)state;
    memset(a, '1', MS_HASH_LEN);
    memset(b, '1', MS_HASH_LEN);
    a[MS_HASH_LEN] = b[MS_HASH_LEN] = '\0';
    assert_true(ms_token_hash_equal(a, b));
    for (int i = 0; i < MS_HASH_LEN; i++) {
        b[i] = '2';
        assert_false(ms_token_hash_equal(a, b));
        b[i] = '1';
    }
    assert_false(ms_token_hash_equal("", ""));
    assert_false(ms_token_hash_equal(a, ""));
    b[MS_HASH_LEN - 1] = '\0';
    assert_false(ms_token_hash_equal(b, b));
}

static void a_forms_token_holds_for_its_session_and_realm(void **state)
{
    ms_token token, other;
    const char *csrf, *again;

    ms_token_make(&token);
    ms_token_make(&other);
    csrf = ms_csrf_make(*state, &token, "a.test");
    again = ms_csrf_make(*state, &token, "a.test");
    assert_int_equal(strlen(csrf), MS_CSRF_LEN);
    assert_string_not_equal(csrf, again);
    assert_true(ms_csrf_check(*state, csrf, &token, "a.test"));
    assert_true(ms_csrf_check(*state, again, &token, "a.test"));
    assert_false(ms_csrf_check(*state, csrf, &token, "b.test"));
    assert_false(ms_csrf_check(*state, csrf, &other, "a.test"));
    assert_false(ms_csrf_check(*state, NULL, &token, "a.test"));
    assert_false(ms_csrf_check(*state, "", &token, "a.test"));
    assert_null(strstr(csrf, token.secret));
}

static void a_forms_token_with_any_character_changed_does_not_hold(void **state)
{
    ms_token token;
    char *csrf;

    ms_token_make(&token);
    csrf = apr_pstrdup(*state, ms_csrf_make(*state, &token, "a.test"));
    for (size_t i = 0; i < strlen(csrf) - 1; i++) { /* the last has bits that mean nothing */
        const char was = csrf[i];

        csrf[i] = was == 'A' ? 'Q' : 'A';
        assert_false(ms_csrf_check(*state, csrf, &token, "a.test"));
        csrf[i] = was;
    }
    assert_false(ms_csrf_check(*state, csrf + 1, &token, "a.test"));
    assert_false(ms_csrf_check(*state, apr_pstrcat(*state, csrf, "A", NULL), &token, "a.test"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_token_has_the_documented_form),
        TEST(no_two_tokens_share_a_part),
        TEST(only_the_exact_form_is_a_token),
        TEST(the_table_keeps_a_hash_of_the_secret_alone),
        TEST(hashes_are_equal_or_not),
        TEST(a_forms_token_holds_for_its_session_and_realm),
        TEST(a_forms_token_with_any_character_changed_does_not_hold),
    };

    return RUN(tests);
}

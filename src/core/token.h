/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The token in the cookie, "<id>.<secret>": how it is made, recognised, hashed and compared. Knows
 * apr only; never logs, never stores.
 */
#ifndef MS_TOKEN_H
#define MS_TOKEN_H

#include <apr_pools.h>

#define MS_ID_LEN     22 /* 16 random bytes, base64url without padding (RFC 4648, section 5) */
#define MS_SECRET_LEN 43 /* 32 random bytes, in the same encoding */
#define MS_TOKEN_LEN  (MS_ID_LEN + 1 + MS_SECRET_LEN)
#define MS_HASH_LEN   64 /* SHA-256 in lower-case hexadecimal digits */

typedef struct ms_token {
    char id[MS_ID_LEN + 1];
    char secret[MS_SECRET_LEN + 1];
} ms_token;

/**
 * Make a new token from the kernel's random numbers. No id begins with "-": a command would take it
 * for an option, and a spreadsheet for a formula.
 * @return APR_SUCCESS, or the error of apr_generate_random_bytes(): then *token is all zero, and
 *         the sign-in must fail
 */
apr_status_t ms_token_make(ms_token *token);

/**
 * Recognise a token by its form.
 * @param text  not NUL-terminated
 * @return 1 if text is exactly 22 + '.' + 43 characters of base64url, else 0
 */
int ms_token_parse(const char *text, apr_size_t len, ms_token *token);

/** The same for a token that a person typed or copied: blanks anywhere in it do not count.
 * @param text  NUL-terminated; may be NULL */
int ms_token_parse_typed(const char *text, ms_token *token);

/** Whether text is a session id by its form (22 characters of base64url). */
int ms_token_is_id(const char *text, apr_size_t len);

/** The whole cookie value, "<id>.<secret>", NUL-terminated. */
void ms_token_format(const ms_token *token, char out[MS_TOKEN_LEN + 1]);

/**
 * SHA-256 of the secret's 43 characters, in hexadecimal digits, as the table has it.
 * @param p  scratch: less than 1 KB is allocated
 */
void ms_token_hash(const ms_token *token, char hex[MS_HASH_LEN + 1], apr_pool_t *p);

/** Compare two hashes in constant time. @return 1 if they are equal; a text that has not 64
 * characters is equal to no other. */
int ms_token_hash_equal(const char *a, const char *b);

#endif

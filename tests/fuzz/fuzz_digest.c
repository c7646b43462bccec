/* SPDX-License-Identifier: Apache-2.0 */
/* Digest credentials. The user's name is part of the list, and a parameter after it changes it only
 * if it is another name. */
#include "fuzz.h"

#include <string.h>
#include <apr_strings.h>
#include "core/digest_user.h"

/* As a client writes it. */
static const char *quoted(apr_pool_t *p, const char *user)
{
    char *text = apr_palloc(p, 2 * strlen(user) + 1), *to = text;

    for (; *user; user++) {
        if (*user == '"' || *user == '\\') {
            *to++ = '\\';
        }
        *to++ = *user;
    }
    *to = '\0';
    return text;
}

void fuzz_one(apr_pool_t *p, const char *data, apr_size_t len)
{
    const char *list = fuzz_text(p, data, len), *user = ms_digest_user(p, list), *again;

    if (!user) {
        return;
    }
    FUZZ_CHECK(strlen(user) < strlen(list));
    again = apr_pstrcat(p, "username=\"", quoted(p, user), "\"", NULL);
    FUZZ_CHECK(strcmp(ms_digest_user(p, again), user) == 0);
    again = apr_pstrcat(p, again, ", realm=\"username=x, username=y\" username=z", NULL);
    FUZZ_CHECK(strcmp(ms_digest_user(p, again), user) == 0);
    again = apr_pstrcat(p, again, ",USERNAME =\tx,", NULL);
    FUZZ_CHECK(strcmp(ms_digest_user(p, again), "x") == 0);
}

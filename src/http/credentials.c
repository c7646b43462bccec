/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A header that is not base64 is decoded up to its first wrong character, as mod_auth_basic does
 * it. httpd's modules accept tabs before the credentials, and mod_auth_digest after the scheme.
 */
#include "http/credentials.h"

#include <string.h>
#include <apr_base64.h>

const char *ms_credentials_of_scheme(const char *credentials, const char *scheme)
{
    const apr_size_t len = strlen(scheme);
    apr_size_t blanks;

    if (!credentials || ap_cstr_casecmpn(credentials, scheme, len) != 0) {
        return NULL;
    }
    blanks = strspn(credentials + len, " \t");
    return blanks ? credentials + len + blanks : NULL;
}

void ms_credentials_decode_basic(apr_pool_t *p, const char *encoded, const char **user,
                                 const char **password)
{
    char *pair = apr_palloc(p, (apr_size_t)apr_base64_decode_len(encoded) + 1), *colon;

    pair[apr_base64_decode(pair, encoded)] = '\0';
    colon = strchr(pair, ':');
    *password = colon ? colon + 1 : NULL;
    if (colon) {
        *colon = '\0';
    }
    *user = pair;
}

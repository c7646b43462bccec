/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list of parameters, with what mod_auth_digest makes of one that is not as it should be: a value
 * may be a token or quoted, blanks may be around "=", all between a value and the next comma is
 * skipped, and of two parameters of one name the last one counts.
 */
#include "core/digest_user.h"

#include <string.h>
#include <apr_cstr.h>

#define BLANKS " \t\n\v\f\r"

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, BLANKS);
}

/* at: after the first quote. Returns the end. */
static const char *read_quoted(const char *at, char *value)
{
    for (; *at && *at != '"'; at++) {
        at += at[0] == '\\' && at[1];
        *value++ = *at;
    }
    *value = '\0';
    return *at ? at + 1 : at;
}

static const char *read_value(const char *at, char *value)
{
    apr_size_t len;

    if (*at == '"') {
        return read_quoted(at + 1, value);
    }
    len = strcspn(at, "," BLANKS);
    memcpy(value, at, len);
    value[len] = '\0';
    return at + len;
}

/* at: after the name. *value is empty if there is none. Returns where the next parameter begins. */
static const char *read_rest(const char *at, char *value)
{
    *value = '\0';
    at = skip_blanks(at);
    if (*at == '=') {
        at = read_value(skip_blanks(at + 1), value);
    }
    at += strcspn(at, ",");
    return *at ? at + 1 : at;
}

static int is_user(const char *name, apr_size_t len)
{
    static const char user[] = "username";

    return len == sizeof(user) - 1 && apr_cstr_casecmpn(name, user, len) == 0;
}

const char *ms_digest_user(apr_pool_t *p, const char *list)
{
    const apr_size_t size = strlen(list) + 1;
    char *user = apr_palloc(p, size), *other = apr_palloc(p, size);
    int found = 0;

    while (*list) {
        const char *name = skip_blanks(list);
        const apr_size_t len = strcspn(name, "=," BLANKS);
        const int is_it = is_user(name, len);

        list = read_rest(name + len, is_it ? user : other);
        found = found || is_it;
    }
    return found ? user : NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A wish can make a session shorter than the configuration says, never longer.
 */
#include "app/sign_in_wish.h"

#include <string.h>
#include <apr_strings.h>
#include "app/app_header.h"

static int read_remember(const char *value, ms_sign_in_wish *wish)
{
    wish->remember = strcmp(value, "1") == 0;
    return wish->remember || strcmp(value, "0") == 0;
}

static int read_life(const char *value, ms_sign_in_wish *wish)
{
    char *end;

    wish->life = apr_strtoi64(value, &end, 10);
    if (*value < '0' || *value > '9' || *end || wish->life < 1) {
        wish->life = 0;
    }
    return wish->life > 0;
}

static int read_label(const char *value, ms_sign_in_wish *wish)
{
    wish->label = value;
    return 1;
}

static int read_name(const char *value, ms_sign_in_wish *wish)
{
    wish->name = value;
    return 1;
}

static const struct {
    const char *name;
    int (*read)(const char *value, ms_sign_in_wish *wish);
    const char *takes;
} headers[] = {
    {"Managed-Session-Remember", read_remember, "it takes 1 or 0"},
    {"Managed-Session-Expires-In", read_life, "it takes a number of seconds above 0"},
    {"Managed-Session-Label", read_label, NULL},
    {"Managed-Session-Name", read_name, NULL},
};

#define HEADERS (sizeof(headers) / sizeof(headers[0]))

const char *ms_sign_in_wish_take(request_rec *r, ms_sign_in_wish *wish)
{
    const char *first = NULL;

    *wish = (ms_sign_in_wish){0};
    for (apr_size_t i = 0; i < HEADERS; i++) {
        const ms_app_header taken = ms_app_header_take(r, headers[i].name);

        first = first || !taken.n ? first : taken.name;
        if (taken.n > 1) {
            ms_app_header_ignore(r, taken.name, "it was sent more than once");
        }
        else if (taken.n && *taken.value && !headers[i].read(taken.value, wish)) {
            ms_app_header_ignore(r, taken.name, headers[i].takes);
        }
    }
    return first;
}

int ms_sign_in_wish_is_header(const char *name, apr_size_t len)
{
    for (apr_size_t i = 0; i < HEADERS; i++) {
        if (strlen(headers[i].name) == len && ap_cstr_casecmpn(name, headers[i].name, len) == 0) {
            return 1;
        }
    }
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the syntax of durations and identifiers. Knows nothing of directives: these check the limits
 * of their own.
 */
#include "config/values.h"

#include <string.h>
#include <apr_lib.h>

#define IDENTIFIER_MAX 48
#define DURATION_MAX   APR_INT64_C(315360000) /* seconds: 3650 days */

/* 0: it is not a unit. */
static apr_int64_t unit_seconds(const char *unit)
{
    if (unit[0] && unit[1]) {
        return 0;
    }
    switch (unit[0]) {
    case '\0':
    case 's':
        return 1;
    case 'm':
        return 60;
    case 'h':
        return 3600;
    case 'd':
        return 86400;
    case 'w':
        return 604800;
    default:
        return 0;
    }
}

int ms_values_duration(const char *text, apr_int64_t *seconds)
{
    apr_int64_t number = 0, unit;

    if (!text || !apr_isdigit(*text)) {
        return 0;
    }
    for (; apr_isdigit(*text); text++) {
        number = 10 * number + (*text - '0');
        if (number > DURATION_MAX) {
            return 0;
        }
    }
    unit = unit_seconds(text);
    if (!unit || number > DURATION_MAX / unit) {
        return 0;
    }
    *seconds = number * unit;
    return 1;
}

int ms_values_is_identifier(const char *text)
{
    static const char characters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
    const apr_size_t len = text ? strspn(text, characters) : 0;

    return len > 0 && len <= IDENTIFIER_MAX && !text[len] && !apr_isdigit(*text);
}

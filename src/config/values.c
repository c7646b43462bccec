/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the syntax of durations, sizes and identifiers. Knows nothing of directives: these check the
 * limits of their own.
 */
#include "config/values.h"

#include <string.h>
#include <apr_lib.h>

#define IDENTIFIER_MAX 48
#define DURATION_MAX   APR_INT64_C(315360000) /* seconds: 3650 days */
#define SIZE_MAX_BYTES (APR_INT64_C(1) << 40)

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

/* 0: it is not a unit. */
static apr_int64_t unit_bytes(const char *unit)
{
    static const char units[] = "KMG";
    const char *at = unit[0] ? strchr(units, apr_toupper(unit[0])) : NULL;

    if (!unit[0]) {
        return 1;
    }
    return at && !unit[1] ? APR_INT64_C(1) << (10 * (at - units + 1)) : 0;
}

typedef apr_int64_t unit_fn(const char *unit);

/* A number with a unit. */
static int read_quantity(const char *text, unit_fn *unit_of, apr_int64_t most, apr_int64_t *result)
{
    apr_int64_t number = 0, unit;

    if (!text || !apr_isdigit(*text)) {
        return 0;
    }
    for (; apr_isdigit(*text); text++) {
        number = 10 * number + (*text - '0');
        if (number > most) {
            return 0;
        }
    }
    unit = unit_of(text);
    if (!unit || number > most / unit) {
        return 0;
    }
    *result = number * unit;
    return 1;
}

int ms_values_duration(const char *text, apr_int64_t *seconds)
{
    return read_quantity(text, unit_seconds, DURATION_MAX, seconds);
}

int ms_values_size(const char *text, apr_int64_t *bytes)
{
    return read_quantity(text, unit_bytes, SIZE_MAX_BYTES, bytes);
}

int ms_values_is_identifier(const char *text)
{
    static const char characters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
    const apr_size_t len = text ? strspn(text, characters) : 0;

    return len > 0 && len <= IDENTIFIER_MAX && !text[len] && !apr_isdigit(*text);
}

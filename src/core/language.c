/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks messages up in compiled catalogues (the GNU gettext manual, "The Format of GNU MO Files").
 * They are our own, so their offsets are believed.
 */
#include "core/language.h"

#include <stdlib.h>
#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>

#define TAG_MAX   35 /* RFC 5646, 4.4.1; longer ones are none of ours */
#define RANGE_MAX 32 /* of one header; more are not looked at */
#define Q_MAX     1000

extern const ms_language ms_languages[];
extern const apr_size_t ms_languages_n;

const ms_language *ms_language_at(apr_size_t n)
{
    return n < ms_languages_n ? &ms_languages[n] : NULL;
}

/* ---- choose ---------------------------------------------------------------------------------- */

/* Of that range, or of what is left of it when its last subtags are taken away. */
static const ms_language *find(const char *range, apr_size_t len)
{
    while (len > 0) {
        for (apr_size_t i = 0; i < ms_languages_n; i++) {
            if (strlen(ms_languages[i].tag) == len &&
                strncasecmp(ms_languages[i].tag, range, len) == 0) {
                return &ms_languages[i];
            }
        }
        while (len > 0 && range[--len] != '-') {
        }
    }
    return NULL;
}

/* "0.8", in thousandths; 0 where it is nonsense. */
static int thousandths(const char *at, const char *end)
{
    int q = 0;

    if (at < end && *at == '1') {
        return Q_MAX;
    }
    if (end - at > 2 && at[0] == '0' && at[1] == '.') {
        at += 2;
        for (int digit = Q_MAX / 10; at < end && apr_isdigit(*at) && digit; digit /= 10) {
            q += (*at++ - '0') * digit;
        }
    }
    return q;
}

/* ";q=0.8": Q_MAX where there is nothing, 0 where there is something else. */
static int quality(const char *at, const char *end)
{
    while (at < end && (*at == ';' || *at == ' ' || *at == '\t')) {
        at++;
    }
    if (at == end) {
        return Q_MAX;
    }
    return end - at > 2 && (*at == 'q' || *at == 'Q') && at[1] == '=' ? thousandths(at + 2, end)
                                                                      : 0;
}

const ms_language *ms_language_choose(const char *accept)
{
    const ms_language *best = &ms_languages[0];
    int best_q = 0;

    for (int i = 0; accept && *accept && i < RANGE_MAX; i++) {
        const char *end = accept + strcspn(accept, ",");
        const ms_language *found;
        apr_size_t len;
        int q;

        while (accept < end && (*accept == ' ' || *accept == '\t')) {
            accept++;
        }
        len = strcspn(accept, ";, \t");
        found = len <= TAG_MAX ? find(accept, len) : NULL;
        q = found ? quality(accept + len, end) : 0;
        if (q > best_q) {
            best = found;
            best_q = q;
        }
        accept = *end ? end + 1 : end;
    }
    return best;
}

/* ---- look up --------------------------------------------------------------------------------- */

/* Catalogues are made little-endian, wherever that was. */
static apr_uint32_t number_at(const unsigned char *mo, apr_uint32_t offset)
{
    mo += offset;
    return (apr_uint32_t)mo[0] | (apr_uint32_t)mo[1] << 8 | (apr_uint32_t)mo[2] << 16 |
           (apr_uint32_t)mo[3] << 24;
}

/* The i-th string of a table of lengths and offsets. */
static const char *string_at(const unsigned char *mo, apr_uint32_t table, apr_uint32_t i)
{
    return (const char *)mo + number_at(mo, table + 8 * i + 4);
}

/* NULL: not translated. A message with plural forms is found by its singular. */
static const char *look_up(const ms_language *language, const char *message)
{
    const unsigned char *mo = language->mo;
    apr_uint32_t from = 0, to = mo ? number_at(mo, 8) : 0;

    while (from < to) {
        const apr_uint32_t i = from + (to - from) / 2;
        const int order = strcmp(message, string_at(mo, number_at(mo, 12), i));

        if (order == 0) {
            const char *found = string_at(mo, number_at(mo, 16), i);

            return *found ? found : NULL;
        }
        if (order < 0) {
            to = i;
        }
        else {
            from = i + 1;
        }
    }
    return NULL;
}

const char *ms_language_text(const ms_language *language, const char *message)
{
    const char *found = look_up(language, message);

    return found ? found : message;
}

const char *ms_language_plural(const ms_language *language, const char *one, const char *many,
                               apr_int64_t n)
{
    const char *found = look_up(language, one);
    unsigned long form;

    if (!found) {
        return n == 1 ? one : many;
    }
    for (form = language->plural((unsigned long)n); form > 0; form--) {
        found += strlen(found) + 1;
    }
    return found;
}

int ms_language_is_rtl(const ms_language *language)
{
    return strcmp(ms_language_text(language, "ltr"), "rtl") == 0;
}

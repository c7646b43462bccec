/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks messages up in compiled catalogues (the GNU gettext manual, "The Format of GNU MO Files").
 * They are part of the module, so their offsets are not checked.
 */
#include "core/language.h"

#include <stdlib.h>
#include <string.h>
#include "core/header_list.h"

#define TAG_MAX   35 /* RFC 5646, 4.4.1; no longer one is available */
#define RANGE_MAX 32 /* of one header; more are not read */

/* ---- choose ---------------------------------------------------------------------------------- */

/* The language of a range, or of the range without its last subtags (RFC 4647, section 3.4). */
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

/* Reads one range. @return its language; NULL: there is none, or its quality is 0 or malformed */
static const ms_language *read_range(const char **accept, int *quality)
{
    const ms_span tag = ms_header_list_piece(accept, ';');
    const ms_language *found = tag.len <= TAG_MAX ? find(tag.at, tag.len) : NULL;

    *quality = MS_HEADER_LIST_QUALITY_MAX;
    while (**accept == ';') {
        ms_span parameter;

        ++*accept;
        parameter = ms_header_list_piece(accept, ';');
        if (parameter.len > 0 && !ms_header_list_quality(parameter, quality)) {
            *quality = 0;
        }
    }
    *accept += **accept ? 1 : 0;
    return *quality > 0 ? found : NULL;
}

const ms_language *ms_language_choose(const char *accept)
{
    const ms_language *best = &ms_languages[0];
    int best_quality = 0;

    for (int i = 0; accept && *accept && i < RANGE_MAX; i++) {
        int quality;
        const ms_language *found = read_range(&accept, &quality);

        if (found && quality > best_quality) {
            best = found;
            best_quality = quality;
        }
    }
    return best;
}

/* ---- look up --------------------------------------------------------------------------------- */

/* msgfmt writes little-endian numbers on any machine. */
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

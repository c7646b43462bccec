/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the grammar of lists. What the members mean is left to the callers.
 */
#include "core/header_list.h"

#include <apr_lib.h>

ms_span ms_header_list_piece(const char **at, char separator)
{
    const char *const from = *at, *c = from;
    int quoted = 0;

    for (; *c && (quoted || (*c != ',' && *c != separator)); c++) {
        if (*c == '"') {
            quoted = !quoted;
        }
        else if (quoted && *c == '\\' && c[1]) {
            c++;
        }
    }
    *at = c;
    return ms_span_trim((ms_span){from, (apr_size_t)(c - from)});
}

int ms_header_list_next(const char **at, ms_span *member)
{
    while (**at) {
        *member = ms_header_list_piece(at, ',');
        *at += **at ? 1 : 0;
        if (member->len > 0) {
            return 1;
        }
    }
    return 0;
}

static int read_quality(const char *text, apr_size_t len)
{
    int quality, weight = MS_HEADER_LIST_QUALITY_MAX / 10;

    if (len < 1 || len > 5 || (text[0] != '0' && text[0] != '1') || (len > 1 && text[1] != '.')) {
        return 0;
    }
    quality = MS_HEADER_LIST_QUALITY_MAX * (text[0] - '0');
    for (apr_size_t i = 2; i < len; i++, weight /= 10) {
        if (!apr_isdigit(text[i])) {
            return 0;
        }
        quality += weight * (text[i] - '0');
    }
    return quality <= MS_HEADER_LIST_QUALITY_MAX ? quality : 0;
}

int ms_header_list_quality(ms_span parameter, int *quality)
{
    const char *at = parameter.at;

    if (parameter.len == 0 || (at[0] != 'q' && at[0] != 'Q') ||
        (parameter.len > 1 && at[1] != '=' && !ms_span_is_blank(at[1]))) {
        return 0;
    }
    *quality = parameter.len > 2 && at[1] == '=' ? read_quality(at + 2, parameter.len - 2) : 0;
    return 1;
}

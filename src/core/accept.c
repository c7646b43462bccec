/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns how the ranges of an Accept header are compared with a type. Reads the header once for each
 * type and allocates nothing.
 */
#include "core/accept.h"

#include <string.h>
#include <apr_cstr.h>
#include "core/header_list.h"

typedef struct media_range {
    ms_span name;
    int has_parameters; /* other than q */
    int quality;        /* in thousandths */
} media_range;

/* How a type is liked: the quality of the range that names it most closely. */
typedef struct preference {
    int closeness;
    int quality;
} preference;

/* Reads one range. @return where the next one begins */
static const char *read_range(const char *text, media_range *range)
{
    *range = (media_range){ms_header_list_piece(&text, ';'), .quality = MS_HEADER_LIST_QUALITY_MAX};
    while (*text == ';') {
        ms_span parameter;

        text++;
        parameter = ms_header_list_piece(&text, ';');
        if (parameter.len > 0 && !ms_header_list_quality(parameter, &range->quality)) {
            range->has_parameters = 1;
        }
    }
    return *text == ',' ? text + 1 : text;
}

/* How closely a range names a type that has no parameters; 0 if it does not name it. */
static int closeness_of(const media_range *range, const char *type)
{
    const apr_size_t major = strcspn(type, "/") + 1; /* with the slash */
    const ms_span *name = &range->name;

    if (name->len == strlen(type) && apr_cstr_casecmpn(name->at, type, name->len) == 0) {
        return range->has_parameters ? 3 : 4;
    }
    if (name->len == major + 1 && name->at[major] == '*' &&
        apr_cstr_casecmpn(name->at, type, major) == 0) {
        return 2;
    }
    return ms_span_equal(*name, "*/*");
}

static preference preference_for(const char *accept, const char *type)
{
    preference best = {0, 0};

    while (*accept) {
        media_range range;
        int closeness;

        accept = read_range(accept, &range);
        closeness = closeness_of(&range, type);
        if (closeness > best.closeness ||
            (closeness && closeness == best.closeness && range.quality > best.quality)) {
            best = (preference){closeness, range.quality};
        }
    }
    return best;
}

int ms_accept_prefers(const char *accept, const char *type, const char *other)
{
    preference a, b;

    if (!accept) {
        return 0;
    }
    a = preference_for(accept, type);
    b = preference_for(accept, other);
    return a.quality > b.quality ||
           (a.quality == b.quality && a.quality > 0 && a.closeness > b.closeness);
}

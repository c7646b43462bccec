/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stretch of a text, which has no NUL at its end. Inline, since each request with a cookie is
 * read in spans.
 */
#ifndef MS_SPAN_H
#define MS_SPAN_H

#include <string.h>
#include <apr.h>

typedef struct ms_span {
    const char *at;
    apr_size_t len;
} ms_span;

static inline int ms_span_is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/** Without the spaces and tabs at both ends (OWS of RFC 9110, section 5.6.3). */
static inline ms_span ms_span_trim(ms_span s)
{
    while (s.len && ms_span_is_blank(*s.at)) {
        s.at++;
        s.len--;
    }
    while (s.len && ms_span_is_blank(s.at[s.len - 1])) {
        s.len--;
    }
    return s;
}

/** Whether it is the text, with case. */
static inline int ms_span_equal(ms_span s, const char *text)
{
    return s.len == strlen(text) && memcmp(s.at, text, s.len) == 0;
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Widths are those of Unicode's East Asian Width, not of the locale: what the tool prints is UTF-8
 * in each locale.
 */
#include "ctl/words.h"

#include <string.h>
#include <time.h>
#include <apr_strings.h>
#include <unistr.h>
#include <uniwidth.h>
#include "core/utf8.h"

#define ANY_LENGTH 65536 /* characters */
#define ELLIPSIS   "\xE2\x80\xA6"

static const struct {
    apr_int64_t seconds;
    char letter;
} units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};

#define UNITS ((int)(sizeof(units) / sizeof(units[0])))

static int largest_unit(apr_int64_t seconds)
{
    int i = 0;

    while (i < UNITS - 1 && seconds < units[i].seconds) {
        i++;
    }
    return i;
}

const char *ms_words_span(apr_pool_t *p, apr_int64_t seconds)
{
    const int unit = largest_unit(seconds > 0 ? seconds : 0);

    return apr_psprintf(p, "%" APR_INT64_T_FMT "%c",
                        seconds > 0 ? seconds / units[unit].seconds : 0, units[unit].letter);
}

const char *ms_words_long_span(apr_pool_t *p, apr_int64_t seconds)
{
    const int unit = largest_unit(seconds > 0 ? seconds : 0);
    const apr_int64_t rest = seconds > 0 ? seconds % units[unit].seconds : 0;
    const char *first = ms_words_span(p, seconds);

    if (unit + 1 >= UNITS || rest < units[unit + 1].seconds) {
        return first;
    }
    return apr_psprintf(p, "%s %" APR_INT64_T_FMT "%c", first, rest / units[unit + 1].seconds,
                        units[unit + 1].letter);
}

const char *ms_words_moment(apr_pool_t *p, apr_int64_t epoch)
{
    const time_t seconds = (time_t)epoch;
    struct tm broken;
    char text[64];

    if (!localtime_r(&seconds, &broken) ||
        strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &broken) == 0) {
        return apr_psprintf(p, "%" APR_INT64_T_FMT, epoch);
    }
    return apr_pstrdup(p, text);
}

const char *ms_words_count(apr_pool_t *p, apr_int64_t n, const char *noun)
{
    return apr_psprintf(p, "%" APR_INT64_T_FMT " %s%s", n, noun, n == 1 ? "" : "s");
}

const char *ms_words_clean(apr_pool_t *p, const char *text)
{
    return ms_utf8_storable(p, text, ANY_LENGTH);
}

int ms_words_width(const char *text)
{
    return u8_strwidth((const uint8_t *)text, "UTF-8");
}

/* The bytes at the start of the text that take so many columns at most, with the combining
 * characters that follow. */
static apr_size_t fitting(const char *text, int width)
{
    const uint8_t *at = (const uint8_t *)text;
    int used = 0, step;
    ucs4_t c;

    while ((step = u8_strmbtouc(&c, at)) > 0) {
        const int columns = uc_width(c, "UTF-8");

        used += columns > 0 ? columns : 0;
        if (used > width) {
            break;
        }
        at += step;
    }
    return (apr_size_t)(at - (const uint8_t *)text);
}

const char *ms_words_cut(apr_pool_t *p, const char *text, int width)
{
    apr_size_t bytes;

    if (ms_words_width(text) <= width) {
        return text;
    }
    if (width < 1) {
        return "";
    }
    bytes = fitting(text, width - 1);
    while (bytes > 0 && text[bytes - 1] == ' ') {
        bytes--;
    }
    return apr_pstrcat(p, apr_pstrmemdup(p, text, bytes), ELLIPSIS, NULL);
}

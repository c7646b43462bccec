/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the values in messages. A value that is written in another direction than the message is put
 * into Unicode's isolates (UAX #9), so that it does not change the order of the words around it.
 */
#include "core/messages.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include "core/buffer.h"
#include "core/utf8.h"

#define VALUE_MAX   10000          /* characters */
#define ISOLATE     "\xe2\x81\xa8" /* U+2068, first strong isolate */
#define POP_ISOLATE "\xe2\x81\xa9" /* U+2069 */

const char *ms_messages_value(apr_pool_t *p, const json_t *value)
{
    return json_is_string(value)    ? json_string_value(value)
           : json_is_integer(value) ? apr_off_t_toa(p, (apr_off_t)json_integer_value(value))
                                    : "";
}

/* Hebrew, Arabic and similar scripts: U+0590 to U+08FF, U+FB1D to U+FEFC, U+10800 to U+10FFF and
 * U+1E800 to U+1EFFF, by their first bytes in UTF-8. */
static int is_rtl_letter(const unsigned char *c)
{
    return (c[0] >= 0xd6 && c[0] <= 0xdf) || (c[0] == 0xe0 && c[1] >= 0xa0 && c[1] <= 0xa3) ||
           (c[0] == 0xef && c[1] >= 0xac && c[1] <= 0xbb) ||
           (c[0] == 0xf0 && ((c[1] == 0x90 && c[2] >= 0xa0) || c[1] == 0x9e));
}

/* Whether text has letters of another direction than the language around it. */
static int has_other_direction(const char *text, int rtl)
{
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        const int is_letter = apr_isalpha(*c) || *c >= 0xc0; /* not within a character */

        if (is_letter && is_rtl_letter(c) != rtl) {
            return 1;
        }
    }
    return 0;
}

/*
 * Whether text does not change the direction of the text after it. Isolates that are closed do not,
 * and stay: a value may be a message itself, such as the name of a device. Other controls of
 * direction (U+061C, U+200E/F, U+202A-E, U+2066/7) do.
 */
static int is_bidi_neutral(const char *text)
{
    int open = 0;

    for (const char *c = text; *c && open >= 0; c++) {
        if (strncmp(c, ISOLATE, 3) == 0) {
            open++;
        }
        else if (strncmp(c, POP_ISOLATE, 3) == 0) {
            open--;
        }
        else if (strncmp(c, "\xd8\x9c", 2) == 0 ||
                 (strncmp(c, "\xe2\x80", 2) == 0 && strchr("\x8e\x8f\xaa\xab\xac\xad\xae", c[2])) ||
                 (strncmp(c, "\xe2\x81", 2) == 0 && strchr("\xa6\xa7", c[2]))) {
            return 0;
        }
    }
    return open == 0;
}

static int is_ascii(const char *text)
{
    while (*text && !(*text & 0x80)) {
        text++;
    }
    return !*text;
}

static void add_isolated(ms_buffer *out, const char *text, int rtl)
{
    int isolate;

    if (!rtl && is_ascii(text)) { /* most values */
        ms_buffer_add_text(out, text);
        return;
    }
    if (!is_bidi_neutral(text)) {
        text = ms_utf8_storable(out->p, text, VALUE_MAX);
    }
    isolate = has_other_direction(text, rtl);
    if (isolate) {
        ms_buffer_add_text(out, ISOLATE);
    }
    ms_buffer_add_text(out, text);
    if (isolate) {
        ms_buffer_add_text(out, POP_ISOLATE);
    }
}

const char *ms_messages_fill(apr_pool_t *p, const char *message, const ms_language *language,
                             ms_messages_look_up look_up, const void *names)
{
    const int rtl = ms_language_is_rtl(language);
    ms_buffer out = ms_buffer_make(p);
    const char *open, *close;

    while ((open = strchr(message, '[')) != NULL && (close = strchr(open, ']')) != NULL) {
        const char *name = apr_pstrmemdup(p, open + 1, (apr_size_t)(close - open - 1));

        ms_buffer_add(&out, message, (apr_size_t)(open - message));
        add_isolated(&out, look_up(names, name, p), rtl);
        message = close + 1;
    }
    ms_buffer_add_text(&out, message);
    return out.text;
}

static const char *look_up(const void *values, const char *name, apr_pool_t *p)
{
    const ms_message_value *value = values;

    (void)p;
    while (value->name && strcmp(value->name, name) != 0) {
        value++;
    }
    return value->name ? value->text : "";
}

const char *ms_messages_format(apr_pool_t *p, const ms_language *language, const char *message,
                               const ms_message_value *values)
{
    return ms_messages_fill(p, ms_language_text(language, message), language, look_up, values);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns which bytes count as text. It keeps nothing; what the text is for is the callers' business.
 */
#include "core/utf8.h"

#include <string.h>

#define USER_NAME_MAX 255            /* characters; the table's column has as many */
#define REPLACEMENT   "\xEF\xBF\xBD" /* U+FFFD */

static int is_continuation(unsigned char byte)
{
    return (byte & 0xC0) == 0x80;
}

/*
 * The character that text begins with (RFC 3629, section 4). The bounds of the second byte refuse
 * overlong forms, surrogates and numbers above U+10FFFF. A NUL is no continuation, so it is never
 * read past the end.
 * @return its bytes; 0: the first byte begins no character
 */
static int read_character(const char *text, apr_uint32_t *character)
{
    const unsigned char *s = (const unsigned char *)text;

    if (s[0] < 0x80) {
        *character = s[0];
        return 1;
    }
    if (s[0] >= 0xC2 && s[0] <= 0xDF && is_continuation(s[1])) {
        *character = (s[0] & 0x1Fu) << 6 | (s[1] & 0x3Fu);
        return 2;
    }
    if (s[0] >= 0xE0 && s[0] <= 0xEF && is_continuation(s[1]) && is_continuation(s[2])) {
        if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F)) {
            return 0;
        }
        *character = (s[0] & 0x0Fu) << 12 | (s[1] & 0x3Fu) << 6 | (s[2] & 0x3Fu);
        return 3;
    }
    if (s[0] >= 0xF0 && s[0] <= 0xF4 && is_continuation(s[1]) && is_continuation(s[2]) &&
        is_continuation(s[3])) {
        if ((s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F)) {
            return 0;
        }
        *character =
            (s[0] & 0x07u) << 18 | (s[1] & 0x3Fu) << 12 | (s[2] & 0x3Fu) << 6 | (s[3] & 0x3Fu);
        return 4;
    }
    return 0;
}

/* C0, DEL and C1. */
static int is_control(apr_uint32_t c)
{
    return c < 0x20 || (c >= 0x7F && c <= 0x9F);
}

/* Line separators, and controls of direction, which make text look like another one. */
static int is_misleading(apr_uint32_t c)
{
    return c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x2028 && c <= 0x202E) ||
           (c >= 0x2066 && c <= 0x2069);
}

/* The length of the part at the start of text that can be stored unchanged. */
static apr_size_t storable_as_is(const char *text, apr_size_t max, apr_size_t *characters)
{
    apr_size_t bytes = 0;

    for (*characters = 0; text[bytes] && *characters < max; ++*characters) {
        apr_uint32_t c;
        int len = read_character(text + bytes, &c);
        if (!len || is_control(c) || is_misleading(c)) {
            break;
        }
        bytes += (apr_size_t)len;
    }
    return bytes;
}

/* Writes the character that *in begins with, if it can be stored. @return characters written */
static apr_size_t store_character(const char **in, char **out)
{
    apr_uint32_t c;
    const int len = read_character(*in, &c);
    const char *character = len ? *in : REPLACEMENT;
    const apr_size_t bytes = len ? (apr_size_t)len : strlen(REPLACEMENT);

    *in += len ? len : 1;
    if (len && (is_control(c) || is_misleading(c))) {
        return 0;
    }
    memcpy(*out, character, bytes);
    *out += bytes;
    return 1;
}

const char *ms_utf8_storable(apr_pool_t *p, const char *text, apr_size_t max)
{
    const char *in = text ? text : "";
    apr_size_t done, bytes = storable_as_is(in, max, &done), room;
    char *stored, *out;

    if (!in[bytes]) {
        return in;
    }
    room = strlen(in + bytes);
    if (room > max - done) {
        room = max - done;
    }
    stored = apr_palloc(p, bytes + 4 * room + 1);
    memcpy(stored, in, bytes);
    out = stored + bytes;
    in += bytes;
    while (*in && done < max) {
        done += store_character(&in, &out);
    }
    *out = '\0';
    return stored;
}

int ms_utf8_is_clean(const char *text)
{
    if (!text) {
        return 0;
    }
    while (*text) {
        apr_uint32_t c;
        int len;

        if (*text >= ' ' && *text <= '~') { /* most of most names */
            text++;
            continue;
        }
        len = read_character(text, &c);
        if (!len || is_control(c)) {
            return 0;
        }
        text += len;
    }
    return 1;
}

apr_size_t ms_utf8_length(const char *text)
{
    apr_size_t length = 0;

    for (; *text; text++) {
        length += !is_continuation((unsigned char)*text);
    }
    return length;
}

int ms_utf8_is_user_name(const char *name)
{
    /* A text has no more characters than bytes. */
    return name && *name && ms_utf8_is_clean(name) &&
           (strlen(name) <= USER_NAME_MAX || ms_utf8_length(name) <= USER_NAME_MAX);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns what is believed of bytes from outside: which of them are text, which are a path on this
 * host, which are a number. It knows apr only and keeps nothing; what the text is for is its
 * callers' business. Characters are compared as ASCII, whatever the locale.
 */
#include "core/text.h"

#include <arpa/inet.h>
#include <string.h>

#include <apr_cstr.h>
#include <apr_strings.h>
#include <apr_time.h>

#define USER_MAX       255
#define IDENTIFIER_MAX 48
#define RETURN_MAX     8190                   /* as httpd's LimitRequestLine */
#define DURATION_MAX   APR_INT64_C(315360000) /* 3650 days */

/* RFC 3339 has four digits for a year: 0000-01-01T00:00:00Z to 9999-12-31T23:59:59Z. */
#define TIME_MIN (-APR_INT64_C(62167219200))
#define TIME_MAX APR_INT64_C(253402300799)

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* ---- UTF-8 --------------------------------------------------------------------------- */

static int is_continuation(unsigned char byte)
{
    return (byte & 0xC0) == 0x80;
}

/*
 * The character that text begins with (RFC 3629, 4), and its bytes; 0 where its first byte is bad.
 * The second byte's bounds keep out overlong forms, surrogates and what is above U+10FFFF. Reads no
 * further than the NUL at the end, which continues nothing.
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
        if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F))
            return 0;
        *character = (s[0] & 0x0Fu) << 12 | (s[1] & 0x3Fu) << 6 | (s[2] & 0x3Fu);
        return 3;
    }
    if (s[0] >= 0xF0 && s[0] <= 0xF4 && is_continuation(s[1]) && is_continuation(s[2]) &&
        is_continuation(s[3])) {
        if ((s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F))
            return 0;
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

/* Characters that break a line where none was written, or make text read otherwise than it is. */
static int is_misleading(apr_uint32_t c)
{
    return c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x2028 && c <= 0x202E) ||
           (c >= 0x2066 && c <= 0x2069);
}

/* The bytes at the start of text that can be stored as they are, and how many characters. */
static apr_size_t storable_as_is(const char *text, apr_size_t max, apr_size_t *characters)
{
    apr_size_t bytes = 0;

    for (*characters = 0; text[bytes] && *characters < max; ++*characters) {
        apr_uint32_t c;
        int len = read_character(text + bytes, &c);
        if (!len || is_control(c) || is_misleading(c))
            break;
        bytes += (apr_size_t)len;
    }
    return bytes;
}

const char *ms_text_storable(apr_pool_t *p, const char *text, apr_size_t max)
{
    const char *in = text ? text : "";
    apr_size_t done, bytes = storable_as_is(in, max, &done), room;
    char *stored, *out;

    if (!in[bytes])
        return in;

    room = strlen(in + bytes);
    if (room > max - done)
        room = max - done;
    stored = apr_palloc(p, bytes + 4 * room + 1);
    memcpy(stored, in, bytes);
    out = stored + bytes;
    for (in += bytes; *in && done < max;) {
        apr_uint32_t c;
        int len = read_character(in, &c);
        if (!len) {
            memcpy(out, "\xEF\xBF\xBD", 3); /* U+FFFD */
            out += 3;
            in++;
            done++;
            continue;
        }
        if (!is_control(c) && !is_misleading(c)) {
            memcpy(out, in, (apr_size_t)len);
            out += len;
            done++;
        }
        in += len;
    }
    *out = '\0';
    return stored;
}

int ms_text_is_clean(const char *text)
{
    if (!text)
        return 0;
    while (*text) {
        apr_uint32_t c;
        int len = read_character(text, &c);
        if (!len || is_control(c))
            return 0;
        text += len;
    }
    return 1;
}

apr_size_t ms_text_length(const char *text)
{
    apr_size_t length = 0;

    for (; *text; text++)
        length += !is_continuation((unsigned char)*text);
    return length;
}

int ms_text_is_user(const char *name)
{
    return name && *name && ms_text_is_clean(name) && ms_text_length(name) <= USER_MAX;
}

/* ---- percent-encoding ---------------------------------------------------------------- */

static int hex_value(char c)
{
    if (is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* The byte that an escape at the start of text stands for, or -1 where there is none. */
static int escaped_byte(const char *text, apr_size_t len)
{
    if (len < 3 || text[0] != '%' || hex_value(text[1]) < 0 || hex_value(text[2]) < 0)
        return -1;
    return hex_value(text[1]) << 4 | hex_value(text[2]);
}

const char *ms_text_unescape(apr_pool_t *p, const char *text, apr_size_t len, int plus)
{
    char *decoded = apr_palloc(p, len + 1), *out = decoded;
    apr_size_t i;

    for (i = 0; i < len; i++) {
        int byte = (unsigned char)text[i];
        if (byte == '%') {
            byte = escaped_byte(text + i, len - i);
            i += 2;
        }
        else if (byte == '+' && plus) {
            byte = ' ';
        }
        /* A NUL would cut the text for some readers and not for others. */
        if (byte <= 0)
            return NULL;
        *out++ = (char)byte;
    }
    *out = '\0';
    return decoded;
}

/* Percent-encode the bytes of text that must_escape names. */
static const char *escape(apr_pool_t *p, const char *text, int (*must_escape)(unsigned char byte))
{
    static const char hex[] = "0123456789ABCDEF";
    char *escaped = apr_palloc(p, 3 * strlen(text) + 1), *out = escaped;

    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        if (must_escape(byte)) {
            *out++ = '%';
            *out++ = hex[byte >> 4];
            *out++ = hex[byte & 0x0F];
        }
        else {
            *out++ = *text;
        }
    }
    *out = '\0';
    return escaped;
}

static int is_reserved(unsigned char byte)
{
    char c = (char)byte;

    return !is_letter(c) && !is_digit(c) && !strchr("-._~/", c);
}

const char *ms_text_escape_query(apr_pool_t *p, const char *text)
{
    return escape(p, text, is_reserved);
}

/* ---- the return path ----------------------------------------------------------------- */

static int is_path_as_written(const char *path, apr_size_t len)
{
    apr_size_t i;

    if (len == 0 || path[0] != '/')
        return 0;
    for (i = 0; i < len; i++) {
        if (path[i] < 0x21 || path[i] > 0x7E || strchr("\\\"<>#", path[i]))
            return 0;
        if (path[i] == '%' && escaped_byte(path + i, len - i) < 0)
            return 0;
    }
    return 1;
}

/* Two of them at the front are followed by a host (URL Standard, relative slash state). */
static int is_slash(char c)
{
    return c == '/' || c == '\\';
}

/* How many dots the segment at path is: "." or "..", also as %2e (URL Standard, 4.2); else 0. */
static int dots(const char *path, apr_size_t len)
{
    apr_size_t i = 0;
    int n = 0;

    while (i < len && !is_slash(path[i])) {
        if (escaped_byte(path + i, len - i) == '.')
            i += 3;
        else if (path[i] == '.')
            i++;
        else
            return 0;
        n++;
    }
    return n <= 2 ? n : 0;
}

/* Whether a URL parser makes of this path one that begins with two slashes, which then passes for
 * a host: by "//" itself, or if dots take away what stands before it. An empty segment is a
 * segment. */
static int begins_with_host(const char *path, apr_size_t len)
{
    apr_size_t at, end, depth = 0;
    int first_is_empty = 0;

    for (at = 1; at <= len; at = end + 1) {
        int n;

        for (end = at; end < len && !is_slash(path[end]); end++) {
        }
        n = dots(path + at, end - at);
        if (n == 2 && depth > 0)
            depth--;
        /* Dots at the end leave an empty segment. */
        if ((n == 0 || end == len) && depth++ == 0)
            first_is_empty = end == at || n > 0;
    }
    return first_is_empty && depth > 1;
}

/* Whether some reader might see another host, or a second header, in these bytes. */
static int is_treacherous(const char *path, apr_size_t len)
{
    apr_size_t i;

    for (i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)path[i];
        if (byte < 0x20 || byte == 0x7F)
            return 1;
    }
    return (len > 1 && is_slash(path[1])) || begins_with_host(path, len);
}

/* Decode once, in place; what is no escape stays as it is. Returns the new length. */
static apr_size_t decode_in_place(char *text, apr_size_t len)
{
    apr_size_t from, to = 0;

    for (from = 0; from < len; from++) {
        int byte = escaped_byte(text + from, len - from);
        if (byte >= 0) {
            text[to++] = (char)byte;
            from += 2;
        }
        else {
            text[to++] = text[from];
        }
    }
    return to;
}

static int is_unfit_for_location(unsigned char byte)
{
    return byte <= 0x20 || byte >= 0x7F || strchr("\"<>\\^`{|}", byte) != NULL;
}

const char *ms_text_return_path(apr_pool_t *p, const char *url)
{
    char path[RETURN_MAX];
    apr_size_t len;
    int decodings;

    if (!url || strnlen(url, RETURN_MAX + 1) > RETURN_MAX)
        return NULL;
    len = strcspn(url, "?");
    if (!is_path_as_written(url, len) || !ms_text_is_clean(url + len))
        return NULL;

    /* A proxy or an application behind us may decode once more than a browser does. */
    memcpy(path, url, len);
    for (decodings = 0; decodings <= 2; decodings++) {
        if (is_treacherous(path, len))
            return NULL;
        len = decode_in_place(path, len);
    }
    return escape(p, url, is_unfit_for_location);
}

/* ---- values of directives ------------------------------------------------------------ */

/* The seconds of a unit, or 0 where it is none. */
static apr_int64_t unit_seconds(const char *unit)
{
    if (unit[0] && unit[1])
        return 0;
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

int ms_text_duration(const char *text, apr_int64_t *seconds)
{
    apr_int64_t number = 0, unit;

    if (!text || !is_digit(*text))
        return 0;
    for (; is_digit(*text); text++) {
        number = 10 * number + (*text - '0');
        if (number > DURATION_MAX)
            return 0;
    }
    unit = unit_seconds(text);
    if (!unit || number > DURATION_MAX / unit)
        return 0;
    *seconds = number * unit;
    return 1;
}

int ms_text_is_identifier(const char *text)
{
    apr_size_t len;

    if (!text || is_digit(*text))
        return 0;
    for (len = 0; text[len]; len++) {
        if (len == IDENTIFIER_MAX)
            return 0;
        if (!is_letter(text[len]) && !is_digit(text[len]) && text[len] != '_')
            return 0;
    }
    return len > 0;
}

const char *ms_text_time(apr_pool_t *p, apr_int64_t epoch)
{
    apr_time_exp_t t;

    if (epoch < TIME_MIN)
        epoch = TIME_MIN;
    if (epoch > TIME_MAX)
        epoch = TIME_MAX;
    apr_time_exp_gmt(&t, apr_time_from_sec(epoch));
    return apr_psprintf(p, "%04d-%02d-%02dT%02d:%02d:%02dZ", t.tm_year + 1900, t.tm_mon + 1,
                        t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec);
}

/* ---- Accept -------------------------------------------------------------------------- */

typedef struct span {
    const char *at;
    apr_size_t len;
} span;

typedef struct media_range {
    span name;
    int has_parameters; /* other than q */
    int quality;        /* in thousandths */
} media_range;

static int is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Text up to one of the bytes in ends that is in no quoted string, and its length untrimmed. */
static span read_until(const char *text, const char *ends, apr_size_t *len)
{
    span trimmed;
    int quoted = 0;

    for (*len = 0; text[*len] && (quoted || !strchr(ends, text[*len])); ++*len) {
        if (text[*len] == '"')
            quoted = !quoted;
        else if (quoted && text[*len] == '\\' && text[*len + 1])
            ++*len;
    }
    trimmed.at = text;
    trimmed.len = *len;
    while (trimmed.len && is_blank(*trimmed.at)) {
        trimmed.at++;
        trimmed.len--;
    }
    while (trimmed.len && is_blank(trimmed.at[trimmed.len - 1]))
        trimmed.len--;
    return trimmed;
}

/* A qvalue (RFC 9110, 12.4.2) in thousandths; 0 where it is malformed. */
static int read_quality(const char *text, apr_size_t len)
{
    int quality, weight = 100;
    apr_size_t i;

    if (len < 1 || len > 5 || (text[0] != '0' && text[0] != '1') || (len > 1 && text[1] != '.'))
        return 0;
    quality = 1000 * (text[0] - '0');
    for (i = 2; i < len; i++, weight /= 10) {
        if (!is_digit(text[i]))
            return 0;
        quality += weight * (text[i] - '0');
    }
    return quality <= 1000 ? quality : 0;
}

static void read_parameter(span parameter, media_range *range)
{
    const char *at = parameter.at;

    if (parameter.len == 0)
        return;
    if ((at[0] != 'q' && at[0] != 'Q') || (parameter.len > 1 && at[1] != '=' && !is_blank(at[1]))) {
        range->has_parameters = 1;
        return;
    }
    range->quality =
        parameter.len > 2 && at[1] == '=' ? read_quality(at + 2, parameter.len - 2) : 0;
}

/* Read one member of an Accept header; returns where the next begins. */
static const char *read_range(const char *text, media_range *range)
{
    apr_size_t len;

    range->name = read_until(text, ";,", &len);
    range->has_parameters = 0;
    range->quality = 1000;
    for (text += len; *text == ';'; text += len)
        read_parameter(read_until(++text, ";,", &len), range);
    return *text == ',' ? text + 1 : text;
}

/* How closely a range names a type that has no parameters; 0 where it does not name it. */
static int closeness(const media_range *range, const char *type)
{
    apr_size_t major = strcspn(type, "/") + 1; /* with the slash */
    const span *name = &range->name;

    if (name->len == strlen(type) && !apr_cstr_casecmpn(name->at, type, name->len))
        return range->has_parameters ? 3 : 4;
    if (name->len == major + 1 && name->at[major] == '*' &&
        !apr_cstr_casecmpn(name->at, type, major))
        return 2;
    return name->len == 3 && !memcmp(name->at, "*/*", 3);
}

/* How well a type is liked, and how closely it was named. */
typedef struct wish {
    int closest;
    int quality;
} wish;

static wish wish_for(const char *accept, const char *type)
{
    wish found = {0, 0};

    while (*accept) {
        media_range range;
        int match;
        accept = read_range(accept, &range);
        match = closeness(&range, type);
        if (match > found.closest ||
            (match && match == found.closest && range.quality > found.quality)) {
            found.closest = match;
            found.quality = range.quality;
        }
    }
    return found;
}

int ms_text_prefers(const char *accept, const char *type, const char *over)
{
    wish a, b;

    if (!accept)
        return 0;
    a = wish_for(accept, type);
    b = wish_for(accept, over);
    /* Of two that are as good, the one that was named ("application/json, anything" is what scripts
     * send). */
    return a.quality > b.quality || (a.quality == b.quality && a.quality && a.closest > b.closest);
}

static int is_zone(const char *text)
{
    const apr_size_t len =
        strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

    return len > 0 && len <= 15 && !text[len];
}

/* A link-local address has the name of its interface behind it: fe80::1%eth0. */
const char *ms_text_address(apr_pool_t *p, const char *text)
{
    const char *zone = strchr(text, '%');
    const char *bare = zone ? apr_pstrmemdup(p, text, (apr_size_t)(zone - text)) : text;
    char out[INET6_ADDRSTRLEN];
    struct in6_addr v6;
    struct in_addr v4;

    if (zone && !is_zone(zone + 1))
        return NULL;
    if (inet_pton(AF_INET6, bare, &v6) == 1) {
        if (!IN6_IS_ADDR_V4MAPPED(&v6)) {
            inet_ntop(AF_INET6, &v6, out, sizeof(out));
            return apr_pstrcat(p, out, zone, NULL);
        }
        memcpy(&v4, v6.s6_addr + 12, sizeof(v4));
    }
    else if (inet_pton(AF_INET, bare, &v4) != 1) {
        return NULL;
    }
    if (zone)
        return NULL;
    inet_ntop(AF_INET, &v4, out, sizeof(out));
    return apr_pstrdup(p, out);
}

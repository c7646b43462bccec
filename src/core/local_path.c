/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns which paths lead to this host, however often they are decoded.
 */
#include "core/local_path.h"

#include <string.h>
#include <apr_lib.h>
#include "core/percent.h"
#include "core/utf8.h"

#define LENGTH_MAX 8190 /* as httpd's LimitRequestLine */

static int hex_value(char c)
{
    if (apr_isdigit(c)) {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

/* The byte that the escape at the start of text stands for; -1: there is no escape. */
static int escaped_byte(const char *text, apr_size_t len)
{
    int high, low;

    if (len < 3 || text[0] != '%') {
        return -1;
    }
    high = hex_value(text[1]);
    low = hex_value(text[2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

static int is_path_as_written(const char *path, apr_size_t len)
{
    apr_size_t i;

    if (len == 0 || path[0] != '/') {
        return 0;
    }
    for (i = 0; i < len; i++) {
        if (path[i] < 0x21 || path[i] > 0x7E || strchr("\\\"<>#", path[i])) {
            return 0;
        }
        if (path[i] == '%' && escaped_byte(path + i, len - i) < 0) {
            return 0;
        }
    }
    return 1;
}

/* Two of them at the start are followed by a host (URL Standard, relative slash state). */
static int is_slash(char c)
{
    return c == '/' || c == '\\';
}

/* The number of dots of a segment that is "." or "..", also as %2e (URL Standard, 4.2); else 0. */
static int dots(const char *path, apr_size_t len)
{
    apr_size_t i = 0;
    int n = 0;

    while (i < len && !is_slash(path[i])) {
        if (escaped_byte(path + i, len - i) == '.') {
            i += 3;
        }
        else if (path[i] == '.') {
            i++;
        }
        else {
            return 0;
        }
        n++;
    }
    return n <= 2 ? n : 0;
}

/*
 * Whether the path begins with two slashes once its dots are resolved, as in "/a/..//host": a URL
 * parser then takes the next segment for a host. An empty segment counts as a segment.
 */
static int begins_with_host(const char *path, apr_size_t len)
{
    apr_size_t at, end, depth = 0;
    int first_is_empty = 0;

    for (at = 1; at <= len; at = end + 1) {
        int n;

        for (end = at; end < len && !is_slash(path[end]); end++) {
        }
        n = dots(path + at, end - at);
        if (n == 2 && depth > 0) {
            depth--;
        }
        /* Dots at the end leave an empty segment. */
        if ((n == 0 || end == len) && depth++ == 0) {
            first_is_empty = end == at || n > 0;
        }
    }
    return first_is_empty && depth > 1;
}

/* Whether a parser might see another host, or a second header, in these bytes. */
static int has_ambiguous_path(const char *path, apr_size_t len)
{
    apr_size_t i;

    for (i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)path[i];
        if (byte < 0x20 || byte == 0x7F) {
            return 1;
        }
    }
    return (len > 1 && is_slash(path[1])) || begins_with_host(path, len);
}

/* Decodes once, in place; a bad escape stays as it is. @return the new length */
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

static int must_escape_in_location(unsigned char byte)
{
    return byte <= 0x20 || byte >= 0x7F || strchr("\"<>\\^`{|}", byte) != NULL;
}

const char *ms_local_path_check(apr_pool_t *p, const char *url)
{
    char path[LENGTH_MAX];
    apr_size_t len;
    int decodings;

    if (!url || strnlen(url, LENGTH_MAX + 1) > LENGTH_MAX) {
        return NULL;
    }
    len = strcspn(url, "?");
    if (!is_path_as_written(url, len) || !ms_utf8_is_clean(url + len)) {
        return NULL;
    }

    /* A proxy or an application behind this server may decode once more than a browser. */
    memcpy(path, url, len);
    for (decodings = 0; decodings <= 2; decodings++) {
        if (has_ambiguous_path(path, len)) {
            return NULL;
        }
        len = decode_in_place(path, len);
    }
    return ms_percent_encode_bytes(p, url, must_escape_in_location);
}

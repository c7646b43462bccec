/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Written for what clients accept: a header that a client would read must not pass because its
 * spelling is not that of RFC 9112.
 */
#include "app/response_head.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <httpd.h>
#include "app/backend_login.h"
#include "app/sign_in_wish.h"
#include "core/cookie.h"

#define CLOSE_LINE "Connection: close\r\n"

int ms_response_head_status(const char *text, apr_size_t len)
{
    static const char form[] = "HTTP/1.# ###";
    const char *digits = text + sizeof(form) - 4;

    for (apr_size_t i = 0; form[i]; i++) {
        if (i == len) {
            return 0;
        }
        if (form[i] == '#' ? !apr_isdigit(text[i]) : text[i] != form[i]) {
            return -1;
        }
    }
    /* Nothing need end the text behind them: a head may arrive in pieces. */
    return (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
}

/* Clients recognise the empty line without CR, too. */
apr_size_t ms_response_head_length(const char *text, apr_size_t len)
{
    const char *end = text + len, *at = text;

    while ((at = memchr(at, '\n', (apr_size_t)(end - at))) != NULL) {
        at++;
        if (at < end && *at == '\n') {
            return (apr_size_t)(at + 1 - text);
        }
        if (end - at > 1 && at[0] == '\r' && at[1] == '\n') {
            return (apr_size_t)(at + 2 - text);
        }
    }
    return 0;
}

/* The line after this one and those that continue it (obs-fold; RFC 9112, 5.2). */
static const char *next_line(const char *line, const char *end)
{
    do {
        line = (const char *)memchr(line, '\n', (apr_size_t)(end - line)) + 1;
    } while (line < end && (*line == ' ' || *line == '\t'));
    return line;
}

/* The value of a header line; NULL: it is another header. Clients ignore spaces before the colon.
 */
static const char *value_of(const char *line, const char *name)
{
    const apr_size_t len = strlen(name);

    if (ap_cstr_casecmpn(line, name, len) != 0) {
        return NULL;
    }
    line += len + strspn(line + len, " \t");
    return *line == ':' ? line + 1 : NULL;
}

static int is_wish(const char *line)
{
    const apr_size_t len = strcspn(line, " \t:");

    return ms_sign_in_wish_is_header(line, len) && line[len + strspn(line + len, " \t")] == ':';
}

static int is_unwanted(const char *line, const char *cookie, int closes)
{
    const char *set_cookie = value_of(line, "Set-Cookie");

    return value_of(line, MS_USER_HEADER) || value_of(line, MS_END_HEADER) ||
           value_of(line, MS_FAILED_HEADER) || is_wish(line) ||
           (set_cookie && ms_cookie_is_named(set_cookie, cookie)) ||
           (closes && (value_of(line, "Connection") || value_of(line, "Keep-Alive")));
}

/* A copy with spaces in place of the ends of lines. */
static char *unfolded(apr_pool_t *p, const char *line, apr_size_t len)
{
    char *copy = apr_pstrmemdup(p, line, len);

    for (char *at = copy; at < copy + len; at++) {
        if (*at == '\r' || *at == '\n') {
            *at = ' ';
        }
    }
    return copy;
}

void ms_response_head_copy(apr_bucket_brigade *out, apr_pool_t *p, const char *head, apr_size_t len,
                           const char *cookie, int closes)
{
    const char *end = head + len, *next;

    for (const char *line = head; line < end; line = next) {
        next = next_line(line, end);
        if (closes && next == end) { /* the empty line */
            apr_brigade_puts(out, NULL, NULL, CLOSE_LINE);
        }
        if (!is_unwanted(unfolded(p, line, (apr_size_t)(next - line)), cookie, closes)) {
            apr_brigade_write(out, NULL, NULL, line, (apr_size_t)(next - line));
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the grammar: split at ";" only, trim spaces and tabs only, compare names byte for byte, and
 * neither unquote nor decode. This module's own cookies need no more.
 */
#include "core/cookie.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include "core/span.h"

#define NAME_MAX_LEN 100

/* The piece up to the next ";". *rest is then after it, or NULL at the end. */
static ms_span next_piece(const char **rest)
{
    const ms_span piece = {*rest, strcspn(*rest, ";")};

    *rest = piece.at[piece.len] ? piece.at + piece.len + 1 : NULL;
    return piece;
}

/* Splits "name=value". The value is trimmed, and the name only at its start. */
static int split(ms_span piece, ms_span *name, ms_span *value)
{
    const ms_span pair = ms_span_trim(piece);
    const char *equals = memchr(pair.at, '=', pair.len);

    if (!equals) {
        return 0;
    }
    *name = (ms_span){pair.at, (apr_size_t)(equals - pair.at)};
    *value = ms_span_trim((ms_span){equals + 1, pair.len - (apr_size_t)(equals + 1 - pair.at)});
    return 1;
}

/* Whether a parser may read the piece as "name=value": many trim the spaces after the name too. */
static int is_named(ms_span piece, const char *name, ms_span *value)
{
    ms_span key;

    return split(piece, &key, value) && ms_span_equal(ms_span_trim(key), name);
}

/* Where the name stands first; NULL: nowhere. The session cookie is often the only one. */
static const char *find_name(const char *header, const char *name, apr_size_t len)
{
    return strncmp(header, name, len) == 0 ? header : strstr(header, name);
}

static int is_known(const ms_cookie_found *found, const ms_token *token)
{
    for (int i = 0; i < found->n; i++) {
        if (strcmp(found->tokens[i].id, token->id) == 0 &&
            strcmp(found->tokens[i].secret, token->secret) == 0) {
            return 1;
        }
    }
    return 0;
}

static void keep(ms_cookie_found *found, const ms_token *token)
{
    if (found->n < MS_COOKIE_TOKENS_MAX) {
        found->tokens[found->n++] = *token;
    }
    else {
        found->untried++;
    }
}

/* Whether at is the first character of a piece, but for spaces and tabs. */
static int begins_piece(const char *header, const char *at)
{
    while (at > header && ms_span_is_blank(at[-1])) {
        at--;
    }
    return at == header || at[-1] == ';';
}

static void find_one(ms_span value, ms_cookie_found *found)
{
    ms_token token;

    found->seen++;
    value = ms_span_trim(value);
    if (ms_token_parse(value.at, value.len, &token) && !is_known(found, &token)) {
        keep(found, &token);
    }
}

/* The names of other cookies are not compared: a name has no space and no ";", so that the next
 * place where it stands is the next piece that may be its cookie. */
void ms_cookie_find(const char *header, const char *name, ms_cookie_found *found)
{
    const apr_size_t len = strlen(name);
    const char *at = header ? find_name(header, name, len) : NULL;

    found->n = found->untried = found->seen = 0;
    while (at) {
        const char *after = at + len;

        if (*after == '=' && begins_piece(header, at)) {
            const ms_span value = {after + 1, (apr_size_t)(strchrnul(after + 1, ';') - after - 1)};

            find_one(value, found);
            after = value.at + value.len;
        }
        at = strstr(after, name);
    }
}

/*
 * httpd joins several Cookie lines with a comma. "a=1, NAME=token" is a cookie "a" here and no
 * session, but the token must not reach the application. Overwrites it with spaces, in place.
 */
static int blank_joined(char *header, const char *name)
{
    const apr_size_t len = strlen(name);
    int blanked = 0;

    for (char *at = strstr(header, name); at; at = strstr(at + 1, name)) {
        const char *value = at + len + 1;
        ms_token token;

        if (at == header || !strchr(", \t", at[-1]) || at[len] != '=') {
            continue;
        }
        value += strspn(value, " \t");
        if (ms_token_parse(value, strcspn(value, ",; \t"), &token)) {
            while (at > header && strchr(", \t", at[-1])) {
                at--;
            }
            memset(at, ' ', (apr_size_t)(value + MS_TOKEN_LEN - at));
            blanked = 1;
        }
    }
    return blanked;
}

static int is_token_value(ms_span value)
{
    ms_token token;

    return ms_token_parse(value.at, value.len, &token);
}

static char *append(char *end, ms_span s)
{
    memcpy(end, s.at, s.len);
    return end + s.len;
}

/* Whether the name stands at "at" and nowhere else, in the form that browsers send: "name=value",
 * with "; " between it and another cookie before and after it, and nothing that may separate
 * cookies in the value (RFC 6265, section 4.2.1). */
static int is_as_sent(const char *header, const char *at, const char *name, ms_span *value)
{
    const apr_size_t len = strlen(name);
    const char *end;

    if (at[len] != '=' || (at > header && (at - header < 3 || at[-1] != ' ' || at[-2] != ';'))) {
        return 0;
    }
    *value = (ms_span){at + len + 1, strcspn(at + len + 1, "; ,\t")};
    end = value->at + value->len;
    return !*end || (*end == ';' && end[1] == ' ' && end[2] && !strchr("; \t", end[2]) &&
                     !strstr(end, name));
}

/* The header without what is between these two, which is as browsers send it. */
static const char *cut(apr_pool_t *p, const char *header, const char *from, const char *to)
{
    const apr_size_t before = (apr_size_t)(from - header), after = strlen(to);
    char *out;

    if (before == 0) {
        return after ? to + strlen("; ") : to;
    }
    out = apr_palloc(p, before + after);
    memcpy(append(out, (ms_span){header, before - strlen("; ")}), to, after + 1);
    return out;
}

/* The first piece that stays must not begin with the space that followed a dropped one. */
static char *drop_pieces(apr_pool_t *p, const char *header, const char *name, int tokens_only,
                         int *dropped)
{
    const char *rest = header;
    char *out, *end;

    out = end = apr_palloc(p, strlen(header) + 1);
    while (rest) {
        const ms_span piece = next_piece(&rest);
        ms_span value;

        if (is_named(piece, name, &value) && (!tokens_only || is_token_value(value))) {
            *dropped = 1;
            continue;
        }
        if (end > out) {
            *end++ = ';';
        }
        end = append(end, end == out && *dropped ? ms_span_trim(piece) : piece);
    }
    *end = '\0';
    return out;
}

/* If a joined token is blanked, what stands before it in its piece may be one by itself. */
static const char *strip_any(apr_pool_t *p, const char *header, const char *name, int tokens_only)
{
    int dropped = 0;
    char *out = drop_pieces(p, header, name, tokens_only, &dropped);

    if (blank_joined(out, name)) {
        return drop_pieces(p, out, name, tokens_only, &dropped);
    }
    return dropped ? out : header;
}

static const char *strip(apr_pool_t *p, const char *header, const char *name, int tokens_only)
{
    const char *at = find_name(header, name, strlen(name));
    ms_span value;

    if (!at) {
        return header;
    }
    if (is_as_sent(header, at, name, &value) && (!tokens_only || is_token_value(value))) {
        return cut(p, header, at, value.at + value.len);
    }
    return strip_any(p, header, name, tokens_only);
}

const char *ms_cookie_strip(apr_pool_t *p, const char *header, const char *name)
{
    return strip(p, header, name, 0);
}

const char *ms_cookie_strip_tokens(apr_pool_t *p, const char *header, const char *name)
{
    return strip(p, header, name, 1);
}

const char *ms_cookie_format(apr_pool_t *p, const ms_cookie_attrs *attrs, const char *value,
                             apr_int64_t max_age)
{
    static const char *const same_site[] = {"Lax", "Strict", "None"};
    const char *age = "";

    if (!value) {
        age = "; Max-Age=0";
    }
    else if (max_age > 0) {
        age = apr_psprintf(p, "; Max-Age=%" APR_INT64_T_FMT, max_age);
    }
    return apr_pstrcat(p, attrs->name, "=", value ? value : "", "; Path=", attrs->path,
                       attrs->domain ? "; Domain=" : "", attrs->domain ? attrs->domain : "",
                       attrs->secure ? "; Secure" : "",
                       "; HttpOnly; SameSite=", same_site[attrs->same_site], age, NULL);
}

int ms_cookie_is_named(const char *set_cookie, const char *name)
{
    const char *rest = set_cookie;
    const ms_span piece = next_piece(&rest);
    ms_span value;

    if (is_named(piece, name, &value)) {
        return 1;
    }
    /* A cookie without a name is sent back as its value alone, which older browsers let be
     * "name=...". */
    return is_named(piece, "", &value) && is_named(value, name, &value);
}

/* ---- configuration ----------------------------------------------------------------------------
 */

static int is_token(const char *name)
{
    const char *c = name;

    for (; *c; c++) {
        if (!apr_isalnum(*c) && !strchr("!#$%&'*+-.^_`|~", *c)) {
            return 0;
        }
    }
    return c > name && c - name <= NAME_MAX_LEN;
}

static int is_attribute(const char *value)
{
    for (; *value; value++) {
        if (*value <= ' ' || *value >= 0x7f || *value == ';' || *value == ',') {
            return 0;
        }
    }
    return 1;
}

int ms_cookie_is_domain(const char *text)
{
    text += text[0] == '.';
    for (;;) {
        const char *label = text;

        while (apr_isalnum(*text) || *text == '-' || *text == '_') {
            text++;
        }
        if (text == label || (*text && *text != '.')) {
            return 0;
        }
        if (!*text++) {
            return 1;
        }
    }
}

static int has_prefix(const char *name, const char *prefix)
{
    return strncasecmp(name, prefix, strlen(prefix)) == 0;
}

const char *ms_cookie_check(apr_pool_t *p, const ms_cookie_attrs *attrs)
{
    const char *name = attrs->name;

    if (!is_token(name)) {
        return apr_psprintf(p,
                            "ManagedSessionCookieName takes 1 to %d letters, digits or characters "
                            "such as - and _, not \"%s\"",
                            NAME_MAX_LEN, name);
    }
    if (attrs->path[0] != '/' || !is_attribute(attrs->path)) {
        return "ManagedSessionCookiePath takes a path that begins with \"/\" and has no blank, "
               "\";\" or \",\"";
    }
    /* __Host-Http- too; it also requires HttpOnly, as __Http- does, which is always set. */
    if (has_prefix(name, "__Host-") &&
        (!attrs->secure || attrs->domain || strcmp(attrs->path, "/") != 0)) {
        return apr_psprintf(p,
                            "ManagedSessionCookieName %s: browsers take a __Host- cookie only with "
                            "ManagedSessionCookieSecure On, ManagedSessionCookiePath / and no "
                            "ManagedSessionCookieDomain; change these or the name",
                            name);
    }
    if ((has_prefix(name, "__Secure-") || has_prefix(name, "__Http-")) && !attrs->secure) {
        return apr_psprintf(p,
                            "ManagedSessionCookieName %s: browsers take a cookie with the prefix "
                            "__Secure- or __Http- only with ManagedSessionCookieSecure On; change "
                            "that or the name",
                            name);
    }
    if (attrs->same_site == MS_SAMESITE_NONE && !attrs->secure) {
        return "ManagedSessionCookieSameSite None needs ManagedSessionCookieSecure On; change one of "
               "them";
    }
    return NULL;
}

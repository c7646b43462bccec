/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes from outside: made storable, checked, decoded; and the small values of directives.
 * Knows apr only.
 */
#ifndef MS_TEXT_H
#define MS_TEXT_H

#include <apr_pools.h>

/**
 * Text that can be stored and shown: valid UTF-8 (RFC 3629; each bad byte becomes U+FFFD), no
 * control characters (C0, DEL, C1), no line or paragraph separators (U+2028/9) and no bidirectional
 * controls (U+061C, U+200E/F, U+202A-E, U+2066-9): these are left out. At most max characters
 * (code points), cut at a character.
 * @param text  NULL counts as ""
 * @return never NULL; text itself where nothing had to change
 */
const char *ms_text_storable(apr_pool_t *p, const char *text, apr_size_t max);

/** Whether text is valid UTF-8 without control characters (C0, DEL, C1). */
int ms_text_is_clean(const char *text);

/** Code points in valid UTF-8. */
apr_size_t ms_text_length(const char *text);

/**
 * Whether a name can be a user's: 1 to 255 characters of clean UTF-8. Names compare byte for byte
 * everywhere; nothing is folded or trimmed.
 */
int ms_text_is_user(const char *name);

/**
 * Decode application/x-www-form-urlencoded or, with plus = 0, percent-encoding (RFC 3986, 2.1).
 * @return NULL where an escape is bad or there is a NUL, raw or escaped; else the decoded text in p
 */
const char *ms_text_unescape(apr_pool_t *p, const char *text, apr_size_t len, int plus);

/** Percent-encode all but RFC 3986's unreserved characters and "/". */
const char *ms_text_escape_query(apr_pool_t *p, const char *text);

/**
 * A duration of a directive: a number with s, m, h, d or w; bare it is seconds.
 * @return 1 and *seconds, or 0 where text is something else or over ten years
 */
int ms_text_duration(const char *text, apr_int64_t *seconds);

/**
 * Where a visitor may be sent back to after sign-in: a path, and possibly a query, on this host
 * (see the "return" rule in docs/security.md). The path resolves to this host by the URL Standard
 * (https://url.spec.whatwg.org/, 4.4), as it is and percent-decoded once and twice: it begins with
 * one slash, also when its dots are resolved, and has no control character. No raw backslash.
 * @param url  what the visitor's request said; NULL is refused
 * @return the URL fit for a Location header (what may not stand in one is percent-encoded), in p;
 *         NULL where it is refused
 */
const char *ms_text_return_path(apr_pool_t *p, const char *url);

/** Whether text is an SQL identifier: a letter or "_", then letters, digits, "_"; 48 at most. */
int ms_text_is_identifier(const char *text);

/**
 * An IP address as httpd writes it, whichever way it was typed: "2001:DB8:0::7" is 2001:db8::7, and
 * ::ffff:192.0.2.1 is 192.0.2.1.
 * @return NULL where text is none; else the address, in p
 */
const char *ms_text_address(apr_pool_t *p, const char *text);

/** RFC 3339 in UTC, "2026-11-23T14:00:00Z", from epoch seconds. */
const char *ms_text_time(apr_pool_t *p, apr_int64_t epoch);

/**
 * Of two media types, whether an Accept header (RFC 9110, 12.5.1) gives the first a strictly
 * greater quality than the second.
 * @param accept  NULL or the header
 */
int ms_text_prefers(const char *accept, const char *type, const char *over);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UTF-8 (RFC 3629) from outside: made fit to store, checked, counted. Knows apr only.
 */
#ifndef MS_UTF8_H
#define MS_UTF8_H

#include <apr_pools.h>

/**
 * Make text fit to store and to show: valid UTF-8 (each bad byte becomes U+FFFD), without control
 * characters (C0, DEL, C1), line and paragraph separators (U+2028/9) and controls of direction
 * (U+061C, U+200E/F, U+202A-E, U+2066-9), which are left out. It is cut after max characters.
 * @param text  NULL counts as ""
 * @param max   characters (code points)
 * @return never NULL; text itself if nothing had to change, else in p
 */
const char *ms_utf8_storable(apr_pool_t *p, const char *text, apr_size_t max);

/** Whether text is valid UTF-8 without control characters (C0, DEL, C1). NULL is not. */
int ms_utf8_is_clean(const char *text);

/** The number of characters (code points) of valid UTF-8. */
apr_size_t ms_utf8_length(const char *text);

/**
 * Whether text can be the name of a user: 1 to 255 clean characters. Names are compared byte for
 * byte everywhere; they are never folded or trimmed.
 */
int ms_utf8_is_user_name(const char *text);

#endif

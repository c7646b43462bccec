/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times, numbers and foreign text as the tool shows them to people. Knows apr and libunistring
 * only.
 */
#ifndef MS_WORDS_H
#define MS_WORDS_H

#include <apr_pools.h>

/** A span of time in its largest whole unit: "45s", "12m", "3h", "9d"; "0s" for less than none. */
const char *ms_words_span(apr_pool_t *p, apr_int64_t seconds);

/** A span of time in its two largest units: "9d 3h", "12m", "0s". */
const char *ms_words_long_span(apr_pool_t *p, apr_int64_t seconds);

/** A moment in the time zone of the process (TZ), "2026-11-23 14:00:05". epoch: seconds. */
const char *ms_words_moment(apr_pool_t *p, apr_int64_t epoch);

/** "1 session", "2 sessions". noun: singular, whose plural has an s. */
const char *ms_words_count(apr_pool_t *p, apr_int64_t n, const char *noun);

/** Text from the table or a driver, harmless on a terminal: without control characters, escape
 * sequences and changes of direction. NULL counts as "". */
const char *ms_words_clean(apr_pool_t *p, const char *text);

/** How many columns of a terminal clean text takes: combining characters take none, East Asian ones
 * two. */
int ms_words_width(const char *text);

/** Clean text cut to a width, with an ellipsis at its end if something is missing. width: 0 or
 * more. */
const char *ms_words_cut(apr_pool_t *p, const char *text, int width);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may stand as a value of a directive. Knows apr only.
 */
#ifndef MS_VALUES_H
#define MS_VALUES_H

#include <apr.h>

/**
 * Read a duration: a number with s, m, h, d or w; without a unit it is in seconds.
 * @param seconds  out: unchanged if it returns 0
 * @return 1, or 0 if text is something else or longer than ten years
 */
int ms_values_duration(const char *text, apr_int64_t *seconds);

/**
 * Read a size: a number with K, M or G (of 1024), in either case; without a unit it is in bytes.
 * @param bytes  out: unchanged if it returns 0
 * @return 1, or 0 if text is something else or more than 1024G
 */
int ms_values_size(const char *text, apr_int64_t *bytes);

/** Whether text is an SQL identifier: a letter or "_", then letters, digits, "_"; 48 at most. */
int ms_values_is_identifier(const char *text);

#endif

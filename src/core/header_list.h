/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads request and response headers that are lists (RFC 9110, section 5.6.1), with parameters and
 * weights. Knows apr only; allocates nothing.
 */
#ifndef MS_HEADER_LIST_H
#define MS_HEADER_LIST_H

#include "core/span.h"

#define MS_HEADER_LIST_QUALITY_MAX 1000

/**
 * The text up to a comma or another separator; those in a quoted string (RFC 9110, section 5.6.4)
 * do not count.
 * @param at         in and out: where to go on reading; then at the separator, or at the end
 * @param separator  such as ';'
 * @return the piece, trimmed; it may be empty
 */
ms_span ms_header_list_piece(const char **at, char separator);

/**
 * The next member of a list; empty ones are skipped.
 * @param at  in and out: where to go on reading
 * @return 1, or 0 if there is no other member
 */
int ms_header_list_next(const char **at, ms_span *member);

/**
 * The weight of a "q" parameter (RFC 9110, section 12.4.2).
 * @param parameter  such as "q=0.8"
 * @param quality    out: in thousandths; 0 if the value is malformed
 * @return 1, or 0 if it is another parameter
 */
int ms_header_list_quality(ms_span parameter, int *quality);

#endif

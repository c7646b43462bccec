/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text that grows, in a pool. Knows apr only.
 */
#ifndef MS_BUFFER_H
#define MS_BUFFER_H

#include <apr_pools.h>

typedef struct ms_buffer {
    apr_pool_t *p;
    char *text; /* always NUL-terminated */
    apr_size_t len, room;
} ms_buffer;

/** An empty text, in p. */
ms_buffer ms_buffer_make(apr_pool_t *p);

/** Append len bytes. */
void ms_buffer_add(ms_buffer *buffer, const char *text, apr_size_t len);

/** Append all of a text. */
void ms_buffer_add_text(ms_buffer *buffer, const char *text);

#endif

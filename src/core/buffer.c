/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Doubles its room when it is full, so that the time is linear in the length of the text.
 */
#include "core/buffer.h"

#include <string.h>
#include <apr_strings.h>

ms_buffer ms_buffer_make(apr_pool_t *p)
{
    return (ms_buffer){p, apr_pstrdup(p, ""), 0, 1};
}

void ms_buffer_add(ms_buffer *buffer, const char *text, apr_size_t len)
{
    if (buffer->len + len + 1 > buffer->room) {
        const apr_size_t room = 2 * (buffer->len + len) + 1024;
        char *old = buffer->text;

        buffer->text = apr_palloc(buffer->p, room);
        memcpy(buffer->text, old, buffer->len);
        buffer->room = room;
    }
    memcpy(buffer->text + buffer->len, text, len);
    buffer->len += len;
    buffer->text[buffer->len] = '\0';
}

void ms_buffer_add_text(ms_buffer *buffer, const char *text)
{
    ms_buffer_add(buffer, text, strlen(text));
}

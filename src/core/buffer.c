/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Doubles its room when it is full, so that the time is linear in the length of the text.
 */
#include "core/buffer.h"

#include <string.h>
#include <apr_strings.h>

#define ROOM_MIN 64

ms_buffer ms_buffer_make(apr_pool_t *p)
{
    static char nothing[] = ""; /* without room, so that it is not written to */

    return (ms_buffer){p, nothing, 0, 0};
}

void ms_buffer_add(ms_buffer *buffer, const char *text, apr_size_t len)
{
    if (buffer->len + len + 1 > buffer->room) {
        const apr_size_t room = 2 * (buffer->len + len) + ROOM_MIN;
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

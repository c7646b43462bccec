/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Only heads are read; payloads are counted. A control frame may stand between the frames of one
 * message (RFC 6455, section 5.4), so messages need not be known.
 */
#include "core/websocket_frames.h"

#define CLOSE    0x08
#define FINAL    0x80
#define MASKED   0x80
#define LENGTH16 126
#define LENGTH64 127

/* Of the first two bytes. */
static unsigned int length_size(const unsigned char *head)
{
    switch (head[1] & 0x7f) {
    case LENGTH16:
        return 2;
    case LENGTH64:
        return 8;
    default:
        return 0;
    }
}

static unsigned int head_size(const ms_websocket_frames *frames)
{
    if (frames->head_n < 2) {
        return 2;
    }
    return 2 + length_size(frames->head) + (frames->head[1] & MASKED ? 4 : 0);
}

static apr_uint64_t payload_length(const unsigned char *head)
{
    const unsigned int size = length_size(head);
    apr_uint64_t length = 0;

    if (size == 0) {
        return head[1] & 0x7f;
    }
    for (unsigned int i = 0; i < size; i++) {
        length = length << 8 | head[2 + i];
    }
    return length;
}

static void take_byte_of_head(ms_websocket_frames *frames, char byte)
{
    frames->head[frames->head_n++] = (unsigned char)byte;
    if (frames->head_n < head_size(frames)) {
        return;
    }
    frames->left = payload_length(frames->head);
    frames->has_closed |= (frames->head[0] & 0x0f) == CLOSE;
    frames->head_n = 0;
}

void ms_websocket_frames_pass(ms_websocket_frames *frames, const char *data, apr_size_t len)
{
    while (len > 0) {
        if (frames->left >= len) {
            frames->left -= len;
            return;
        }
        data += frames->left;
        len -= (apr_size_t)frames->left;
        frames->left = 0;
        take_byte_of_head(frames, *data++);
        len--;
    }
}

int ms_websocket_frames_may_close(const ms_websocket_frames *frames)
{
    return frames->left == 0 && frames->head_n == 0 && !frames->has_closed;
}

void ms_websocket_frames_make_close(unsigned int status, char out[MS_WEBSOCKET_CLOSE_LEN])
{
    out[0] = (char)(FINAL | CLOSE);
    out[1] = 2; /* the length of the status */
    out[2] = (char)(status >> 8);
    out[3] = (char)(status & 0xff);
}

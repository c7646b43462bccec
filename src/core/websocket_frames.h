/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the frames of a WebSocket begin and end (RFC 6455, section 5.2), so that one more can be
 * put between two. Knows apr only.
 */
#ifndef MS_WEBSOCKET_FRAMES_H
#define MS_WEBSOCKET_FRAMES_H

#include <apr.h>

#define MS_WEBSOCKET_HEAD_MAX 14 /* bytes: two, a length of eight, a mask of four */

/* The bytes in one direction, from the first one after the handshake. All zero at the start. */
typedef struct ms_websocket_frames {
    unsigned char head[MS_WEBSOCKET_HEAD_MAX]; /* the part of a frame's head that has come */
    unsigned int head_n;
    apr_uint64_t left; /* bytes of the frame that have not come */
    int has_closed;    /* a close frame has begun */
} ms_websocket_frames;

/** These bytes pass. */
void ms_websocket_frames_pass(ms_websocket_frames *frames, const char *data, apr_size_t len);

/** Whether a close frame may be sent now: the last frame is complete, and was no close frame. */
int ms_websocket_frames_may_close(const ms_websocket_frames *frames);

#define MS_WEBSOCKET_POLICY_VIOLATION 1008 /* RFC 6455, section 7.4.1 */
#define MS_WEBSOCKET_CLOSE_LEN        4

/** A server's close frame, without a reason in words. */
void ms_websocket_frames_make_close(unsigned int status, char out[MS_WEBSOCKET_CLOSE_LEN]);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* WebSocket frames. How they are cut into pieces makes no difference. */
#include "fuzz.h"

#include "core/websocket_frames.h"

void fuzz_one(apr_pool_t *p, const char *data, apr_size_t len)
{
    ms_websocket_frames whole = {.head_n = 0}, pieces = {.head_n = 0};
    const char *bytes = fuzz_bytes(p, data, len);
    apr_size_t at = 0;

    ms_websocket_frames_pass(&whole, bytes, len);
    for (apr_size_t size = 1; at < len; size = size % 7 + 1) {
        const apr_size_t n = size < len - at ? size : len - at;

        ms_websocket_frames_pass(&pieces, fuzz_bytes(p, data + at, n), n);
        at += n;
    }
    FUZZ_CHECK(whole.head_n == pieces.head_n && whole.left == pieces.left);
    FUZZ_CHECK(whole.has_closed == pieces.has_closed && whole.head_n < MS_WEBSOCKET_HEAD_MAX);
    FUZZ_CHECK(ms_websocket_frames_may_close(&whole) == ms_websocket_frames_may_close(&pieces));
}

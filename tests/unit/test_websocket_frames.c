/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <string.h>
#include "core/websocket_frames.h"

/* A frame: its first two bytes, further bytes of the head, and a payload of zeros. */
typedef struct frame {
    unsigned char first, second;
    const char *more;
    size_t more_len, payload;
} frame;

static const frame text = {0x81, 5, "", 0, 5}, empty = {0x81, 0, "", 0, 0},
                   masked = {0x81, 0x85, "mask", 4, 5}, fragment = {0x01, 3, "", 0, 3},
                   medium = {0x82, 126, "\x01\x00", 2, 256},
                   longest = {0x82, 127, "\0\0\0\0\0\1\0\0", 8, 65536},
                   closing = {0x88, 2, "", 0, 2};

static size_t write_frame(const frame *f, char *out)
{
    out[0] = (char)f->first;
    out[1] = (char)f->second;
    memcpy(out + 2, f->more, f->more_len);
    memset(out + 2 + f->more_len, 0x88, f->payload); /* looks like a close frame */
    return 2 + f->more_len + f->payload;
}

/* Pass a frame in pieces of that size: the boundary is at its end only. */
static void pass_in_pieces(ms_websocket_frames *frames, const frame *f, size_t piece)
{
    static char bytes[70000];
    const size_t len = write_frame(f, bytes);

    for (size_t at = 0; at < len; at += piece) {
        if (at > 0) {
            assert_false(ms_websocket_frames_may_close(frames));
        }
        ms_websocket_frames_pass(frames, bytes + at, at + piece < len ? piece : len - at);
    }
}

static void a_close_frame_may_stand_after_each_frame(void **state)
{
    const frame *const all[] = {&text, &empty, &masked, &fragment, &medium, &longest};

    (void)state;
    for (size_t piece = 1; piece < 70000; piece = piece * 3 + 1) {
        ms_websocket_frames frames = {0};

        assert_true(ms_websocket_frames_may_close(&frames));
        for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
            pass_in_pieces(&frames, all[i], piece);
            assert_true(ms_websocket_frames_may_close(&frames));
        }
    }
}

static void several_frames_may_come_at_once(void **state)
{
    ms_websocket_frames frames = {0};
    char bytes[2000];
    size_t len = write_frame(&text, bytes);

    (void)state;
    len += write_frame(&medium, bytes + len);
    len += write_frame(&text, bytes + len);
    ms_websocket_frames_pass(&frames, bytes, len - 1);
    assert_false(ms_websocket_frames_may_close(&frames));
    ms_websocket_frames_pass(&frames, bytes + len - 1, 1);
    assert_true(ms_websocket_frames_may_close(&frames));
}

static void no_close_frame_follows_another(void **state)
{
    ms_websocket_frames frames = {0};

    (void)state;
    pass_in_pieces(&frames, &closing, 1);
    assert_false(ms_websocket_frames_may_close(&frames));
}

static void the_longest_length_does_not_overflow(void **state)
{
    ms_websocket_frames frames = {0};
    char zeros[1000] = {0};

    (void)state;
    ms_websocket_frames_pass(&frames, "\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff", 10);
    for (int i = 0; i < 100; i++) {
        ms_websocket_frames_pass(&frames, zeros, sizeof(zeros));
        assert_false(ms_websocket_frames_may_close(&frames));
    }
}

static void a_close_frame_has_its_status(void **state)
{
    char made[MS_WEBSOCKET_CLOSE_LEN];

    (void)state;
    ms_websocket_frames_make_close(MS_WEBSOCKET_POLICY_VIOLATION, made);
    assert_memory_equal(made, "\x88\x02\x03\xf0", sizeof(made));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_close_frame_may_stand_after_each_frame), TEST(several_frames_may_come_at_once),
        TEST(no_close_frame_follows_another), TEST(the_longest_length_does_not_overflow),
        TEST(a_close_frame_has_its_status)};

    return RUN(tests);
}

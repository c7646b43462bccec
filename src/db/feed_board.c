/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A lease is one word: a process id, and when the lease ends. Two processes may poll at the same
 * time for a moment (one was stopped, and goes on after its lease): each has a window of its own
 * that is complete in itself, so both publish what is true (docs/lookup-cache.md).
 */
#include "db/feed_board.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#define LINE      64
#define TIME_BITS 42 /* milliseconds: 139 years */

typedef _Atomic apr_uint64_t word;

struct ms_feed_place {
    _Alignas(LINE) unsigned char tag[MS_FEED_TAG_LEN];
    int number; /* counted from one; 0: it is not used */
    word lease, fails;
    word cursor[sizeof(ms_feed_cursor) / sizeof(apr_int64_t)];
    _Alignas(LINE) word began; /* what all requests read */
};

/* Behind it is the queue of touches. */
struct ms_feed_board {
    ms_feed_place places[MS_FEED_TABLES];
};

_Static_assert(MS_FEED_TABLES <= MS_TOUCH_TABLES, "each has a number");
_Static_assert(sizeof(ms_feed_cursor) % sizeof(apr_int64_t) == 0, "it is copied in words");

static ms_feed_board *aligned(void *memory)
{
    const apr_size_t past = (apr_uintptr_t)memory % LINE;

    return (void *)((char *)memory + (past ? LINE - past : 0));
}

apr_size_t ms_feed_board_size(void)
{
    return LINE - 1 + sizeof(ms_feed_board) + ms_touch_queue_size();
}

ms_feed_place *ms_feed_board_place(ms_feed_board *board, const unsigned char *tag)
{
    ms_feed_place *places = aligned(board)->places;

    for (int i = 0; i < MS_FEED_TABLES; i++) {
        if (!places[i].number) {
            memcpy(places[i].tag, tag, MS_FEED_TAG_LEN);
            places[i].number = i + 1;
        }
        if (memcmp(places[i].tag, tag, MS_FEED_TAG_LEN) == 0) {
            return &places[i];
        }
    }
    return NULL;
}

static int is_free(apr_uint64_t lease, int is_held, apr_int64_t now)
{
    const pid_t owner = (pid_t)(lease >> TIME_BITS);
    const apr_int64_t until = (apr_int64_t)(lease & (((apr_uint64_t)1 << TIME_BITS) - 1));

    if (!lease || until <= now) {
        return 1;
    }
    if (owner == getpid()) {
        return !is_held; /* a predecessor that had our process id */
    }
    return kill(owner, 0) != 0 && errno == ESRCH;
}

int ms_feed_place_take(ms_feed_place *place, int is_held, apr_int64_t now, apr_int64_t lease)
{
    apr_uint64_t old = atomic_load(&place->lease);
    const int is_ours = is_held && (pid_t)(old >> TIME_BITS) == getpid();

    if (!is_ours && !is_free(old, is_held, now)) {
        return 0;
    }
    return atomic_compare_exchange_strong(
        &place->lease, &old, (apr_uint64_t)getpid() << TIME_BITS | (apr_uint64_t)(now + lease));
}

void ms_feed_place_leave(ms_feed_place *place)
{
    apr_uint64_t old = atomic_load(&place->lease);

    if ((pid_t)(old >> TIME_BITS) == getpid()) {
        atomic_compare_exchange_strong(&place->lease, &old, 0);
    }
}

void ms_feed_place_load(ms_feed_place *place, ms_feed_cursor *cursor)
{
    apr_int64_t words[sizeof(*cursor) / sizeof(apr_int64_t)] = {0};

    for (apr_size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        words[i] = (apr_int64_t)atomic_load(&place->cursor[i]);
    }
    memcpy(cursor, words, sizeof(words));
}

void ms_feed_place_save(ms_feed_place *place, const ms_feed_cursor *cursor)
{
    apr_int64_t words[sizeof(*cursor) / sizeof(apr_int64_t)];

    memcpy(words, cursor, sizeof(words));
    for (apr_size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        atomic_store(&place->cursor[i], (apr_uint64_t)words[i]);
    }
}

ms_touch_queue *ms_feed_place_touches(ms_feed_place *place)
{
    ms_feed_board *board = (void *)(place - ms_feed_place_number(place));

    return (void *)(board + 1);
}

int ms_feed_place_number(const ms_feed_place *place)
{
    return place->number - 1;
}

void ms_feed_place_publish(ms_feed_place *place, apr_int64_t began)
{
    apr_uint64_t old = atomic_load(&place->began);

    while (old < (apr_uint64_t)began &&
           !atomic_compare_exchange_weak(&place->began, &old, (apr_uint64_t)began)) {
    }
}

apr_int64_t ms_feed_place_began(ms_feed_place *place)
{
    return (apr_int64_t)atomic_load(&place->began);
}

ms_feed_failure ms_feed_place_fails(ms_feed_place *place, ms_feed_failure failure)
{
    apr_uint64_t before = atomic_load(&place->fails);

    while ((!failure || (apr_uint64_t)failure > before) &&
           !atomic_compare_exchange_weak(&place->fails, &before, (apr_uint64_t)failure)) {
    }
    return (ms_feed_failure)before;
}

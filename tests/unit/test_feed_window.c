/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A database in a model: sessions end at a second of its clock, and are seen when their transaction
 * commits, later and in another order. After each poll that is published, all endings that were
 * committed before it began must have been applied.
 */
#include "unit.h"

#include <stdlib.h>
#include "db/feed_window.h"

#define ENDINGS 40000

typedef struct ending {
    apr_int64_t at;        /* by the database's clock, in seconds */
    apr_int64_t committed; /* milliseconds of the steady clock */
    apr_int64_t number;    /* of its transaction */
    int applied;
} ending;

typedef struct world {
    apr_uint32_t seed;
    apr_int64_t steady, offset; /* milliseconds */
    apr_int64_t next, server;
    int has_numbers; /* of transactions */
    ending *endings;
    int n;
    ms_feed_window window;
    int is_naive; /* reads on from the last poll's time */
    int missed, published, all_forgotten;
} world;

static apr_uint32_t roll(world *w, apr_uint32_t sides)
{
    w->seed ^= w->seed << 13;
    w->seed ^= w->seed >> 17;
    w->seed ^= w->seed << 5;
    return w->seed % sides;
}

static world *new_world(void **state, apr_uint32_t seed, int has_numbers)
{
    world *w = apr_pcalloc(*state, sizeof(*w));

    w->seed = seed;
    w->steady = 1000000;
    w->offset = APR_INT64_C(1700000000000);
    w->next = 1000;
    w->server = 1;
    w->has_numbers = has_numbers;
    w->endings = apr_pcalloc(*state, ENDINGS * sizeof(*w->endings));
    return w;
}

/* A session ends now, and this is committed after so many milliseconds. */
static void end_session(world *w, apr_int64_t delay)
{
    assert_true(w->n < ENDINGS);
    w->endings[w->n++] = (ending){(w->steady + w->offset) / 1000, w->steady + delay, w->next++, 0};
}

static ms_feed_clock read_clock(const world *w)
{
    ms_feed_clock clock = {.now = (w->steady + w->offset) / 1000, .server = w->server};

    if (w->has_numbers) {
        clock.next = clock.oldest = w->next;
        for (int i = 0; i < w->n; i++) {
            if (w->endings[i].committed > w->steady && w->endings[i].number < clock.oldest) {
                clock.oldest = w->endings[i].number;
            }
        }
    }
    return clock;
}

static void forget_all(world *w)
{
    for (int i = 0; i < w->n; i++) {
        w->endings[i].applied |= w->endings[i].committed <= w->steady;
    }
    w->all_forgotten++;
}

static int is_seen(const world *w, const ending *e)
{
    return e->committed <= w->steady && e->at >= w->window.cursor.from;
}

static void read_rows(world *w, const ms_feed_clock *clock, apr_int64_t began, apr_int64_t answered)
{
    int n = 0;

    for (int i = 0; i < w->n; i++) {
        n += is_seen(w, &w->endings[i]);
    }
    if (n > MS_FEED_MAX) {
        ms_feed_window_skip(&w->window, clock, answered);
        forget_all(w);
        return;
    }
    for (int i = 0; i < w->n; i++) {
        w->endings[i].applied |= is_seen(w, &w->endings[i]);
    }
    ms_feed_window_complete(&w->window, clock, began, answered);
    if (w->is_naive) {
        w->window.cursor.from = clock->now;
    }
}

static void publish(world *w, apr_int64_t began)
{
    w->published++;
    for (int i = 0; i < w->n; i++) {
        w->missed += w->endings[i].committed < began && !w->endings[i].applied;
    }
}

static void poll_once(world *w)
{
    const apr_int64_t began = w->steady;
    ms_feed_clock clock;
    apr_int64_t answered;

    w->steady += roll(w, 20);
    clock = read_clock(w);
    w->steady += roll(w, 20);
    answered = w->steady;
    if (ms_feed_window_begin(&w->window, &clock, began, answered) != MS_FEED_ON) {
        forget_all(w);
    }
    w->steady += roll(w, 20);
    read_rows(w, &clock, began, answered);
    if (!w->window.is_settling) {
        publish(w, began);
    }
}

/* So many polls, with some endings between them. */
static void go_on(world *w, int polls, apr_uint32_t longest)
{
    for (int i = 0; i < polls; i++) {
        for (apr_uint32_t n = roll(w, 5); n > 0; n--) {
            w->steady += roll(w, 100);
            end_session(w, roll(w, 4) ? roll(w, 50) : roll(w, longest));
        }
        w->steady += roll(w, 500);
        poll_once(w);
    }
}

static void nothing_is_missed_that_commits_late(void **state)
{
    for (apr_uint32_t seed = 1; seed <= 5; seed++) {
        world *w = new_world(state, seed, 0);

        go_on(w, 1000, 6000);
        assert_int_equal(w->missed, 0);
        assert_int_equal(w->published, 1000);
        assert_int_equal(w->all_forgotten, 1);
    }
}

static void nothing_is_missed_that_was_in_flight_at_the_first_poll(void **state)
{
    for (apr_uint32_t seed = 1; seed <= 5; seed++) {
        world *w = new_world(state, seed, 0);

        for (int i = 0; i < 100; i++) {
            w->steady += roll(w, 100);
            end_session(w, roll(w, 6000));
        }
        go_on(w, 100, 6000);
        assert_int_equal(w->missed, 0);
        assert_int_equal(w->published, 100);
    }
}

static void a_cursor_without_overlap_misses_some(void **state)
{
    world *w = new_world(state, 1, 0);

    w->is_naive = 1;
    go_on(w, 1000, 6000);
    assert_true(w->missed > 0);
}

/* If the database numbers its transactions, they may take as long as they like. */
static void nothing_is_missed_of_long_transactions(void **state)
{
    for (apr_uint32_t seed = 1; seed <= 5; seed++) {
        world *w = new_world(state, seed, 1);

        go_on(w, 1000, 90000);
        assert_int_equal(w->missed, 0);
        assert_true(w->published > 900);
    }
}

static void without_numbers_of_transactions_long_ones_are_missed(void **state)
{
    world *w = new_world(state, 1, 0);

    go_on(w, 1000, 90000);
    assert_true(w->missed > 0);
}

/* The window moves on, so that what was read is not read for ever. */
static void the_window_is_less_than_a_minute(void **state)
{
    world *w = new_world(state, 1, 0);

    for (int i = 0; i < 50; i++) {
        go_on(w, 20, 6000);
        assert_true((w->steady + w->offset) / 1000 - w->window.cursor.from < 60);
    }
}

static void a_burst_is_forgotten_once_and_not_published_until_it_is_over(void **state)
{
    world *w = new_world(state, 1, 0);
    int before;

    go_on(w, 100, 6000);
    for (int i = 0; i < MS_FEED_MAX + 1; i++) {
        end_session(w, roll(w, 6000));
    }
    w->steady += 6000;
    before = w->published;
    poll_once(w);
    assert_int_equal(w->published, before);
    assert_int_equal(w->all_forgotten, 2);
    go_on(w, 200, 6000);
    assert_int_equal(w->all_forgotten, 3); /* once more, for those that were in flight */
    assert_true(w->published > before + 100);
    assert_int_equal(w->missed, 0);
}

static void a_clock_that_steps_hides_nothing(void **state)
{
    static const apr_int64_t steps[] = {-3600000, 3600000, -1500, 1500, -30000, 30000, 86400000};

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        world *w = new_world(state, (apr_uint32_t)i + 1, 0);

        for (int n = 0; n < 10; n++) {
            go_on(w, 40, 6000);
            w->offset += steps[i];
        }
        go_on(w, 40, 6000);
        assert_int_equal(w->missed, 0);
        assert_int_equal(w->all_forgotten > 1, steps[i] < -2000);
    }
}

static void another_server_is_noticed(void **state)
{
    world *w = new_world(state, 1, 1);
    int before;

    go_on(w, 100, 6000);
    before = w->all_forgotten;
    w->server = 2;
    go_on(w, 1, 1);
    assert_int_equal(w->all_forgotten, before + 1);
    go_on(w, 100, 1);
    before = w->all_forgotten;
    w->next -= 50; /* restored: its transactions have older numbers */
    go_on(w, 1, 1);
    assert_int_equal(w->all_forgotten, before + 1);
}

static void a_successor_reads_on(void **state)
{
    world *w = new_world(state, 1, 0);

    for (int i = 0; i < 20; i++) {
        const ms_feed_cursor cursor = w->window.cursor;

        w->window = (ms_feed_window){.cursor = cursor};
        go_on(w, 30, 6000);
    }
    assert_int_equal(w->missed, 0);
    assert_int_equal(w->all_forgotten, 1);
    w->steady += 3600000; /* the rows of sessions that ended since may have been deleted */
    go_on(w, 1, 6000);
    assert_int_equal(w->all_forgotten, 2);
}

/* The first poll cannot know which transactions are under way, unless it is told. */
static void at_the_start_it_waits_for_transactions_under_way(void **state)
{
    world *w = new_world(state, 1, 1);

    end_session(w, 60000);
    w->steady += 40000;
    go_on(w, 10, 100);
    assert_int_equal(w->published, 0);
    w->steady += 20000;
    go_on(w, 10, 100);
    assert_true(w->published > 0);
    assert_int_equal(w->missed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_missed_that_commits_late),
        TEST(nothing_is_missed_that_was_in_flight_at_the_first_poll),
        TEST(a_cursor_without_overlap_misses_some),
        TEST(nothing_is_missed_of_long_transactions),
        TEST(without_numbers_of_transactions_long_ones_are_missed),
        TEST(the_window_is_less_than_a_minute),
        TEST(a_burst_is_forgotten_once_and_not_published_until_it_is_over),
        TEST(a_clock_that_steps_hides_nothing),
        TEST(another_server_is_noticed),
        TEST(a_successor_reads_on),
        TEST(at_the_start_it_waits_for_transactions_under_way),
    };

    return RUN(tests);
}

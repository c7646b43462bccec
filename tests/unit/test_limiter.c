/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <apr_atomic.h>
#include <apr_thread_proc.h>
#include "db/limiter.h"

#define THREADS 12
#define LIMIT   (16 + 4) /* of those that wait for one connection */

typedef struct crowd {
    ms_limiter *limiter;
    volatile apr_uint32_t inside, most, refused, served, told;
} crowd;

static apr_status_t enter_and_see(ms_limiter *limiter, ms_crowd *seen)
{
    const apr_status_t rv = ms_limiter_enter(limiter, seen);

    if (rv == APR_SUCCESS) {
        ms_limiter_opened(limiter);
    }
    return rv;
}

static apr_status_t enter(ms_limiter *limiter)
{
    ms_crowd seen;

    return enter_and_see(limiter, &seen);
}

static ms_limiter *new_guard(apr_pool_t *p, int connections)
{
    ms_limiter *limiter;

    assert_int_equal(ms_limiter_create(&limiter, p), APR_SUCCESS);
    ms_limiter_resize(limiter, connections);
    return limiter;
}

static void *APR_THREAD_FUNC visit(apr_thread_t *thread, void *data)
{
    crowd *c = data;

    for (int i = 0; i < 50; i++) {
        if (enter(c->limiter) != APR_SUCCESS) {
            apr_atomic_inc32(&c->refused);
            continue;
        }
        {
            const apr_uint32_t now = apr_atomic_inc32(&c->inside) + 1;

            if (now > apr_atomic_read32(&c->most)) {
                apr_atomic_set32(&c->most, now);
            }
        }
        apr_sleep(200);
        apr_atomic_dec32(&c->inside);
        apr_atomic_inc32(&c->served);
        ms_limiter_leave(c->limiter);
    }
    apr_thread_exit(thread, APR_SUCCESS);
    return NULL;
}

static void run_crowd(apr_pool_t *p, crowd *c)
{
    apr_thread_t *threads[THREADS];
    apr_status_t rv;

    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(apr_thread_create(&threads[i], NULL, visit, c, p), APR_SUCCESS);
    }
    for (int i = 0; i < THREADS; i++) {
        apr_thread_join(&rv, threads[i]);
    }
}

static void no_more_are_inside_than_there_are_connections(void **state)
{
    crowd c = {new_guard(*state, 3), 0, 0, 0, 0, 0};

    run_crowd(*state, &c);
    assert_in_range(c.most, 1, 3);
    assert_int_equal(c.served, THREADS * 50);
    assert_int_equal(c.refused, 0);
}

static void *APR_THREAD_FUNC wait_once(apr_thread_t *thread, void *data)
{
    crowd *c = data;
    ms_crowd seen;
    const apr_status_t rv = enter_and_see(c->limiter, &seen);

    if (rv == APR_EAGAIN) {
        apr_atomic_inc32(&c->refused);
        if (seen.inside == 1 && seen.waiting == LIMIT + 1) {
            apr_atomic_inc32(&c->told);
        }
    }
    else if (rv == APR_SUCCESS) {
        apr_atomic_inc32(&c->served);
        ms_limiter_leave(c->limiter);
    }
    apr_thread_exit(thread, APR_SUCCESS);
    return NULL;
}

/* 16 wait, and 4 for each connection. The next one is rejected at once, with another result than
 * one that has waited in vain. */
static void no_more_wait_than_the_limit(void **state)
{
    enum { MORE = 10 };
    crowd c = {new_guard(*state, 1), 0, 0, 0, 0, 0};
    apr_thread_t *threads[LIMIT + MORE];
    apr_status_t rv;

    assert_int_equal(enter(c.limiter), APR_SUCCESS);
    for (int i = 0; i < LIMIT + MORE; i++) {
        assert_int_equal(apr_thread_create(&threads[i], NULL, wait_once, &c, *state), APR_SUCCESS);
    }
    for (int i = 0; i < LIMIT + MORE; i++) {
        apr_thread_join(&rv, threads[i]);
    }
    ms_limiter_leave(c.limiter);
    assert_int_equal(c.served, 0);
    assert_int_equal(c.refused, MORE);
    assert_int_equal(c.told, MORE);
}

static void one_that_is_turned_away_sees_how_many_there_are(void **state)
{
    ms_limiter *limiter = new_guard(*state, 2);
    ms_crowd seen = {7, 7};

    assert_int_equal(enter_and_see(limiter, &seen), APR_SUCCESS);
    assert_int_equal(seen.inside, 0);
    assert_int_equal(seen.waiting, 0);
    assert_int_equal(enter(limiter), APR_SUCCESS);
    assert_int_equal(enter_and_see(limiter, &seen), APR_TIMEUP);
    assert_int_equal(seen.inside, 2);
    assert_int_equal(seen.waiting, 1);
}

/* For then something else is wrong than their number. */
static void but_not_if_the_database_is_away_or_in_doubt(void **state)
{
    ms_limiter *limiter = new_guard(*state, 1);
    ms_crowd seen = {7, 7};

    assert_int_equal(enter(limiter), APR_SUCCESS);
    ms_limiter_doubt(limiter);
    assert_int_equal(enter_and_see(limiter, &seen), APR_TIMEUP);
    assert_int_equal(seen.waiting, 0);
    ms_limiter_trip(limiter);
    seen.waiting = 7;
    assert_int_equal(enter_and_see(limiter, &seen), APR_EAGAIN);
    assert_int_equal(seen.waiting, 0);
}

static void a_waiter_that_waits_too_long_is_turned_away(void **state)
{
    ms_limiter *limiter = new_guard(*state, 1);

    assert_int_equal(enter(limiter), APR_SUCCESS);
    assert_int_equal(enter(limiter), APR_TIMEUP);
    ms_limiter_leave(limiter);
    assert_int_equal(enter(limiter), APR_SUCCESS);
}

static void a_database_that_is_gone_is_left_alone_for_a_second(void **state)
{
    ms_limiter *limiter = new_guard(*state, 2);
    const apr_time_t start = apr_time_now();
    apr_status_t rv;

    ms_limiter_trip(limiter);
    assert_int_equal(enter(limiter), APR_EAGAIN);
    do {
        apr_sleep(apr_time_from_msec(20));
        rv = enter(limiter);
    } while (rv == APR_EAGAIN && apr_time_now() - start < apr_time_from_sec(20));
    assert_int_equal(rv, APR_SUCCESS);
    assert_true(apr_time_now() - start >= apr_time_from_msec(900));
}

/* At once, not after the two seconds that a thread may wait for a place. */
static void a_waiter_for_a_database_that_is_gone_is_turned_away(void **state)
{
    ms_limiter *limiter = new_guard(*state, 1);

    assert_int_equal(enter(limiter), APR_SUCCESS);
    ms_limiter_trip(limiter);
    assert_int_equal(enter(limiter), APR_EAGAIN);
    ms_limiter_leave(limiter);
    assert_int_equal(enter(limiter), APR_EAGAIN);
}

static void enter_at_last(ms_limiter *limiter)
{
    const apr_time_t start = apr_time_now();

    while (enter(limiter) != APR_SUCCESS) {
        assert_true(apr_time_now() - start < apr_time_from_sec(20));
        apr_sleep(apr_time_from_msec(20));
    }
}

/* Each of them might wait as long as the first. */
static void one_at_a_time_tries_whether_it_is_back(void **state)
{
    ms_limiter *limiter = new_guard(*state, 2);

    ms_limiter_trip(limiter);
    enter_at_last(limiter);
    assert_int_equal(enter(limiter), APR_TIMEUP);
    ms_limiter_leave(limiter);
    enter_at_last(limiter);
    ms_limiter_answered(limiter);
    assert_int_equal(enter(limiter), APR_SUCCESS);
}

static void nor_do_more_ask_one_that_did_not_answer(void **state)
{
    ms_limiter *limiter = new_guard(*state, 2);

    ms_limiter_doubt(limiter);
    assert_int_equal(enter(limiter), APR_SUCCESS);
    assert_int_equal(enter(limiter), APR_TIMEUP);
    ms_limiter_answered(limiter);
    assert_int_equal(enter(limiter), APR_SUCCESS);
}

/* The pool makes connections one after another: the last of many would wait for all before it. */
static void four_at_most_open_a_connection_at_a_time(void **state)
{
    ms_limiter *limiter = new_guard(*state, 16);

    ms_crowd seen;

    for (int i = 0; i < 4; i++) {
        assert_int_equal(ms_limiter_enter(limiter, &seen), APR_SUCCESS);
    }
    assert_int_equal(ms_limiter_enter(limiter, &seen), APR_TIMEUP);
    ms_limiter_opened(limiter);
    assert_int_equal(ms_limiter_enter(limiter, &seen), APR_SUCCESS);
}

static void one_line_a_second_may_be_logged(void **state)
{
    ms_limiter *limiter = new_guard(*state, 1);
    const apr_time_t start = apr_time_now();
    int lines = 0;

    for (int i = 0; i < 1000; i++) {
        lines += ms_limiter_may_log(limiter);
    }
    assert_in_range(lines, 1, 1 + apr_time_sec(apr_time_now() - start) + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(no_more_are_inside_than_there_are_connections),
        TEST(no_more_wait_than_the_limit),
        TEST(one_that_is_turned_away_sees_how_many_there_are),
        TEST(but_not_if_the_database_is_away_or_in_doubt),
        TEST(a_waiter_that_waits_too_long_is_turned_away),
        TEST(a_database_that_is_gone_is_left_alone_for_a_second),
        TEST(a_waiter_for_a_database_that_is_gone_is_turned_away),
        TEST(one_at_a_time_tries_whether_it_is_back),
        TEST(nor_do_more_ask_one_that_did_not_answer),
        TEST(four_at_most_open_a_connection_at_a_time),
        TEST(one_line_a_second_may_be_logged),
    };

    return RUN(tests);
}

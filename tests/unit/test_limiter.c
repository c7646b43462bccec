/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <apr_atomic.h>
#include <apr_thread_proc.h>
#include "db/limiter.h"

#define THREADS 12

typedef struct crowd {
    ms_guard *guard;
    volatile apr_uint32_t inside, most, refused, served;
} crowd;

static ms_guard *new_guard(apr_pool_t *p, int connections)
{
    ms_guard *guard;

    assert_int_equal(ms_guard_create(&guard, p), APR_SUCCESS);
    ms_guard_resize(guard, connections);
    return guard;
}

static void *APR_THREAD_FUNC visit(apr_thread_t *thread, void *data)
{
    crowd *c = data;

    for (int i = 0; i < 50; i++) {
        if (ms_guard_enter(c->guard) != APR_SUCCESS) {
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
        ms_guard_leave(c->guard);
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
    crowd c = {new_guard(*state, 3), 0, 0, 0, 0};

    run_crowd(*state, &c);
    assert_in_range(c.most, 1, 3);
    assert_int_equal(c.served, THREADS * 50);
    assert_int_equal(c.refused, 0);
}

static void whoever_waits_too_long_is_turned_away(void **state)
{
    ms_guard *guard = new_guard(*state, 1);

    assert_int_equal(ms_guard_enter(guard), APR_SUCCESS);
    assert_int_equal(ms_guard_enter(guard), APR_TIMEUP);
    ms_guard_leave(guard);
    assert_int_equal(ms_guard_enter(guard), APR_SUCCESS);
}

static void a_database_that_is_gone_is_left_alone_for_a_second(void **state)
{
    ms_guard *guard = new_guard(*state, 2);
    const apr_time_t start = apr_time_now();
    apr_status_t rv;

    ms_guard_trip(guard);
    assert_int_equal(ms_guard_enter(guard), APR_EAGAIN);
    do {
        apr_sleep(apr_time_from_msec(20));
        rv = ms_guard_enter(guard);
    } while (rv == APR_EAGAIN && apr_time_now() - start < apr_time_from_sec(20));
    assert_int_equal(rv, APR_SUCCESS);
    assert_true(apr_time_now() - start >= apr_time_from_msec(900));
}

/* Not after the two seconds that one waits for a place. */
static void whoever_would_wait_for_a_database_that_is_gone_is_turned_away(void **state)
{
    ms_guard *guard = new_guard(*state, 1);

    assert_int_equal(ms_guard_enter(guard), APR_SUCCESS);
    ms_guard_trip(guard);
    assert_int_equal(ms_guard_enter(guard), APR_EAGAIN);
    ms_guard_leave(guard);
    assert_int_equal(ms_guard_enter(guard), APR_EAGAIN);
}

static void enter_at_last(ms_guard *guard)
{
    const apr_time_t start = apr_time_now();

    while (ms_guard_enter(guard) != APR_SUCCESS) {
        assert_true(apr_time_now() - start < apr_time_from_sec(20));
        apr_sleep(apr_time_from_msec(20));
    }
}

/* Each of them might have to wait for it as long as the first. */
static void one_at_a_time_tries_whether_it_is_back(void **state)
{
    ms_guard *guard = new_guard(*state, 2);

    ms_guard_trip(guard);
    enter_at_last(guard);
    assert_int_equal(ms_guard_enter(guard), APR_TIMEUP);
    ms_guard_leave(guard);
    enter_at_last(guard);
    ms_guard_answered(guard);
    assert_int_equal(ms_guard_enter(guard), APR_SUCCESS);
}

static void nor_do_more_ask_one_that_did_not_answer(void **state)
{
    ms_guard *guard = new_guard(*state, 2);

    ms_guard_doubt(guard);
    assert_int_equal(ms_guard_enter(guard), APR_SUCCESS);
    assert_int_equal(ms_guard_enter(guard), APR_TIMEUP);
    ms_guard_answered(guard);
    assert_int_equal(ms_guard_enter(guard), APR_SUCCESS);
}

static void one_line_a_second_may_be_logged(void **state)
{
    ms_guard *guard = new_guard(*state, 1);
    const apr_time_t start = apr_time_now();
    int lines = 0;

    for (int i = 0; i < 1000; i++) {
        lines += ms_guard_may_log(guard);
    }
    assert_in_range(lines, 1, 1 + apr_time_sec(apr_time_now() - start) + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(no_more_are_inside_than_there_are_connections),
        TEST(whoever_waits_too_long_is_turned_away),
        TEST(a_database_that_is_gone_is_left_alone_for_a_second),
        TEST(whoever_would_wait_for_a_database_that_is_gone_is_turned_away),
        TEST(one_at_a_time_tries_whether_it_is_back),
        TEST(nor_do_more_ask_one_that_did_not_answer),
        TEST(one_line_a_second_may_be_logged),
    };

    return RUN(tests);
}

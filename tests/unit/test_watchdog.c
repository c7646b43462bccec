/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <sys/socket.h>
#include <unistd.h>
#include <apr_poll.h>
#include "db/watchdog.h"

/* A connection to a server that sends nothing. */
typedef struct line {
    int client, server;
    ms_watchdog *watchdog;
} line;

static line connect_to_silence(apr_pool_t *p)
{
    int ends[2];
    line made;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    made = (line){ends[0], ends[1], ms_watchdog_add(p, ends[0])};
    assert_non_null(made.watchdog);
    return made;
}

/* What the driver would see: end of file. */
static int is_over(const line *l)
{
    char byte;

    return recv(l->client, &byte, 1, MSG_DONTWAIT) == 0;
}

static void wait_for_end(const line *l)
{
    const apr_time_t start = apr_time_now();

    while (!is_over(l)) {
        assert_true(apr_time_now() - start < apr_time_from_sec(30));
        apr_sleep(apr_time_from_msec(20));
    }
}

static void only_what_keeps_a_thread_waiting_is_cut(void **state)
{
    line waited = connect_to_silence(*state), idle = connect_to_silence(*state),
         answered = connect_to_silence(*state);
    const apr_time_t start = apr_time_now();

    ms_watchdog_begin(waited.watchdog, waited.client, 1);
    ms_watchdog_begin(answered.watchdog, answered.client, 1);
    ms_watchdog_end(answered.watchdog);
    assert_false(is_over(&waited));
    wait_for_end(&waited);
    assert_true(apr_time_now() - start >= apr_time_from_sec(MS_ANSWER_WITHIN - 1));
    assert_true(ms_watchdog_was_cut(waited.watchdog));
    ms_watchdog_end(waited.watchdog);
    assert_false(is_over(&idle) || ms_watchdog_was_cut(idle.watchdog));
    assert_false(is_over(&answered) || ms_watchdog_was_cut(answered.watchdog));
}

/* The driver has closed it and connected again. Another file may have its descriptor now. */
static void the_present_socket_is_cut_not_the_one_of_before(void **state)
{
    line first = connect_to_silence(*state), other = connect_to_silence(*state);

    ms_watchdog_begin(first.watchdog, other.client, 1);
    wait_for_end(&other);
    assert_false(is_over(&first));
    ms_watchdog_end(first.watchdog);
    ms_watchdog_begin(first.watchdog, first.client, 1);
    assert_false(ms_watchdog_was_cut(first.watchdog));
    ms_watchdog_end(first.watchdog);
}

static void a_waiter_for_any_cuts_those_that_are_not_used(void **state)
{
    line idle = connect_to_silence(*state), used = connect_to_silence(*state);
    const apr_time_t start = apr_time_now();
    ms_watchdog any;

    ms_watchdog_begin_any(&any);
    while (!is_over(&idle)) {
        ms_watchdog_begin(used.watchdog, used.client, 1); /* again and again: each time is short */
        assert_true(apr_time_now() - start < apr_time_from_sec(30));
        apr_sleep(apr_time_from_msec(20));
    }
    assert_false(is_over(&used));
    ms_watchdog_end_any(&any);
    ms_watchdog_end(used.watchdog);
}

static void a_patient_thread_is_cut_at_the_end_only(void **state)
{
    line patient = connect_to_silence(*state), idle = connect_to_silence(*state),
         other = connect_to_silence(*state);
    ms_watchdog any;

    ms_watchdog_begin(patient.watchdog, patient.client, 0);
    ms_watchdog_begin_any(&any);
    wait_for_end(&idle);
    ms_watchdog_end_any(&any);
    assert_false(is_over(&patient) || ms_watchdog_was_cut(patient.watchdog));
    ms_watchdog_begin(patient.watchdog, other.client, 0); /* the driver has connected again */
    ms_watchdog_cut_all();
    assert_true(is_over(&other) && ms_watchdog_end(patient.watchdog));
}

static void no_wait_begins_in_a_child_that_ends(void **state)
{
    line late = connect_to_silence(*state), again = connect_to_silence(*state);

    ms_watchdog_cut_all();
    assert_true(is_over(&late));
    ms_watchdog_begin(late.watchdog, again.client, 0);
    assert_true(is_over(&again) && ms_watchdog_was_cut(late.watchdog));
    ms_watchdog_end(late.watchdog);
}

static void without_a_socket_there_is_nothing_to_cut(void **state)
{
    assert_null(ms_watchdog_add(*state, -1));
    ms_watchdog_begin(NULL, -1, 1);
    ms_watchdog_end(NULL);
}

/* As in a child without a database server. */
static void without_a_watchdog_there_is_nothing_to_cut(void **state)
{
    ms_watchdog_cut_all();
    assert_null(ms_watchdog_add(*state, 0));
}

static int start(void **state)
{
    return unit_setup(state) || ms_watchdog_child_init(*state) != APR_SUCCESS;
}

#define TEST_HERE(name) cmocka_unit_test_setup_teardown(name, start, unit_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_a_watchdog_there_is_nothing_to_cut),
        TEST_HERE(only_what_keeps_a_thread_waiting_is_cut),
        TEST_HERE(the_present_socket_is_cut_not_the_one_of_before),
        TEST_HERE(a_waiter_for_any_cuts_those_that_are_not_used),
        TEST_HERE(a_patient_thread_is_cut_at_the_end_only),
        TEST_HERE(no_wait_begins_in_a_child_that_ends),
        TEST_HERE(without_a_socket_there_is_nothing_to_cut),
    };

    return RUN(tests);
}

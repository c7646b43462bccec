/* SPDX-License-Identifier: Apache-2.0 */
/*
 * src/session/open_requests.c: how the two connections of a request end with its session.
 */
#include "unit.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <sys/socket.h>
#include <apr_atomic.h>
#include "core/clock.h"
#include "session/open_requests.h"

#define WITHIN_MS 20000 /* a busy machine */

/* ---- a session that has ended, unless a test lets it live -------------------------------------
 */

static volatile apr_uint32_t is_live, looks;

static apr_uint64_t endings(void *place, const char *id, const char *user)
{
    (void)place, (void)id, (void)user;
    apr_atomic_inc32(&looks);
    return !apr_atomic_read32(&is_live); /* 0 when the request was entered */
}

static apr_int64_t verify_every(void *place)
{
    (void)place;
    return WITHIN_MS;
}

static apr_status_t look_up(void *place, ms_open_question *questions, int n, apr_pool_t *p)
{
    (void)place, (void)p;
    for (int i = 0; i < n; i++) {
        questions[i].expires_at = 0;
    }
    return APR_SUCCESS;
}

static void notify(void *place, const char *id, const char *user, int n, apr_pool_t *p)
{
    (void)place, (void)id, (void)user, (void)n, (void)p;
}

static const ms_open_functions functions = {endings, verify_every, look_up, notify};

/* ---- connections ----------------------------------------------------------------------------- */

/* ends[0] is httpd's, ends[1] the other side's, which does not block. */
static void connect_tcp(int ends[2])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(address);
    const int listener = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    ends[0] = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(ends[0], (struct sockaddr *)&address, len), 0);
    ends[1] = accept(listener, NULL, NULL);
    assert_int_equal(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    close(listener);
}

/* Until neither kernel takes more, as an application does whose response is read slowly. */
static void fill(int fd)
{
    static const char data[65536];
    struct pollfd writable = {fd, POLLOUT, 0};

    while (poll(&writable, 1, 100) == 1) {
        assert_true(write(fd, data, sizeof(data)) > 0);
    }
}

/* Whether the other side is notified, without a read or write of its own. */
static short notified_of(int fd, short event)
{
    struct pollfd waiting = {fd, event, 0};

    return poll(&waiting, 1, WITHIN_MS) == 1 ? waiting.revents : 0;
}

static void enter_as(ms_open_request *open, const int client[2], const int application[2],
                     const void *shared, int closes)
{
    memset(open, 0, sizeof(*open));
    open->id = "AAAAAAAAAAAAAAAAAAAAAA";
    open->user = "alice";
    open->shared = shared;
    open->expires_at = APR_INT64_MAX;
    open->client = dup(client[0]);
    open->application = MS_NO_DUPLICATE;
    ms_open_requests_enter(open);
    ms_open_requests_set_application(open, dup(application[0]), closes);
}

static void enter(ms_open_request *open, const int client[2], const int application[2])
{
    enter_as(open, client, application, NULL, 0);
}

static void leave(ms_open_request *open, const int client[2], const int application[2])
{
    ms_open_requests_leave(open);
    for (int i = 0; i < 2; i++) {
        close(client[i]);
        close(application[i]);
    }
}

/* ---- stories --------------------------------------------------------------------------------- */

/* Its window is closed: an end of file alone would leave it waiting until the kernel forgets the
 * connection, a minute or more. */
static void an_application_that_cannot_write_is_notified(void **state)
{
    int client[2], application[2];
    ms_open_request open;

    connect_tcp(client);
    connect_tcp(application);
    fill(application[1]);
    assert_int_equal(ms_open_requests_child_init(*state, &functions), APR_SUCCESS);
    enter(&open, client, application);
    assert_true(notified_of(client[1], 0) & POLLERR);
    assert_true(notified_of(application[1], 0) & POLLERR);
    assert_int_equal(ms_open_requests_state(&open), MS_OPEN_CUT);
    leave(&open, client, application);
}

static void an_application_that_was_reached_later_is_cut_too(void **state)
{
    int client[2], application[2], other[2];
    ms_open_request open;

    connect_tcp(client);
    connect_tcp(application);
    connect_tcp(other);
    assert_int_equal(ms_open_requests_child_init(*state, &functions), APR_SUCCESS);
    enter(&open, client, application);
    assert_true(notified_of(client[1], 0) & POLLERR);
    fill(other[1]);
    ms_open_requests_set_application(&open, dup(other[0]), 0);
    assert_true(notified_of(other[1], 0) & POLLERR);
    leave(&open, client, application);
    close(other[0]);
    close(other[1]);
}

/* An event stream and a WebSocket on one HTTP/2 connection. */
static void a_close_frame_is_not_lost_by_the_end_of_another_request(void **state)
{
    int client[2], stream[2], web_socket[2];
    ms_open_request first, second;
    char byte;

    connect_tcp(client);
    connect_tcp(stream);
    connect_tcp(web_socket);
    assert_int_equal(ms_open_requests_child_init(*state, &functions), APR_SUCCESS);
    enter_as(&second, client, web_socket, client, 1);
    enter_as(&first, client, stream, client, 0);
    assert_true(notified_of(web_socket[0], POLLIN) & POLLIN);
    assert_int_equal(write(client[0], "x", 1), 1);
    assert_true(notified_of(client[1], POLLIN) & POLLIN);
    assert_int_equal(read(client[1], &byte, 1), 1);
    assert_true(notified_of(client[1], 0) & POLLERR); /* it does not close */
    assert_true(notified_of(stream[1], 0) & POLLERR);
    leave(&first, client, stream);
    ms_open_requests_leave(&second);
    close(web_socket[0]);
    close(web_socket[1]);
}

static void wait_ms(int milliseconds)
{
    apr_sleep(apr_time_from_msec(milliseconds));
}

/* Whether its request is left open for some looks; true, too, if the machine was too busy to tell.
 */
static int stays_open(const ms_open_request *open)
{
    const apr_int64_t began = ms_clock_steady_ms();

    wait_ms(3 * MS_OPEN_LOOK_MS);
    return ms_open_requests_state(open) == MS_OPEN_LIVE ||
           ms_clock_steady_ms() - began >= MS_OPEN_HOLD / 2;
}

/* Two whole looks, at one request. */
static void wait_for_looks(void)
{
    const apr_uint32_t before = apr_atomic_read32(&looks);

    while (apr_atomic_read32(&looks) < before + 2) {
        wait_ms(MS_OPEN_LOOK_MS / 10);
    }
}

static void what_is_held_is_cut_when_it_is_released(void **state)
{
    int client[2], application[2], holder;
    ms_open_request open;

    connect_tcp(client);
    connect_tcp(application);
    assert_int_equal(ms_open_requests_child_init(*state, &functions), APR_SUCCESS);
    apr_atomic_set32(&is_live, 1);
    enter_as(&open, client, application, client, 0);
    ms_open_requests_hold(client, &holder);
    apr_atomic_set32(&is_live, 0);
    assert_true(stays_open(&open));
    ms_open_requests_release(client, &holder);
    assert_true(notified_of(client[1], 0) & POLLERR);
    leave(&open, client, application);
}

/* A new one every few milliseconds, as long as it takes. */
static void no_number_of_holders_keeps_it_open(void **state)
{
    const apr_int64_t until = ms_clock_steady_ms() + WITHIN_MS;
    int client[2], application[2];
    char holders[2];
    ms_open_request open;

    connect_tcp(client);
    connect_tcp(application);
    assert_int_equal(ms_open_requests_child_init(*state, &functions), APR_SUCCESS);
    enter_as(&open, client, application, client, 0);
    for (int i = 0; ms_open_requests_state(&open) == MS_OPEN_LIVE; i++) {
        ms_open_requests_hold(client, &holders[i % 2]);
        wait_ms(MS_OPEN_LOOK_MS / 10);
        ms_open_requests_hold(client, &holders[(i + 1) % 2]);
        ms_open_requests_release(client, &holders[i % 2]);
        assert_true(ms_clock_steady_ms() < until);
    }
    leave(&open, client, application);
}

static void one_holder_that_never_ends_does_not_keep_it_open(void **state)
{
    int client[2], application[2], holder;
    ms_open_request open;

    connect_tcp(client);
    connect_tcp(application);
    assert_int_equal(ms_open_requests_child_init(*state, &functions), APR_SUCCESS);
    enter_as(&open, client, application, client, 0);
    ms_open_requests_hold(client, &holder);
    assert_true(notified_of(client[1], 0) & POLLERR);
    leave(&open, client, application);
}

/* An hour later, another page signs out. */
static void what_was_looked_at_can_be_held_again(void **state)
{
    int client[2], application[2];
    char holders[2];
    ms_open_request open;

    connect_tcp(client);
    connect_tcp(application);
    assert_int_equal(ms_open_requests_child_init(*state, &functions), APR_SUCCESS);
    apr_atomic_set32(&is_live, 1);
    enter_as(&open, client, application, client, 0);
    ms_open_requests_hold(client, &holders[0]);
    ms_open_requests_release(client, &holders[0]);
    wait_ms(MS_OPEN_HOLD_OTHERS + 1);
    wait_for_looks();
    ms_open_requests_hold(client, &holders[1]);
    apr_atomic_set32(&is_live, 0);
    assert_true(stays_open(&open));
    ms_open_requests_release(client, &holders[1]);
    assert_true(notified_of(client[1], 0) & POLLERR);
    leave(&open, client, application);
}

/* A connection of no TCP cannot be reset. */
static void an_application_at_a_unix_socket_reads_the_end(void **state)
{
    int client[2], application[2];
    ms_open_request open;

    connect_tcp(client);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, application), 0);
    assert_int_equal(ms_open_requests_child_init(*state, &functions), APR_SUCCESS);
    enter(&open, client, application);
    assert_true(notified_of(application[1], POLLIN) & POLLIN);
    leave(&open, client, application);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_application_that_cannot_write_is_notified),
        TEST(an_application_that_was_reached_later_is_cut_too),
        TEST(a_close_frame_is_not_lost_by_the_end_of_another_request),
        TEST(what_is_held_is_cut_when_it_is_released),
        TEST(no_number_of_holders_keeps_it_open),
        TEST(one_holder_that_never_ends_does_not_keep_it_open),
        TEST(what_was_looked_at_can_be_held_again),
        TEST(an_application_at_a_unix_socket_reads_the_end),
    };

    return RUN(tests);
}

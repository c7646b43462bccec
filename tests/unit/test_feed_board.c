/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "db/feed_board.h"

#define NOW   ((apr_int64_t)1000000)
#define LEASE ((apr_int64_t)1000)

static const unsigned char tag[MS_FEED_TAG_LEN] = "a table";
static const unsigned char other_tag[MS_FEED_TAG_LEN] = "another table";

static ms_feed_board *new_board(void)
{
    void *memory =
        mmap(NULL, ms_feed_board_size(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    assert_true(memory != MAP_FAILED);
    return memory;
}

static void each_table_has_a_place(void **state)
{
    ms_feed_board *board = new_board();
    ms_feed_place *place = ms_feed_board_place(board, tag);

    (void)state;
    assert_non_null(place);
    assert_ptr_equal(ms_feed_board_place(board, tag), place);
    assert_ptr_not_equal(ms_feed_board_place(board, other_tag), place);
    for (int i = 2; i < MS_FEED_TABLES; i++) {
        const unsigned char more[MS_FEED_TAG_LEN] = {(unsigned char)i, 1};

        assert_non_null(ms_feed_board_place(board, more));
    }
    assert_null(ms_feed_board_place(board, (const unsigned char *)"one too many...."));
    assert_ptr_equal(ms_feed_board_place(board, tag), place);
}

/* What another process gets that tries to be the poller. */
static int can_another(ms_feed_place *place, apr_int64_t now)
{
    const pid_t pid = fork();
    int status;

    if (pid == 0) {
        _exit(ms_feed_place_take(place, 0, now, LEASE));
    }
    waitpid(pid, &status, 0);
    return WEXITSTATUS(status);
}

static void one_process_polls(void **state)
{
    ms_feed_place *place = ms_feed_board_place(new_board(), tag);

    (void)state;
    assert_true(ms_feed_place_take(place, 0, NOW, LEASE));
    assert_false(can_another(place, NOW + LEASE - 1));
    assert_true(ms_feed_place_take(place, 1, NOW + LEASE - 1, LEASE));
    assert_false(can_another(place, NOW + LEASE));
}

static void one_that_does_not_renew_its_lease_is_replaced(void **state)
{
    ms_feed_place *place = ms_feed_board_place(new_board(), tag);

    (void)state;
    assert_true(ms_feed_place_take(place, 0, NOW, LEASE));
    assert_true(can_another(place, NOW + LEASE));
}

static void one_that_has_ended_is_replaced_at_once(void **state)
{
    ms_feed_place *place = ms_feed_board_place(new_board(), tag);

    (void)state;
    assert_true(can_another(place, NOW));
    assert_true(ms_feed_place_take(place, 0, NOW, LEASE));
}

static void one_that_leaves_is_replaced_at_once(void **state)
{
    ms_feed_place *place = ms_feed_board_place(new_board(), tag);

    (void)state;
    assert_true(ms_feed_place_take(place, 0, NOW, LEASE));
    ms_feed_place_leave(place);
    assert_true(can_another(place, NOW));
}

/* It was stopped, another took over, and it goes on. */
static void one_that_was_replaced_notices(void **state)
{
    ms_feed_place *place = ms_feed_board_place(new_board(), tag);
    int ready[2];
    char byte;
    pid_t pid;

    (void)state;
    assert_int_equal(pipe(ready), 0);
    assert_true(ms_feed_place_take(place, 0, NOW, LEASE));
    pid = fork();
    if (pid == 0) {
        byte = (char)ms_feed_place_take(place, 0, NOW + LEASE, LEASE);
        (void)!write(ready[1], &byte, 1);
        pause();
        _exit(0);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(byte, 1);
    assert_false(ms_feed_place_take(place, 1, NOW + LEASE + 1, LEASE));
    ms_feed_place_leave(place); /* not its own */
    assert_false(ms_feed_place_take(place, 0, NOW + LEASE + 1, LEASE));
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    assert_true(ms_feed_place_take(place, 0, NOW + LEASE + 1, LEASE));
}

/* A child may get the process id of one that was killed while it polled. */
static void a_lease_of_a_predecessor_with_our_process_id_counts_for_nothing(void **state)
{
    ms_feed_place *place = ms_feed_board_place(new_board(), tag);

    (void)state;
    assert_true(ms_feed_place_take(place, 0, NOW, LEASE));
    assert_true(ms_feed_place_take(place, 0, NOW, LEASE));
}

static void what_was_published_never_goes_back(void **state)
{
    ms_feed_place *place = ms_feed_board_place(new_board(), tag);

    (void)state;
    assert_int_equal(ms_feed_place_began(place), 0);
    ms_feed_place_publish(place, NOW);
    ms_feed_place_publish(place, NOW - 1);
    assert_int_equal(ms_feed_place_began(place), NOW);
}

static void a_cursor_is_handed_on(void **state)
{
    const ms_feed_cursor saved = {1, 2, 3, 4, 5};
    ms_feed_place *place = ms_feed_board_place(new_board(), tag);
    ms_feed_cursor loaded;

    (void)state;
    ms_feed_place_load(place, &loaded);
    assert_int_equal(loaded.now, 0);
    ms_feed_place_save(place, &saved);
    ms_feed_place_load(place, &loaded);
    assert_memory_equal(&loaded, &saved, sizeof(saved));
}

static void the_highest_failure_since_a_success_is_kept(void **state)
{
    ms_feed_place *place = ms_feed_board_place(new_board(), tag);

    (void)state;
    assert_int_equal(ms_feed_place_fails(place, MS_FEED_AWAY), MS_FEED_NO_FAILURE);
    assert_int_equal(ms_feed_place_fails(place, MS_FEED_AWAY), MS_FEED_AWAY);
    assert_int_equal(ms_feed_place_fails(place, MS_FEED_UNSUITABLE), MS_FEED_AWAY);
    assert_int_equal(ms_feed_place_fails(place, MS_FEED_AWAY), MS_FEED_UNSUITABLE);
    assert_int_equal(ms_feed_place_fails(place, MS_FEED_AWAY), MS_FEED_UNSUITABLE);
    assert_int_equal(ms_feed_place_fails(place, MS_FEED_NO_FAILURE), MS_FEED_UNSUITABLE);
    assert_int_equal(ms_feed_place_fails(place, MS_FEED_NO_FAILURE), MS_FEED_NO_FAILURE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_table_has_a_place),
        TEST(one_process_polls),
        TEST(one_that_does_not_renew_its_lease_is_replaced),
        TEST(one_that_has_ended_is_replaced_at_once),
        TEST(one_that_leaves_is_replaced_at_once),
        TEST(one_that_was_replaced_notices),
        TEST(a_lease_of_a_predecessor_with_our_process_id_counts_for_nothing),
        TEST(what_was_published_never_goes_back),
        TEST(a_cursor_is_handed_on),
        TEST(the_highest_failure_since_a_success_is_kept),
    };

    return RUN(tests);
}

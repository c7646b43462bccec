/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "db/touch_queue.h"

#define NOW   ((apr_int64_t)5000000) /* milliseconds */
#define TABLE 3

static ms_queued_touch found[MS_TOUCHES_MAX];

static ms_touch_queue *new_queue(void)
{
    ms_touch_queue *queue = mmap(NULL, ms_touch_queue_size(), PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    assert_true(queue != MAP_FAILED);
    ms_touch_queue_serve(queue, TABLE, NOW);
    return queue;
}

static ms_queued_touch touch_of(int number)
{
    ms_queued_touch touch = {.seen = 1000 + number, .due = 900, .expires = 2000 + number};

    snprintf(touch.id, sizeof(touch.id), "session-%014d", number);
    snprintf(touch.ip, sizeof(touch.ip), "192.0.2.%d", number % 256);
    return touch;
}

static int add(ms_touch_queue *queue, int number)
{
    const ms_queued_touch touch = touch_of(number);

    return ms_touch_queue_add(queue, TABLE, &touch, NOW);
}

static int read_all(ms_touch_queue *queue)
{
    int at = 0;

    return ms_touch_queue_read(queue, TABLE, &at, found, MS_TOUCHES_MAX);
}

static void what_is_added_is_read_until_it_is_removed(void **state)
{
    ms_touch_queue *queue = new_queue();
    const ms_queued_touch touch = touch_of(7);

    (void)state;
    assert_int_equal(read_all(queue), 0);
    assert_true(add(queue, 7));
    assert_int_equal(read_all(queue), 1);
    assert_int_equal(read_all(queue), 1);
    assert_memory_equal(&found[0], &touch, offsetof(ms_queued_touch, slot));
    ms_touch_queue_remove(queue, &found[0]);
    assert_int_equal(read_all(queue), 0);
}

static void nothing_is_added_if_no_process_writes(void **state)
{
    ms_touch_queue *queue = new_queue();
    const ms_queued_touch touch = touch_of(1);

    (void)state;
    ms_touch_queue_serve(queue, TABLE, 0);
    assert_false(add(queue, 1));
    ms_touch_queue_serve(queue, TABLE, NOW - 60000);
    assert_false(add(queue, 1));
    ms_touch_queue_serve(queue, TABLE, NOW + 1); /* by another process, a moment ago */
    assert_true(ms_touch_queue_add(queue, TABLE, &touch, NOW));
}

static void each_table_has_its_own(void **state)
{
    ms_touch_queue *queue = new_queue();
    const ms_queued_touch touch = touch_of(2);
    int at = 0;

    (void)state;
    assert_false(ms_touch_queue_add(queue, 0, &touch, NOW));
    ms_touch_queue_serve(queue, 0, NOW);
    ms_touch_queue_serve(queue, MS_TOUCH_TABLES - 1, NOW);
    assert_true(ms_touch_queue_add(queue, 0, &touch, NOW));
    assert_true(ms_touch_queue_add(queue, MS_TOUCH_TABLES - 1, &touch, NOW));
    assert_int_equal(read_all(queue), 0);
    assert_int_equal(ms_touch_queue_read(queue, 0, &at, found, MS_TOUCHES_MAX), 1);
    assert_int_equal(ms_touch_queue_read(queue, MS_TOUCH_TABLES - 1, &at, found, MS_TOUCHES_MAX),
                     1);
}

/* A request must write its touch then. All that were taken can be read, in parts. */
static void a_full_queue_takes_no_more(void **state)
{
    ms_touch_queue *queue = new_queue();
    int taken = 0, at = 0, n, sum = 0;

    (void)state;
    for (int i = 0; i < 4 * MS_TOUCHES_MAX; i++) {
        taken += add(queue, i);
    }
    assert_in_range(taken, MS_TOUCHES_MAX * 9 / 10, MS_TOUCHES_MAX);
    assert_int_equal(read_all(queue), taken);
    while ((n = ms_touch_queue_read(queue, TABLE, &at, found, 100)) > 0) {
        for (int i = 0; i < n; i++) {
            ms_touch_queue_remove(queue, &found[i]);
        }
        sum += n;
    }
    assert_int_equal(sum, taken);
    assert_true(add(queue, 1));
}

/* Half of it may be used before one does not find a place. */
static void a_queue_that_is_half_full_takes_almost_all(void **state)
{
    ms_touch_queue *queue = new_queue();
    int taken = 0;

    (void)state;
    for (int i = 0; i < MS_TOUCHES_MAX / 2; i++) {
        taken += add(queue, i);
    }
    assert_true(taken >= MS_TOUCHES_MAX / 2 - 5);
}

static void a_touch_that_was_removed_already_removes_no_later_one(void **state)
{
    ms_touch_queue *queue = new_queue();
    ms_queued_touch first;

    (void)state;
    assert_true(add(queue, 1));
    assert_int_equal(read_all(queue), 1);
    first = found[0];
    ms_touch_queue_remove(queue, &first);
    assert_true(add(queue, 1));
    ms_touch_queue_remove(queue, &first);
    assert_int_equal(read_all(queue), 1);
}

/* Addresses come from other modules, and go into JSON. */
static void what_json_would_have_to_escape_is_not_taken(void **state)
{
    static const char *const unfit[] = {"\"", "\\", " ", "\n", "\x7f", "\xc3\xa4"};
    ms_touch_queue *queue = new_queue();

    (void)state;
    for (size_t i = 0; i < COUNT(unfit); i++) {
        ms_queued_touch touch = touch_of(1);

        snprintf(touch.ip, sizeof(touch.ip), "10.0.0.1%s", unfit[i]);
        assert_false(ms_touch_queue_add(queue, TABLE, &touch, NOW));
        touch = touch_of(1);
        snprintf(touch.id, sizeof(touch.id), "%s", unfit[i]);
        assert_false(ms_touch_queue_add(queue, TABLE, &touch, NOW));
    }
    assert_int_equal(read_all(queue), 0);
}

/* Adds until it is killed, so that sooner or later it is killed while it fills a slot. */
static void killed_while_it_adds(ms_touch_queue *queue)
{
    const pid_t pid = fork();
    int status;

    if (pid == 0) {
        for (int i = 0;; i++) {
            (void)add(queue, i);
        }
    }
    usleep(2000);
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
}

static void slots_of_killed_processes_are_used_again(void **state)
{
    ms_touch_queue *queue = new_queue();

    (void)state;
    for (int round = 0; round < 50; round++) {
        int n;

        killed_while_it_adds(queue);
        n = read_all(queue);
        for (int i = 0; i < n; i++) {
            const ms_queued_touch touch = touch_of((int)(found[i].seen - 1000));

            assert_memory_equal(&found[i], &touch, offsetof(ms_queued_touch, slot));
            ms_touch_queue_remove(queue, &found[i]);
        }
    }
    for (int i = 0; i < 100 * MS_TOUCHES_MAX; i++) {
        (void)add(queue, i);
    }
    assert_int_equal(read_all(queue), MS_TOUCHES_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(what_is_added_is_read_until_it_is_removed),
                                       TEST(nothing_is_added_if_no_process_writes),
                                       TEST(each_table_has_its_own),
                                       TEST(a_full_queue_takes_no_more),
                                       TEST(a_queue_that_is_half_full_takes_almost_all),
                                       TEST(a_touch_that_was_removed_already_removes_no_later_one),
                                       TEST(what_json_would_have_to_escape_is_not_taken),
                                       TEST(slots_of_killed_processes_are_used_again)};

    return RUN(tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>
#include <sys/wait.h>
#include <apr_time.h>
#include "db/write_lock.h"

static ms_write_lock *make_lock(apr_pool_t *p)
{
    assert_int_equal(ms_write_lock_init(p), APR_SUCCESS);
    return ms_write_lock_of("/var/lib/managed-session/sessions.db");
}

/* Another process that has the lock, until it is killed. */
static pid_t hold_elsewhere(ms_write_lock *lock)
{
    int ready[2];
    pid_t child;
    char byte;

    assert_int_equal(pipe(ready), 0);
    child = fork();
    if (child == 0) {
        ms_write_lock_take(lock, 1000);
        if (write(ready[1], "x", 1) == 1) {
            pause();
        }
        _exit(0);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return child;
}

static void end(pid_t child)
{
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

static void it_is_taken_and_released(void **state)
{
    ms_write_lock *lock = make_lock(*state);

    for (int i = 0; i < 3; i++) {
        assert_true(ms_write_lock_take(lock, 0));
        ms_write_lock_release(lock);
    }
}

static void the_same_file_has_the_same_lock(void **state)
{
    make_lock(*state);
    assert_ptr_equal(ms_write_lock_of("/a.db"), ms_write_lock_of(apr_pstrdup(*state, "/a.db")));
}

static void a_process_that_waits_for_another_gives_up_in_time(void **state)
{
    ms_write_lock *lock = make_lock(*state);
    const pid_t child = hold_elsewhere(lock);

    assert_false(ms_write_lock_take(lock, 0));
    assert_false(ms_write_lock_take(lock, 30));
    end(child);
}

/* The end of the wait has more nanoseconds than a second has, before it is carried over. */
static void a_wait_may_end_in_the_next_second(void **state)
{
    ms_write_lock *lock = make_lock(*state);
    const pid_t child = hold_elsewhere(lock);
    struct timespec begun, over;

    clock_gettime(CLOCK_REALTIME, &begun);
    assert_false(ms_write_lock_take(lock, 1000 - begun.tv_nsec / 1000000));
    clock_gettime(CLOCK_REALTIME, &over);
    assert_true(over.tv_sec > begun.tv_sec);
    end(child);
}

static void a_killed_process_does_not_keep_it(void **state)
{
    ms_write_lock *lock = make_lock(*state);

    for (int i = 0; i < 3; i++) {
        end(hold_elsewhere(lock));
        assert_true(ms_write_lock_take(lock, 1000));
        ms_write_lock_release(lock);
    }
}

/* Its state as the kernel tells it; 'S': it sleeps. */
static char state_of(apr_pool_t *p, pid_t pid)
{
    char text[256] = "";
    FILE *stat = fopen(apr_psprintf(p, "/proc/%d/stat", (int)pid), "r");
    const char *name_end;

    assert_non_null(stat);
    assert_true(fread(text, 1, sizeof(text) - 1, stat) > 0);
    fclose(stat);
    name_end = strrchr(text, ')');
    assert_non_null(name_end);
    return name_end[2];
}

/* Takes the lock as soon as it can, and keeps it. */
static pid_t wait_elsewhere(apr_pool_t *p, ms_write_lock *lock)
{
    const pid_t child = fork();

    if (child == 0) {
        ms_write_lock_take(lock, 60000);
        pause();
        _exit(0);
    }
    do {
        usleep(1000);
    } while (state_of(p, child) != 'S');
    return child;
}

static void one_that_waits_has_it_before_the_one_that_released_it(void **state)
{
    ms_write_lock *lock = make_lock(*state);

    for (int i = 0; i < 20; i++) {
        pid_t child;
        int is_taken;

        assert_true(ms_write_lock_take(lock, 1000));
        child = wait_elsewhere(*state, lock);
        ms_write_lock_release(lock);
        is_taken = ms_write_lock_take(lock, 0);
        end(child);
        assert_false(is_taken);
    }
}

static void if_its_holder_is_killed_one_that_waits_has_it(void **state)
{
    ms_write_lock *lock = make_lock(*state);
    const pid_t holder = hold_elsewhere(lock), next = wait_elsewhere(*state, lock);
    int is_taken;

    end(holder);
    is_taken = ms_write_lock_take(lock, 0);
    end(next);
    assert_false(is_taken);
    assert_true(ms_write_lock_take(lock, 1000));
    ms_write_lock_release(lock);
}

/* A process that is stopped may have it, or be next, for long. */
static void after_a_wait_in_vain_it_is_not_waited_for(void **state)
{
    ms_write_lock *lock = make_lock(*state);
    const pid_t child = hold_elsewhere(lock);
    const apr_time_t start = apr_time_now();
    int is_taken;

    is_taken = ms_write_lock_take(lock, 300);
    end(child);
    assert_false(is_taken);
    assert_false(ms_write_lock_take(lock, 1000)); /* though it is free */
    while (!ms_write_lock_take(lock, 1000)) {
        assert_true(apr_time_now() - start < apr_time_from_sec(60));
        usleep(10000);
    }
    ms_write_lock_release(lock);
}

static void without_memory_there_is_none(void **state)
{
    apr_pool_t *conf;

    apr_pool_create(&conf, *state);
    make_lock(conf);
    apr_pool_destroy(conf);
    assert_null(ms_write_lock_of("/a.db"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_is_taken_and_released),
        TEST(the_same_file_has_the_same_lock),
        TEST(a_process_that_waits_for_another_gives_up_in_time),
        TEST(a_wait_may_end_in_the_next_second),
        TEST(a_killed_process_does_not_keep_it),
        TEST(one_that_waits_has_it_before_the_one_that_released_it),
        TEST(if_its_holder_is_killed_one_that_waits_has_it),
        TEST(after_a_wait_in_vain_it_is_not_waited_for),
        TEST(without_memory_there_is_none),
    };

    return RUN(tests);
}

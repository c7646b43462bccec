/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Put before the C library's functions: a process that crashes writes its stack to the file that
 * TEST_CRASHES names, and then ends as it would have. httpd's own handlers for these signals are
 * left out; they write no stack.
 */
#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FRAMES 64

typedef int sigaction_fn(int number, const struct sigaction *action, struct sigaction *old);

static sigaction_fn *original;
static int file = -1; /* opened at the start: a process that crashes may have no descriptor left */

static int is_crash(int number)
{
    return number == SIGSEGV || number == SIGBUS || number == SIGABRT || number == SIGILL ||
           number == SIGFPE;
}

/* Two children may crash at the same moment. The lock is of a process: children share the file. */
static void write_stack(int number)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    void *frames[FRAMES];
    char line[80];
    const int n = backtrace(frames, FRAMES);

    fcntl(file, F_SETLKW, &whole);
    snprintf(line, sizeof(line), "crash of %d by signal %d\n", (int)getpid(), number);
    (void)!write(file, line, strlen(line));
    backtrace_symbols_fd(frames, n, file);
    (void)!write(file, "\n", 1);
    whole.l_type = F_UNLCK;
    fcntl(file, F_SETLK, &whole);
}

/* The first thread that crashes ends the process. */
static void on_crash(int number)
{
    static atomic_flag has_crashed = ATOMIC_FLAG_INIT;
    const struct sigaction as_before = {.sa_handler = SIG_DFL};

    while (atomic_flag_test_and_set(&has_crashed)) {
        pause();
    }
    write_stack(number);
    original(number, &as_before, NULL);
    raise(number); /* blocked until this returns */
}

__attribute__((constructor)) static void catch_crashes(void)
{
    const int numbers[] = {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE};
    struct sigaction action = {.sa_handler = on_crash};
    const char *name = getenv("TEST_CRASHES");
    void *frame;

    original = (sigaction_fn *)dlsym(RTLD_NEXT, "sigaction");
    file = name ? open(name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644) : -1;
    if (file < 0) {
        return;
    }
    (void)backtrace(&frame, 1); /* the first call loads a library */
    sigfillset(&action.sa_mask); /* a crash within the handler ends the process */
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        original(numbers[i], &action, NULL);
    }
}

int sigaction(int number, const struct sigaction *action, struct sigaction *old)
{
    if (!original) {
        original = (sigaction_fn *)dlsym(RTLD_NEXT, "sigaction");
    }
    return original(number, file >= 0 && is_crash(number) ? NULL : action, old);
}

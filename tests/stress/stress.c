/* SPDX-License-Identifier: Apache-2.0 */
#include "stress.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <apr_general.h>

#define PROCESSES_MAX 16
#define THREADS_MAX   64
#define END_WITHIN    60 /* seconds: a lock that is never free is wrong, too */

static _Atomic int
    *wrongs; /* of all processes: one that ends is killed before the parent sees why */

int stress_begin(int argc, char **argv)
{
    const int seconds = argc > 1 ? atoi(argv[1]) : 5;

    apr_initialize();
    wrongs = stress_share(sizeof(*wrongs));
    alarm((unsigned)seconds + END_WITHIN);
    return seconds;
}

int stress_end(int ok)
{
    ok = ok && *wrongs == 0;
    printf("%s: %s\n", program_invocation_short_name, ok ? "ok" : "FAILED");
    return ok ? 0 : 1;
}

void *stress_share(apr_size_t size)
{
    void *memory =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (memory == MAP_FAILED) {
        perror("mmap");
        exit(2);
    }
    return memory;
}

apr_uint32_t stress_roll(apr_uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

void stress_wrong(const char *what)
{
    fprintf(stderr, "wrong: %s\n", what);
    atomic_fetch_add(wrongs, 1);
    _exit(1);
}

apr_uint32_t stress_number(const void *data)
{
    return (apr_uint32_t)(apr_uintptr_t)data;
}

static apr_thread_t *start_thread(apr_thread_start_t work, apr_uintptr_t number, apr_pool_t *p)
{
    apr_thread_t *thread;

    if (apr_thread_create(&thread, NULL, work, (void *)number, p) != APR_SUCCESS) {
        stress_wrong("a thread cannot be started");
    }
    return thread;
}

static void end(int unused)
{
    (void)unused;
    _exit(0); /* with another code, if ThreadSanitizer has found a race */
}

pid_t stress_fork(void (*work)(void))
{
    const pid_t pid = fork();

    if (pid != 0) {
        return pid;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGTERM, end);
    work();
    _exit(0);
}

static struct {
    void (*begin)(void);
    apr_thread_start_t work;
    int threads;
    apr_uintptr_t first; /* number */
} crew;                  /* of the next process */

static void work_until_the_end(void)
{
    apr_pool_t *p;

    if (crew.begin) {
        crew.begin();
    }
    apr_pool_create(&p, NULL);
    for (int i = 0; i < crew.threads; i++) {
        start_thread(crew.work, crew.first + (apr_uintptr_t)i, p);
    }
    for (;;) {
        pause();
    }
}

static pid_t start(void (*begin)(void), apr_thread_start_t work, int threads)
{
    crew.first = crew.first ? crew.first + (apr_uintptr_t)crew.threads : 1;
    crew.begin = begin;
    crew.work = work;
    crew.threads = threads;
    return stress_fork(work_until_the_end);
}

int stress_finish(pid_t pid)
{
    int status;

    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

int stress_wait(pid_t pid)
{
    int status;

    waitpid(pid, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void stress_run_threads(apr_thread_start_t work, int threads, apr_pool_t *p)
{
    apr_thread_t *started[THREADS_MAX];
    apr_status_t rv;

    for (int i = 0; i < threads; i++) {
        started[i] = start_thread(work, (apr_uintptr_t)i, p);
    }
    for (int i = 0; i < threads; i++) {
        apr_thread_join(&rv, started[i]);
    }
}

int stress_kill_for(int seconds, int every, void (*begin)(void), apr_thread_start_t work,
                    int processes, int threads)
{
    const time_t end_at = time(NULL) + seconds;
    pid_t pids[PROCESSES_MAX];
    int kills = 0, ok = 1;

    for (int i = 0; i < processes; i++) {
        pids[i] = start(begin, work, threads);
    }
    while (ok && *wrongs == 0 && time(NULL) < end_at) {
        const int next = 1 + kills++ % (processes - 1);

        usleep((useconds_t)every);
        ok = stress_finish(pids[next]);
        pids[next] = start(begin, work, threads);
    }
    for (int i = 1; i < processes; i++) {
        ok &= stress_finish(pids[i]);
    }
    kill(pids[0], SIGTERM);
    return stress_wait(pids[0]) && ok ? kills : -1;
}

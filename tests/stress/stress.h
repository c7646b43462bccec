/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the stress tests share: memory of several processes, and processes with threads that are
 * killed at any moment. They are made with ThreadSanitizer, which sees the threads of one process;
 * what goes wrong between processes the tests see themselves.
 */
#ifndef STRESS_H
#define STRESS_H

#include <sys/types.h>
#include <apr_pools.h>
#include <apr_thread_proc.h>

/** First, in main().
 * @return for how many seconds to work */
int stress_begin(int argc, char **argv);

/** Last: print and return what came of it, for main().
 * @param ok  0: something was wrong */
int stress_end(int ok);

/** Print what is wrong, and end this process: the test fails. */
void stress_wrong(const char *what) __attribute__((noreturn));

/** Memory that the processes share, all zero at first; to be called before they are started. */
void *stress_share(apr_size_t size);

/** The next number at random. seed is not 0. */
apr_uint32_t stress_roll(apr_uint32_t *seed);

/** The number in a thread's argument. */
apr_uint32_t stress_number(const void *data);

/** Kill a process. @return 0 if it had ended by itself: something was wrong in it */
int stress_finish(pid_t pid);

/** A process that ends when this returns, or at SIGTERM. */
pid_t stress_fork(void (*work)(void));

/** Wait for its end. @return 0 if something was wrong in it: ThreadSanitizer has found a race, say
 */
int stress_wait(pid_t pid);

/** Threads of this process, each with a number from 0 on, until all return. */
void stress_run_threads(apr_thread_start_t work, int threads, apr_pool_t *p);

/**
 * Processes whose threads work until they are killed. For so many seconds one after another is
 * killed and replaced, but for the first, which stays to the end: that is when ThreadSanitizer
 * reports. Each thread has a number of its own that is not 0.
 * @param every  microseconds
 * @param begin  in each process, before its threads start; or NULL
 * @return how many were killed; -1: something was wrong in one
 */
int stress_kill_for(int seconds, int every, void (*begin)(void), apr_thread_start_t work,
                    int processes, int threads);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread waits on a pipe and not on a condition, whose time-outs go by the wall clock: that may
 * be set back.
 */
#include "core/child_thread.h"

#include <apr_atomic.h>
#include <apr_file_io.h>
#include <apr_signal.h>
#include <apr_thread_proc.h>

struct ms_child_thread {
    ms_child_thread_fn *work;
    void *baton;
    apr_thread_t *thread;
    apr_file_t *ended, *end; /* a pipe: a byte in it ends the thread */
    volatile apr_uint32_t is_ended;
};

static void *APR_THREAD_FUNC run(apr_thread_t *unused, void *threadv)
{
    ms_child_thread *thread = threadv;

    (void)unused;
    apr_setup_signal_thread(); /* signals are for httpd's own threads */
    thread->work(thread, thread->baton);
    return NULL;
}

static apr_status_t stop(void *threadv)
{
    ms_child_thread *thread = threadv;
    apr_status_t rv;

    apr_atomic_set32(&thread->is_ended, 1);
    apr_file_putc(0, thread->end);
    return apr_thread_join(&rv, thread->thread);
}

apr_status_t ms_child_thread_start(apr_pool_t *pchild, apr_pool_t *p, ms_child_thread_fn *work,
                                   void *baton)
{
    ms_child_thread *thread = apr_pcalloc(p, sizeof(*thread));
    apr_status_t rv = apr_file_pipe_create(&thread->ended, &thread->end, p);

    thread->work = work;
    thread->baton = baton;
    if (rv == APR_SUCCESS) {
        rv = apr_thread_create(&thread->thread, NULL, run, thread, p);
    }
    if (rv == APR_SUCCESS) {
        apr_pool_pre_cleanup_register(pchild, thread, stop);
    }
    return rv;
}

int ms_child_thread_pause(ms_child_thread *thread, apr_interval_time_t time)
{
    apr_status_t rv;
    char byte;

    apr_file_pipe_timeout_set(thread->ended, time);
    rv = apr_file_getc(&byte, thread->ended);
    if (rv != APR_SUCCESS && !APR_STATUS_IS_TIMEUP(rv)) {
        apr_sleep(time); /* the system cannot wait now, and the work must go on */
    }
    return !apr_atomic_read32(&thread->is_ended);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread shuts down a duplicate of the connection's socket: the same connection under a file
 * descriptor of our own. The driver may have closed its own by then, and that number may be another
 * file.
 */
#include "db/watchdog.h"

#include <fcntl.h>
#include <unistd.h>
#include <sys/socket.h>
#include <apr_thread_mutex.h>
#include "core/child_thread.h"

APR_RING_HEAD(waiters, ms_watchdog);

typedef struct watch {
    apr_thread_mutex_t *lock;
    struct waiters all;
    apr_uint32_t now; /* seconds, counted: a clock that is set must not shorten them */
    int is_over;      /* the child ends */
} watch;

static watch *child; /* process-wide, set at start; NULL: no thread */

/* ---- the thread ------------------------------------------------------------------------------ */

static int is_overdue(const ms_watchdog *c, apr_uint32_t now)
{
    return c->begun && now - c->begun > MS_ANSWER_WITHIN;
}

static void cut(ms_watchdog *c)
{
    shutdown(c->socket, SHUT_RDWR);
    c->cut = 1;
}

static void look(watch *w)
{
    ms_watchdog *c;
    int is_any_overdue = 0;

    apr_thread_mutex_lock(w->lock);
    w->now++;
    APR_RING_FOREACH (c, &w->all, ms_watchdog, link) {
        /* cppcheck-suppress uninitvar -- it does not see that the macro sets c */
        if (c->socket < 0) {
            is_any_overdue |= is_overdue(c, w->now);
        }
        else if (is_overdue(c, w->now)) {
            cut(c);
        }
    }
    APR_RING_FOREACH (c, &w->all, ms_watchdog, link) {
        if (is_any_overdue && c->socket >= 0 && !c->begun && !c->is_patient) {
            cut(c);
        }
    }
    apr_thread_mutex_unlock(w->lock);
}

static void work(ms_child_thread *thread, void *watchv)
{
    while (ms_child_thread_pause(thread, apr_time_from_sec(1))) {
        look(watchv);
    }
}

apr_status_t ms_watchdog_child_init(apr_pool_t *pchild)
{
    watch *w = apr_pcalloc(pchild, sizeof(*w));
    apr_status_t rv = apr_thread_mutex_create(&w->lock, APR_THREAD_MUTEX_DEFAULT, pchild);

    child = NULL;
    APR_RING_INIT(&w->all, ms_watchdog, link);
    w->now = 1;
    if (rv == APR_SUCCESS) {
        rv = ms_child_thread_start(pchild, pchild, work, w);
    }
    if (rv == APR_SUCCESS) {
        child = w;
    }
    return rv;
}

/* ---- waits ---------------------------------------------------------------------------------- */

static void enlist(ms_watchdog *c, int is_waiting)
{
    apr_thread_mutex_lock(child->lock);
    c->begun = is_waiting ? child->now : 0;
    APR_RING_INSERT_TAIL(&child->all, c, ms_watchdog, link);
    apr_thread_mutex_unlock(child->lock);
}

static void leave(ms_watchdog *c)
{
    apr_thread_mutex_lock(child->lock);
    APR_RING_REMOVE(c, link);
    apr_thread_mutex_unlock(child->lock);
}

static apr_status_t forget(void *cv)
{
    ms_watchdog *c = cv;

    leave(c);
    close(c->socket);
    return APR_SUCCESS;
}

ms_watchdog *ms_watchdog_add(apr_pool_t *p, int socket)
{
    const int own = child && socket >= 0 ? fcntl(socket, F_DUPFD_CLOEXEC, 0) : -1;
    ms_watchdog *c;

    if (own < 0) {
        return NULL;
    }
    c = apr_pcalloc(p, sizeof(*c));
    c->socket = own;
    enlist(c, 0);
    apr_pool_cleanup_register(p, c, forget, apr_pool_cleanup_null);
    return c;
}

void ms_watchdog_begin(ms_watchdog *c, int socket, int is_urgent)
{
    if (!c) {
        return;
    }
    apr_thread_mutex_lock(child->lock);
    if (socket >= 0) {
        (void)dup3(socket, c->socket, O_CLOEXEC);
    }
    c->begun = is_urgent ? child->now : 0;
    c->is_patient = !is_urgent;
    c->cut = 0;
    if (child->is_over) {
        cut(c);
    }
    apr_thread_mutex_unlock(child->lock);
}

int ms_watchdog_end(ms_watchdog *c)
{
    int was_cut = 0;

    if (c) {
        apr_thread_mutex_lock(child->lock);
        c->begun = 0;
        c->is_patient = 0;
        was_cut = c->cut;
        apr_thread_mutex_unlock(child->lock);
    }
    return was_cut;
}

int ms_watchdog_was_cut(ms_watchdog *c)
{
    int was_cut = 0;

    if (c) {
        apr_thread_mutex_lock(child->lock);
        was_cut = c->cut;
        apr_thread_mutex_unlock(child->lock);
    }
    return was_cut;
}

void ms_watchdog_begin_any(ms_watchdog *waiting)
{
    if (child) {
        *waiting = (ms_watchdog){.socket = -1};
        enlist(waiting, 1);
    }
}

void ms_watchdog_end_any(ms_watchdog *waiting)
{
    if (child) {
        leave(waiting);
    }
}

void ms_watchdog_cut_all(void)
{
    ms_watchdog *c;

    if (!child) {
        return;
    }
    apr_thread_mutex_lock(child->lock);
    child->is_over = 1;
    APR_RING_FOREACH (c, &child->all, ms_watchdog, link) {
        /* cppcheck-suppress uninitvar -- it does not see that the macro sets c */
        if (c->socket >= 0) {
            cut(c);
        }
    }
    apr_thread_mutex_unlock(child->lock);
}

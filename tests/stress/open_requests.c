/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that come and go in many threads while sessions end, watched by ThreadSanitizer. Each
 * request has a real connection to its client and one to its application, and some of the sessions
 * end while it is open: then both must be cut, and no other connection ever.
 *
 *   open_requests [seconds]    exits with 1 if a connection was cut, or not cut, wrongly
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <apr_portable.h>
#include <apr_strings.h>
#include "stress.h"
#include "session/open_requests.h"

#define THREADS  8
#define SESSIONS 512
#define WITHIN   20000 /* milliseconds: a busy machine */

static _Atomic apr_uint64_t endings_of_all;
static _Atomic int has_ended[SESSIONS], is_away;
static _Atomic int requests, cuts, notified, wrong;
static time_t until;

/* ---- the table ------------------------------------------------------------------------------- */

static int number_of(const char *id)
{
    return atoi(id);
}

static apr_uint64_t endings(void *place, const char *id, const char *user)
{
    (void)place, (void)id, (void)user;
    return atomic_load(&endings_of_all);
}

static apr_int64_t verify_every(void *place)
{
    (void)place;
    return 1000;
}

static apr_status_t look_up(void *place, ms_open_question *questions, int n, apr_pool_t *p)
{
    (void)place, (void)p;
    if (atomic_exchange(&is_away, 0)) {
        return APR_EGENERAL;
    }
    for (int i = 0; i < n; i++) {
        questions[i].expires_at =
            atomic_load(&has_ended[number_of(questions[i].id)]) ? 0 : (apr_int64_t)1 << 40;
    }
    return APR_SUCCESS;
}

static void notify(void *place, const char *id, const char *user, int n, apr_pool_t *p)
{
    (void)place, (void)p;
    if (strcmp(id, user) != 0) {
        atomic_fetch_add(&wrong, 1);
    }
    atomic_fetch_add(&notified, n);
}

static const ms_open_functions functions = {endings, verify_every, look_up, notify};

/* ---- requests -------------------------------------------------------------------------------- */

typedef struct line {
    int ours, theirs;
} line;

static line connect_pair(void)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) {
        perror("socketpair");
        exit(2);
    }
    return (line){ends[0], ends[1]};
}

static int duplicate(apr_pool_t *p, int socket)
{
    apr_socket_t *apr_socket = NULL;
    int copy;

    if (apr_os_sock_put(&apr_socket, &socket, p) != APR_SUCCESS ||
        ms_duplicate_make(apr_socket, &copy) != APR_SUCCESS) {
        perror("duplicate");
        exit(2);
    }
    return copy;
}

static int is_cut(const line *l, int milliseconds)
{
    struct pollfd waiting = {.fd = l->theirs, .events = POLLIN};
    char byte;

    return poll(&waiting, 1, milliseconds) == 1 && recv(l->theirs, &byte, 1, MSG_DONTWAIT) <= 0;
}

static void close_pair(const line *l)
{
    close(l->ours);
    close(l->theirs);
}

/* Without an application's connection of its own, it must leave that alone. */
static void check(const line *client, const line *application, int session, int ends, int is_own)
{
    if (ends) {
        atomic_store(&has_ended[session], 1);
        atomic_fetch_add(&endings_of_all, 1);
        atomic_fetch_add(&cuts, 1);
    }
    if (is_cut(client, ends ? WITHIN : 0) != ends ||
        is_cut(application, ends && is_own ? WITHIN : 0) != (ends && is_own)) {
        atomic_fetch_add(&wrong, 1);
    }
}

/* One request of a session that no other one uses at the time. */
static void serve(apr_pool_t *p, int session, apr_uint32_t n)
{
    const line client = connect_pair(), application = connect_pair();
    const int ends = n % 5 == 0, closes = n % 4 == 0, is_own = closes || n % 3 != 0;
    ms_open_request *open = apr_pcalloc(p, sizeof(*open));

    atomic_store(&has_ended[session], 0);
    open->id = apr_psprintf(p, "%d", session);
    open->user = apr_pstrdup(p, open->id);
    open->shared = n % 3 ? NULL : &has_ended[session];
    open->expires_at = (apr_int64_t)1 << 40;
    open->endings = atomic_load(&endings_of_all);
    open->client = duplicate(p, client.ours);
    open->application = MS_NO_DUPLICATE;
    ms_open_requests_enter(open);
    if (n % 2) {
        sched_yield();
    }
    ms_open_requests_set_application(open, duplicate(p, application.ours), closes);
    if (!is_own) {
        ms_open_requests_forget_application(open);
    }
    if (n % 7 == 0) {
        ms_open_requests_hold(&has_ended[session], open);
        ms_open_requests_release(&has_ended[session], open);
    }
    if (n % 101 == 0) {
        atomic_store(&is_away, 1);
    }
    check(&client, &application, session, ends, is_own);
    (void)ms_open_requests_state(open);
    ms_open_requests_leave(open);
    close_pair(&client);
    close_pair(&application);
    atomic_fetch_add(&requests, 1);
}

static void *APR_THREAD_FUNC work(apr_thread_t *thread, void *number)
{
    const int first = (int)stress_number(number) * (SESSIONS / THREADS);

    (void)thread;
    for (apr_uint32_t n = 1; time(NULL) < until; n++) {
        apr_pool_t *p;

        apr_pool_create(&p, NULL);
        serve(p, first + (int)(n % (SESSIONS / THREADS)), n);
        apr_pool_destroy(p);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    const int seconds = stress_begin(argc, argv);
    apr_pool_t *p, *pchild;

    apr_pool_create(&p, NULL);
    apr_pool_create(&pchild, NULL);
    if (ms_open_requests_child_init(pchild, &functions) != APR_SUCCESS) {
        return 2;
    }
    until = time(NULL) + seconds;
    stress_run_threads(work, THREADS, p);
    apr_pool_destroy(pchild); /* joins the thread */
    printf("%d requests, %d sessions ended, %d requests cut, %d wrong\n", requests, cuts, notified,
           wrong);
    return stress_end(wrong == 0 && cuts > 0 && notified == cuts);
}

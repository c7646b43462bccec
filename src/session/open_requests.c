/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lock is held for a look at all requests and for the system calls that cut, none of which
 * blocks; never for a query. So a request may come or go while its session is looked up: what was
 * found is applied to the requests that have that session then. An id is never used twice, so a
 * request that was entered meanwhile has the same session.
 */
#include "session/open_requests.h"

#include <string.h>
#include <apr_atomic.h>
#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include "core/child_thread.h"
#include "core/clock.h"

#define CLOSE_WITHIN_MS 500  /* for a request's own thread to end it properly */
#define RETRY_MS        5000 /* after the sessions could not be looked up */

APR_RING_HEAD(open_ring, ms_open_request);

typedef struct ring {
    apr_pool_t *p; /* lives as long as the process: threads may outlive the child's pool */
    const ms_open_functions *functions;
    apr_thread_mutex_t *lock;
    struct open_ring all;
} ring;

/* What the thread found in one look. */
typedef struct round_of {
    ms_open_question questions[MS_OPEN_ASK_MAX];
    int n;
} round_of;

/* A session whose requests were cut. */
typedef struct cut_session {
    void *place;
    const char *id;
    const char *user;
    int n;
} cut_session;

static ring *child; /* process-wide, set at start; NULL: no thread */

static ms_open_state state_of(const ms_open_request *open)
{
    return (ms_open_state)apr_atomic_read32((volatile apr_uint32_t *)&open->state);
}

static int application_of(const ms_open_request *open)
{
    return __atomic_load_n(&open->application, __ATOMIC_SEQ_CST);
}

/* Returns the one before. */
static int set_application_of(ms_open_request *open, int application)
{
    return __atomic_exchange_n(&open->application, application, __ATOMIC_SEQ_CST);
}

/* ---- cut ------------------------------------------------------------------------------------- */

/* The client first: it must not see what the request's thread sends when the application is gone.
 * The application's connection is reset, too: an end of file does not reach an application that is
 * about to write while nothing is read, and it would wait for as long as the kernel knows the
 * connection. */
static void cut(ms_open_request *open)
{
    apr_atomic_set32(&open->state, MS_OPEN_CUT);
    ms_duplicate_reset(open->client);
    ms_duplicate_reset(application_of(open));
}

static void begin_to_close(ms_open_request *open, apr_int64_t now)
{
    open->closing_since = now;
    apr_atomic_set32(&open->state, MS_OPEN_CLOSING);
}

/* To reset a connection takes the close frame of another request on it, too. */
static int has_neighbour_that_closes(const ring *w, const ms_open_request *open)
{
    const ms_open_request *other = NULL;

    if (!open->shared || open->client == MS_NO_DUPLICATE) {
        return 0;
    }
    APR_RING_FOREACH (other, &w->all, ms_open_request, link) {
        if (other->shared == open->shared && other->closes && state_of(other) != MS_OPEN_CUT &&
            strcmp(other->id, open->id) == 0) {
            return 1;
        }
    }
    return 0;
}

static void end(const ring *w, ms_open_request *open, apr_int64_t now)
{
    if (open->closes) {
        begin_to_close(open, now);
        ms_duplicate_end_reading(application_of(open));
    }
    else if (has_neighbour_that_closes(w, open)) {
        begin_to_close(open, now);
    }
    else {
        cut(open);
    }
}

static void cut_what_did_not_close(ring *w, apr_int64_t now)
{
    ms_open_request *open = NULL;

    APR_RING_FOREACH (open, &w->all, ms_open_request, link) {
        if (state_of(open) == MS_OPEN_CLOSING && now - open->closing_since >= CLOSE_WITHIN_MS) {
            cut(open);
        }
    }
}

/* ---- which may have ended -------------------------------------------------------------------- */

static int is_same(const ms_open_request *open, const ms_open_question *question)
{
    return open->place == question->place && strcmp(open->id, question->id) == 0;
}

static int may_be_asked(const ms_open_request *open, apr_int64_t now)
{
    return state_of(open) == MS_OPEN_LIVE && now >= open->retry_at && now >= open->held_until;
}

static int is_due(const ring *w, const ms_open_request *open, apr_int64_t now, apr_uint64_t endings)
{
    return may_be_asked(open, now) && now > open->verified_at &&
           (endings != open->endings || ms_clock_now() >= open->expires_at ||
            now - open->verified_at >= w->functions->verify_every(open->place));
}

/* The session is live, as far as is known: what ends it from now on may hold the request again. */
static void end_hold(ms_open_request *open, apr_int64_t now)
{
    if (!open->holder && now >= open->held_until) {
        open->held_since = 0;
    }
}

static int is_in(const round_of *round, const ms_open_request *open)
{
    int i = 0;

    while (i < round->n && !is_same(open, &round->questions[i])) {
        i++;
    }
    return i < round->n;
}

/* All of a round are of one place. */
static int may_be_in(const round_of *round, const ms_open_request *open)
{
    return round->n < MS_OPEN_ASK_MAX &&
           (round->n == 0 || round->questions[0].place == open->place);
}

static void collect(const ring *w, apr_int64_t now, round_of *round)
{
    ms_open_request *open = NULL;

    round->n = 0;
    APR_RING_FOREACH (open, &w->all, ms_open_request, link) {
        const apr_uint64_t endings = w->functions->endings(open->place, open->id, open->user);

        open->verified_at = open->verified_at ? open->verified_at : now - 1;
        if (!is_due(w, open, now, endings)) {
            end_hold(open, now);
        }
        else if (may_be_in(round, open) && !is_in(round, open)) {
            ms_open_question *question = &round->questions[round->n++];

            question->place = open->place;
            question->endings = endings;
            question->expires_at = 0;
            apr_cpystrn(question->id, open->id, sizeof(question->id));
        }
    }
}

/* ---- what was found -------------------------------------------------------------------------- */

static void verify(ms_open_request *open, const ms_open_question *answer, apr_int64_t now)
{
    open->endings = answer->endings;
    open->expires_at = answer->expires_at;
    open->verified_at = now;
    end_hold(open, now);
}

/* End or verify all requests of one session. */
static cut_session apply_one(ring *w, const ms_open_question *answer, apr_int64_t now,
                             apr_pool_t *p)
{
    cut_session found = {answer->place, answer->id, NULL, 0};
    ms_open_request *open = NULL;

    APR_RING_FOREACH (open, &w->all, ms_open_request, link) {
        if (!may_be_asked(open, now) || !is_same(open, answer)) {
            continue;
        }
        if (answer->expires_at) {
            verify(open, answer, now);
            continue;
        }
        end(w, open, now);
        found.user = found.user ? found.user : apr_pstrdup(p, open->user);
        found.n++;
    }
    return found;
}

/* The database is away: leave all that it knows of open, and look them up later. */
static void postpone(ring *w, const void *place, apr_int64_t until)
{
    ms_open_request *open = NULL;

    apr_thread_mutex_lock(w->lock);
    APR_RING_FOREACH (open, &w->all, ms_open_request, link) {
        if (open->place == place) {
            open->retry_at = until;
        }
    }
    apr_thread_mutex_unlock(w->lock);
}

static void apply(ring *w, const round_of *round, apr_int64_t now, apr_pool_t *p)
{
    for (int i = 0; i < round->n; i++) {
        cut_session found;

        apr_thread_mutex_lock(w->lock);
        found = apply_one(w, &round->questions[i], now, p);
        apr_thread_mutex_unlock(w->lock);
        if (found.n) {
            w->functions->notify(found.place, found.id, found.user, found.n, p);
        }
    }
}

/* ---- the thread ------------------------------------------------------------------------------ */

/* One round; returns whether there may be more. */
static int look_once(ring *w, apr_int64_t now, apr_pool_t *p)
{
    round_of round;

    apr_thread_mutex_lock(w->lock);
    collect(w, now, &round);
    apr_thread_mutex_unlock(w->lock);
    if (round.n == 0) {
        return 0;
    }
    if (w->functions->look_up(round.questions[0].place, round.questions, round.n, p) ==
        APR_SUCCESS) {
        apply(w, &round, now, p);
    }
    else {
        postpone(w, round.questions[0].place, now + RETRY_MS);
    }
    return 1;
}

static void look(ring *w)
{
    const apr_int64_t now = ms_clock_steady_ms();
    int more;

    apr_thread_mutex_lock(w->lock);
    cut_what_did_not_close(w, now);
    more = !APR_RING_EMPTY(&w->all, ms_open_request, link);
    apr_thread_mutex_unlock(w->lock);
    while (more) {
        apr_pool_t *scratch;

        apr_pool_create(&scratch, w->p);
        more = look_once(w, now, scratch);
        apr_pool_destroy(scratch);
    }
}

static void work(ms_child_thread *thread, void *ringv)
{
    while (ms_child_thread_pause(thread, apr_time_from_msec(MS_OPEN_LOOK_MS))) {
        look(ringv);
    }
}

apr_status_t ms_open_requests_child_init(apr_pool_t *pchild, const ms_open_functions *functions)
{
    apr_pool_t *p;
    apr_status_t rv;
    ring *w;

    child = NULL;
    apr_pool_create(&p, NULL);
    w = apr_pcalloc(p, sizeof(*w));
    w->p = p;
    w->functions = functions;
    APR_RING_INIT(&w->all, ms_open_request, link);
    rv = apr_thread_mutex_create(&w->lock, APR_THREAD_MUTEX_DEFAULT, p);
    if (rv == APR_SUCCESS) {
        rv = ms_child_thread_start(pchild, p, work, w);
    }
    if (rv == APR_SUCCESS) {
        child = w;
    }
    return rv;
}

/* ---- requests -------------------------------------------------------------------------------- */

int ms_open_requests_are_watched(void)
{
    return child != NULL;
}

void ms_open_requests_enter(ms_open_request *open)
{
    open->state = MS_OPEN_LIVE;
    open->verified_at = 0;
    open->retry_at = 0;
    open->holder = NULL;
    open->held_since = 0;
    open->held_until = 0;
    apr_thread_mutex_lock(child->lock);
    APR_RING_INSERT_TAIL(&child->all, open, ms_open_request, link);
    apr_thread_mutex_unlock(child->lock);
}

static apr_int64_t earlier(apr_int64_t a, apr_int64_t b)
{
    return a < b ? a : b;
}

static void hold(ms_open_request *open, const void *holder, apr_int64_t now)
{
    apr_int64_t until = now + MS_OPEN_HOLD;

    if (!open->held_since) {
        open->held_since = now;
        open->holder = holder;
    }
    else if (open->holder != holder) {
        until = earlier(now + MS_OPEN_HOLD_AFTER, open->held_since + MS_OPEN_HOLD_OTHERS);
    }
    else {
        until = open->held_until;
    }
    open->held_until = until > open->held_until ? until : open->held_until;
}

void ms_open_requests_hold(const void *shared, const void *holder)
{
    const apr_int64_t now = ms_clock_steady_ms();
    ms_open_request *open = NULL;

    apr_thread_mutex_lock(child->lock);
    APR_RING_FOREACH (open, &child->all, ms_open_request, link) {
        if (open->shared == shared) {
            hold(open, holder, now);
        }
    }
    apr_thread_mutex_unlock(child->lock);
}

/* Once for each holder: its second release finds that it is none any more. */
void ms_open_requests_release(const void *shared, const void *holder)
{
    const apr_int64_t now = ms_clock_steady_ms();
    ms_open_request *open = NULL;

    apr_thread_mutex_lock(child->lock);
    APR_RING_FOREACH (open, &child->all, ms_open_request, link) {
        if (open->shared == shared && open->holder == holder) {
            open->holder = NULL;
            open->held_until = now + MS_OPEN_HOLD_AFTER;
        }
    }
    apr_thread_mutex_unlock(child->lock);
}

void ms_open_requests_leave(ms_open_request *open)
{
    apr_thread_mutex_lock(child->lock);
    APR_RING_REMOVE(open, link);
    apr_thread_mutex_unlock(child->lock);
    ms_duplicate_close(open->client);
    ms_duplicate_close(application_of(open));
}

static void replace_application(ms_open_request *open, int application, int closes)
{
    int before;

    apr_thread_mutex_lock(child->lock);
    before = set_application_of(open, application);
    open->closes = closes;
    apr_thread_mutex_unlock(child->lock);
    ms_duplicate_close(before);
}

/* The first one needs no lock: the thread sets the state and then reads the application, this does
 * it the other way round. */
void ms_open_requests_set_application(ms_open_request *open, int application, int closes)
{
    if (closes || application_of(open) != MS_NO_DUPLICATE) {
        replace_application(open, application, closes);
    }
    else {
        set_application_of(open, application);
    }
    if (state_of(open) == MS_OPEN_CUT) {
        ms_duplicate_reset(application);
    }
}

/* A tunnel keeps its connection to its end. */
void ms_open_requests_forget_application(ms_open_request *open)
{
    if (!open->closes && application_of(open) != MS_NO_DUPLICATE) {
        replace_application(open, MS_NO_DUPLICATE, 0);
    }
}

ms_open_state ms_open_requests_state(const ms_open_request *open)
{
    return state_of(open);
}

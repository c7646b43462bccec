/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The requests of this child that last (WebSockets, streams, downloads, uploads), and a thread that
 * cuts their connections when their session has ended. What a session is, and whether it is live,
 * the caller's functions tell. Knows apr only.
 */
#ifndef MS_OPEN_REQUESTS_H
#define MS_OPEN_REQUESTS_H

#include <apr_pools.h>
#include <apr_ring.h>
#include "core/duplicate.h"
#include "core/token.h"

#define MS_OPEN_LOOK_MS 250 /* milliseconds between two looks of the thread */
#define MS_OPEN_ASK_MAX 48  /* sessions that are looked up together */

/* Milliseconds for which the other requests of a connection stay open although their session has
 * ended, see ms_open_requests_hold(). */
#define MS_OPEN_HOLD        5000 /* while the request that holds them first is under way */
#define MS_OPEN_HOLD_AFTER  500  /* after that one, or after a later one began */
#define MS_OPEN_HOLD_OTHERS 1000 /* since the first hold, by all later ones together */

typedef enum {
    MS_OPEN_LIVE,
    MS_OPEN_CLOSING, /* its session has ended: the request's own thread may end it properly, or
                        another one on the same connection */
    MS_OPEN_CUT
} ms_open_state;

/* One request. Once it is entered, its fields are guarded by the ring's lock. */
typedef struct ms_open_request {
    APR_RING_ENTRY(ms_open_request) link;
    const void *shared; /* the connection, if it carries other requests at the same time; or
                           NULL */
    void *place;        /* where its session is found; for the caller's functions */
    const char *id;     /* of the session; id and user live as long as the request is entered */
    const char *user;
    apr_int64_t expires_at; /* epoch seconds: the session, as far as is known */
    apr_uint64_t endings;   /* as ms_open_functions.endings returned it when the session was live */
    apr_int64_t verified_at;  /* milliseconds, by the steady clock; 0: the thread has not seen it */
    apr_int64_t retry_at;     /* the same: not looked up before */
    const void *holder;       /* of the hold in force, see ms_open_requests_hold(); or NULL */
    apr_int64_t held_since;   /* milliseconds, by the steady clock; 0: it is not held */
    apr_int64_t held_until;   /* the same: not looked up before */
    int client;               /* a duplicate of the client's socket; MS_NO_DUPLICATE: not to be cut,
                                 since requests of others share it */
    volatile int application; /* of the application's, or MS_NO_DUPLICATE; atomic */
    int closes; /* its own thread ends it when it reads the end of the application's */
    apr_int64_t closing_since;   /* milliseconds, by the steady clock */
    volatile apr_uint32_t state; /* an ms_open_state: may be read without the lock */
} ms_open_request;

/* A session that may have ended. */
typedef struct ms_open_question {
    void *place;
    char id[MS_ID_LEN + 1];
    apr_uint64_t endings;
    apr_int64_t expires_at; /* out: 0: it has ended */
} ms_open_question;

typedef struct ms_open_functions {
    /** A number that changes whenever that session may have ended. Called with the ring's lock:
     * must not block. */
    apr_uint64_t (*endings)(void *place, const char *id, const char *user);

    /** Milliseconds after which a session of that place is looked up although that number has not
     * changed. Called with the ring's lock. */
    apr_int64_t (*verify_every)(void *place);

    /** Find out which sessions, all of one place, have ended. May block. Results live in p.
     * Anything but APR_SUCCESS: it could not be found out. */
    apr_status_t (*look_up)(void *place, ms_open_question *questions, int n, apr_pool_t *p);

    /** So many requests of a session that has ended were cut. Without the lock. */
    void (*notify)(void *place, const char *id, const char *user, int n, apr_pool_t *p);
} ms_open_functions;

/** Start this child's thread. It ends with pchild.
 * @param functions  live as long as the process */
apr_status_t ms_open_requests_child_init(apr_pool_t *pchild, const ms_open_functions *functions);

/** Whether there is a thread. */
int ms_open_requests_are_watched(void);

/** Enter a request, with all fields set but link, verified_at, retry_at, those of a hold,
 * closing_since and state. */
void ms_open_requests_enter(ms_open_request *open);

/**
 * A request on that connection begins to end sessions: leave the others on it open, also if their
 * session ends, so that its response arrives. They are looked up at last MS_OPEN_HOLD later,
 * however many requests hold them; until they have been, no new hold begins.
 * @param holder  identifies the request
 */
void ms_open_requests_hold(const void *shared, const void *holder);

/** That request is over: MS_OPEN_HOLD_AFTER more for its response to arrive. */
void ms_open_requests_release(const void *shared, const void *holder);

/** It has ended: take it out, and close its duplicates. */
void ms_open_requests_leave(ms_open_request *open);

/** The application's connection is another one now.
 * @param application  a duplicate, which is the ring's from now on
 * @param closes       see ms_open_request */
void ms_open_requests_set_application(ms_open_request *open, int application, int closes);

/** The application's connection is no longer the request's: it is not cut with it. */
void ms_open_requests_forget_application(ms_open_request *open);

ms_open_state ms_open_requests_state(const ms_open_request *open);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two rows of slots: one for requests that check a password, one for those that wait for that.
 */
#include "access/password_share.h"

#include <string.h>
#include <apr_shm.h>
#include <apr_strings.h>
#include <ap_mpm.h>
#include <http_log.h>
#include "config/config.h"
#include "http/limited_log.h"
#include "access/password.h"
#include "core/slots.h"

APLOG_USE_MODULE(managed_session);

#define SHARE     4    /* one worker in four may check passwords */
#define WAITERS   3    /* per slot: the rest of the workers */
#define ALWAYS    1    /* per slot: may wait even if checks are slow; half of the workers remain */
#define LEASE     60   /* seconds; a check may take longer, if a directory is slow */
#define POLL      2000 /* microseconds */
#define PATIENCE  apr_time_from_msec(1000) /* a request waits no longer */
#define WAIT_GOAL apr_time_from_msec(50)   /* a request waits only if it can expect less */

/* Process-wide, set at start of the server or child; NULL: there is no limit. */
static ms_slot *checking, *waiting;
static int slots_n, is_shared;

static void use(void *memory, int n)
{
    memset(memory, 0, (size_t)n * (1 + WAITERS) * sizeof(ms_slot));
    checking = memory;
    waiting = checking + n;
    slots_n = n;
}

static int share_of(int workers)
{
    const int n = workers / SHARE;

    return n > 0 ? n : 1;
}

void ms_password_share_init(apr_pool_t *pconf, server_rec *s)
{
    apr_shm_t *shm = NULL;
    int threaded = 0, children = 1, n;

    checking = waiting = NULL;
    ap_mpm_query(AP_MPMQ_IS_THREADED, &threaded);
    ap_mpm_query(AP_MPMQ_MAX_DAEMONS, &children);
    is_shared = threaded == AP_MPMQ_NOT_SUPPORTED;
    if (!is_shared || !ms_config_is_used(s)) {
        return;
    }
    n = share_of(children);
    if (apr_shm_create(&shm, (apr_size_t)n * (1 + WAITERS) * sizeof(ms_slot), NULL, pconf) !=
        APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s,
                     "MS0114: cannot create the shared memory that counts password checks: their "
                     "number is not limited");
        return;
    }
    use(apr_shm_baseaddr_get(shm), n);
}

void ms_password_share_child_init(apr_pool_t *pchild)
{
    int threads = 1, n;

    if (is_shared) {
        return;
    }
    ap_mpm_query(AP_MPMQ_MAX_THREADS, &threads);
    n = share_of(threads);
    use(apr_palloc(pchild, (apr_size_t)n * (1 + WAITERS) * sizeof(ms_slot)), n);
}

static apr_uint32_t seconds(void)
{
    return (apr_uint32_t)apr_time_sec(apr_time_now());
}

/*
 * The number of requests that may wait. Beyond one per slot, the last of them must expect a slot
 * within WAIT_GOAL.
 */
static int places_to_wait(request_rec *r)
{
    const apr_interval_time_t places = WAIT_GOAL * slots_n / ms_password_expected_cost(r->server);
    const apr_interval_time_t at_least = slots_n * ALWAYS, at_most = slots_n * WAITERS;

    return (int)(places < at_least ? at_least : places < at_most ? places : at_most);
}

/* A slot, or -1. */
static int wait_for_slot(request_rec *r)
{
    const apr_time_t start = apr_time_now();
    const int place = ms_slots_take(waiting, places_to_wait(r), seconds(), LEASE);
    int number = -1;

    if (place < 0) {
        return -1;
    }
    /* The limit may change while this waits: the first checks of a child show what they cost. */
    while (number < 0 && place < places_to_wait(r) && apr_time_now() - start < PATIENCE) {
        apr_sleep(POLL);
        number = ms_slots_take(checking, slots_n, seconds(), LEASE);
    }
    ms_slots_give_back(waiting, place);
    return number;
}

static int turn_away(request_rec *r)
{
    ms_limited_log(r, MS_LOG_BUSY, APLOG_WARNING,
                   "MS0115: %d passwords are being checked %s, which is the limit that leaves "
                   "workers for other requests: a sign-in got 503. If this "
                   "happens without an attack, raise %s or use a cheaper hash",
                   slots_n, is_shared ? "by all children" : "by this child",
                   is_shared ? "MaxRequestWorkers" : "ThreadsPerChild");
    return HTTP_SERVICE_UNAVAILABLE;
}

int ms_password_share_enter(request_rec *r, int *number)
{
    *number = -1;
    if (!checking) {
        return OK;
    }
    *number = ms_slots_take(checking, slots_n, seconds(), LEASE);
    if (*number < 0) {
        *number = wait_for_slot(r);
    }
    return *number < 0 ? turn_away(r) : OK;
}

void ms_password_share_leave(int number)
{
    if (checking && number >= 0) {
        ms_slots_give_back(checking, number);
    }
}

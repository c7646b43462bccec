/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each counter has a cache line of its own, so that children counting different things do not wait
 * for each other. A request must not fail because of counting: without shared
 * memory nothing is counted.
 */
#include "http/counters.h"

#include <apr_atomic.h>
#include <apr_shm.h>
#include <http_log.h>
#include <http_protocol.h>
#include <mod_status.h>
#include "core/version.h"

APLOG_USE_MODULE(managed_session);

typedef union counter {
    volatile apr_uint64_t n;
    char line[64];
} counter;

static counter *counters; /* process-wide, set at start */

static const struct {
    const char *key;   /* for ?auto */
    const char *words; /* for people */
} names[MS_COUNTERS] = {
    [MS_COUNT_LOOKUPS] = {"ManagedSessionLookups", "look-ups"},
    [MS_COUNT_CACHE_HITS] = {"ManagedSessionCacheHits", "of these from shared memory"},
    [MS_COUNT_SIGN_INS] = {"ManagedSessionSignIns", "sign-ins"},
    [MS_COUNT_FAILURES] = {"ManagedSessionSignInFailures", "failed sign-ins"},
    [MS_COUNT_REFUSALS] = {"ManagedSessionSignInRefusals", "refused sign-ins"},
    [MS_COUNT_SIGN_OUTS] = {"ManagedSessionSignOuts", "sign-outs"},
    [MS_COUNT_REVOCATIONS] = {"ManagedSessionRevocations", "sessions revoked"},
    [MS_COUNT_EVICTIONS] = {"ManagedSessionEvictions", "sessions evicted"},
    [MS_COUNT_TOUCHES] = {"ManagedSessionTouches", "touches"},
    [MS_COUNT_DB_ERRORS] = {"ManagedSessionDatabaseErrors", "database errors"},
    [MS_COUNT_CLEANUP_RUNS] = {"ManagedSessionCleanupRuns", "clean-ups"},
    [MS_COUNT_CLEANUP_ROWS] = {"ManagedSessionCleanupRows", "expired rows deleted"},
    [MS_COUNT_EVENTS_LOST] = {"ManagedSessionEventsLost", "events lost"},
};

void ms_counters_init(apr_pool_t *pconf, server_rec *s, int is_used)
{
    apr_shm_t *shm = NULL;
    apr_status_t rv;

    counters = NULL;
    if (!is_used) {
        return;
    }
    rv = apr_shm_create(&shm, MS_COUNTERS * sizeof(counter), NULL, pconf);
    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, rv, s,
                     "MS0060: no shared memory for counters; mod_status will show none");
        return;
    }
    counters = apr_shm_baseaddr_get(shm);
    memset(counters, 0, MS_COUNTERS * sizeof(counter));
}

void ms_count(ms_counter which, apr_int64_t n)
{
    if (counters && n > 0) {
        apr_atomic_add64(&counters[which].n, (apr_uint64_t)n);
    }
}

int ms_counters_on_status(request_rec *r, int flags)
{
    if (!counters) {
        return DECLINED;
    }
    if (!(flags & AP_STATUS_SHORT)) {
        ap_rputs("<hr />\n<h2>Managed sessions</h2>\n<dl>\n"
                 "<dt>version: mod_managed_session " MS_VERSION "</dt>\n",
                 r);
    }
    else {
        ap_rputs("ManagedSessionVersion: " MS_VERSION "\n", r);
    }
    for (int i = 0; i < MS_COUNTERS; i++) {
        const apr_uint64_t n = apr_atomic_read64(&counters[i].n);

        if (flags & AP_STATUS_SHORT) {
            ap_rprintf(r, "%s: %" APR_UINT64_T_FMT "\n", names[i].key, n);
        }
        else {
            ap_rprintf(r, "<dt>%s: %" APR_UINT64_T_FMT "</dt>\n", names[i].words, n);
        }
    }
    if (!(flags & AP_STATUS_SHORT)) {
        ap_rputs("</dl>\n", r);
    }
    return OK;
}

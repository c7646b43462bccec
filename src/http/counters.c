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
    const char *help;  /* for Prometheus */
} names[MS_COUNTERS] = {
    [MS_COUNT_LOOKUPS] = {"ManagedSessionLookups", "look-ups",
                          "Sessions looked up, in shared memory or in the database."},
    [MS_COUNT_CACHE_HITS] = {"ManagedSessionCacheHits", "of these from shared memory",
                             "Sessions found in shared memory, without a query."},
    [MS_COUNT_SIGN_INS] = {"ManagedSessionSignIns", "sign-ins", "Sessions begun."},
    [MS_COUNT_FAILURES] = {"ManagedSessionSignInFailures", "failed sign-ins",
                           "Sign-ins with a wrong user name or password."},
    [MS_COUNT_REFUSALS] = {"ManagedSessionSignInRefusals", "refused sign-ins",
                           "Sign-ins refused by a limit."},
    [MS_COUNT_SIGN_OUTS] = {"ManagedSessionSignOuts", "sign-outs",
                            "Sessions ended by signing out."},
    [MS_COUNT_REVOCATIONS] = {"ManagedSessionRevocations", "sessions revoked",
                              "Sessions ended by their user elsewhere, or by an administrator."},
    [MS_COUNT_EVICTIONS] = {"ManagedSessionEvictions", "sessions evicted",
                            "Sessions ended because their user had too many."},
    [MS_COUNT_CUTS] = {"ManagedSessionConnectionsCut", "open connections cut",
                       "Open WebSockets, streams, downloads and uploads of ended sessions cut."},
    [MS_COUNT_TOUCHES] = {"ManagedSessionTouches", "touches", "Times of last use written."},
    [MS_COUNT_DB_ERRORS] = {"ManagedSessionDatabaseErrors", "database errors",
                            "Statements that the database did not run."},
    [MS_COUNT_CLEANUP_RUNS] = {"ManagedSessionCleanupRuns", "clean-ups", "Runs of the cleanup."},
    [MS_COUNT_CLEANUP_ROWS] = {"ManagedSessionCleanupRows", "expired rows deleted",
                               "Rows deleted by the cleanup."},
    [MS_COUNT_CACHE_DISPLACED] = {"ManagedSessionCacheDisplaced", "cached sessions displaced",
                                  "Cached sessions that made room for others."},
    [MS_COUNT_FEED_POLLS] = {"ManagedSessionFeedPolls", "polls of the feed",
                             "Complete polls of the feed of ended sessions."},
    [MS_COUNT_FEED_ENDINGS] = {"ManagedSessionFeedEndings", "endings read from the feed",
                               "Ended sessions that the feed returned."},
    [MS_COUNT_FEED_RESETS] = {"ManagedSessionFeedResets",
                              "times all cached sessions were forgotten",
                              "Times that the feed could not tell what had ended."},
    [MS_COUNT_EVENTS_LOST] = {"ManagedSessionEventsLost", "events lost",
                              "Events that could not be written to the event log."},
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

apr_uint64_t ms_counters_get(ms_counter which)
{
    return counters ? apr_atomic_read64(&counters[which].n) : 0;
}

const char *ms_counters_key(ms_counter which)
{
    return names[which].key;
}

const char *ms_counters_help(ms_counter which)
{
    return names[which].help ? names[which].help : names[which].words;
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

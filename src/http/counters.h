/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happened since the server started, counted in shared memory by all children without locks,
 * and shown on mod_status's page.
 */
#ifndef MS_COUNTERS_H
#define MS_COUNTERS_H

#include <httpd.h>

typedef enum {
    MS_COUNT_LOOKUPS,    /* session look-ups, in the cache or the database */
    MS_COUNT_CACHE_HITS, /* of these, answered from shared memory */
    MS_COUNT_SIGN_INS,
    MS_COUNT_FAILURES, /* sign-ins with a wrong name or password */
    MS_COUNT_REFUSALS, /* sign-ins over a limit */
    MS_COUNT_SIGN_OUTS,
    MS_COUNT_REVOCATIONS, /* by their user from another session, or by an administrator */
    MS_COUNT_EVICTIONS,
    MS_COUNT_CUTS, /* open requests of sessions that ended */
    MS_COUNT_TOUCHES,
    MS_COUNT_DB_ERRORS,
    MS_COUNT_CLEANUP_RUNS,
    MS_COUNT_CLEANUP_ROWS,
    MS_COUNT_CACHE_DISPLACED, /* cached sessions that made room for others */
    MS_COUNT_FEED_POLLS,      /* complete ones */
    MS_COUNT_FEED_ENDINGS,    /* sessions that these found to have ended */
    MS_COUNT_FEED_RESETS,     /* all cached sessions were forgotten */
    MS_COUNT_EVENTS_LOST,     /* not written to the event log */
    MS_COUNTERS
} ms_counter;

/**
 * Create the counters; from post_config. If there is no shared memory, that is logged and nothing
 * is counted.
 * @param is_used  0: no server uses sessions, so there is nothing to count
 */
void ms_counters_init(apr_pool_t *pconf, server_rec *s, int is_used);

/** The hook of mod_status's page, with AP_STATUS_* flags: the counters as HTML or text. */
int ms_counters_on_status(request_rec *r, int flags);

void ms_count(ms_counter which, apr_int64_t n);

/** A counter's value; 0 if nothing is counted. */
apr_uint64_t ms_counters_get(ms_counter which);

/** Its name on mod_status's page for machines, "ManagedSessionLookups". */
const char *ms_counters_key(ms_counter which);

/** What it counts, as a sentence. */
const char *ms_counters_help(ms_counter which);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time zones of the IANA database, as the system has it: how far they are from UTC at a moment.
 * Knows apr and the C library only.
 */
#ifndef MS_ZONE_H
#define MS_ZONE_H

#include <apr_pools.h>

typedef struct ms_zone ms_zone;

/**
 * Load a zone. It changes the TZ of the process and restores it: only while the configuration is
 * read, when the process has one thread.
 * @param name  such as "Europe/Berlin"
 * @param now   epoch seconds; the zone is right from three years before that to forty years after
 * @return in p; NULL: the system does not have such a zone
 */
const ms_zone *ms_zone_load(apr_pool_t *p, const char *name, apr_int64_t now);

/** Seconds to add to UTC at a moment. zone: NULL is UTC. */
int ms_zone_offset(const ms_zone *zone, apr_int64_t epoch);

/** What clocks say there, "CET" or "+03". zone: NULL is UTC. As long as the zone. */
const char *ms_zone_abbreviation(const ms_zone *zone, apr_int64_t epoch);

#endif

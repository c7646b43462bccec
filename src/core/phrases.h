/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times and devices as text, in the visitor's language. Knows apr only.
 * Everything returned is plain text, to be escaped where it goes.
 */
#ifndef MS_PHRASES_H
#define MS_PHRASES_H

#include <apr_pools.h>
#include "core/device.h"
#include "core/language.h"
#include "core/zone.h"

/** A moment, as "3 March 2026, 14:05 UTC". zone: NULL is UTC. In p. */
const char *ms_phrases_date(apr_pool_t *p, const ms_language *language, apr_int64_t epoch,
                            const ms_zone *zone);

/** How long ago a moment was: "2 hours ago", and "just now" also for one to come. In p. */
const char *ms_phrases_ago(apr_pool_t *p, const ms_language *language, apr_int64_t epoch,
                           apr_int64_t now);

/** A device: "Firefox 131 on Linux", "Unknown device". In p, or static. */
const char *ms_phrases_device(apr_pool_t *p, const ms_language *language, const ms_device *device);

#endif

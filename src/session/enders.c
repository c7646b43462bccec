/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key is the session and the second, so that an end of many sessions is as cheap as one of one.
 * The second of the row is by the clock of the database: if that differs by more than a second from
 * the clock here, the session is not found, and none is named.
 */
#include "session/enders.h"

#include <string.h>
#include <apr_shm.h>
#include <apr_strings.h>
#include "config/config.h"
#include "core/clock.h"
#include "core/tally.h"
#include "session/sign_in_limit.h"

#define CLOCKS_MAX 1 /* seconds that two clocks may differ */
#define LONGEST    5 /* seconds; the watchdog closes a connection whose statement takes longer */

static void *memory; /* process-wide, set at start; NULL: nothing is noted */

void ms_enders_init(apr_pool_t *pconf, server_rec *main_server)
{
    apr_shm_t *shm;

    memory = NULL;
    if (ms_config_is_used(main_server) &&
        apr_shm_create(&shm, MS_TALLY_SIZE, NULL, pconf) == APR_SUCCESS) {
        memory = apr_shm_baseaddr_get(shm);
        memset(memory, 0, MS_TALLY_SIZE);
    }
}

static apr_uint64_t key_of(request_rec *r, const char *id, apr_int64_t second)
{
    return ms_sign_in_limit_hash(r, "ender",
                                 apr_psprintf(r->pool, "%s %" APR_INT64_T_FMT, id, second));
}

void ms_enders_note(request_rec *r, const char *id, apr_int64_t since)
{
    const apr_int64_t now = ms_clock_now();
    const apr_int64_t from = (now - since < LONGEST ? since : now - LONGEST) - CLOCKS_MAX;

    for (apr_int64_t second = from; memory && second <= now + CLOCKS_MAX; second++) {
        ms_tally_add(memory, key_of(r, id, second), now);
    }
}

int ms_enders_has(request_rec *r, const char *id, apr_int64_t when)
{
    apr_int64_t noted = 0;

    /* Two keys may share a slot's tag: the time must be right, too. */
    return memory && ms_tally_get(memory, key_of(r, id, when), &noted) > 0 &&
           noted - when <= LONGEST + CLOCKS_MAX && when - noted <= LONGEST + CLOCKS_MAX;
}

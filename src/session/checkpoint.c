/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long the log is can be seen from its file, so while there is little to do no connection is
 * used. As with the cleanup, the end of the child waits for what is under way.
 */
#include "session/checkpoint.h"

#include <mod_watchdog.h>
#include "config/config.h"
#include "config/runtime.h"
#include "session/cleanup.h"

#define WATCHDOG "_managed_session_checkpoint_"
#define INTERVAL apr_time_from_msec(500)

/* Always APR_SUCCESS: after anything else mod_watchdog never calls again. */
static apr_status_t on_tick(int state, void *storev, apr_pool_t *p)
{
    apr_pool_t *scratch;

    if (state == AP_WATCHDOG_STATE_RUNNING && ms_cleanup_begin_work()) {
        apr_pool_create(&scratch, p);
        ms_store_tidy(&(ms_db_ctx){storev, scratch, NULL, 0, 0});
        apr_pool_destroy(scratch);
        ms_cleanup_end_work();
    }
    return APR_SUCCESS;
}

static int is_written_back_already(const server_rec *main_server, const server_rec *s)
{
    for (const server_rec *other = main_server; other && other != s; other = other->next) {
        if (ms_server_conf_get(other)->used &&
            ms_store_is_same_table(ms_runtime_get(other)->store, ms_runtime_get(s)->store)) {
            return 1;
        }
    }
    return 0;
}

void ms_checkpoint_post_config(apr_pool_t *pconf, server_rec *main_server)
{
    APR_OPTIONAL_FN_TYPE(ap_watchdog_get_instance) *get =
        APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_get_instance);
    APR_OPTIONAL_FN_TYPE(ap_watchdog_register_callback) *add =
        APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_register_callback);
    ap_watchdog_t *watchdog;

    for (server_rec *s = main_server; get && add && s; s = s->next) {
        if (ms_server_conf_get(s)->used && ms_store_needs_tidying(ms_runtime_get(s)->store) &&
            !is_written_back_already(main_server, s) &&
            get(&watchdog, WATCHDOG, 0, 1, pconf) == APR_SUCCESS) {
            add(watchdog, INTERVAL, ms_runtime_get(s)->store, on_tick);
        }
    }
}
